"""Remind approvers of what waits for them: one message a person and day, however many requests wait."""

from collections.abc import Iterable

from bot.slack.cards.approval.reminder import reminder_message
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.recipients import waiting_for_the_directory
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.reads.queries import waiting_for
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.records import LimitedList
from workflows.ports.store import Store

MOST_LISTED = 10
"""Requests in one reminder; more are counted."""


class Reminders:
    """Posts reminders, and updates the one that was posted today."""

    def __init__(self, *, copies: CardCopies, directory: ShownDirectory, store: Store, clock: Clock) -> None:
        self._copies = copies
        self._directory = directory
        self._store = store
        self._clock = clock

    async def remind(self, people: Iterable[ChatId]) -> None:
        """Send each person one message about everything that waits for them now. A repetition updates it.

        :raises NotifierUnavailable: when Slack or the directory does not answer; it is tried again.
        """
        for person in sorted(people):
            await self._remind(person)

    async def refresh(self, people: Iterable[ChatId]) -> None:
        """Let the newest reminder of these people show what waits for them now. Nobody gets a new one.

        :raises NotifierUnavailable: when Slack or the directory does not answer; it is tried again.
        """
        for person in sorted(people):
            if posted := await self._copies.live(_subject(person)):
                waiting = await self._waiting(person)
                await self._copies.renew(posted[-1], reminder_message(waiting, now=self._clock.now()), is_wanted=False)

    async def _remind(self, person: ChatId) -> None:
        waiting = await self._waiting(person)
        if not waiting.count:
            return
        now, subject = self._clock.now(), _subject(person)
        today, message = f"{now:%Y-%m-%d}", reminder_message(waiting, now=now)
        posted = await self._copies.live(subject)
        if posted and posted[-1].occasion == today:
            await self._copies.renew(posted[-1], message, is_wanted=True)
            return
        await self._copies.post(subject, person, message, today)
        for copy in posted:
            await self._copies.forget(copy)
        await self._copies.live(subject)

    async def _waiting(self, person: ChatId) -> LimitedList[AccessRequest]:
        with waiting_for_the_directory():
            known = await self._directory.known_person(person)
            return await waiting_for(
                person, store=self._store, directory=self._directory, limit=MOST_LISTED, known=known
            )


def _subject(person: ChatId) -> str:
    return f"reminder:{person}"
