"""Tell approvers what waits for them and what expired, in one message a person and day; and requesters what expired.

A person is reminded in the working hours of their own time zone, and the day is theirs.

Only the newest reminder of a person changes. A closed one stays as it is, whatever waits later.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.reminder import (
    expired_message,
    finished_reminder,
    own_expired_message,
    reminder_message,
    replaced_reminder,
)
from bot.slack.outbound.card_copies import posted_at
from bot.slack.outbound.recipients import Outbound, Recipients, as_notifier_errors
from workflows.app.reads.waiting_requests import WaitingDecisions, waiting_for
from workflows.core.people import ChatId
from workflows.core.policy.working_time import next_working_moment
from workflows.core.requests.effects import RemindPerson, SendEscalationMessage
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.intervals import EXPIRED_TOLD_TOGETHER, EXPIRED_TOLD_WITHIN
from workflows.ports.effects_queue import SharedQueue
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierRefused
from workflows.ports.records import LimitedList

MAX_LISTED_REQUESTS = 10
"""The most requests in one message; the others are counted."""
MAX_READ_REQUESTS = 200
"""The most expired requests that are read."""

_LOOK_AGAIN_SECONDS: Final = 0.05
"""The pause while another process sends the same person a message."""


class Reminders:
    """Posts reminders, and updates the one that was posted today."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._recipients = Recipients(outbound.directory)
        self._locks: dict[ChatId, asyncio.Lock] = {}

    async def remind(self, people: Iterable[ChatId], *, latest: datetime | None = None) -> None:
        """Send each person one message about everything that waits for them now. A repetition updates it.

        Who does not work now gets it when they work next: that is stored.

        :param latest: whose working hours begin only after this time gets the message now; None for nobody.
        :raises NotifierUnavailable: when Slack or the directory does not answer; it is tried again.
        """
        for person in sorted(people):
            moment = await self._outbound.works_next_at(person, latest)
            if moment is None:
                zone = await self._outbound.directory.zone_of(person)
                await self._remind(person, f"{self._outbound.clock.now().astimezone(zone):%Y-%m-%d}")
            else:
                await self._outbound.store.perform_later(RemindPerson(person=person, not_before=moment), moment)

    async def send_escalation_message(
        self, effect: SendEscalationMessage, message: Message, *, latest: datetime
    ) -> None:
        """Send the message of an escalation once, in the person's working hours; until then the effect is stored again.

        :param latest: as for `remind`.
        :raises NotifierUnavailable, NotifierRefused: when Slack does not answer, or does not accept it.
        """
        person = effect.person
        moment = await self._outbound.works_next_at(person, latest)
        if moment is not None:
            await self._outbound.store.perform_later(effect, moment)
            return
        subject = f"escalation:{effect.request_id}:{effect.round}:{effect.stage}:{effect.step.value}"
        if any(copy.audience == person for copy in await self._outbound.store.copies(subject)):
            return
        if refused := await self._outbound.copies.post(subject, person, message):
            raise NotifierRefused(str(refused)) from refused

    async def send_expiry_messages(self, people: Iterable[ChatId]) -> None:
        """Tell each person, in one message a day, which requests expired without their decision.

        A message names all that no message of an earlier day names, also what expired while Slack was away.
        Who does not work now is told when they work next: that is stored.

        :raises NotifierUnavailable: when Slack or the directory does not answer; it is tried again.
        """
        for person in sorted(people):
            # One at a time: requests that expire in the same moment are told in one message.
            async with self._turn(person):
                await self._send_expired_message(person)

    async def tell_requester_of_expiry(self, request: AccessRequest) -> None:
        """Tell the requester, in one message, which of their requests expired in the same hour as this one.

        :raises NotifierUnavailable: when Slack does not answer; it is tried again.
        """
        if request.state is not RequestState.EXPIRED:
            return
        people = (request.fields.requester, request.fields.submitter)
        for person in filter(None, people):
            async with self._turn(person):
                await self._tell_requester(request, person)

    async def _tell_requester(self, request: AccessRequest, person: ChatId) -> None:
        start = request.changed_at.replace(minute=0, second=0, microsecond=0)
        ended = await self._outbound.store.expired_since(start, MAX_READ_REQUESTS)
        own_requests = [
            expired
            for expired in ended
            if expired.is_filed_by(person) and expired.changed_at < start + EXPIRED_TOLD_TOGETHER
        ]
        if request.id not in {own_request.id for own_request in own_requests}:
            own_requests.append(request)  # only the newest were read
        subject, occasion = f"own_expired:{person}", f"{start:%Y-%m-%dT%H}"
        message = own_expired_message(LimitedList(items=own_requests[:MAX_LISTED_REQUESTS], count=len(own_requests)))
        await self._post_or_renew(subject, person, message, occasion)

    async def refresh(self, people: Iterable[ChatId]) -> None:
        """Update the newest reminder of these people to what waits for them now. Nobody gets a new one.

        :raises NotifierUnavailable: when Slack or the directory does not answer; it is tried again.
        """
        for person in sorted(people):
            async with self._turn(person):
                if posted := await self._live_reminders(person):
                    await self._update(posted[-1], await self._waiting(person), replaces_deleted=False)

    async def _remind(self, person: ChatId, today: str) -> None:
        # One at a time, so that an update from what waited before does not bring a closed reminder back.
        async with self._turn(person):
            waiting, posted = await self._waiting(person), await self._live_reminders(person)
            if not waiting.count:
                return
            now = self._outbound.clock.now()
            if posted and posted[-1].occasion == today:
                await self._update(posted[-1], waiting, replaces_deleted=True)
            else:
                message = reminder_message(waiting.requests, now=now, batches=waiting.batches)
                await self._outbound.copies.post(_subject(person), person, message, today, active_within=timedelta(0))
            posted = await self._live_reminders(person)
            for copy in posted[:-1]:
                await self._outbound.copies.close(copy, replaced_reminder(posted_at(posted[-1])))

    async def _update(self, copy: MessageCopy, waiting: WaitingDecisions, *, replaces_deleted: bool) -> None:
        if not waiting.count:
            await self._outbound.copies.close(copy, await self._last_message(copy))
            return
        now = self._outbound.clock.now()
        message = reminder_message(waiting.requests, now=now, batches=waiting.batches)
        await self._outbound.copies.renew(copy, message, replaces_deleted=replaces_deleted)

    async def _last_message(self, copy: MessageCopy) -> Message:
        """Return the last text of a reminder: what expired since, and what is planned again, is not decided."""
        person, store = ChatId(copy.audience), self._outbound.store
        ended = await store.expired_since(posted_at(copy), MAX_READ_REQUESTS)
        expired = [request for request in ended if person in await self._recipients.deciders_at_expiry(request)]
        again = [
            open_request
            for open_request in await store.open_requests_alone()
            if open_request.state is RequestState.PREPARING
            and open_request.asked_again
            and any(card.audience == person for card in await store.copies(f"request:{open_request.id}"))
        ]
        return finished_reminder(expired, again)

    async def _live_reminders(self, person: ChatId) -> list[MessageCopy]:
        """Return the reminders of a person that may still change, the newest last."""
        return sorted(
            await self._outbound.copies.live_copies(_subject(person)), key=lambda live_copy: live_copy.message_id
        )

    @asynccontextmanager
    async def _turn(self, person: ChatId) -> AsyncIterator[None]:
        """Wait until nobody else, in whatever process, sends this person a message about what waits or has ended."""
        async with self._locks.setdefault(person, asyncio.Lock()), AsyncExitStack() as held:
            if (shared := self._outbound.store.shared_queue) is not None:
                await _enter_lane(held, shared, f"reminders:{person}")
            yield

    async def _send_expired_message(self, person: ChatId) -> None:
        now, calendar = self._outbound.clock.now(), self._outbound.calendar
        zone = await self._outbound.directory.zone_of(person)
        if (moment := next_working_moment(now, zone, calendar)) > now:
            await self._outbound.store.perform_later(
                RemindPerson(person=person, not_before=moment, of_expired=True), moment
            )
            return
        subject, today = f"expired:{person}", f"{now.astimezone(zone):%Y-%m-%d}"
        copies = await self._outbound.store.copies(subject)
        # NB. from what earlier messages name, not from today: Slack may have been away for days.
        told = [_told_until(copy, zone) for copy in copies if _day_of(copy) != today]
        since = max([now - EXPIRED_TOLD_WITHIN, *filter(None, told)])
        own_requests = [
            request
            for request in await self._outbound.store.expired_since(since, MAX_READ_REQUESTS)
            if request.changed_at > since and person in await self._recipients.deciders_at_expiry(request)
        ]
        if not own_requests:
            return
        message = expired_message(LimitedList(items=own_requests[:MAX_LISTED_REQUESTS], count=len(own_requests)))
        occasion = f"{today} {max(request.changed_at for request in own_requests).isoformat()}"
        posted = [copy for copy in await self._outbound.copies.live_copies(subject) if _day_of(copy) == today]
        if not posted:
            await self._outbound.copies.post(subject, person, message, occasion)
            return
        if await self._outbound.copies.renew(posted[-1], message, replaces_deleted=False) is not None:
            return
        # NB. only when Slack has the names. If it fails before, a later message names them again.
        for copy in await self._outbound.store.copies(subject):
            if copy.is_live and _day_of(copy) == today:
                await self._outbound.store.save_copy(replace(copy, occasion=occasion))

    async def _post_or_renew(self, subject: str, person: ChatId, message: Message, occasion: str) -> None:
        posted = [copy for copy in await self._outbound.copies.live_copies(subject) if copy.occasion == occasion]
        if posted:
            await self._outbound.copies.renew(posted[-1], message, replaces_deleted=False)
        else:
            await self._outbound.copies.post(subject, person, message, occasion)

    async def _waiting(self, person: ChatId) -> WaitingDecisions:
        with as_notifier_errors():
            known = await self._outbound.directory.known_person(person)
            return await waiting_for(
                person,
                store=self._outbound.store,
                directory=self._outbound.directory,
                limit=MAX_LISTED_REQUESTS,
                identified_person=known,
            )


async def _enter_lane(held: AsyncExitStack, shared: SharedQueue, lane: str) -> None:
    """Hold a lane that another process may hold for a moment."""
    while True:
        if await held.enter_async_context(shared.in_lane(lane)):
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _subject(person: ChatId) -> str:
    return f"reminder:{person}"


def _day_of(copy: MessageCopy) -> str:
    """Return the day, in the person's time zone, whose message about expired requests this is."""
    return copy.occasion.partition(" ")[0]


def _told_until(copy: MessageCopy, zone: tzinfo) -> datetime | None:
    """Return the last expiry that a message about expired requests names; None when that is not known.

    Earlier versions stored the day alone, and named all that expired until its end.
    """
    day, _, moment = copy.occasion.partition(" ")
    try:
        if moment:
            return datetime.fromisoformat(moment)
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(0), zone)
    except ValueError:
        return None
