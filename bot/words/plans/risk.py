"""The words for a plan's risk: the levels and the reasons."""

from collections.abc import Mapping
from typing import Final

from workflows.core.policy.risk import RiskLevel, RiskReason

LEVELS: Final[Mapping[RiskLevel, str]] = {
    RiskLevel.LOW: "low",
    RiskLevel.ELEVATED: "elevated",
    RiskLevel.HIGH: "high",
}
REASONS: Final[Mapping[RiskReason, str]] = {
    RiskReason.MFA: "The partner's MFA counts as ours.",
    RiskReason.COMPLIANT_DEVICES: "Devices that the partner calls compliant count as ours.",
    RiskReason.HYBRID_JOINED_DEVICES: "Devices that the partner calls hybrid joined count as ours.",
    RiskReason.ALL_TRUST: (
        "Both the partner's MFA and its devices count as ours: where our Conditional Access asks for them, theirs "
        "suffice."
    ),
    RiskReason.NO_CONSENT_INBOUND: "Their people come in without being asked for consent, once the partner agrees.",
    RiskReason.NO_CONSENT_OUTBOUND: (
        "Our people are sent there without being asked for consent, once the partner agrees."
    ),
    RiskReason.SYNCHRONIZATION: ("The partner's administrators can create and change user accounts in this tenant."),
    RiskReason.DIRECT_CONNECT_INBOUND: (
        "B2B direct connect: their people work here without an account that we could disable."
    ),
    RiskReason.DIRECT_CONNECT_OUTBOUND: (
        "B2B direct connect: our people can work in the partner's tenant, outside our own controls."
    ),
    RiskReason.DIRECT_CONNECT_ALL: "B2B direct connect is not limited to named applications.",
    RiskReason.ALL_APPLICATIONS: (
        "Inbound access is not limited to named applications: it reaches whatever is added later, too."
    ),
    RiskReason.OUTBOUND: "Our people may take our information to named applications over there.",
    RiskReason.OUTBOUND_ALL: "Our people may take our information to any application of the partner.",
    RiskReason.OUTBOUND_MICROSOFT: (
        "Our people may take our information to every Microsoft application over there, also to those added later."
    ),
    RiskReason.OTHER: "It opens a setting that templates of this kind seldom open.",
    RiskReason.UNREADABLE: "It holds a value that this version of Gatehouse cannot read.",
    RiskReason.LONG: "It is meant to last longer than a year.",
    RiskReason.CROSS_CLOUD: "The partner is in another Microsoft cloud.",
}


def risk_level_words(level: RiskLevel) -> str:
    """Return the word for a risk level."""
    return LEVELS[level]


def risk_reason_words(reason: RiskReason) -> str:
    """Return the sentence for one thing that a plan opens."""
    return REASONS[reason]
