"""The errors that the domain raises on purpose. Most of them contain facts, from which sentences are made."""

from typing import Any

from workflows.core.errors.facts import Fact, Facts, log_text, text_fact
from workflows.core.errors.refusal_codes import RefusalCode


class DomainError(Exception):
    """The base class of every error that the domain raises on purpose. `str(error)` is for logs."""

    @property
    def facts(self) -> Facts:
        """Return the facts about the error; without facts, its text as one fact."""
        return (text_fact(str(self)),)


class FactsError(DomainError):
    """An error with several facts, or with a text from another system."""

    def __init__(self, reason: Facts | str) -> None:
        """Create the error.

        :param reason: the facts; a text only when another system wrote it.
        """
        self._facts = (text_fact(reason),) if isinstance(reason, str) else reason
        super().__init__(log_text(self._facts))

    @property
    def facts(self) -> Facts:
        """Return the facts about the error."""
        return self._facts


class CodedError(DomainError):
    """An error with exactly one fact, which says what is not possible."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(str(fact))
        self.fact = fact
        self.code: str = fact.code

    @property
    def facts(self) -> Facts:
        """Return the fact."""
        return (self.fact,)


class Refused(CodedError):
    """A person asked for something that the rules do not allow. The audit log stores `code` as the outcome."""

    code: RefusalCode

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))


class InvalidField(CodedError):
    """Wrong input that a person can correct. `field` is the name of the input; the fact says what is wrong."""

    def __init__(self, field: str, code: str, /, **values: Any) -> None:
        super().__init__(Fact(code, values))
        self.field = field


class NothingToChange(CodedError):
    """The tenant already has every requested setting."""

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))


class UnreadableSetting(CodedError):
    """A setting read from the tenant has a shape or value that this version does not know.

    It is never treated as open, closed or absent.
    """

    def __init__(self, code: RefusalCode, /, **values: Any) -> None:
        super().__init__(Fact(code, values))
