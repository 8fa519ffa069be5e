"""The window of a revocation: what it says, what has to be typed, and that Slack takes all of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack.flows.revoke.views import revoke_view, revoke_without_preview_view
from bot.words.plans.changes import describe_changes
from bot.words.plans.consequences import consequence_words
from tests.bot import surfaces
from tests.bot.surfaces import Json, assert_sound, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import TENANT, identity, partnership, prepared, request
from workflows.core.checks.consequences import consequences
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject

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
    assert "B2B collaboration, inbound: the tenant's default (value not known) → blocked for everyone (blocked)" in said
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
