"""Issue trigger ids: each is valid for three seconds of real time, and for one use."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.errors import SlackError

LIFETIME_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger id, issued after an action of a person. With it the app may open a view for that person."""

    user_id: str
    view_id: str | None
    """The modal of the action: a view that is opened by it is on top of that modal."""
    issued_at: float


class Triggers:
    """All trigger ids of this process.

    NB. they expire by real time, not by the sandbox's clock, because a person waits.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._live: dict[str, Trigger] = {}
        self._used: set[str] = set()

    def issue(self, user_id: str, view_id: str | None = None) -> str:
        """Create a trigger id."""
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._live[trigger_id] = Trigger(user_id=user_id, view_id=view_id, issued_at=self._monotonic())
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger id, which is then no longer valid.

        :raises SlackError: `invalid_trigger_id`, `exchanged_trigger_id` (second use) or `expired_trigger_id`.
        """
        if trigger_id in self._used:
            raise SlackError("exchanged_trigger_id")
        trigger = self._live.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if self._monotonic() - trigger.issued_at > LIFETIME_SECONDS:
            raise SlackError("expired_trigger_id")
        self._used.add(trigger_id)
        return trigger
