"""`/partner list`, `show`, `posture` and `help`, and the answer to unknown commands."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers, say
from bot.slack.answers.windows import Window, Windows
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.message import Message, refusal
from bot.slack.blocks.modal import modal
from bot.slack.flows.entry_points import ANY_OTHER, Action, EntryPoint, Subcommand
from bot.slack.flows.show.partners import partner_details, partner_list
from bot.slack.flows.show.posture import posture_message
from bot.slack.payloads.models import Interaction, Invocation
from bot.slack.people.members import Members
from bot.slack.words.commands import POSTURE_TAKES_NO_NAME, help_message, unknown_command
from workflows.app.reads.look_up_permission import Looking
from workflows.app.reads.posture import concerns_about, read_posture
from workflows.core.plans.named_targets import current_targets
from workflows.core.posture.model import Posture
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant
from workflows.preflight.naming import names_shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFlow:
    """Answers read-only commands. Local answers come with the acknowledgement, the others right after it."""

    answers: Answers
    windows: Windows
    looking: Looking
    members: Members
    store: Store
    tenant: Tenant
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("list", self.list_partners)
        yield Subcommand("show", self.show_partner)
        yield Subcommand("posture", self.show_posture)
        yield Action(ids.OPEN_POSTURE, self.open_posture, stored="open_posture")
        yield Subcommand("help", self.show_help)
        yield Subcommand(ANY_OTHER, self.answer_unknown)

    async def list_partners(self, ack: AsyncAck, command: Invocation) -> None:
        """List the partners on record; the tenant is not read."""
        await self.answers.later(ack, command, self._list, reads_tenant=False)

    async def show_partner(self, ack: AsyncAck, command: Invocation) -> None:
        """Show one partner."""
        await self.answers.later(ack, command, self._show)

    async def show_posture(self, ack: AsyncAck, command: Invocation) -> None:
        """Show the posture of the whole tenant."""
        if command.argument:
            await self.members.require(command.actor)
            await say(ack, refusal(POSTURE_TAKES_NO_NAME))
        else:
            await self.answers.later(ack, command, self._posture)

    async def open_posture(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the posture in a window, from an admin's App Home."""

        async def build(window: Window) -> Json:
            await self.looking.require(window.actor, "", key=window.key, by=window.command)
            shown = posture_message(await self._read_posture())
            return {**modal("Posture", [], ids.POSTURE), "blocks": shown.blocks}

        await self.windows.load(ack, click, build, command="open_posture")

    async def show_help(self, ack: AsyncAck, command: Invocation) -> None:
        """List the commands."""
        await self.members.require(command.actor)
        await say(ack, help_message())

    async def answer_unknown(self, ack: AsyncAck, command: Invocation) -> None:
        """Answer an unknown command, or one without its partner."""
        await self.members.require(command.actor)
        await say(ack, unknown_command(command.text))

    async def _list(self, _: Invocation) -> Message:
        return partner_list(await self.store.partnerships(), now=self.clock.now())

    async def _posture(self, _: Invocation) -> Message:
        return posture_message(await self._read_posture())

    async def _read_posture(self) -> Posture:
        return await read_posture(tenant=self.tenant, records=self.store.records, clock=self.clock)

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
            names=await names_shown(current_targets(configuration), tenant=self.tenant),
            concerns=concerns,
        )
