"""Slack's Web API client, which removes secrets from every text: all text to Slack goes through it.

The boundary to Slack.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from workflows.core.errors.facts import redact_value

_READ_VERB: Final = "GET"
_TOO_MANY: Final = 429
"""Source: Slack, "Rate limits"."""


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

    def use_token(self, token: str) -> None:
        """Use another bot token from the next call on. Calls that are under way keep theirs."""
        self.token = self._reads.token = token

    async def close(self) -> None:
        """Close the kept connections."""
        if self._reads.session is not None:
            await self._reads.session.close()

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Call a method of the Web API."""
        sent_at = time.monotonic()
        try:
            answer = await self._call(api_method, **arguments)
        except SlackApiError as error:
            self._take_date(getattr(error.response, "headers", None), sent_at)
            self.throttled += getattr(error.response, "status_code", None) == _TOO_MANY
            raise
        self._take_date(answer.headers, sent_at)
        return answer

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
