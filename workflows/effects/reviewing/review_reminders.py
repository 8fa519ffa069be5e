"""Send the questions of a batch about reviews, and record who got them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.notices import SENDING_TAKES
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.silence import is_urgent
from workflows.core.people import ADMIN, ChatId, PersonId
from workflows.core.policy.reviews.silence import AskedAs, Reminded, ReviewReminder, asked_roles
from workflows.core.requests.commands.review_event import RecordReviewReminder
from workflows.core.requests.effects import SendReviewReminders
from workflows.core.settings.model import TenantId
from workflows.effects.reviewing.sponsors_managers import SponsorsManager, read_managers
from workflows.ports.clock import Clock
from workflows.ports.notifier import AskedReview, NotAllNotified, Notifier
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReminders:
    """Performs SendReviewReminders. May be repeated safely: a person who has the message gets no second one."""

    service: Service
    store: Store
    notifier: Notifier
    directory: PeopleDirectory
    tenant: Tenant
    clock: Clock

    async def send(self, effect: SendReviewReminders) -> None:
        """Send the questions that are not recorded as sent, and record for each partner who was asked.

        One person whose message is not accepted now delays only the partners that concern this person, and after an
        hour not even these, when others were asked.

        :raises NotifierUnavailable: when a message is not accepted now. It is tried again; nobody gets two.
        """
        records = await self._waiting(effect.batch)
        if not records:
            return
        admins = await self._admins()
        managers = await read_managers(
            {record.sponsor.id for record in records if _asks_manager(record)},
            admins=admins,
            tenant=self.tenant,
            directory=self.directory,
        )
        now = self.clock.now()
        asked = [_asked(record, managers, now) for record in records]
        left: Collection[TenantId] = ()
        incomplete: NotAllNotified | None = None
        try:
            told = await self.notifier.send_review_reminders(asked, admins=admins, batch=effect.batch)
        except NotAllNotified as error:
            told, left, incomplete = error.told, error.waiting, error
        failed: Exception | None = None
        for one in asked:
            tenant_id = one.record.identity.tenant_id
            people = told.get(tenant_id, ())
            if tenant_id in left and not (people and now - one.reminder.issued_at >= SENDING_TAKES):
                continue
            manager = managers.get(one.record.sponsor.id)
            failed = await self._record(tenant_id, _result(one, people, admins, manager, effect.batch)) or failed
        if incomplete is not None:
            raise incomplete
        if failed is not None:
            raise failed

    async def _record(self, tenant_id: TenantId, command: RecordReviewReminder) -> Exception | None:
        """Record who got one question; return an unexpected error, so that the others are recorded first."""
        try:
            await self.service.advance_review(tenant_id, command)
        except Refused:
            pass  # it was recorded before, or the review was answered while it was sent
        except Exception as error:
            _log.exception("review_reminder_not_recorded", tenant_id=tenant_id)
            return error
        return None

    async def _waiting(self, batch: str) -> Sequence[Partnership]:
        """List the partners whose question of a batch is not recorded as sent, by when silence has its consequence."""

        def waiting(record: Partnership) -> Partnership | None:
            return record if _reminder_of(record, batch) is not None else None

        records = [record for record in await self.store.partnerships(waiting) if record is not None]
        return sorted(records, key=lambda record: (_consequence(record), record.identity.name))

    async def _admins(self) -> frozenset[ChatId]:
        """List the admins; nobody when the chat system refuses to say who they are."""
        try:
            return await self.directory.holders(ADMIN)
        except PeopleDirectoryRefused:
            return frozenset()


def _reminder_of(record: Partnership, batch: str) -> ReviewReminder | None:
    """Return the question of a batch that is not recorded as sent; None when the partner has none."""
    if record.state is not PartnershipState.REVIEW_DUE or not record.review_reminders:
        return None
    newest = record.review_reminders[-1]
    return newest if newest.batch == batch and not newest.is_sent else None


def _consequence(record: Partnership) -> datetime:
    ends_at = record.silence_ends_at
    return ends_at if ends_at is not None else record.review_reminders[-1].issued_at


def _asks_manager(record: Partnership) -> bool:
    return AskedAs.MANAGER in asked_roles(record.review_reminders[-1].number)


def _asked(record: Partnership, managers: Mapping[PersonId, SponsorsManager], now: datetime) -> AskedReview:
    reminder = record.review_reminders[-1]
    found = managers.get(record.sponsor.id) if _asks_manager(record) else None
    return AskedReview(
        record=record,
        reminder=reminder,
        manager=None if found is None or found.person is None else found.person.chat_id,
        asks_admins=is_urgent(record, now) or AskedAs.ADMIN in asked_roles(reminder.number),
    )


def _result(
    asked: AskedReview,
    people: Sequence[ChatId],
    admins: frozenset[ChatId],
    manager: SponsorsManager | None,
    batch: str,
) -> RecordReviewReminder:
    """Return who got a question in which roles.

    The sponsor counts as an admin too only where nobody else is one.
    """
    is_only_admin = admins == {asked.sponsor}

    def roles(person: ChatId) -> tuple[AskedAs, ...]:
        is_sponsor = person == asked.sponsor
        is_admin = person in admins and (is_only_admin or not is_sponsor)
        held = {AskedAs.SPONSOR: is_sponsor, AskedAs.MANAGER: person == asked.manager, AskedAs.ADMIN: is_admin}
        return tuple(role for role, is_held in held.items() if is_held)

    return RecordReviewReminder(
        batch=batch,
        people=tuple(Reminded(person=person, asked_as=roles(person)) for person in people),
        manager=manager.person if manager is not None and asked.manager in people else None,
        manager_skipped=None if manager is None else manager.skipped,
    )
