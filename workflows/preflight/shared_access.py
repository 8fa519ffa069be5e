"""Find the effect of Conditional Access on many partners, and ask Entra as seldom as possible.

Partners with equal access that no policy names share one evaluation: an estimate for each of them, and it says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from workflows.core.checks.conditional_access.policy import Policy, parse_policy
from workflows.core.checks.conditional_access.questions import Question, QuestionSelection
from workflows.core.checks.conditional_access.sharing import (
    ANY_TENANT,
    EvaluationInputs,
    inputs_of,
    selection_of,
    tenants_told_apart,
)
from workflows.core.checks.conditional_access.verdicts import AccessReport, assess
from workflows.core.checks.conditional_access.visitor_access import trust_under, visitor_access_under
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import access_kinds
from workflows.intervals import EVALUATIONS_KEPT_FOR
from workflows.ports.tenant import read_fact
from workflows.ports.tenant_settings import TenantSettings
from workflows.preflight.access_check import AccessCheck
from workflows.tasks import Cache

MAX_EVALUATIONS: Final = 300
"""The most evaluations for one sheet, which take five minutes. The effect of policies on the rest is estimated."""
AGAIN_AFTER: Final = (2.0, 4.0, 8.0)
"""Seconds before an evaluation without an answer is asked for again: Conditional Access names no pause."""
_POLICIES_SECONDS: Final = 30.0
"""Seconds for reading the policies: nobody waits at a form."""
_EVALUATIONS_KEPT: Final = 100
_DIGEST_DOMAIN: Final = "gatehouse/conditional-access-policies/1"
_FOR_A_WHILE: Final = frozenset(
    {UnreadableReason.THROTTLED, UnreadableReason.UNREACHABLE, UnreadableReason.OUT_OF_TIME}
)

Answer = Sequence[JsonObject] | UnreadableFact
Rest = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """A sign-in under certain policies. After a policy is changed, it is another one."""

    policies: Digest
    question: Question


class KeptEvaluations:
    """Answers that partners share, for as long as no policy is changed, and some minutes at most."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._answers: Cache[_Evaluation, Sequence[JsonObject]] = Cache(
            read=_nothing, kept_for=lambda _: EVALUATIONS_KEPT_FOR, max_entries=_EVALUATIONS_KEPT
        )

    def get(self, policies: Digest, question: Question) -> Sequence[JsonObject] | None:
        """Return the kept answer; None when there is none that is still valid."""
        return self._answers.kept(_Evaluation(policies, question))

    def keep(self, policies: Digest, question: Question, answer: Sequence[JsonObject]) -> None:
        """Keep an answer that has just arrived."""
        self._answers.keep(_Evaluation(policies, question), answer)


async def _nothing(evaluation: _Evaluation) -> Sequence[JsonObject]:
    raise AssertionError(f"{evaluation.question} is asked for elsewhere")


@dataclass(slots=True, kw_only=True)
class SharedAccess:
    """Evaluates many partners under the policies of one moment, one after the other."""

    tenant_settings: TenantSettings
    kept: KeptEvaluations = field(default_factory=KeptEvaluations)
    limit: int = MAX_EVALUATIONS
    """The most evaluations that are asked for."""
    again_after: tuple[float, ...] = AGAIN_AFTER
    rest: Rest = asyncio.sleep
    asked: int = 0
    """How many evaluations were asked for; each attempt counts."""
    _policies: "_Policies | None" = None
    _reports: dict[EvaluationInputs, AccessReport] = field(default_factory=dict)
    _stopped: UnreadableFact | None = None
    """Why Entra is not asked any more."""
    _refused: set[str] = field(default_factory=set)
    """The applications about which Entra refused a question."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def report(self, plan: Plan, default: JsonObject | None) -> AccessReport:
        """Return the effect of Conditional Access on the partner's people who have access after a plan.

        A failed read raises no error. The policies are read once, at the first call.

        :param default: the tenant's default configuration; None: not known.
        """
        after, tenant_id = plan.configuration_after(), plan.tenant_id
        effective = effective_settings(after, default, is_cross_cloud=plan.is_cross_cloud)
        found_kinds = access_kinds(after, default, is_cross_cloud=plan.is_cross_cloud)
        visitors, trust = visitor_access_under(effective, found_kinds), trust_under(effective)
        async with self._turn:
            policies = self._policies = self._policies or await _Policies.read(self.tenant_settings)
            inputs = inputs_of(tenant_id, visitors, trust, policies.named)
            found = self._reports.get(inputs)
            if found is None:
                found = self._reports[inputs] = await self._evaluated(policies, inputs, tenant_id)
            return found

    async def _evaluated(self, policies: "_Policies", inputs: EvaluationInputs, tenant_id: TenantId) -> AccessReport:
        chosen = selection_of(policies.parsed, inputs)
        answers: dict[Question, Answer] = {}
        for question in chosen.questions:
            answer = await self._answer(policies, question, tenant_id)
            if answer is not None:
                answers[question] = answer
        return assess(
            policies.documents,
            inputs.visitor_access,
            inputs.tenant_id,
            inputs.trust,
            chosen,
            answers,
            shared_except=policies.named if inputs.is_shared else None,
        )

    async def _answer(self, policies: "_Policies", question: Question, tenant_id: TenantId) -> Answer | None:
        """Return the answer to a question, or why there is none; None when it is not asked any more."""
        is_shared = question.tenant_id == ANY_TENANT
        if is_shared and (kept := self.kept.get(policies.digest, question)) is not None:
            return kept
        if self._stopped is not None or question.application in self._refused:
            return self._stopped or UnreadableFact(reason=UnreadableReason.REFUSED)
        if self.asked >= self.limit:
            return None
        answer = await self._ask(replace(question, tenant_id=tenant_id))
        if not isinstance(answer, UnreadableFact):
            if is_shared:
                self.kept.keep(policies.digest, question, answer)
        elif answer.reason is UnreadableReason.REFUSED:
            self._refused.add(question.application)
        else:
            self._stopped = answer
        return answer

    async def _ask(self, question: Question) -> Answer:
        """Ask now, and again after a pause while Entra gives no answer."""
        check = AccessCheck(tenant_settings=self.tenant_settings, is_fresh=True)
        pauses = iter(self.again_after)
        while True:
            self.asked += 1
            answer = (await check.ask(QuestionSelection(questions=(question,))))[question]
            pause = next(pauses, None)
            if not isinstance(answer, UnreadableFact) or answer.reason not in _FOR_A_WHILE or pause is None:
                return answer
            await self.rest(pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policies:
    """Every policy as it was read, or why they could not be read."""

    documents: Sequence[JsonObject] | UnreadableFact
    parsed: Sequence[Policy] = ()
    named: frozenset[str] = frozenset()
    """The tenants that are asked about by themselves."""
    digest: Digest

    @classmethod
    async def read(cls, tenant_settings: TenantSettings) -> "_Policies":
        """Read them now: an evaluation of other policies than these is not used."""
        documents = await read_fact(tenant_settings.read_conditional_access(fresh=True), _POLICIES_SECONDS)
        if isinstance(documents, UnreadableFact):
            return cls(documents=documents, digest=Digest(""))
        parsed = tuple(map(parse_policy, documents))
        ordered = sorted(documents, key=lambda one: str(one.get("id")))
        return cls(
            documents=tuple(documents),
            parsed=parsed,
            named=tenants_told_apart(parsed),
            digest=digest(_DIGEST_DOMAIN, {"policies": ordered}),
        )
