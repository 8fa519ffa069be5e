"""People, their roles, and the comparison of mail addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NewType, TypeVar

from workflows.core.audit.personal import PSEUDONYM

ChatId = NewType("ChatId", str)
"""A person's id in the chat system. A verified click proves it."""
PersonId = NewType("PersonId", str)
"""The object id of a user in Entra. Separation of duties compares these ids."""
Role = NewType("Role", str)
"""The name of a role in roles.toml."""

_FOLDING: Final = str.maketrans(ascii_uppercase, ascii_lowercase)

ADMIN: Final = Role("admin")
"""The role that may revoke."""
AUDITOR: Final = Role("auditor")
"""The optional role that may search every request and read its history. It decides nothing."""

HELPDESK: Final = Role("helpdesk")
"""The optional role that may ask why a person from outside cannot get in. It decides nothing."""
READING_ROLES: Final = frozenset({AUDITOR, HELPDESK})
"""The roles whose people only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human: an enabled member account of our tenant, and the chat user that belongs to it."""

    id: PersonId
    chat_id: ChatId
    name: str


GATEHOUSE: Final = Person(id=PersonId("gatehouse"), chat_id=ChatId("gatehouse"), name="Gatehouse")
"""The bot itself, as the requester of what it does by itself. It is no account, and gets no messages."""

_COMMAND_LINE: Final = "os:"
"""The beginning of the name of a user of the operating system, as the audit log has it."""


def command_line_person(user: str) -> Person:
    """Return the user of the operating system as the requester of what needs no person, such as closing.

    :param user: the name, as `os:dana`. It is no account, and no chat user.
    """
    return Person(id=PersonId(user), chat_id=ChatId(user), name=f"{user.removeprefix(_COMMAND_LINE)} (command line)")


def is_chat_user(chat_id: ChatId) -> bool:
    """Return whether an id is that of a person who gets messages.

    It is not for the bot, for the command line, and for a person whose texts were erased.
    """
    return chat_id != GATEHOUSE.chat_id and not chat_id.startswith((_COMMAND_LINE, PSEUDONYM))


Actor = TypeVar("Actor", bound=ChatId | Person)
"""The author of a command: a chat id from a click, or a person whom the permission check has identified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRoles:
    """The roles of each person now. A person who is not in it has no role."""

    roles: Mapping[PersonId, frozenset[Role]] = field(default_factory=dict)

    def holds(self, person: PersonId, role: Role) -> bool:
        """Return whether `person` has `role` now."""
        return role in self.roles.get(person, frozenset())


def mail_in_lower_case(mail: str) -> str:
    """Return a mail address with its ASCII letters in lower case, to compare addresses.

    NB. `lower` and `casefold` are not used. They turn some other characters into ASCII letters, for example KELVIN
    SIGN (U+212A) into `k`. Two different addresses would become equal.
    """
    return mail.translate(_FOLDING)


def is_same_mail(mail: str, other: str) -> bool:
    """Return whether two mail addresses differ at most in upper and lower case of ASCII letters."""
    return mail_in_lower_case(mail) == mail_in_lower_case(other)
