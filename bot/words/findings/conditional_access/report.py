"""A report about Conditional Access as JSON for programs, with stable names."""

from bot.words.findings.conditional_access.findings import question_words
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.conditional_access.findings import question_values, verdict_values
from workflows.core.checks.conditional_access.verdicts import AccessReport


def report_values(report: AccessReport) -> dict[str, object]:
    """Return a report as plain values with stable names."""
    return {
        "visitors": [visitor.value for visitor in report.visitors],
        "policies": report.policies,
        "evaluations": report.answered_count,
        "not_read": None if report.unreadable is None else UNREAD_REASON_WORDS[report.unreadable.reason],
        "not_evaluated": None
        if report.unanswered_because is None
        else UNREAD_REASON_WORDS[report.unanswered_because.reason],
        "not_checked": [question_words(question_values(question)) for question in report.left_out],
        "is_estimate": report.is_estimate,
        "meaning": {visitor.value: report.worst(visitor).value for visitor in report.visitors},
        "verdicts": [verdict_values(verdict) for verdict in report.verdicts],
    }
