"""The texts of the checklist for the partner's administrator: each step, and its place in the portal."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from workflows.core.checks.partner_setup.steps import StepKey


class StepTexts(NamedTuple):
    """One step in words."""

    heading: str
    why: str
    portal: str
    """The place below our organization in the cross-tenant access settings; empty when the step has another place."""


USUALLY_OPEN_HEADING: Final = "Only if something does not work"
USUALLY_OPEN: Final = (
    "By Microsoft's default your tenant allows this already. Change something only if your default or your settings "
    "for us block it."
)
_WIDER: Final = (
    "If your current setting already allows more, do not use the call below, because it replaces the setting."
)
BOTH_SIDES: Final = "This works only after both sides set it."
OTHER_FLAG: Final = "If you have set the other flag of this setting for us, send both. The call may replace both."
_GUESTS_OUT: Final = "So that your people can accept our invitations and use what we share with them."
_GUESTS_IN: Final = "So that our people can be your guests."
_REDEEM: Final = "Trust settings > Automatic redemption > Automatically redeem invitations with the tenant"
STEP_TEXTS: Final[Mapping[StepKey, StepTexts]] = {
    StepKey.MICROSOFT_CLOUD: StepTexts(
        "Enable our Microsoft cloud",
        "We are in another Microsoft cloud than you. Until both tenants enable the other's cloud, nothing else works.",
        "",
    ),
    StepKey.AUTOMATIC_REDEMPTION_OUTBOUND: StepTexts(
        "Automatic redemption, outbound",
        "So that your people come to us without a consent prompt.",
        f"Outbound access > {_REDEEM}",
    ),
    StepKey.AUTOMATIC_REDEMPTION_INBOUND: StepTexts(
        "Automatic redemption, inbound",
        "So that our people come to you without a consent prompt.",
        f"Inbound access > {_REDEEM}",
    ),
    StepKey.B2B_DIRECT_CONNECT_OUTBOUND: StepTexts(
        "B2B direct connect, outbound",
        f"So that your people can take part in our Teams shared channels. It is blocked by default. {_WIDER}",
        "Outbound access > B2B direct connect > Customize settings",
    ),
    StepKey.B2B_DIRECT_CONNECT_INBOUND: StepTexts(
        "B2B direct connect, inbound",
        f"So that our people can take part in your Teams shared channels. It is blocked by default. {_WIDER}",
        "Inbound access > B2B direct connect > Customize settings",
    ),
    StepKey.PROVISIONING_JOB: StepTexts(
        "A provisioning job",
        "A job in your tenant creates your people's accounts in ours. That job defines what happens to accounts of "
        "people who leave.",
        "",
    ),
    StepKey.B2B_COLLABORATION_OUTBOUND: StepTexts(
        "B2B collaboration, outbound",
        _GUESTS_OUT,
        "Outbound access > B2B collaboration > Customize settings",
    ),
    StepKey.B2B_COLLABORATION_INBOUND: StepTexts(
        "B2B collaboration, inbound",
        _GUESTS_IN,
        "Inbound access > B2B collaboration > Customize settings",
    ),
}
TRUST_WORDS: Final[Mapping[str, str]] = {
    "mfa": "multifactor authentication",
    "compliant_device": "compliant devices",
    "hybrid_joined_device": "hybrid joined devices",
}
