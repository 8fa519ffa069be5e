"""`/partner …`: what a person can type."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.background import Background
from bot.slack.blocks.message import Message
from bot.slack.blocks.modal import message_view
from bot.slack.cards.checklist import checklist_message, checklist_view
from bot.slack.errors import NO_ANSWER
from bot.slack.flows.messages import help_message, partner_details, partner_list, refusal, unknown_command
from bot.slack.flows.posture_message import posture_message
from bot.slack.flows.restore_windows import RestoreWindows
from bot.slack.flows.windows import Windows
from bot.slack.payloads import Invocation
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.not_now import not_now
from workflows.app.reads.checklists import Checklists, PresentHalf
from workflows.app.reads.posture import concerns_about, read_posture
from workflows.app.service import Service
from workflows.core.errors import InvalidField, Refused
from workflows.core.people import ADMIN, ChatId
from workflows.core.plans.named_targets import standing_targets
from workflows.core.requests.commands import Subject
from workflows.core.settings.model import TenantId
from workflows.core.text import redacted
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.naming import names_shown

_SLACK_HOOKS = "hooks.slack.com"

Builder = Callable[[Invocation], Awaitable[Message]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Answers `/partner` and its verbs. Local answers come with the acknowledgement, the others right after it."""

    service: Service
    store: Store
    tenant: Tenant
    directory: SlackDirectory
    windows: Windows
    restores: RestoreWindows
    background: Background
    clock: Clock
    slack_api_url: str
    checklists: Checklists
    redact: Callable[[str], str] = str

    async def run(self, command: Invocation, ack: AsyncAck) -> None:
        """Perform one command.

        :raises Refused: for who is no full member, where nothing was acknowledged yet.
        """
        key = f"command:{command.trigger_id}"
        match command.verb:
            case "request":
                opening = self.windows.open_request(command.trigger_id, command.actor, typed=command.argument)
                view_id = await _opened(opening, ack)
                if view_id and command.argument:
                    showing = self.windows.show_typed(view_id, command.actor, command.argument, key=key)
                    self.background.start(self.windows.filling(showing, command.actor, key=key))
            case "revoke" if command.argument:
                if view_id := await _opened(self.windows.open_loading(command.trigger_id), ack):
                    showing = self.windows.show_revocation(view_id, command.actor, command.argument, key=key)
                    self.background.start(self.windows.filling(showing, command.actor, key=key))
            case "restore" if command.argument:
                if view_id := await _opened(self.windows.open_loading(command.trigger_id), ack):
                    showing = self.restores.show(view_id, command.actor, command.argument, key=key)
                    self.background.start(self.windows.filling(showing, command.actor, key=key))
            case "list":
                await ack()
                self.background.start(self._answer(command, self._list))
            case "show" if command.argument:
                await ack()
                self.background.start(self._answer(command, self._show))
            case "checklist" if command.argument:
                await ack()
                self.background.start(self._answer(command, self._checklist))
            case "posture" if command.argument:
                await self.windows.require_member(command.actor)
                await _say(ack, refusal("/partner posture takes no name and shows all. /partner show shows one."))
            case "posture":
                await ack()
                self.background.start(self._answer(command, self._posture))
            case "help":
                await self.windows.require_member(command.actor)
                await _say(ack, help_message())
            case _:
                await self.windows.require_member(command.actor)
                await _say(ack, unknown_command(command.text))

    async def _list(self, command: Invocation) -> Message:
        return partner_list(await self.store.partnerships(), now=self.clock.now())

    async def _posture(self, command: Invocation) -> Message:
        return posture_message(await read_posture(tenant=self.tenant, records=self.store.records, clock=self.clock))

    async def _show(self, command: Invocation) -> Message:
        identity, partnership = await named_partner(command.argument, store=self.store, tenant=self.tenant)
        configuration, default, concerns = await concerns_about(
            identity, tenant=self.tenant, records=self.store.records, clock=self.clock
        )
        return partner_details(
            identity,
            configuration,
            default,
            partnership,
            await self.store.requests_for(identity.tenant_id, 10),
            now=self.clock.now(),
            names=await names_shown(standing_targets(configuration), tenant=self.tenant),
            concerns=concerns,
        )

    async def _checklist(self, command: Invocation) -> Message:
        present = await self.checklists.present(command.argument)
        return checklist_message(present, may_speak=await self._may_speak(command.actor, present))

    async def show_checklist(self, view_id: str, actor: ChatId, tenant_id: TenantId, *, key: str) -> None:
        """Fill an open window with a partner's checklist, for a member of the workspace; else say why not."""
        try:
            await self.windows.looking.require(actor, tenant_id, key=key, by="show_checklist")
            view = checklist_view(await self.checklists.present(tenant_id))
        except Refused as refused:
            subject, command = Subject(tenant_id=tenant_id), "/partner checklist"
            await self.windows.refuse(view_id, refused, key=key, actor=actor, command=command, subject=subject)
            return
        except (InvalidField, TenantUnavailable, TenantRefused, DirectoryUnavailable) as error:
            view = message_view("Not possible now", not_now(error))
        await self.windows.update(view_id, view)

    async def _may_speak(self, actor: ChatId, present: PresentHalf) -> bool:
        """Tell whether to offer this person to confirm; a click is judged again."""
        if present.partnership is None:
            return False
        try:
            person = await self.directory.identify(actor)
            roster = await self.directory.roster([person])
        except Refused:
            return False  # as the click would be
        return person.id == present.partnership.sponsor.id or roster.holds(person.id, ADMIN)

    async def _answer(self, command: Invocation, build: Builder) -> None:
        """Answer a member of the workspace through the command's response_url; nobody else learns about partners."""
        try:
            await self._respond(command.response_url, await self._built(command, build))
        except Refused as refused:
            await self.service.refuse(
                refused,
                key=f"command:{command.trigger_id}",
                actor=command.actor,
                command=f"/partner {command.verb}",
                subject=Subject(),
                channel=command.channel_id,
            )

    async def _built(self, command: Invocation, build: Builder) -> Message:
        try:
            await self._require_look(command)
            return await build(command)
        except InvalidField as error:
            return refusal(error.reason)
        except (TenantUnavailable, TenantRefused, DirectoryUnavailable) as error:
            return refusal(not_now(error))

    async def _require_look(self, command: Invocation) -> None:
        """Let full members pass, and count what looks at the tenant; /partner list reads our own records only."""
        if command.verb == "list":
            await self.directory.require_member(command.actor)
            return
        by, key = f"/partner {command.verb}", f"command:{command.trigger_id}"
        await self.windows.looking.require(command.actor, command.argument, key=key, by=by)

    async def _respond(self, response_url: str, message: Message) -> None:
        if not self._is_slacks_own(response_url):
            raise Refused(
                "foreign_response_url",
                "The answer's address is not Slack's, so nothing was sent there. Type the command again.",
            )
        await AsyncWebhookClient(response_url).send(
            text=self.redact(message.text),
            blocks=redacted(message.blocks, self.redact),
            response_type="ephemeral",
            unfurl_links=False,
        )

    def _is_slacks_own(self, url: str) -> bool:
        """Tell whether an address belongs to Slack: a signed payload must not make the bot call anything else."""
        try:
            answer, api = urlsplit(url), urlsplit(self.slack_api_url)
        except ValueError:
            return False
        if answer.username is not None or answer.password is not None:
            return False
        is_hook = answer.scheme == "https" and answer.netloc == _SLACK_HOOKS
        return is_hook or (answer.scheme, answer.netloc) == (api.scheme, api.netloc)


async def _opened(opening: Awaitable[str], ack: AsyncAck) -> str:
    """Acknowledge once a view is open and give its id; empty when Slack did not open it, which the person is told."""
    try:
        view_id = await opening
    except (SlackApiError, *NO_ANSWER) as error:
        _log.warning("view_not_opened", error=repr(error))
        await _say(ack, refusal("Slack did not open the window; try again."))
        return ""
    await ack()
    return view_id


async def _say(ack: AsyncAck, message: Message) -> None:
    await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
