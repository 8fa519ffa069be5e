"""The progress of a plan: which operations took effect and which did not."""

from collections.abc import Sequence
from typing import Any, Final

from workflows.core.plans.plan import Operation, Plan
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.words import title

NOTHING_WRITTEN: Final = "Nothing was written"


def progress_values(plan: Plan, done: int) -> dict[str, Any]:
    """Return which operations took effect when the first `done` were accepted and the next one was refused.

    :returns: `done`, `total`, and `written` and `not_written`: for each operation the Graph names of its settings; none
        for a partner without settings of its own.
    """
    return {
        "done": done,
        "total": len(plan.operations),
        "written": [_settings(operation) for operation in plan.operations[:done]],
        "not_written": [_settings(operation) for operation in plan.operations[done:]],
    }


def progress_words(plan: Plan, done: int) -> str:
    """State which operations took effect, as `progress_values` lists them."""
    values = progress_values(plan, done)
    if done == 0:
        return f"{NOTHING_WRITTEN}."
    return (
        f"{done} of {values['total']} writes stand in the tenant. Written: {_names(values['written'])}. "
        f"Not written: {_names(values['not_written'])}."
    )


def _settings(operation: Operation) -> list[str]:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return [IDENTITY_SYNCHRONIZATION]
    return [name for name in operation.body if name != "tenantId"]


def _names(operations: Sequence[Sequence[str]]) -> str:
    return "; ".join(
        ", ".join(map(title, settings)) or "the partner without settings of its own" for settings in operations
    )
