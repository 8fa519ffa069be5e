"""People and roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NewType

ChatId = NewType("ChatId", str)
"""A person's id in the chat system: what a verified click proves."""
PersonId = NewType("PersonId", str)
"""The object id of an Entra account: what separation of duties is counted by."""
Role = NewType("Role", str)
"""A name from roles.toml."""

ADMIN: Final = Role("admin")
"""Who may revoke. The one role that the code itself names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human: an enabled member account of the home tenant, and the chat user mapped to it."""

    id: PersonId
    chat_id: ChatId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Which roles each person holds at this moment. Who is absent holds none, whatever the reason."""

    roles: Mapping[PersonId, frozenset[Role]] = field(default_factory=dict)

    def holds(self, person: PersonId, role: Role) -> bool:
        """Tell whether `person` holds `role` now."""
        return role in self.roles.get(person, frozenset())
