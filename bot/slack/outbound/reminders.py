"""Remind approvers of what waits for them: one message a person and day, however many requests wait."""

from collections.abc import Iterable

from bot.slack.cards.approval.reminder import reminder_message
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.reads.queries import waiting_for
from workflows.core.people import ChatId
from workflows.ports.clock import Clock
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

    async def _remind(self, person: ChatId) -> None:
        known = await self._directory.known_person(person)
        waiting = await waiting_for(
            person, store=self._store, directory=self._directory, limit=MOST_LISTED, known=known
        )
        if not waiting.count:
            return
        now = self._clock.now()
        subject, today = f"reminder:{person}", f"{now:%Y-%m-%d}"
        message = reminder_message(waiting, now=now)
        posted = [copy for copy in await self._copies.live(subject) if copy.occasion == today]
        if posted:
            await self._copies.renew(posted[-1], message, is_wanted=True)
        else:
            await self._copies.post(subject, person, message, today)
