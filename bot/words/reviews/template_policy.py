"""The sentences about the policy of a template: who may request it, and what silence leads to at each deadline."""

from collections.abc import Iterator, Mapping
from typing import Final

from bot.words.plans.changes import duration_words
from bot.words.plans.risk import risk_level_words
from bot.words.requests.access_end import AT_END
from bot.words.requests.approval_chain import decide_words
from bot.words.requests.form import wait_words
from bot.words.reviews.silence import ON_SILENCE, reviews_words
from bot.words.sentences import and_list, counted, or_list
from workflows.core.policy.offers import Offer, closes_a_partner
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import MayRequestFor, Stage, Template

_MAY_REQUEST_FOR: Final[Mapping[MayRequestFor, str]] = {
    MayRequestFor.NOBODY: "",
    MayRequestFor.REPORTS: " Also for people whose manager in Entra sends it.",
    MayRequestFor.MEMBERS: " Also for somebody else.",
}


EVERY_MEMBER: Final = "Every full member may request it."
"""Said of a template that asks for no role."""


def who_requests_words(template: Template) -> str:
    """Return who may request a template, and for whom."""
    roles = or_list([f"“{role}”" for role in template.may_request])
    who = f"People with the role {roles} may request it." if roles else EVERY_MEMBER
    return f"{who}{_MAY_REQUEST_FOR[template.may_request_for]}"


def policy_words(template: Template) -> tuple[tuple[str, str], ...]:
    """Return the deadlines of a template, and what silence leads to at each: a label and a text."""
    days = and_list([str(number) for number in template.remind_after])
    reminders = f"after {days} working days, from 9 to 17 o'clock in their time zone"
    decided = (
        ("Approvers decide", f"{decide_words(template)}."),
        ("Approvers are reminded", f"{reminders}."),
        *((stage.title, escalation_words(stage)) for stage in template.stages if stage.escalate_after is not None),
    )
    if closes_a_partner(template):
        return decided
    at_end = f"{AT_END[template.at_end].then}, unless it is extended"
    return (
        *decided,
        ("Access lasts", f"at most {duration_words(template.longest)}, {at_end}."),
        ("The sponsor is asked", f"{reviews_words(template.review_interval, template.on_silence)}."),
    )


def escalation_words(stage: Stage) -> str:
    """Return what happens when a stage waits: alternates may approve, then managers and admins are told."""
    days = counted(stage.escalate_after or 0, "working day", "working days")
    if stage.alternates is None:
        return f"After {days} the approvers' managers are told, and later the admins."
    return f"After {days} “{stage.alternates}” may approve too. Later managers, then admins are told."


def chosen_template_words(offer: Offer) -> tuple[str, ...]:
    """Return what a person must know about the chosen template, in lines of one or two sentences."""
    word = risk_level_words(offer.level)
    risk = f"Change: {word if offer.level is RiskLevel.LOW else f'up to {word}'} risk."
    if offer.usual_wait is not None:
        risk += f" Usual approval: {wait_words(offer.usual_wait)}."
    within = counted(offer.template.decide_within.days, "day")
    silence = f"Decided within {within}, or expired."
    if not offer.closes:
        silence += f" Unanswered reviews: {ON_SILENCE[offer.template.on_silence].short}."
    return (f"{offer.template.title}: {offer.template.description}", risk, silence, *_waiting_words(offer.template))


def _waiting_words(template: Template) -> Iterator[str]:
    """State in one line what happens when nobody decides; nothing for a template without an escalation.

    Stages of which the same is true are named together; all of them without their names.
    """
    titles: dict[str, list[str]] = {}
    for stage in template.stages:
        if stage.escalate_after is not None:
            titles.setdefault(escalation_words(stage), []).append(f"“{stage.title}”")
    is_same = len(titles) == 1 and all(stage.escalate_after is not None for stage in template.stages)
    lines = [f"{'' if is_same else f'{and_list(of)}, '}{words[:1].lower()}{words[1:]}" for words, of in titles.items()]
    if lines:
        yield f"Without a decision: {' '.join(lines)}"
