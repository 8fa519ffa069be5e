"""Publish the App Homes: read what one person may see, and show it."""

import asyncio

import structlog

from bot.slack.blocks.blocks import Json
from bot.slack.flows.home import MOST_MINE, MOST_PARTNERS, MOST_WAITING, closed_home, home_view
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.recipients import waiting_for_the_directory
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.reads.queries import ids_of, partnerships_shown_to, waiting_for
from workflows.core.people import ADMIN, ChatId
from workflows.ports.clock import Clock
from workflows.ports.notifier import NotifierRefused
from workflows.ports.store import Store

_log = structlog.get_logger()


class Homes:
    """Publishes App Homes, for one person one at a time."""

    def __init__(self, *, copies: CardCopies, directory: ShownDirectory, store: Store, clock: Clock) -> None:
        self._copies = copies
        self._directory = directory
        self._store = store
        self._clock = clock
        self._locks: dict[ChatId, asyncio.Lock] = {}

    async def show(self, person: ChatId) -> None:
        """Publish the App Home of one person. If Slack shows that person none, nothing is lost.

        Only full members see information about partners and requests there.
        """
        # One at a time, so that the last read is shown last.
        async with self._locks.setdefault(person, asyncio.Lock()):
            view = await self._home_of(person)
            try:
                await self._copies.call("views.publish", user_id=person, view=view)
            except NotifierRefused as refused:
                _log.info("home_not_possible", person=person, reason=str(refused))

    async def _home_of(self, person: ChatId) -> Json:
        with waiting_for_the_directory():
            if not await self._directory.is_member(person):
                return closed_home()
            known = await self._directory.known_person(person)
            waiting = await waiting_for(
                person, store=self._store, directory=self._directory, limit=MOST_WAITING, known=known
            )
            partnerships = await partnerships_shown_to(
                person, store=self._store, directory=self._directory, limit=MOST_PARTNERS
            )
            is_admin = bool(ids_of(person, known) & await self._directory.holders(ADMIN))
        mine = await self._store.requests_of(person, 2 * MOST_MINE, None if known is None else known.id)
        alarms = await self._store.open_alarms() if is_admin else None
        # Outside the event loop: building a long Home takes longer than a click may wait.
        return await asyncio.to_thread(
            home_view, waiting=waiting, mine=mine, partnerships=partnerships, alarms=alarms, now=self._clock.now()
        )
