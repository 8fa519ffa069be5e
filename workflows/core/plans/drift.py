"""Compare a partner that somebody else changed with the approved plan. This difference is called drift.

Each setting has three values: before the plan, after the plan, and now.
"""

from dataclasses import dataclass
from typing import Any, Final

from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value

_KEY: Final = "tenantId"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDrift:
    """One setting, with Graph's documents. None means that the partner does not set it."""

    name: str
    approved_from: Any
    approved_to: Any
    now: Any

    @property
    def is_outside_change(self) -> bool:
        """Return whether the setting was changed outside Gatehouse.

        A flag of Graph that is missing means the same as false.
        """
        are_off = all(value is None or value is False for value in (self.approved_from, self.now))
        return not are_off and not is_same_value(self.approved_from, self.now)

    @property
    def is_planned(self) -> bool:
        """Return whether the plan writes it."""
        return not is_same_value(self.approved_from, self.approved_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultDrift:
    """A changed setting of the tenant's default that the partner would inherit, with Graph's documents."""

    name: str
    before: Any
    """The value when the plan was made; approvers saw it."""
    now: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the current settings differ from the state before an approved plan, and from the state after it."""

    existed: bool
    """Whether the partner had its own settings when the plan was made."""
    exists: bool
    """Whether it has its own settings now."""
    settings: tuple[SettingDrift, ...]
    """The settings that somebody else changed, and the settings that the plan writes."""
    defaults: tuple[DefaultDrift, ...] = ()
    """Changes of the tenant's default that the partner would inherit."""

    @property
    def outside_changes(self) -> tuple[SettingDrift, ...]:
        """Return the settings that were changed outside Gatehouse: their value is not the one that was planned from."""
        return tuple(setting for setting in self.settings if setting.is_outside_change)


def three_way_difference(plan: Plan, observed_configuration: JsonObject | None) -> Drift:
    """Compare a configuration with the states before and after a plan.

    Properties that Microsoft does not document are compared too.

    :param observed_configuration: the partner's configuration that was just read; None when it has none.
    """
    states = (plan.before or {}, plan.configuration_after() or {}, observed_configuration or {})
    names = dict.fromkeys(name for state in states for name in state if name != _KEY)
    return Drift(
        existed=plan.before is not None,
        exists=observed_configuration is not None,
        settings=tuple(
            SettingDrift(name=name, approved_from=before, approved_to=after, now=now)
            for name in names
            for before, after, now in [tuple(state.get(name) for state in states)]
            if not (is_same_value(before, after) and is_same_value(before, now))
        ),
    )
