"""Findings about a request besides the change itself: errors, warnings, unchecked facts, notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workflows.core.errors.facts import TEXT
from workflows.core.errors.raised import InvalidField


class Severity(StrEnum):
    """How serious a finding is. The values are shown to people."""

    ERROR = "error"
    """The request cannot be made."""
    WARNING = "warning"
    """An approver must know it before deciding."""
    UNCHECKED = "could not be checked"
    """Nothing is known. It never means "fine"."""
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding."""

    code: str
    severity: Severity
    text: str
    """A complete sentence, with the correction where there is one."""
    source: str
    """The vendor page, or the place in the tenant, that it is based on."""
    lines: tuple[str, ...] = ()
    """The complete list, line by line, when the text is a summary."""


class Unfit(InvalidField):
    """A request breaks a rule. `code` names the first broken rule for the audit log."""

    def __init__(self, field: str, errors: Sequence[Finding]) -> None:
        super().__init__(field, TEXT, text=" ".join(f"{error.text} ({error.source})" for error in errors))
        self.code = errors[0].code


def require_fit(findings: Iterable[Finding], field: str) -> tuple[Finding, ...]:
    """Return the findings when none of them is an error.

    :param field: the form's field that shows the errors.
    :raises Unfit: with every error's text and source.
    """
    found = tuple(findings)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        raise Unfit(field, errors)
    return found
