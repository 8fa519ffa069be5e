"""Perform each kind of effect. Handle effects that are given up, and cards that the chat system does not accept.

It is long because every kind of effect is here.
"""

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.reads.known_freeze import UNREADABLE, last_freeze
from workflows.app.schedule.given_up_effects import raise_given_up_alarm, retry_or_drop_effect
from workflows.app.schedule.revocation_alarms import report_refused_revocation
from workflows.app.service import Service
from workflows.app.storing.identifiers import revocation_id
from workflows.core.batches.batch import Batch
from workflows.core.errors.facts import Fact, Facts, as_values, log_text
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.automatic import RecordDelayed
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    JudgeSheet,
    MessageCode,
    PostAuditHead,
    Prepare,
    Priority,
    RemindPerson,
    RetryOrDropEffect,
    SendEndNotices,
    SendEscalationMessage,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    SendReviewReminders,
    ShowAccessTest,
    ShowAlarm,
    ShowBatch,
    ShowBlockAtEnd,
    ShowFreeze,
    ShowHandover,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    TellEscalation,
    UploadBatchList,
    priority_of,
)
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.transitions.transition import partner_of
from workflows.effects.apply import Applier
from workflows.effects.batches.lists import BatchLists
from workflows.effects.batches.runner import BatchRunner
from workflows.effects.batches.sheet_imports import SheetImports
from workflows.effects.closing.guests_left import with_guests
from workflows.effects.end_notices import EndNotices
from workflows.effects.escalations import Escalations, waiting_people
from workflows.effects.permission_check import PermissionCheck
from workflows.effects.prepare import Preparer
from workflows.effects.reviewing.review_reminders import ReviewReminders
from workflows.ports.effects_queue import PendingEffect
from workflows.ports.notifier import Notifier, NotifierBlocked
from workflows.ports.store import Store
from workflows.ports.tenant import Urgency, with_urgency

_URGENCIES: Final = {Priority.CLOSE: Urgency.CLOSING, Priority.BATCH: Urgency.SWEEP, Priority.SHEET: Urgency.SWEEP}
"""How urgent the requests to the tenant are; for all others a person waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Performs effects. The error that it raises decides whether it is retried or given up; see `queue.attempts`."""

    permission_check: PermissionCheck
    preparer: Preparer
    applier: Applier
    notifier: Notifier
    escalations: Escalations
    end_notices: EndNotices
    review_reminders: ReviewReminders
    batches: BatchRunner
    batch_lists: BatchLists
    sheet_imports: SheetImports
    store: Store
    service: Service
    alarms: Alarms

    async def perform(self, effect: Effect) -> None:
        """Perform one effect with the current records."""
        with with_urgency(_URGENCIES.get(priority_of(effect), Urgency.PERSON)):
            await self._perform(effect)

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case CheckPermission():
                await self.permission_check.check_click(effect)
            case Prepare():
                await self.preparer.prepare(effect.request_id)
            case Apply():
                await self.applier.apply(effect.request_id)
            case ShowRequest() | SendReminders() | SendExpiryMessages():
                await self._perform_for_request(effect)
            case RemindPerson():
                await self.notifier.remind_person(effect.person, of_expired=effect.of_expired)
            case TellEscalation() | SendEscalationMessage():
                await self._perform_for_escalation(effect)
            case ShowReview() | ShowSetup() | ShowHandover() | ShowAccessTest():
                partnership = await self.store.partnership(effect.tenant_id)
                if partnership is not None:
                    await self._show_partner(effect, partnership)
            case SendEndNotices() | SendReviewReminders():
                await self._send_together(effect)
            case ShowBlockAtEnd():
                await self._show_block_at_end(effect)
            case ShowHome():
                await self._show_home(effect.person)
            case ShowAlarm():
                await self._show_alarm(effect)
            case ShowFreeze():
                await self._show_freeze()
            case PostAuditHead():
                await self.notifier.post_audit_head(effect.head, effect.seq)
            case SendMessage():
                fact = await with_guests(effect, self.store)
                await self.notifier.send_message(effect.person, fact, channel=effect.channel)
            case AdvanceBatch() | ShowBatch() | UploadBatchList():
                await self._perform_for_batch(effect)
            case JudgeSheet():
                await self.sheet_imports.perform(effect)
            case RetryOrDropEffect():
                await retry_or_drop_effect(effect, store=self.store, alarms=self.alarms)

    async def _show_partner(
        self, effect: ShowReview | ShowSetup | ShowHandover | ShowAccessTest, partnership: Partnership
    ) -> None:
        match effect:
            case ShowReview():
                showing = self.notifier.show_review(partnership, remind=effect.remind)
                await self._show_with_alarm(showing, f"review:{effect.tenant_id}", _about(partnership))
            case ShowSetup():
                showing = self.notifier.show_setup(partnership, remind=effect.remind)
                await self._show_with_alarm(showing, f"half:{effect.tenant_id}", _about(partnership))
            case ShowHandover():
                await self.notifier.show_handover(partnership)
            case ShowAccessTest():
                await self.notifier.show_access_test(partnership)

    async def _send_together(self, effect: SendEndNotices | SendReviewReminders) -> None:
        match effect:
            case SendEndNotices():
                await self.end_notices.send(effect)
            case SendReviewReminders():
                await self.review_reminders.send(effect)

    async def _show_home(self, person: ChatId) -> None:
        request_count = await self.store.count_home_requests(person)
        await self.notifier.show_home(person)
        await self.store.save_home_published(person, request_count)

    async def _perform_for_request(self, effect: ShowRequest | SendReminders | SendExpiryMessages) -> None:
        request = await self.store.request(effect.request_id)
        if request is None:
            return
        match effect:
            case ShowRequest():
                await self._show_request(request, effect)
            case SendReminders() if effect.reminded_at in (None, request.reminded_at):
                await self.notifier.remind(request)
            case SendExpiryMessages():
                await self.notifier.send_expiry_messages(request)

    async def _perform_for_escalation(self, effect: TellEscalation | SendEscalationMessage) -> None:
        match effect:
            case TellEscalation():
                await self.escalations.tell(effect)
            case SendEscalationMessage():
                request = await self.store.request(effect.request_id)
                if request is not None and waiting_people(request, effect) is not None:
                    await self.notifier.send_escalation_message(effect, request)

    async def _perform_for_batch(self, effect: AdvanceBatch | ShowBatch | UploadBatchList) -> None:
        match effect:
            case AdvanceBatch():
                await self.sheet_imports.close_message(effect.batch_id)
                await self.batches.advance(effect.batch_id)
            case ShowBatch():
                await self._show_batch(effect)
            case UploadBatchList():
                await self.batch_lists.upload(effect.batch_id)

    async def _show_batch(self, effect: ShowBatch) -> None:
        batch = await self.store.batch(effect.batch_id)
        if batch is not None:
            about = {"partner": batch.id, "request": batch.id}
            await self._show_with_alarm(self._show_card_of_batch(batch), batch.id, about)
            if effect.remind:
                await self.notifier.remind_about_batch(batch)

    async def _show_card_of_batch(self, batch: Batch) -> bool:
        attached = await self.notifier.show_batch(batch)
        if attached is not None:
            await self.batch_lists.record(batch.id, attached)  # the card names the list that is below it
        return True

    async def _show_block_at_end(self, effect: ShowBlockAtEnd) -> None:
        request = await self.store.request(effect.request_id)
        if request is not None:
            await self.notifier.show_block_at_end(request)

    async def _show_alarm(self, effect: ShowAlarm) -> None:
        alarm = await self.store.alarm(effect.alarm_id)
        if alarm is not None:
            await self.notifier.show_alarm(alarm)

    async def _show_freeze(self) -> None:
        freeze = await last_freeze(self.store)
        if freeze is not None and freeze is not UNREADABLE:
            await self.notifier.show_freeze(freeze)

    async def _show_request(self, request: AccessRequest, effect: ShowRequest) -> None:
        """Show a request. When the channel does not accept its card, alarm the admins, and tell the requester once."""
        if request.batch is not None:
            return  # the card of its batch shows it
        is_whole = effect.is_held or effect.not_before is not None
        showing = (
            self._whole(request)
            if is_whole
            else self.notifier.show_change(request, clicked_in=effect.clicked_in, clicked_by=effect.clicked_by)
        )
        try:
            about = {"partner": partner_of(request), "request": request.id}
            await self._show_with_alarm(showing, request.id, about)
        except NotifierBlocked:
            await self.service.send_message(
                Fact(MessageCode.CARD_NOT_POSTED, about),
                key=f"card_not_posted:{request.id}",
                person=request.fields.submitter or request.fields.requester,
            )
            raise

    async def _whole(self, request: AccessRequest) -> bool:
        await self.notifier.show_request(request)
        return True

    async def _show_with_alarm(
        self, show: Awaitable[bool | None], subject: str, alarm_values: Mapping[str, str]
    ) -> None:
        """Show a card. While it is not accepted, an alarm is open.

        :param show: shows the card; its result is False while copies are left for later.
        :param subject: the subject of the alarm.
        :param alarm_values: the values of the alarm.
        """
        try:
            is_whole = await show
        except NotifierBlocked as blocked:
            values = {**alarm_values, "reason": as_values(blocked.facts)}
            await self.alarms.raise_alarm(AlarmCode.CARD_NOT_POSTED, subject, values)
            raise
        if is_whole is not False:
            await self.alarms.clear_alarm(AlarmCode.CARD_NOT_POSTED, subject)

    async def may_give_up(self, effect: Effect, reason: Facts) -> bool:
        """Return whether an effect may be given up.

        An effect that revokes a partner must not be given up. An alarm is raised, and it is retried.
        """
        match effect:
            case CheckPermission(command=Revoke() as click):
                request_id, partner = revocation_id(effect.key), click.target
            case Prepare() | Apply():
                request = await self.store.request(effect.request_id)
                if request is None or request.fields.kind is not RequestKind.REVOCATION:
                    return True
                request_id, partner = request.id, partner_of(request)
            case _:
                return True
        await report_refused_revocation(
            self.alarms, request_id, partner, (Fact(NoteCode.OWN_FAULT, {"error": log_text(reason)}),)
        )
        return False

    async def report_given_up_effect(self, pending: PendingEffect, reason: Facts) -> None:
        """Raise an alarm for an effect that was given up, and tell the person whose click or request it was."""
        await raise_given_up_alarm(pending.id, pending.effect, reason, store=self.store, alarms=self.alarms)
        match effect := pending.effect:
            case CheckPermission():
                await self.service.send_message(
                    Fact(MessageCode.CLICK_NOT_CHECKED),
                    key=f"parked:{effect.key}",  # the stored word for an effect that was given up
                    person=effect.command.actor,
                    channel=effect.command.channel,
                )
            case JudgeSheet():
                await self.sheet_imports.show_failed(effect)
            case Prepare() | Apply():
                with suppress(Refused):
                    # The request does not end: it waits until an admin has the effect performed again.
                    command = RecordDelayed(reason=(Fact(NoteCode.WENT_WRONG),))
                    await self.service.advance(effect.request_id, command)


def _about(partnership: Partnership) -> Mapping[str, str]:
    return {"partner": partnership.identity.name, "request": partnership.request_id}
