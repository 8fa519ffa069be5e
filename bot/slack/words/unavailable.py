"""The texts when something cannot be read now: what to do, and who can repair it."""

from typing import Final

from bot.words.requests.notes import refusal_words
from workflows.core.errors.raised import DomainError
from workflows.ports.tenant import TenantRefused

WINDOW_NOT_OPENED: Final = "Slack did not open the window; try again."
TOO_MANY_COMMANDS: Final = (
    "Gatehouse is answering many commands at the moment, and did not start this one. Nothing changed. "
    "Try again in a minute."
)

_NOT_ALLOWED: Final = (401, 403)


def not_possible_now_words(error: DomainError) -> str:
    """State why something is not possible now, and who can do what about it."""
    why = refusal_words(error)
    if isinstance(error, TenantRefused) and error.status in _NOT_ALLOWED:
        return f"{why} Nothing was changed. Tell an admin. Trying again does not help until this is corrected."
    return f"{why} Nothing was changed; try again."
