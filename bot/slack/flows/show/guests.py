"""`/partner guests`: an admin sees the guest accounts of a partner's people page by page, its sponsor how many.

The right is checked before each page, and each page counts and is recorded as a lookup. Nothing is kept between pages:
each reads the accounts from the beginning, and ends where the page is full.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers
from bot.slack.blocks.message import Message, with_block
from bot.slack.cards.approval.sections.accounts import account_buttons
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand
from bot.slack.flows.show.guests_views import PAGE_SIZE, GuestsPage, guests_counts, guests_page, parse_guests_step
from bot.slack.payloads.models import Interaction, SlashCommand
from workflows.app.evidence.guests.listing import AskedGuests, GuestReading, asked_guests
from workflows.app.evidence.guests.permission import GuestsPermission, GuestsView
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.catalog.catalog import Catalog
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_COMMAND = "/partner guests"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsFlow:
    """Shows the guests of a partner, privately. The tenant is only read."""

    answers: Answers
    lookup_permission: LookupPermission
    permission: GuestsPermission
    catalog: Catalog
    store: Store
    tenant: Tenant
    clock: Clock
    changes_guests: bool = False
    """Whether to offer an admin to disable and enable accounts."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("guests", self.show_guests)
        yield Action(ids.GUESTS_PAGE, self.show_page, audit_name=_COMMAND)
        yield Action(ids.GUESTS_NEXT, self.show_page, audit_name=_COMMAND)
        yield Action(ids.GUESTS_COUNT, self.count_all, audit_name=_COMMAND)

    async def show_guests(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Show the first page to an admin, and how many there are to the sponsor."""
        await self.answers.answer_later(ack, command, self._first)

    async def show_page(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page in the place of the answer."""
        await self._replace(ack, click, self._page)

    async def count_all(self, ack: AsyncAck, click: Interaction) -> None:
        """Show how many there are in the place of the answer: the list is read to its end."""
        await self._replace(ack, click, lambda asked, _: self._counts(asked, for_admin=True))

    async def _replace(
        self, ack: AsyncAck, click: Interaction, build: Callable[[AskedGuests, int], Awaitable[Message]]
    ) -> None:
        tenant_id, start = parse_guests_step(click.action.value)

        async def answer() -> Message:
            await self.lookup_permission.require(click.actor, tenant_id, key=click.key, command_name=_COMMAND)
            view = await self.permission.require(click.actor, tenant_id)
            asked = await self._asked(tenant_id)
            if view is GuestsView.COUNTS:
                return await self._counts(asked, for_admin=False)
            return await self._with_changes(asked, await build(asked, start))

        await self.answers.replace_answer(ack, click, answer)

    async def _first(self, command: SlashCommand) -> Message:
        view = await self.permission.require(command.actor, command.argument)
        asked = await self._asked(command.argument)
        if view is GuestsView.COUNTS:
            return await self._counts(asked, for_admin=False)
        return await self._with_changes(asked, await self._page(asked, 0))

    async def _with_changes(self, asked: AskedGuests, shown: Message) -> Message:
        """Return an admin's answer with the buttons to disable and enable accounts, where that can be done."""
        if not self.changes_guests:
            return shown
        partnership = await self.store.partnership(asked.identity.tenant_id)
        is_closed = partnership is not None and partnership.is_closed
        return with_block(shown, account_buttons(asked.identity.tenant_id, may_enable=not is_closed))

    async def _asked(self, name: str) -> AskedGuests:
        identity, partnership = await named_partner(name, store=self.store, tenant=self.tenant)
        limits = self.catalog.guest_limits("" if partnership is None else partnership.template)
        return asked_guests(identity, partnership, limits)

    async def _page(self, asked: AskedGuests, start: int) -> Message:
        """Read until the page is full and one more row shows that there is another page."""
        rows: list[GuestRow] = []
        seen = 0

        def take(row: GuestRow) -> bool:
            nonlocal seen
            seen += 1
            if start < seen <= start + PAGE_SIZE:
                rows.append(row)
            return seen <= start + PAGE_SIZE

        read = await GuestReading(asked=asked, tenant=self.tenant, clock=self.clock, take=take).read()
        has_more = seen > start + PAGE_SIZE
        return guests_page(
            GuestsPage(
                identity=asked.identity, limits=asked.limits, rows=rows, start=start, has_more=has_more, read=read
            )
        )

    async def _counts(self, asked: AskedGuests, *, for_admin: bool) -> Message:
        read = await GuestReading(asked=asked, tenant=self.tenant, clock=self.clock, take=_take_all).read()
        return guests_counts(asked.identity, asked.limits, read, for_admin=for_admin)


def _take_all(_: GuestRow) -> bool:
    return True
