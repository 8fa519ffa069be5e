"""Find the partner's people whom Conditional Access locks out now.

A boundary: the only module of the posture that uses Conditional Access.
"""

from collections.abc import Iterator

from workflows.core.checks.conditional_access.findings import estimate_values, locked_out_values
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity


def lockout_concerns(report: AccessReport) -> Iterator[Concern]:
    """List the concerns about people who are locked out, and about what is not known.

    Report-only policies lock nobody out.
    """
    if report.unreadable is not None:
        why = {"why": report.unreadable.reason.value}
        yield Concern(code=ConcernCode.CONDITIONAL_ACCESS_UNREADABLE, severity=ConcernSeverity.UNCHECKED, values=why)
    if (locked_out := locked_out_values(report)) is not None:
        yield Concern(code=ConcernCode.LOCKED_OUT, severity=ConcernSeverity.WARNING, values=locked_out)
    if (estimate := estimate_values(report)) is not None:
        yield Concern(code=ConcernCode.ESTIMATE, severity=ConcernSeverity.UNCHECKED, values=estimate)
