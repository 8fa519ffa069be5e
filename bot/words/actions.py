"""The commands of `/partner`, which replace the actions that the domain's sentences name."""

import re
from collections.abc import Mapping
from typing import Final

from workflows.core.text import Action

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
