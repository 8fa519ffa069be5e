"""Ask Entra for the effect of Conditional Access on a partner's people, within a time limit.

The effect of policies about which Entra did not answer is estimated.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.core.checks.conditional_access.controls import InboundTrustFlags
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.questions import Question, QuestionSelection, VisitorAccess, questions
from workflows.core.checks.conditional_access.verdicts import AccessReport, assess
from workflows.core.checks.conditional_access.visitor_access import trust_under, visitor_access_under
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveSettings
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import AccessKind
from workflows.ports.tenant import TenantRefused, TenantUnavailable, why_refused
from workflows.ports.tenant_settings import TenantSettings

EVALUATION_SECONDS: Final = 15.0
"""Seconds for all evaluations of one plan together. There are at most twelve, at one a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCheck:
    """Asks Entra about one partner, or about several partners within one time limit."""

    tenant_settings: TenantSettings
    timeout_seconds: float = EVALUATION_SECONDS
    is_asked: bool = True
    """Whether Entra is asked at all. Otherwise the effect is estimated, and the report says why."""
    is_fresh: bool = False
    """Whether Entra is asked now, and no answer of the last minute is used."""

    async def report(
        self,
        documents: Sequence[JsonObject] | UnreadableFact,
        effective: EffectiveSettings,
        tenant_id: TenantId,
        access_kinds: Sequence[AccessKind] = (),
    ) -> AccessReport:
        """Return the effect of Conditional Access on the people who have access under these settings.

        A failed read raises no error.

        :param documents: every policy, or why they could not be read.
        :param access_kinds: every kind of access under these settings; it shows whether other objects than users are
            synchronized.
        """
        return await self.report_about(
            documents, visitor_access_under(effective, access_kinds), trust_under(effective), tenant_id
        )

    async def report_about(
        self,
        documents: Sequence[JsonObject] | UnreadableFact,
        entries: Sequence[VisitorAccess],
        trust: InboundTrustFlags,
        tenant_id: TenantId,
        *,
        user_id: str = "",
    ) -> AccessReport:
        """Return the effect of Conditional Access on these visitors. A failed read raises no error.

        :param user_id: the account of the one person who signs in; empty for anybody.
        """
        policies = () if isinstance(documents, UnreadableFact) else [parse_policy(document) for document in documents]
        chosen = questions(policies, entries, tenant_id).of_account(user_id)
        answers = await self.ask(chosen)
        return assess(documents, entries, tenant_id, trust, chosen, answers)

    async def ask(self, selection: QuestionSelection) -> dict[Question, Sequence[JsonObject] | UnreadableFact]:
        """Ask one question after the other until Entra cannot be asked, or the time is over.

        After a refusal the other questions are still asked, because a refusal may be about the application of one
        question.

        :returns: the answer to each question, or why there is none; questions that were not asked are absent.
        """
        answers: dict[Question, Sequence[JsonObject] | UnreadableFact] = {}
        refused: set[str] = set()
        deadline = time.monotonic() + self.timeout_seconds
        for question in selection.questions:
            if question.application in refused:
                continue
            answer = await self._answer(question, deadline - time.monotonic())
            answers[question] = answer
            if isinstance(answer, UnreadableFact):
                if answer.reason is not UnreadableReason.REFUSED:
                    break
                refused.add(question.application)
        return answers

    async def _answer(self, question: Question, seconds: float) -> Sequence[JsonObject] | UnreadableFact:
        if not self.is_asked:
            return UnreadableFact(reason=UnreadableReason.NOT_ASKED)
        if seconds <= 0:
            return UnreadableFact(reason=UnreadableReason.OUT_OF_TIME)
        try:
            async with asyncio.timeout(seconds):
                return await self.tenant_settings.evaluate_access(question, fresh=self.is_fresh)
        except TenantRefused as error:
            return UnreadableFact(reason=UnreadableReason.NOT_OFFERED if error.status == 404 else why_refused(error))
        except TenantUnavailable as error:
            return UnreadableFact(
                reason=UnreadableReason.THROTTLED if error.is_throttled else UnreadableReason.UNREACHABLE
            )
        except TimeoutError:
            return UnreadableFact(reason=UnreadableReason.OUT_OF_TIME)
