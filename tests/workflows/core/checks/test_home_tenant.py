"""What was read around a plan becomes findings; what was not is never fine."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.findings.finding import finding_words
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from tests.workflows.core.builders import TENANT, access_plan, identity
from tests.workflows.core.policies import policy
from workflows.core.checks.conditional_access.questions import QuestionSelection
from workflows.core.checks.conditional_access.verdicts import AccessReport, assess
from workflows.core.checks.conditional_access.visitor_access import trust_under, visitor_access_under
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.home_tenant import circumstances, evaluate_facts, sign_in_values
from workflows.core.checks.tenant_facts import PreflightFacts, SignIns, UnreadableFact, UnreadableReason
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.settings.documents import parse_targets, to_document
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import (
    BLOCK_ALL,
    CLOSED,
    AccessType,
    B2BSetting,
    Capabilities,
    Capability,
    CapabilityName,
    M365CollaborationInbound,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
    TenantId,
)

BLOCKED: Final = to_document(BLOCK_ALL)
NOBODY: Final = SignIns(people=0, applications=(), is_complete=True)
SHUT_DEFAULT: Final[dict[str, Any]] = {
    **{name.value: to_document(setting) for name, setting in CLOSED.items()},
    "isServiceDefault": False,
}
OPEN_DEFAULT: Final[dict[str, Any]] = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
    "b2bCollaborationOutbound": None,
    "b2bDirectConnectInbound": BLOCKED,
    "b2bDirectConnectOutbound": BLOCKED,
    "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": False},
}
CALM: Final = PreflightFacts(
    default=OPEN_DEFAULT,
    access_policy={},
    authorization={"allowInvitesFrom": "adminsAndGuestInviters"},
    sharepoint={"sharingCapability": "externalUserSharingOnly"},
    conditional_access=(),
    sign_ins=NOBODY,
    outbound_sign_ins=NOBODY,
    by_id=identity(),
    own_domains=("woodgrove.com",),
)
ALWAYS: Final = {
    "default_applies",
    "mfa_registration_unread",
    "invitations",
    "domain_list_unread",
    "sign_ins",
    "outbound_sign_ins",
}
"""What the usual plan meets in a calm tenant: collaboration is inherited and open, MFA is trusted."""


def access(facts: PreflightFacts, plan: Plan) -> AccessReport:
    """Evaluate the policies that were read, without asking Entra."""
    default = None if isinstance(facts.default, UnreadableFact) else facts.default
    effective = effective_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    return assess(
        facts.conditional_access,
        visitor_access_under(effective),
        TENANT,
        trust_under(effective),
        QuestionSelection(questions=()),
        answers={},
    )


def found(plan: Plan | None = None, who: TenantIdentity | None = None, **facts: Any) -> dict[str, str]:
    """Return the findings for the usual facts with some changes: texts by code."""
    these, this = replace(CALM, **facts), plan or access_plan()
    findings = evaluate_facts(these, access(these, this), plan=this, identity=who or identity())
    return {finding.code: finding_words(finding) for finding in findings}


EVERYBODY: Final = TargetConfiguration(
    access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id="AllUsers"),)
)
CALENDAR: Final[dict[Property, Setting]] = {
    Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=EVERYBODY),
    Property.M365_CAPABILITIES: Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=EVERYBODY),)),
}
ABOUT_VISITORS: Final = {"mfa_registration_unread", "invitations", "domain_list_unread", "ca_locked_out"}


def sharing(before: dict[str, Any] | None = None, **more: Setting) -> Plan:
    """A plan for a calendar, and what else a mixed template has."""
    settings = CALENDAR | {Property(name): setting for name, setting in more.items()}
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="calendar",
        template_hash="h",
        duration=timedelta(days=90),
    )


def test_nothing_about_sign_ins_by_visitors_is_said_of_a_calendar_alone() -> None:
    """Nobody signs in to look at it, also where the default lets guests in."""
    compliant = policy("compliantDevice")
    assert ABOUT_VISITORS & set(found(sharing(), conditional_access=[compliant])) == set()
    untouched = {"tenantId": TENANT, "m365Capabilities": []}
    assert ABOUT_VISITORS & set(found(sharing(untouched), conditional_access=[compliant])) == set()
    refused = UnreadableFact(reason=UnreadableReason.FORBIDDEN)
    unread = found(sharing(), conditional_access=refused, authorization=refused, sharepoint=refused)
    assert {"conditional_access_unread", "invitations_unread", "sharepoint_unread"} & set(unread) == set()


def test_where_visitors_sign_in_too_it_is_said() -> None:
    compliant = policy("compliantDevice")
    guests = parse_targets(Property.B2B_COLLABORATION_INBOUND, OPEN_DEFAULT["b2bCollaborationInbound"])
    assert guests is not None
    mixed = found(sharing(b2bCollaborationInbound=guests), conditional_access=[compliant])
    standing = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}, "m365Capabilities": []}
    kept = found(sharing(standing), conditional_access=[compliant])
    for said in (mixed, kept):
        assert {"ca_locked_out", "invitations"} <= set(said)


def direct_connect() -> Plan:
    """A plan after which everybody of theirs comes in by direct connect, without trust."""
    setting = parse_targets(Property.B2B_DIRECT_CONNECT_INBOUND, OPEN_DEFAULT["b2bCollaborationInbound"])
    assert setting is not None
    return plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.B2B_DIRECT_CONNECT_INBOUND: setting},
        template="shared-channels",
        template_hash="h",
        duration=timedelta(days=90),
    )


def closing() -> Plan:
    """A plan after which nobody comes in."""
    return plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})


def test_a_calm_tenant() -> None:
    assert set(found()) == ALWAYS


@pytest.mark.parametrize(
    ("field", "code", "place"),
    [
        ("default", "default_unread", "Default settings"),
        ("authorization", "invitations_unread", "External collaboration settings"),
        ("conditional_access", "conditional_access_unread", "Conditional Access"),
        ("sharepoint", "sharepoint_unread", "SharePoint admin center"),
        ("sign_ins", "sign_ins_unread", "Sign-in logs"),
        ("outbound_sign_ins", "outbound_sign_ins_unread", "Sign-in logs"),
        ("by_id", "tenant_unconfirmed", "Add organization"),
        ("own_domains", "own_domains_unread", "Domain names"),
    ],
)
@pytest.mark.parametrize("why", UnreadableReason)
def test_what_could_not_be_read_is_said_with_reason_and_place(
    field: str, code: str, place: str, why: UnreadableReason
) -> None:
    unread_one: dict[str, Any] = {field: UnreadableFact(reason=why)}
    these = replace(CALM, **unread_one)
    findings = evaluate_facts(these, access(these, access_plan()), plan=access_plan(), identity=identity())
    (unread,) = [one for one in findings if one.code == code]
    assert unread.severity is Severity.UNCHECKED
    assert f"could not be checked ({UNREAD_REASON_WORDS[why]})" in finding_words(unread)
    assert place in finding_words(unread)
    assert finding_words(unread).endswith(".")
    assert ("Grant the application" in finding_words(unread)) is (why is UnreadableReason.FORBIDDEN)
    assert ("Entra ID P1" in finding_words(unread)) is (why is UnreadableReason.NO_LICENCE)


# --- who it is ---


def test_answers_that_disagree_are_an_error() -> None:
    other = replace(identity(), default_domain="contoso.example")
    assert "differ" in found(by_id=other)["tenant_mismatch"]
    assert "does not know a tenant with this ID" in found(by_id=None)["tenant_mismatch"]


def test_an_id_of_another_cloud_is_told_and_nothing_is_claimed() -> None:
    unknown = replace(identity(TENANT), is_resolved=False, default_domain="")
    facts: dict[str, Any] = {"access_policy": {"allowedCloudEndpoints": ["microsoftonline.us"]}, "by_id": None}
    assert "(microsoftonline.us)" in found(who=unknown, **facts)["other_cloud"]
    assert (
        "could not be read"
        in found(who=unknown, by_id=None, access_policy=UnreadableFact(reason=UnreadableReason.THROTTLED))[
            "other_cloud"
        ]
    )
    added = replace(access_plan(), is_cross_cloud=True)
    assert ("After it is added, the tenant's default applies") in found(added, who=unknown, **facts)[
        "other_cloud_blocked"
    ]
    known = found(replace(access_plan({"tenantId": TENANT}), is_cross_cloud=True), who=unknown, **facts)
    assert "other_cloud" in known
    assert "other_cloud_blocked" not in known, "it was added before"


# --- the default ---


def test_an_open_default_is_warned_of_by_name() -> None:
    text = found(closing())["default_open"]
    assert text.startswith("Microsoft's default does not block B2B collaboration inbound. If this partner's settings")
    assert "direct connect" not in text
    assert "outbound" not in text, "what the default does not say is not called open"
    mine = {**OPEN_DEFAULT, "isServiceDefault": False}
    assert found(closing(), default=mine)["default_open"].startswith("This tenant's default")


def test_an_open_default_is_an_issue_only_where_the_plan_makes_it_apply() -> None:
    """What is true of the tenant with and without the plan is a note: it does not ask for a decision."""
    given_back = plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT, "b2bCollaborationInbound": BLOCKED},
        settings={Property.B2B_COLLABORATION_INBOUND: None},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
    severities = {
        finding.code.value: finding.severity
        for plan in (access_plan(), closing(), given_back)
        for finding in evaluate_facts(CALM, access(CALM, plan), plan=plan, identity=identity())
        if finding.code.value.startswith("default_")
    }
    assert severities == {
        "default_applies": Severity.NOTE,
        "default_open": Severity.NOTE,
        "default_will_apply": Severity.WARNING,
    }


def test_what_the_default_leaves_open_now_is_said_to_apply_and_nothing_about_removal() -> None:
    """The usual plan sets trust only: collaboration is inherited before it and after it."""
    said = found()
    assert said["default_applies"].startswith("Microsoft's default does not block B2B collaboration inbound. This appl")
    assert "default_open" not in said
    assert "default_will_apply" not in said


def test_what_the_default_will_open_is_said_to_come_with_the_change() -> None:
    """A partner's own block is given back to the default, and a tenant of another cloud is added."""
    given_back = plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT, "b2bCollaborationInbound": BLOCKED},
        settings={Property.B2B_COLLABORATION_INBOUND: None},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
    added = replace(access_plan(), is_cross_cloud=True)
    for plan in (given_back, added):
        said = found(plan)
        assert "After the change, this applies to this partner" in said["default_will_apply"]
        assert "default_applies" not in said
    removed = found(replace(closing(), is_cross_cloud=True))
    assert "default_open" not in removed, "a removed partner of another cloud is blocked"


def test_a_shut_default_is_not() -> None:
    assert not {"default_open", "default_applies", "default_will_apply"} & found(default=SHUT_DEFAULT).keys()


# --- Conditional Access ---


def test_conditional_access_is_held_against_the_trust_after_the_plan() -> None:
    assert "ca_asked_there" in found(conditional_access=(policy("mfa"),))
    untrusted = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    assert "ca_asked_there" not in found(untrusted, conditional_access=(policy("mfa"),))


def test_circumstances_are_none_where_they_were_not_read() -> None:
    def around(**facts: Any) -> Any:
        these = replace(CALM, **facts)
        return circumstances(these, access(these, direct_connect()))

    assert around(conditional_access=(policy("mfa"),)).asks_guests_for_mfa is True
    assert around().asks_guests_for_mfa is False
    partial = policy("mfa", applications={"includeApplications": ["Office365"]})
    assert around(conditional_access=(partial,)).asks_guests_for_mfa is False, "not of everybody everywhere"
    block = policy("block")
    assert around(conditional_access=(block,)).asks_guests_for_mfa is False, "trust would not change it"
    assert around(conditional_access=UnreadableFact(reason=UnreadableReason.THROTTLED)).asks_guests_for_mfa is None
    assert around(default=UnreadableFact(reason=UnreadableReason.THROTTLED)).default is None
    assert around().default == OPEN_DEFAULT


# --- invitations ---


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("none", "Nobody can invite"),
        ("adminsGuestInvitersAndAllMembers", "Every member"),
        ("everyone", "even guests"),
        ("unknownFutureValue", "could not be checked: 'unknownFutureValue'"),
        (None, "could not be checked"),
    ],
)
def test_who_may_invite(who: str | None, words: str) -> None:
    assert words in found(authorization={"allowInvitesFrom": who})["invitations"]


def test_guests_who_see_as_members_do_are_warned_of() -> None:
    policy = {"allowInvitesFrom": "everyone", "guestUserRoleId": "a0b1b346-4d3e-4e8b-98f8-753987be4970"}
    assert "guests_see_all" in found(authorization=policy)


# --- SharePoint ---


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"sharingCapability": "disabled"}, "sharepoint_disabled"),
        ({"sharingCapability": "existingExternalUserSharingOnly"}, "sharepoint_existing_only"),
        ({"sharingDomainRestrictionMode": "allowList", "sharingAllowedDomainList": []}, "sharepoint_not_listed"),
        ({"sharingDomainRestrictionMode": "allowList", "sharingAllowedDomainList": ["Contoso.com"]}, None),
        ({"sharingDomainRestrictionMode": "allowList", "sharingAllowedDomainList": None}, "sharepoint_not_listed"),
        (
            {"sharingDomainRestrictionMode": "blockList", "sharingBlockedDomainList": ["contoso.com"]},
            "sharepoint_blocked",
        ),
        ({"sharingDomainRestrictionMode": "blockList", "sharingBlockedDomainList": ["x.com"]}, None),
    ],
)
def test_sharepoint_has_switches_of_its_own(settings: dict[str, Any], code: str | None) -> None:
    assert {name for name in found(sharepoint=settings) if "sharepoint" in name} == ({code} if code else set())


def test_a_plan_that_lets_nobody_in_asks_nothing_about_coming_in() -> None:
    facts: dict[str, Any] = {"conditional_access": (policy("mfa"),), "sharepoint": {"sharingCapability": "disabled"}}
    assert set(found(closing(), **facts)) == {"default_open", "sign_ins", "outbound_sign_ins"}


# --- sign-ins ---

SEEN: Final = SignIns(people=2, applications=("SharePoint Online",), is_complete=True)


def only(group: str) -> B2BSetting:
    """Lets one group of theirs into everything."""
    return B2BSetting(
        users_and_groups=TargetConfiguration(
            access=AccessType.ALLOWED, targets=(Target(type=TargetType.GROUP, id=group),)
        ),
        applications=TargetConfiguration(
            access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id="AllApplications"),)
        ),
    )


def test_who_would_lose_access_is_told_where_the_plan_narrows() -> None:
    assert "These people lose access" in found(closing(), sign_ins=SEEN)["sign_ins_lost"]
    swapped = plan_access(
        tenant_id=TENANT,
        before={
            "tenantId": TENANT,
            "b2bCollaborationInbound": to_document(only("11111111-0000-4000-8000-000000000001")),
        },
        settings={Property.B2B_COLLABORATION_INBOUND: only("11111111-0000-4000-8000-000000000002")},
        template="pilot",
        template_hash="h",
        duration=timedelta(days=90),
    )
    assert "These people may lose access" in found(swapped, sign_ins=SEEN)["sign_ins_lost"]
    assert "lose" not in found(sign_ins=SEEN)["sign_ins"]


def test_our_own_people_at_the_partner_are_counted_and_lose_only_what_is_closed_outbound() -> None:
    said = found(closing(), outbound_sign_ins=SEEN)
    assert said["outbound_sign_ins_lost"].startswith(
        "2 of our people signed in to 1 application (SharePoint Online) at the partner during the last 30 days."
    )
    inbound_only = plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT},
        settings={Property.B2B_COLLABORATION_INBOUND: BLOCK_ALL},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
    assert "lose" not in found(inbound_only, outbound_sign_ins=SEEN)["outbound_sign_ins"]
    assert "None of our people signed in at the partner" in found()["outbound_sign_ins"]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (NOBODY, "Nobody of the partner signed in successfully during the last 30 days. The log contains 30 days"),
        (
            SEEN,
            "2 people of the partner signed in to 1 application (SharePoint Online) during the last 30 days. The log",
        ),
        (
            SignIns(people=1, applications=tuple("ABCDEFG"), is_complete=False),
            "At least 1 person of the partner signed in to at least 7 applications (A, B, C, D, E and 2 more) during",
        ),
        (SignIns(people=0, applications=(), is_complete=False), "At least 0 people of the partner"),
    ],
)
def test_sign_ins_in_words(seen: SignIns, words: str) -> None:
    finding = Finding(code=FindingCode.SIGN_INS, severity=Severity.NOTE, source="A page", values=sign_in_values(seen))
    assert finding_words(finding).startswith(words)


def test_ids_are_compared_not_names() -> None:
    other = replace(identity(), tenant_id=TenantId("0ddba11d-0000-4000-8000-000000000001"))
    assert "tenant_mismatch" in found(by_id=other)
