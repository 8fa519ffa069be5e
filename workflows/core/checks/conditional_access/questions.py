"""Choose the sign-ins that Entra evaluates: one for each that policies treat differently, up to a limit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from workflows.core.checks.conditional_access.application_coverage import (
    ALL,
    Coverage,
    covers,
    covers_everything,
    is_about_applications,
    named_applications,
)
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.policy import NO_RISK, Policy
from workflows.core.checks.conditional_access.scope import ClientApp, clients_of, conditions_for
from workflows.core.settings.model import TenantId

MAX_QUESTIONS: Final = 12
"""The most evaluations for one plan. Conditional Access accepts one request a second from a whole tenant."""
_LEVELS: Final = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorAccess:
    """A kind of visitor that can get access, and the applications that it can use."""

    visitor: VisitorType
    applications: tuple[str, ...]
    """Application ids, `All` or `Office365`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One sign-in that Entra shall evaluate."""

    tenant_id: TenantId
    visitor: VisitorType
    application: str
    client: ClientApp
    sign_in_risk: str = NO_RISK
    user_risk: str = NO_RISK
    user_id: str = ""
    """The person's account in our tenant, whose groups and roles Entra knows; empty for anybody of this kind."""

    def meets_conditions_of(self, policy: Policy, entry: "VisitorAccess") -> bool:
        """Return whether the answer for this sign-in decides if a policy applies.

        This is true when the sign-in meets all conditions of the policy that a question can contain.

        :param entry: the access of the visitor.
        """
        clients = clients_of(policy)
        return (
            (clients is None or self.client in clients)
            and (not policy.sign_in_risk or self.sign_in_risk in policy.sign_in_risk)
            and (not policy.user_risk or self.user_risk in policy.user_risk)
            and self._is_to(policy, entry)
        )

    def _is_to(self, policy: Policy, entry: "VisitorAccess") -> bool:
        if not is_about_applications(policy):
            # Entra answers this for any application.
            return True
        if self.application == ALL:
            # Entra answers that a policy for single applications does not apply to all of them.
            return covers_everything(policy)
        coverage = covers(policy, self.application)
        if coverage is not Coverage.PERHAPS:
            return coverage > Coverage.PERHAPS
        # It is not known here whether an application belongs to a suite. An answer for it proves nothing about another
        # application, and nothing when the policy names one of the visitor's applications.
        best = max(covers(policy, name) for name in entry.applications)
        return best is Coverage.PERHAPS and self.application in entry.applications


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSelection:
    """The chosen sign-ins, the most useful first, and those above the limit."""

    questions: tuple[Question, ...]
    left_out: tuple[Question, ...] = ()

    def of_account(self, user_id: str) -> "QuestionSelection":
        """Return the same sign-ins, of one account of our tenant; of anybody when it is empty."""
        return QuestionSelection(
            questions=tuple(replace(question, user_id=user_id) for question in self.questions),
            left_out=tuple(replace(question, user_id=user_id) for question in self.left_out),
        )


def questions(
    policies: Sequence[Policy], entries: Sequence[VisitorAccess], tenant_id: TenantId, limit: int = MAX_QUESTIONS
) -> QuestionSelection:
    """Choose the sign-ins of visitors from a tenant that Entra shall evaluate.

    There is one sign-in for each kind of visitor and application, without risk, by browser. A second one is by other
    clients, where a policy treats these differently. One more follows for each policy that none of them covers. The
    result is empty when no policy is switched on.

    :param limit: the most sign-ins to ask about.
    """
    questions: dict[Question, None] = {}
    additional: dict[Question, None] = {}
    live = [policy for policy in policies if not policy.is_off]
    if not live:
        return QuestionSelection(questions=())
    for entry in entries:
        concerned = [
            policy
            for policy in live
            if conditions_for(policy, entry.visitor, tenant_id, entry.applications) is not None
        ]
        has_client_conditions = any(clients_of(policy) is not None for policy in concerned)
        # One question is enough to find that no policy applies.
        first = [
            Question(tenant_id=tenant_id, visitor=entry.visitor, application=application, client=client)
            for client in (tuple(ClientApp) if has_client_conditions else (ClientApp.BROWSER,))
            for application in entry.applications
        ]
        questions |= dict.fromkeys(first)
        additional |= dict.fromkeys(_questions_for_uncovered_policies(concerned, entry, tenant_id, first))
    every = [*questions, *(question for question in additional if question not in questions)]
    return QuestionSelection(questions=tuple(every[:limit]), left_out=tuple(every[limit:]))


def _questions_for_uncovered_policies(
    policies: Sequence[Policy], entry: VisitorAccess, tenant_id: TenantId, first: Sequence[Question]
) -> Iterator[Question]:
    """Return a sign-in for each policy that no question covers so far."""
    selected = list(first)
    for policy in policies:
        if any(question.meets_conditions_of(policy, entry) for question in selected):
            continue
        clients = clients_of(policy)
        question = Question(
            tenant_id=tenant_id,
            visitor=entry.visitor,
            application=_application(policy, entry),
            client=ClientApp.BROWSER if clients is None else clients[0],
            sign_in_risk=_level(policy.sign_in_risk),
            user_risk=_level(policy.user_risk),
        )
        # The same question may be there already. It then does not cover this policy, which is estimated.
        selected.append(question)
        yield question


def _application(policy: Policy, entry: VisitorAccess) -> str:
    best = max(entry.applications, key=lambda name: covers(policy, name))
    named_ids = named_applications(policy)
    return named_ids[0] if best == ALL and named_ids and not covers_everything(policy) else best


def _level(levels: Sequence[str]) -> str:
    if not levels or NO_RISK in levels:
        return NO_RISK
    return next((level for level in _LEVELS if level in levels), levels[0])
