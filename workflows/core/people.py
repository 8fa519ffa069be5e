"""People, their roles, and when two mail addresses are one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NewType, TypeVar

ChatId = NewType("ChatId", str)
"""A person's id in the chat system: what a verified click proves."""
PersonId = NewType("PersonId", str)
"""The object id of an Entra account: what separation of duties is counted by."""
Role = NewType("Role", str)
"""A name from roles.toml."""

_FOLDING: Final = str.maketrans(ascii_uppercase, ascii_lowercase)

ADMIN: Final = Role("admin")
"""Who may revoke. The one role that the code itself names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human: an enabled member account of the home tenant, and the chat user mapped to it."""

    id: PersonId
    chat_id: ChatId
    name: str


Actor = TypeVar("Actor", bound=ChatId | Person)
"""Who gives a command: a chat id, as a click says it, or a person, once the permission check knows who that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Which roles each person holds at this moment. Who is absent holds none, whatever the reason."""

    roles: Mapping[PersonId, frozenset[Role]] = field(default_factory=dict)

    def holds(self, person: PersonId, role: Role) -> bool:
        """Return whether `person` holds `role` now."""
        return role in self.roles.get(person, frozenset())


def folded_mail(mail: str) -> str:
    """Write a mail address so that equal ones are equal texts.

    NB. not by `lower` or `casefold`: Unicode folds other characters to ASCII letters, KELVIN SIGN (U+212A) to `k` for
    one, and who owns an address with such a character would pass for somebody else.
    """
    return mail.translate(_FOLDING)


def is_same_mail(one: str, other: str) -> bool:
    """Return whether two mail addresses are one."""
    return folded_mail(one) == folded_mail(other)
