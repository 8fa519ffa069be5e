"""Steps 6 to 8: Conditional Access, sharing, sign-ins. And the first cause."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW
from tests.workflows.core.posture.diagnosis.read_facts import (
    MARIA,
    NO_TRUST,
    PORTAL,
    UNREAD,
    application,
    both,
    codes,
    facts,
    log,
    read,
    signed_in,
    step,
)
from workflows.core.checks.conditional_access.controls import (
    PolicyEffect,
    PolicyReason,
    ReasonCode,
    Remedy,
    VisitorType,
)
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.scope import ConditionType, PolicyCondition
from workflows.core.checks.conditional_access.verdicts import AccessReport, PolicyVerdict, Source
from workflows.core.checks.tenant_facts import SignInLog
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.diagnosing import change_for, diagnose
from workflows.core.posture.diagnosis.facts import ListedApplications, OfferedTemplate, PartnerRecord
from workflows.core.posture.diagnosis.known_applications import KNOWN_APPLICATIONS
from workflows.core.posture.diagnosis.offers import unnamed_applications
from workflows.core.posture.diagnosis.settings_steps import allows_all_applications
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.steps import (
    CHANGES,
    Action,
    Cause,
    Changer,
    Note,
    Side,
    Step,
    StepKey,
    StepResult,
)

SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
TEAMS = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
EMPLOYEE = replace(MARIA, id=PersonId("m2"), principal_name="maria@woodgrove.com", is_member=True)


def found(key: StepKey, **changes: Any) -> Step:
    return step(diagnose(facts(**changes)), key)


def cause(one: Step) -> str | None:
    assert (one.cause is not None) == (one.result is StepResult.STOPS)
    return None if one.cause is None else one.cause.code


def verdict(
    effect: PolicyEffect,
    *conditions: ConditionType,
    source: Source = Source.ENTRA,
    control: ControlKind = ControlKind.MFA,
    is_enforced: bool = True,
) -> PolicyVerdict:
    return PolicyVerdict(
        policy_id="p",
        policy="P",
        is_enforced=is_enforced,
        visitor=VisitorType.GUEST,
        effect=effect,
        effect_where_applied=effect,
        reasons=(PolicyReason(code=ReasonCode.BLOCKS, kind=control),),
        conditions=tuple(PolicyCondition(kind=kind) for kind in conditions),
        remedies=(Remedy.EXCLUDE,),
        source=source,
    )


def access(*verdicts: PolicyVerdict, **changes: Any) -> Any:
    return read(AccessReport(**{"trust": NO_TRUST, "verdicts": verdicts, "answered_count": 1, **changes}))


def test_a_policy_that_applies_to_the_person_stops_them() -> None:
    one = found(StepKey.CONDITIONAL_ACCESS, access=access(verdict(PolicyEffect.LOCKED_OUT)))
    assert one.cause is not None
    values = {
        "policies": ["P"],
        "blocks": True,
        "demands": [{"control": "mfa", "name": ""}],
        "accept": [],
        "remedies": ["exclude"],
        "templates": [],
        "allows_all": True,
        "is_estimate": False,
    }
    assert one.cause == Fact(Cause.LOCKED_OUT, values)


def test_policies_let_nobody_pass_whose_account_was_not_read() -> None:
    """A policy may be about members only, and the person may be one."""
    one = found(StepKey.CONDITIONAL_ACCESS, accounts=read(UNREAD))
    assert (one.result, codes(one)) == (StepResult.NOT_KNOWN, [Note.UNREADABLE, Note.NO_POLICY])


MFA = frozenset({Remedy.ACCEPT_MFA})
DEVICES = frozenset({Remedy.ACCEPT_COMPLIANT_DEVICES})


def offered(name: str, accepts: frozenset[Remedy], *applications: str) -> OfferedTemplate:
    return OfferedTemplate(name=name, accepts=accepts, applications=frozenset(applications))


@pytest.mark.parametrize(
    ("remedies", "app_id", "names"),
    [
        ((Remedy.ACCEPT_MFA, Remedy.EXCLUDE), "", ["All", "Portal", "Suite"]),
        ((Remedy.ACCEPT_MFA, Remedy.EXCLUDE), PORTAL, ["All", "Portal"]),
        ((Remedy.ACCEPT_MFA, Remedy.EXCLUDE), SHAREPOINT, ["All", "Suite"]),
        ((Remedy.ACCEPT_MFA, Remedy.EXCLUDE), TEAMS, ["All", "Suite"]),
        ((Remedy.ACCEPT_COMPLIANT_DEVICES,), "", ["Devices"]),
        ((Remedy.ACCEPT_COMPLIANT_DEVICES,), PORTAL, []),
        ((Remedy.EXCLUDE, Remedy.OTHER_CONTROL), "", []),
    ],
)
def test_a_template_helps_that_accepts_what_is_asked_and_opens_the_application(
    remedies: tuple[Remedy, ...], app_id: str, names: list[str]
) -> None:
    """One that takes the application away lets nobody in."""
    templates = (
        replace(offered("Suite", MFA, "office365"), risk=RiskLevel.HIGH),
        offered("All", MFA, "allapplications"),
        replace(offered("Portal", MFA, PORTAL), settings=1),
        offered("Devices", DEVICES, "office365"),
        replace(offered("Channels", MFA | DEVICES), opens_channels=True),
    )
    report = access(replace(verdict(PolicyEffect.LOCKED_OUT), remedies=remedies))
    named = application(app_id) if app_id else None
    one = found(StepKey.CONDITIONAL_ACCESS, access=report, templates=templates, application=named)
    assert one.cause is not None
    assert [each["name"] for each in one.cause.values["templates"]] == names, "the weakest first"
    action = Action.ACCEPT_CLAIMS if names else Action.CHANGE_POLICY
    assert change_for(one.cause) == (Changer.OUR_ADMINS, action)


def test_who_uses_shared_channels_is_offered_what_opens_them() -> None:
    templates = (replace(offered("Channels", MFA), opens_channels=True), offered("Suite", MFA, "office365"))
    locked = replace(verdict(PolicyEffect.LOCKED_OUT), remedies=(Remedy.ACCEPT_MFA,))
    report = access(locked, visitors=(VisitorType.DIRECT_CONNECT,))
    one = found(StepKey.CONDITIONAL_ACCESS, access=report, templates=templates)
    assert one.cause is not None
    assert [each["name"] for each in one.cause.values["templates"]] == ["Channels"]


def test_trust_is_no_way_out_where_another_policy_blocks() -> None:
    asks = replace(verdict(PolicyEffect.LOCKED_OUT), remedies=(Remedy.ACCEPT_MFA, Remedy.EXCLUDE))
    one = found(StepKey.CONDITIONAL_ACCESS, access=access(asks, verdict(PolicyEffect.LOCKED_OUT)))
    assert one.cause is not None
    assert (one.cause.values["accept"], one.cause.values["templates"]) == ([], [])
    alone = found(StepKey.CONDITIONAL_ACCESS, access=access(asks))
    assert alone.cause is not None
    assert alone.cause.values["accept"] == ["accept_mfa"]


@pytest.mark.parametrize("app_id", ["", PORTAL])
def test_a_policy_for_single_applications_asks_for_the_application(app_id: str) -> None:
    report = access(verdict(PolicyEffect.DEPENDS, ConditionType.APPLICATIONS), verdict(PolicyEffect.DEPENDS))
    diagnosis = diagnose(facts(access=report, application=application(app_id) if app_id else None))
    one = step(diagnosis, StepKey.CONDITIONAL_ACCESS)
    about_some = [] if app_id else [Note.POLICY_FOR_APPLICATIONS]
    assert codes(one)[:2] == [*about_some, Note.POLICY_MAY_APPLY]
    assert diagnosis.needs_application is not bool(app_id)


def test_the_open_question_about_a_strength_is_known_by_name_while_the_step_is_open() -> None:
    asks = verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.STRENGTH)
    diagnosis = diagnose(facts(access=access(asks)))
    assert diagnosis.strength is not None
    assert (diagnosis.strength.values["policies"], diagnosis.strength.values["strengths"]) == (["P"], [])
    assert diagnose(facts()).strength is None


@pytest.mark.parametrize(
    ("changes", "allows_all"),
    [
        ({}, True),
        ({"configuration": None}, False),
        ({"configuration": read(UNREAD), "default": read(UNREAD)}, False),
        ({"configuration": read({"b2bCollaborationInbound": both("allowed", application=PORTAL)})}, False),
        ({"configuration": read({"b2bCollaborationInbound": both("blocked")})}, False),
    ],
)
def test_whether_every_application_is_allowed_now_is_known(changes: dict[str, Any], *, allows_all: bool) -> None:
    assert allows_all_applications(facts(**changes)) is allows_all


@pytest.mark.parametrize("is_account_evaluated", [True, False])
def test_an_excluded_group_is_known_only_for_an_account_that_entra_evaluated(is_account_evaluated: bool) -> None:
    report = access(verdict(PolicyEffect.LOCKED_OUT, ConditionType.NOT_EXCLUDED))
    one = found(StepKey.CONDITIONAL_ACCESS, access=report, is_account_evaluated=is_account_evaluated)
    assert one.result is (StepResult.STOPS if is_account_evaluated else StepResult.NOT_KNOWN)


@pytest.mark.parametrize(
    ("report", "result", "notes"),
    [
        (access(), StepResult.PASSES, [Note.NO_POLICY]),
        (access(verdict(PolicyEffect.LOCKED_OUT, is_enforced=False)), StepResult.PASSES, [Note.NO_POLICY]),
        (access(verdict(PolicyEffect.DEPENDS)), StepResult.NOT_KNOWN, [Note.POLICY_MAY_APPLY]),
        (access(verdict(PolicyEffect.REQUIRED_IN_OUR_TENANT)), StepResult.PASSES, [Note.MFA_HERE]),
        (
            access(verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT), trust=replace(NO_TRUST, mfa=True)),
            StepResult.PASSES,
            [Note.MFA_THERE, Note.MFA_REGISTRATION],
        ),
        (
            access(verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.STRENGTH)),
            StepResult.NOT_KNOWN,
            [Note.MFA_THERE, Note.STRENGTH_THERE],
        ),
        (
            access(verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.COMPLIANT_DEVICE), trust=None),
            StepResult.PASSES,
            [],
        ),
        (access(answered_count=0, unanswered_because=UNREAD), StepResult.NOT_KNOWN, [Note.ESTIMATE]),
        (access(unanswered_because=UNREAD), StepResult.PASSES, [Note.ESTIMATE]),
        (access(unreadable=UNREAD), StepResult.NOT_READABLE, [Note.UNREADABLE]),
        (read(UNREAD), StepResult.NOT_READABLE, [Note.UNREADABLE]),
        (None, StepResult.NOT_KNOWN, [Note.TENANT_NOT_KNOWN]),
    ],
)
def test_conditional_access_passes_only_what_is_known(report: Any, result: StepResult, notes: list[str]) -> None:
    one = found(StepKey.CONDITIONAL_ACCESS, access=report)
    assert (one.result, codes(one)) == (result, notes)


@pytest.mark.parametrize(
    ("settings", "changes", "code"),
    [
        ({"sharingCapability": "disabled"}, {}, Cause.SHARING_OFF),
        ({"sharingDomainRestrictionMode": "allowList"}, {}, Cause.SHARING_DOMAIN),
        (
            {"sharingDomainRestrictionMode": "blockList", "sharingBlockedDomainList": ["contoso.com"]},
            {},
            Cause.SHARING_DOMAIN,
        ),
        ({"sharingCapability": "existingExternalUserSharingOnly"}, {"accounts": read(())}, "existing"),
        ({"sharingCapability": "existingExternalUserSharingOnly"}, {}, None),
        ({"sharingCapability": "disabled"}, {"application": application()}, None),
        ({"sharingCapability": "disabled"}, {"application": application(SHAREPOINT)}, Cause.SHARING_OFF),
    ],
)
def test_sharepoint_stops_them_with_its_own_switches(
    settings: dict[str, Any], changes: dict[str, Any], code: str | None
) -> None:
    expected = Cause.SHARING_EXISTING_ONLY if code == "existing" else code
    assert cause(found(StepKey.SHARING, sharepoint=read(settings), **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "result", "notes"),
    [
        ({}, StepResult.PASSES, [Note.SHARING_ALLOWED, Note.TEAMS]),
        ({"application": application(PORTAL)}, StepResult.PASSES, [Note.OTHER_APPLICATION]),
        ({"application": application(SHAREPOINT)}, StepResult.PASSES, [Note.SHARING_ALLOWED]),
        ({"application": application(TEAMS)}, StepResult.NOT_READABLE, [Note.SHARING_ALLOWED, Note.TEAMS]),
        ({"sharepoint": read(UNREAD)}, StepResult.NOT_READABLE, [Note.UNREADABLE, Note.TEAMS]),
        ({"sharepoint": read({})}, StepResult.NOT_KNOWN, [Note.SHARING_UNKNOWN, Note.TEAMS]),
    ],
)
def test_what_sharing_does_not_say_is_said(changes: dict[str, Any], result: StepResult, notes: list[str]) -> None:
    one = found(StepKey.SHARING, **changes)
    assert (one.result, codes(one)) == (result, notes)


@pytest.mark.parametrize(
    ("ids", "is_allow_list", "is_excluded"),
    [
        ((PORTAL,), True, True),
        ((PORTAL, "Office365"), True, False),
        ((SHAREPOINT,), False, True),
        ((PORTAL,), False, False),
    ],
)
def test_sharepoint_is_no_comfort_and_no_cause_where_our_settings_leave_it_out(
    ids: tuple[str, ...], *, is_allow_list: bool, is_excluded: bool
) -> None:
    listed = ListedApplications(is_allow_list=is_allow_list, ids=ids)
    for capability in ("externalUserSharingOnly", "disabled"):
        one = found(StepKey.SHARING, listed=listed, sharepoint=read({"sharingCapability": capability}))
        assert (Note.SHARING_NOT_LISTED in codes(one)) is is_excluded
        assert (one.result is StepResult.NOT_KNOWN) is is_excluded


def test_an_error_after_the_last_success_stops_them() -> None:
    entries = log(signed_in(53003), signed_in(0, minutes=5), signed_in(500213, minutes=9))
    one = found(StepKey.SIGN_INS, sign_ins=read(entries), application=application(), access=read(UNREAD))
    assert one.cause is not None
    assert one.cause.values["code"] == 53003
    assert change_for(one.cause) == (Changer.OUR_ADMINS, Action.CHANGE_POLICY)
    passed = log(signed_in(53003, minutes=5), signed_in(0))
    assert codes(found(StepKey.SIGN_INS, sign_ins=read(passed))) == [Note.SIGNED_IN]


@pytest.mark.parametrize(
    ("entries", "result", "notes"),
    [
        (None, StepResult.NOT_KNOWN, [Note.TENANT_NOT_KNOWN]),
        (read(UNREAD), StepResult.NOT_READABLE, [Note.UNREADABLE]),
        (read(log(is_complete=False)), StepResult.NOT_KNOWN, [Note.NO_SIGN_INS, Note.INCOMPLETE_LOG]),
        (read(log(signed_in(0, user="x", address="jon@contoso.com"))), StepResult.NOT_KNOWN, [Note.NO_SIGN_INS]),
        (read(log(signed_in(424242), signed_in(None))), StepResult.NOT_KNOWN, [Note.UNEXPLAINED]),
        (read(log(signed_in(None))), StepResult.NOT_KNOWN, [Note.UNEXPLAINED]),
        (read(log(signed_in(50074))), StepResult.NOT_KNOWN, [Note.INTERRUPTED]),
    ],
)
def test_an_empty_or_unexplained_log_is_no_proof(entries: Any, result: StepResult, notes: list[str]) -> None:
    one = found(StepKey.SIGN_INS, sign_ins=entries)
    assert (one.result, codes(one)) == (result, notes)


@pytest.mark.parametrize("code", [500213, 0])
def test_a_sign_in_to_another_application_is_neither_a_cause_nor_a_proof(code: int) -> None:
    elsewhere = replace(signed_in(code), application="Archive")
    asked = application(name="Portal")
    unread = {"access": read(UNREAD), "configuration": read(UNREAD)}
    one = found(StepKey.SIGN_INS, sign_ins=read(log(elsewhere)), application=asked)
    assert (one.result, codes(one)) == (StepResult.NOT_KNOWN, [Note.OTHER_SIGN_INS])
    both_seen = log(elsewhere, signed_in(53003, minutes=9))
    one = found(StepKey.SIGN_INS, sign_ins=read(both_seen), application=asked, **unread)
    assert cause(one) == Cause.SIGN_IN_ERROR
    assert one.cause is not None
    assert one.cause.values["code"] == 53003, "a later sign-in to another application does not end it"
    for name, in_log in (("Portal", "PORTAL"), ("Office 365 SharePoint Online", "SharePoint Online"), ("Portal", "")):
        entries = log(replace(signed_in(500213), application=in_log))
        one = found(StepKey.SIGN_INS, sign_ins=read(entries), application=application(name=name), **unread)
        assert cause(one) == Cause.SIGN_IN_ERROR, name


PASSES_NOW = [Note.FAILED_EARLIER]


@pytest.mark.parametrize(
    ("code", "changes", "notes"),
    [
        (50057, {}, PASSES_NOW),
        (50057, {"accounts": read(UNREAD)}, None),
        (500213, {"application": application()}, PASSES_NOW),
        (53003, {"application": application()}, PASSES_NOW),
        (53003, {"application": application(), "access": read(UNREAD)}, None),
        (65001, {"application": application()}, None),
        (500212, {"application": application()}, None),
        (90071, {"application": application()}, None),
        (90071, {"application": application(), "access": read(UNREAD)}, None),
        (
            90071,
            {
                "application": application(),
                "access": read(AccessReport(visitors=(VisitorType.DIRECT_CONNECT,), trust=NO_TRUST)),
            },
            PASSES_NOW,
        ),
    ],
)
def test_a_refusal_whose_cause_is_gone_stops_nobody_any_more(
    code: int, changes: dict[str, Any], notes: list[str] | None
) -> None:
    """Only where the step that reads the cause passes now, for the application that was asked about."""
    diagnosis = diagnose(facts(sign_ins=read(log(signed_in(code))), **changes))
    one = diagnosis.steps[-1]
    if notes is None:
        assert one.cause is not None
        assert one.cause.values["code"] == code
        return
    assert (diagnosis.first, one.result, codes(one)) == (None, StepResult.NOT_KNOWN, notes)
    assert diagnosis.asks_them_first is False, "they are to try again first"


SUITE = {"configuration": read({"b2bCollaborationInbound": both("allowed", application="Office365")})}
EMPTY = {
    "configuration": read(
        {"b2bCollaborationInbound": both("allowed", application="5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6")}
    )
}
SINCE = NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("code", "minutes", "record", "settings", "first"),
    [
        (500213, 9, PartnerRecord(settings_since=SINCE), SUITE, None),
        (500213, 3, PartnerRecord(settings_since=SINCE), SUITE, Cause.SIGN_IN_ERROR),
        (500213, 9, PartnerRecord(settings_since=SINCE, has_drifted=True), SUITE, Cause.SIGN_IN_ERROR),
        (500213, 9, PartnerRecord(), SUITE, Cause.SIGN_IN_ERROR),
        (500213, 9, None, SUITE, Cause.SIGN_IN_ERROR),
        (500213, 9, PartnerRecord(settings_since=SINCE), EMPTY, Cause.APPLICATION_BLOCKED),
        (65001, 9, PartnerRecord(settings_since=SINCE), SUITE, Cause.SIGN_IN_ERROR),
        (500212, 9, PartnerRecord(settings_since=SINCE), SUITE, Cause.SIGN_IN_ERROR),
    ],
)
def test_a_refusal_by_our_settings_is_of_the_past_where_gatehouse_changed_them_since(
    code: int, minutes: int, record: PartnerRecord | None, settings: dict[str, Any], first: Cause | None
) -> None:
    """Also where it is not known what they mean now. Other changes of them, and other causes, say nothing."""
    entries = read(log(signed_in(code, minutes=minutes)))
    diagnosis = diagnose(facts(sign_ins=entries, application=application(), record=record, **settings))
    if first is not None:
        assert diagnosis.first is not None
        assert diagnosis.first.cause is not None
        assert diagnosis.first.cause.code == first
        return
    assert diagnosis.first is None
    assert diagnosis.last_sign_in is not None
    assert diagnosis.last_sign_in.values["since"] == SINCE.isoformat()


@pytest.mark.parametrize("code", [500213, 53000, 53001, 53003])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"access": read(UNREAD), "configuration": read(UNREAD)},
        {"application": application("", name="", typed="portal")},
        {"application": read(UNREAD)},
    ],
)
def test_without_an_application_a_refusal_of_one_is_no_cause(code: int, changes: dict[str, Any]) -> None:
    """The steps were judged for any application, so they say nothing about the one that refused."""
    diagnosis = diagnose(facts(sign_ins=read(log(signed_in(code))), **changes))
    one = diagnosis.steps[-1]
    assert (diagnosis.first, one.result, codes(one)) == (None, StepResult.NOT_KNOWN, [Note.REFUSED_FOR])
    assert (one.notes[0].values["application"], one.notes[0].values["code"]) == ("Portal", code)
    assert diagnosis.refusal == one.notes[0]
    assert diagnosis.asks_them_first is False, "they are to ask again about the application first"


def test_a_refusal_of_one_application_is_said_beside_a_cause_that_concerns_all() -> None:
    entries = log(signed_in(53003, user="a", address="a@contoso.com"), signed_in(65001))
    one = found(StepKey.SIGN_INS, sign_ins=read(entries), is_person=False, accounts=None)
    assert one.cause is not None
    assert (one.cause.values["code"], codes(one)) == (65001, [Note.REFUSED_FOR])
    assert found(StepKey.SIGN_INS, sign_ins=read(log(signed_in(90071)))).cause is not None, "it is about channels"


def test_what_failed_after_a_refusal_that_is_gone_is_still_said() -> None:
    entries = log(signed_in(424242), signed_in(50057, minutes=5), signed_in(65001, minutes=9))
    one = found(StepKey.SIGN_INS, sign_ins=read(entries))
    assert codes(one) == [Note.UNEXPLAINED, Note.FAILED_EARLIER]
    assert one.notes[0].values["codes"] == [424242]
    newer = log(signed_in(65001), signed_in(50057, minutes=5))
    assert cause(found(StepKey.SIGN_INS, sign_ins=read(newer))) == Cause.SIGN_IN_ERROR
    timeless = log(replace(signed_in(50057), at=None))
    assert found(StepKey.SIGN_INS, sign_ins=read(timeless)).notes[0].values["at"] is None


def test_who_got_in_is_not_told_to_ask_the_partner() -> None:
    assert diagnose(facts()).asks_them_first is False
    assert diagnose(facts(sign_ins=read(log()))).asks_them_first is True


def test_the_address_finds_sign_ins_where_the_account_is_not_known() -> None:
    failed: SignInLog = log(signed_in(50020, user=""))
    for accounts in (read(()), read(UNREAD), None):
        one = found(StepKey.SIGN_INS, sign_ins=read(failed), accounts=accounts)
        assert cause(one) == Cause.SIGN_IN_ERROR


def test_for_an_organization_the_error_of_most_people_counts() -> None:
    entries = log(
        signed_in(53003, user="a", address="a@contoso.com"),
        signed_in(65001, minutes=3, user="b", address="b@contoso.com"),
        signed_in(65001, minutes=4, user="c", address=""),
        replace(signed_in(0, user="d", address="d@contoso.com"), at=None),
    )
    one = found(StepKey.SIGN_INS, sign_ins=read(entries), is_person=False, accounts=None)
    assert one.cause is not None
    assert (one.cause.values["code"], one.cause.values["people"]) == (65001, 2)
    timeless = log(replace(signed_in(65001), at=None))
    without_time = found(StepKey.SIGN_INS, sign_ins=read(timeless), is_person=False)
    assert without_time.cause is not None
    assert without_time.cause.values["at"] is None


def test_the_first_cause_is_that_of_the_first_step_that_stops_them() -> None:
    diagnosis = diagnose(facts(accounts=read(()), sharepoint=read({"sharingCapability": "disabled"})))
    assert diagnosis.first is not None
    assert diagnosis.first.key is StepKey.ACCOUNT
    assert [one.key for one in diagnosis.stopping] == [StepKey.ACCOUNT, StepKey.SHARING]
    assert [one.key for one in diagnosis.open_steps] == [StepKey.THEIR_SETTINGS, StepKey.INVITATIONS]
    assert [one.key for one in diagnosis.steps] == list(StepKey)
    assert diagnose(facts()).first is None


def test_microsofts_own_applications_are_found_by_their_names_in_lower_case() -> None:
    assert KNOWN_APPLICATIONS["sharepoint online"].id == SHAREPOINT
    assert [name for name in KNOWN_APPLICATIONS if name != name.lower()] == []
    assert all(one.name.lower() in KNOWN_APPLICATIONS for one in KNOWN_APPLICATIONS.values())


def test_every_cause_and_code_has_somebody_who_can_change_it() -> None:
    assert CHANGES.keys() | {Cause.SIGN_IN_ERROR} == set(Cause)
    assert change_for(Fact(Cause.NO_ACCOUNT)) == (Changer.INVITERS, Action.INVITE)
    assert SIGN_IN_CODES[500212].side is Side.THEIRS
    assert SIGN_IN_CODES[500213].side is Side.OURS


def for_desk(effect: PolicyEffect, control: ControlKind = ControlKind.MFA, *ids: str) -> PolicyVerdict:
    """A policy for single applications."""
    conditions = (PolicyCondition(kind=ConditionType.APPLICATIONS, values=ids or (PORTAL,)),)
    return replace(verdict(effect, control=control), policy="Desk", conditions=conditions)


NAMED = {"applications": ["Invoice desk"]}
NAMES = {"template_names": {PORTAL: "Invoice desk"}}


def test_a_policy_for_single_applications_is_not_told_as_one_for_all() -> None:
    here, there = PolicyEffect.REQUIRED_IN_OUR_TENANT, PolicyEffect.REQUIRED_IN_PARTNER_TENANT
    one = found(StepKey.CONDITIONAL_ACCESS, access=access(for_desk(here), verdict(here)), **NAMES)
    assert one.notes == (
        Fact(Note.MFA_HERE, {"policies": ["P"]}),
        Fact(Note.MFA_HERE, {"policies": ["Desk"], **NAMED}),
    )
    assert one.result is StepResult.PASSES
    assert found(StepKey.CONDITIONAL_ACCESS, access=access(for_desk(there)), **NAMES).notes == (
        Fact(Note.MFA_THERE, NAMED),
    )


def test_the_strength_that_one_application_asks_for_is_no_question_to_everybody() -> None:
    asks = for_desk(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, ControlKind.STRENGTH)
    report = access(asks, trust=replace(NO_TRUST, mfa=True))
    diagnosis = diagnose(facts(access=report, **NAMES))
    one = step(diagnosis, StepKey.CONDITIONAL_ACCESS)
    assert one.notes == (
        Fact(Note.POLICY_FOR_APPLICATIONS, {"policies": ["Desk"], **NAMED}),
        Fact(Note.MFA_REGISTRATION),
    )
    assert (one.result, diagnosis.strength, diagnosis.needs_application) == (StepResult.NOT_KNOWN, None, True)
    named = diagnose(facts(access=report, application=application()))
    assert named.strength is not None, "they asked about this application"
    unnamed = found(StepKey.CONDITIONAL_ACCESS, access=access(asks)).notes[0]
    assert unnamed_applications(unnamed.values) == (PORTAL,)


def test_what_a_policy_leaves_out_does_not_make_it_one_for_single_applications_by_name() -> None:
    all_but = verdict(PolicyEffect.DEPENDS, ConditionType.APPLICATIONS)
    both_of_them = access(all_but, for_desk(PolicyEffect.DEPENDS))
    assert found(StepKey.CONDITIONAL_ACCESS, access=both_of_them).notes[0].values == {
        "policies": ["P", "Desk"],
        "applications": [],
    }


def test_an_older_refusal_of_somebody_else_does_not_lead_after_a_repair() -> None:
    """What Maria's refusal was about is repaired. Another person's refusal of days before says nothing of now."""
    repaired = signed_in(50057, minutes=5)
    older, newer = (signed_in(65001, minutes=one, user="a", address="a@contoso.com") for one in (900, 1))
    one = found(StepKey.SIGN_INS, sign_ins=read(log(repaired, older)), is_person=False, accounts=read((MARIA,)))
    assert (one.cause, codes(one)) == (None, [Note.FAILED_EARLIER])
    one = found(StepKey.SIGN_INS, sign_ins=read(log(newer, repaired)), is_person=False, accounts=read((MARIA,)))
    assert one.cause is not None
    assert one.cause.values["code"] == 65001, "it came after the repair"
