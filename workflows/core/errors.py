"""What the domain has to say, as codes and values: facts, and the errors. Each surface has one place for words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]
"""Named values of a fact, as JSON can hold them: text, numbers, true, false, null, lists, objects."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. It contains no sentence."""

    code: str
    """A member of the enumeration of its subject. It is stored, so it is never renamed without a migration."""
    values: Values = field(default_factory=dict)
    """The values for its sentence. They may contain text from outside."""

    def __hash__(self) -> int:
        """Hash the code only, because values may be lists; facts that are equal have equal codes."""
        return hash(self.code)


class DomainError(Exception):
    """Base of every error that the domain raises on purpose. `str(error)` can be shown to the affected person."""


class Refused(DomainError):
    """Somebody asked for something that the rules do not allow.

    `code` is a stable name for the audit log. `reason` says why, and what the person can do.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class InvalidField(DomainError):
    """Input that a person can correct: `field` names it, `reason` says what is wrong and how to correct it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class NothingToChange(DomainError):
    """The tenant already has every setting that was asked for."""


class UnreadableSetting(DomainError):
    """A setting read from the tenant has a shape or value that this version does not know.

    It is never treated as open, closed or absent.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason.rstrip('.')}. Ask an admin to look at it in the Entra admin center.")
