"""Slack's published rate limits, per method, app and workspace (Slack: "Rate limits"); off until they are switched on.

A limit is a number of calls a minute. As many may come at once, because Slack allows short bursts and does not say how
long they may be. A message is posted once a second in a channel, after a burst of a few.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.sandbox.slack.errors import SlackError

PER_MINUTE: Final[Mapping[int, int]] = {1: 1, 2: 20, 3: 50, 4: 100}
"""How many calls a minute Slack promises for each tier, at least."""
TIERS: Final[Mapping[str, int]] = {
    "apps.connections.open": 1,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "users.list": 2,
    "chat.delete": 3,
    "chat.scheduledMessages.list": 3,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.open": 3,
    "team.info": 3,
    "users.lookupByEmail": 3,
    "chat.postEphemeral": 4,
    "files.completeUploadExternal": 4,
    "files.getUploadURLExternal": 4,
    "files.info": 4,
    "conversations.members": 4,
    "users.info": 4,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
"""The tier of each method. The others have limits of their own that no app with a few users reaches."""
POSTING: Final = "chat.postMessage"
POSTS_AT_ONCE: Final = 4
SHORTEST_BURST: Final = 5
"""How many calls of the first tier may come at once."""


@dataclass(slots=True)
class _Allowance:
    """What is left of a limit; it grows back with time."""

    tokens_left: float
    at: datetime


class RateLimits:
    """Counts the calls of one app, and refuses those above the limits."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Create the limits, switched off.

        :param now: returns the sandbox's time: moving its clock forward ends every wait.
        """
        self._now = now
        self._allowances: dict[tuple[str, str], _Allowance] = {}
        self.is_enforced = False

    def enforce(self, *, is_enforced: bool) -> None:
        """Switch the limits on or off. Calls from before are forgotten."""
        self._allowances.clear()
        self.is_enforced = is_enforced

    def take(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Count one call.

        :raises RateLimited: when it is above the limit; it is then not counted.
        """
        if not self.is_enforced:
            return
        if method == POSTING:
            self._take((method, str(arguments.get("channel", ""))), at_once=POSTS_AT_ONCE, per_second=1.0)
        elif (tier := TIERS.get(method)) is not None:
            per_minute = PER_MINUTE[tier]
            self._take((method, ""), at_once=max(per_minute, SHORTEST_BURST), per_second=per_minute / 60)

    def _take(self, key: tuple[str, str], *, at_once: int, per_second: float) -> None:
        now = self._now()
        allowance = self._allowances.setdefault(key, _Allowance(at_once, now))
        passed = max(0.0, (now - allowance.at).total_seconds())
        allowance.tokens_left, allowance.at = min(at_once, allowance.tokens_left + passed * per_second), now
        if allowance.tokens_left < 1:
            raise RateLimited(math.ceil((1 - allowance.tokens_left) / per_second))
        allowance.tokens_left -= 1


class RateLimited(SlackError):
    """A call above a limit, answered with status 429 and `Retry-After`, as in Slack."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after
        """Whole seconds, at least one."""
