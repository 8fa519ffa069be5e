"""Publish the App Homes: read what one person may see, and show it."""

import asyncio
import hashlib
import json

import structlog

from bot.slack.blocks.blocks import Json
from bot.slack.flows.home.places import read_place
from bot.slack.flows.home.view import closed_home, home_view
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.recipients import waiting_for_the_directory
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.reads.home import read_home
from workflows.core.people import ChatId
from workflows.ports.clock import Clock
from workflows.ports.notifier import NotifierRefused
from workflows.ports.store import Store

_log = structlog.get_logger()


class Homes:
    """Publishes App Homes; for one person, one at a time."""

    def __init__(self, *, copies: CardCopies, directory: ShownDirectory, store: Store, clock: Clock) -> None:
        self._copies = copies
        self._directory = directory
        self._store = store
        self._clock = clock
        self._locks: dict[ChatId, asyncio.Lock] = {}

    async def show(self, person: ChatId) -> None:
        """Publish the App Home of one person, unless it shows the same already. If Slack shows none, nothing is lost.

        Only full members see information about partners and requests there.
        """
        # One at a time, so that the last read is shown last.
        async with self._locks.setdefault(person, asyncio.Lock()):
            view = await self._home_of(person)
            content = hashlib.sha256(json.dumps(view).encode()).hexdigest()
            if content == await self._store.home_content(person):
                return
            try:
                await self._copies.call("views.publish", user_id=person, view=view)
                await self._store.save_home_content(person, content)
            except NotifierRefused as refused:
                _log.info("home_not_possible", person=person, reason=str(refused))

    async def _home_of(self, person: ChatId) -> Json:
        with waiting_for_the_directory():
            if not await self._directory.is_member(person):
                return closed_home()
            known = await self._directory.known_person(person)
            place, now = read_place(await self._store.home_place(person)), self._clock.now()
            home = await read_home(person, known=known, at=place, store=self._store, directory=self._directory, now=now)
        # Outside the event loop: building a long Home takes longer than a click may wait.
        return await asyncio.to_thread(home_view, home, now=now)
