"""Evaluate the effect of Conditional Access on a partner's people.

Entra decides which policies apply, and `controls` decides their effect. Without a certain answer of Entra, a policy is
evaluated from its own document. The result is then an estimate. An unknown result is never reported as "works".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workflows.core.checks.conditional_access.controls import (
    InboundTrustFlags,
    PolicyEffect,
    PolicyOutcome,
    PolicyReason,
    ReasonCode,
    Remedy,
    VisitorType,
    is_worse,
    outcome_of,
    remedies,
)
from workflows.core.checks.conditional_access.entra_answers import (
    ANSWERED_REASONS,
    UNANSWERED_REASONS,
    reason_of,
    rows_by_policy,
)
from workflows.core.checks.conditional_access.policy import Policy, PolicyState, parse_policy
from workflows.core.checks.conditional_access.questions import Question, QuestionSelection, VisitorAccess
from workflows.core.checks.conditional_access.scope import CERTAIN, ConditionType, PolicyCondition, conditions_for
from workflows.core.checks.conditional_access.sharing import tells_apart_others
from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId

Answers = Mapping[Question, Sequence[JsonObject] | UnreadableFact]


class Source(StrEnum):
    """What a verdict is based on."""

    ENTRA = "entra"
    """Entra's evaluation says that the policy applies, or which information is missing."""
    ESTIMATE = "estimate"
    """Gatehouse found from the policy's document whom it applies to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVerdict:
    """The effect of one policy on one kind of visitor."""

    policy_id: str
    policy: str
    """The policy's name, which is text from the tenant."""
    is_enforced: bool
    """False for a report-only policy."""
    visitor: VisitorType
    effect: PolicyEffect
    effect_where_applied: PolicyEffect
    """The effect on a sign-in to which the policy applies."""
    reasons: tuple[PolicyReason, ...]
    conditions: tuple[PolicyCondition, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """The effect of Conditional Access on every kind of visitor that can get access."""

    visitors: tuple[VisitorType, ...] = ()
    trust: InboundTrustFlags | None = None
    """Which of their claims are trusted; None when there is no visitor."""
    verdicts: tuple[PolicyVerdict, ...] = ()
    """The verdicts, the worst first. A policy that applies to none of these visitors has no verdict."""
    policies: int = 0
    """The number of policies that are switched on, including report-only policies."""
    unreadable: UnreadableFact | None = None
    """Why neither Entra's evaluation nor the policies could be read. There are then no verdicts."""
    unanswered_because: UnreadableFact | None = None
    """Why Entra did not answer some questions."""
    left_out: tuple[Question, ...] = ()
    """The questions that were not asked or not answered."""
    answered_count: int = 0
    """The number of questions that Entra answered."""
    unlisted_policies: tuple[str, ...] = ()
    """The names of policies that are in an answer of Entra, but not in the list of policies."""
    is_shared: bool = False
    """Whether Entra was asked once for all partners with this access, and not about each of them."""

    @property
    def is_estimate(self) -> bool:
        """Return whether a part of the report is an estimate: Entra was not asked, or not about this tenant."""
        return self.is_partly_unanswered or (self.is_shared and self.answered_count > 0)

    @property
    def is_partly_unanswered(self) -> bool:
        """Return whether Entra left a question unanswered, so that the policies were read instead."""
        return self.unreadable is None and (self.unanswered_because is not None or bool(self.left_out))

    @property
    def requires_mfa_trust(self) -> bool | None:
        """Return whether direct connect users are locked out everywhere only because MFA trust is missing.

        None: not known.
        """
        if self.unreadable is not None:
            return None
        return any(
            verdict.visitor is VisitorType.DIRECT_CONNECT
            and verdict.is_enforced
            and verdict.effect is PolicyEffect.LOCKED_OUT
            and not verdict.conditions
            and verdict.remedies == (Remedy.ACCEPT_MFA, Remedy.EXCLUDE)
            for verdict in self.verdicts
        )

    def worst(self, visitor: VisitorType) -> PolicyEffect:
        """Return the worst effect of an enforced policy on a visitor."""
        effects = [verdict.effect for verdict in self.verdicts if verdict.is_enforced and verdict.visitor is visitor]
        if self.unreadable is not None:
            effects.append(PolicyEffect.NOT_KNOWN)
        return max(effects, key=list(PolicyEffect).index, default=PolicyEffect.WORKS)


def assess(
    documents: Sequence[JsonObject] | UnreadableFact,
    entries: Sequence[VisitorAccess],
    tenant_id: TenantId,
    trust: InboundTrustFlags,
    selection: QuestionSelection,
    answers: Answers,
    *,
    shared_except: frozenset[str] | None = None,
) -> AccessReport:
    """Evaluate every policy for every kind of visitor.

    :param documents: the list of policies, or why it could not be read.
    :param answers: Entra's answer to each question; a question that was not asked is absent.
    :param shared_except: for answers that all partners share, the tenants that are asked about by themselves; None:
        the answers are about this tenant.
    """
    is_unread = isinstance(documents, UnreadableFact)
    listed = {} if isinstance(documents, UnreadableFact) else {one.id: one for one in map(parse_policy, documents)}
    rows = {key: rows_by_policy(answer) for key, answer in answers.items() if not isinstance(answer, UnreadableFact)}
    evaluated = {key: parse_policy(row) for answer in rows.values() for key, row in answer.items()}
    policies = {**evaluated, **listed}
    visitors = tuple(entry.visitor for entry in entries)
    failed = next((answer for answer in answers.values() if isinstance(answer, UnreadableFact)), None)
    if isinstance(documents, UnreadableFact) and not rows:
        return AccessReport(visitors=visitors, trust=trust, unreadable=documents if entries else None)
    active = [evaluated.get(policy.id, policy) for policy in policies.values() if not policy.is_off]
    verdicts = [one for entry in entries for one in _verdicts(active, entry, tenant_id, trust, rows, shared_except)]
    return AccessReport(
        visitors=visitors,
        trust=trust,
        verdicts=_worst_first(verdicts),
        policies=len(active),
        unanswered_because=failed,
        left_out=(*(question for question in selection.questions if question not in rows), *selection.left_out),
        answered_count=len(rows),
        unlisted_policies=() if is_unread else tuple(evaluated[key].name for key in evaluated if key not in listed),
        is_shared=shared_except is not None,
    )


def _worst_first(verdicts: Sequence[PolicyVerdict]) -> tuple[PolicyVerdict, ...]:
    """Return verdicts of enforced policies first, and of those the worst effect first."""
    effects = list(PolicyEffect)
    return tuple(
        sorted(verdicts, key=lambda verdict: (not verdict.is_enforced, -effects.index(verdict.effect), verdict.policy))
    )


def _verdicts(
    policies: Sequence[Policy],
    entry: VisitorAccess,
    tenant_id: TenantId,
    trust: InboundTrustFlags,
    answers: Mapping[Question, Mapping[str, JsonObject]],
    shared_except: frozenset[str] | None,
) -> Iterator[PolicyVerdict]:
    """Evaluate every policy for one kind of visitor. A policy that never applies to it gives no verdict."""
    own_answers = [(question, answer) for question, answer in answers.items() if question.visitor is entry.visitor]
    for policy in policies:
        if shared_except is not None and tells_apart_others(policy, entry.visitor, shared_except):
            verdict: PolicyVerdict | None
            verdict = _verdict_not_known(policy, entry.visitor, (), ReasonCode.TENANTS_NOT_UNDERSTOOD, "")
        else:
            verdict = _verdict(policy, entry, tenant_id, trust, own_answers)
        if verdict is not None:
            yield verdict


def _verdict(
    policy: Policy,
    entry: VisitorAccess,
    tenant_id: TenantId,
    trust: InboundTrustFlags,
    answers: Sequence[tuple[Question, Mapping[str, JsonObject]]],
) -> PolicyVerdict | None:
    conditions = conditions_for(policy, entry.visitor, tenant_id, entry.applications)
    answers_about_policy = [(question, answer.get(policy.id)) for question, answer in answers]
    if any(row is not None and row.get("policyApplies") is True for _, row in answers_about_policy):
        # NB. this is also right where the policy's document seems to say something else: Entra decides.
        return _evaluate(policy, entry.visitor, trust, _certain_conditions(conditions), Source.ENTRA)
    reasons = [reason_of(row) for question, row in answers_about_policy if question.meets_conditions_of(policy, entry)]
    if not reasons:
        # No answered question meets the conditions of the policy.
        return None if conditions is None else _evaluate(policy, entry.visitor, trust, conditions, Source.ESTIMATE)
    if "notEnoughInformation" in reasons:
        return _verdict_not_known(policy, entry.visitor, conditions or (), ReasonCode.NOT_ENOUGH_INFORMATION, "")
    if unknown_reason := next(
        (reason for reason in reasons if reason not in ANSWERED_REASONS and reason not in UNANSWERED_REASONS), None
    ):
        return _verdict_not_known(
            policy, entry.visitor, conditions or (), ReasonCode.ANSWER_NOT_UNDERSTOOD, unknown_reason
        )
    left_open = tuple(
        condition
        for condition in conditions or ()
        if any(condition.kind in UNANSWERED_REASONS.get(reason, ()) for reason in reasons)
        and not (condition.kind is ConditionType.MEMBERSHIP and all(question.user_id for question, _ in answers))
    )
    if left_open:
        remaining = tuple(each for each in conditions or () if each in left_open or each.kind in CERTAIN)
        return _evaluate(policy, entry.visitor, trust, remaining, Source.ENTRA)
    if all(reason in ANSWERED_REASONS for reason in reasons):
        return None
    # Entra names a condition that was not found in the policy's document.
    return _verdict_not_known(policy, entry.visitor, conditions or (), ReasonCode.ANSWER_NOT_UNDERSTOOD, reasons[0])


def _certain_conditions(conditions: tuple[PolicyCondition, ...] | None) -> tuple[PolicyCondition, ...]:
    """Return the conditions under which a policy applies that Entra reported as applying."""
    return tuple(condition for condition in conditions or () if condition.kind in CERTAIN)


def _evaluate(
    policy: Policy,
    visitor: VisitorType,
    trust: InboundTrustFlags,
    conditions: tuple[PolicyCondition, ...],
    source: Source,
) -> PolicyVerdict | None:
    if policy.state is PolicyState.UNKNOWN:
        return _verdict_not_known(policy, visitor, conditions, ReasonCode.STATE_NOT_UNDERSTOOD, "")
    outcome = outcome_of(policy, visitor, trust)
    if outcome == PolicyOutcome(effect=PolicyEffect.WORKS):
        return None
    is_uncertain = any(condition.kind not in CERTAIN for condition in conditions)
    effect = (
        PolicyEffect.DEPENDS
        if is_uncertain and is_worse(outcome.effect, PolicyEffect.REQUIRED_IN_PARTNER_TENANT)
        else outcome.effect
    )
    possible_remedies = remedies(policy, visitor, trust) if outcome.effect is PolicyEffect.LOCKED_OUT else ()
    return PolicyVerdict(
        policy_id=policy.id,
        policy=policy.name,
        is_enforced=policy.state is PolicyState.ENFORCED,
        visitor=visitor,
        effect=effect,
        effect_where_applied=outcome.effect,
        reasons=outcome.reasons,
        conditions=conditions,
        remedies=possible_remedies,
        source=source,
    )


def _verdict_not_known(
    policy: Policy, visitor: VisitorType, conditions: tuple[PolicyCondition, ...], code: ReasonCode, name: str
) -> PolicyVerdict:
    return PolicyVerdict(
        policy_id=policy.id,
        policy=policy.name,
        is_enforced=policy.state is not PolicyState.REPORT_ONLY,
        visitor=visitor,
        effect=PolicyEffect.NOT_KNOWN,
        effect_where_applied=PolicyEffect.NOT_KNOWN,
        reasons=(PolicyReason(code=code, name=name),),
        conditions=conditions,
        source=Source.ENTRA if code is not ReasonCode.STATE_NOT_UNDERSTOOD else Source.ESTIMATE,
    )
