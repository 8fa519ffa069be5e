"""Choose one evaluation for all partners with equal access. A partner is asked about by itself if a policy names it.

Entra accepts one evaluation a second from a whole tenant, so it cannot be asked about each of many partners.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workflows.core.checks.conditional_access.controls import InboundTrustFlags, VisitorType
from workflows.core.checks.conditional_access.policy import Policy, member
from workflows.core.checks.conditional_access.questions import (
    MAX_QUESTIONS,
    Question,
    QuestionSelection,
    VisitorAccess,
    questions,
)
from workflows.core.checks.conditional_access.scope import may_be_about, named_tenants, tenants_named
from workflows.core.settings.model import TenantId

ANY_TENANT: Final = TenantId("")
"""Stands in a sign-in for the tenant of any partner that no policy names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationInputs:
    """What an evaluation of Conditional Access depends on. Partners with equal inputs share one."""

    visitor_access: tuple[VisitorAccess, ...]
    trust: InboundTrustFlags
    tenant_id: TenantId
    """The partner's tenant if a policy names it; otherwise `ANY_TENANT`."""

    @property
    def is_shared(self) -> bool:
        """Return whether other partners can have the same inputs."""
        return self.tenant_id == ANY_TENANT


def tenants_told_apart(policies: Iterable[Policy]) -> frozenset[str]:
    """Return the tenants that policies name which are switched on. All others are treated equally."""
    return frozenset(tenant for policy in policies if not policy.is_off for tenant in named_tenants(policy))


def inputs_of(
    tenant_id: TenantId, visitor_access: tuple[VisitorAccess, ...], trust: InboundTrustFlags, named: frozenset[str]
) -> EvaluationInputs:
    """Return what the evaluation for a partner depends on.

    :param named: see `tenants_told_apart`.
    """
    is_named = tenant_id.lower() in named
    return EvaluationInputs(visitor_access=visitor_access, trust=trust, tenant_id=tenant_id if is_named else ANY_TENANT)


def selection_of(policies: Sequence[Policy], inputs: EvaluationInputs, limit: int = MAX_QUESTIONS) -> QuestionSelection:
    """Choose the sign-ins that Entra evaluates for all partners with these inputs."""
    return questions(policies, inputs.visitor_access, inputs.tenant_id, limit)


def evaluations_needed(policies: Sequence[Policy], inputs: Iterable[EvaluationInputs]) -> tuple[Question, ...]:
    """Return every sign-in that Entra has to evaluate for partners with these inputs, each once."""
    selections = (selection_of(policies, each) for each in dict.fromkeys(inputs))
    return tuple(dict.fromkeys(question for one in selections for question in (*one.questions, *one.left_out)))


def tells_apart_others(policy: Policy, visitor: VisitorType, named: frozenset[str]) -> bool:
    """Return whether a policy may treat tenants differently that are not asked about by themselves.

    So it is for a list of tenants of an unknown form, and for a policy that Entra's list of policies does not have.
    An answer about one partner then proves nothing about the others.

    :param named: the tenants that are asked about by themselves.
    """
    users = member(policy.conditions, "users")
    rules = (member(users, name) for name in ("includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers"))
    return any(_names_others(rule, named) for rule in rules if may_be_about(rule, visitor))


def _names_others(rule: Mapping[str, Any], named: frozenset[str]) -> bool:
    tenants = tenants_named(rule)
    return tenants is None or (tenants is not True and not tenants <= named)
