"""What was found about a request beside the change itself: errors, warnings, what could not be checked, notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workflows.core.errors import InvalidField


class Severity(StrEnum):
    """How much a finding weighs; the values are the words that people read."""

    ERROR = "error"
    """The request cannot be made."""
    WARNING = "warning"
    """An approver must know it before deciding."""
    UNCHECKED = "could not be checked"
    """Nothing is known; never the same as "fine"."""
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding."""

    code: str
    severity: Severity
    text: str
    """A complete sentence, with the cure where there is one."""
    source: str
    """The vendor page or the place in the tenant that it rests on."""
    lines: tuple[str, ...] = ()
    """The whole of it, line by line, where the text is a summary."""


class Unfit(InvalidField):
    """A request breaks a rule. `code` names the first one for the audit log."""

    def __init__(self, field: str, errors: Sequence[Finding]) -> None:
        super().__init__(field, " ".join(f"{error.text} ({error.source})" for error in errors))
        self.code = errors[0].code


def require_fit(findings: Iterable[Finding], field: str) -> tuple[Finding, ...]:
    """Let findings pass when none of them is an error.

    :param field: the form's field that the errors are said at.
    :raises Unfit: with every error's text and source.
    """
    found = tuple(findings)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        raise Unfit(field, errors)
    return found
