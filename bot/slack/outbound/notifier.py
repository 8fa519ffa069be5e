"""Perform Slack effects: post and update cards, send direct messages, publish App Homes.

Showing is reconciling: what is posted is compared with what should be posted. Doing it twice changes nothing. Who gets
a card is decided in `bot.slack.outbound.recipients`.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Final

import structlog

from bot.slack.blocks.message import Message, notice
from bot.slack.cards.approval.card import CardContext
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.cards import requester_card, review_card
from bot.slack.cards.setup_card import setup_card
from bot.slack.outbound.card_copies import CardCopies, Trouble, UpdateResult, content_of
from bot.slack.outbound.homes import Homes
from bot.slack.outbound.recipients import (
    Recipients,
    everybody,
    is_escalated,
    may_confirm,
    requester_told,
    told_directly,
)
from bot.slack.outbound.reminders import Reminders
from bot.slack.people.approvers import name_approvers
from bot.slack.people.shown_directory import ShownDirectory
from bot.slack.words.alarms import alarm_message
from bot.words.requests.messages import message_words
from workflows.core.errors.facts import Fact
from workflows.core.partner_setup.state import open_steps
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.clock import Clock
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierBlocked, NotifierRefused
from workflows.ports.store import Store

MOST_COUNTED: Final = 50
"""Requests of one requester, or of one partner, that are looked at for a card."""
_log = structlog.get_logger()


class SlackNotifier:
    """Implements `ports.Notifier`."""

    def __init__(
        self,
        *,
        copies: CardCopies,
        directory: ShownDirectory,
        store: Store,
        clock: Clock,
    ) -> None:
        self._copies = copies
        self._directory = directory
        self._store = store
        self._clock = clock
        self._recipients = Recipients(directory)
        self._homes = Homes(copies=copies, directory=directory, store=store, clock=clock)
        self._reminders = Reminders(copies=copies, directory=directory, store=store, clock=clock)

    async def show_request(self, request: AccessRequest) -> None:
        """Update every copy of the request's card, and post missing copies.

        :raises NotifierBlocked, NotifierRefused: when the channel does not accept its card now, or never will. A person
            whom Slack does not let us write to is logged only; that person uses the channel's card and the App Home.
        """
        subject = f"request:{request.id}"
        holders = await self._recipients.stage_holders(request)
        deciders = await self._recipients.deciders(request, holders)
        names = await name_approvers(request, holders, self._directory)
        context = await self._context(request)
        # A card has many copies and two forms. Building one takes some hundredths of a second.
        card = cache(partial(request_card, request, holders=names, context=context, now=self._clock.now()))
        posted, problem = await self._update_request(request, subject, card, deciders)
        if request.prepared is not None:
            if "" not in posted:
                problem = problem or await self._copies.post(subject, "", card(with_buttons=True))
            for audience in told_directly(deciders, is_channel_closed=problem is not None):
                if audience not in posted:
                    await self._copies.post(subject, audience, card(with_buttons=True))
        await self._reminders.refresh(ChatId(audience) for audience in posted if audience)
        await self._show_requester(request)
        await self._refresh_homes(request.particulars.requester, request.particulars.sponsor, *everybody(holders))
        if problem is not None:
            raise problem

    async def _context(self, request: AccessRequest) -> CardContext:
        """Read what the card says beside the request: what is known of the partner, and what its requester has open."""
        if request.state is not RequestState.AWAITING_APPROVAL:
            return CardContext(is_first=False)
        asked, known = request.particulars, request.known
        mine = await self._store.requests_of(asked.requester, MOST_COUNTED, known.requester.id)
        others = sum(not one.is_terminal and one.id != request.id for one in mine)
        earlier = await self._store.requests_for(known.plan.tenant_id, MOST_COUNTED)
        return CardContext(is_first=all(one.id == request.id for one in earlier), others_open=others)

    async def remind(self, request: AccessRequest) -> None:
        """Remind everybody who can decide on a request, each in one message for all that waits for them, once a day."""
        holders = await self._recipients.stage_holders(request)
        await self._reminders.remind(await self._recipients.deciders(request, holders))

    async def _update_request(
        self,
        request: AccessRequest,
        subject: str,
        card: Callable[..., Message],
        deciders: frozenset[ChatId],
    ) -> tuple[set[str], Trouble | None]:
        """Update the posted copies of a request's card.

        :param card: gives the card with or without buttons.
        :returns: who needs no new copy, and why the channel's card could not be updated.
        """
        has, problem = set(), None
        for copy in await self._copies.live(subject):
            is_offered = copy.audience == "" or copy.audience in deciders
            # A card that somebody deleted is not posted again for a finished request.
            shown = card(with_buttons=is_offered)
            updated = await self._copies.update(copy, shown, is_wanted=not request.is_terminal)
            if updated not in (UpdateResult.STUCK, UpdateResult.DELETED):
                has.add(copy.audience)
            if isinstance(updated, Trouble) and not copy.audience:
                problem = updated
        return has, problem

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every review card of the partnership; with `remind`, post a new one to the sponsor.

        The new one is posted first, and each recipient is stored. If anything fails, a repetition asks the others.

        :raises NotifierRefused: when nobody at all could be asked.
        """
        subject = f"review:{partnership.identity.tenant_id}"
        card = review_card(partnership, now=self._clock.now())
        unheard = None
        if remind and partnership.state is PartnershipState.REVIEW_DUE:
            unheard = await self._remind(partnership, subject, card)
        copies = await self._copies.live(subject)
        newest = _newest(copies)
        for copy in copies:
            if copy.message_id == newest[copy.audience]:
                await self._copies.renew(copy, card, is_wanted=partnership.state is PartnershipState.REVIEW_DUE)
            else:
                await self._copies.update(copy, card, is_wanted=False)
        await self._refresh_homes(partnership.sponsor.chat_id)
        if unheard is not None:
            raise unheard

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every partner setup card; post it when it is new, and once more with `remind`.

        :raises NotifierRefused: when nobody at all could be told.
        """
        subject = f"half:{partnership.identity.tenant_id}"
        sponsor, unheard = partnership.sponsor.chat_id, None
        request = await self._store.request(partnership.request_id)
        requester = requester_told(partnership, request)
        # Steps that Microsoft's default opens need nobody: the checklist contains them, and no card does.
        if remind or any(step.is_needed for step in open_steps(partnership.setup, partnership.confirmations)):
            unheard = await self._post_setup(partnership, subject, () if remind else (requester,), remind=remind)
        copies = await self._copies.live(subject)
        newest = _newest(copies)
        for copy in copies:
            confirms, is_older = may_confirm(copy, partnership, requester), copy.message_id != newest[copy.audience]
            card = setup_card(partnership, may_speak=confirms, reader=copy.audience, is_older=is_older)
            if is_older:
                await self._copies.update(copy, card, is_wanted=False)
            else:
                await self._copies.renew(copy, card, is_wanted=True)
        await self._refresh_homes(sponsor, requester)
        if unheard is not None:
            raise unheard

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person. If Slack shows that person none, nothing is lost."""
        await self._homes.show(person)

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who has not got it yet; update the copies that were sent before.

        :raises NotifierUnavailable: when no admin at all could be told of an open alarm. It is tried again while the
            alarm is open.
        """
        subject, message = f"alarm:{alarm.id}", alarm_message(alarm)
        copies = await self._copies.live(subject)
        told = {copy.audience for copy in copies}
        refused: Trouble | None = None
        admins = sorted(await self._recipients.holders(ADMIN))
        for admin in admins if alarm.is_open else ():
            if admin not in told:
                trouble = await self._copies.post(subject, admin, message)
                refused = refused or trouble
                told |= set() if trouble else {admin}
        for copy in copies:
            await self._copies.update(copy, message)
        await self._refresh_homes(*admins)
        if alarm.is_open and not told:
            raise NotifierBlocked(f"no admin could be told: {refused or 'nobody holds the role'}")

    async def tell(self, person: ChatId, said: Fact, *, channel: str) -> None:
        """Send one person a message: visible only to them in `channel`, or as a direct message when it is empty."""
        message = notice(message_words(said))
        if channel:
            try:
                await self._copies.call("chat.postEphemeral", channel=channel, user=person, **content_of(message))
            except (NotifierRefused, NotifierBlocked):
                _log.info("ephemeral_not_possible", channel=channel)
            else:
                return
        try:
            direct = await self._copies.direct(person)
            await self._copies.call("chat.postMessage", channel=direct, **content_of(message))
        except NotifierBlocked as blocked:
            # No card waits for it, so it is given up, and an admin decides.
            raise NotifierRefused(str(blocked)) from blocked

    async def _show_requester(self, request: AccessRequest) -> None:
        subject, requester = f"requester:{request.id}", request.particulars.requester
        card = requester_card(request, now=self._clock.now())
        copies = await self._copies.live(subject)
        for copy in copies:
            await self._copies.renew(copy, card, is_wanted=not request.is_terminal)
        if not await self._store.copies(subject):
            await self._copies.post(subject, requester, card)

    async def _remind(self, partnership: Partnership, subject: str, card: Message) -> Trouble | None:
        """Post this reminder to everybody who must answer it and has not got it yet.

        :returns: why the sponsor was not reached, when nobody else was either.
        """
        # NB. with the request: access that was approved again counts its reminders from the beginning.
        occasion = f"{partnership.request_id}.{len(partnership.attestations)}.{partnership.reminders}"
        asked = {copy.audience for copy in await self._store.copies(subject) if copy.occasion == occasion}
        sponsor, refused = partnership.sponsor.chat_id, None
        is_gone = partnership.sponsor_gone_at is not None
        if not is_gone and sponsor not in asked:
            refused = await self._copies.post(subject, sponsor, card, occasion)
            asked |= set() if refused else {sponsor}
        if refused or is_gone or is_escalated(partnership, self._clock.now()):
            for admin in sorted(await self._recipients.holders(ADMIN) - asked - {sponsor}):
                if await self._copies.post(subject, admin, card, occasion) is None:
                    asked.add(admin)
        return None if asked else refused

    async def _post_setup(
        self, partnership: Partnership, subject: str, others: Sequence[ChatId], *, remind: bool
    ) -> Trouble | None:
        """Post the card to the sponsor, to the admins when the sponsor cannot be reached, and to the others.

        :returns: why nobody who may confirm was reached, when that is so.
        """
        # NB. with the request: newly approved access needs the partner's steps again.
        request = f"{partnership.request_id}."
        occasion = f"{request}{partnership.setup_reminders}"
        copies = await self._store.copies(subject)
        has = {c.audience for c in copies if c.occasion == occasion or (not remind and c.occasion.startswith(request))}
        sponsor, refused = partnership.sponsor.chat_id, None
        card = setup_card(partnership, may_speak=True, reader=sponsor)
        heard = {one for one in has if one == sponsor or one not in others}
        if sponsor not in heard and (refused := await self._copies.post(subject, sponsor, card, occasion)) is None:
            heard.add(sponsor)
        if refused is not None:
            for admin in sorted(await self._recipients.holders(ADMIN) - heard - {sponsor}):
                card = setup_card(partnership, may_speak=True, reader=admin)
                if await self._copies.post(subject, admin, card, occasion) is None:
                    heard.add(admin)
        for person in others:
            if person not in has and person != sponsor:
                await self._copies.post(subject, person, setup_card(partnership, may_speak=False), occasion)
        return None if heard else refused

    async def _refresh_homes(self, *people: ChatId) -> None:
        """Publish these people's App Homes soon, by a separate effect, so that no card waits for it."""
        await self._store.want_homes(list(dict.fromkeys(people)))


def _newest(copies: Sequence[MessageCopy]) -> dict[str, str]:
    """Return each reader's newest copy, by its message id."""
    return {copy.audience: copy.message_id for copy in sorted(copies, key=lambda one: one.message_id)}
