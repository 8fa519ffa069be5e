"""The commands of `/partner` for the actions that sentences name."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final


class Action(Enum):
    """An action that a person can ask for. Its text, a name in marks, is part of texts that earlier versions stored."""

    LIST = "list partners"
    SHOW = "show partner"
    REQUEST = "request access"
    CHECKLIST = "partner checklist"
    REVOKE = "revoke partner"
    RESTORE = "restore settings"

    def __str__(self) -> str:
        # Marks that people hardly ever type, so that nothing which they wrote is taken for an action.
        return f"‹{self.value}›"


COMMANDS: Final[Mapping[Action, str]] = {
    Action.LIST: "/partner list",
    Action.SHOW: "/partner show",
    Action.REQUEST: "/partner request",
    Action.CHECKLIST: "/partner checklist",
    Action.REVOKE: "/partner revoke",
    Action.RESTORE: "/partner restore",
}
_NAMED: Final = {str(action): command for action, command in COMMANDS.items()}
_ACTIONS: Final = re.compile("|".join(map(re.escape, _NAMED)))


def with_commands(text: str) -> str:
    """Replace each action in a text by the command that a person types for it."""
    return _ACTIONS.sub(lambda found: _NAMED[found.group()], text)
