"""The approval card of each shipped template while somebody is asked, away, told, or nobody can decide."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.request_card import request_card
from bot.slack.people.approvers import Approvers
from tests.bot.shipped_cards import NAMES, typed_ids, waiting
from tests.workflows.core.builders import AMARA, DANA, NOW, RILEY, SAM, SECURITY, approval, everybody
from workflows.app.requests.proposing import access_plan
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId, Person, PersonId, Role
from workflows.core.policy.left_out import parts_that_open
from workflows.core.requests.commands.editing import RecordProposal, RequestChanges
from workflows.core.requests.commands.request import Ask
from workflows.core.requests.deadlines.clock_stops import stop_clock
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import (
    AccessRequest,
    Escalation,
    EscalationStep,
    Proposal,
    RequestState,
    SkippedReason,
    StopCause,
    Support,
)
from workflows.core.requests.transitions.transition import Situation

TEMPLATES: Final = load_catalog(SHIPPED).templates
ASKED: Final = (
    "Please ask for 90 days only. The bridge project ends in spring, and the second phase has not been approved by the "
    "steering committee yet. Name the three sites in the justification as well."
)
_AMARA, _DANA = replace(AMARA, name="Amara Okafor"), replace(DANA, name="Dana Whitfield")
_NOOR = Person(id=PersonId("noor"), chat_id=ChatId("U0NOOR"), name="Noor Haddad")
_LENA = Person(id=PersonId("lena"), chat_id=ChatId("U0LENA"), name="Lena Fischer")
_AT: Final = Situation(now=NOW, current_roles=everybody())
_DELEGATED: Final[Mapping[Role, Approvers]] = {
    **NAMES,
    SECURITY: Approvers(names=("Noor Haddad for Amara Okafor", "Ivo Marek (away)")),
}


def waiting_cards(template: str) -> dict[str, list[Json]]:
    """Return the card of a template's request in each of these situations. Nobody proposes less than a block."""
    asked, context = waiting(TEMPLATES[template]), CardContext(is_first=True, others_open=1)
    found = {
        "card-question": with_question(asked),
        "card-changes": with_changes(asked),
        "card-supported": _supported(asked),
        "card-sent-for": _sent_for_somebody(asked),
        "card-delegate": asked,
        "card-approved-for": _approved_for_somebody(asked),
        "card-stopped": _stopped(asked),
        "card-escalated": escalated(asked),
    }
    if template != "block":
        found["card-proposal"] = with_proposal(asked)
        found["card-scheduled"] = _scheduled(asked)
    return {
        name: request_card(
            request, holders=_DELEGATED if name == "card-delegate" else NAMES, context=context, now=NOW
        ).blocks
        for name, request in found.items()
    }


def everything_at_once() -> list[Json]:
    """Return the card on which all of this comes together, of the template that people use every day."""
    request = _supported(_sent_for_somebody(waiting(TEMPLATES["trusted-partner"])))
    request = with_proposal(with_changes(with_question(escalated(request))))
    return request_card(request, holders=_DELEGATED, context=CardContext(is_first=True), now=NOW).blocks


def with_question(request: AccessRequest) -> AccessRequest:
    """Return the request with a question that is not answered."""
    text = "Which of the two sites do their engineers work on, and who of us is there when they are?"
    return advance(request, Ask(actor=_AMARA, request_id=request.id, text=text, asked=(RILEY, SAM)), _AT).request


def with_changes(request: AccessRequest) -> AccessRequest:
    """Return the request after an approver asked for changes."""
    command = RequestChanges(actor=_AMARA, request_id=request.id, digest=request.plan.digest, text=ASKED)
    return advance(request, command, _AT).request


def with_proposal(request: AccessRequest) -> AccessRequest:
    """Return the request after an approver proposed to ask for less time, and not for two parts of it."""
    template = TEMPLATES[request.fields.template]
    days = template.default_duration - timedelta(days=30)
    parts = tuple(code for code in parts_that_open(template.settings) if "." in code)[1:][-2:]
    observation = request.require_prepared().observation
    plan = access_plan(observation, template, days, typed_ids(template), record=None, now=NOW, left_out=parts)
    proposal = Proposal(
        number=1,
        person=_AMARA,
        fields=replace(request.fields, duration=days, left_out=parts),
        plan=plan,
        template_title=template.title,
        stages=template.stages,
        reason="Their devices are not managed, so we cannot rely on them. The project ends in spring.",
        digest=request.plan.digest,
        at=NOW,
    )
    command = RecordProposal(proposal=proposal, review_interval=request.require_prepared().review_interval)
    return advance(request, command, _AT).request


def _supported(request: AccessRequest) -> AccessRequest:
    supports = (Support(person=_DANA, at=NOW, reason="We need it for the audit."), Support(person=_LENA, at=NOW))
    return replace(request, supports=supports)


def _sent_for_somebody(request: AccessRequest) -> AccessRequest:
    return replace(request, prepared=replace(request.require_prepared(), submitter=_LENA))


def _stopped(request: AccessRequest) -> AccessRequest:
    return stop_clock(request, StopCause.NOBODY_CAN_DECIDE, NOW, _AT.calendar)


def _scheduled(request: AccessRequest) -> AccessRequest:
    """Return the request, approved, before the day on which its access starts."""
    prepared = request.require_prepared()
    plan = replace(prepared.plan, starts_at=NOW + timedelta(days=20))
    people = (_AMARA, _NOOR, _LENA, _DANA)
    needed = [stage for stage, known in enumerate(prepared.stages) for _ in range(known.quorum)]
    decisions = tuple(approval(one, stage, digest=plan.digest) for one, stage in zip(people, needed, strict=False))
    prepared = replace(prepared, plan=plan)
    return replace(request, prepared=prepared, state=RequestState.SCHEDULED, decisions=decisions)


def escalated(request: AccessRequest) -> AccessRequest:
    """Return the request after its first stage waited for so long that everybody was asked or told."""
    told = {EscalationStep.ALTERNATES: (_NOOR,), EscalationStep.MANAGERS: (_LENA,), EscalationStep.ADMINS: (_DANA,)}
    skipped = {EscalationStep.MANAGERS: (Fact(SkippedReason.NO_MANAGER, {"name": "Amara Okafor"}),)}
    steps = tuple(
        Escalation(stage=0, step=step, at=NOW, told=people, skipped=skipped.get(step, ()))
        for step, people in told.items()
    )
    return replace(request, escalations=steps)


def _approved_for_somebody(request: AccessRequest) -> AccessRequest:
    decision = approval(_NOOR, 0, digest=request.plan.digest)
    return replace(request, decisions=(replace(decision, on_behalf_of=_AMARA),))
