"""Compare the plan that people saw with the plan that replaces it."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.core.plans.changes import ChangeSubject, SettingChange, setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanShown:
    """A plan with the tenant's default as it was when the plan was made (None: not known)."""

    plan: Plan
    default: JsonObject | None

    def changes(self) -> Mapping[ChangeSubject, SettingChange]:
        """Return the change of each setting, in the order of the plan."""
        return {change.subject: change for change in setting_changes(self.plan, self.default)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One setting with a different change in each of the two plans."""

    subject: ChangeSubject
    before: SettingChange | None
    """The change in the plan that people saw; None when that plan does not write the setting."""
    after: SettingChange | None
    """The change in the new plan; None when the new plan does not write the setting."""


def revisions(earlier_plan: PlanShown, new_plan: PlanShown) -> tuple[Revision, ...]:
    """List the settings with a different change in each plan, or with a change in only one of them.

    Settings of the new plan come first, in its order.
    """
    changes_before, changes_after = earlier_plan.changes(), new_plan.changes()
    return tuple(
        Revision(subject=subject, before=changes_before.get(subject), after=changes_after.get(subject))
        for subject in dict.fromkeys([*changes_after, *changes_before])
        if changes_before.get(subject) != changes_after.get(subject)
    )
