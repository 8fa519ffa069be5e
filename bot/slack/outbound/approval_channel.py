"""The channel of the approval cards. Cards are posted only while it is certainly private and not shared.

No decision that opens access is accepted from a channel that is shared with another workspace.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code, is_temporary, retry_after
from workflows.app.alarms import Alarms
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import CHANNEL_CHECKED_EVERY, CHANNEL_TRUSTED_FOR
from workflows.ports.clock import Clock
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable

CHANNEL_ADVICE: Final = "name a private channel of this workspace only, with the app in it"
_DIRECT_MESSAGE: Final = "D"
"""How the id of a direct message with one person begins (Slack: "conversation object")."""
_SHARED: Final = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared", "is_shared")

_log = structlog.get_logger()


class ChannelUnsuitable(NotifierUnavailable):
    """No card may be posted to the channel now.

    It is tried again, because an admin may repair the channel at any time.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What Slack says about a channel."""

    problem: str = ""
    """Why approval cards must not be posted to it; empty when it is private and not shared."""
    is_shown: bool = True
    """Whether Slack shows the channel to the app."""
    is_shared: bool = False
    """Whether people of another workspace read it, or were invited to."""


async def channel_problem(client: AsyncWebClient, channel: str) -> str:
    """State why approval cards must not be posted to a channel; empty when it is private and not shared.

    :raises ChannelUnsuitable: when Slack does not answer now.
    """
    return (await channel_state(client, channel)).problem


async def channel_state(client: AsyncWebClient, channel: str) -> ChannelState:
    """Read what Slack says about a channel.

    One for which this cannot be shown has a problem (Slack: "conversations.info", "conversation object").

    :raises ChannelUnsuitable: when Slack does not answer now.
    """
    try:
        answer = await client.api_call("conversations.info", http_verb="GET", params={"channel": channel})
    except SlackApiError as error:
        code = error_code(error)
        if code == "missing_scope":
            return ChannelState(problem=_scope_problem(error), is_shown=False)
        if is_temporary(error):
            reason = f"Whether the approval channel is private cannot be told now ({code or 'no answer of Slack'})."
            raise ChannelUnsuitable(reason, retry_after(error)) from error
        return ChannelState(problem=f"Slack does not show it to the app ({code})", is_shown=False)
    except NO_ANSWER as error:
        raise ChannelUnsuitable("Whether the approval channel is private cannot be told now.") from error
    found = answer.data.get("channel") if isinstance(answer.data, dict) else None
    shown = found if isinstance(found, Mapping) else {}
    return ChannelState(
        problem=_problem_of(shown), is_shown=bool(shown), is_shared=any(shown.get(name) for name in _SHARED)
    )


def _scope_problem(error: SlackApiError) -> str:
    """State the problem when a scope is missing. With groups:read, the bot sees private channels only."""
    data = getattr(error.response, "data", None)
    provided = str(data.get("provided") or "") if isinstance(data, Mapping) else ""
    if "groups:read" in provided.split(","):
        return "it is not a private channel"
    return "the app may not see whether it is private (scope groups:read); install it again from manifest.yml"


def _problem_of(channel: Mapping[str, Any]) -> str:
    if channel.get("is_private") is not True or channel.get("is_im") or channel.get("is_mpim"):
        return "it is not a private channel"
    if any(channel.get(name) for name in _SHARED):
        return "it is shared with another workspace, or about to be"
    if channel.get("is_archived"):
        return "it is archived"
    return ""


class ApprovalChannel:
    """Caches for a minute whether the channel is suitable, and updates its alarm."""

    def __init__(self, *, client: AsyncWebClient, channel: str, alarms: Alarms, clock: Clock) -> None:
        self.id = channel
        self._client = client
        self._alarms = alarms
        self._clock = clock
        self._state = ChannelState()
        self._checked_at: datetime | None = None
        self._lock = asyncio.Lock()

    @property
    def known_problem(self) -> str:
        """Return why the channel is unsuitable; empty when it is suitable, or was not read within some minutes.

        A bot that did not lead for long has an old answer.
        """
        return self._state.problem if self._is_known(self._clock.now(), CHANNEL_CHECKED_EVERY) else ""

    async def require_private(self) -> None:
        """Check that a card may be posted.

        :raises ChannelUnsuitable: while the channel is not certainly private; the admins get an alarm.
        """
        if problem := await self.problem():
            reason = f"No card is posted to the approval channel: {problem}."
            raise ChannelUnsuitable(reason, CHANNEL_TRUSTED_FOR.total_seconds())

    async def problem(self) -> str:
        """Return why the channel is unsuitable, as read at most a minute ago; empty when it is suitable.

        :raises ChannelUnsuitable: when it cannot be read now.
        """
        return (await self._current_state(CHANNEL_TRUSTED_FOR)).problem

    async def require_ours(self, channel: str) -> None:
        """Check that only people of our workspace read a channel; see `ports.DecisionPlaces`.

        Of the approval channel the answer may be a minute old, and the admins get its alarm. Others are read each time.
        """
        if not channel or channel.startswith(_DIRECT_MESSAGE):
            return
        try:
            if channel == self.id:
                state = await self._current_state(CHANNEL_TRUSTED_FOR)
            else:
                state = await channel_state(self._client, channel)
        except ChannelUnsuitable as error:
            raise PeopleDirectoryUnavailable(error.facts, error.retry_after) from error
        if state.is_shared:
            raise Refused(RefusalCode.CLICKED_IN_SHARED_CHANNEL)
        if not state.is_shown:
            raise Refused(RefusalCode.CLICKED_IN_UNKNOWN_CHANNEL)

    async def check(self) -> None:
        """Check the channel without a card to post: often while there is a problem, otherwise now and then."""
        try:
            await self._current_state(CHANNEL_TRUSTED_FOR if self._state.problem else CHANNEL_CHECKED_EVERY)
        except ChannelUnsuitable as error:
            _log.warning("approval_channel_not_read", reason=str(error))

    async def _current_state(self, age: timedelta) -> ChannelState:
        async with self._lock:
            now = self._clock.now()
            if not self._is_known(now, age):
                self._state, self._checked_at = await channel_state(self._client, self.id), now
                values = {"channel": self.id, "reason": self._state.problem}
                alarm_values = {self.id: values} if self._state.problem else {}
                await self._alarms.update_alarms(AlarmCode.CHANNEL_NOT_PRIVATE, alarm_values)
            return self._state

    def _is_known(self, now: datetime, age: timedelta) -> bool:
        """Return whether the channel was read at most so long ago."""
        return self._checked_at is not None and timedelta(0) <= now - self._checked_at < age
