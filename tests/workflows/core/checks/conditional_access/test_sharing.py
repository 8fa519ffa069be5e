"""Partners that no policy tells apart share one evaluation; each named one has its own. Nothing unclear is shared."""

from typing import Any, Final

import pytest

from tests.workflows.core.policies import EVERYTHING, NOTHING, external, policy
from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import InboundTrustFlags, PolicyEffect, ReasonCode, VisitorType
from workflows.core.checks.conditional_access.findings import AccessBasis, access_findings, basis_of
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.questions import MAX_QUESTIONS, VisitorAccess
from workflows.core.checks.conditional_access.sharing import (
    ANY_TENANT,
    EvaluationInputs,
    evaluations_needed,
    inputs_of,
    selection_of,
    tells_apart_others,
    tenants_told_apart,
)
from workflows.core.checks.conditional_access.verdicts import AccessReport, Answers, assess
from workflows.core.checks.findings import FindingCode, Severity
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.settings.model import TenantId

GUESTS: Final = (VisitorAccess(visitor=VisitorType.GUEST, applications=(ALL,)),)
OFFICE: Final = (VisitorAccess(visitor=VisitorType.GUEST, applications=("Office365",)),)
DIRECT: Final = (VisitorAccess(visitor=VisitorType.DIRECT_CONNECT, applications=("Office365",)),)
TEMPLATES: Final = ((GUESTS, EVERYTHING), (OFFICE, NOTHING), (DIRECT, EVERYTHING))
FIRST: Final = TenantId("11111111-0000-4000-8000-000000000001")


def ids(count: int) -> list[TenantId]:
    return [TenantId(f"00000000-0000-4000-8000-{number:012X}") for number in range(count)]


def naming(*tenants: str, name: str = "Named", rule: str = "include", **more: Any) -> dict[str, Any]:
    """Return a policy that includes or excludes the people of some tenants."""
    users: dict[str, Any] = {f"{rule}GuestsOrExternalUsers": external("b2bCollaborationGuest", *tenants)}
    return policy("block", name=name, users=users if rule == "include" else {"includeUsers": ["All"], **users}, **more)


def unclear(**tenants: Any) -> dict[str, Any]:
    """Return a policy whose list of tenants has another form."""
    users = {"guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": tenants}
    return policy("block", name="Unclear", users={"includeGuestsOrExternalUsers": users})


def inputs(count: int, *documents: dict[str, Any]) -> list[EvaluationInputs]:
    """Return what the evaluation depends on for partners with three templates in turn."""
    named = tenants_told_apart(map(parse_policy, documents))
    return [inputs_of(one, *TEMPLATES[number % 3], named) for number, one in enumerate(ids(count))]


def needed(count: int, *documents: dict[str, Any]) -> int:
    return len(evaluations_needed(list(map(parse_policy, documents)), inputs(count, *documents)))


def test_ten_thousand_rows_with_three_templates_need_a_handful_of_evaluations() -> None:
    assert needed(10_000, policy("mfa"), policy("compliantDevice", name="Devices")) == 3
    assert needed(10_000, policy("mfa"), naming(*ids(10_000)[:5])) == 3 + 5
    assert needed(10_000, policy("mfa"), naming(*ids(10_000)[:5], rule="exclude")) == 3 + 5
    assert needed(10_000, policy("mfa"), naming(*ids(10_000)[:5], state="disabled")) == 3
    assert needed(10_000) == 0, "no policy is switched on: nothing to ask"


def test_a_tenant_is_named_in_any_letter_case_and_only_by_a_policy_that_is_switched_on() -> None:
    one = naming(FIRST.upper())
    report_only = naming("other", state="enabledForReportingButNotEnforced")
    assert tenants_told_apart([parse_policy(one), parse_policy(report_only)]) == {FIRST, "other"}
    assert tenants_told_apart([parse_policy({**one, "state": "disabled"})]) == frozenset()
    assert inputs_of(FIRST, GUESTS, NOTHING, frozenset({FIRST})).tenant_id == FIRST
    shared = inputs_of(FIRST, GUESTS, NOTHING, frozenset())
    assert (shared.tenant_id, shared.is_shared) == (ANY_TENANT, True)


def test_trust_changes_what_an_answer_means_and_not_what_is_asked() -> None:
    both = [inputs_of(FIRST, GUESTS, trust, frozenset()) for trust in (EVERYTHING, NOTHING)]
    assert len(set(both)) == 2
    assert len(evaluations_needed([parse_policy(policy("mfa"))], both)) == 1


def test_what_is_above_the_limit_of_a_plan_is_needed_too() -> None:
    many = [policy("block", name=f"{n}", applications={"includeApplications": [f"app-{n}"]}) for n in range(20)]
    parsed = list(map(parse_policy, many))
    one = inputs_of(FIRST, GUESTS, NOTHING, frozenset())
    assert len(evaluations_needed(parsed, [one])) == 21
    assert len(selection_of(parsed, one).questions) == MAX_QUESTIONS


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (policy("mfa"), False),
        (naming("known"), False),
        (naming("known", "Other"), True),
        (naming("other", rule="exclude"), True),
        (unclear(membershipKind="unknownFutureValue"), True),
        (unclear(membershipKind="enumerated"), True),
        (unclear(membershipKind="enumerated", members=[1]), True),
        (unclear(membershipKind="all"), False),
        (unclear(), False),
        (unclear(members=["known"]), True),
        (unclear(membershipKind="all", members=["known"]), True),
    ],
)
def test_a_policy_that_names_others_or_in_an_unknown_way_is_not_shared(
    document: dict[str, Any], *, expected: bool
) -> None:
    assert tells_apart_others(parse_policy(document), VisitorType.GUEST, frozenset({"known"})) is expected
    assert not tells_apart_others(parse_policy(document), VisitorType.DIRECT_CONNECT, frozenset({"known"}))


def shared(
    *documents: dict[str, Any],
    rows: list[dict[str, Any]] | UnreadableFact | None = None,
    trust: InboundTrustFlags = NOTHING,
    named: frozenset[str] = frozenset(),
) -> AccessReport:
    """Evaluate the policies with an answer about another partner; None: without any."""
    chosen = selection_of(list(map(parse_policy, documents)), inputs_of(FIRST, GUESTS, trust, named))
    answers: Answers = {} if rows is None else dict.fromkeys(chosen.questions, rows)
    return assess(documents, GUESTS, ANY_TENANT, trust, chosen, answers, shared_except=named)


def row(document: dict[str, Any], *, applies: bool) -> dict[str, Any]:
    return {**document, "policyApplies": applies, "analysisReasons": "notSet" if applies else "users"}


def test_a_shared_answer_is_an_estimate_that_says_so() -> None:
    found = shared(policy("block"), rows=[row(policy("block"), applies=True)])
    assert found.worst(VisitorType.GUEST) is PolicyEffect.LOCKED_OUT
    assert (found.is_estimate, found.is_partly_unanswered, basis_of(found)) == (True, False, AccessBasis.TEMPLATE)
    severities = {one.code: one.severity for one in access_findings(found)}
    assert severities == {FindingCode.CA_LOCKED_OUT: Severity.WARNING, FindingCode.CA_SHARED: Severity.UNCHECKED}


def test_without_an_answer_the_policies_were_read_and_that_is_said_instead() -> None:
    found = shared(policy("block"), rows=UnreadableFact(reason=UnreadableReason.THROTTLED))
    assert (found.is_estimate, basis_of(found)) == (True, AccessBasis.POLICIES)
    assert [one.code for one in access_findings(found)] == [FindingCode.CA_LOCKED_OUT, FindingCode.CA_ESTIMATE]
    nothing = UnreadableFact(reason=UnreadableReason.FORBIDDEN)
    chosen = selection_of([], inputs_of(FIRST, GUESTS, NOTHING, frozenset()))
    unread = assess(nothing, GUESTS, ANY_TENANT, NOTHING, chosen, {}, shared_except=frozenset())
    assert (unread.worst(VisitorType.GUEST), basis_of(unread)) == (PolicyEffect.NOT_KNOWN, AccessBasis.NOT_READ)


def test_without_a_policy_nothing_applies_for_certain() -> None:
    found = shared(policy("block", state="disabled"))
    assert (found.is_estimate, basis_of(found), access_findings(found)) == (False, AccessBasis.TENANT, ())


@pytest.mark.parametrize("document", [naming("other"), unclear(membershipKind="new")])
def test_an_answer_about_another_partner_proves_nothing_where_a_policy_tells_tenants_apart(
    document: dict[str, Any],
) -> None:
    """Entra's answer has a policy that its list did not have, or one whose tenants are not understood."""
    found = shared(policy("mfa"), rows=[row(policy("mfa"), applies=True), row(document, applies=False)])
    unknown = [one for one in found.verdicts if one.effect is PolicyEffect.NOT_KNOWN]
    assert [one.policy for one in unknown] == [document["displayName"]]
    assert unknown[0].reasons[0].code is ReasonCode.TENANTS_NOT_UNDERSTOOD
    assert found.worst(VisitorType.GUEST) is PolicyEffect.NOT_KNOWN
