"""The state of the partner setup in words: names of steps, and what does not work until they are done."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.words.sentences import counted
from workflows.core.checks.partner_setup.confirmations import Confirmation, needed_steps, open_steps
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey

NOT_VISIBLE: Final = "Gatehouse cannot see it"

SHORT_NAMES: Final[Mapping[StepKey, str]] = {
    StepKey.MICROSOFT_CLOUD: "our Microsoft cloud",
    StepKey.AUTOMATIC_REDEMPTION_OUTBOUND: "automatic redemption, outbound",
    StepKey.AUTOMATIC_REDEMPTION_INBOUND: "automatic redemption, inbound",
    StepKey.B2B_DIRECT_CONNECT_OUTBOUND: "B2B direct connect, outbound",
    StepKey.B2B_DIRECT_CONNECT_INBOUND: "B2B direct connect, inbound",
    StepKey.PROVISIONING_JOB: "provisioning job",
    StepKey.B2B_COLLABORATION_OUTBOUND: "B2B collaboration, outbound",
    StepKey.B2B_COLLABORATION_INBOUND: "B2B collaboration, inbound",
}
"""The name of each step on a button and in a sentence."""

LABELS: Final[Mapping[StepKey, str]] = {
    **{key: f"Their {name}" for key, name in SHORT_NAMES.items()},
    StepKey.MICROSOFT_CLOUD: "Our Microsoft cloud, enabled in their tenant",
}
"""The label of each step on our side."""

_NOT_WORKING: Final[Mapping[StepKey, str]] = {
    StepKey.MICROSOFT_CLOUD: "nothing between the two tenants works",
    StepKey.AUTOMATIC_REDEMPTION_OUTBOUND: "their people still see the consent prompt here; access works without it",
    StepKey.AUTOMATIC_REDEMPTION_INBOUND: "our people still see the consent prompt there; access works without it",
    StepKey.B2B_DIRECT_CONNECT_OUTBOUND: "their people cannot use our shared channels",
    StepKey.B2B_DIRECT_CONNECT_INBOUND: "our people cannot use their shared channels",
    StepKey.PROVISIONING_JOB: "no accounts of their users are created here",
}
_NO_SYNCHRONIZATION: Final = "their users cannot be synchronized into our tenant"


def usually_open_words(steps: Sequence[SetupStep]) -> str:
    """State in two sentences what Microsoft's default in the partner's tenant opens already; empty when nothing."""
    names = "; ".join(SHORT_NAMES[step.key] for step in steps if not step.is_needed)
    return f"Also open by Microsoft's default: their {names}. Check them if something does not work." if names else ""


def missing_until(step: SetupStep, steps: Sequence[SetupStep]) -> str:
    """State in one sentence what does not work until the partner has done a needed step."""
    is_synchronized = any(other.key is StepKey.PROVISIONING_JOB for other in steps)
    is_for_accounts = is_synchronized and step.key is StepKey.AUTOMATIC_REDEMPTION_OUTBOUND
    return f"Until they set it, {_NO_SYNCHRONIZATION if is_for_accounts else _NOT_WORKING[step.key]}."


def setup_words(steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> str:
    """Describe in one line the setup of both sides, without names; empty when the partner need not do anything."""
    needed = needed_steps(steps)
    if not needed:
        return ""
    still_open = len(open_steps(steps, confirmations))
    if not still_open:
        return f"Our side: done. Partner's side: confirmed ({NOT_VISIBLE})"
    done, count = len(needed) - still_open, counted(len(needed), "step")
    progress = f"{done} of {count} confirmed" if done else f"not confirmed, {count}"
    return f"Our side: done. Partner's side: {progress} ({NOT_VISIBLE})"
