"""Accept Slack's payloads from any transport: read them once, pass them to Bolt, and always answer.

A payload that cannot be read is a bad request. When a click cannot be stored, the person is told that nothing was done.
Work that nobody waits for can wait until every payload is answered (`until_quiet`). At the start only the listeners of
the first flow are there. What they do not take waits for the others (`complete`).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import structlog
from pydantic import ValidationError
from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.answers.background import Background
from bot.slack.payloads.models import Interaction
from bot.slack.payloads.reading import PARSED, Parsed, Unreadable, read_payload
from workflows.core.people import ChatId
from workflows.ports.records import StoreNotWritable

_JSON: Final = "application/json"
_NOT_STORED: Final = (
    "Gatehouse cannot store anything at the moment, so this was not done and nothing changed. "
    "Try again in a few minutes; the admins are told."
)

_NO_LISTENER_YET: Final = 0
"""The status, used in this module only, of a payload that waits for the other listeners."""
_MAX_QUIET_WAIT_SECONDS: Final = 0.25
"""The longest that other work waits for answers, so that it goes on while payloads arrive all the time."""

_log = structlog.get_logger()

SendMessage = Callable[[ChatId, str, str], Awaitable[None]]
"""Sends a person a text: visible only to them in a channel; with an empty channel, as a direct message."""


class Inbound:
    """Accepts payloads. There is one for each Bolt app, because it answers for errors of the app's listeners."""

    def __init__(
        self, *, bolt: AsyncApp, send_message: SendMessage | None, background: Background, redact: Callable[[str], str]
    ) -> None:
        """Create the receiver.

        :param bolt: with the listeners that are there at once.
        :param send_message: None when `complete` brings it, with the other listeners.
        """
        self._bolt = bolt
        self._background = background
        self._redact = redact
        self._unanswered = 0
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._tell: SendMessage
        self._is_complete = asyncio.Event()
        if send_message is None:
            bolt.error(self._answer_error_before_complete)
        else:
            self.complete(bolt, send_message)

    def complete(self, bolt: AsyncApp, send_message: SendMessage) -> None:
        """Use an app with every listener from now on. It gets what no listener has taken until now."""
        bolt.error(self._answer_error)
        self._bolt, self._tell = bolt, send_message
        self._is_complete.set()

    async def until_quiet(self) -> None:
        """Wait until every payload is answered, but not for long."""
        if not self._unanswered:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_MAX_QUIET_WAIT_SECONDS):
                await self._all_answered.wait()

    async def take(self, payload: Mapping[str, Any]) -> BoltResponse:
        """Answer one payload."""
        self._unanswered += 1
        self._all_answered.clear()
        try:
            return await self._answer(payload)
        finally:
            self._unanswered -= 1
            if not self._unanswered:
                self._all_answered.set()

    async def _answer(self, payload: Mapping[str, Any]) -> BoltResponse:
        try:
            body, parsed = read_payload(payload)
            answer = await self._dispatch(body, parsed)
            if answer.status == _NO_LISTENER_YET:
                await self._is_complete.wait()
                answer = await self._dispatch(body, parsed)
        except (Unreadable, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            # Bolt reads more of a payload than the bot does. Errors of listeners are handled elsewhere.
            return _unreadable(payload, error)
        answer.body = self._redact(answer.body)
        return answer

    async def _dispatch(self, body: dict[str, Any], parsed: Parsed | None) -> BoltResponse:
        # NB. no header is passed on: headers are unsigned, and Bolt uses some of them for control flow.
        # In this mode Bolt takes an object, and does not parse it from text once more.
        request = AsyncBoltRequest(body=body, mode="socket_mode", context={PARSED: parsed})
        return await self._bolt.async_dispatch(request)

    async def _answer_error_before_complete(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        if isinstance(error, BoltUnhandledRequestError):
            return BoltResponse(status=_NO_LISTENER_YET)
        return await self._answer_error(error, body)

    async def _answer_error(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Answer when a listener raised an error, or when there is no listener."""
        match error:
            case BoltUnhandledRequestError():
                _log.warning("payload_unhandled", kind=_kind(body))
                return BoltResponse(status=400, body="nothing here listens to this payload\n")
            case StoreNotWritable():
                return self._not_stored(body)
            case ValidationError():
                return _unreadable(body, error)
            case _:
                _log.error("listener_failed", exc_info=error)
                return BoltResponse(status=500, body="")

    def _not_stored(self, body: dict[str, Any]) -> BoltResponse:
        if "command" in body:
            return _answer({"response_type": "ephemeral", "text": _NOT_STORED})
        if body.get("type") == "event_callback":
            return BoltResponse(status=503, body="")  # Slack sends an event again
        click = Interaction.model_validate(body)
        if click.type == "view_submission":
            fields = list(click.required_view.state.values)
            if fields:  # the form keeps its values
                return _answer({"response_action": "errors", "errors": dict.fromkeys(fields[-1:], _NOT_STORED)})
            from bot.slack.blocks.modal import message_view  # imported already, with the flow of the window

            return _answer({"response_action": "update", "view": message_view("Not done", _NOT_STORED)})
        self._background.start(self._say(click))
        return BoltResponse(status=503, body="")  # Slack shows that the click failed

    async def _say(self, click: Interaction) -> None:
        await self._is_complete.wait()
        await self._tell(click.actor, _NOT_STORED, click.channel)


def _unreadable(payload: Mapping[str, Any], error: Exception) -> BoltResponse:
    _log.warning("payload_unreadable", kind=_kind(payload), problem=type(error).__name__)
    return BoltResponse(status=400, body="not a payload that can be read\n")


def _kind(payload: Mapping[str, Any]) -> str:
    return str(payload.get("type") or ("command" if "command" in payload else ""))[:40]


def _answer(content: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(content), headers={"content-type": _JSON})
