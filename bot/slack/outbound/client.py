"""Slack's Web API client, which removes secrets from every text: all text to Slack goes through it.

The boundary to Slack.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.errors import retry_after
from workflows.core.errors.facts import redact_value

_READ_VERB: Final = "GET"
_TOO_MANY: Final = 429
"""Source: Slack, "Rate limits"."""
_LONGEST_PAUSE_SECONDS: Final = 300.0


class SlackClient(AsyncWebClient):
    """Removes secrets from every text of every call; the credentials of the call stay."""

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        redact: Callable[[str], str],
        observe_date: Callable[[str, float], None] | None = None,
    ) -> None:
        """Create the client.

        :param observe_date: takes the `Date` header of each answer, and the seconds since its request was sent.
        """
        # NB. without the client's own retries: a message whose answer was lost would be posted twice.
        super().__init__(token=token, base_url=base_url, retry_handlers=[])
        self._redact = redact
        self._observe_date = observe_date
        self.throttled = 0
        """How often Slack asked for fewer calls (429)."""
        self._reads = AsyncWebClient(token=token, base_url=base_url, retry_handlers=[])
        self.on_pause: Callable[[str, float], None] | None = None
        """Called with a limit of Slack's and the seconds of the pause that Slack asked for. None: nobody shares it."""
        self.now: Callable[[], float] = time.monotonic
        """The clock of pauses, in seconds. Work that waits for the end of a pause must have the same one."""
        self._paused_until: dict[str, float] = {}
        """Until when nothing is sent that counts for a limit, because Slack asked another process for that."""

    def pause_as_told(self, limit: str, seconds: float) -> None:
        """Send nothing that counts for a limit for these seconds, because Slack asked another process for that."""
        now = self.now()
        kept = {name: until for name, until in self._paused_until.items() if until > now}
        self._paused_until = {**kept, limit: max(kept.get(limit, now), now + min(seconds, _LONGEST_PAUSE_SECONDS))}

    def use_token(self, token: str) -> None:
        """Use another bot token from the next call on. Calls that are under way keep theirs."""
        self.token = self._reads.token = token

    async def close(self) -> None:
        """Close the kept connections."""
        if self._reads.session is not None:
            await self._reads.session.close()

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Call a method of the Web API."""
        sent_at, limit = time.monotonic(), _limit_of(api_method, arguments)
        now = self.now()
        # A clock that was put back says more than any pause lasts.
        if 0 < (left := self._paused_until.get(limit, now) - now) <= _LONGEST_PAUSE_SECONDS:
            raise self._held_back(api_method, left)
        try:
            answer = await self._call(api_method, **arguments)
        except SlackApiError as error:
            self._take_date(getattr(error.response, "headers", None), sent_at)
            if getattr(error.response, "status_code", None) == _TOO_MANY:
                self.throttled += 1
                if self.on_pause is not None:
                    self.on_pause(limit, retry_after(error) or 1.0)
            raise
        self._take_date(answer.headers, sent_at)
        return answer

    def _held_back(self, api_method: str, seconds: float) -> SlackApiError:
        """Return the error that Slack would answer with now."""
        answer = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data={"ok": False, "error": "ratelimited"},
            headers={"Retry-After": str(math.ceil(seconds))},
            status_code=_TOO_MANY,
        )
        return SlackApiError("not sent: Slack asked another process for a pause", answer)  # type: ignore[no-untyped-call]

    async def _call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        clean = {
            name: self._clean(value) if name in ("json", "data", "params") else value
            for name, value in arguments.items()
        }
        if arguments.get("http_verb") != _READ_VERB:
            return await super().api_call(api_method, **clean)
        if self._reads.session is None:
            self._reads.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout))
        return await self._reads.api_call(api_method, **clean)

    def _take_date(self, headers: object, sent_at: float) -> None:
        date = (headers.get("Date") or headers.get("date")) if isinstance(headers, Mapping) else None
        if date and self._observe_date is not None:
            self._observe_date(str(date), time.monotonic() - sent_at)

    def _clean(self, arguments: Any) -> Any:
        if not isinstance(arguments, dict):
            return arguments
        return {
            name: value if name == "token" else redact_value(value, self._redact) for name, value in arguments.items()
        }


def _limit_of(api_method: str, arguments: Mapping[str, Any]) -> str:
    """Return what Slack counts a call for: its method, and the channel of a message (Slack, "Rate limits")."""
    texts = [arguments.get(name) for name in ("json", "data", "params")]
    channel = next((text["channel"] for text in texts if isinstance(text, Mapping) and text.get("channel")), "")
    return f"{api_method}:{channel}"
