"""Which of a partner's people Conditional Access locks out today, for the posture.

A boundary: the posture takes nothing else from Conditional Access.
"""

from collections.abc import Iterator

from workflows.core.checks.conditional_access.findings import estimate_values, locked_out_values
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.posture.codes import ConcernCode
from workflows.core.posture.model import Concern, Weight


def lockout_concerns(report: AccessReport) -> Iterator[Concern]:
    """State who is locked out, and what is not known about it. Report-only policies lock nobody out."""
    if report.unread is not None:
        why = {"why": report.unread.why.value}
        yield Concern(code=ConcernCode.CONDITIONAL_ACCESS_UNREAD, weight=Weight.UNCHECKED, values=why)
    if (locked_out := locked_out_values(report)) is not None:
        yield Concern(code=ConcernCode.LOCKED_OUT, weight=Weight.WARNING, values=locked_out)
    if (estimate := estimate_values(report)) is not None:
        yield Concern(code=ConcernCode.ESTIMATE, weight=Weight.UNCHECKED, values=estimate)
