"""The messages about one request: the channel's card and its thread, approvers, the requester, the sponsor, questions.

Everybody has one message about a request, which is updated in place. People who must decide again get a new one,
because an update notifies nobody. A sponsor who must do something after the change gets the partner setup card, too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.requester_and_sponsor import former_sponsor_card, requester_card, sponsor_card
from bot.slack.outbound.card_copies import NotAccepted, UpdateResult
from bot.slack.outbound.recipients import Outbound, Recipients, direct_recipients
from bot.slack.outbound.reminders import Reminders
from bot.slack.outbound.requests.account_messages import (
    account_message,
    ask_to_confirm_again,
    is_only_shown_to_requester,
    show_results_again,
)
from bot.slack.outbound.requests.change_messages import ChangeMessages
from bot.slack.outbound.requests.readers_messages import ReadersMessages
from bot.slack.outbound.requests.reassignment_messages import ReassignmentMessages
from bot.slack.outbound.requests.remark_messages import RemarkMessages
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers, name_approvers
from workflows.app.reads.found_requests import as_believed, read_open_drift, today_from_record
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.reads.newer_requests import read_after_end
from workflows.core.partners.partnership import newer_request, tenant_of
from workflows.core.people import ChatId, Role
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze
from workflows.core.requests.transitions.transition import senders_of
from workflows.intervals import NAMES_SHOWN_FOR
from workflows.ports.message_copies import MessageCopy

MAX_COUNTED_REQUESTS: Final = 50
"""The most requests of one requester that are counted, or read, for a card."""


class RequestMessages:
    """Posts and updates the messages about a request. A repetition changes nothing."""

    def __init__(self, outbound: Outbound, reminders: Reminders) -> None:
        self._outbound = outbound
        self._recipients = Recipients(outbound.directory)
        self._reminders = reminders
        self._remarks = RemarkMessages(outbound)
        self._reassignments = ReassignmentMessages(outbound)
        self._changes = ChangeMessages(outbound)

    async def live_copies(self, request: AccessRequest) -> list[MessageCopy]:
        """Return every posted copy that counts: of the card, and of what the requester and the sponsor see."""
        subjects = (f"{kind}:{request.id}" for kind in ("request", "requester", "sponsor"))
        return [copy for subject in subjects for copy in await self._outbound.store.copies(subject) if copy.is_live]

    async def show(self, request: AccessRequest, is_shown_now: Callable[[MessageCopy], bool]) -> None:
        """Update copies, and post what is missing.

        :param is_shown_now: returns whether a copy is updated; the others count as up to date.
        :raises NotifierBlocked, NotifierRefused: when the channel does not accept its card now, or never will. A person
            whom Slack does not let us write to is logged only; that person uses the channel's card and the App Home.
        """
        request = await as_believed(request, self._outbound.store)
        posted = await self._outbound.copies.live_copies(f"request:{request.id}")
        await show_results_again(request, self._outbound)
        if is_only_shown_to_requester(request, posted):
            await self._show_requester(request, await self._context(request), NO_APPROVERS_KNOWN, is_shown_now)
        else:
            await self._show_everybody(request, posted, is_shown_now)

    async def _show_everybody(
        self, request: AccessRequest, posted: Sequence[MessageCopy], is_shown_now: Callable[[MessageCopy], bool]
    ) -> None:
        """Update copies, and post what is missing, see `show`.

        :param posted: the copies of the card.
        """
        subject, now = f"request:{request.id}", self._outbound.clock.now()
        holders = await self._recipients.stage_holders(request)
        deciders = await self._recipients.deciders(request, holders)
        names = await name_approvers(request, holders, self._outbound.directory)
        context = await self._context(request)
        card_arguments: dict[str, Any] = {"holders": names, "context": context, "now": now}
        messages = ReadersMessages(
            request=request,
            context=context,
            deciders=deciders,
            asked=await self._recipients.asked(request, holders),
            now=now,
            # A card has many copies. Building one takes some hundredths of a second.
            build_card=cache(partial(request_card, request, **card_arguments)),
            build_new_approval=cache(partial(new_approval_message, request, **card_arguments)),
            copies=await self._outbound.store.copies(subject),
            asked_later=await self._recipients.later_deciders(request, holders),
        )
        now_shown = [copy for copy in posted if is_shown_now(copy)]
        up_to_date, problem = await self._update(request, now_shown, messages)
        left = (copy for copy in posted if not is_shown_now(copy) and not messages.is_replaced(copy))
        up_to_date |= {(copy.audience, copy.occasion) for copy in left}
        if request.prepared is not None:
            problem = problem or await self._post_in_channel(subject, up_to_date, messages)
            await self._post_to_approvers(subject, up_to_date, messages, is_channel_closed=problem is not None)
        await self._reminders.refresh({ChatId(copy.audience) for copy in now_shown if copy.audience})
        await self._show_requester(request, context, names, is_shown_now)
        await self._show_sponsor(request, context, is_shown_now)
        for posts in (self._remarks, self._reassignments, self._changes):
            await posts.show(request)
        if problem is not None:
            raise problem

    async def _context(self, request: AccessRequest) -> CardContext:
        """Read what the card shows besides the request: the partner's record, and the requester's open requests."""
        freeze = await known_freeze(self._outbound.store) if is_stopped_by_freeze(request) else None
        if request.prepared is None or (request.is_terminal and not request.was_written):
            return CardContext(is_first=False, freeze=freeze)
        fields, prepared = request.fields, request.require_prepared()
        record = await self._outbound.store.partnership(prepared.plan.tenant_id)
        if request.is_terminal:
            store, now = self._outbound.store, self._outbound.clock.now()
            today = await today_from_record(request, record, store=store, now=now)
            drift = await read_open_drift(request, record, store)
            return CardContext(is_first=False, partnership=record, successor=today.successor, drift=drift)
        # NB. counted, not read: one person may have hundreds of open requests, and each of them has a card.
        others = await self._outbound.store.count_open_among_newest(
            fields.requester, prepared.requester.id, newest=MAX_COUNTED_REQUESTS, other_than=request.id
        )
        is_first = not await self._outbound.store.has_other_requests_for(prepared.plan.tenant_id, request.id)
        return CardContext(is_first=is_first, others_open=others, partnership=record, freeze=freeze)

    async def _update(
        self, request: AccessRequest, copies: Sequence[MessageCopy], messages: ReadersMessages
    ) -> tuple[set[tuple[str, str]], NotAccepted | None]:
        """Update the posted copies of a request's card.

        :returns: the copies that are up to date, by recipient and round of approval; and why the channel's card could
            not be updated.
        """
        up_to_date, problem = set(), None
        for copy in copies:
            # NB. not the channel's copies: they are emptied when the channel changes, if they are live.
            if copy.audience and messages.is_replaced(copy):
                await self._outbound.copies.close(copy, messages.for_copy(copy))
                continue
            # A card that somebody deleted is not posted again for a finished request, and not for an earlier round.
            replaces_deleted = not request.is_terminal and (not copy.audience or copy.occasion == messages.occasion)
            updated = await self._outbound.copies.update(
                copy, messages.for_copy(copy), replaces_deleted=replaces_deleted
            )
            if updated not in (UpdateResult.STUCK, UpdateResult.DELETED):
                up_to_date.add((copy.audience, copy.occasion))
            if isinstance(updated, NotAccepted) and not copy.audience:
                problem = updated
        return up_to_date, problem

    async def _post_in_channel(
        self, subject: str, up_to_date: set[tuple[str, str]], messages: ReadersMessages
    ) -> NotAccepted | None:
        """Post the channel's card, and what is to be decided again into its thread: one card a request."""
        if ("", "") not in up_to_date and (
            refused := await self._outbound.copies.post(subject, "", messages.build_card())
        ) is not None:
            return refused
        if not messages.occasion or not messages.deciders or ("", messages.occasion) in up_to_date:
            return None
        [card, *_] = [
            live_copy
            for live_copy in await self._outbound.copies.live_copies(subject)
            if not live_copy.audience and not live_copy.occasion
        ]
        return await self._outbound.copies.post(
            subject, "", messages.for_thread(), messages.occasion, thread=card.message_id
        )

    async def _post_to_approvers(
        self, subject: str, up_to_date: set[tuple[str, str]], messages: ReadersMessages, *, is_channel_closed: bool
    ) -> None:
        """Post the card to everybody who can decide now and does not have it.

        They are members as known now, the channel has the card too, and reminders ask Slack again.
        """
        for audience in direct_recipients(messages.asked, is_channel_closed=is_channel_closed):
            if (audience, messages.occasion) not in up_to_date:
                card = messages.for_approver(audience)
                await self._outbound.copies.post(
                    subject, audience, card, messages.occasion, active_within=NAMES_SHOWN_FOR
                )

    async def _show_requester(
        self,
        request: AccessRequest,
        context: CardContext,
        names: Mapping[Role, Approvers],
        is_shown_now: Callable[[MessageCopy], bool],
    ) -> None:
        subject = f"requester:{request.id}"
        store, now, record = self._outbound.store, self._outbound.clock.now(), context.partnership
        newer = await self._newer_request(request)
        card = requester_card(
            request,
            now=now,
            successor=context.successor,
            record=record,
            newer=newer,
            holders=names,
            freeze=context.freeze,
            drift=context.drift,
        )
        if request.fields.account_change is not None:
            card = await account_message(request, names, context.freeze, self._outbound)
            await ask_to_confirm_again(request, subject, card, copies=self._outbound.copies, store=store)
        for copy in filter(is_shown_now, await self._outbound.copies.live_copies(subject)):
            await self._outbound.copies.renew(copy, card, replaces_deleted=not request.is_terminal)
        posted = {copy.audience for copy in await store.copies(subject)}
        missing = [person for person in senders_of(request) if person not in posted]
        if missing and not posted:
            await self._update_earlier_messages(request)
        for person in missing:
            await self._outbound.copies.post(subject, person, card)

    async def _update_earlier_messages(self, request: AccessRequest) -> None:
        """Have the messages about earlier requests updated that this one stands for: no Request again.

        Not here: each in the lane of its own request, so that its newest state is shown last.
        """
        ended_requests = await self._outbound.store.requests_of(
            request.fields.requester,
            MAX_COUNTED_REQUESTS,
            request.requester_account,
            is_open=False,
            may_be_about=tenant_of(request),
        )
        now = self._outbound.clock.now()
        for own_request in ended_requests:
            is_replaced = newer_request(own_request, [request], None, now) is not None
            if is_replaced and await self._outbound.store.copies(f"requester:{own_request.id}"):
                await self._outbound.store.request_card_update(
                    own_request.id, after=self._outbound.card_update_after, may_be_running=True
                )

    async def _newer_request(self, request: AccessRequest) -> AccessRequest | None:
        """Return the requester's later request that is shown instead of Request again."""
        if not request.is_terminal:
            return None
        store = self._outbound.store
        record = None if request.prepared is None else await store.partnership(request.prepared.plan.tenant_id)
        return (await read_after_end(request, record, None, store=store, now=self._outbound.clock.now())).newer

    async def _show_sponsor(
        self, request: AccessRequest, context: CardContext, is_shown_now: Callable[[MessageCopy], bool]
    ) -> None:
        """Tell the sponsor once that they are named, and update that message. Tell a replaced sponsor, too.

        The steps of the partner setup have a message of their own, because Slack notifies nobody of an update. Only
        this method posts the message. The effects of one request run one after the other, so it is not posted twice.
        """
        if request.prepared is None or request.fields.kind is RequestKind.REVOCATION:
            return
        if request.fields.account_change is not None:
            return  # the sponsor is responsible for the access, and it stays as it is
        subject, sponsor, record = f"sponsor:{request.id}", request.fields.sponsor, context.partnership
        copies = list(filter(is_shown_now, await self._outbound.copies.live_copies(subject)))
        is_planned = request.state is not RequestState.PREPARING  # until then, the plan names the earlier sponsor
        for copy in copies if is_planned else ():
            if copy.audience != sponsor:
                await self._outbound.copies.close(copy, former_sponsor_card(request))
        if _is_sponsor_the_requester(request):
            return
        card = sponsor_card(
            request,
            now=self._outbound.clock.now(),
            successor=context.successor,
            record=record,
            drift=context.drift,
        )
        for copy in copies:
            if copy.audience == sponsor:
                await self._outbound.copies.renew(copy, card, replaces_deleted=not request.is_terminal)
        setup = () if record is None or record.request_id != request.id else record.setup
        is_asked = any(step.is_needed for step in setup)  # the partner setup card tells them
        is_told = not request.is_terminal or (request.state is RequestState.APPLIED and context.successor is None)
        has_no_copy = all(one.audience != sponsor for one in await self._outbound.store.copies(subject) if one.is_live)
        if is_told and has_no_copy and not is_asked and (is_planned or not request.edits):
            await self._outbound.copies.post(subject, sponsor, card)


def _is_sponsor_the_requester(request: AccessRequest) -> bool:
    """Return whether there is no other sponsor who would have to be told. Who sent the request knows its sponsor."""
    return request.is_filed_by(request.fields.sponsor, request.require_prepared().sponsor.id)
