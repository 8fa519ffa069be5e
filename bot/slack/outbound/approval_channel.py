"""The channel of the approval cards. Cards are posted only while it is certainly private and not shared."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code, is_temporary, retry_after
from workflows.app.alarms import Alarms
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import CHANNEL_CHECKED_EVERY, CHANNEL_TRUSTED_FOR
from workflows.ports.clock import Clock
from workflows.ports.notifier import NotifierUnavailable

CHANNEL_ADVICE: Final = "name a private channel of this workspace only, with the app in it"
_SHARED: Final = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared", "is_shared")

_log = structlog.get_logger()


class ChannelUnsuitable(NotifierUnavailable):
    """No card may be posted to the channel now.

    It is tried again, because an admin may repair the channel at any time.
    """


async def channel_problem(client: AsyncWebClient, channel: str) -> str:
    """State why approval cards must not be posted to a channel; empty when it is private and not shared.

    A channel for which this cannot be shown is refused (Slack: "conversations.info", "conversation object").

    :raises ChannelUnsuitable: when Slack does not answer now.
    """
    try:
        answer = await client.api_call("conversations.info", http_verb="GET", params={"channel": channel})
    except SlackApiError as error:
        code = error_code(error)
        if code == "missing_scope":
            return _scope_problem(error)
        if is_temporary(error):
            reason = f"Whether the approval channel is private cannot be told now ({code or 'no answer of Slack'})."
            raise ChannelUnsuitable(reason, retry_after(error)) from error
        return f"Slack does not show it to the app ({code})"
    except NO_ANSWER as error:
        raise ChannelUnsuitable("Whether the approval channel is private cannot be told now.") from error
    found = answer.data.get("channel") if isinstance(answer.data, dict) else None
    return _channel_state_problem(found if isinstance(found, Mapping) else {})


def _scope_problem(error: SlackApiError) -> str:
    """State the problem when a scope is missing. With groups:read, the bot sees private channels only."""
    data = getattr(error.response, "data", None)
    provided = str(data.get("provided") or "") if isinstance(data, Mapping) else ""
    if "groups:read" in provided.split(","):
        return "it is not a private channel"
    return "the app may not see whether it is private (scope groups:read); install it again from manifest.yml"


def _channel_state_problem(channel: Mapping[str, Any]) -> str:
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
        self._problem = ""
        self._checked_at: datetime | None = None
        self._lock = asyncio.Lock()

    @property
    def known_problem(self) -> str:
        """Return why the channel is unsuitable, as last read; empty when it is suitable or was not read yet."""
        return self._problem

    async def require_private(self) -> None:
        """Check that a card may be posted.

        :raises ChannelUnsuitable: while the channel is not certainly private; the admins get an alarm.
        """
        if problem := await self._current_problem(CHANNEL_TRUSTED_FOR):
            reason = f"No card is posted to the approval channel: {problem}."
            raise ChannelUnsuitable(reason, CHANNEL_TRUSTED_FOR.total_seconds())

    async def problem(self) -> str:
        """Return why the channel is unsuitable, as read at most a minute ago; empty when it is suitable.

        :raises ChannelUnsuitable: when it cannot be read now.
        """
        return await self._current_problem(CHANNEL_TRUSTED_FOR)

    async def check(self) -> None:
        """Check the channel without a card to post: often while there is a problem, otherwise now and then."""
        try:
            await self._current_problem(CHANNEL_TRUSTED_FOR if self._problem else CHANNEL_CHECKED_EVERY)
        except ChannelUnsuitable as error:
            _log.warning("approval_channel_not_read", reason=str(error))

    async def _current_problem(self, age: timedelta) -> str:
        async with self._lock:
            now = self._clock.now()
            if self._checked_at is None or not timedelta(0) <= now - self._checked_at < age:
                problem = await channel_problem(self._client, self.id)
                self._problem, self._checked_at = problem, now
                values = {"channel": self.id, "reason": problem}
                alarm_values = {self.id: values} if problem else {}
                await self._alarms.update_alarms(AlarmCode.CHANNEL_NOT_PRIVATE, alarm_values)
            return self._problem
