"""People, their roles, and the comparison of mail addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NewType, TypeVar

ChatId = NewType("ChatId", str)
"""A person's id in the chat system, which a verified click proves."""
PersonId = NewType("PersonId", str)
"""The object id of an Entra account. Separation of duties compares these ids."""
Role = NewType("Role", str)
"""A name from roles.toml."""

_FOLDING: Final = str.maketrans(ascii_uppercase, ascii_lowercase)

ADMIN: Final = Role("admin")
"""The role that may revoke, and the only role that the code itself names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human: an enabled member account of the home tenant, and the chat user mapped to it."""

    id: PersonId
    chat_id: ChatId
    name: str


Actor = TypeVar("Actor", bound=ChatId | Person)
"""Who gives a command: a chat id from a click, or a person after the permission check has identified them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The roles of each person at this moment. A person who is absent has no role, whatever the reason."""

    roles: Mapping[PersonId, frozenset[Role]] = field(default_factory=dict)

    def holds(self, person: PersonId, role: Role) -> bool:
        """Return whether `person` has `role` now."""
        return role in self.roles.get(person, frozenset())


def folded_mail(mail: str) -> str:
    """Return a mail address in a form in which equal addresses are equal texts.

    NB. not by `lower` or `casefold`: Unicode folds other characters to ASCII letters, for example KELVIN SIGN (U+212A)
    to `k`. The owner of an address with such a character would count as somebody else.
    """
    return mail.translate(_FOLDING)


def is_same_mail(one: str, other: str) -> bool:
    """Return whether two mail addresses are the same."""
    return folded_mail(one) == folded_mail(other)
