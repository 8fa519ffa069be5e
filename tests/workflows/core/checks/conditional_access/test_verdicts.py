"""Entra says which policies apply; what it does not say for certain is estimated or not known, never fine."""

from typing import Any, Final

import pytest
from msgraph.generated.models.what_if_analysis_reasons import WhatIfAnalysisReasons

from tests.workflows.core.policies import EVERYTHING, NOTHING, external, policy
from workflows.core.checks.conditional_access.application_coverage import ALL, Coverage, covers
from workflows.core.checks.conditional_access.controls import InboundTrustFlags, PolicyEffect, ReasonCode, VisitorType
from workflows.core.checks.conditional_access.findings import MAX_KEPT, MAX_VALUES, access_findings
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.questions import (
    MAX_QUESTIONS,
    Question,
    QuestionSelection,
    VisitorAccess,
    questions,
)
from workflows.core.checks.conditional_access.scope import ClientApp, ConditionType, conditions_for
from workflows.core.checks.conditional_access.verdicts import AccessReport, Answers, PolicyVerdict, Source, assess
from workflows.core.checks.conditional_access.visitor_access import visitor_access_of
from workflows.core.checks.findings import FindingCode, Severity
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.settings.model import (
    BLOCK_ALL,
    AccessType,
    B2BSetting,
    Target,
    TargetConfiguration,
    TargetType,
    TenantId,
)

TENANT: Final = TenantId("partner")
OFFICE: Final = (VisitorAccess(visitor=VisitorType.GUEST, applications=("Office365",)),)
DIRECT: Final = (VisitorAccess(visitor=VisitorType.DIRECT_CONNECT, applications=(ALL,)),)
GUESTS: Final = Question(tenant_id=TENANT, visitor=VisitorType.GUEST, application="Office365", client=ClientApp.BROWSER)
THROTTLED: Final = UnreadableFact(reason=UnreadableReason.THROTTLED)


def report(
    *documents: dict[str, Any],
    entries: tuple[VisitorAccess, ...] = OFFICE,
    trust: InboundTrustFlags = NOTHING,
    answers: Answers | None = None,
) -> AccessReport:
    """Evaluate the policies; without Entra's answers, from the documents alone."""
    chosen = questions([parse_policy(one) for one in documents], entries, TENANT)
    return assess(documents, entries, TENANT, trust, chosen, answers or {})


def report_with_every_meaning() -> AccessReport:
    """Evaluate five policies for every kind of visitor, so that each effect occurs."""
    return report(
        policy("block", name="A"),
        policy("mfa", name="B"),
        policy(name="C", termsOfUse=["t"]),
        policy("block", name="D", state="enabledForReportingButNotEnforced"),
        policy("block", name="E", users={"includeGroups": ["g"]}),
        entries=tuple(VisitorAccess(visitor=one, applications=(ALL,)) for one in VisitorType),
    )


def says(document: dict[str, Any], effective: Any, reason: Any = "notSet", **more: Any) -> Answers:
    """Answer the one question about guests."""
    return {GUESTS: [{**document, "policyApplies": effective, "analysisReasons": reason, **more}]}


def only(found: AccessReport) -> PolicyVerdict:
    """The one verdict."""
    (verdict,) = found.verdicts
    return verdict


# --- what is asked ---


def asked(*documents: dict[str, Any], entries: tuple[VisitorAccess, ...] = OFFICE) -> list[tuple[str, ...]]:
    """What is asked, without the tenant."""
    found = questions([parse_policy(one) for one in documents], entries, TENANT)
    return [
        (one.visitor.value[3:], one.application, one.client.value[:7], one.sign_in_risk, one.user_risk)
        for one in found.questions
    ]


def test_one_sign_in_is_asked_where_no_policy_tells_more_apart() -> None:
    assert asked(policy("mfa")) == [("CollaborationGuest", "Office365", "browser", "none", "none")]
    assert asked() == asked(policy("mfa", state="disabled")) == [], "nothing is switched on: nothing to ask"
    members = policy("block", users={"includeGuestsOrExternalUsers": external("b2bCollaborationMember")})
    assert len(asked(members)) == 1, "that no policy means them is asked, not guessed"


def test_clients_and_risks_are_asked_only_where_a_policy_tells_them_apart() -> None:
    apps = policy("mfa", conditions={"clientAppTypes": ["mobileAppsAndDesktopClients"]})
    assert [one[2] for one in asked(apps)] == ["browser", "mobileA"]
    risk = policy("mfa", conditions={"signInRiskLevels": ["medium", "high"]})
    more = policy("mfa", name="More", conditions={"signInRiskLevels": ["high"]})
    users = policy("mfa", name="Users", conditions={"userRiskLevels": ["low"]})
    assert [one[3:] for one in asked(risk, more, users)] == [("none", "none"), ("high", "none"), ("none", "low")]
    legacy = policy("block", conditions={"clientAppTypes": ["exchangeActiveSync", "other"]})
    assert len(asked(legacy)) == 1, "older clients are not asked about"


def test_all_applications_are_asked_about_with_each_that_a_policy_names() -> None:
    named = policy("block", applications={"includeApplications": ["portal-1", "portal-2"]})
    suite = policy("mfa", name="Suite", applications={"includeApplications": ["Office365"]})
    everything = (VisitorAccess(visitor=VisitorType.GUEST, applications=(ALL,)),)
    assert [one[1] for one in asked(named, suite, entries=everything)] == ["All", "portal-1", "Office365"]


def test_at_most_twelve_are_asked_and_the_rest_is_named() -> None:
    many = [policy("block", name=f"{n}", applications={"includeApplications": [f"app-{n}"]}) for n in range(20)]
    everything = (VisitorAccess(visitor=VisitorType.GUEST, applications=(ALL,)),)
    chosen = questions([parse_policy(one) for one in many], everything, TENANT)
    assert (len(chosen.questions), len(chosen.left_out)) == (MAX_QUESTIONS, 9)
    answers: Answers = {
        question: [
            {**one, "policyApplies": question.application in one["conditions"]["applications"]["includeApplications"]}
            | {"analysisReasons": "application"}
            for one in many
        ]
        for question in chosen.questions
    }
    found = assess(many, everything, TENANT, NOTHING, chosen, answers)
    assert {one.source for one in found.verdicts} == {Source.ENTRA, Source.ESTIMATE}
    assert len(found.verdicts) == 20
    (estimate,) = [one for one in access_findings(found) if one.code is FindingCode.CA_ESTIMATE]
    assert {key: estimate.values[key] for key in ("why", "answered", "left_out")} == {
        "why": None,
        "answered": 12,
        "left_out": 9,
    }
    assert {
        "visitor": "b2bCollaborationGuest",
        "client": "browser",
        "application": "app-19",
        "user_risk": "none",
        "sign_in_risk": "none",
    } in estimate.values["questions"]


# --- what Entra answers ---


def test_a_policy_that_applies_is_checked() -> None:
    block = policy("block")
    found = report(block, answers=says(block, True))
    assert (only(found).effect, only(found).source) == (PolicyEffect.LOCKED_OUT, Source.ENTRA)
    assert not found.is_estimate


def test_who_it_reaches_is_entras_to_say_also_against_our_reading() -> None:
    members = policy("block", users={"includeGuestsOrExternalUsers": external("b2bCollaborationMember")})
    assert only(report(members, answers=says(members, True))).effect is PolicyEffect.LOCKED_OUT
    everybody = policy("block")
    assert report(everybody, answers=says(everybody, False, "users")).verdicts == ()


@pytest.mark.parametrize("reason", [one.value for one in WhatIfAnalysisReasons])
def test_every_reason_that_the_sdk_names_is_understood_or_not_known(reason: str) -> None:
    block = policy("block")
    found = report(block, answers=says(block, False, reason))
    settled = {"users", "workloadIdentities", "policyNotEnabled", "emptyPolicy", "application", "clientApps"}
    if reason in settled | {"signInRisk", "userRisk"}:
        assert found.verdicts == ()
    else:
        assert only(found).effect is PolicyEffect.NOT_KNOWN


def test_not_enough_information_is_not_known_with_what_the_policy_turns_on() -> None:
    somewhere = policy("block", conditions={"locations": {"includeLocations": ["abroad"]}})
    found = only(report(somewhere, answers=says(somewhere, False, "notEnoughInformation")))
    assert (found.effect, found.reasons[0].code) == (PolicyEffect.NOT_KNOWN, ReasonCode.NOT_ENOUGH_INFORMATION)
    assert found.conditions[0].kind is ConditionType.LOCATIONS


@pytest.mark.parametrize(
    ("conditions", "reason", "when"),
    [
        ({"platforms": {"includePlatforms": ["android"]}}, "devicePlatform", ConditionType.PLATFORMS),
        ({"locations": {"includeLocations": ["abroad"]}}, "location", ConditionType.LOCATIONS),
        ({"devices": {"deviceFilter": {"mode": "include", "rule": "x"}}}, "devices", ConditionType.DEVICES),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, "authenticationFlow", ConditionType.FLOWS),
        ({"insiderRiskLevels": "elevated"}, "insiderRisk", ConditionType.INSIDER_RISK),
        ({"times": {"from": "dusk"}}, "time", ConditionType.OTHER),
    ],
)
def test_what_no_question_states_leaves_it_open(conditions: dict[str, Any], reason: str, when: ConditionType) -> None:
    """Asked without a platform, a place or a device, Entra says that the policy does not apply. It may all the same."""
    block = policy("block", conditions=conditions)
    for found in (only(report(block, answers=says(block, False, reason))), only(report(block))):
        assert (found.effect, found.effect_where_applied) == (PolicyEffect.DEPENDS, PolicyEffect.LOCKED_OUT)
        assert [one.kind for one in found.conditions] == [when]


def test_groups_roles_and_accounts_depend_while_no_account_is_named() -> None:
    for users in ({"includeGroups": ["g"]}, {"includeRoles": ["r"]}, {"includeUsers": ["somebody"]}):
        block = policy("block", users=users)
        found = only(report(block, answers=says(block, False, "users")))
        assert (found.effect, found.conditions[0].kind) == (PolicyEffect.DEPENDS, ConditionType.MEMBERSHIP)
    assert report(policy("block", users={"includeGroups": ["g"]}), entries=DIRECT).verdicts == (), (
        "they have no account"
    )


def test_groups_are_decided_where_entra_knows_the_account() -> None:
    block = policy("block", users={"includeGroups": ["g"]})
    chosen = questions([parse_policy(block)], OFFICE, TENANT).of_account("m1")
    assert {question.user_id for question in (*chosen.questions, *chosen.left_out)} == {"m1"}
    answers = {
        question: [{**block, "policyApplies": False, "analysisReasons": "users"}] for question in chosen.questions
    }
    assert assess([block], OFFICE, TENANT, NOTHING, chosen, answers).verdicts == ()


def test_what_excludes_groups_locks_out_the_others() -> None:
    found = only(report(policy("block", users={"includeUsers": ["All"], "excludeGroups": ["g"]})))
    assert (found.effect, found.conditions[0].kind) == (PolicyEffect.LOCKED_OUT, ConditionType.NOT_EXCLUDED)


@pytest.mark.parametrize(
    "row", [{"policyApplies": "yes"}, {"policyApplies": None}, {"policyApplies": False, "analysisReasons": 7}, None]
)
def test_an_answer_of_the_wrong_shape_is_not_known(row: dict[str, Any] | None) -> None:
    block = policy("block")
    answers: Answers = {GUESTS: [] if row is None else [{**block, **row}]}
    found = only(report(block, answers=answers))
    assert (found.effect, found.reasons[0].code) == (PolicyEffect.NOT_KNOWN, ReasonCode.ANSWER_NOT_UNDERSTOOD)


def test_a_policy_that_the_list_does_not_have_is_checked_and_named() -> None:
    ghost = policy("block", name="Ghost")
    found = report(policy("mfa"), answers={GUESTS: [*says(ghost, True)[GUESTS], *says(policy("mfa"), True)[GUESTS]]})  # type: ignore[misc]
    assert found.unlisted_policies == ("Ghost",)
    (unlisted,) = [one for one in access_findings(found) if one.code is FindingCode.CA_UNLISTED]
    assert unlisted.values == {"policies": ["Ghost"], "count": 1}
    assert found.worst(VisitorType.GUEST) is PolicyEffect.LOCKED_OUT


def test_a_state_that_is_not_understood_is_not_known() -> None:
    paused = policy("block", state="paused")
    assert only(report(paused, answers=says(paused, True))).effect is PolicyEffect.NOT_KNOWN


def test_where_nothing_was_read_only_that_is_said() -> None:
    found = assess(THROTTLED, OFFICE, TENANT, NOTHING, QuestionSelection(questions=()), {})
    assert found.worst(VisitorType.GUEST) is PolicyEffect.NOT_KNOWN
    assert found.requires_mfa_trust is None
    assert found.unreadable == THROTTLED
    assert [one.code for one in access_findings(found)] == ["conditional_access_unread"]
    assert assess(THROTTLED, (), TENANT, NOTHING, QuestionSelection(questions=()), {}).unreadable is None


@pytest.mark.parametrize("why", UnreadableReason)
def test_why_entra_was_not_asked_is_said_and_the_policies_are_checked_all_the_same(why: UnreadableReason) -> None:
    found = report(policy("block"), answers={GUESTS: UnreadableFact(reason=why)})
    assert found.is_estimate
    assert only(found).source is Source.ESTIMATE
    (said,) = [one for one in access_findings(found) if one.code is FindingCode.CA_ESTIMATE]
    assert (said.severity, said.values["why"]) == (Severity.UNCHECKED, why.value)


def test_direct_connect_is_said_to_need_trust_only_where_trust_alone_would_help() -> None:
    assert report(policy("mfa"), entries=DIRECT).requires_mfa_trust is True
    assert report(policy("mfa"), entries=DIRECT, trust=EVERYTHING).requires_mfa_trust is False
    for other in (policy("block"), policy("compliantDevice"), policy("mfa", conditions={"signInRiskLevels": ["high"]})):
        assert report(other, entries=DIRECT).requires_mfa_trust is False
    assert report(policy("mfa", state="enabledForReportingButNotEnforced"), entries=DIRECT).requires_mfa_trust is False


# --- reading who and what a policy means ---


@pytest.mark.parametrize(
    ("users", "visitors"),
    [
        ({"includeUsers": ["All"]}, set(VisitorType)),
        ({"includeUsers": ["GuestsOrExternalUsers"]}, set(VisitorType)),
        ({"includeUsers": ["None"]}, set()),
        ({"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]}, set()),
        ({"includeGuestsOrExternalUsers": external("b2bCollaborationMember")}, {VisitorType.MEMBER}),
        ({"includeGuestsOrExternalUsers": external("b2bCollaborationGuest, b2bDirectConnectUser", "PARTNER")},
         {VisitorType.GUEST, VisitorType.DIRECT_CONNECT}),
        ({"includeGuestsOrExternalUsers": external("b2bCollaborationGuest", "other")}, set()),
        ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": external("b2bCollaborationMember")},
         {VisitorType.GUEST, VisitorType.DIRECT_CONNECT}),
        ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": external("b2bCollaborationGuest", "other")},
         set(VisitorType)),
        ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": {"members": ["other"]}}},
         set(VisitorType)),
        ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": ["other"]}}, set(VisitorType)),
        ({"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "visitorOfTomorrow"}}, set(VisitorType)),
        ({"includeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": {"membershipKind": "some"}}},
         {VisitorType.GUEST}),
        ({"includeUsers": "All"}, set(VisitorType)),
    ],
)  # fmt: skip
def test_whom_a_policy_means(users: dict[str, Any], visitors: set[VisitorType]) -> None:
    """What is not understood leaves it open: it may mean them."""
    parsed = parse_policy(policy("block", users=users))
    assert {one for one in VisitorType if conditions_for(parsed, one, TENANT, (ALL,)) is not None} == visitors


@pytest.mark.parametrize(
    ("include", "exclude", "application", "expected"),
    [
        (["All"], [], "All", Coverage.WHOLLY),
        (["All"], ["x-1"], "All", Coverage.PARTLY),
        (["All"], ["x-1"], "x-1", Coverage.NO),
        (["All"], ["x-1"], "x-2", Coverage.WHOLLY),
        (["All"], ["Office365"], "x-1", Coverage.PERHAPS),
        (["All"], ["x-1"], "Office365", Coverage.PARTLY),
        (["Office365"], [], "Office365", Coverage.WHOLLY),
        (["Office365"], [], "x-1", Coverage.PERHAPS),
        (["x-1"], [], "Office365", Coverage.PERHAPS),
        (["x-1"], [], "All", Coverage.PARTLY),
        (["x-1"], ["x-1"], "All", Coverage.NO),
        (["x-1"], ["Office365"], "All", Coverage.PERHAPS),
        (["MicrosoftAdminPortals"], [], "x-1", Coverage.PERHAPS),
        (["AllAgentResources"], [], "x-1", Coverage.PERHAPS),
        (["None"], [], "All", Coverage.NO),
        ([], [], "All", Coverage.NO),
    ],
)
def test_which_applications_a_policy_covers(
    include: list[str], exclude: list[str], application: str, expected: Coverage
) -> None:
    rule = {"includeApplications": include, "excludeApplications": exclude}
    assert covers(parse_policy(policy("block", applications=rule)), application) is expected


def test_an_application_filter_leaves_it_open() -> None:
    rule = {"applicationFilter": {"mode": "exclude", "rule": "x"}}
    assert covers(parse_policy(policy("block", applications=rule)), ALL) is Coverage.PERHAPS
    assert only(report(policy("block", applications=rule))).effect is PolicyEffect.DEPENDS


def test_a_policy_that_asks_nothing_is_not_told() -> None:
    nothing = policy()
    assert report(nothing, answers=says(nothing, True)).verdicts == report(nothing).verdicts == ()


def test_actions_contexts_and_workloads_are_distinguished_from_sign_ins() -> None:
    def of(**applications: Any) -> tuple[PolicyVerdict, ...]:
        return report(policy("block", applications={"includeApplications": [], **applications})).verdicts

    assert of(includeUserActions=["urn:user:registerdevice"]) == ()
    assert of(includeUserActions=["urn:user:registersecurityinfo"])[0].conditions[0].kind is ConditionType.REGISTRATION
    context = of(includeAuthenticationContextClassReferences=["c1"])[0]
    assert (context.effect, context.conditions[0].kind) == (PolicyEffect.DEPENDS, ConditionType.AUTHENTICATION_CONTEXT)
    workload = {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}}
    assert report(policy("block", users={"includeUsers": ["None"]}, conditions=workload)).verdicts == ()


# --- who comes in ---

PORTAL: Final = "aaaaaaaa-0000-4000-8000-000000000001"
MAIL: Final = "bbbbbbbb-0000-4000-8000-000000000002"


def setting(*applications: str, access: AccessType = AccessType.ALLOWED) -> B2BSetting:
    """Everybody, to these applications."""
    people = (Target(type=TargetType.USER, id="AllUsers"),)
    targets = tuple(Target(type=TargetType.APPLICATION, id=one) for one in applications)
    return B2BSetting(
        users_and_groups=TargetConfiguration(access=AccessType.ALLOWED, targets=people),
        applications=TargetConfiguration(access=access, targets=targets),
    )


@pytest.mark.parametrize(
    ("collaboration", "synchronizes", "expected"),
    [
        (setting("Office365"), False, {VisitorType.GUEST: ("Office365",)}),
        (setting("Office365"), True, {VisitorType.GUEST: ("Office365",), VisitorType.MEMBER: ("Office365",)}),
        (setting("Office365"), None, {VisitorType.GUEST: ("Office365",), VisitorType.MEMBER: ("Office365",)}),
        (setting(MAIL, PORTAL), False, {VisitorType.GUEST: (PORTAL, MAIL)}),
        (setting("a-1"), False, {VisitorType.GUEST: (ALL,)}),
        (setting("AllApplications"), False, {VisitorType.GUEST: (ALL,)}),
        (setting("AllMicrosoftApps", PORTAL), False, {VisitorType.GUEST: (ALL,)}),
        (setting(PORTAL, access=AccessType.BLOCKED), False, {VisitorType.GUEST: (ALL,)}),
        (B2BSetting(users_and_groups=None, applications=None), False, {VisitorType.GUEST: (ALL,)}),
        (BLOCK_ALL, True, {}),
    ],
)
def test_who_comes_in_and_to_what(
    collaboration: B2BSetting, synchronizes: bool | None, expected: dict[VisitorType, tuple[str, ...]]
) -> None:
    found = visitor_access_of(collaboration=collaboration, direct_connect=BLOCK_ALL, synchronizes=synchronizes)
    assert {one.visitor: one.applications for one in found} == expected
    found = visitor_access_of(collaboration=BLOCK_ALL, direct_connect=collaboration, synchronizes=synchronizes)
    assert [one.visitor for one in found] == ([VisitorType.DIRECT_CONNECT] if expected else [])


@pytest.mark.parametrize("conditions", [{}, {"users": {"includeUsers": ["All"]}}, {"users": 7, "applications": []}])
def test_a_policy_without_its_conditions_may_apply(conditions: dict[str, Any]) -> None:
    found = only(report({**policy("block"), "conditions": conditions}))
    assert (found.effect, found.effect_where_applied) == (PolicyEffect.DEPENDS, PolicyEffect.LOCKED_OUT)


def test_clients_and_platforms_that_are_all_of_them_are_no_condition() -> None:
    cases: list[dict[str, Any]] = [
        {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]},
        {"clientAppTypes": []},
        {"platforms": {"includePlatforms": ["all"]}, "locations": {"includeLocations": ["All"]}},
    ]
    for conditions in cases:
        assert only(report(policy("block", conditions=conditions))).conditions == ()
    future = only(report(policy("block", conditions={"clientAppTypes": ["unknownFutureValue"]})))
    assert future.conditions[0].values == ("browser", "mobileAppsAndDesktopClients")


def test_a_policy_for_other_applications_only_is_not_told() -> None:
    entries = (VisitorAccess(visitor=VisitorType.GUEST, applications=("a-1",)),)
    assert report(policy("block", applications={"includeApplications": ["b-1"]}), entries=entries).verdicts == ()


# --- facts ---


def test_one_fact_for_each_meaning_the_worst_first() -> None:
    found = access_findings(report_with_every_meaning())
    assert [one.code for one in found] == [
        *(
            FindingCode.CA_LOCKED_OUT,
            FindingCode.CA_DEPENDS,
            FindingCode.CA_REQUIRED_IN_OUR_TENANT,
            FindingCode.CA_WORKS,
        ),
        *(FindingCode.CA_REPORT_ONLY, FindingCode.CA_ESTIMATE),
    ]
    issues = [one.code for one in found if one.severity is Severity.WARNING]
    assert issues == [FindingCode.CA_LOCKED_OUT], "what people can do themselves asks for no decision"
    told = [(one["policy"], one["visitors"], one["remedies"]) for one in found[0].values["verdicts"]]
    direct = "b2bDirectConnectUser"
    assert told == [
        ("A", ["b2bCollaborationGuest", "b2bCollaborationMember", direct], ["exclude", "other_control"]),
        ("B", [direct], ["accept_mfa", "exclude"]),
        ("C", [direct], ["exclude", "other_control"]),
    ]


def test_a_fact_keeps_as_much_as_people_read_and_counts_the_rest() -> None:
    several = policy("block", conditions={"locations": {"includeLocations": [f"place {n}" for n in range(30)]}})
    (found,) = [one for one in access_findings(report(several)) if one.code is FindingCode.CA_DEPENDS]
    (condition,) = found.values["verdicts"][0]["conditions"]
    assert (len(condition["values"]), condition["count"]) == (MAX_VALUES, 30)
    ghosts = [policy("block", name=f"Ghost {n}") for n in range(MAX_KEPT + 5)]
    answers: Answers = {GUESTS: [row for one in ghosts for row in says(one, True)[GUESTS]]}  # type: ignore[union-attr]
    (unlisted,) = [one for one in access_findings(report(answers=answers)) if one.code is FindingCode.CA_UNLISTED]
    assert (len(unlisted.values["policies"]), unlisted.values["count"]) == (MAX_KEPT, MAX_KEPT + 5)
