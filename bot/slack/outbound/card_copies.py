"""The posted copies of cards: posted once, updated in place, replaced when Slack allows no more updates.

Slack cannot post a message at most once, and the bot may not read a channel's history. So after a lost answer, there
may be a card that is not known here. It cannot be found; clicks on it do not count (`replaced_cards`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.message import Message, notice
from bot.slack.errors import CHANNEL_BLOCKED, NO_ANSWER, error_code, is_temporary, retry_after
from bot.slack.outbound.approval_channel import ApprovalChannel, ChannelUnsuitable
from workflows.core.people import ChatId
from workflows.intervals import CONVERSATION_REOPENED_AFTER, CONVERSATIONS_KEPT_FOR
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.store import Store
from workflows.tasks import Cache

_MAX_CONVERSATIONS: Final = 5000
"""How many conversations are kept."""
_CARD_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Slack's error codes for a posted card that can never be updated again (Slack: "chat.update", errors)."""
_DELETED_CODE: Final = "message_not_found"
_EMPTIED_CARD: Final = notice(
    "This channel takes no approval cards any more, so this request is handled elsewhere. Use the card in your direct "
    "messages, or your App Home."
)
_REPLACED_CARD: Final = notice("This card is out of date, and its buttons do nothing. There is a newer card below.")

NotAccepted = NotifierRefused | NotifierBlocked | ChannelUnsuitable

_log = structlog.get_logger()


class UpdateResult(Enum):
    """The result of updating a copy."""

    DONE = auto()
    STUCK = auto()
    """It exists, but cannot be updated any more."""
    DELETED = auto()
    """It does not exist any more."""


class _CardGone(NotifierRefused):
    """Somebody deleted the card, or nobody may edit it any more."""

    def __init__(self, reason: str, *, is_deleted: bool) -> None:
        super().__init__(reason)
        self.is_deleted = is_deleted


class CardCopies:
    """Posts and updates cards, and stores their places. Every method may be repeated safely."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        store: Store,
        channel: ApprovalChannel,
        was_active: Callable[[ChatId, timedelta], bool] = lambda *_: False,
    ) -> None:
        """Create the copies.

        :param was_active: returns whether Slack has said within some time that a person is active.
        """
        self.channel = channel
        self._client = client
        self._store = store
        self._channel = channel
        self._was_active = was_active
        self._conversations: Cache[ChatId, str] = Cache(
            read=self._open_conversation, kept_for=lambda _: CONVERSATIONS_KEPT_FOR, max_entries=_MAX_CONVERSATIONS
        )

    async def live_copies(self, subject: str) -> list[MessageCopy]:
        """Return the copies of a card whose buttons count.

        One that Slack posted without telling us is updated once to say that it is out of date.
        """
        copies = await self._store.copies(subject)
        for copy in copies:
            if not copy.is_live and not copy.content:
                await self.update(copy, _REPLACED_CARD)
        return [copy for copy in copies if copy.is_live]

    async def post(
        self,
        subject: str,
        audience: str,
        card: Message,
        occasion: str = "",
        *,
        thread: str = "",
        active_within: timedelta = CONVERSATION_REOPENED_AFTER,
    ) -> NotAccepted | None:
        """Post one copy and store it; return why it is not accepted, so that the other copies are still posted.

        :param audience: the recipient; empty for the approval channel.
        :param thread: the message of the channel under which it is posted; empty: as a message of its own.
        :param active_within: how old Slack's answer may be that the person is active; otherwise Slack is asked now.
        :raises NotifierUnavailable: when Slack does not answer; whether the card was posted is then unknown.
        """
        try:
            if audience:
                answer = await self.send(ChatId(audience), card, active_within=active_within)
            else:
                await self._channel.require_private()
                place = {"thread_ts": thread} if thread else {}
                answer = await self.call("chat.postMessage", channel=self._channel.id, **place, **content_of(card))
        except (NotifierRefused, NotifierBlocked, ChannelUnsuitable) as refused:
            _log.warning("card_not_posted", subject=subject, audience=audience or "channel", reason=str(refused))
            return refused
        await self._store.save_copy(
            MessageCopy(
                subject=subject,
                channel=answer["channel"],
                message_id=answer["ts"],
                audience=audience,
                content=_hash_of(card),
                occasion=occasion,
            )
        )
        return None

    async def update(
        self, copy: MessageCopy, card: Message, *, replaces_deleted: bool = True
    ) -> UpdateResult | NotAccepted:
        """Update one copy; a copy with the same content is not sent again.

        A copy that can never be updated again is stored as not live. The caller posts another in its place.

        :param replaces_deleted: False when a deleted card needs no replacement; it then counts as up to date.
        :returns: the result, or why Slack does not accept the card there.
        """
        updated = await self._update(copy, card, replaces_deleted=replaces_deleted)
        if updated in (UpdateResult.STUCK, UpdateResult.DELETED):
            await self.mark_out_of_date(copy)
        return updated

    async def renew(self, copy: MessageCopy, card: Message, *, replaces_deleted: bool) -> NotAccepted | None:
        """Update a copy; when it can never be updated again, post another in its place.

        :param replaces_deleted: see `update`.
        """
        updated = await self._update(copy, card, replaces_deleted=replaces_deleted)
        if isinstance(updated, NotAccepted):
            return updated
        trouble = None
        if updated is not UpdateResult.DONE:
            trouble = await self.post(copy.subject, copy.audience, card, copy.occasion)
            # NB. after the new one is posted: if anything fails before, a retry posts it.
            await self.mark_out_of_date(copy)
        return trouble

    async def close(self, copy: MessageCopy, card: Message) -> None:
        """Update a copy for the last time: a newer message replaced it, and its buttons do not count any more.

        While Slack does not accept that, the copy stays live, so that a later call of the caller tries it again.
        """
        updated = await self._update(copy, card, replaces_deleted=False)
        if updated is UpdateResult.DONE:
            await self._store.save_copy(replace(copy, content=_hash_of(card), is_live=False))
        elif isinstance(updated, UpdateResult):
            await self.mark_out_of_date(copy)

    async def mark_out_of_date(self, copy: MessageCopy) -> None:
        """Store that a copy no longer counts. It is not updated again, not even with that information."""
        await self._store.save_copy(replace(copy, content=_hash_of(_REPLACED_CARD), is_live=False))

    async def _update(self, copy: MessageCopy, card: Message, *, replaces_deleted: bool) -> UpdateResult | NotAccepted:
        content, is_former = _hash_of(card), self._is_former(copy)
        if copy.content == content and not (is_former and copy.is_live):
            return UpdateResult.DONE
        if is_former:
            # Nobody repairs a channel that is not the approval channel any more. The card moves to the present one.
            await self.empty_card(copy)
            return UpdateResult.STUCK
        if not copy.audience:
            try:
                is_usable = not await self._channel.problem()
            except ChannelUnsuitable as error:
                return error
            if not is_usable:
                if not await self.empty_card(copy):
                    # It may be possible later: the card is not forgotten before it is empty.
                    return NotifierBlocked(f"the card of {copy.subject} cannot be emptied now")
                return UpdateResult.STUCK
        try:
            await self.call("chat.update", channel=copy.channel, ts=copy.message_id, **content_of(card))
        except _CardGone as gone:
            _log.warning("card_gone", subject=copy.subject, message_id=copy.message_id, reason=str(gone))
            if replaces_deleted or not gone.is_deleted:
                return UpdateResult.DELETED if gone.is_deleted else UpdateResult.STUCK
        except (NotifierRefused, NotifierBlocked) as refused:
            _log.warning("card_not_updated", subject=copy.subject, message_id=copy.message_id, reason=str(refused))
            return refused
        await self._store.save_copy(replace(copy, content=content))
        return UpdateResult.DONE

    async def empty_card(self, copy: MessageCopy) -> bool:
        """Empty a card in a former approval channel, or in an approval channel that, for example, became public.

        :returns: False when the caller must try again later: it still is the configured channel, and Slack refused.
        :raises NotifierUnavailable: when Slack does not answer; it is tried again.
        """
        try:
            await self.call("chat.update", channel=copy.channel, ts=copy.message_id, **content_of(_EMPTIED_CARD))
        except (NotifierRefused, NotifierBlocked) as refused:
            _log.warning("card_not_emptied", subject=copy.subject, message_id=copy.message_id, reason=str(refused))
            return self._is_former(copy) or not isinstance(refused, NotifierBlocked)
        return True

    def _is_former(self, copy: MessageCopy) -> bool:
        """Return whether a card is in a channel that is not the approval channel any more."""
        return not copy.audience and copy.channel != self._channel.id

    async def send(
        self, person: ChatId, message: Message, *, active_within: timedelta = CONVERSATION_REOPENED_AFTER
    ) -> Mapping[str, Any]:
        """Send a direct message; return Slack's answer, which names the conversation and the message.

        NB. Slack accepts messages to people who have left. Only opening the conversation shows that they have. So it is
        opened, unless Slack has said within `active_within` that the person is active. Then the message goes to the
        known conversation, or to the person's id: Slack opens the conversation with it ("chat.postMessage", channels).
        """
        if not active_within or not self._was_active(person, active_within):
            return await self._send_to(await self._conversations.read_now(person), message)
        if (known := self._conversations.recent(person, CONVERSATIONS_KEPT_FOR)) is not None:
            return await self._send_to(known, message)
        try:
            answer = await self._send_to(person, message)
        except NotifierBlocked:
            # Where Slack does not open it with the message, nothing was posted.
            return await self._send_to(await self._conversations.read_now(person), message)
        self._conversations.keep(person, str(answer["channel"]))
        return answer

    async def _send_to(self, place: str, message: Message) -> Mapping[str, Any]:
        return await self.call("chat.postMessage", channel=place, **content_of(message))

    async def require_active(self, person: ChatId) -> None:
        """Ask Slack now whether it opens the conversation with a person, as `send` does before the message.

        :raises NotifierRefused, NotifierBlocked: when the person has left.
        """
        await self._conversations.read_now(person)

    async def _open_conversation(self, person: ChatId) -> str:
        return str((await self.call("conversations.open", users=person))["channel"]["id"])

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Call a method of Slack.

        :raises NotifierUnavailable, NotifierBlocked, NotifierRefused: when it fails: for now, until somebody repairs
            it, or permanently.
        """
        try:
            response = await self._client.api_call(method, json=arguments)
        except SlackApiError as error:
            raise _notifier_error(method, error) from error
        except NO_ANSWER as error:
            raise NotifierUnavailable(f"{method}: Slack does not answer") from error
        return dict(response.data) if isinstance(response.data, dict) else {}


def posted_at(copy: MessageCopy) -> datetime:
    """Return when a copy was posted: Slack's id of a message is its time."""
    return datetime.fromtimestamp(float(copy.message_id), UTC)


def content_of(message: Message) -> dict[str, Any]:
    """Return a message in Slack's form."""
    return {"text": message.text, "blocks": message.blocks, "unfurl_links": False, "unfurl_media": False}


def _notifier_error(method: str, error: SlackApiError) -> NotifierUnavailable | NotifierRefused:
    code = error_code(error) or "no answer of Slack's"
    reason = f"{method}: {code}"
    if is_temporary(error):
        return NotifierUnavailable(reason, retry_after(error))
    if method == "chat.update" and code in _CARD_GONE:
        return _CardGone(reason, is_deleted=code == _DELETED_CODE)
    return NotifierBlocked(reason) if code in CHANNEL_BLOCKED else NotifierRefused(reason)


def _hash_of(message: Message) -> str:
    """Return the hash of a message's content."""
    return hashlib.sha256(json.dumps([message.text, message.blocks], sort_keys=True).encode()).hexdigest()
