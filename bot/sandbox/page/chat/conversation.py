"""Arrange the messages of a conversation for display: days, threads, authors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from bot.sandbox import seed
from bot.sandbox.page.render import render_message
from bot.sandbox.page.text.display_names import BOT_NAME, Names

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message as the page shows it."""

    ts: str
    author: str
    avatar_color: int
    is_app: bool
    is_ephemeral: bool
    is_edited: bool
    is_reply: bool
    time: str
    moment: str
    day: str
    """The day, on the first message of each day; otherwise empty."""
    replies: int
    body: Markup
    files: tuple[Json, ...]
    """The shared files, as Slack's file objects."""


def arranged_messages(messages: Sequence[Json], names: Names) -> tuple[MessageLine, ...]:
    """Return the messages with the replies of each thread directly below its first message."""
    return tuple(_lines(list(_in_thread_order(messages)), names))


def _is_reply(message: Json) -> bool:
    return bool(message.get("thread_ts")) and message.get("thread_ts") != message.get("ts")


def _in_thread_order(messages: Sequence[Json]) -> Iterator[tuple[Json, int]]:
    replies: dict[str, list[Json]] = {}
    tops = {str(message.get("ts")) for message in messages if not _is_reply(message)}
    for message in messages:
        if _is_reply(message) and str(message["thread_ts"]) in tops:
            replies.setdefault(str(message["thread_ts"]), []).append(message)
    for message in messages:
        ts = str(message.get("ts"))
        if ts in tops:
            thread = replies.get(ts, [])
            yield message, len(thread)
            yield from ((reply, 0) for reply in thread)
        elif str(message.get("thread_ts")) not in tops:
            # A reply whose parent the reader cannot see, such as an ephemeral answer in a thread.
            yield message, 0


def _lines(messages: Sequence[tuple[Json, int]], names: Names) -> Iterator[MessageLine]:
    day = ""
    for message, replies in messages:
        moment = names.moment(str(message.get("ts", "0")))
        own_day = f"{moment:%A}, {moment:%B} {moment.day}, {moment.year}"
        is_reply = _is_reply(message)
        shows_day = own_day != day and not is_reply
        day = own_day if shows_day else day
        user = str(message.get("user") or seed.BOT_USER_ID)
        is_app = bool(message.get("bot_id")) or user == seed.BOT_USER_ID
        yield MessageLine(
            ts=str(message.get("ts", "")),
            author=BOT_NAME if is_app else names.user(user),
            avatar_color=names.avatar_colors.get(user, 0),
            is_app=is_app,
            is_ephemeral=bool(message.get("is_ephemeral")),
            is_edited=bool(message.get("edited")),
            is_reply=is_reply,
            time=f"{moment:%H:%M}",
            moment=moment.isoformat(timespec="seconds"),
            day=own_day if shows_day else "",
            replies=replies,
            body=render_message(message, names),
            files=tuple(
                {**file, "path": urlsplit(str(file.get("url_private") or "")).path}
                for file in message.get("files") or ()
            ),
        )
