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
