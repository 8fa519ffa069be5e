"""Send the notices of a batch about ends of accesses, and record who got them."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from workflows.app.schedule.access_ends import extension_about
from workflows.app.schedule.downtime import gaps
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.decision import EndSituation, EndStep, end_step, extension_waited_until
from workflows.core.partners.access_end.notices import (
    AT_THE_END,
    SENDING_TAKES,
    EndNotice,
    block_from,
    newest_notice,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.commands.partner_record import RecordEndNotice
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.effects import SendEndNotices
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.notifier import AnnouncedEnd, NotAllNotified, Notifier
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNotices:
    """Performs SendEndNotices. May be repeated safely: a person who has the message gets no second one."""

    service: Service
    store: Store
    notifier: Notifier
    clock: Clock

    async def send(self, effect: SendEndNotices) -> None:
        """Send the notices that are not recorded as sent, and record for each partner who got its notice.

        One person whose message is not accepted now delays only the partners that concern this person, and after an
        hour not even these, when others got the notice.

        :raises NotifierUnavailable: when a message is not accepted now. It is tried again; nobody gets two.
        """

        def waiting(record: Partnership) -> Partnership | None:
            return record if _notice_of(record, effect.batch) is not None else None

        records = [partnership for partnership in await self.store.partnerships(waiting) if partnership is not None]
        announced = await self._announcements(records, effect.batch)
        if not announced:
            return
        left: Collection[TenantId] = ()
        incomplete: NotAllNotified | None = None
        try:
            told = await self.notifier.send_end_notices(announced, batch=effect.batch, blocked=effect.blocked)
        except NotAllNotified as error:
            told, left, incomplete = error.told, error.waiting, error
        for one in announced:
            tenant_id, people = one.record.identity.tenant_id, told.get(one.record.identity.tenant_id, ())
            if tenant_id in left and not (people and self._is_waited_out(one.record, effect.batch)):
                continue
            with suppress(Refused):  # it was recorded before, or the partner was revoked or replaced
                await self.service.advance_review(tenant_id, RecordEndNotice(batch=effect.batch, people=people))
        if incomplete is not None:
            raise incomplete

    def _is_waited_out(self, record: Partnership, batch: str) -> bool:
        """Return whether a notice counts as sent although one of its people has not got it: others have."""
        notice = _notice_of(record, batch)
        return notice is not None and self.clock.now() - notice.issued_at >= SENDING_TAKES

    async def _announcements(self, records: Sequence[Partnership], batch: str) -> Sequence[AnnouncedEnd]:
        """Return the ends that people are told about, the next end first."""
        now = self.clock.now()
        open_requests, known_gaps = await self.store.open_requests(), await gaps(store=self.store, now=now)
        announcements = []
        for record in records:
            notice = _notice_of(record, batch)
            # NB. one that could not be sent before the end says what is true after it.
            if notice is not None and notice.days != AT_THE_END and now < notice.ends_at:
                announcements.append(AnnouncedEnd(record=record, ends_at=notice.ends_at, days=notice.days))
            elif notice is not None:
                situation = EndSituation(
                    now=now,
                    gaps=known_gaps,
                    blocks_left=0,
                    extension=extension_about(record, notice.ends_at, open_requests),
                    sponsor=record.sponsor,
                )
                announcements.append(_at_the_end(record, notice, situation, known_gaps, situation.extension))
        return sorted(
            announcements, key=lambda announced_end: (announced_end.ends_at, announced_end.record.identity.name)
        )


def _notice_of(record: Partnership, batch: str) -> EndNotice | None:
    """Return the notice of a batch that is not recorded as sent; None when the partner has none."""
    if record.is_closed or record.blocked_by is not None:
        return None
    newest = None if record.ends_at is None else newest_notice(record.ends_at, record.end_notices)
    return newest if newest is not None and newest.batch == batch and not newest.is_sent else None


def _at_the_end(
    record: Partnership,
    notice: EndNotice,
    situation: EndSituation,
    known_gaps: Sequence[Gap],
    extension: AccessRequest | None,
) -> AnnouncedEnd:
    """Return why a partner is open after its end, and when it is blocked if this message is delivered now."""
    step = end_step(notice.ends_at, record.end_notices, situation)
    delivered = replace(notice, delivered_at=situation.now)
    blocked_at = block_from(notice.ends_at, (*record.end_notices, delivered), known_gaps)
    if step is EndStep.EXTENSION_OPEN and extension is not None:
        waited_until = extension_waited_until(notice.ends_at, extension, record.sponsor)
        blocked_at = waited_until if blocked_at is None else max(waited_until, blocked_at)
    is_known = step in (EndStep.NOT_ANNOUNCED, EndStep.NOBODY_REACHED, EndStep.EXTENSION_OPEN)
    return AnnouncedEnd(
        record=record,
        ends_at=notice.ends_at,
        days=notice.days,
        step=step,
        blocked_at=blocked_at if is_known else None,
        extension=extension,
    )
