"""Find the present effect of Conditional Access on current partners.

Partners with equal access that no policy names share one evaluation.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from workflows.core.checks.conditional_access.policy import Policy, parse_policy
from workflows.core.checks.conditional_access.questions import MAX_QUESTIONS, QuestionSelection
from workflows.core.checks.conditional_access.sharing import (
    ANY_TENANT,
    EvaluationInputs,
    evaluations_needed,
    inputs_of,
    tenants_told_apart,
)
from workflows.core.checks.conditional_access.verdicts import AccessReport, assess
from workflows.core.checks.conditional_access.visitor_access import trust_of, visitor_access_of
from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.posture.access_concerns import lockout_concerns
from workflows.core.posture.model import PartnerPosture, sorted_concerns
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property
from workflows.ports.tenant import read_fact
from workflows.ports.tenant_settings import TenantSettings
from workflows.preflight.access_check import EVALUATION_SECONDS, AccessCheck

TIMEOUT_SECONDS: Final = 6.0
"""Seconds for reading the list of policies."""
_AT_ONCE: Final = 5


async def with_access(
    partners: Sequence[PartnerPosture], tenant_settings: TenantSettings, timeout_seconds: float = EVALUATION_SECONDS
) -> list[PartnerPosture]:
    """Return the partners, each with the effect of Conditional Access on its people. A failed read raises no error."""
    current = [partner for partner in partners if partner.has_settings and not partner.is_blocked_until_added]
    if not current:
        return list(partners)
    documents = await read_fact(tenant_settings.read_conditional_access(), TIMEOUT_SECONDS)
    policies = () if isinstance(documents, UnreadableFact) else tuple(map(parse_policy, documents))
    groups = _group_by_inputs(current, policies)
    reports = await _reports(
        groups, documents, policies, AccessCheck(tenant_settings=tenant_settings, timeout_seconds=timeout_seconds)
    )
    by_id = {partner.tenant_id: reports[inputs] for inputs, members in groups.items() for partner in members}
    return [_with_report(partner, by_id.get(partner.tenant_id)) for partner in partners]


def _with_report(partner: PartnerPosture, report: AccessReport | None) -> PartnerPosture:
    if report is None:
        return partner
    concerns = sorted_concerns((*partner.concerns, *lockout_concerns(report)))
    return replace(partner, access=report, concerns=concerns)


def _group_by_inputs(
    partners: Iterable[PartnerPosture], policies: Sequence[Policy]
) -> dict[EvaluationInputs, list[PartnerPosture]]:
    """Group partners with equal inputs, the largest group first."""
    named = tenants_told_apart(policies)
    groups: dict[EvaluationInputs, list[PartnerPosture]] = {}
    for partner in partners:
        visitors = visitor_access_of(
            collaboration=partner.b2b_access[Property.B2B_COLLABORATION_INBOUND].targets.certain_setting,
            direct_connect=partner.b2b_access[Property.B2B_DIRECT_CONNECT_INBOUND].targets.certain_setting,
            synchronizes=partner.synchronization.value,
        )
        inputs = inputs_of(partner.tenant_id, visitors, trust_of(partner.trust), named)
        groups.setdefault(inputs, []).append(partner)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


async def _reports(
    groups: dict[EvaluationInputs, list[PartnerPosture]],
    documents: Sequence[JsonObject] | UnreadableFact,
    policies: Sequence[Policy],
    check: AccessCheck,
) -> dict[EvaluationInputs, AccessReport]:
    # For partners that no policy names, the answer for one of them is used for all.
    representative = next((members[0].tenant_id for inputs, members in groups.items() if inputs.is_shared), ANY_TENANT)
    asked_questions = evaluations_needed(policies, groups)[:MAX_QUESTIONS]
    about = {one: replace(one, tenant_id=one.tenant_id or representative) for one in asked_questions}
    answered = await check.ask(QuestionSelection(questions=tuple(about.values())))
    answers = {one: answered[about[one]] for one in asked_questions if about[one] in answered}
    reports: dict[EvaluationInputs, AccessReport] = {}
    for number, inputs in enumerate(groups, 1):
        own_questions = evaluations_needed(policies, [inputs])
        reports[inputs] = assess(
            documents,
            inputs.visitor_access,
            inputs.tenant_id,
            inputs.trust,
            QuestionSelection(
                questions=tuple(own_question for own_question in own_questions if own_question in asked_questions),
                left_out=tuple(own_question for own_question in own_questions if own_question not in asked_questions),
            ),
            {
                question: answer
                for question, answer in answers.items()
                if question in own_questions or isinstance(answer, UnreadableFact)
            },
        )
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return reports
