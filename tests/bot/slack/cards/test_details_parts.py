"""What Details leave out can be opened: each part whole, page by page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.blocks.pages import PER_PAGE
from bot.slack.cards.approval.details_parts import part_value, whole_part
from bot.slack.flows.decide.views import decision_view, part_view
from bot.slack.ids import DetailsPart
from bot.slack.payloads.button_values import parse_part_value
from bot.slack.people.approvers import Approvers
from bot.words.requests.revision import revision_lines
from bot.words.sentences import pieces
from tests.bench.account_surfaces import account_request
from tests.bot.surfaces import assert_sound, buttons, dicts, shown
from tests.workflows.core.builders import DANA, NOW, QUESTION, SECURITY, TENANT, access_plan, prepared, request
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.conversation.remarks import RemarkId
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Role
from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.drift import three_way_difference
from workflows.core.requests.eligibility import OpenStage
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.audit_log import AuditEntry

MANY: Final = 57
HISTORY: Final = [
    AuditEntry(key=str(number), at=NOW, actor=f"U{number}", command="approve", outcome="accepted", details={})
    for number in range(MANY)
]
OTHERS: Final = [request(id=RequestId(f"R-{number:010}")) for number in range(MANY)]
APPROVERS: Final = [
    (OpenStage(role=SECURITY, title="Security", missing=1), [ChatId(f"U0PERSON{number}") for number in range(MANY)])
]


def findings() -> list[Finding]:
    """Issues, notes, and lines of Conditional Access: too many of each for one window."""
    made = []
    for number in range(MANY):
        for severity, name in ((Severity.WARNING, "issue"), (Severity.NOTE, "note")):
            values = {"text": f"{name} {number}.", "lines": [f"line {number}"] if name == "issue" else []}
            made.append(Finding(code=FindingCode.TEXT, severity=severity, values=values, source="x"))
    return made


def full() -> AccessRequest:
    """A request of which nearly every part is too long for Details."""
    before = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False}}
    now = {"tenantId": TENANT, **{f"setting{number}": {"name": "x" * 200} for number in range(MANY)}}
    known = prepared(plan=access_plan(before), findings=findings())
    drift, seen = three_way_difference(known.plan, now), replace(known, sponsor=DANA, template_title="Guests")
    remarks = tuple(replace(QUESTION, id=RemarkId(str(number)), text=f"Question {number}?") for number in range(MANY))
    shown_before: dict[str, Any] = {"previously_shown": seen, "drift": drift}
    return request(prepared=known, remarks=remarks, id=RequestId("R-AAAAAAAAAA"), **shown_before)


def rows(asked: AccessRequest, name: DetailsPart) -> Sequence[Any]:
    return whole_part(asked, name, history=HISTORY, other_requests=OTHERS, approvers=APPROVERS)


SHORT: Final = (
    DetailsPart.ACCOUNTS,  # a request changes settings or accounts, see test_the_list_of_accounts_is_paged
    DetailsPart.DIFFERENCES,
    DetailsPart.CHANGES,
    DetailsPart.OPERATIONS,
    DetailsPart.OUTSIDE_CHANGES_JSON,
    DetailsPart.NOT_COUNTED,
)
LONG: Final = [one for one in DetailsPart if one not in SHORT]


@pytest.mark.parametrize("name", DetailsPart)
def test_the_pages_of_a_part_have_all_of_it_once(name: DetailsPart) -> None:
    asked = full()
    everything, texts, page = rows(asked, name), [], 0
    while True:
        view = part_view(asked, name, everything, page)
        assert_sound(view)
        texts.append(shown([one for block in view["blocks"] for one in block.get("elements", ())[1:]]))
        found = buttons(view)
        assert (ids.PART_PREVIOUS in found) is (page > 0)
        if ids.PART_NEXT not in found:
            break
        assert parse_part_value(found[ids.PART_NEXT]) == (asked.id, name, page + 1)
        page += 1
    whole = shown([one.to_dict() for one in everything])
    assert "".join(" ".join(texts).split()).startswith("".join(whole.split())[:200])
    assert (len(everything) >= MANY) is (name in LONG), "one row for each"
    if name in LONG:
        assert page == (len(everything) - 1) // PER_PAGE


def test_the_list_of_accounts_is_paged() -> None:
    asked = account_request(AccountChange.DISABLE, count=MANY)
    everything = rows(asked, DetailsPart.ACCOUNTS)
    assert len(everything) == MANY + 5, "those who are left alone as well"
    assert "1–20 of 62" in shown(part_view(asked, DetailsPart.ACCOUNTS, everything, 0))
    third = shown(part_view(asked, DetailsPart.ACCOUNTS, everything, 2))
    assert "left alone, with a directory role: User Administrator" in third


@pytest.mark.parametrize("page", [-1, 99])
def test_a_page_that_is_gone_is_the_nearest_one(page: int) -> None:
    view = part_view(full(), DetailsPart.HISTORY, rows(full(), DetailsPart.HISTORY), page)
    assert ("1–20 of 57" if page < 0 else "41–57 of 57") in shown(view)
    assert "Nothing (any more)" in shown(part_view(full(), DetailsPart.OTHERS, (), page))


def test_a_page_of_one_row_names_one_number() -> None:
    rows_of_history = rows(full(), DetailsPart.HISTORY)[: PER_PAGE + 1]
    view = part_view(full(), DetailsPart.HISTORY, rows_of_history, 1)
    assert f" · {PER_PAGE + 1} of {PER_PAGE + 1}" in shown(view)


def test_details_have_a_button_for_each_part_that_they_shorten() -> None:
    holders = {Role("security"): Approvers(names=("Amara",), other_count=MANY)}
    view = decision_view(full(), history=HISTORY, other_requests=OTHERS, now=NOW, holders=holders)
    assert_sound(view)
    offered = {one["value"] for one in dicts(view) if one.get("action_id") == ids.SHOW_PART}
    wanted = {*LONG, DetailsPart.OUTSIDE_CHANGES_JSON, DetailsPart.DIFFERENCES}
    assert offered == {part_value(full(), one, 0) for one in wanted}


def test_details_of_a_usual_request_have_no_such_button() -> None:
    known = replace(prepared(), findings=tuple(findings()[:2]))
    assert ids.SHOW_PART not in buttons(decision_view(request(prepared=known), history=HISTORY[:2], now=NOW))


@pytest.mark.parametrize(
    "value", ["", "R-AAAAAAAAAA", "R-AAAAAAAAAA:secrets:0", "R-AAAAAAAAAA:issues:-1", "r:issues:0"]
)
def test_any_other_value_of_the_button_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="malformed"):
        parse_part_value(value)


def test_a_text_is_split_after_a_line_and_never_inside_an_id() -> None:
    text = "\n".join([f"line {number}" for number in range(30)] + [TENANT * 20])
    found = pieces(text, 100)
    assert max(map(len, found)) <= 100
    assert "".join(found).replace("\n", "") == text.replace("\n", "")
    assert all(
        piece.count(TENANT) * len(TENANT) == len(piece)
        for piece in found
        if TENANT[:8] in piece and "line" not in piece
    )


def test_every_difference_that_the_message_only_counts_is_behind_details() -> None:
    asked = full()
    listed = whole_part(asked, DetailsPart.DIFFERENCES)
    assert len(listed) == len(revision_lines(asked)) > 1
    said = shown([one.to_dict() for one in listed])
    assert all(line.subject in said and line.now in said for line in revision_lines(asked))
