"""The request form: the fields a person fills in, what a template and a found tenant bring into it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings

from bot.slack.flows.request_access.form import Found, RequestForm, request_view
from bot.slack.ids import fingerprint
from tests.bot import surfaces
from tests.bot.surfaces import Json, assert_sound, element, hostile_or_blank, shown
from tests.workflows.core.builders import (
    NOW,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    closed_document,
    identity,
    request,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.template import Template
from workflows.core.requests.request import ObservedPartner, RequestState
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import TargetType
from workflows.ports.tenant_settings import FoundObject, ObjectKind


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
    pilot = Placeholder(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS, hint="Ask them.")
    portal = Placeholder(
        name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS, is_required=False
    )
    asks = replace(TRUSTED, placeholders=(pilot, portal))
    view = form(templates=(GUESTS, asks), template="trusted-partner", placeholders={"pilot": "abc", "stranger": "x"})
    assert_sound(view)
    assert list(labels(view)) == ["target", "template", "hole_pilot", "hole_portal", *list(labels(form()))[2:]]
    assert labels(view)["hole_pilot"] == "Pilot group"
    assert element(view, "hole_pilot")["action_id"] == "hole_pilot"
    assert element(view, "hole_pilot")["initial_value"] == "abc"
    by_id = {block["block_id"]: block for block in view["blocks"] if "block_id" in block}
    assert "in the partner's directory. Only the partner can tell you. Ask them." in by_id["hole_pilot"]["hint"]["text"]
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
    new = form(found=Found.of(ObservedPartner(identity=identity(), configuration=None, at=NOW)))
    assert_sound(new)
    assert TENANT in shown(new["blocks"][1])
    assert "Contoso Ltd" in shown(new["blocks"][1])
    assert "Not a partner yet" in shown(new["blocks"][1])
    known = form(found=Found.of(ObservedPartner(identity=identity(), configuration=closed_document(), at=NOW)))
    assert_sound(known)
    assert "Already a partner. Set for it now:" in shown(known)
    assert "B2B collaboration, inbound: blocked for everyone" in shown(known)
    bare = form(found=Found.of(ObservedPartner(identity=identity(), configuration={"tenantId": TENANT}, at=NOW)))
    assert "Already a partner, without any setting of its own." in shown(bare)


def test_a_problem_is_said_in_words_below_the_target() -> None:
    view = form(target="gmail.com", problem="“gmail.com” is a consumer domain.")
    assert_sound(view)
    assert "Problem: “gmail.com” is a consumer domain." in shown(view["blocks"][1])


def test_without_templates_there_is_nothing_to_send() -> None:
    view = form(templates=())
    assert_sound(view)
    assert "submit" not in view


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_the_form(text: str) -> None:
    own = {"tenantId": TENANT, "inboundTrust": text, text: text}
    found = Found.of(ObservedPartner(identity=surfaces.hostile_identity(text), configuration=own, at=NOW))
    evil = template("evil", 90, default=90, title=text, description=text)
    for view in (
        form(target=text, found=found, justification=text, templates=(evil, GUESTS)),
        form(target=text, problem=text),
    ):
        assert_sound(view)


# --- a request that is open already, and a name taken out of what was typed ---


def found(**changes: Any) -> Found:
    return Found.of(ObservedPartner(identity=identity(), configuration=None, at=NOW), **changes)


def test_ones_own_open_request_has_its_buttons_below_the_partner() -> None:
    view = form(found=found(waiting=request(RequestState.AWAITING_APPROVAL)))
    assert_sound(view)
    assert list(surfaces.buttons(view)) == ["review_request", "withdraw"]
    assert "You have an open access request for this partner" in shown(view["blocks"][1])


def test_ones_own_open_request_is_known_under_the_other_chat_id_too() -> None:
    waiting = request(RequestState.AWAITING_APPROVAL)
    view = form(requester=ChatId("W-RILEY"), found=found(waiting=waiting, account=RILEY.id))
    assert list(surfaces.buttons(view)) == ["review_request", "withdraw"]
    assert "You have an open access request for this partner" in shown(view["blocks"][1])


def test_somebody_elses_open_request_can_only_be_looked_at() -> None:
    view = form(requester=SAM.chat_id, found=found(waiting=request(RequestState.AWAITING_APPROVAL)))
    assert list(surfaces.buttons(view)) == ["review_request"]
    assert "Riley has an open access request for this partner" in shown(view["blocks"][1])


def test_what_is_being_prepared_can_be_withdrawn_and_not_shown_yet() -> None:
    view = form(found=found(waiting=request(RequestState.PREPARING, prepared=None)))
    assert_sound(view)
    assert list(surfaces.buttons(view)) == ["withdraw"]


def test_the_name_that_was_taken_out_is_shown() -> None:
    view = form(target="https://www.contoso.com/about", found=found(typed="https://www.contoso.com/about"))
    assert "Taken from what you typed: contoso.com" in shown(view["blocks"][1])
    for typed in ("", "contoso.com", " Contoso.COM "):
        assert "Taken from" not in shown(form(found=found(typed=typed)))


# --- names in place of IDs ---

OURS = Placeholder(name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS)
PILOT = Placeholder(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS)
PORTAL = FoundObject(id="1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03", name="Portal", mail="", kind=ObjectKind.APPLICATION)
NAMING = replace(TRUSTED, placeholders=(PILOT, OURS))


def naming(**changes: Any) -> Json:
    return form(templates=(NAMING,), template=NAMING.name, placeholders={"portal": "Portal", "pilot": "x"}, **changes)


def test_enter_looks_a_name_up_only_where_an_id_of_ours_is_wanted() -> None:
    view = naming()
    assert_sound(view)
    by_id = {block["block_id"]: block for block in view["blocks"] if block.get("block_id", "").startswith("hole_")}
    assert by_id["hole_portal"]["dispatch_action"] is True
    assert "press Enter to look it up" in by_id["hole_portal"]["hint"]["text"]
    assert "dispatch_action" not in by_id["hole_pilot"]


def test_what_a_name_was_taken_for_stands_below_its_field_and_in_the_metadata() -> None:
    view = naming(named={"portal": PORTAL}, must_look=True)
    assert_sound(view)
    assert "Not sent yet." in shown(view["blocks"][0])
    at = [block.get("block_id") for block in view["blocks"]].index("hole_portal")
    assert f"Portal: application “Portal” (application), ID {PORTAL.id}" in shown(view["blocks"][at + 1])
    assert json.loads(view["private_metadata"])["named"] == {"portal": f"{fingerprint('Portal')}:{PORTAL.id}"}
    nobody = Fact(RefusalCode.NAME_UNKNOWN, {"kind": "application", "name": "Portl"})
    assert "Our directory has no application" in shown(naming(name_problems={"portal": nobody}))


@settings(deadline=None, max_examples=30)
@given(hostile_or_blank)
def test_hostile_names_stay_text(text: str) -> None:
    unknown = Fact(RefusalCode.NAME_UNKNOWN, {"kind": "group", "name": text})
    assert_sound(naming(named={"portal": replace(PORTAL, name=text, mail=text)}, name_problems={"pilot": unknown}))
