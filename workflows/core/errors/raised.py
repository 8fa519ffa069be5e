"""The errors that the domain raises on purpose. Those that a person caused carry a fact: a code with values."""

from typing import Any

from workflows.core.errors.facts import Fact, Facts, log_text, text_fact
from workflows.core.errors.refusal_codes import RefusalCode


class DomainError(Exception):
    """Base of every error that the domain raises on purpose. `str(error)` is for logs: codes and values."""

    @property
    def facts(self) -> Facts:
        """Return what the error tells. A text of its own is for operators, or from outside."""
        return (text_fact(str(self)),)


class ToldError(DomainError):
    """An error that tells facts one after the other, or repeats a text from outside."""

    def __init__(self, said: Facts | str) -> None:
        """Create the error.

        :param said: facts; a text only when another system wrote it.
        """
        self._facts = (text_fact(said),) if isinstance(said, str) else said
        super().__init__(log_text(self._facts))

    @property
    def facts(self) -> Facts:
        """Return what the error tells."""
        return self._facts


class CodedError(DomainError):
    """An error with a fact: what is not possible, and the values that its sentence needs."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(str(fact))
        self.fact = fact
        self.code: str = fact.code

    @property
    def facts(self) -> Facts:
        """Return the fact."""
        return (self.fact,)


class Refused(CodedError):
    """Somebody asked for something that the rules do not allow. `code` is stored as the outcome in the audit log."""

    code: RefusalCode

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))


class InvalidField(CodedError):
    """Input that a person can correct: `field` names it, the fact says what is wrong."""

    def __init__(self, field: str, code: str, /, **values: Any) -> None:
        super().__init__(Fact(code, values))
        self.field = field


class NothingToChange(CodedError):
    """The tenant already has every setting that was asked for."""

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))


class UnreadableSetting(CodedError):
    """A setting read from the tenant has a shape or value that this version does not know.

    It is never treated as open, closed or absent.
    """

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))
