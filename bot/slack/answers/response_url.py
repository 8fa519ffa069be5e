"""Answer a command after its acknowledgement, through its response_url.

Only the person who typed it sees the answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.answers.background import Background
from bot.slack.answers.windows import NOT_READABLE_NOW
from bot.slack.blocks.message import Message, notice, refusal
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.unavailable import TOO_MANY_COMMANDS, not_possible_now_words
from bot.words.requests.notes import refusal_words
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.service import Service
from workflows.app.storing.recorder import Recorder
from workflows.core.errors.facts import redact_value
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId

_SLACK_HOOKS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_SECONDS: Final = 30.0

_log = structlog.get_logger(__name__)

BuildMessage = Callable[[SlashCommand], Awaitable[Message]]
"""Reads what a command asks for, and returns the message. The text of an error becomes the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers members of the workspace; other people get no information about partners."""

    service: Service
    lookup_permission: LookupPermission
    directory: SlackDirectory
    background: Background
    slack_api_url: str
    redact: Callable[[str], str] = str

    async def answer_later(
        self, ack: AsyncAck, command: SlashCommand, build: BuildMessage, *, reads_tenant: bool = True
    ) -> None:
        """Acknowledge, and answer when `build` has returned the message.

        :param reads_tenant: whether to count and record it as a lookup of the tenant; otherwise only membership is
            checked.

        When too many answers wait already, the person is asked to try again.
        """
        if self.background.is_full:
            await answer_at_once(ack, refusal(TOO_MANY_COMMANDS))
            return
        await ack()
        self.background.start(self._answer(command, build, reads_tenant=reads_tenant))

    async def answer_click(
        self,
        ack: AsyncAck,
        click: Interaction,
        build: Callable[[], Awaitable[Message]],
        *,
        target: TenantId,
        named: str = "",
    ) -> None:
        """Acknowledge a click on a card, and answer only the person who clicked. It counts as a lookup of a partner.

        :param target: the tenant id of the partner.
        :param named: what the lookup is recorded to be about, such as a mail address; empty for the partner.
        """
        await ack()
        self.background.start(self._answer_click(click, build, target, named or target))

    async def _answer_click(
        self, click: Interaction, build: Callable[[], Awaitable[Message]], target: TenantId, named: str
    ) -> None:
        try:
            try:
                await self.lookup_permission.require(click.actor, named, key=click.key, command_name=click.name)
                message = await build()
            except InvalidField as error:
                message = refusal(refusal_words(error))
            except NOT_READABLE_NOW as error:
                message = refusal(not_possible_now_words(error))
            await self._send(click.response_url, message)
        except Refused as refused:
            subject = CommandSubject(tenant_id=target)
            await self.service.record_refusal(
                refused, key=click.key, actor=click.actor, command=click.name, subject=subject, channel=click.channel
            )

    async def replace_answer(self, ack: AsyncAck, click: Interaction, build: Callable[[], Awaitable[Message]]) -> None:
        """Acknowledge a click on an answer, and put the message of `build` in its place, for a member."""
        await ack()
        self.background.start(self._replace(click, build))

    async def show_progress(self, click: Interaction, message: Message) -> None:
        """Put a message in the place of an answer while another one is being built. One that fails is left out.

        Slack accepts five messages for one click, the last one included.
        """
        try:
            await self._send(click.response_url, message, is_replacing=True)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("progress_not_shown", error=type(error).__name__)

    def replace_used_answer(
        self, click: Interaction, build: Callable[[], Awaitable[Message]], *, shown_by: str
    ) -> None:
        """Put the message of `build` in the place of an answer whose button was just used, after the acknowledgement.

        Only an answer that one person sees has no other way: a card is updated when the click was carried out.

        :param shown_by: the command that shows the current state, for when `build` cannot read it now.
        """
        if click.container.is_ephemeral and click.response_url:
            self.background.start(self._replace_used(click, build, shown_by))

    async def _replace_used(self, click: Interaction, build: Callable[[], Awaitable[Message]], shown_by: str) -> None:
        async def or_notice() -> Message:
            try:
                return await build()
            except (*NOT_READABLE_NOW, InvalidField, Refused):
                return received_message(shown_by)

        await self._replace(click, or_notice)

    async def _replace(self, click: Interaction, build: Callable[[], Awaitable[Message]]) -> None:
        try:
            try:
                await self.directory.require_member(click.actor)
                message = await build()
            except InvalidField as error:
                message = refusal(refusal_words(error))
            except NOT_READABLE_NOW as error:
                message = refusal(not_possible_now_words(error))
            await self._send(click.response_url, message, is_replacing=True)
        except Refused as refused:
            await self.service.record_refusal(
                refused,
                key=click.key,
                actor=click.actor,
                command=click.name,
                subject=CommandSubject(),
                channel=click.channel,
            )

    async def _answer(self, command: SlashCommand, build: BuildMessage, *, reads_tenant: bool) -> None:
        try:
            await self._send(
                command.response_url, await self._build_or_explain(command, build, reads_tenant=reads_tenant)
            )
        except Refused as refused:
            await record_refused_command(self.service, command, refused)

    async def _build_or_explain(self, command: SlashCommand, build: BuildMessage, *, reads_tenant: bool) -> Message:
        """Return the message of `build`, or a message that says why there is none."""
        try:
            if reads_tenant:
                await self.lookup_permission.require(
                    command.actor, command.argument, key=command.key, command_name=command.stored_name
                )
            else:
                await self.directory.require_member(command.actor)
            return await build(command)
        except InvalidField as error:
            return refusal(refusal_words(error))
        except NOT_READABLE_NOW as error:
            return refusal(not_possible_now_words(error))

    async def _send(self, response_url: str, message: Message, *, is_replacing: bool = False) -> None:
        if not self._is_slacks_own(response_url):
            raise Refused(RefusalCode.FOREIGN_RESPONSE_URL)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trace_configs=[_without_redirects()]) as session:
            await AsyncWebhookClient(response_url, session=session).send(
                text=self.redact(message.text),
                blocks=redact_value(message.blocks, self.redact),
                response_type="ephemeral",
                replace_original=is_replacing,
                unfurl_links=False,
            )

    def _is_slacks_own(self, url: str) -> bool:
        """Return whether an address belongs to Slack: a signed payload must not make the bot call any other address."""
        try:
            answer, api = urlsplit(url), urlsplit(self.slack_api_url)
        except ValueError:
            return False
        if answer.username is not None or answer.password is not None:
            return False
        is_hook = answer.scheme == "https" and answer.netloc in _SLACK_HOOKS
        return is_hook or (answer.scheme, answer.netloc) == (api.scheme, api.netloc)


def _without_redirects() -> aiohttp.TraceConfig:
    """Return what ends a call that is redirected, before the other address is called. Slack redirects none."""

    async def refuse(*_: object) -> None:
        raise Refused(RefusalCode.FOREIGN_RESPONSE_URL)

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config


def received_message(shown_by: str) -> Message:
    """Return the message in the place of an answer whose button was used.

    :param shown_by: the command that shows the current state.
    """
    return notice(f"Received. {shown_by} shows the current state.")


async def record_refused_command(recorder: Recorder, command: SlashCommand, refused: Refused) -> None:
    """Record in the audit log that a command was refused, and tell the person."""
    await recorder.record_refusal(
        refused,
        key=command.key,
        actor=command.actor,
        command=command.stored_name,
        subject=CommandSubject(),
        channel=command.channel_id,
    )


async def answer_at_once(ack: AsyncAck, message: Message) -> None:
    """Answer a command in the acknowledgement itself."""
    await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
