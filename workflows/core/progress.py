"""How far a plan has come, in words that name what stands in the tenant and what does not."""

from collections.abc import Sequence
from typing import Final

from workflows.core.partner import IDENTITY_SYNCHRONIZATION
from workflows.core.plan import Operation, Plan
from workflows.core.request import AccessRequest
from workflows.core.setting_words import title

NOTHING_WRITTEN: Final = "Nothing was written"
SENT_BEFORE: Final = (
    "A write of an earlier plan of this request was sent and was not confirmed. It may stand in the tenant all the "
    "same: /partner show reads what does."
)


def progress_words(plan: Plan, done: int) -> str:
    """Say which of a plan's operations stand after the first `done` were taken and the next one was refused."""
    total = len(plan.operations)
    if done == 0:
        return f"{NOTHING_WRITTEN}."
    return (
        f"{done} of {total} writes stand in the tenant. Written: {_names(plan.operations[:done])}. "
        f"Not written: {_names(plan.operations[done:])}."
    )


def unwritten_words(request: AccessRequest) -> str:
    """Say, as the beginning of a sentence, that nothing of the present plan was written; and no more than that."""
    return NOTHING_WRITTEN if request.sent_before is None else "This plan was not written"


def with_sent_before(request: AccessRequest, text: str) -> str:
    """Add what was sent for a request under an earlier plan, which may stand whatever became of this one."""
    return text if request.sent_before is None else f"{text} {SENT_BEFORE}".strip()


def _names(operations: Sequence[Operation]) -> str:
    return "; ".join(_name(operation) for operation in operations)


def _name(operation: Operation) -> str:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return title(IDENTITY_SYNCHRONIZATION)
    settings = [title(name) for name in operation.body if name != "tenantId"]
    return ", ".join(settings) or "the partner without settings of its own"
