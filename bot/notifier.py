"""Performs Slack effects: post, update by stored ts, direct messages, App Home.

Showing is reconciling: what is posted is compared with what should be there. Doing it twice changes nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.alarm_words import alarm_message
from bot.approval_channel import ApprovalChannel, ChannelUnsuitable
from bot.approvers import name_approvers, still_free
from bot.cards import request_card, requester_card, review_card
from bot.half_card import half_card
from bot.home import closed_home, home_view
from bot.messages import Message, notice
from bot.shown_directory import ShownDirectory
from bot.slack_errors import NO_ANSWER, error_code, is_passing, retry_after
from workflows.core.alarms import Alarm
from workflows.core.half_state import open_steps
from workflows.core.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId, Role
from workflows.core.request import AccessRequest, RequestState
from workflows.ports import (
    Clock,
    Copy,
    DirectoryRefused,
    DirectoryUnavailable,
    NotifierRefused,
    NotifierUnavailable,
    Store,
    TenantRefused,
    TenantUnavailable,
)
from workflows.queries import partnerships_shown_to, waiting_for

_MOST_DIRECT_COPIES: Final = 10
"""A role held by more people is not told one by one; the channel's card and the App Home serve them."""
_ESCALATE_AFTER: Final = 2
"""From this reminder on the admins are asked as well as the sponsor."""
_CARD_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Why a card that was posted can never be updated again (Slack: "chat.update", errors)."""

Unheard = NotifierRefused | ChannelUnsuitable | None
"""Why a message did not reach anybody; None: it did."""

_log = structlog.get_logger()


class _CardGone(NotifierRefused):
    """Somebody deleted the card, or nobody may edit it any more."""


class SlackNotifier:
    """Implements `ports.Notifier`."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        directory: ShownDirectory,
        store: Store,
        clock: Clock,
        channel: ApprovalChannel,
    ) -> None:
        self._client = client
        self._directory = directory
        self._store = store
        self._clock = clock
        self._channel = channel

    async def show_request(self, request: AccessRequest) -> None:
        """Bring every copy of the request's card up to date; post those that are missing.

        :raises NotifierRefused: when the channel does not take its card. A person whom Slack does not let us write to
            is logged only: the channel's card and the App Home serve that person too.
        """
        subject = f"request:{request.id}"
        holders = await self._stage_holders(request)
        deciders = self._deciders(request, holders)
        copies = await self._store.copies(subject)
        posted = {copy.audience for copy in copies}
        names = await name_approvers(request, holders, self._directory)
        problems: list[NotifierRefused | ChannelUnsuitable] = []
        for copy in copies:
            is_live = copy.audience == "" or copy.audience in deciders
            card = request_card(request, holders=names, now=self._clock.now(), with_buttons=is_live)
            problems += await self._update(copy, card)
        card = request_card(request, holders=names, now=self._clock.now())
        if request.prepared is not None:
            for audience in ["", *sorted(deciders if len(deciders) <= _MOST_DIRECT_COPIES else ())]:
                if audience not in posted and (refused := await self._post(subject, audience, card)) and not audience:
                    problems.append(refused)
        await self._show_requester(request)
        await self._refresh_homes(request.particulars.requester, request.particulars.sponsor, *_everybody(holders))
        if problems:
            raise problems[0]

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every review card of the partnership up to date; with `remind`, post a new one to the sponsor.

        The new one goes first, and who has it is remembered one by one: whatever fails, a repetition asks the others.

        :raises NotifierRefused: when nobody at all could be asked.
        """
        subject = f"review:{partnership.identity.tenant_id}"
        card = review_card(partnership, now=self._clock.now())
        unheard = None
        if remind and partnership.state is PartnershipState.REVIEW_DUE:
            unheard = await self._remind(partnership, subject, card)
        for copy in await self._store.copies(subject):
            await self._update(copy, card)
        await self._refresh_homes(partnership.sponsor.chat_id)
        if unheard is not None:
            raise unheard

    async def show_half(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every card about the partner's half up to date; post it where it is new, with `remind` once more.

        :raises NotifierRefused: when nobody at all could be told.
        """
        subject = f"half:{partnership.identity.tenant_id}"
        sponsor, unheard = partnership.sponsor.chat_id, None
        request = await self._store.request(partnership.request_id)
        requester = sponsor if request is None else request.particulars.requester
        # What is open by Microsoft's default asks nothing of anybody: the checklist has it, and no card does.
        if remind or any(step.is_needed for step in open_steps(partnership.half, partnership.confirmations)):
            unheard = await self._post_half(partnership, subject, () if remind else (requester,), remind=remind)
        copies = await self._store.copies(subject)
        newest = {copy.audience: copy.ts for copy in sorted(copies, key=lambda one: one.ts)}
        for copy in copies:
            may_speak, is_older = _may_speak(copy, partnership, requester), copy.ts != newest[copy.audience]
            card = half_card(partnership, may_speak=may_speak, reader=copy.audience, is_older=is_older)
            await self._update(copy, card)
        await self._refresh_homes(sponsor, requester)
        if unheard is not None:
            raise unheard

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person; only full members see anything of partners and requests there."""
        with _waiting_for_the_directory():
            if not await self._directory.is_member(person):
                await self._call("views.publish", user_id=person, view=closed_home())
                return
            waiting = await waiting_for(person, store=self._store, directory=self._directory)
            partnerships = await partnerships_shown_to(person, store=self._store, directory=self._directory)
        mine = await self._store.requests_of(person, 20)
        view = home_view(waiting=waiting, mine=mine, partnerships=partnerships, now=self._clock.now())
        await self._call("views.publish", user_id=person, view=view)

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who does not have it yet; bring what was sent before up to date.

        :raises NotifierRefused: when no admin at all could be told of an open alarm.
        """
        subject, message = f"alarm:{alarm.id}", alarm_message(alarm)
        copies = await self._store.copies(subject)
        told = {copy.audience for copy in copies}
        refused = None
        admins = sorted(await self._holders(ADMIN)) if alarm.is_open else []
        if alarm.is_open and not admins and not told:
            raise NotifierUnavailable("Nobody holds the role admin, so nobody can be told of an alarm.")
        for admin in admins:
            if admin not in told and (refused := await self._post(subject, admin, message)) is None:
                told.add(admin)
        for copy in copies:
            await self._update(copy, message)
        await self._refresh_homes(*admins)
        if refused is not None and not told:
            raise refused

    async def tell(self, person: ChatId, text: str, *, channel: str) -> None:
        """Say something to one person: in `channel` for their eyes only, or directly when it is empty."""
        message = notice(text)
        if channel:
            try:
                await self._call("chat.postEphemeral", channel=channel, user=person, **_content_of(message))
            except NotifierRefused:
                _log.info("ephemeral_not_possible", channel=channel)
            else:
                return
        await self._call("chat.postMessage", channel=await self._direct(person), **_content_of(message))

    async def _stage_holders(self, request: AccessRequest) -> dict[Role, frozenset[ChatId]]:
        """List who holds the roles that still have to decide; empty where nothing is to decide."""
        if request.state is not RequestState.AWAITING_APPROVAL:
            return {}
        open_stage = request.verdict().open_stage or 0
        return {s.role: await self._holders(s.role) for s in request.known.stages[open_stage:]}

    async def _holders(self, role: Role) -> frozenset[ChatId]:
        with _waiting_for_the_directory():
            try:
                return await self._directory.holders(role)
            except DirectoryRefused as error:
                _log.error("role_unreadable", role=role, reason=str(error))
                return frozenset()  # the stage's title stands there instead

    def _deciders(self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]) -> frozenset[ChatId]:
        """List who can decide now: holders of the open stage's role who are not excluded and have not decided."""
        if not holders:
            return frozenset()
        known, verdict = request.known, request.verdict()
        if verdict.open_stage is None:
            return frozenset()
        return still_free(request, holders[known.stages[verdict.open_stage].role])

    async def _show_requester(self, request: AccessRequest) -> None:
        subject, requester = f"requester:{request.id}", request.particulars.requester
        card = requester_card(request, now=self._clock.now())
        copies = await self._store.copies(subject)
        for copy in copies:
            await self._update(copy, card)
        if not copies:
            await self._post(subject, requester, card)

    async def _remind(self, partnership: Partnership, subject: str, card: Message) -> Unheard:
        """Post this reminder to everybody who is to answer it and does not have it yet.

        :returns: why the sponsor was not reached, when nobody else was either.
        """
        # NB. the request is part of it: access that was approved anew counts its reminders from the beginning.
        occasion = f"{partnership.request_id}.{len(partnership.attestations)}.{partnership.reminders}"
        asked = {copy.audience for copy in await self._store.copies(subject) if copy.occasion == occasion}
        sponsor, refused = partnership.sponsor.chat_id, None
        is_gone = partnership.sponsor_gone_at is not None
        if not is_gone and sponsor not in asked:
            refused = await self._post(subject, sponsor, card, occasion)
            asked |= set() if refused else {sponsor}
        is_late = partnership.reminders >= _ESCALATE_AFTER or partnership.is_past_its_end(self._clock.now())
        if refused or is_gone or is_late:
            for admin in sorted(await self._holders(ADMIN) - asked - {sponsor}):
                if await self._post(subject, admin, card, occasion) is None:
                    asked.add(admin)
        return None if asked else refused

    async def _post_half(
        self, partnership: Partnership, subject: str, others: Sequence[ChatId], *, remind: bool
    ) -> Unheard:
        """Post the card to the sponsor, to the admins where the sponsor is out of reach, and to the others.

        :returns: why nobody who may confirm anything was reached, when that is so.
        """
        # NB. the request is part of it: what was approved anew asks the partner anew.
        request = f"{partnership.request_id}."
        occasion = f"{request}{partnership.half_reminders}"
        copies = await self._store.copies(subject)
        has = {c.audience for c in copies if c.occasion == occasion or (not remind and c.occasion.startswith(request))}
        sponsor, refused = partnership.sponsor.chat_id, None
        card = half_card(partnership, may_speak=True, reader=sponsor)
        heard = {one for one in has if one == sponsor or one not in others}
        if sponsor not in heard and (refused := await self._post(subject, sponsor, card, occasion)) is None:
            heard.add(sponsor)
        if refused is not None:
            for admin in sorted(await self._holders(ADMIN) - heard - {sponsor}):
                card = half_card(partnership, may_speak=True, reader=admin)
                if await self._post(subject, admin, card, occasion) is None:
                    heard.add(admin)
        for person in others:
            if person not in has and person != sponsor:
                await self._post(subject, person, half_card(partnership, may_speak=False), occasion)
        return None if heard else refused

    async def _refresh_homes(self, *people: ChatId) -> None:
        for person in dict.fromkeys(people):
            if await self._store.has_opened_home(person):
                try:
                    await self.show_home(person)
                except NotifierRefused:
                    _log.info("home_not_possible", person=person)

    async def _post(self, subject: str, audience: str, card: Message, occasion: str = "") -> Unheard:
        """Post one copy and remember it; say why it cannot be posted there, so that the others are still served."""
        try:
            if not audience:
                await self._channel.require_private()
            channel = await self._direct(ChatId(audience)) if audience else self._channel.id
            answer = await self._call("chat.postMessage", channel=channel, **_content_of(card))
        except (NotifierRefused, ChannelUnsuitable) as refused:
            _log.warning("card_not_posted", subject=subject, audience=audience or "channel", reason=str(refused))
            return refused
        content = _content(card)
        await self._store.save_copy(
            Copy(
                subject=subject,
                channel=channel,
                ts=answer["ts"],
                audience=audience,
                content=content,
                occasion=occasion,
            )
        )
        return None

    async def _update(self, copy: Copy, card: Message) -> list[NotifierRefused]:
        """Bring one copy up to date. Gives what keeps the channel's card from showing how things stand."""
        content = _content(card)
        if copy.content == content:
            return []
        try:
            await self._call("chat.update", channel=copy.channel, ts=copy.ts, **_content_of(card))
        except NotifierRefused as refused:
            _log.warning("card_not_updated", subject=copy.subject, ts=copy.ts, reason=str(refused))
            if not isinstance(refused, _CardGone):
                return [] if copy.audience else [refused]
        await self._store.save_copy(replace(copy, content=content))
        return []

    async def _direct(self, person: ChatId) -> str:
        return str((await self._call("conversations.open", users=person))["channel"]["id"])

    async def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            response = await self._client.api_call(method, json=arguments)
        except SlackApiError as error:
            code = error_code(error) or "no answer of Slack's"
            if is_passing(error):
                raise NotifierUnavailable(f"{method}: {code}", retry_after(error)) from error
            is_gone = method == "chat.update" and code in _CARD_GONE
            raise (_CardGone if is_gone else NotifierRefused)(f"{method}: {code}") from error
        except NO_ANSWER as error:
            raise NotifierUnavailable(f"{method}: Slack does not answer") from error
        return dict(response.data) if isinstance(response.data, dict) else {}


def _may_speak(copy: Copy, partnership: Partnership, requester: ChatId) -> bool:
    """Tell whether a copy offers to confirm: all but the one of a requester who is not the sponsor."""
    return copy.audience == partnership.sponsor.chat_id or copy.audience != requester


@contextmanager
def _waiting_for_the_directory() -> Iterator[None]:
    """Who is to be shown something is not known now: what has to be shown waits, and is not lost."""
    try:
        yield
    except (DirectoryUnavailable, TenantUnavailable) as error:
        raise NotifierUnavailable(str(error), error.retry_after) from error
    except TenantRefused as error:
        raise NotifierUnavailable(str(error)) from error
    except DirectoryRefused as error:
        raise NotifierRefused(str(error)) from error


def _content_of(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks, "unfurl_links": False, "unfurl_media": False}


def _content(message: Message) -> str:
    """Hash what a message shows."""
    return hashlib.sha256(json.dumps([message.text, message.blocks], sort_keys=True).encode()).hexdigest()


def _everybody(holders: Mapping[Role, frozenset[ChatId]]) -> Sequence[ChatId]:
    return sorted(frozenset().union(*holders.values()))
