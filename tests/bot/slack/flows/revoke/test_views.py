"""The window of a revocation: what it says, what has to be typed, and that Slack takes all of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack.cards.partner_setup.setup_card import setup_card
from bot.slack.cards.review_card import review_card
from bot.slack.flows.revoke.views import revoke_view, revoke_view_or_nothing, revoke_without_preview_view
from bot.slack.flows.show.partner_list import partner_list
from bot.words.plans.changes import describe_changes
from bot.words.plans.consequences import consequence_words
from tests.bot import surfaces
from tests.bot.surfaces import Json, all_of, assert_sound, hostile_or_blank, hostile_request, shown
from tests.bot.surfaces import buttons as buttons_of
from tests.workflows.core.builders import NOW, TENANT, identity, partnership, prepared, request
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.core.checks.consequences import consequences
from workflows.core.partners.partnership import PartnershipState, Suspension
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.request import Closing, RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.open_access import AccessState, OpenAccess

REVOCATION_PLAN = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})


def sentences(plan: Plan, default: JsonObject | None = None) -> tuple[str, ...]:
    return tuple(map(consequence_words, consequences(plan, default)))


def labels(view: Json) -> dict[str, str]:
    return {block["block_id"]: block["label"]["text"] for block in view["blocks"] if block["type"] == "input"}


@pytest.mark.parametrize("known", [None, partnership()])
def test_revoke_says_what_it_does_and_what_not_and_wants_the_domain_typed(known: Any) -> None:
    view = revoke_view(identity(), describe_changes(REVOCATION_PLAN), known, sentences(REVOCATION_PLAN, {}))
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("confirm_revoke", TENANT)
    assert labels(view) == {"confirm": "Type contoso.com to confirm", "reason": "Reason"}
    said = shown(view)
    assert "B2B collaboration, inbound: the tenant's default (value not known) → blocked for everyone" in said
    assert "blocked for everyone (blocked)" not in said
    assert "instead of deleting it" in said
    assert "up to one more hour" in said
    assert said.index("Partner: ") < said.index("What will change")


def test_a_revocation_names_the_requests_that_it_stops_also_where_nothing_is_written() -> None:
    many = [request(id=RequestId(f"R-{n:010}")) for n in range(32)]
    preparer = request(RequestState.PREPARING, RequestKind.RESTORATION, id=RequestId("R-AAAAAAAAAA"))
    view = revoke_view(identity(), (), None, (), [preparer, *many])
    assert_sound(view)
    assert view["callback_id"] == "confirm_revoke"
    said = shown(view)
    assert "already blocked in every respect" in said
    assert "What will change" not in said
    assert "R-AAAAAAAAAA" in said
    assert ": restore request, " in said
    assert ": access request" in said
    assert "and 3 more" in said


def test_a_block_that_a_revocation_stops_is_named_as_one() -> None:
    """Nothing would put access back: Close early waits for its approval."""
    closing = request(prepared=replace(prepared(), plan=REVOCATION_PLAN))
    said = shown(revoke_view(identity(), (), None, (), [closing]))
    assert ": request to block by Riley" in said
    assert "access request" not in said
    assert "puts access back" not in said
    assert "What this stops, so that no later approval changes the partner" in said


def test_a_tenant_without_a_domain_is_confirmed_by_its_id() -> None:
    view = revoke_view(replace(identity(), default_domain=""), (), None, ())
    assert_sound(view)
    assert labels(view)["confirm"] == f"Type {TENANT} to confirm"


def test_a_revocation_that_nobody_can_plan_now_says_what_is_not_known() -> None:
    """It takes the same confirmation, and shows nothing of our records: who asks is not known either."""
    view = revoke_without_preview_view(identity())
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("confirm_revoke", TENANT)
    assert labels(view) == {"confirm": "Type contoso.com to confirm", "reason": "Reason"}
    said = shown(view)
    assert "present settings cannot be read now" in said
    assert "in both directions as soon as Microsoft answers" in said
    assert "names what stays open" in said
    assert "Your permission is checked then" in said
    assert partnership().sponsor.name not in said


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_every_view(text: str) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text)
    own = {"tenantId": TENANT, "inboundTrust": text, text: text}
    named = surfaces.hostile_identity(text)
    known = partnership(identity=named, sponsor=surfaces.hostile_person(text), template_title=text)
    plan = plan_revocation(tenant_id=TENANT, default={}, before=own)
    for view in (
        revoke_view(named, describe_changes(plan), known, sentences(plan), [asked]),
        revoke_without_preview_view(named),
    ):
        assert_sound(view)


def test_a_suspension_says_what_it_keeps_and_needs_a_reason() -> None:
    lines = describe_changes(REVOCATION_PLAN)
    view = revoke_view(identity(), lines, partnership(), sentences(REVOCATION_PLAN, {}), closing=Closing.SUSPEND)
    assert_sound(view)
    assert (view["callback_id"], view["title"]["text"]) == ("confirm_suspend", "Suspend access")
    assert "The approval policy, sponsor and end of access are kept, so that it can be lifted." in shown(view)
    assert [one.get("optional", False) for one in view["blocks"] if one["type"] == "input"] == [False, False]
    unread = revoke_without_preview_view(identity(), Closing.SUSPEND)
    assert unread["callback_id"] == "confirm_suspend"


def test_a_suspended_partner_can_be_revoked_although_nothing_is_written() -> None:
    blocked = plan_revocation(tenant_id=TENANT, default={}, before=REVOCATION_PLAN.configuration_after())
    assert blocked.operations == ()
    record = partnership(state=PartnershipState.SUSPENDED, suspension=Suspension(at=NOW, request_id=RequestId("r-0")))
    window = revoke_view_or_nothing(identity(), record, blocked, {}, read_at=NOW)
    assert window["callback_id"] == "confirm_revoke"
    assert "Suspended (verified)" in shown(window)
    again = revoke_view_or_nothing(identity(), record, blocked, {}, read_at=NOW, closing=Closing.SUSPEND)
    assert again["callback_id"] == "message"
    revoked = replace(record, state=PartnershipState.REVOKED)
    assert revoke_view_or_nothing(identity(), revoked, blocked, {}, read_at=NOW)["callback_id"] == "message"


@pytest.mark.parametrize("left", [(), (OpenAccess(name="b2bCollaborationInbound", opening=AccessState.OPEN),)])
def test_cards_and_lists_name_a_suspended_partner(left: tuple[OpenAccess, ...]) -> None:
    suspension = Suspension(at=NOW, request_id=RequestId("r-0"))
    record = partnership(state=PartnershipState.SUSPENDED, suspension=suspension, not_closed=left)
    found = partner_list(all_of([record]), NOW)
    for card in (review_card(record, now=NOW), setup_card(record, may_confirm=True), found):
        assert "suspended" in shown(card.blocks)
        assert "keep" not in buttons_of(card.blocks)
    assert "Before: “Trusted partner” (r-0), approved until" in shown(found.blocks)
    running = request(RequestState.APPLYING, RequestKind.REVOCATION)
    running = replace(running, fields=replace(running.fields, closing=Closing.SUSPEND))
    assert "being suspended" in shown(
        review_card(partnership(), now=NOW, context=ReviewContext(revocation=running)).blocks
    )
