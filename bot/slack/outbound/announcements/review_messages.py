"""Send the questions of reviews, and tell who got them. A repetition sends nothing twice.

A person with one review gets its card. A person with several, as after a downtime, gets one message that lists them.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.slack.cards.review_card import review_card
from bot.slack.outbound.announcements.review_list import MAX_NAMED, review_list
from bot.slack.outbound.announcements.waiting_people import WaitingPeople
from bot.slack.outbound.recipients import Outbound
from workflows.app.evidence.reviews.review_context import read_review_context
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import AskedReview, NotifierBlocked, NotifierRefused

Named = frozenset[TenantId]
"""The partners that a person's message names."""


class ReviewMessages:
    """Posts one message a person and batch.

    Slack is always asked whether a person is active, because it accepts messages to people who have left.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def send(
        self, asked: Sequence[AskedReview], *, admins: frozenset[ChatId], batch: str
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message; see `ports.Notifier.send_review_reminders`."""
        reached: dict[ChatId, Named] = {}
        waiting = WaitingPeople()
        named = {person for one in asked for person in (one.sponsor, one.manager) if person}
        for person in sorted(named - admins):
            with waiting.noted(person):
                reached[person] = await self._send(person, [one for one in asked if _is_named(one, person)], batch)
        active: set[ChatId] = set()
        for person in sorted(named & admins):
            with waiting.noted(person):
                active |= {person} if await self._is_active(person) else set()
        # NB. a sponsor who waits counts as one who gets it, so that admins do not get it in place of that person.
        told = {person for person, names in reached.items() if names} | active | waiting.people
        for admin in sorted(admins - waiting.people):
            with waiting.noted(admin):
                mine = [one for one in asked if _concerns_admin(one, admin, told)]
                reached[admin] = await self._send(admin, mine, batch)
        people = {one.record.identity.tenant_id: _people(one, reached) for one in asked}
        waits = [one.record for one in asked if any(_concerns(one, who, admins, told) for who in waiting.people)]
        waiting.require_nobody(people, waits)
        return people

    async def _send(self, person: ChatId, asked: Sequence[AskedReview], batch: str) -> Named:
        """Send one person the message, unless they have it.

        :returns: the partners that the message names; empty when Slack did not accept it.
        """
        if not asked:
            return frozenset()
        listed = await self._listed(person, batch)
        if listed is not None:
            # NB. of a longer list it is not known which ones it named, so none of them counts.
            return _names(asked) if listed <= MAX_NAMED else frozenset()
        if len(asked) == 1:
            return _names(asked) if await self._send_card(person, asked[0].record) else frozenset()
        refused = await self._outbound.copies.post(
            _subject(person), person, review_list(asked, person), f"{batch}#{len(asked)}", active_within=timedelta(0)
        )
        return _names(asked[:MAX_NAMED]) if refused is None else frozenset()

    async def _listed(self, person: ChatId, batch: str) -> int | None:
        """Return how many reviews the list of a batch had that a person got; None when there is none."""
        for copy in await self._outbound.store.copies(_subject(person)):
            listed_in, _, count = copy.occasion.rpartition("#")
            if listed_in == batch:
                return int(count)
        return None

    async def _send_card(self, person: ChatId, record: Partnership) -> bool:
        store, subject = self._outbound.store, f"review:{record.identity.tenant_id}"
        occasion = question_of(record)
        if any(copy.audience == person and copy.occasion == occasion for copy in await store.copies(subject)):
            return True
        now = self._outbound.clock.now()
        card = review_card(record, now=now, context=await read_review_context(record, store=store, now=now))
        refused = await self._outbound.copies.post(subject, person, card, occasion, active_within=timedelta(0))
        return refused is None

    async def _is_active(self, person: ChatId) -> bool:
        """Return whether Slack opens the conversation with a person, before it is decided who gets what."""
        try:
            await self._outbound.copies.require_active(person)
        except (NotifierRefused, NotifierBlocked):
            return False
        return True


def review_of(partnership: Partnership) -> str:
    """Return which review of a partner would be asked now."""
    # NB. with the request: access that was approved again counts its reminders from the beginning.
    ended = f"{partnership.ended_reviews}." if partnership.ended_reviews else ""
    return f"{partnership.request_id}.{ended}{len(partnership.attestations)}"


def question_of(partnership: Partnership) -> str:
    """Return the newest question of a partner's review: the review, a dot, and what no other question of it has."""
    # NB. with the time: another sponsor is asked from the first number on, and a question that nobody got is repeated.
    reminders = partnership.review_reminders
    asked_at = f"-{int(reminders[-1].issued_at.timestamp())}" if reminders else ""
    return f"{review_of(partnership)}.{partnership.reminders}{asked_at}"


def _names(asked: Sequence[AskedReview]) -> Named:
    return frozenset(one.record.identity.tenant_id for one in asked)


def _is_named(asked: AskedReview, person: ChatId) -> bool:
    return person in (asked.sponsor, asked.manager)


def _concerns_admin(asked: AskedReview, admin: ChatId, told: set[ChatId]) -> bool:
    return asked.asks_admins or _is_named(asked, admin) or asked.sponsor not in told


def _concerns(asked: AskedReview, person: ChatId, admins: frozenset[ChatId], told: set[ChatId]) -> bool:
    return _is_named(asked, person) or (person in admins and _concerns_admin(asked, person, told))


def _people(asked: AskedReview, reached: Mapping[ChatId, Named]) -> tuple[ChatId, ...]:
    return tuple(sorted(person for person, named in reached.items() if asked.record.identity.tenant_id in named))


def _subject(person: ChatId) -> str:
    return f"reviews:{person}"
