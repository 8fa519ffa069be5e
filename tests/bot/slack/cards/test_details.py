"""Details: a table of the changes, what failed first, names in the approval policy, and few notes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks.blocks import within_limits
from bot.slack.cards.approval.details import ROWS_IN_BLOCK, details_blocks
from bot.slack.cards.approval.details_parts import particular_and_general_notes
from bot.slack.cards.partner_and_plan import MAX_LINES, MAX_SENT
from bot.slack.flows.decide.views import notes_view
from bot.words.plans.changes import ChangeLine
from bot.words.plans.consequences import ALWAYS_TRUE, consequence_words
from tests.bench.waiting_surfaces import escalated
from tests.bot.shipped_cards import FINDINGS, NAMES, waiting
from tests.bot.surfaces import Json, assert_sound, dicts, shown
from tests.workflows.core.builders import NOW, prepared, request
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import CallIds, SentWrite
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.access_change import AccessChange

TEMPLATES = load_catalog(SHIPPED).templates
TITLES = ["Changes", "Risk", "Checks", "Notes", "Approval policy", "The exact Microsoft Graph operations"]


def details(asked: AccessRequest) -> list[Json]:
    return within_limits(details_blocks(asked, holders=NAMES, history=(), now=NOW), "modal")


def parts_of(blocks: list[Json]) -> list[str]:
    """The parts that have a button for everything that is left out."""
    return [one["value"].split(":")[1] for one in dicts(blocks) if one.get("action_id") == ids.SHOW_PART]


def rows(blocks: list[Json]) -> list[tuple[str, str]]:
    """The rows of the table."""
    cells = [one["text"] for block in blocks for one in block.get("fields", ())]
    return list(zip(cells[::2], cells[1::2], strict=True))


def line(number: int, **changes: Any) -> ChangeLine:
    usual: dict[str, Any] = {
        "setting": f"Setting {number}",
        "before": "blocked",
        "after": "open",
        "access": AccessChange.OPENS,
    }
    return ChangeLine(**{**usual, **changes})


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_parts_are_in_the_order_in_which_an_approver_asks(template: str) -> None:
    titles = [one["text"]["text"] for one in details(waiting(TEMPLATES[template])) if one["type"] == "header"]
    assert titles == [one for one in TITLES if one in titles]
    assert set(TITLES) - set(titles) <= {"Notes"}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.threats("D7")
def test_each_change_is_one_row_with_now_on_the_left_and_after_on_the_right(template: str) -> None:
    blocks = details(waiting(TEMPLATES[template]))
    assert all(len(block.get("fields", ())) <= 2 * ROWS_IN_BLOCK for block in blocks)
    found = rows(blocks)
    assert found
    for left, right in found:
        assert left[0] in "➕➖❔", "the sign"
        assert left.split("\n")[1].startswith("Now: ")
        effect, after = right.split("\n")
        assert effect in ("More access", "Less access", "Blocked", "Not known whether more or less access")
        assert after.startswith("After: ")
    signs = [left[0] for left, _ in found]
    assert signs == sorted(signs, key=lambda one: one != "➕"), "more access first"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.threats("D7")
def test_every_operation_of_the_plan_is_shown_exactly_and_nothing_else_is_sent(template: str) -> None:
    asked = waiting(TEMPLATES[template])
    [shown_as] = [one for one in dicts(details(asked)) if one.get("type") == "rich_text_preformatted"]
    sent = [{"method": one.method, "path": one.path, "body": dict(one.body)} for one in asked.plan.operations]
    assert json.loads("".join(part["text"] for part in shown_as["elements"])) == sent


def test_a_line_break_in_a_value_is_no_further_row(monkeypatch: pytest.MonkeyPatch) -> None:
    false = line(1, before="blocked\nNow: nothing\n➕ Another: open")
    monkeypatch.setattr("bot.slack.cards.approval.details.describe_changes", lambda *_: (false,))
    [(left, _)] = rows(details(request()))
    assert left.split("\n") == ["➕ Setting 1", "Now: blocked Now: nothing ➕ Another: open"]


def test_of_very_many_changes_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(line(number) for number in range(MAX_LINES + 3))
    monkeypatch.setattr("bot.slack.cards.approval.details.describe_changes", lambda *_: many)
    blocks = details(request())
    assert len(rows(blocks)) == MAX_LINES
    assert "and 3 more settings" in shown(blocks)
    assert parts_of(blocks) == ["changes"]


def with_findings(*findings: Finding) -> AccessRequest:
    return request(prepared=replace(prepared(), findings=findings))


def test_what_failed_comes_first_and_what_passed_is_one_line() -> None:
    note = Finding(code=FindingCode.TEXT, severity=Severity.NOTE, values={"text": "A licence is needed."}, source="x")
    text = shown(details(with_findings(note, *FINDINGS)))
    order = ["Guests are locked out", "could not be checked", "✅ The other checks found no issue.", "A licence is"]
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
    assert "✅ Every check passed." in shown(details(with_findings(note)))
    assert "✅ Every check passed." not in text


def test_notes_that_are_always_true_are_counted_and_shown_on_a_click() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    particular, always = particular_and_general_notes(asked)
    text = shown(details(asked))
    assert f"{len(always)} notes always apply." in text
    assert all(one in text for one in particular)
    assert not any(one in text for one in always)
    view = notes_view(asked)
    assert_sound(view)
    assert "Partner: contoso.com" in shown(view)
    assert all(one in shown(view) for one in always)


def test_a_revocation_says_everything_at_once() -> None:
    closed = request(RequestState.APPLIED, RequestKind.REVOCATION, confirmed_at=NOW, not_closed=())
    particular, always = particular_and_general_notes(closed)
    assert always == []
    assert all(one in shown(details(closed)) for one in particular)


@pytest.mark.parametrize("code", sorted(ALWAYS_TRUE))
def test_what_is_always_true_depends_on_no_value(code: str) -> None:
    assert consequence_words(Fact(code)).endswith(".")


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_approval_policy_names_people(template: str) -> None:
    text, asked = shown(details(waiting(TEMPLATES[template]))), TEMPLATES[template].stages
    for stage in asked:
        assert all(name in text for name in NAMES[stage.role].names)


def test_no_button_of_details_has_the_id_of_another() -> None:
    found = [one["action_id"] for one in dicts(details(waiting(TEMPLATES["merger"]))) if "action_id" in one]
    assert len(found) == len(set(found))


def test_the_correlation_ids_of_accepted_writes_are_with_the_operations() -> None:
    """The newest are shown, each with the time, and the others are counted."""
    sent = [
        SentWrite(method="PATCH", path="/p", at=NOW, ids=CallIds(client_request_id=f"client-{number}-"))
        for number in range(MAX_SENT + 1)
    ]
    sent[-1] = replace(sent[-1], ids=CallIds(client_request_id="<!channel>", request_id="graph-1"))
    asked = replace(waiting(TEMPLATES["trusted-partner"]), sent=tuple(sent))
    words = shown(details(asked))
    assert "Correlation IDs" in words
    assert "ClientRequestId: client-1-" in words
    assert "client-0-" not in words
    assert "and 1 earlier write" in words
    assert "RequestId: graph-1" in words
    assert "Correlation IDs" not in shown(details(replace(asked, sent=())))


def test_details_say_who_was_asked_or_told_when_and_why_others_were_not() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    assert "Waited too long" not in shown(details(asked))
    told = shown(details(escalated(asked)))
    for said in (
        "also asked: Noor Haddad, who may approve too since then.",
        "managers, to be told in their working hours: Lena Fischer. This gives no right to approve. "
        "Entra names no manager of Amara Okafor.",
        "admins, to be told in their working hours: Dana Whitfield. This gives no right to approve.",
    ):
        assert f"Security, Mar 1, 2027 at 09:00 UTC, {said}" in told
