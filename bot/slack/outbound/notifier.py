"""Perform Slack effects: post and update cards, send direct messages, publish App Homes.

Each compares what is posted with what should be, so a retry changes nothing. `recipients` decides who gets a card.

It is long because each method of the port is here, in one place.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.blocks.message import Message, notice, with_block
from bot.slack.cards.approval.sections.accounts import account_buttons
from bot.slack.cards.decisions import profile_changed_message, second_look_message, weekly_list_message
from bot.slack.cards.partner_setup.setup_card import closed_setup_card, setup_card
from bot.slack.cards.review_card import (
    ended_review_card,
    replaced_review_card,
    review_card,
    unanswered_review_card,
)
from bot.slack.outbound.announcements.access_test_messages import AccessTestMessages
from bot.slack.outbound.announcements.audit_heads import post_head
from bot.slack.outbound.announcements.end_messages import EndMessages
from bot.slack.outbound.announcements.freeze_messages import FreezeMessages
from bot.slack.outbound.announcements.handover_messages import HandoverMessages
from bot.slack.outbound.announcements.review_messages import ReviewMessages, question_of, review_of
from bot.slack.outbound.app_homes import AppHomes
from bot.slack.outbound.batches.batch_messages import BatchMessages
from bot.slack.outbound.batches.import_messages import ImportMessages
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.card_copies import NotAccepted, content_of, posted_at
from bot.slack.outbound.recipients import (
    Outbound,
    Recipients,
    is_escalated,
    offers_confirmation,
    setup_card_requester,
)
from bot.slack.outbound.reminders import Reminders
from bot.slack.outbound.requests.request_messages import RequestMessages
from bot.slack.words.alarms import alarm_message
from bot.words.requests.messages import message_words, notified_message_words
from workflows.app.evidence.reviews.review_context import read_review_context
from workflows.core.batches.batch import Batch, ListFile
from workflows.core.checks.partner_setup.confirmations import open_steps
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import MessageCode, SendEscalationMessage
from workflows.core.requests.request import AccessRequest, BatchId
from workflows.core.requests.transitions.transition import senders_of
from workflows.core.settings.model import TenantId
from workflows.intervals import NAMES_SHOWN_FOR
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import AnnouncedEnd, AskedReview, NotifierBlocked, NotifierRefused, ShownImport

_log = structlog.get_logger()
_OWN_MESSAGES: Final[Mapping[str, Callable[[Fact], Message]]] = {
    MessageCode.PROFILE_CHANGED: profile_changed_message,
    MessageCode.DECIDED_IN_YOUR_NAME: weekly_list_message,
}
"""The messages that have buttons, besides the second look."""


class SlackNotifier:
    """Implements `ports.Notifier`."""

    def __init__(self, outbound: Outbound, lists: BatchListFiles, imports: ImportMessages) -> None:
        self._outbound = outbound
        self._batches = BatchMessages(outbound, lists)
        self._imports = imports
        self._recipients = Recipients(outbound.directory)
        self._homes = AppHomes(outbound)
        self._ends = EndMessages(outbound)
        self._access_tests = AccessTestMessages(outbound)
        self._freezes = FreezeMessages(outbound)
        self._handovers = HandoverMessages(outbound)
        self._reviews = ReviewMessages(outbound)
        self._reminders = Reminders(outbound)
        self._requests = RequestMessages(outbound, self._reminders)

    async def show_request(self, request: AccessRequest) -> None:
        """Update every message about the request, and post what is missing; see `RequestMessages.show`."""
        await self._show(request, lambda _: True)

    async def show_change(self, request: AccessRequest, *, clicked_in: str, clicked_by: str) -> bool:
        """Post what is missing, and update the message that was clicked; see `ports.Notifier.show_change`."""

        def is_theirs(copy: MessageCopy) -> bool:
            return copy.channel == clicked_in if clicked_in else bool(clicked_by) and copy.audience == clicked_by

        has_other_copies = not all(map(is_theirs, await self._requests.live_copies(request)))
        if has_other_copies:
            # NB. before anything is sent: when that fails, the others are updated nevertheless.
            await self._outbound.store.request_card_update(request.id, after=self._outbound.card_update_after)
        await self._show(request, is_theirs)
        return not has_other_copies

    async def _show(self, request: AccessRequest, is_shown_now: Callable[[MessageCopy], bool]) -> None:
        try:
            await self._requests.show(request, is_shown_now)
        finally:
            # NB. above all when the channel accepts no card: then the App Home is where people decide.
            concerned = await self._recipients.stage_members(request)
            await self._refresh_homes(*senders_of(request), request.fields.sponsor, *concerned)

    async def remind(self, request: AccessRequest) -> None:
        """Remind everybody who can decide on a request, once a day, in one message for all that waits for them.

        Nobody misses the notice that it expires: whose working hours begin too late for it gets it at once.
        """
        holders = await self._recipients.stage_holders(request)
        latest = None if request.expiry_told_at is None else request.expires_at
        await self._reminders.remind(await self._recipients.asked(request, holders), latest=latest)

    async def remind_person(self, person: ChatId, *, of_expired: bool = False) -> None:
        """Remind one person of what waits for them, or tell them what expired, in their working hours."""
        await (self._reminders.send_expiry_messages if of_expired else self._reminders.remind)([person])

    async def send_expiry_messages(self, request: AccessRequest) -> None:
        """Tell everybody who should have decided on a request that it expired, in one message a day; and its requester.

        The requester's card says so as well, but an update notifies nobody.
        """
        await self._reminders.tell_requester_of_expiry(request)
        await self._reminders.send_expiry_messages(await self._recipients.deciders_at_expiry(request))

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Update each person's newest review card of the partnership, and close the earlier ones.

        With `remind`, post a new one to the sponsor.
        The new one is posted first, and each recipient is stored. If anything fails, a retry asks the others.

        :raises NotifierRefused: when nobody at all could be asked.
        """
        subject = f"review:{partnership.identity.tenant_id}"
        now = self._outbound.clock.now()
        context = await read_review_context(partnership, store=self._outbound.store, now=now)
        card = review_card(partnership, now=now, context=context)
        not_reached = None
        if remind and partnership.state is PartnershipState.REVIEW_DUE:
            not_reached = await self._remind(partnership, subject, card)
        copies = await self._outbound.copies.live_copies(subject)
        newest = _newest(copies)
        is_due = partnership.state is PartnershipState.REVIEW_DUE
        for copy in copies:
            if closed := _closed_review(copy, newest[copy.audience], partnership):
                await self._outbound.copies.close(copy, closed)
            else:
                await self._outbound.copies.renew(copy, card, replaces_deleted=is_due)
        await self._refresh_homes(partnership.sponsor.chat_id, *sorted(await self._recipients.holders(ADMIN)))
        if not_reached is not None:
            raise not_reached

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every partner setup card; post it when it is new, and once more with `remind`.

        :raises NotifierRefused: when nobody could be reached.
        """
        subject = f"half:{partnership.identity.tenant_id}"
        sponsor, not_reached = partnership.sponsor.chat_id, None
        request = await self._outbound.store.request(partnership.request_id)
        requester = setup_card_requester(partnership, request)
        # Steps that Microsoft's default opens need nobody: the checklist contains them, and no card does.
        if remind or any(step.is_needed for step in open_steps(partnership.setup, partnership.confirmations)):
            not_reached = await self._post_setup(partnership, subject, () if remind else (requester,), remind=remind)
        copies = await self._outbound.copies.live_copies(subject)
        newest = _newest(copies)
        people_asked = await self._setup_readers(copies, partnership, requester)
        for copy in copies:
            is_newest = copy.message_id == newest[copy.audience].message_id
            if not is_newest or copy.audience not in people_asked:
                await self._outbound.copies.close(copy, closed_setup_card(partnership, has_newer=not is_newest))
                continue
            confirms = offers_confirmation(copy, partnership, requester)
            card = setup_card(partnership, may_confirm=confirms, reader=copy.audience)
            await self._outbound.copies.renew(copy, card, replaces_deleted=True)
        await self._refresh_homes(sponsor, requester)
        if not_reached is not None:
            raise not_reached

    async def show_handover(self, partnership: Partnership) -> None:
        """Ask the proposed sponsor, or update the question; see `HandoverMessages`."""
        await self._handovers.show(partnership)

    async def show_access_test(self, partnership: Partnership) -> None:
        """Ask whether the access works, or update the question; see `AccessTestMessages`."""
        await self._access_tests.show(partnership)

    async def send_end_notices(
        self, announced: Sequence[AnnouncedEnd], *, batch: str, blocked: int
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message about these ends; see `EndMessages`."""
        return await self._ends.send_notices(announced, batch=batch, blocked=blocked)

    async def send_review_reminders(
        self, asked: Sequence[AskedReview], *, admins: frozenset[ChatId], batch: str
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message about these reviews; see `ReviewMessages`."""
        return await self._reviews.send(asked, admins=admins, batch=batch)

    async def show_block_at_end(self, request: AccessRequest) -> None:
        """Tell who must know that a partner was blocked; see `EndMessages`."""
        await self._ends.show_block(request)

    async def show_batch(self, batch: Batch) -> ListFile | None:
        """Update every copy of a batch's card, and post what is missing; see `BatchMessages.show`."""
        try:
            attached = await self._batches.show(batch)
            await self._reminders.refresh(await self._batches.asked(batch))
            return attached
        finally:
            # NB. above all when the channel accepts no card: then the App Home is where people decide.
            await self._refresh_homes(*sorted(await self._batches.concerned(batch)))

    async def remind_about_batch(self, batch: Batch) -> None:
        """Remind everybody who can decide on a batch, once a day, in one message for all that waits for them."""
        latest = batch.expires_at if batch.is_expiry_told else None
        await self._reminders.remind(await self._batches.asked_now(batch), latest=latest)

    async def upload_batch_list(self, batch: Batch) -> ListFile:
        """Attach the list of a batch to the thread of its card; see `BatchMessages.attach_list`."""
        return await self._batches.attach_list(batch)

    async def show_import(self, shown: ShownImport) -> None:
        """Post or update the message about an import; see `ImportMessages`."""
        await self._imports.show(shown)

    async def close_import(self, batch: Batch) -> None:
        """Take the buttons from the message about an import; see `ImportMessages.close`."""
        await self._imports.close(batch)

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person. If Slack shows that person none, nothing is lost."""
        await self._homes.show(person)

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin, and to whom it names, unless they have got it; update the copies sent before.

        :raises NotifierUnavailable: when no admin could be told of an open alarm. It is tried again while the alarm is
            open.
        """
        subject = f"alarm:{alarm.id}"
        copies = await self._outbound.copies.live_copies(subject)
        reached = {copy.audience for copy in copies}
        refused: NotAccepted | None = None
        admins = sorted(await self._recipients.holders(ADMIN))
        for admin in admins if alarm.is_open else ():
            if admin not in reached:
                trouble = await self._outbound.copies.post(subject, admin, alarm_message(alarm))
                refused = refused or trouble
                reached |= set() if trouble else {admin}
        for person in alarm.also_to if alarm.is_open else ():
            if person not in reached and person not in admins:
                await self._outbound.copies.post(subject, person, alarm_message(alarm, is_admin=False))
        for copy in copies:
            await self._outbound.copies.update(copy, alarm_message(alarm, is_admin=copy.audience in admins))
        await self._refresh_homes(*admins)
        if alarm.is_open and not reached & set(admins):
            raise NotifierBlocked(f"no admin could be told: {refused or 'nobody holds the role'}")

    async def show_freeze(self, freeze: Freeze) -> None:
        """Tell who waits that the freeze began or ended; see `FreezeMessages`."""
        await self._refresh_homes(*sorted(await self._freezes.show(freeze)))

    async def post_audit_head(self, head: str, seq: int) -> None:
        """Post the head of the audit log in the channel, once; see `audit_heads.post_head`."""
        await post_head(self._outbound, head, seq)

    async def send_escalation_message(self, effect: SendEscalationMessage, request: AccessRequest) -> None:
        """Send the message of an escalation in the person's working hours; see `Reminders.send_escalation_message`."""
        values = {**effect.fact.values, "expires_at": request.expires_at.isoformat()}
        complete = await self._with_domain(Fact(effect.fact.code, values))
        message = notice(message_words(complete), notified_message_words(complete))
        await self._reminders.send_escalation_message(effect, message, latest=request.expires_at)

    async def send_message(self, person: ChatId, fact: Fact, *, channel: str) -> None:
        """Send one person a message: visible only to them in `channel`, or as a direct message when it is empty."""
        complete = await self._with_domain(fact)
        message = notice(message_words(complete), notified_message_words(complete))
        if fact.code in _OWN_MESSAGES:
            message = _OWN_MESSAGES[fact.code](complete)
        if fact.code == MessageCode.SECOND_LOOK:
            message = second_look_message(complete, lambda value: self._outbound.stamps.button_code(value, person))
        if fact.code == MessageCode.CLOSED and await self._may_change_guests(person, fact):
            message = with_block(message, account_buttons(TenantId(fact.values["tenant"]), may_enable=False))
        if channel:
            try:
                await self._outbound.copies.call(
                    "chat.postEphemeral", channel=channel, user=person, **content_of(message)
                )
            except (NotifierRefused, NotifierBlocked):
                _log.info("ephemeral_not_possible", channel=channel)
            else:
                return
        try:
            await self._outbound.copies.send(person, message)
        except NotifierBlocked as blocked:
            # No card waits for it, so it is given up, and an admin decides.
            raise NotifierRefused(str(blocked)) from blocked

    async def _may_change_guests(self, person: ChatId, fact: Fact) -> bool:
        """Return whether to offer a person the guest accounts that stay after a block: admins, where there may be any.

        :param fact: with the code `MessageCode.CLOSED`.
        """
        has_guests = "tenant" in fact.values and fact.values.get("guests") != 0
        return self._outbound.changes_guests and has_guests and person in await self._recipients.holders(ADMIN)

    async def _with_domain(self, fact: Fact) -> Fact:
        """Replace a partner's tenant ID by its domain where the records have it, and say what kind a batch is."""
        if fact.code == MessageCode.BATCH_ENDED:
            batch = await self._outbound.store.batch(BatchId(fact.values["batch"]))
            return Fact(fact.code, {**fact.values, "is_sheet": batch is not None and batch.sheet is not None})
        partner = fact.values.get("partner")
        record = None if partner is None else await self._outbound.store.partnership(TenantId(partner))
        return fact if record is None else Fact(fact.code, {**fact.values, "partner": record.identity.name})

    async def _remind(self, partnership: Partnership, subject: str, card: Message) -> NotAccepted | None:
        """Post this reminder to everybody who must answer it and has not received it yet.

        :returns: why Slack refused the message to the sponsor; None when at least one person was reached.
        """
        occasion = question_of(partnership)
        people_asked = {
            copy.audience for copy in await self._outbound.store.copies(subject) if copy.occasion == occasion
        }
        sponsor, refused = partnership.sponsor.chat_id, None
        is_gone = partnership.sponsor_gone_at is not None
        if not is_gone and sponsor not in people_asked:
            refused = await self._outbound.copies.post(subject, sponsor, card, occasion)
            people_asked |= set() if refused else {sponsor}
        if refused or is_gone or is_escalated(partnership, self._outbound.clock.now()):
            for admin in sorted(await self._recipients.holders(ADMIN) - people_asked - {sponsor}):
                if await self._outbound.copies.post(subject, admin, card, occasion) is None:
                    people_asked.add(admin)
        return None if people_asked else refused

    async def _setup_readers(
        self, copies: Sequence[MessageCopy], partnership: Partnership, requester: ChatId
    ) -> frozenset[str]:
        """Return whose cards show the partner setup: the sponsor's, the requester's, and those of admins.

        While it shows no step to do, or the admins cannot be read, all of them do.
        """
        readers, people_named = frozenset(copy.audience for copy in copies), {partnership.sponsor.chat_id, requester}
        is_live = not partnership.is_closed and bool(partnership.setup)
        admins = await self._recipients.holders(ADMIN) if is_live and readers - people_named else frozenset()
        return frozenset(people_named) | admins if admins else readers

    async def _post_setup(
        self, partnership: Partnership, subject: str, other_people: Sequence[ChatId], *, remind: bool
    ) -> NotAccepted | None:
        """Post the card to the sponsor, to the admins when the sponsor cannot be reached, and to the others.

        :returns: why nobody who may confirm was reached, when that is so.
        """
        # As for the card of a request: who was active in the last hours gets the first one, and a reminder asks Slack.
        known_for = timedelta(0) if remind else NAMES_SHOWN_FOR
        # NB. with the request: newly approved access needs the partner's steps again.
        request = f"{partnership.request_id}."
        occasion = f"{request}{partnership.setup_reminders}"
        sponsor, refused = partnership.sponsor.chat_id, None
        copies = [copy for copy in await self._outbound.store.copies(subject) if copy.is_live]
        have_card = {
            c.audience for c in copies if c.occasion == occasion or (not remind and c.occasion.startswith(request))
        }
        card = setup_card(partnership, may_confirm=True, reader=sponsor)
        reached = {one for one in have_card if one == sponsor or one not in other_people}
        if sponsor not in reached:
            refused = await self._outbound.copies.post(subject, sponsor, card, occasion, active_within=known_for)
            reached |= set() if refused else {sponsor}
        if refused is not None:
            for admin in sorted(await self._recipients.holders(ADMIN) - reached - {sponsor}):
                card = setup_card(partnership, may_confirm=True, reader=admin)
                if await self._outbound.copies.post(subject, admin, card, occasion) is None:
                    reached.add(admin)
        for person in other_people:
            if person not in have_card and person != sponsor:
                card = setup_card(partnership, may_confirm=False)
                await self._outbound.copies.post(subject, person, card, occasion, active_within=known_for)
        return None if reached else refused

    async def _refresh_homes(self, *people: ChatId) -> None:
        """Publish these people's App Homes soon, by a separate effect, so that no card waits for them."""
        await self._outbound.store.request_home_updates(list(dict.fromkeys(people)))


def _closed_review(copy: MessageCopy, newest: MessageCopy, partnership: Partnership) -> Message | None:
    """Return the last content of a review card that asks nothing any more; None for a card that shows the review.

    :param newest: the newest card of the same person.
    """
    review, newest_review = (each_copy.occasion.rpartition(".")[0] for each_copy in (copy, newest))
    if copy.message_id != newest.message_id and review == newest_review:
        return replaced_review_card(partnership, reminded_at=posted_at(newest))
    is_due = partnership.state is PartnershipState.REVIEW_DUE
    if review == (review_of(partnership) if is_due else newest_review):
        return None
    answered = review.rpartition(".")[2]
    if _is_ended_without_answer(review, partnership):
        return unanswered_review_card(partnership)
    answers = partnership.attestations[int(answered) :] if answered.isdigit() else ()
    return ended_review_card(partnership, answers[0] if answers else None)


def _is_ended_without_answer(review: str, partnership: Partnership) -> bool:
    """Return whether an earlier review of the same access ended because its reason was over."""
    request_id, *ended, _ = review.split(".")
    return request_id == partnership.request_id and int(ended[0] if ended else 0) < partnership.ended_reviews


def _newest(copies: Sequence[MessageCopy]) -> dict[str, MessageCopy]:
    """Return each reader's newest copy."""
    return {copy.audience: copy for copy in sorted(copies, key=lambda copy: copy.message_id)}
