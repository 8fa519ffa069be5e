"""Publish the App Homes: read what one person may see, and show it."""

import asyncio
import hashlib
import json
from dataclasses import replace

import structlog

from bot.slack.blocks.blocks import Json
from bot.slack.flows.home.paging import parse_position
from bot.slack.flows.home.view import closed_home, home_view
from bot.slack.outbound.recipients import Outbound, as_notifier_errors
from workflows.app.reads.app_home import read_home
from workflows.app.reads.known_freeze import known_freeze
from workflows.core.people import ChatId
from workflows.ports.notifier import NotifierRefused

_log = structlog.get_logger()


class AppHomes:
    """Publishes App Homes; for one person, one at a time."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._locks: dict[ChatId, asyncio.Lock] = {}

    async def show(self, person: ChatId) -> None:
        """Publish the App Home of one person, unless it shows the same already. If Slack shows none, nothing is lost.

        Only full members see information about partners and requests there.
        """
        # One at a time, so that the last read is shown last.
        async with self._locks.setdefault(person, asyncio.Lock()):
            view = self._outbound.stamps.stamped(await self._home_of(person), person)
            content = hashlib.sha256(json.dumps(view).encode()).hexdigest()
            if content == await self._outbound.store.home_content(person):
                return
            try:
                await self._outbound.copies.call("views.publish", user_id=person, view=view)
                await self._outbound.store.save_home_content(person, content)
            except NotifierRefused as refused:
                _log.info("home_not_possible", person=person, reason=str(refused))

    async def _home_of(self, person: ChatId) -> Json:
        with as_notifier_errors():
            if not await self._outbound.directory.is_member(person):
                return closed_home()
            identified_person = await self._outbound.directory.known_person(person)
            place, now = parse_position(await self._outbound.store.home_position(person)), self._outbound.clock.now()
            home = await read_home(
                person,
                identified_person=identified_person,
                position=place,
                store=self._outbound.store,
                directory=self._outbound.directory,
                now=now,
            )
        home = replace(home, freeze=await known_freeze(self._outbound.store))
        # Outside the event loop: building a long App Home takes longer than a click may wait.
        return await asyncio.to_thread(home_view, home, now=now)
