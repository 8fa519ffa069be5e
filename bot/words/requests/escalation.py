"""The words about a stage that waited too long: who was asked or told, and why others were not."""

from collections.abc import Mapping
from typing import Final

from workflows.core.errors.facts import Values
from workflows.core.requests.request import EscalationStep, SkippedReason

ASKED_OR_TOLD: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: "Also asked",
    EscalationStep.MANAGERS: "Managers told",
    EscalationStep.ADMINS: "Admins told",
}
"""For the card, where there is no room to say what it means."""
_RIGHT: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: "who may approve too since then",
    EscalationStep.MANAGERS: "who may not approve because of it",
    EscalationStep.ADMINS: "who may not approve because of it",
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


def skipped_words(code: str, values: Values) -> str:
    """Return why somebody was not asked or told.

    :param code: the value of a `SkippedReason`.
    """
    return _SKIPPED[code].format_map(values)


def told_words(step: EscalationStep, names: str) -> str:
    """Return who was asked or told in one step, and whether that gives a right.

    :param names: the people; empty when there was nobody.
    """
    label = ASKED_OR_TOLD[step].lower()
    return f"{label}: {names}, {_RIGHT[step]}." if names else f"{label}: nobody."
