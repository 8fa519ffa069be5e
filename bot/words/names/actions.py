"""The commands of `/partner` for the actions that sentences name. A boundary: the words of every subject share it."""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Action(Enum):
    """An action that a person can ask for."""

    LIST = "list partners"
    SHOW = "show partner"
    REQUEST = "request access"
    CHECKLIST = "partner checklist"
    REVOKE = "revoke partner"
    RESTORE = "restore settings"
    ADOPT = "adopt settings"


COMMANDS: Final[Mapping[Action, str]] = {
    Action.LIST: "/partner list",
    Action.SHOW: "/partner show",
    Action.REQUEST: "/partner request",
    Action.CHECKLIST: "/partner checklist",
    Action.REVOKE: "/partner revoke",
    Action.RESTORE: "/partner restore",
    Action.ADOPT: "/partner adopt",
}
