"""Which of a partner's people Conditional Access locks out today, for the posture."""

from collections.abc import Iterator

from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.conditional_access.words import WHAT_IF, access_findings, locked_out_words, unasked_words
from workflows.core.checks.findings import finding_said
from workflows.core.checks.unchecked import CONDITIONAL_ACCESS
from workflows.core.posture.model import Concern, Weight


def lockout_concerns(report: AccessReport) -> Iterator[Concern]:
    """State who is locked out, and what is not known about it. Report-only policies lock nobody out."""
    if report.unread is not None:
        for finding in access_findings(report):
            yield Concern(
                code=finding.code,
                weight=Weight.UNCHECKED,
                text=finding_said(finding),
                source=finding.source,
            )
    if words := locked_out_words(report):
        yield Concern(
            code="ca_locked_out",
            weight=Weight.WARNING,
            text=f"Conditional Access locks out today: {words}.",
            source=CONDITIONAL_ACCESS,
        )
    if words := unasked_words(report):
        yield Concern(code="ca_estimate", weight=Weight.UNCHECKED, text=words, source=WHAT_IF)
