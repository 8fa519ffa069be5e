"""The sentences about an approval policy: why so many approvals, until when, and who is told when nobody decides."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.words.plans.risk import risk_level_words
from bot.words.sentences import counted
from workflows.core.errors.facts import Values
from workflows.core.plans.plan import Adoption
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.offers import Offer
from workflows.core.policy.risk import requirement_of, risk_for_approval
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import AccessRequest, EscalationStep, PreparedRequest, SkippedReason

_SHORT: Final[Mapping[ChainRule, str]] = {
    ChainRule.ONE_APPROVER: "",
    ChainRule.TEMPLATE: "The template asks for {asked} ({risk} risk alone needs {least})",
    ChainRule.STRICTER: (
        "The partner's approval policy or all its settings ask for {asked} ({risk} risk alone needs {least})"
    ),
}
_SENTENCES: Final[Mapping[ChainRule, str]] = {
    ChainRule.ONE_APPROVER: (
        "This only reduces or blocks access, so one approval is enough. The end that was approved earlier stays."
    ),
    ChainRule.TEMPLATE: "The template asks for {asked}. {Risk} risk alone needs {least}.",
    ChainRule.STRICTER: (
        "It needs {asked}, more than the access template asks for. The reason is the partner's approval policy, or the "
        "risk of all settings afterwards. {Risk} risk alone needs {least}."
    ),
}


ASKED_OR_TOLD: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: "Also asked",
    EscalationStep.MANAGERS: "Told in working hours",
    EscalationStep.ADMINS: "Told in working hours",
}
"""For the card while the stage waits: who may decide is asked, who gets no right is told."""
_STEPS: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: "also asked",
    EscalationStep.MANAGERS: "managers, to be told in their working hours",
    EscalationStep.ADMINS: "admins, to be told in their working hours",
}
_RIGHT: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: ", who may approve too since then.",
    EscalationStep.MANAGERS: ". This gives no right to approve.",
    EscalationStep.ADMINS: ". This gives no right to approve.",
}
_SKIPPED: Final[Mapping[str, str]] = {
    SkippedReason.ROLE_EMPTY: "Nobody with the role “{role}” may decide.",
    SkippedReason.NO_MANAGER: "Entra names no manager of {name}.",
    SkippedReason.DISABLED: "The manager of {name} has a disabled account.",
    SkippedReason.GUEST: "The manager of {name} is a guest.",
    SkippedReason.NOT_IN_CHAT: "The manager of {name} is not in this workspace.",
    SkippedReason.EXCLUDED: "The manager of {name} takes part in this request.",
    SkippedReason.UNREADABLE: "The managers of the approvers could not be read.",
}
_NO_TEMPLATE: Final = "These settings equal no access template, so the strongest approval policy decides."
_UNKNOWN_AUTHOR: Final = "The author of these settings is not known, so one approver more is asked."


def _adoption_rules(adoption: Adoption) -> str:
    """State which rules ask for the approvals of an adoption."""
    rules = [] if adoption.equal_template else [_NO_TEMPLATE]
    return " ".join(rules if adoption.is_author_known else [*rules, _UNKNOWN_AUTHOR])


def chain_rule_note(prepared: PreparedRequest) -> str:
    """State in a few words why more approvals are needed than the risk asks for; empty when it asks for as many."""
    if prepared.plan.adoption is not None:
        return ""  # the title and the notes of the card say it
    return _fill_sentence(_SHORT, prepared)


def chain_rule_words(prepared: PreparedRequest) -> str:
    """State which rule asks for more or other approvals than the risk does.

    Empty when the number is the same, or the rule is not known.
    """
    if (adoption := prepared.plan.adoption) is not None:
        return _adoption_rules(adoption)
    return _fill_sentence(_SENTENCES, prepared)


def offered_chain_words(offer: Offer, stages: Sequence[Stage]) -> str:
    """State before a request is sent which rule asks for more approvals than the risk; empty when none does.

    :param stages: the stages that would decide.
    """
    approval_count, least_count = sum(stage.quorum for stage in stages), requirement_of(offer.level).people
    if approval_count <= least_count:
        return ""
    rule = "The template" if tuple(stages) == offer.template.stages else "The partner's approval policy"
    risk = risk_level_words(offer.level).capitalize()
    return f"{rule} asks for {counted(approval_count, 'approval')}. {risk} risk alone needs {least_count}."


def _fill_sentence(sentences: Mapping[ChainRule, str], prepared: PreparedRequest) -> str:
    rule = prepared.chain_rule
    if rule is None or (rule is not ChainRule.ONE_APPROVER and _approval_count(prepared) <= _least(prepared)):
        return ""
    return sentences[rule].format_map(_values(prepared))


def _values(prepared: PreparedRequest) -> Mapping[str, str]:
    risk = risk_level_words(risk_for_approval(prepared.plan, prepared.observation.default).level)
    approval_count = counted(_approval_count(prepared), "approval")
    return {"asked": approval_count, "risk": risk, "Risk": risk.capitalize(), "least": str(_least(prepared))}


def _approval_count(prepared: PreparedRequest) -> int:
    return sum(stage.quorum for stage in prepared.stages)


def _least(prepared: PreparedRequest) -> int:
    return requirement_of(risk_for_approval(prepared.plan, prepared.observation.default).level).people


def decide_by_words(request: AccessRequest) -> str:
    """Return what stands before the end of the time to decide. While the time is stopped, that is the latest end."""
    return "decide by" if request.clock_stop is None else "latest deadline"


def decide_words(template: Template) -> str:
    """Return until when approvers decide, and what happens without their approvals."""
    within = counted(template.decide_within.days, "day")
    return f"within {within}, or the request expires and nothing changes"


def skipped_words(code: str, values: Values) -> str:
    """Return why somebody was not asked or told.

    :param code: the value of a `SkippedReason`.
    """
    return _SKIPPED[code].format_map(values)


def told_words(step: EscalationStep, names: str) -> str:
    """Return who was asked or told in one step, and whether that gives a right.

    :param names: the people; empty when there was nobody.
    """
    label = _STEPS[step]
    return f"{label}: {names}{_RIGHT[step]}" if names else f"{label}: nobody."
