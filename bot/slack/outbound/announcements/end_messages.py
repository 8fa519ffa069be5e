"""Send the messages about ends of accesses, and tell who got them. A repetition sends nothing twice."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.slack.blocks.message import with_block
from bot.slack.cards.approval.sections.accounts import account_buttons
from bot.slack.outbound.announcements.end_cards import MAX_NAMED, end_notice, own_closing_result
from bot.slack.outbound.announcements.waiting_people import WaitingPeople
from bot.slack.outbound.recipients import Outbound, Recipients
from workflows.app.evidence.reviews.guests_left import read_guests_left
from workflows.core.partners.access_end.notices import ADMINS_NOTIFIED_FROM
from workflows.core.partners.closing.lifting import is_liftable
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import AnnouncedEnd, NotifierBlocked, NotifierRefused


class EndMessages:
    """Posts one message a person and batch.

    Slack is always asked whether a person is active, because it accepts messages to people who have left.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._recipients = Recipients(outbound.directory)

    async def send_notices(
        self, announced: Sequence[AnnouncedEnd], *, batch: str, blocked: int
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message about all ends that concern them; see `ports.Notifier.send_end_notices`.

        Sponsors get every notice, and admins the last ones. Where a sponsor cannot be reached, the admins get them all.
        """
        admins = await self._recipients.holders(ADMIN)
        sponsors = {one.sponsor for one in announced if one.sponsor}
        reached: dict[ChatId, frozenset[TenantId]] = {}
        waiting = WaitingPeople()
        for person in sorted(sponsors - admins):
            with waiting.noted(person):
                reached |= await self._send(person, [one for one in announced if one.sponsor == person], batch)
        active: set[ChatId] = set()
        for person in sorted(sponsors & admins):
            with waiting.noted(person):
                active |= {person} if await self._is_active(person, batch) else set()
        # NB. a sponsor who waits counts as one who gets it, so that admins do not get it in place of that person.
        told = {person for person in sponsors if person in reached} | active | waiting.people
        for admin in sorted(admins - waiting.people):
            mine = [one for one in announced if _concerns_admin(one, admin, told)]
            with waiting.noted(admin):
                reached |= await self._send(admin, mine, batch, is_admin=True, blocked=blocked)
        people = {
            one.record.identity.tenant_id: _people(one, reached, admins, is_sponsor_told=one.sponsor in told)
            for one in announced
        }
        waiting.require_nobody(people, [one.record for one in announced if _waits(one, waiting.people, admins, told)])
        return people

    async def show_block(self, request: AccessRequest) -> None:
        """Tell the sponsor and every admin once that Gatehouse closed a partner by itself.

        :raises NotifierRefused: when nobody could be told.
        """
        record = await self._outbound.store.partnership(request.plan.tenant_id)
        its_record = record if record is not None and record.request_id == request.id else None
        now, within = self._outbound.clock.now(), self._outbound.lift_within
        can_lift = request.is_suspension and is_liftable(its_record, now=now, within=within)
        guests = await read_guests_left(request.plan.tenant_id, self._outbound.store)
        card = own_closing_result(request, its_record, guests=guests, can_lift=can_lift)
        subject = f"ended:{request.id}"
        told = {copy.audience for copy in await self._outbound.store.copies(subject)}
        refused = None
        admins = await self._recipients.holders(ADMIN)
        offers_guests = self._outbound.changes_guests and guests["guests"] != 0
        for person in sorted(({request.require_prepared().sponsor.chat_id} | admins) - told):
            shown = card
            if offers_guests and person in admins:
                shown = with_block(card, account_buttons(request.plan.tenant_id, may_enable=False))
            trouble = await self._outbound.copies.post(subject, person, shown, active_within=timedelta(0))
            refused = refused or trouble
            told |= set() if trouble else {person}
        if not told and refused is not None:
            raise NotifierRefused(f"nobody could be told: {refused}")

    async def _send(
        self,
        person: ChatId,
        announced: Sequence[AnnouncedEnd],
        batch: str,
        *,
        is_admin: bool = False,
        blocked: int = 0,
    ) -> dict[ChatId, frozenset[TenantId]]:
        """Send one person the message, unless they have it.

        :returns: the partners that the message names, by the person; empty when Slack did not accept it.
        """
        if not announced:
            return {}
        if not await self._has(person, batch):
            card = end_notice(announced, is_admin=is_admin, blocked=blocked)
            refused = await self._outbound.copies.post(
                _subject(person), person, card, batch, active_within=timedelta(0)
            )
            if refused is not None:
                return {}
        return {person: frozenset(one.record.identity.tenant_id for one in announced[:MAX_NAMED])}

    async def _has(self, person: ChatId, batch: str) -> bool:
        return any(copy.occasion == batch for copy in await self._outbound.store.copies(_subject(person)))

    async def _is_active(self, person: ChatId, batch: str) -> bool:
        """Return whether Slack opens the conversation with a person, before it is decided who gets what."""
        if await self._has(person, batch):
            return True
        try:
            await self._outbound.copies.require_active(person)
        except (NotifierRefused, NotifierBlocked):
            return False
        return True


def _waits(announced: AnnouncedEnd, waiting: set[ChatId], admins: frozenset[ChatId], told: set[ChatId]) -> bool:
    """Return whether somebody who must get this notice has not got it, because Slack did not accept it now."""
    return announced.sponsor in waiting or any(
        admin in waiting and _concerns_admin(announced, admin, told) for admin in admins
    )


def _subject(person: ChatId) -> str:
    return f"end_notice:{person}"


def _concerns_admin(announced: AnnouncedEnd, admin: ChatId, told: set[ChatId]) -> bool:
    is_late = announced.days <= ADMINS_NOTIFIED_FROM
    return is_late or announced.sponsor == admin or announced.sponsor not in told


def _people(
    announced: AnnouncedEnd,
    reached: Mapping[ChatId, frozenset[TenantId]],
    admins: frozenset[ChatId],
    *,
    is_sponsor_told: bool,
) -> tuple[ChatId, ...]:
    """Return who got a notice. Admins alone count only where the sponsor cannot be reached."""
    tenant_id = announced.record.identity.tenant_id
    got = sorted(person for person, named in reached.items() if tenant_id in named)
    if is_sponsor_told:
        return tuple(got) if announced.sponsor in got else ()
    return tuple(one for one in got if one in admins)
