"""What an answer about a partner only counts can be opened: each list whole, page by page, at every length."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack import ids
from bot.slack.blocks.blocks import bullets, fixed_text, paragraph, preformatted_text
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.pages import PER_PAGE, TEXTS_PER_PAGE
from bot.slack.flows.revoke.views import MAX_STOPPED_REQUESTS, revoke_view
from bot.slack.flows.show.partner_details import MAX_CONCERNS, partner_details, settings_pieces
from bot.slack.flows.show.partner_record import (
    MAX_ANSWERS,
    MAX_APPROVALS,
    MAX_HISTORY_ENTRIES,
    current_approvals,
    history_parts,
)
from bot.slack.flows.show.partner_sections import part_view
from bot.slack.ids import PartnerSection
from bot.slack.payloads.button_values import parse_partner_section
from bot.words.sentences import minute
from tests.bot.surfaces import assert_sound, assert_sound_message, buttons, dicts, shown
from tests.workflows.core.builders import NOW, SAM, TENANT, approval, identity, noted, partnership, person, request
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Attestation
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.requests.request import RequestId, RequestState


def offered(view: object) -> list[str]:
    """The lists that can be opened."""
    return [one["value"].split(":")[1] for one in dicts(view) if one.get("action_id") == ids.SHOW_PARTNER_SECTION]


@pytest.mark.parametrize("name", PartnerSection)
@pytest.mark.parametrize("count", [0, 1, TEXTS_PER_PAGE, PER_PAGE, PER_PAGE + 1, 5 * PER_PAGE + 3])
def test_the_pages_of_a_list_have_all_of_it_once(name: PartnerSection, count: int) -> None:
    is_text = name in (PartnerSection.CHECKLIST, PartnerSection.SETTINGS)
    texts = [f"row {number};" for number in range(count)]
    rows = [preformatted_text(text) if is_text else bullets([[fixed_text(text)]]) for text in texts]
    said, page = "", 0
    while True:
        view = part_view(identity(), name, rows, page)
        assert_sound(view)
        said += shown(view["blocks"])
        found = buttons(view["blocks"])
        if page:
            assert parse_partner_section(found[ids.PARTNER_SECTION_PREVIOUS]) == (TENANT, name, page - 1)
        if ids.PARTNER_SECTION_NEXT not in found:
            break
        assert parse_partner_section(found[ids.PARTNER_SECTION_NEXT]) == (TENANT, name, page + 1)
        page += 1
    assert [said.count(f"row {number};") for number in range(count)] == [1] * count
    beyond = part_view(identity(), name, rows, 9_999)
    assert shown(beyond["blocks"]) == shown(part_view(identity(), name, rows, page)["blocks"])


@pytest.mark.parametrize(
    "value", ["", TENANT, f"{TENANT}:requests", f"{TENANT}:nothing:0", f"{TENANT}:requests:-1", "x:requests:0"]
)
def test_a_button_with_another_value_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_partner_section(value)


@pytest.mark.parametrize("more", [0, 1])
def test_an_answer_offers_exactly_the_lists_that_it_shortens(more: int) -> None:
    approvals = tuple(approval(person(f"p{number}"), 0) for number in range(MAX_APPROVALS + more))
    answers = tuple(Attestation(person=SAM, reason="Needed", at=NOW) for _ in range(MAX_ANSWERS + more))
    concern = Concern(code=ConcernCode.SYNCHRONIZATION_ON, severity=ConcernSeverity.NOTE)
    record = partnership(attestations=answers)
    applied = request(RequestState.APPLIED, confirmed_at=NOW, decisions=approvals)
    others = [replace(applied, id=RequestId(f"r-{number}")) for number in range(10, 9 + MAX_HISTORY_ENTRIES + more)]
    requests = [applied, *others]
    message = partner_details(identity(), {}, {}, record, requests, NOW, concerns=[concern] * (MAX_CONCERNS + more))
    assert_sound_message(message)
    assert offered(message.blocks) == (["concerns", "approvals", "answers", "requests"] if more else [])
    assert ("1 more" in shown(message.blocks)) == bool(more)
    assert len(current_approvals(record, requests)) == MAX_APPROVALS + more


def test_a_reason_that_is_cut_in_the_answer_is_whole_in_the_window() -> None:
    reason = "word " * 200
    asked = request(RequestState.STOPPED, note=noted(reason))
    message = partner_details(identity(), {}, {}, None, [asked], NOW)
    assert offered(message.blocks) == ["requests"]
    whole = part_view(identity(), PartnerSection.REQUESTS, [bullets([history_parts(asked, max_note=1500)])], 0)
    assert reason.strip() in shown(whole["blocks"])


def test_the_date_of_a_request_that_is_open_is_said_to_be_when_it_was_sent() -> None:
    """Its state may be of a later day: the plan was made, or somebody decided."""
    sent = request(created_at=NOW - timedelta(days=1))
    said = shown([as_json(paragraph(*history_parts(sent)))])
    assert f"waiting for approval, sent {minute(sent.created_at)}" in said
    assert minute(NOW) not in said
    ended = request(RequestState.WITHDRAWN, created_at=NOW - timedelta(days=1))
    assert f"withdrawn, {minute(NOW)}" in shown([as_json(paragraph(*history_parts(ended)))])


def test_a_long_justification_and_the_reason_of_an_answer_are_whole() -> None:
    long = "x" * 1990 + " end"
    asked = request(RequestState.APPLIED, confirmed_at=NOW)
    asked = replace(asked, fields=replace(asked.fields, justification=long))
    record = partnership(attestations=(Attestation(person=SAM, reason=long, at=NOW + timedelta(days=1)),))
    assert shown(partner_details(identity(), {}, {}, record, [asked], NOW).blocks).count(long) == 2


@pytest.mark.parametrize("more", [0, 1, 40])
def test_the_window_of_a_revocation_offers_all_that_it_stops(more: int) -> None:
    stops = [replace(request(), id=RequestId(f"r-{number}")) for number in range(MAX_STOPPED_REQUESTS + more)]
    view = revoke_view(identity(), (), None, (), stops)
    assert_sound(view)
    assert offered(view) == (["stopped"] if more else [])
    assert (f"and {more} more" in shown(view["blocks"])) == bool(more)


@pytest.mark.parametrize("count", [0, 1, 2, 600])
def test_a_list_of_targets_that_is_only_counted_can_be_opened_whole(count: int) -> None:
    targets = [
        {"target": f"{number:08d}-0000-4000-8000-000000000000", "targetType": "group"} for number in range(count)
    ]
    both = {"usersAndGroups": {"accessType": "allowed", "targets": targets}}
    configuration = {"tenantId": TENANT, "b2bCollaborationInbound": both}
    message = partner_details(identity(), configuration, {}, None, [], NOW)
    assert_sound_message(message)
    assert offered(message.blocks) == (["settings"] if count > 1 else [])
    found = settings_pieces(configuration)
    assert all(len(one) <= 2900 for one in found)
    assert [sum(one["target"] in text for text in found) for one in targets] == [1] * count
    assert settings_pieces(None) == []
