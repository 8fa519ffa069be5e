"""Perform Slack effects: the cards and their recipients, direct messages, App Home.

Showing is reconciling: what is posted is compared with what should be posted. Doing it twice changes nothing.

This file is long because it implements one port, each method for one kind of card.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from bot.slack.blocks.blocks import Json
from bot.slack.blocks.message import Message, notice
from bot.slack.cards.cards import request_card, requester_card, review_card
from bot.slack.cards.setup_card import setup_card
from bot.slack.flows.home import MOST_MINE, MOST_PARTNERS, MOST_WAITING, closed_home, home_view
from bot.slack.outbound.card_copies import CardCopies, Trouble, Updated, content_of
from bot.slack.people.approvers import Approvers, name_approvers, still_free
from bot.slack.people.shown_directory import ShownDirectory
from bot.slack.words.alarms import alarm_message
from bot.words.messages import message_words
from workflows.app.reads.queries import ids_of, partnerships_shown_to, waiting_for
from workflows.core.errors import Fact
from workflows.core.partner_setup.state import open_steps
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId, Role
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.eligibility import still_asked
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.directory import DirectoryRefused, DirectoryUnavailable
from workflows.ports.message_copies import Copy
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_MOST_DIRECT_COPIES: Final = 10
"""When more people have a role, they get no direct copies; they use the channel's card and the App Home.

If the channel does not accept the card, the first ten by id still get one: somebody who can decide always gets the
request.
"""
_ESCALATE_AFTER: Final = 2
"""From this reminder on the admins are asked as well as the sponsor."""
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
        self._homes: dict[ChatId, asyncio.Lock] = {}

    async def show_request(self, request: AccessRequest) -> None:
        """Update every copy of the request's card, and post missing copies.

        :raises NotifierBlocked, NotifierRefused: when the channel does not accept its card now, or never will. A person
            whom Slack does not let us write to is logged only; that person uses the channel's card and the App Home.
        """
        subject = f"request:{request.id}"
        holders = await self._stage_holders(request)
        deciders = await self._deciders(request, holders)
        names = await name_approvers(request, holders, self._directory)
        posted, problem = await self._update_request(request, subject, names, deciders)
        if request.prepared is not None:
            card = request_card(request, holders=names, now=self._clock.now())
            if "" not in posted:
                problem = problem or await self._copies.post(subject, "", card)
            for audience in _told_directly(deciders, is_channel_closed=problem is not None):
                if audience not in posted:
                    await self._copies.post(subject, audience, card)
        await self._show_requester(request)
        await self._refresh_homes(request.particulars.requester, request.particulars.sponsor, *_everybody(holders))
        if problem is not None:
            raise problem

    async def _update_request(
        self,
        request: AccessRequest,
        subject: str,
        names: Mapping[Role, Approvers],
        deciders: frozenset[ChatId],
    ) -> tuple[set[str], Trouble | None]:
        """Update the posted copies of a request's card.

        :returns: who needs no new copy, and why the channel's card could not be updated.
        """
        has, problem = set(), None
        for copy in await self._copies.live(subject):
            is_offered = copy.audience == "" or copy.audience in deciders
            card = request_card(request, holders=names, now=self._clock.now(), with_buttons=is_offered)
            # A card that somebody deleted is not posted again for a finished request.
            updated = await self._copies.update(copy, card, is_wanted=not request.is_terminal)
            if updated not in (Updated.STUCK, Updated.DELETED):
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
        requester = sponsor
        if request is not None and not request.is_by(sponsor, partnership.sponsor.id):
            requester = request.particulars.requester
        # Steps that Microsoft's default opens need nobody: the checklist contains them, and no card does.
        if remind or any(step.is_needed for step in open_steps(partnership.setup, partnership.confirmations)):
            unheard = await self._post_setup(partnership, subject, () if remind else (requester,), remind=remind)
        copies = await self._copies.live(subject)
        newest = _newest(copies)
        for copy in copies:
            may_speak, is_older = _may_speak(copy, partnership, requester), copy.message_id != newest[copy.audience]
            card = setup_card(partnership, may_speak=may_speak, reader=copy.audience, is_older=is_older)
            if is_older:
                await self._copies.update(copy, card, is_wanted=False)
            else:
                await self._copies.renew(copy, card, is_wanted=True)
        await self._refresh_homes(sponsor, requester)
        if unheard is not None:
            raise unheard

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person. If Slack shows that person none, nothing is lost.

        Only full members see information about partners and requests there.
        """
        # One at a time, so that the last read is shown last.
        async with self._homes.setdefault(person, asyncio.Lock()):
            view = await self._home_of(person)
            try:
                await self._copies.call("views.publish", user_id=person, view=view)
            except NotifierRefused as refused:
                _log.info("home_not_possible", person=person, reason=str(refused))

    async def _home_of(self, person: ChatId) -> Json:
        with _waiting_for_the_directory():
            if not await self._directory.is_member(person):
                return closed_home()
            known = await self._directory.known_person(person)
            waiting = await waiting_for(
                person, store=self._store, directory=self._directory, limit=MOST_WAITING, known=known
            )
            partnerships = await partnerships_shown_to(
                person, store=self._store, directory=self._directory, limit=MOST_PARTNERS
            )
            is_admin = bool(ids_of(person, known) & await self._directory.holders(ADMIN))
        mine = await self._store.requests_of(person, 2 * MOST_MINE, None if known is None else known.id)
        alarms = await self._store.open_alarms() if is_admin else None
        # Outside the event loop: building a long Home takes longer than a click may wait.
        return await asyncio.to_thread(
            home_view, waiting=waiting, mine=mine, partnerships=partnerships, alarms=alarms, now=self._clock.now()
        )

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who has not got it yet; update the copies that were sent before.

        :raises NotifierUnavailable: when no admin at all could be told of an open alarm. It is tried again while the
            alarm is open.
        """
        subject, message = f"alarm:{alarm.id}", alarm_message(alarm)
        copies = await self._copies.live(subject)
        told = {copy.audience for copy in copies}
        refused: Trouble | None = None
        admins = sorted(await self._holders(ADMIN))
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

    async def _stage_holders(self, request: AccessRequest) -> dict[Role, frozenset[ChatId]]:
        """List the members of roles that still have to decide; empty when nobody needs to decide."""
        who = still_asked(request)
        return {} if who is None else {stage.role: await self._holders(stage.role) for stage in who.open_stages}

    async def _holders(self, role: Role) -> frozenset[ChatId]:
        with _waiting_for_the_directory():
            try:
                return await self._directory.holders(role)
            except DirectoryRefused as error:
                _log.error("role_unreadable", role=role, reason=str(error))
                return frozenset()  # the stage's title is shown instead

    async def _deciders(self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]) -> frozenset[ChatId]:
        """List who can decide now: members of the open stage's role who are not excluded and have not decided."""
        who = still_asked(request)
        return frozenset() if who is None else await still_free(who, holders[who.open_stages[0].role], self._directory)

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
        is_late = partnership.reminders >= _ESCALATE_AFTER or partnership.is_past_its_end(self._clock.now())
        if refused or is_gone or is_late:
            for admin in sorted(await self._holders(ADMIN) - asked - {sponsor}):
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
            for admin in sorted(await self._holders(ADMIN) - heard - {sponsor}):
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


def _told_directly(deciders: frozenset[ChatId], *, is_channel_closed: bool) -> list[ChatId]:
    """Return who gets a direct copy; the first ten by id when only these copies show the request."""
    if len(deciders) <= _MOST_DIRECT_COPIES:
        return sorted(deciders)
    return sorted(deciders)[:_MOST_DIRECT_COPIES] if is_channel_closed else []


def _newest(copies: Sequence[Copy]) -> dict[str, str]:
    """Return each reader's newest copy, by its message id."""
    return {copy.audience: copy.message_id for copy in sorted(copies, key=lambda one: one.message_id)}


def _may_speak(copy: Copy, partnership: Partnership, requester: ChatId) -> bool:
    """Return whether a copy offers to confirm: all do, except that of a requester who is not the sponsor."""
    return copy.audience == partnership.sponsor.chat_id or copy.audience != requester


@contextmanager
def _waiting_for_the_directory() -> Iterator[None]:
    """Convert errors of the directory, so that showing waits for the recipients and nothing is lost.

    :raises NotifierUnavailable: when the directory or Entra cannot be read now; it is tried again.
    :raises NotifierRefused: when the directory refuses.
    """
    try:
        yield
    except (DirectoryUnavailable, TenantUnavailable) as error:
        raise NotifierUnavailable(str(error), error.retry_after) from error
    except TenantRefused as error:
        raise NotifierUnavailable(str(error)) from error
    except DirectoryRefused as error:
        raise NotifierRefused(str(error)) from error


def _everybody(holders: Mapping[Role, frozenset[ChatId]]) -> Sequence[ChatId]:
    return sorted(frozenset().union(*holders.values()))
