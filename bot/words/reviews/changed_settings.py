"""What was changed about a drifted partner, in words: each setting as it was found, and as it was approved."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.words.plans.short_changes import ShortChange, Sign, short_changes
from bot.words.settings.values import title
from workflows.core.errors.raised import NothingToChange, UnreadableSetting
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.posture.watch.drift import FoundDrift
from workflows.core.settings.model import TenantId

_SIGNS: Final[Mapping[Sign, str]] = {Sign.MORE: "➕", Sign.UNKNOWN: "❔", Sign.LESS: "➖"}
_NO_TENANT: Final = TenantId("00000000-0000-0000-0000-000000000000")
"""The plan below is never sent."""
_BEFORE: Final = "approved"
_SWITCHED: Final[Mapping[Sign, str]] = {Sign.MORE: f" ({_BEFORE}: no)", Sign.LESS: f" ({_BEFORE}: yes)"}
"""What was approved for a setting that is on or off."""


def changed_settings(found: FoundDrift) -> Sequence[str]:
    """Return a line for each changed setting, more access first.

    For example "➕ Shared channels here: all apps (approved: blocked)". A setting whose values are not stored has its
    title only. Empty where none are stored. The lines contain text from the tenant.
    """
    stored = {**found.approved_values, **found.current_values}
    if not stored:
        return ()
    others = dict.fromkeys(title(name) for path in found.settings if (name := path.partition(".")[0]) not in stored)
    try:
        plan = plan_restoration(
            tenant_id=_NO_TENANT,
            current_configuration=found.approved_values,
            earlier_configuration=found.current_values,
        )
    except (NothingToChange, UnreadableSetting):
        return ()
    changes = short_changes(plan, None, before=_BEFORE)
    return [*map(_line, changes), *others]


def _line(change: ShortChange) -> str:
    text = f"{_SIGNS[change.sign]} {change.text}"
    return text if f"({_BEFORE}: " in text else f"{text}{_SWITCHED.get(change.sign, '')}"
