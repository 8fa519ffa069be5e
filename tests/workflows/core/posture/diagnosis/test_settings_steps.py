"""Steps 1 to 3: the tenant, our settings, their side."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, identity, request
from tests.workflows.core.posture.diagnosis.read_facts import (
    DEFAULT,
    PORTAL,
    UNREAD,
    application,
    both,
    codes,
    facts,
    read,
    step,
)
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.diagnosis.diagnosing import change_for, diagnose
from workflows.core.posture.diagnosis.facts import (
    DiagnosisFacts,
    Home,
    HomeKind,
    ListedApplications,
    OfferedTemplate,
    PartnerRecord,
)
from workflows.core.posture.diagnosis.settings_steps import listed_applications
from workflows.core.posture.diagnosis.steps import Action, Cause, Changer, Note, Step, StepKey, StepResult
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId

TEAMS = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
OTHER = "c5f0a1b2-0004-4d3e-8f90-a1b2c3d4e5f6"
UNKNOWN_ID = TenantIdentity.without_names(TenantId("c5f0a1b2-0005-4d3e-8f90-a1b2c3d4e5f6"))


def found(key: StepKey, **changes: Any) -> Step:
    return step(diagnose(facts(**changes)), key)


def home(kind: HomeKind, clouds: tuple[str, ...] = (), identity_: TenantIdentity | None = None) -> Any:
    return read(Home(kind=kind, identity=identity_, clouds=clouds))


def cause(one: Step) -> str | None:
    assert (one.cause is not None) == (one.result is StepResult.STOPS)
    return None if one.cause is None else one.cause.code


@pytest.mark.parametrize(
    ("home_read", "result", "code"),
    [
        (home(HomeKind.ORGANIZATION, identity_=identity()), StepResult.PASSES, Note.ORGANIZATION),
        (home(HomeKind.PERSONAL), StepResult.PASSES, Note.PERSONAL_ACCOUNT),
        (home(HomeKind.NO_TENANT), StepResult.PASSES, Note.NO_ORGANIZATION),
        (home(HomeKind.NO_TENANT, ("microsoftonline.us",)), StepResult.NOT_KNOWN, Note.MAYBE_OTHER_CLOUD),
        (home(HomeKind.OTHER_CLOUD, ("microsoftonline.us",), UNKNOWN_ID), StepResult.PASSES, Note.OTHER_CLOUD),
        (read(UNREAD), StepResult.NOT_READABLE, Note.UNREADABLE),
    ],
)
def test_the_home_is_one_tenant_or_another_kind_of_account(home_read: Any, result: StepResult, code: Note) -> None:
    one = found(StepKey.HOME, home=home_read)
    assert (one.result, codes(one), one.read_at) == (result, [code], NOW)


@pytest.mark.parametrize("clouds", [(), ("microsoftonline.us",)])
def test_a_domain_near_a_partners_is_asked_back_unless_somebody_has_an_account(clouds: tuple[str, ...]) -> None:
    near = read(Home(kind=HomeKind.NO_TENANT, clouds=clouds, similar=("contoso.com",)))
    for accounts in (None, read(()), read(UNREAD)):
        diagnosis = diagnose(facts(home=near, accounts=accounts))
        assert (codes(diagnosis.steps[0]), diagnosis.meant_domains) == ([Note.DOMAIN_MEANT], ("contoso.com",))
        assert diagnosis.steps[0].result is StepResult.NOT_KNOWN
    assert diagnose(facts(home=near)).meant_domains == ()


def test_a_tenant_of_another_cloud_needs_that_cloud() -> None:
    other = home(HomeKind.OTHER_CLOUD, (), UNKNOWN_ID)
    assert cause(found(StepKey.HOME, home=other)) == Cause.CLOUD_OFF
    assert cause(found(StepKey.OUR_SETTINGS, home=other)) == Cause.NOT_ADDED


def test_settings_between_tenants_do_not_concern_other_accounts() -> None:
    one = found(StepKey.OUR_SETTINGS, home=home(HomeKind.PERSONAL), configuration=None)
    assert (one.result, codes(one)) == (StepResult.PASSES, [Note.DOES_NOT_APPLY])
    theirs = found(StepKey.THEIR_SETTINGS, home=home(HomeKind.NO_TENANT), configuration=None)
    assert (theirs.result, codes(theirs)) == (StepResult.PASSES, [Note.DOES_NOT_APPLY])
    unread = found(StepKey.OUR_SETTINGS, home=read(UNREAD), configuration=None)
    assert (unread.result, codes(unread)) == (StepResult.NOT_KNOWN, [Note.TENANT_NOT_KNOWN])


def test_what_is_inherited_is_allowed_by_the_default() -> None:
    one = found(StepKey.OUR_SETTINGS)
    assert (one.result, codes(one)) == (StepResult.PASSES, [Note.ALLOWED, Note.ANY_APPLICATION])
    assert one.notes[0].values["origin"] == "Microsoft's default"


def own(setting: dict[str, Any]) -> Any:
    return read({"b2bCollaborationInbound": setting})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"configuration": own(both("blocked"))}, Cause.BLOCKED),
        ({"default": read({**DEFAULT, "b2bCollaborationInbound": both("blocked")})}, Cause.BLOCKED),
        ({"configuration": own(both("allowed", application=OTHER)), "application": application()}, "application"),
        ({"configuration": own(both("blocked")), "record": PartnerRecord(closed_state="suspended")}, Cause.CLOSED),
        ({"application": application("", name="", typed=OTHER)}, Cause.APPLICATION_NOT_OURS),
    ],
)
def test_our_settings_stop_them_by_a_rule(changes: dict[str, Any], code: str) -> None:
    expected = Cause.APPLICATION_BLOCKED if code == "application" else code
    assert cause(found(StepKey.OUR_SETTINGS, **changes)) == expected


def test_where_the_default_blocks_the_templates_that_would_let_them_in_are_named() -> None:
    closed = {"default": read({**DEFAULT, "b2bCollaborationInbound": both("blocked")})}
    templates = (
        OfferedTemplate(name="Open", applications=frozenset({"allapplications"})),
        OfferedTemplate(name="Calendar"),
        OfferedTemplate(name="Portal", applications=frozenset({PORTAL})),
    )
    one = found(StepKey.OUR_SETTINGS, templates=templates, **closed)
    assert one.cause is not None
    assert [offer["name"] for offer in one.cause.values["templates"]] == ["Open", "Portal"]
    asked = found(StepKey.OUR_SETTINGS, templates=templates, application=application(OTHER), **closed)
    assert asked.cause is not None
    assert [offer["name"] for offer in asked.cause.values["templates"]] == ["Open"]
    by_hand = found(StepKey.OUR_SETTINGS, templates=templates, configuration=own(both("blocked")))
    assert by_hand.cause is not None
    assert "templates" not in by_hand.cause.values


def test_a_name_that_nobody_knows_is_no_cause_and_is_answered_as_without_an_application() -> None:
    unknown = application("", name="", similar=("Contractor portal",))
    one = found(StepKey.OUR_SETTINGS, application=unknown)
    assert (one.result, codes(one)) == (StepResult.NOT_KNOWN, [Note.ALLOWED, Note.UNKNOWN_APPLICATION])
    assert one.notes[1].values == {"application": "Portal", "similar": ["Contractor portal"]}
    blocked = {"application": unknown, "configuration": own(both("blocked"))}
    assert cause(found(StepKey.OUR_SETTINGS, **blocked)) == Cause.BLOCKED
    channels = {"configuration": read(CHANNELS), "accounts": read(())}
    assert Note.CHANNELS_ONLY in codes(found(StepKey.OUR_SETTINGS, application=unknown, **channels))


def test_the_single_applications_of_our_settings_are_known() -> None:
    for access, is_allow_list in (("allowed", True), ("blocked", False)):
        setting = {**both("allowed"), "applications": both(access, application=OTHER)["applications"]}
        listed = ListedApplications(is_allow_list=is_allow_list, ids=(OTHER,))
        assert listed_applications(facts(configuration=own(setting))) == listed
    everything = (None, read(UNREAD), own(both("allowed")), own({"usersAndGroups": {}, "applications": 7}))
    assert [listed_applications(facts(configuration=each)) for each in everything] == [None] * 4
    empty = {**both("allowed"), "applications": {"accessType": "allowed", "targets": []}}
    assert listed_applications(facts(configuration=own(empty))) is None


def test_without_an_application_it_is_said_that_not_all_are_allowed() -> None:
    listed = ListedApplications(is_allow_list=True, ids=(OTHER,), names=("Contractor portal",))
    configuration = own(both("allowed", application=OTHER))
    for asked, notes in (
        (None, [Note.ALLOWED, Note.SOME_APPLICATIONS]),
        (application("", name=""), [Note.ALLOWED, Note.UNKNOWN_APPLICATION, Note.SOME_APPLICATIONS]),
        (application(OTHER), [Note.ALLOWED]),
    ):
        changes = {"configuration": configuration, "listed": listed, "application": asked}
        assert codes(found(StepKey.OUR_SETTINGS, **changes)) == notes


@pytest.mark.parametrize(
    ("names", "is_allow_list", "allowed"),
    [(("Contractor portal",), True, ["Contractor portal"]), ((), True, None), (("Contractor portal",), False, None)],
)
def test_what_a_new_template_would_end_is_named_with_the_cause(
    names: tuple[str, ...], *, is_allow_list: bool, allowed: list[str] | None
) -> None:
    listed = ListedApplications(is_allow_list=is_allow_list, ids=(OTHER,), names=names)
    blocked = {"configuration": own(both("allowed", application=OTHER)), "application": application()}
    one = found(StepKey.OUR_SETTINGS, listed=listed, **blocked)
    assert one.cause is not None
    assert one.cause.values.get("allowed") == allowed


def test_a_list_of_single_applications_lets_in_where_none_is_named() -> None:
    configuration = own(both("allowed", application=OTHER))
    assert found(StepKey.OUR_SETTINGS, configuration=configuration).result is StepResult.PASSES
    named = {"configuration": configuration, "application": application(OTHER)}
    assert found(StepKey.OUR_SETTINGS, **named).result is StepResult.PASSES


@pytest.mark.parametrize("access", ["allowed", "blocked"])
def test_only_the_partner_knows_who_is_in_its_groups(access: str) -> None:
    setting = {**both("allowed"), "usersAndGroups": both(access, people=OTHER)["usersAndGroups"]}
    one = found(StepKey.OUR_SETTINGS, configuration=own(setting))
    assert (one.result, codes(one)[-1]) == (StepResult.NOT_KNOWN, Note.PERSON_MAYBE_LISTED)


def test_what_microsoft_does_not_document_is_not_known() -> None:
    setting = {**both("allowed"), "applications": {"accessType": "allowed", "targets": []}}
    one = found(StepKey.OUR_SETTINGS, configuration=own(setting))
    assert (one.result, codes(one)[-1]) == (StepResult.NOT_KNOWN, Note.NOT_CERTAIN)


def test_an_unreadable_setting_is_neither_open_nor_closed() -> None:
    one = found(StepKey.OUR_SETTINGS, default=read(UNREAD))
    assert (one.result, codes(one)[-1]) == (StepResult.NOT_READABLE, Note.UNREADABLE)
    assert found(StepKey.OUR_SETTINGS, configuration=read(UNREAD)).result is StepResult.NOT_READABLE
    broken = read({"b2bCollaborationInbound": "?"})
    assert found(StepKey.OUR_SETTINGS, configuration=broken).result is StepResult.NOT_KNOWN


def test_an_application_that_is_not_certain_is_said() -> None:
    several = found(StepKey.OUR_SETTINGS, application=application("", name="", others=("A", "B")))
    assert (several.result, codes(several)) == (StepResult.NOT_KNOWN, [Note.ALLOWED, Note.SEVERAL_APPLICATIONS])
    unread = found(StepKey.OUR_SETTINGS, application=read(UNREAD))
    assert (unread.result, codes(unread)) == (StepResult.NOT_READABLE, [Note.ALLOWED, Note.UNREADABLE])


@pytest.mark.parametrize(
    ("record", "result", "code"),
    [
        (None, StepResult.NOT_KNOWN, Note.NOTHING_RECORDED),
        (PartnerRecord(), StepResult.NOT_KNOWN, Note.NOTHING_RECORDED),
        (PartnerRecord(needed_steps=2, confirmed_steps=1), StepResult.NOT_KNOWN, Note.SETUP_OPEN),
        (PartnerRecord(outbound_confirmed_by="Dana", outbound_confirmed_at=NOW), StepResult.PASSES, "confirmed"),
    ],
)
def test_their_side_is_known_by_word_at_most(record: PartnerRecord | None, result: StepResult, code: str) -> None:
    one = found(StepKey.THEIR_SETTINGS, record=record, home=read(UNREAD) if record is None else facts().home)
    assert (one.result, codes(one)) == (result, [Note.SETUP_CONFIRMED if code == "confirmed" else code])


def test_a_diagnosis_names_the_application_it_is_about() -> None:
    assert diagnose(facts()).application == ""
    assert diagnose(facts(application=application(PORTAL))).application == "Portal"
    unnamed: DiagnosisFacts = replace(facts(), application=application("", name=""))
    assert diagnose(unnamed).application == "Portal"


DRIFTED = PartnerRecord(has_drifted=True)


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"configuration": own(both("blocked"))}, Action.REQUEST_ACCESS),
        ({"configuration": own(both("blocked")), "record": DRIFTED}, Action.RESTORE),
        ({"default": read({**DEFAULT, "b2bCollaborationInbound": both("blocked")}), "record": DRIFTED}, "request"),
        ({"configuration": own(both("blocked")), "record": PartnerRecord(closed_state="suspended")}, Action.LIFT),
        ({"configuration": own(both("blocked")), "record": PartnerRecord(closed_state="revoked")}, "request"),
    ],
)
def test_what_removes_the_cause_depends_on_the_record(changes: dict[str, Any], action: str) -> None:
    one = found(StepKey.OUR_SETTINGS, **changes)
    assert one.cause is not None
    expected = Action.REQUEST_ACCESS if action == "request" else action
    assert change_for(one.cause) == (Changer.APPROVERS, expected)


CHANNELS = {"b2bCollaborationInbound": both("blocked"), "b2bDirectConnectInbound": both("allowed")}


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"accounts": None}, StepResult.NOT_KNOWN),
        ({"accounts": read(())}, StepResult.NOT_KNOWN),
        ({"accounts": read(()), "application": application(TEAMS)}, StepResult.NOT_KNOWN),
        ({"accounts": read(()), "application": application()}, StepResult.STOPS),
        ({}, StepResult.STOPS),
        ({"accounts": read(UNREAD)}, StepResult.NOT_KNOWN),
    ],
)
def test_shared_channels_are_open_although_guests_are_blocked(changes: dict[str, Any], result: StepResult) -> None:
    """A partner of shared channels only has no guests: that guests are blocked is not why its people cannot get in."""
    one = found(StepKey.OUR_SETTINGS, configuration=read(CHANNELS), **changes)
    assert one.result is result
    assert (Note.CHANNELS_ONLY in codes(one)) is (result is StepResult.NOT_KNOWN)


def test_their_side_is_named_first_where_only_shared_channels_are_open() -> None:
    channels = {"configuration": read(CHANNELS), "accounts": None, "is_person": False}
    assert diagnose(facts(**channels)).asks_them_first
    confirmed = PartnerRecord(outbound_confirmed_by="Dana", outbound_confirmed_at=NOW)
    assert not diagnose(facts(record=confirmed, **channels)).asks_them_first
    assert not diagnose(facts(sharepoint=read({"sharingCapability": "disabled"}), **channels)).asks_them_first


def test_a_diagnosis_names_the_tenant_and_what_waits_for_it() -> None:
    waiting = (request(RequestState.AWAITING_APPROVAL),)
    assert diagnose(facts(waiting=waiting)).waiting == waiting
    assert diagnose(facts()).tenant_id == identity().tenant_id
    assert diagnose(facts(home=read(UNREAD))).tenant_id is None
    assert diagnose(facts(home=home(HomeKind.PERSONAL))).tenant_id is None


@pytest.mark.parametrize(
    ("named", "typed"),
    [
        (None, ""),
        (read(UNREAD), ""),
        (application(typed="portal"), ""),
        (application(typed=PORTAL), ""),
        (application(typed="the portal"), "the portal"),
        (application("", name="", typed="the portal"), ""),
    ],
)
def test_what_was_typed_is_kept_where_the_application_has_another_name(named: Any, typed: str) -> None:
    assert diagnose(facts(application=named)).typed_application == typed
