"""The progress of a plan in words: which operations took effect and which did not."""

from collections.abc import Sequence
from typing import Final

from workflows.core.plans.plan import Operation, Plan
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.words import title

NOTHING_WRITTEN: Final = "Nothing was written"


def progress_words(plan: Plan, done: int) -> str:
    """State which operations took effect when the first `done` were accepted and the next one was refused."""
    total = len(plan.operations)
    if done == 0:
        return f"{NOTHING_WRITTEN}."
    return (
        f"{done} of {total} writes stand in the tenant. Written: {_names(plan.operations[:done])}. "
        f"Not written: {_names(plan.operations[done:])}."
    )


def _names(operations: Sequence[Operation]) -> str:
    return "; ".join(_name(operation) for operation in operations)


def _name(operation: Operation) -> str:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return title(IDENTITY_SYNCHRONIZATION)
    settings = [title(name) for name in operation.body if name != "tenantId"]
    return ", ".join(settings) or "the partner without settings of its own"
