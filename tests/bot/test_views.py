"""Views: the fields a person fills in, what stands first, and that Slack takes all of it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.home import home_view
from bot.request_form import Found, RequestForm, request_view
from bot.sandbox.slack.view_checks import is_too_large, view_problems
from bot.views import keep_view, loading_view, message_view, reject_view, revoke_unread_view, revoke_view
from tests.bot import surfaces
from tests.bot.surfaces import Json, buttons, element, hostile_or_blank, hostile_request, shown, texts
from tests.workflows.core.builders import (
    NOW,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    closed_document,
    identity,
    partnership,
    request,
)
from workflows.core.consequences import consequences
from workflows.core.errors import Refused
from workflows.core.holes import Hole, Owner
from workflows.core.partner import TargetType, TenantId
from workflows.core.partnership import PartnershipState
from workflows.core.plan import plan_revocation
from workflows.core.request import Observation, RequestId, RequestKind, RequestState
from workflows.core.template import Template
from workflows.core.wording import describe

REVOCATION_PLAN = plan_revocation(tenant_id=TENANT, before={"tenantId": TENANT})


def template(name: str, *days: int, default: int, title: str = "", description: str = "What it does.") -> Template:
    return Template(
        name=name,
        title=title or name.replace("-", " ").capitalize(),
        description=description,
        settings={},
        stages=STAGES,
        review_interval=timedelta(days=30),
        durations=tuple(timedelta(days=d) for d in days),
        default_duration=timedelta(days=default),
        decide_within=timedelta(days=7),
        content_hash="h",
    )


GUESTS = template("guest-collaboration", 90, 180, 365, default=180)
TRUSTED = template("trusted-partner", 30, 90, default=90, description="d" * 300)


def form(**changes: Any) -> Json:
    return request_view(RequestForm(**{"templates": (GUESTS, TRUSTED), "requester": RILEY.chat_id, **changes}))


def labels(view: Json) -> dict[str, str]:
    return {block["block_id"]: block["label"]["text"] for block in view["blocks"] if block["type"] == "input"}


def assert_sound(view: Json, kind: str = "modal") -> None:
    assert view_problems(view, kind) == []
    assert not is_too_large(view)
    assert texts(view, "mrkdwn") == []
    json.dumps(view, ensure_ascii=False).encode()


# --- the request form ---


def test_the_form_has_the_fields_that_stay_fixed() -> None:
    view = form()
    assert_sound(view)
    assert (view["callback_id"], view["submit"]["text"]) == ("request_access", "Send request")
    assert labels(view) == {
        "target": "Partner domain or tenant ID",
        "template": "Access template",
        "justification": "Justification",
        "sponsor": "Sponsor",
        "duration": "Duration",
    }
    assert all("optional" not in block for block in view["blocks"])
    for name in labels(view):
        assert element(view, name)["action_id"] == name


def test_the_target_is_looked_up_on_enter() -> None:
    target = form()["blocks"][0]
    assert target["dispatch_action"] is True
    assert target["element"]["dispatch_action_config"] == {"trigger_actions_on": ["on_enter_pressed"]}
    assert "Press Enter" in target["hint"]["text"], "Slack sends nothing when the field is left"
    assert form()["blocks"][1]["block_id"] == "target_result"


def test_the_requester_is_the_first_sponsor() -> None:
    assert element(form(), "sponsor")["initial_user"] == RILEY.chat_id
    assert element(form(sponsor=SAM.chat_id), "sponsor")["initial_user"] == SAM.chat_id


def test_nothing_is_chosen_where_the_templates_disagree() -> None:
    """A duration that the chosen template does not allow should not be what a hurried person sends."""
    assert "initial_option" not in element(form(), "duration")
    assert "initial_option" not in element(form(), "template")


def test_the_chosen_template_brings_its_default_duration() -> None:
    view = form(template="trusted-partner")
    assert element(view, "template")["initial_option"]["value"] == "trusted-partner"
    assert element(view, "duration")["initial_option"]["value"] == "90"
    assert element(form(template="trusted-partner", days=30), "duration")["initial_option"]["value"] == "30"
    assert element(form(templates=(GUESTS,)), "duration")["initial_option"]["value"] == "180"


def test_durations_are_the_union_and_the_hint_says_what_each_template_allows() -> None:
    view = form()
    assert [option["value"] for option in element(view, "duration")["options"]] == ["30", "90", "180", "365"]
    assert "Guest collaboration: 90, 180 or 365 days. Trusted partner: 30 or 90 days." in shown(view)
    assert "Once: 7 days." in shown(form(templates=(template("once", 7, default=7),)))


def test_choosing_a_template_is_sent_at_once_and_leaves_its_durations_only() -> None:
    assert form()["blocks"][2]["dispatch_action"] is True
    view = form(template="trusted-partner", days=365)
    assert [option["value"] for option in element(view, "duration")["options"]] == ["30", "90"]
    assert element(view, "duration")["initial_option"]["value"] == "90"
    assert "Guest collaboration" not in labels(view)
    assert "Trusted partner: 30 or 90 days." in shown(view)
    assert "Guest collaboration: 90" not in shown(view)
    assert [option["value"] for option in element(form(template="gone"), "duration")["options"]][-1] == "365"


def test_a_template_asks_for_its_ids_in_fields_of_their_own() -> None:
    pilot = Hole(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS, hint="Ask them.")
    portal = Hole(name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS, is_required=False)
    asks = replace(TRUSTED, holes=(pilot, portal))
    view = form(templates=(GUESTS, asks), template="trusted-partner", holes={"pilot": "abc", "stranger": "x"})
    assert_sound(view)
    assert list(labels(view)) == ["target", "template", "hole_pilot", "hole_portal", *list(labels(form()))[2:]]
    assert labels(view)["hole_pilot"] == "Pilot group"
    assert element(view, "hole_pilot")["action_id"] == "hole_pilot"
    assert element(view, "hole_pilot")["initial_value"] == "abc"
    by_id = {block["block_id"]: block for block in view["blocks"] if "block_id" in block}
    assert "in the partner's directory: only the partner can tell you. Ask them." in by_id["hole_pilot"]["hint"]["text"]
    assert by_id["hole_portal"]["optional"] is True
    assert json.loads(view["private_metadata"])["holes_of"] == "trusted-partner"
    for other in (form(templates=(GUESTS, asks)), form(templates=(GUESTS, asks), template="guest-collaboration")):
        assert not any(name.startswith("hole_") for name in labels(other))
        assert "holes_of" not in json.loads(other["private_metadata"])


def test_what_was_typed_stays() -> None:
    view = form(target="contoso.com", justification="Joint launch")
    assert element(view, "target")["initial_value"] == "contoso.com"
    assert element(view, "justification")["initial_value"] == "Joint launch"
    assert json.loads(view["private_metadata"]) == {"looked_up": "contoso.com"}


def test_a_found_tenant_is_shown_with_what_exists() -> None:
    new = form(found=Found.of(Observation(identity=identity(), configuration=None, at=NOW)))
    assert_sound(new)
    assert TENANT in shown(new["blocks"][1])
    assert "Contoso Ltd" in shown(new["blocks"][1])
    assert "Not a partner yet" in shown(new["blocks"][1])
    known = form(found=Found.of(Observation(identity=identity(), configuration=closed_document(), at=NOW)))
    assert_sound(known)
    assert "Already a partner. Set for it now:" in shown(known)
    assert "B2B collaboration, inbound: blocked for everyone" in shown(known)
    bare = form(found=Found.of(Observation(identity=identity(), configuration={"tenantId": TENANT}, at=NOW)))
    assert "Already a partner, without any setting of its own." in shown(bare)


def test_a_problem_is_said_in_words_below_the_target() -> None:
    view = form(target="gmail.com", problem="“gmail.com” is a consumer domain.")
    assert_sound(view)
    assert "Problem: “gmail.com” is a consumer domain." in shown(view["blocks"][1])


def test_without_templates_there_is_nothing_to_send() -> None:
    view = form(templates=())
    assert_sound(view)
    assert "submit" not in view


# --- reasons and confirmations ---


def test_reject_names_the_target_first_and_carries_the_digest() -> None:
    asked = request()
    view = reject_view(asked)
    assert_sound(view)
    assert "Target tenant: contoso.com" in shown(view["blocks"][0])
    assert view["callback_id"] == "reject_reason"
    assert view["private_metadata"] == f"r-1:{asked.known.plan.digest}"
    assert element(view, "reason")["multiline"] is True


def test_reject_needs_a_plan() -> None:
    with pytest.raises(Refused):
        reject_view(request(RequestState.PREPARING))


def test_keep_asks_why() -> None:
    view = keep_view(partnership())
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("keep_reason", TENANT)
    assert "optional" not in view["blocks"][-1]


@pytest.mark.parametrize("known", [None, partnership()])
def test_revoke_says_what_it_does_and_what_not_and_wants_the_domain_typed(known: Any) -> None:
    view = revoke_view(identity(), describe(REVOCATION_PLAN), known, consequences(REVOCATION_PLAN))
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("confirm_revoke", TENANT)
    assert labels(view) == {"confirm": "Type contoso.com to confirm", "reason": "Reason"}
    said = shown(view)
    assert "B2B collaboration, inbound: inherits the tenant's default → blocked for everyone (closes)" in said
    assert "blocked, not deleted" in said
    assert "up to an hour" in said
    assert said.index("Target tenant") < said.index("What will change")


def test_a_tenant_without_a_domain_is_confirmed_by_its_id() -> None:
    view = revoke_view(replace(identity(), default_domain=""), (), None, ())
    assert_sound(view)
    assert labels(view)["confirm"] == f"Type {TENANT} to confirm"


def test_a_revocation_that_nobody_can_plan_now_says_what_is_not_known() -> None:
    """It takes the same confirmation, and shows nothing of our records: who asks is not known either."""
    view = revoke_unread_view(identity())
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("confirm_revoke", TENANT)
    assert labels(view) == {"confirm": "Type contoso.com to confirm", "reason": "Reason"}
    said = shown(view)
    assert "present settings cannot be read now" in said
    assert "every direction as soon as Microsoft answers" in said
    assert "Whether you may revoke is checked then" in said
    assert partnership().sponsor.name not in said


def test_views_that_only_say_something() -> None:
    for view in (loading_view(), message_view("A title that is much too long for Slack", "Text")):
        assert_sound(view)
        assert "submit" not in view


# --- App Home ---


def many(count: int, state: RequestState = RequestState.AWAITING_APPROVAL) -> list[Any]:
    return [request(state, id=RequestId(f"r-{state.value}-{number}")) for number in range(count)]


def partners(count: int, **changes: Any) -> list[Any]:
    tenants = [f"00000000-dddd-4ddd-8ddd-{number:012d}" for number in range(count)]
    return [partnership(identity=replace(identity(), tenant_id=TenantId(tenant)), **changes) for tenant in tenants]


def home(**changes: Any) -> Json:
    return home_view(**{"waiting": [], "mine": [], "partnerships": [], "now": NOW, **changes})


def test_an_empty_home_offers_the_request_form() -> None:
    view = home()
    assert_sound(view, "home")
    assert buttons(view) == {"open_request": "home"}
    for title in ("Waiting for me", "My requests", "Partners"):
        assert title in shown(view)


def test_home_holds_the_same_buttons_as_the_cards() -> None:
    asked = request()
    view = home(waiting=[asked], mine=many(1), partnerships=[partnership(state=PartnershipState.REVIEW_DUE)])
    assert_sound(view, "home")
    found = buttons(view)
    assert found["approve"] == found["reject"] == f"r-1:{asked.known.plan.digest}"
    assert found["withdraw"] == "r-awaiting_approval-0"
    assert found["keep"] == found["revoke_review"] == TENANT
    assert "Trust in the partner's MFA: inherits the tenant's default → trusted (opens)" in shown(view)


def test_what_is_over_has_no_buttons() -> None:
    late = home(waiting=[request(expires_at=NOW)], mine=[request(RequestState.REJECTED, note="Too wide")])
    assert set(buttons(late)) == {"open_request"}
    assert "The time to decide is over" in shown(late)
    assert "Too wide" in shown(late)


def test_long_lists_are_cut_and_counted() -> None:
    view = home(waiting=many(40), mine=many(22), partnerships=partners(32, state=PartnershipState.REVIEW_DUE))
    assert_sound(view, "home")
    assert len(view["blocks"]) <= 100
    said = shown(view)
    assert "and 30 more: their cards are in the approvals channel" in said
    assert "and 12 more: /partner show" in said
    assert "and 12 more: /partner list" in said


# --- text from outside ---


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_every_view(text: str) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text)
    own = {"tenantId": TENANT, "inboundTrust": text, text: text}
    found = Found.of(Observation(identity=surfaces.hostile_identity(text), configuration=own, at=NOW))
    known = partnership(identity=found.identity, sponsor=surfaces.hostile_person(text), template_title=text)
    evil = template("evil", 90, default=90, title=text, description=text)
    plan = plan_revocation(tenant_id=TENANT, before=own)
    for view in (
        form(target=text, found=found, justification=text, templates=(evil, GUESTS)),
        form(target=text, problem=text),
        reject_view(asked),
        keep_view(known),
        revoke_view(found.identity, describe(plan), known, consequences(plan)),
        revoke_unread_view(found.identity),
        message_view(text, text),
    ):
        assert_sound(view)
    assert "Target tenant: contoso.com" in shown(reject_view(asked)["blocks"][0])
    due = replace(known, state=PartnershipState.REVIEW_DUE)
    mine = replace(hostile_request(RequestState.PREPARING, RequestKind.ACCESS, text), id=RequestId("r-2"))
    assert_sound(home(waiting=[asked], mine=[mine], partnerships=[due]), "home")
