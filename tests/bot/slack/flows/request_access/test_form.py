"""The request form: the fields a person fills in, what a template and a found tenant bring into it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack import ids
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.flows.request_access.partner_result import LookupResult
from bot.slack.people.approvers import Approvers, StageApprovers
from bot.words.requests.form import offer_words
from tests.bot import surfaces
from tests.bot.surfaces import Json, assert_sound, element, hostile_or_blank, shown
from tests.workflows.core.builders import (
    NOW,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    access_plan,
    closed_document,
    identity,
    request,
)
from workflows.app.requests.forms import EditedRequest, Form, Refill, RefillCode
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Role
from workflows.core.policy.offers import Offer, arranged_offers, offers_of
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.relations import REQUESTER_MANAGER, NoHolderReason, RelationHolder
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import MayRequestFor, Stage, Template, TicketRule
from workflows.core.requests.request import ObservedPartner, RequestId, RequestState, Support
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import TargetType


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


MENU_CHARACTERS = 45
"""The characters that the menu shows in one line at 390 px."""
GUESTS = template("guest-collaboration", 90, 180, 365, default=180)
TRUSTED = template("trusted-partner", 30, 90, default=90, description="d" * 300)


def offered(*templates: Template, wait: timedelta | None = None) -> tuple[Offer, ...]:
    return tuple(Offer(template=one, level=RiskLevel.LOW, closes=False, usual_wait=wait) for one in templates)


def form(templates: tuple[Template, ...] = (GUESTS, TRUSTED), **changes: Any) -> Json:
    return request_view(RequestForm(**{"offers": offered(*templates), "requester": RILEY.chat_id, **changes}))


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


def test_durations_are_the_union_and_the_hint_says_what_the_chosen_template_allows() -> None:
    view = form()
    assert [option["value"] for option in element(view, "duration")["options"]] == ["30", "90", "180", "365"]
    by_id = {block.get("block_id"): block for block in view["blocks"]}
    assert "hint" not in by_id["duration"], "a list of all templates would be read by nobody"
    assert "30 or 90 days, then asked." in shown(form(template="trusted-partner"))
    assert "7 days, then asked." in shown(form(templates=(template("once", 7, default=7),)))


def test_choosing_a_template_is_sent_at_once_and_leaves_its_durations_only() -> None:
    assert form()["blocks"][2]["dispatch_action"] is True
    view = form(template="trusted-partner", days=365)
    assert [option["value"] for option in element(view, "duration")["options"]] == ["30", "90"]
    assert element(view, "duration")["initial_option"]["value"] == "90"
    assert "Guest collaboration" not in labels(view)
    assert "30 or 90 days, then asked." in shown(view)
    assert "90, 180 or 365 days" not in shown(view)
    assert [option["value"] for option in element(form(template="gone"), "duration")["options"]][-1] == "365"


def test_a_template_asks_for_its_ids_in_fields_of_their_own() -> None:
    pilot = Placeholder(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS, hint="Ask them.")
    portal = Placeholder(
        name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS, is_required=False
    )
    asks = replace(TRUSTED, placeholders=(pilot, portal))
    view = form(templates=(GUESTS, asks), template="trusted-partner", placeholders={"pilot": "abc", "unknown": "x"})
    assert_sound(view)
    assert list(labels(view)) == [
        "target",
        "template",
        "hole_pilot",
        "hole_portal",
        *list(labels(form()))[2:4],
        "start_date",
        *list(labels(form()))[4:],
        "end_date",
    ]
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
    new = form(lookup_result=LookupResult.of(ObservedPartner(identity=identity(), configuration=None, at=NOW)))
    assert_sound(new)
    assert TENANT in shown(new["blocks"][1])
    assert "Contoso Ltd" in shown(new["blocks"][1])
    assert "Not a partner yet" in shown(new["blocks"][1])
    blocked = ObservedPartner(identity=identity(), configuration=closed_document(), at=NOW)
    known = form(lookup_result=LookupResult.of(blocked))
    assert_sound(known)
    assert "Already a partner. Set for it now:" in shown(known)
    assert "B2B collaboration, inbound: blocked for everyone" in shown(known)
    without_settings = ObservedPartner(identity=identity(), configuration={"tenantId": TENANT}, at=NOW)
    bare = form(lookup_result=LookupResult.of(without_settings))
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
@pytest.mark.threats("E1")
def test_hostile_text_stays_text_in_the_form(text: str) -> None:
    own = {"tenantId": TENANT, "inboundTrust": text, text: text}
    found = LookupResult.of(ObservedPartner(identity=surfaces.hostile_identity(text), configuration=own, at=NOW))
    evil = template("evil", 90, default=90, title=text, description=text)
    for view in (
        form(target=text, lookup_result=found, justification=text, templates=(evil, GUESTS)),
        form(target=text, problem=text),
    ):
        assert_sound(view)


# --- a request that is open already, and a name taken out of what was typed ---


def found(**changes: Any) -> LookupResult:
    return LookupResult.of(ObservedPartner(identity=identity(), configuration=None, at=NOW), **changes)


def test_ones_own_open_request_has_its_buttons_below_the_partner() -> None:
    view = form(lookup_result=found(open_request=request(RequestState.AWAITING_APPROVAL)))
    assert_sound(view)
    assert list(surfaces.buttons(view)) == ["review_request", "edit", "withdraw"]
    assert "You have an open access request for this partner" in shown(view["blocks"][1])


def test_ones_own_open_request_is_known_under_the_other_chat_id_too() -> None:
    waiting = request(RequestState.AWAITING_APPROVAL)
    view = form(requester=ChatId("W-RILEY"), lookup_result=found(open_request=waiting, viewer_account=RILEY.id))
    assert list(surfaces.buttons(view)) == ["review_request", "edit", "withdraw"]
    assert "You have an open access request for this partner" in shown(view["blocks"][1])


def test_an_edit_has_no_field_for_the_partner_and_says_what_it_does() -> None:
    edits = EditedRequest(request_id=RequestId("R-AAAAAAAAAA"), digest=access_plan().digest)
    view = form(
        lookup_result=found(),
        target="contoso.com",
        template="trusted-partner",
        edited_request=edits,
        approval_count=2,
    )
    assert_sound(view)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Edit request", "Send again")
    assert view["callback_id"] == "edit_request"
    assert list(labels(view)) == ["template", "justification", "sponsor", "start_date", "duration", "end_date"]
    said = shown(view["blocks"])
    assert "contoso.com" in said
    assert "For another partner, send a new request." in said
    assert "Sending this voids 2 approvals." in said
    assert list(surfaces.buttons(view)) == ["open_request"]
    assert json.loads(view["private_metadata"])["edits"] == f"R-AAAAAAAAAA:{access_plan().digest}"


def test_what_is_different_since_an_earlier_request_is_said_below_its_field() -> None:
    gone = Fact(RefillCode.TEMPLATE_GONE, {"template": "Old"})
    view = form(template="old", notes={"template": gone})
    assert_sound(view)
    at = [block.get("block_id") for block in view["blocks"]].index("template")
    assert "The template “Old” does not exist any more. Choose another one." in shown([view["blocks"][at + 1]])
    assert "initial_option" not in element(view, "template")


def test_a_note_is_gone_once_another_template_is_chosen() -> None:
    blank = Form(requester=RILEY.chat_id, target="", template="old", justification="", sponsor=RILEY.chat_id, days=0)
    gone = {"template": Fact(RefillCode.TEMPLATE_GONE, {"template": "Old"})}
    open_form = OpenRequestForm(form=blank, offers=offered(GUESTS, TRUSTED))
    open_form.refill = Refill(form=blank, notes=gone, template="old")
    for template, is_said in (("old", True), ("", True), ("trusted-partner", False)):
        open_form.form = replace(blank, template=template)
        assert ("does not exist any more" in shown(open_form.view()["blocks"])) is is_said


def test_an_edit_repeats_what_an_approver_asked_to_change_also_for_another_template() -> None:
    asked = {ids.EDITS: Fact(RefillCode.CHANGES_REQUESTED, {"name": "Amara", "text": "Only {one} channel"})}
    edits = EditedRequest(request_id=RequestId("R-AAAAAAAAAA"), digest=access_plan().digest)
    blank = Form(
        requester=RILEY.chat_id,
        target="contoso.com",
        template="trusted-partner",
        justification="",
        sponsor=RILEY.chat_id,
        days=0,
        edited_request=edits,
    )
    open_form = OpenRequestForm(form=blank, offers=offered(GUESTS, TRUSTED), lookup_result=found())
    open_form.refill = Refill(form=blank, notes=asked, template="old")
    view = open_form.view()
    assert_sound(view)
    assert "✏️ Amara asked for changes: “Only {one} channel”" in shown(view["blocks"])


def test_a_form_that_closes_is_called_so() -> None:
    closing = tuple(replace(one, closes=True) for one in offered(GUESTS))
    view = request_view(RequestForm(offers=closing, requester=RILEY.chat_id, template=GUESTS.name))
    assert view["title"]["text"] == "Close partner access"


def test_somebody_elses_open_request_can_be_looked_at_and_supported() -> None:
    view = form(requester=SAM.chat_id, lookup_result=found(open_request=request(RequestState.AWAITING_APPROVAL)))
    assert list(surfaces.buttons(view)) == ["review_request", "support"]
    assert "Riley has an open access request for this partner" in shown(view["blocks"][1])
    assert "Support it if you need the same. Otherwise wait until it ends, or ask Riley to withdraw it." in shown(
        view["blocks"][1]
    )


def test_who_supports_it_already_can_only_look_at_it() -> None:
    supported = request(RequestState.AWAITING_APPROVAL, supports=(Support(person=SAM, at=NOW),))
    view = form(requester=SAM.chat_id, lookup_result=found(open_request=supported))
    assert list(surfaces.buttons(view)) == ["review_request"]


def test_for_whom_is_asked_only_where_the_template_allows_it() -> None:
    for allowed, is_asked in ((MayRequestFor.NOBODY, False), (MayRequestFor.REPORTS, True)):
        template = replace(GUESTS, may_request_for=allowed)
        view = form(offers=offered(template), template=template.name, for_person=SAM.chat_id)
        fields = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
        assert ("for_person" in fields) is is_asked
    assert fields["for_person"]["element"]["initial_user"] == SAM.chat_id
    assert fields["for_person"]["label"]["text"] == "For"


def test_what_only_other_people_may_request_is_named_with_their_roles() -> None:
    other = replace(GUESTS, title="Merger", may_request=(Role("security"), Role("admin")))
    view = form(not_offered=(other,))
    assert_sound(view)
    assert "Only other people can request “Merger” (role “security” or “admin”)." in shown(view["blocks"])
    assert "Only other people" not in shown(form()["blocks"])


def test_what_is_being_prepared_can_be_withdrawn_and_not_shown_yet() -> None:
    view = form(lookup_result=found(open_request=request(RequestState.PREPARING, prepared=None)))
    assert_sound(view)
    assert list(surfaces.buttons(view)) == ["withdraw"]


def test_the_name_that_was_removed_is_shown() -> None:
    view = form(target="https://www.contoso.com/about", lookup_result=found(typed_text="https://www.contoso.com/about"))
    assert "Taken from what you typed: contoso.com" in shown(view["blocks"][1])
    for typed in ("", "contoso.com", " Contoso.COM "):
        assert "Taken from" not in shown(form(lookup_result=found(typed_text=typed)))


# --- what is chosen ---


def test_templates_are_grouped_by_purpose_each_with_risk_approvers_and_usual_time() -> None:
    guests = replace(GUESTS, need="Documents and chat as guests", purpose="Work with us")
    view = request_view(RequestForm(offers=offered(guests, TRUSTED, wait=timedelta(days=3)), requester=RILEY.chat_id))
    assert_sound(view)
    groups = element(view, "template")["option_groups"]
    assert [group["label"]["text"] for group in groups] == ["Work with us", "Other access"]
    (option,) = groups[0]["options"]
    assert option["text"]["text"] == "Documents and chat as guests"
    assert option["description"]["text"] == "Guest collaboration · Low risk · Security, Data owners · usually 3 days"
    assert groups[1]["options"][0]["text"]["text"] == "Trusted partner", "without a need its title says it"
    assert element(view, "template")["placeholder"]["text"] == "What do they need?"
    assert "usually" not in shown(form())


def test_the_chosen_template_is_said_in_whole_with_its_waiting_time() -> None:
    offers = offered(TRUSTED, wait=timedelta(hours=5))
    view = request_view(RequestForm(offers=offers, requester=RILEY.chat_id, template=TRUSTED.name))
    assert "Trusted partner: " + "d" * 300 in shown(view)
    assert "Change: low risk. Usual approval: 5 hours." in shown(view)


def test_a_hundred_templates_and_the_longest_names_fit() -> None:
    stages = tuple(replace(STAGES[0], title="T" * 60) for _ in range(10))
    many = tuple(
        replace(
            template(f"t{number}", 90, default=90, title="W" * 60),
            need="N" * 75,
            purpose="P" * 60 if number % 2 else "",
            stages=stages,
        )
        for number in range(450)
    )
    view = request_view(
        RequestForm(offers=offered(*many, wait=timedelta(days=200)), requester=RILEY.chat_id, template="t7")
    )
    assert_sound(view)
    groups = element(view, "template")["option_groups"]
    assert [group["label"]["text"][-3:] for group in groups] == ["ess", "(2)", "(3)", "PPP", "(2)", "(3)"]
    assert sum(len(group["options"]) for group in groups) == 450
    assert groups[0]["options"][0]["description"]["text"] == "Low risk · 10 approvers · usually 200 days"
    assert element(view, "template")["initial_option"]["value"] == "t7"
    assert len(json.dumps(view)) < 250_000


def test_who_decides_is_shown_before_it_is_sent() -> None:
    asked = [
        StageApprovers(stage=STAGES[0], approvers=Approvers(names=("Amara", "Bruno"), other_count=3)),
        StageApprovers(stage=STAGES[1], approvers=Approvers()),
        StageApprovers(stage=STAGES[1]),
    ]
    view = form(template="trusted-partner", approvers_by_stage=asked)
    assert_sound(view)
    text = shown(view)
    assert "Security, 1 approval: Amara, Bruno and 3 more" in text
    assert "nobody. It cannot be sent until an admin adds people to the role “data-owner”." in text
    assert text.count("nobody.") == 1, "what is not known is not said"
    assert "The requester and chosen sponsor cannot approve." in text
    assert "Who decides" not in shown(form())


@pytest.mark.parametrize(
    ("holder", "said"),
    [
        (
            RelationHolder(role=REQUESTER_MANAGER, whose="Riley", problem=NoHolderReason.NO_MANAGER),
            "Manager, 1 approval: ⚠️ nobody. Riley has no manager in Entra. Ask an admin to set one, or choose another",
        ),
        (
            RelationHolder(role=REQUESTER_MANAGER, whose="Riley", person=RILEY),
            "Manager, 1 approval: ⚠️ nobody. Riley, the manager of Riley, takes part in this request",
        ),
    ],
)
def test_a_manager_who_cannot_decide_is_named_before_it_is_sent(holder: RelationHolder, said: str) -> None:
    stage = Stage(title="Manager", role=REQUESTER_MANAGER, quorum=1)
    asked = [StageApprovers(stage=stage, approvers=Approvers(), relation=holder)]
    view = form(template="trusted-partner", approvers_by_stage=asked)
    assert_sound(view)
    assert said in shown(view)


def test_guests_that_come_in_by_the_default_are_said() -> None:
    default = {
        "isServiceDefault": True,
        "b2bCollaborationInbound": {
            "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
            "applications": {
                "accessType": "allowed",
                "targets": [{"target": "AllApplications", "targetType": "application"}],
            },
        },
    }
    said = "Guests of this partner can come in already"

    def seen(configuration: Any, default: Any) -> str:
        return shown(
            form(
                lookup_result=LookupResult.of(
                    ObservedPartner(identity=identity(), configuration=configuration, default=default, at=NOW)
                )
            )
        )

    assert said in seen(None, default)
    assert said in seen({"tenantId": TENANT}, default)
    assert said not in seen(closed_document(), default)
    found = LookupResult.of(ObservedPartner(identity=identity(), configuration=None, default=default, at=NOW))
    closing = arranged_offers(offers_of(load_catalog(SHIPPED).templates.values()), is_closing=True)
    view = form(lookup_result=found, offers=closing, template="block")
    assert said not in shown(view), "who closes asks for nothing more"
    assert said not in seen(None, None), "a default that could not be read says nothing"
    assert said not in seen(None, {"b2bCollaborationInbound": closed_document()["b2bCollaborationInbound"]})


def test_an_end_date_and_a_ticket_are_asked_for_where_the_template_has_them() -> None:
    asks = replace(GUESTS, may_end_on_date=True, ticket=TicketRule(pattern="x", hint="As in PRJ-1.", is_required=False))
    view = form(templates=(asks, TRUSTED), template=asks.name, ends_on="2027-03-31", ticket="PRJ-1")
    assert_sound(view)
    assert element(view, "end_date")["initial_date"] == "2027-03-31"
    assert element(view, "ticket")["initial_value"] == "PRJ-1"
    by_id = {block.get("block_id"): block for block in view["blocks"]}
    assert by_id["end_date"]["optional"] is by_id["ticket"]["optional"] is True
    assert "at most 365 days from today" in by_id["end_date"]["hint"]["text"]
    assert by_id["ticket"]["hint"]["text"] == "As in PRJ-1."
    without = replace(TRUSTED, may_end_on_date=False)
    for other in (form(templates=(asks, without)), form(templates=(asks, without), template=without.name)):
        assert not {"end_date", "ticket"} & labels(other).keys()


def test_the_form_that_closes_a_partner_asks_for_no_end() -> None:
    closing = arranged_offers(offers_of(load_catalog(SHIPPED).templates.values()), is_closing=True)
    assert set(labels(form(offers=closing, template="block"))) == {"target", "template", "justification", "sponsor"}


def test_every_shipped_template_fits_wholly_into_the_menu_of_a_phone() -> None:
    """Nothing is cut inside a word: neither the need, which has the width of the menu, nor what stands below it."""
    shipped = load_catalog(SHIPPED).templates.values()
    for offer in offers_of(shipped):
        for wait in (None, timedelta(days=30)):
            view = request_view(RequestForm(offers=[replace(offer, usual_wait=wait)], requester=RILEY.chat_id))
            (option,) = element(view, "template")["options"]
            assert option["text"]["text"] == offer.template.need
            assert len(option["text"]["text"]) <= MENU_CHARACTERS
            assert option["description"]["text"] == offer_words(replace(offer, usual_wait=wait), 75)
            assert "…" not in option["text"]["text"] + option["description"]["text"]
    assert len({one.need for one in shipped}) == len(shipped)


# --- our own objects, and the partner's ---

OURS = Placeholder(name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS, prefix="APP-")
PILOT = Placeholder(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS)
PORTAL_ID = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
NAMING = replace(TRUSTED, placeholders=(PILOT, OURS))


def naming(portal: str = PORTAL_ID, **changes: Any) -> Json:
    return form(templates=(NAMING,), template=NAMING.name, placeholders={"portal": portal, "pilot": "x"}, **changes)


def test_our_own_objects_are_searched_and_the_choice_stays() -> None:
    view = naming(labels={"portal": "Partner portal"})
    assert_sound(view)
    select = element(view, "hole_portal")
    assert (select["type"], select["action_id"], select["min_query_length"]) == ("external_select", "hole_portal", 3)
    chosen = {"text": {"type": "plain_text", "text": "Partner portal", "emoji": False}, "value": PORTAL_ID}
    assert select["initial_option"] == chosen
    assert "initial_option" not in element(naming(portal=""), "hole_portal")
    assert element(naming(), "hole_portal")["initial_option"]["text"]["text"] == f"ID {PORTAL_ID}"
    by_id = {block.get("block_id"): block for block in view["blocks"]}
    assert by_id["hole_portal"]["hint"]["text"].endswith("Its name begins with “APP-”.")
    assert element(view, "hole_pilot")["type"] == "plain_text_input", "nobody here can search the partner's"


def test_where_nothing_can_be_searched_the_id_is_typed_and_the_permission_named() -> None:
    missing = Fact(RefusalCode.NAME_SEARCH_REFUSED, {"kind": "application", "answer": "It needs Application.Read.All."})
    view = naming(unsearchable={"portal": missing})
    assert_sound(view)
    typed = element(view, "hole_portal")
    assert (typed["type"], typed["action_id"], typed["initial_value"]) == (
        "plain_text_input",
        "hole_portal_id",
        PORTAL_ID,
    )
    at = [block.get("block_id") for block in view["blocks"]].index("hole_portal")
    assert "Applications cannot be searched by name: It needs Application.Read.All." in shown(view["blocks"][at + 1])


def test_the_partners_ids_come_with_a_text_to_send() -> None:
    text = shown(naming())
    assert "Send this to the partner's administrator:" in text
    assert "1. The Object ID of your group (Entra admin center, Groups, the group, Overview), for: Pilot group" in text
    assert "for: Portal" not in text, "ours is not asked of them"
    only_ours = replace(TRUSTED, placeholders=(OURS,))
    assert "Send this" not in shown(form(templates=(only_ours,), template=only_ours.name))


@settings(deadline=None, max_examples=30)
@given(hostile_or_blank)
def test_hostile_names_stay_text(text: str) -> None:
    problem = Fact(RefusalCode.NAME_SEARCH_REFUSED, {"kind": "application", "answer": text})
    asked = [StageApprovers(stage=replace(STAGES[0], title=text), approvers=Approvers(names=(text,), other_count=1))]
    assert_sound(naming(labels={"portal": text}, approvers_by_stage=asked))
    assert_sound(naming(unsearchable={"portal": problem}, ticket=text))
