"""What an auditor reads about one request: details without a decision, and every audit entry page by page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack.flows.audit_log.request_modals import HISTORY_PAGE_SIZE, audit_details_view, history_view, parse_history
from tests.bot.surfaces import Json, assert_sound, buttons, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import AMARA, NOW, RILEY, TENANT, access_plan, approval, request
from workflows.app.reads.found_requests import Replacement
from workflows.core.errors.raised import Refused
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import Page, PagePosition

ID = RequestId("R-AAAAAAAAAA")


def entry(command: str, outcome: str = "accepted", actor: str = "gatehouse", **changes: Any) -> AuditEntry:
    """One audit entry of the request."""
    usual: dict[str, Any] = {"key": command, "at": NOW, "request_id": ID, "details": {}}
    return AuditEntry(command=command, outcome=outcome, actor=actor, **{**usual, **changes})


def page(entries: list[AuditEntry], skipped: int = 0, count: int = 0) -> Page[AuditEntry]:
    size = len(entries)
    return Page(
        items=entries,
        count=count or size,
        count_before=skipped,
        first_cursor=("7",),
        last_cursor=(str(7 + size),),
        size=size,
    )


def history(*entries: AuditEntry, asked: AccessRequest | None = None) -> Json:
    view = history_view(asked or request(RequestState.APPLIED, id=ID), page(list(entries)), successor=None)
    assert_sound(view, "modal")
    return view


def test_details_have_no_button_that_decides() -> None:
    waiting = request(id=ID)
    view = audit_details_view(waiting, successor=None, holders={}, history=[], now=NOW)
    assert_sound(view, "modal")
    found = buttons(view)
    assert found["read_history"] == ID
    assert found["read_partner"] == TENANT
    assert not {"approve", "reject", "withdraw", "edit", "remind", "revoke_partner", "keep"} & set(found)


def test_details_of_a_request_without_a_known_partner_lead_to_no_partner() -> None:
    asked = request(RequestState.PREPARING, id=ID, prepared=None)
    view = audit_details_view(asked, successor=None, holders={}, history=[], now=NOW)
    assert_sound(view, "modal")
    assert set(buttons(view)) == {"read_history"}


def test_details_name_what_replaced_a_request() -> None:
    closing = request(RequestState.APPLIED, id=RequestId("R-BBBBBBBBBB"))
    view = audit_details_view(request(RequestState.APPLIED, id=ID), successor=closing, holders={}, history=[], now=NOW)
    assert "contoso.com: replaced later" in view["blocks"][0]["text"]["text"]


def test_a_history_tells_who_did_what_on_which_plan() -> None:
    digest = access_plan().digest
    view = history(
        entry("submit", actor=RILEY.chat_id, details={"justification": "Joint launch"}),
        entry("want_approve", "received", actor=AMARA.chat_id, details={"digest": digest}),
        entry("want_approve", "own_request", actor=RILEY.chat_id),
        entry("approve", actor=AMARA.chat_id, account=AMARA.id, details={"digest": digest}),
        entry("reject", actor="U0UNKNOWN1", details={"digest": digest, "reason": "No contract yet"}),
        entry("record_writing", details={"digest": digest}),
        entry("keep", actor="os:dana"),
        entry("ask", actor=AMARA.chat_id, details={"text": "Which project?", "asked": ["Riley"]}),
    )
    said = shown(view)
    assert f"Requested by Riley ({RILEY.chat_id})" in said
    assert f"Approval received by Amara ({AMARA.chat_id})\nChange ID: {digest}" in said
    assert f"Approval not counted (own request) by Riley ({RILEY.chat_id})" in said
    assert f"Approved by Amara ({AMARA.chat_id}), same Change ID" in said
    assert "Reason: No contract yet" in said
    assert "Text: Which project?" in said
    assert "os:dana" in said, "a user of the command line is no mention"
    assert "'user_id': 'U0UNKNOWN1'" in str(view), "whose name was not recorded is named by Slack"
    assert said.count(digest) == 1, "whole, where it is meant first"


def test_another_plan_has_another_change_id_and_each_page_names_its_own() -> None:
    rows = [entry("approve", details={"digest": one}) for one in ("a" * 64, "a" * 64, "b" * 64, "a" * 64)]
    said = shown(history(*rows))
    assert (said.count("a" * 64), said.count("b" * 64), said.count("same Change ID")) == (2, 1, 1)


def test_an_edit_is_not_on_the_change_id_that_it_replaces() -> None:
    said = shown(history(*(entry(name, details={"digest": "a" * 64}) for name in ("approve", "edit"))))
    assert (said.count("a" * 64), said.count("same Change ID")) == (1, 0)


def test_names_are_those_that_were_recorded_also_of_decisions_that_no_longer_count() -> None:
    asked = request(RequestState.REJECTED, id=ID, void_decisions=(approval(AMARA, 0),))
    said = shown(history(entry("approve", actor="U-OTHER", account=AMARA.id), asked=asked))
    assert "Approved by Amara (U-OTHER)" in said


def test_an_edit_names_each_changed_field() -> None:
    changed = {
        "justification": ["Old", "x" * 900],
        "sponsor": [RILEY.chat_id, AMARA.chat_id],
        "ticket": ["", "T-1"],
        "placeholders": [{}, {"group": "g-1"}],
        "duration": None,
    }
    said = shown(history(entry("edit", details={"changed": changed})))
    assert "Justification: Old → xxx" in said
    assert "(600 more characters)" in said
    assert "Sponsor: Riley → Amara" in said
    assert "Ticket: none → T-1" in said
    assert "Template fields: none → group: g-1" in said
    assert "Duration" not in said
    ends = {"ends_at": [None, "2027-06-01T00:00:00+00:00"]}
    assert "End of access: none → the end of May 31, 2027 (UTC)" in shown(
        history(entry("edit", details={"changed": ends}))
    )


def test_a_reason_may_be_facts_of_this_version_or_a_text_of_an_earlier_one() -> None:
    fact = {"code": "text", "values": {"text": "Somebody changed it."}}
    said = shown(history(entry("replan", details={"reason": [fact]}), entry("reopen", details={"reason": "Lost role"})))
    assert "Reason: Somebody changed it." in said
    assert "Reason: Lost role" in said
    assert "Reason" not in shown(history(entry("replan", details={"reason": ["?"]})))


@pytest.mark.parametrize(
    ("minutes", "before", "after", "place"),
    [(5, 0, 0, 3), (1, 0, 0, 2), (-1, 0, 0, 0), (5, 0, 9, None), (1, 9, 9, 2), (-1, 9, 0, 0)],
)
def test_what_replaced_the_request_stands_where_it_happened(
    minutes: int, before: int, after: int, place: int | None
) -> None:
    """On the last page that has an earlier entry, before the first later one."""
    entries = [entry("remind_approvers", key=str(n), at=NOW + timedelta(minutes=n)) for n in range(3)]
    later = request(RequestState.APPLIED, id=RequestId("R-BBBBBBBBBB"))
    found = Replacement(request=later, at=NOW + timedelta(minutes=minutes))
    shown_page = page(entries, skipped=before, count=before + 3 + after)
    view = history_view(request(RequestState.APPLIED, id=ID), shown_page, successor=later, replacement=found)
    assert_sound(view, "modal")
    texts = [shown([one]) for one in view["blocks"] if one["type"] == "rich_text"][1:]
    places = [at for at, text in enumerate(texts) if "Replaced by R-BBBBBBBBBB" in text]
    assert places == ([] if place is None else [place])
    assert all("verified in the tenant, requested by Riley" in texts[at] for at in places)


def test_a_long_history_has_pages() -> None:
    entries = [entry("remind_approvers", at=NOW + timedelta(hours=n)) for n in range(HISTORY_PAGE_SIZE)]
    view = history_view(request(id=ID), page(entries, skipped=30, count=200), successor=None)
    assert_sound(view, "modal")
    assert "31–60 of 200" in shown(view)
    values = [one["value"] for block in view["blocks"] for one in block.get("elements", []) if "value" in one]
    assert [parse_history(value) for value in values] == [
        (ID, PagePosition(cursor=("7",), is_before=True)),
        (ID, PagePosition(cursor=(str(7 + HISTORY_PAGE_SIZE),), is_before=False)),
    ]


def test_a_page_of_one_entry_names_one_number() -> None:
    view = history_view(request(id=ID), page([entry("remind_approvers")], skipped=30, count=31), successor=None)
    assert "31 of 31" in shown(view)
    assert "31–31" not in shown(view)


@pytest.mark.parametrize("step", ["", "{}", '{"cursor":["x"],"is_before":true}', '{"cursor":["1"]}', "no JSON"])
def test_any_other_place_is_refused(step: str) -> None:
    with pytest.raises(Refused):
        parse_history(f"{ID}:{step}")


def test_any_other_request_is_refused() -> None:
    with pytest.raises(Refused):
        parse_history('x:{"cursor":["1"],"is_before":true}')


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank)
def test_hostile_text_stays_text(text: str) -> None:
    asked = replace(hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text), id=ID)
    rows = [
        entry("reject", actor=text or "x", details={"reason": text}),
        entry(text, text, details={"changed": {"justification": [text, text * 9]}}),
    ]
    assert_sound(history_view(asked, page(rows), successor=None), "modal")
    assert_sound(audit_details_view(asked, successor=None, holders={}, history=(), now=NOW), "modal")
