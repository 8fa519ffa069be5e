"""The words for risk: the levels, the reasons, and of what it is the risk: of a change, or of all access."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from bot.words.sentences import counted
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import is_extension, is_renewal
from workflows.core.policy.risk import (
    RiskLevel,
    RiskReason,
    requirement_of,
    risk_for_approval,
    risk_of,
    risk_of_result,
)
from workflows.core.posture.settings_evaluation import evaluate_settings
from workflows.core.settings.canonical import JsonObject

OF_CHANGE: Final = "Risk of this change"
OF_EXTENDED_ACCESS: Final = "Risk of the access to extend"
OF_ADOPTED_ACCESS: Final = "Risk of the access to adopt"
OF_KEPT_ACCESS: Final = "Of current access that stays"
OF_ALL_ACCESS_AFTERWARDS: Final = "Of all access afterwards"
OF_ALL_ACCESS: Final = "Risk of all access"
"""All that a partner has, with what the tenant's default gives. The posture says the same."""

LEVELS: Final[Mapping[RiskLevel, str]] = {
    RiskLevel.LOW: "low",
    RiskLevel.ELEVATED: "elevated",
    RiskLevel.HIGH: "high",
}
REASONS: Final[Mapping[RiskReason, str]] = {
    RiskReason.MFA: "We accept the partner's MFA.",
    RiskReason.COMPLIANT_DEVICES: "We accept devices that the partner marks as compliant.",
    RiskReason.HYBRID_JOINED_DEVICES: (
        "We accept devices that the partner marks as hybrid joined (to its own domain and to its Entra)."
    ),
    RiskReason.ALL_TRUST: (
        "We accept both the partner's MFA and its devices. They satisfy our Conditional Access where it asks for them."
    ),
    RiskReason.NO_CONSENT_INBOUND: "Their people get no consent prompt, once the partner sets this too.",
    RiskReason.NO_CONSENT_OUTBOUND: ("Our people get no consent prompt there, once the partner sets this too."),
    RiskReason.SYNCHRONIZATION: ("The partner's administrators can create and change user accounts in this tenant."),
    RiskReason.DIRECT_CONNECT_INBOUND: (
        "B2B direct connect: their people work here without an account that we can disable."
    ),
    RiskReason.DIRECT_CONNECT_OUTBOUND: (
        "B2B direct connect: our people can work in the partner's tenant, outside our own controls."
    ),
    RiskReason.DIRECT_CONNECT_ALL: "B2B direct connect is not limited to named applications.",
    RiskReason.ALL_APPLICATIONS: (
        "Inbound access is not limited to named applications. It includes applications that are added later."
    ),
    RiskReason.OUTBOUND: "Our people can use our information in named applications of the partner.",
    RiskReason.OUTBOUND_ALL: "Our people can use our information in any application of the partner.",
    RiskReason.OUTBOUND_MICROSOFT: (
        "Our people can use our information in every Microsoft application of the partner, including those added later."
    ),
    RiskReason.CAPABILITIES: ("It opens Microsoft 365 capabilities for their people. They are listed under Changes."),
    RiskReason.MEETING_DETAILS: "Their people see subjects and places of meetings of some of our people.",
    RiskReason.MEETING_DETAILS_ALL: (
        "Their people see subjects and places of everybody's meetings here, or everything in shared calendars."
    ),
    RiskReason.CAPABILITIES_NOT_READ: (
        "It could not be read which calendars of ours their people would then see. It may be all, with everything."
    ),
    RiskReason.OTHER: "It opens a setting that templates of this kind rarely open.",
    RiskReason.UNREADABLE: "It contains a value that this version of Gatehouse cannot read.",
    RiskReason.LONG: "The access is requested for longer than a year.",
    RiskReason.CROSS_CLOUD: "The partner is in another Microsoft cloud.",
}


def risk_level_words(level: RiskLevel) -> str:
    """Return the word for a risk level."""
    return LEVELS[level]


def risk_reason_words(reason: RiskReason) -> str:
    """Return the sentence for one thing that a plan opens."""
    return REASONS[reason]


class RiskLine(NamedTuple):
    """A risk with its reasons, and of what it is the risk."""

    about: str
    level: str
    """The level in words."""
    needs: str
    """In brackets, which approvals this risk needs; empty where another risk decides that."""
    reasons: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return the line above the reasons."""
        return f"{self.about}: {self.level}"


def all_access_level_words(level: RiskLevel, *, is_certain: bool) -> str:
    """Return the level of the risk of all access. Where something is not known, it is the highest possible one."""
    return LEVELS[level] if is_certain else f"at most {LEVELS[level]}"


def risk_for_approval_words(plan: Plan, default: JsonObject | None) -> str:
    """Return in a few words the risk that decides how many must approve, and of what it is the risk."""
    level = risk_for_approval(plan, default).level
    is_of_change = not is_extension(plan) and plan.adoption is None and risk_of(plan, default).level == level
    return f"{LEVELS[level].capitalize()}-risk {'change' if is_of_change else 'access'}"


def risk_level_for_approval_words(plan: Plan, default: JsonObject | None) -> str:
    """Return the level of that risk alone, for a row of a list that leads to the details."""
    return f"{LEVELS[risk_for_approval(plan, default).level].capitalize()} risk"


def risk_lines(plan: Plan, default: JsonObject | None, *, is_decided: bool = False) -> Iterator[RiskLine]:
    """Return the risk of what a plan changes, then of current access that stays, then of all access afterwards.

    Each reason is named once. Those of all access, which the tenant's default gives too, are in the posture.

    :param is_decided: whether the approvals that the plan needs are complete.
    """
    change, deciding = risk_of(plan, default), risk_for_approval(plan, default).level
    needs, is_kept = _needs_words(deciding, is_decided=is_decided), change.level < deciding
    about = OF_EXTENDED_ACCESS if is_renewal(plan) else OF_CHANGE if plan.adoption is None else OF_ADOPTED_ACCESS
    yield RiskLine(about, LEVELS[change.level], "" if is_kept else needs, _reasons(change.reasons))
    result = () if only_reduces_access(plan) else risk_of_result(plan, default).reasons
    if kept_reasons := [reason for reason in result if reason not in change.reasons]:
        level = LEVELS[max(reason.level for reason in kept_reasons)]
        yield RiskLine(OF_KEPT_ACCESS, level, needs if is_kept else "", _reasons(kept_reasons))
    after = evaluate_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    level = all_access_level_words(after.risk.level, is_certain=after.is_risk_certain)
    yield RiskLine(OF_ALL_ACCESS_AFTERWARDS, level, "", ())


def _needs_words(level: RiskLevel, *, is_decided: bool) -> str:
    requirement = requirement_of(level)
    stages = "" if requirement.stages == 1 else f" in at least {counted(requirement.stages, 'stage')}"
    return f" ({'needed' if is_decided else 'needs'} {counted(requirement.people, 'approver')}{stages})"


def _reasons(reasons: Iterable[RiskReason]) -> tuple[str, ...]:
    return tuple(map(risk_reason_words, reasons))
