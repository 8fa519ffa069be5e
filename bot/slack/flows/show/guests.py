"""`/partner guests`: an admin sees the guest accounts of a partner's people page by page, its sponsor how many.

The right is checked before each page, and each page counts and is recorded as a lookup. A page ends where it is full.
For an hour it is kept where the next page begins, for the person who began the list; names and addresses are not.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers
from bot.slack.blocks.message import Message, with_block
from bot.slack.cards.approval.sections.accounts import account_buttons
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand
from bot.slack.flows.show.guests_views import (
    PAGE_SIZE,
    GuestsPage,
    GuestsStep,
    guests_counts,
    guests_page,
    guests_progress,
    parse_guests_step,
)
from bot.slack.payloads.models import Interaction, SlashCommand
from workflows.app.evidence.guests.kept_lists import KeptList, KeptLists
from workflows.app.evidence.guests.listing import (
    AskedGuests,
    GuestReading,
    PlaceLost,
    Progress,
    Tell,
    asked_guests,
    tell_nobody,
)
from workflows.app.evidence.guests.permission import GuestsPermission, GuestsView
from workflows.app.evidence.guests.places import ListPart
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.catalog.catalog import Catalog
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.people import ChatId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_COMMAND: Final = "/partner guests"
_TOLD_AT: Final = (5_000, 25_000)
"""After so many accounts the person is told how far the counting is, and once before the sign-ins. Slack accepts five
answers to one click (Slack: "Handling user interaction", response_url)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsFlow:
    """Shows the guests of a partner, privately. The tenant is only read."""

    answers: Answers
    lookup_permission: LookupPermission
    permission: GuestsPermission
    catalog: Catalog
    store: Store
    tenant: Tenant
    accounts: GuestAccounts
    clock: Clock
    kept_lists: KeptLists
    changes_guests: bool = False
    """Whether to offer an admin to disable and enable accounts."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("guests", self.show_guests)
        for action_id in (ids.GUESTS_PAGE, ids.GUESTS_NEXT, ids.GUESTS_ONLY):
            yield Action(action_id, self.show_page, audit_name=_COMMAND)
        yield Action(ids.GUESTS_COUNT, self.count_all, audit_name=_COMMAND)

    async def show_guests(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Show the first page to an admin, and how many there are to the sponsor."""
        await self.answers.answer_later(ack, command, self._first)

    async def show_page(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page, or the first page of other guests, in the place of the answer."""
        await self._replace(ack, click, lambda asked, step: self._page(asked, click.actor, step))

    async def count_all(self, ack: AsyncAck, click: Interaction) -> None:
        """Show how many there are in the place of the answer, and on the way how far the reading is."""
        await self._replace(ack, click, lambda asked, _: self._count_for_admin(asked, click))

    async def _replace(
        self, ack: AsyncAck, click: Interaction, build: Callable[[AskedGuests, GuestsStep], Awaitable[Message]]
    ) -> None:
        step = parse_guests_step(click.action.chosen)

        async def answer() -> Message:
            await self.lookup_permission.require(click.actor, step.tenant_id, key=click.key, command_name=_COMMAND)
            view = await self.permission.require(click.actor, step.tenant_id)
            asked = await self._asked(step.tenant_id)
            if view is GuestsView.COUNTS:
                return await self._counts(asked, for_admin=False)
            return await self._with_changes(asked, await build(asked, step))

        await self.answers.replace_answer(ack, click, answer)

    async def _first(self, command: SlashCommand) -> Message:
        view = await self.permission.require(command.actor, command.argument)
        asked = await self._asked(command.argument)
        if view is GuestsView.COUNTS:
            return await self._counts(asked, for_admin=False)
        return await self._with_changes(
            asked, await self._page(asked, command.actor, GuestsStep(tenant=asked.identity.tenant_id))
        )

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

    async def _page(self, asked: AskedGuests, actor: ChatId, step: GuestsStep) -> Message:
        """Return a page of a kept list. Where its place is not known any more, the list begins again, and says so."""
        tenant_id = asked.identity.tenant_id
        kept = self.kept_lists.find(step.kept, actor, tenant_id) if step.kept else None
        if kept is not None and step.page < len(kept.begins):
            with suppress(PlaceLost):
                return await self._page_of(kept, asked, step.page)
        if step.kept and self.store.shared_queue is not None and (found := await self._read_up_to(asked, actor, step)):
            return found
        new = self.kept_lists.start(actor, tenant_id, step.only)
        return await self._page_of(new, asked, 0, is_begun_again=bool(step.kept))

    async def _read_up_to(self, asked: AskedGuests, actor: ChatId, step: GuestsStep) -> Message | None:
        """Return a page whose list another process keeps: read the pages before it again. None when it has ended."""
        kept = self.kept_lists.start(actor, asked.identity.tenant_id, step.only)
        with suppress(PlaceLost):
            for number in range(step.page):
                await self._page_of(kept, asked, number)
                if len(kept.begins) <= number + 1:
                    return None
            return await self._page_of(kept, asked, step.page)
        return None

    async def _page_of(
        self, kept: KeptList, asked: AskedGuests, number: int, *, is_begun_again: bool = False
    ) -> Message:
        """Read until the page is full and one more row shows that there is another page."""
        async with kept.lock:
            end = kept.end_of(number)
            taken = _Taken(end)

            reading = GuestReading(
                asked=asked,
                tenant=self.tenant,
                clock=self.clock,
                take=taken.take,
                only=kept.only,
                also_own=True,
                accounts=self.accounts,
                places=kept.places,
                begin=kept.begins[number],
                is_shown_before=end is not None,
            )
            read = await reading.read()
            if end is None and taken.next_begin is not None:
                kept.begins.append(taken.next_begin)
        return guests_page(
            GuestsPage(
                identity=asked.identity,
                limits=asked.limits,
                rows=taken.rows,
                page=number,
                has_more=kept.end_of(number) is not None,
                read=read,
                only=kept.only,
                kept=kept.id,
                is_begun_again=is_begun_again,
            )
        )

    async def _count_for_admin(self, asked: AskedGuests, click: Interaction) -> Message:
        told: list[Progress] = []

        async def tell(progress: Progress) -> None:
            is_due = progress.part is ListPart.SIGN_INS or len(told) < sum(progress.rows >= at for at in _TOLD_AT)
            if is_due and progress.part is not ListPart.OWN_ACCOUNTS:
                told.append(progress)
                await self.answers.show_progress(click, guests_progress(asked.identity, progress))

        return await self._counts(asked, for_admin=True, tell=tell)

    async def _counts(self, asked: AskedGuests, *, for_admin: bool, tell: Tell = tell_nobody) -> Message:
        reading = GuestReading(
            asked=asked,
            tenant=self.tenant,
            clock=self.clock,
            take=_take_all,
            also_own=True,
            accounts=self.accounts,
            tell=tell,
        )
        return guests_counts(asked.identity, asked.limits, await reading.read(), for_admin=for_admin)


class _Taken:
    """The rows of one page."""

    def __init__(self, end: int | None) -> None:
        self._end = end
        self.rows: list[GuestRow] = []
        self.next_begin: int | None = None
        """Where the next page begins; None when no row comes after this page."""

    def take(self, row: GuestRow) -> bool:
        """Take a row; return whether the page goes on."""
        is_beyond = len(self.rows) == PAGE_SIZE if self._end is None else row.place >= self._end
        if is_beyond:
            self.next_begin = row.place
        else:
            self.rows.append(row)
        return not is_beyond


def _take_all(_: GuestRow) -> bool:
    return True
