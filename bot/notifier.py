"""Performs Slack effects: post, update by stored ts, direct messages, App Home.

Showing is reconciling: what is posted is compared with what should be there. Doing it twice changes nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards import request_card, requester_card, review_card
from bot.directory import SlackDirectory
from bot.home import home_view
from bot.messages import Message, notice
from bot.slack_errors import NO_ANSWER, error_code
from workflows.core.errors import Refused
from workflows.core.partnership import Partnership
from workflows.core.people import ADMIN, ChatId, Role
from workflows.core.request import AccessRequest, RequestState
from workflows.ports import Clock, Copy, DirectoryUnavailable, NotifierRefused, NotifierUnavailable, Store
from workflows.queries import partnerships_shown_to, waiting_for

_MOST_DIRECT_COPIES: Final = 10
"""A role held by more people is not told one by one; the channel's card and the App Home serve them."""
_ESCALATE_AFTER: Final = 2
"""From this reminder on the admins are asked as well as the sponsor."""
_NEVER: Final = frozenset(
    {
        *("channel_not_found", "is_archived", "not_in_channel", "restricted_action"),
        *("user_disabled", "user_not_found", "users_not_found", "user_not_in_channel"),
        *("cannot_dm_bot", "messages_tab_disabled"),
    }
)
"""Slack's answers that stay the same however often one asks (Slack: "chat.postMessage", errors)."""
_CARD_GONE: Final = frozenset({"message_not_found", "cant_update_message", "channel_not_found", "is_archived"})

_log = structlog.get_logger()


class SlackNotifier:
    """Implements `ports.Notifier`."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        directory: SlackDirectory,
        store: Store,
        clock: Clock,
        channel: str,
    ) -> None:
        self._client = client
        self._directory = directory
        self._store = store
        self._clock = clock
        self._channel = channel

    async def show_request(self, request: AccessRequest) -> None:
        """Bring every copy of the request's card up to date; post those that are missing."""
        subject = f"request:{request.id}"
        holders = await self._stage_holders(request)
        deciders = self._deciders(request, holders)
        copies = await self._store.copies(subject)
        posted = {copy.audience for copy in copies}
        names = {role: await self._names(people) for role, people in holders.items()}
        for copy in copies:
            is_live = copy.audience == "" or copy.audience in deciders
            card = request_card(request, holders=names, now=self._clock.now(), with_buttons=is_live)
            await self._update(copy, card)
        card = request_card(request, holders=names, now=self._clock.now())
        problems: list[NotifierRefused] = []
        if request.prepared is not None:
            for audience in ["", *sorted(deciders if len(deciders) <= _MOST_DIRECT_COPIES else ())]:
                if audience not in posted:
                    await self._post(subject, audience, card, problems)
        await self._show_requester(request, problems)
        await self._refresh_homes(request.particulars.requester, request.particulars.sponsor, *_everybody(holders))
        if problems:
            raise problems[0]

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every review card of the partnership up to date; with `remind`, post a new one to the sponsor."""
        subject = f"review:{partnership.identity.tenant_id}"
        card = review_card(partnership, now=self._clock.now())
        copies = await self._store.copies(subject)
        is_asked_already = any(copy.content == _content(card) for copy in copies)
        for copy in copies:
            await self._update(copy, card)
        if remind and not is_asked_already:
            await self._remind(partnership, subject, card)
        await self._refresh_homes(partnership.sponsor.chat_id)

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""
        view = home_view(
            waiting=await waiting_for(person, store=self._store, directory=self._directory),
            mine=await self._store.requests_of(person, 20),
            partnerships=await partnerships_shown_to(person, store=self._store, directory=self._directory),
            now=self._clock.now(),
        )
        await self._call("views.publish", user_id=person, view=view)

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
        try:
            return {s.role: await self._directory.holders(s.role) for s in request.known.stages[open_stage:]}
        except DirectoryUnavailable as error:
            raise NotifierUnavailable(str(error)) from error

    def _deciders(self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]) -> frozenset[ChatId]:
        """List who can decide now: holders of the open stage's role who are not excluded and have not decided."""
        if not holders:
            return frozenset()
        known, verdict = request.known, request.verdict()
        if verdict.open_stage is None:
            return frozenset()
        out = {known.requester.chat_id, known.sponsor.chat_id}
        out |= {person.chat_id for people in verdict.counted for person in people}
        return holders[known.stages[verdict.open_stage].role] - out

    async def _show_requester(self, request: AccessRequest, problems: list[NotifierRefused]) -> None:
        subject, requester = f"requester:{request.id}", request.particulars.requester
        card = requester_card(request, now=self._clock.now())
        copies = await self._store.copies(subject)
        for copy in copies:
            await self._update(copy, card)
        if not copies:
            await self._post(subject, requester, card, problems)

    async def _remind(self, partnership: Partnership, subject: str, card: Message) -> None:
        people = {partnership.sponsor.chat_id}
        if partnership.reminders >= _ESCALATE_AFTER or partnership.is_past_its_end(self._clock.now()):
            people |= await self._directory.holders(ADMIN)
        problems: list[NotifierRefused] = []
        for person in sorted(people):
            await self._post(subject, person, card, problems)
        if len(problems) == len(people):
            # Nobody could be asked: the sponsor has left, perhaps. Somebody must hear of it.
            for admin in sorted(await self._directory.holders(ADMIN)):
                await self._post(subject, admin, card, [])

    async def _names(self, people: frozenset[ChatId]) -> tuple[str, ...]:
        try:
            return tuple([await self._directory.name_of(person) for person in sorted(people)])
        except (DirectoryUnavailable, Refused):
            return ()

    async def _refresh_homes(self, *people: ChatId) -> None:
        for person in dict.fromkeys(people):
            if await self._store.has_opened_home(person):
                try:
                    await self.show_home(person)
                except NotifierRefused:
                    _log.info("home_not_possible", person=person)

    async def _post(self, subject: str, audience: str, card: Message, problems: list[NotifierRefused]) -> None:
        """Post one copy and remember it. A person who can never be reached is noted and does not stop the others."""
        try:
            channel = await self._direct(ChatId(audience)) if audience else self._channel
            answer = await self._call("chat.postMessage", channel=channel, **_content_of(card))
        except NotifierRefused as refused:
            _log.warning("card_not_posted", subject=subject, audience=audience or "channel", reason=str(refused))
            problems.append(refused)
            return
        await self._store.save_copy(
            Copy(subject=subject, channel=channel, ts=answer["ts"], audience=audience, content=_content(card))
        )

    async def _update(self, copy: Copy, card: Message) -> None:
        content = _content(card)
        if copy.content == content:
            return
        try:
            await self._call("chat.update", channel=copy.channel, ts=copy.ts, **_content_of(card))
        except NotifierRefused as refused:
            _log.warning("card_not_updated", subject=copy.subject, ts=copy.ts, reason=str(refused))
        await self._store.save_copy(
            Copy(subject=copy.subject, channel=copy.channel, ts=copy.ts, audience=copy.audience, content=content)
        )

    async def _direct(self, person: ChatId) -> str:
        return str((await self._call("conversations.open", users=person))["channel"]["id"])

    async def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            response = await self._client.api_call(method, json=arguments)
        except SlackApiError as error:
            code = error_code(error) or "no answer of Slack's"
            if code in _NEVER | _CARD_GONE or code.startswith("invalid_"):
                raise NotifierRefused(f"{method}: {code}") from error
            after = error.response.headers.get("Retry-After")
            raise NotifierUnavailable(f"{method}: {code}", _seconds(after)) from error
        except NO_ANSWER as error:
            raise NotifierUnavailable(f"{method}: Slack does not answer") from error
        return dict(response.data) if isinstance(response.data, dict) else {}


def _content_of(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks, "unfurl_links": False, "unfurl_media": False}


def _content(message: Message) -> str:
    """Hash what a message shows."""
    return hashlib.sha256(json.dumps([message.text, message.blocks], sort_keys=True).encode()).hexdigest()


def _everybody(holders: Mapping[Role, frozenset[ChatId]]) -> Sequence[ChatId]:
    return sorted(frozenset().union(*holders.values()))


def _seconds(retry_after: str | None) -> float | None:
    """Read how long Slack wants to be left alone; None when it did not say so in seconds."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else None
