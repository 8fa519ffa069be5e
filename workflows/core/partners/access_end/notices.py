"""Notices before the end of an access: when each is due, and from when on the end may block. Pure.

A block needs a delivered notice, and the bot must have run from that notice until the end. So neither a clock that
jumps forward nor a long downtime blocks anybody who could not read the notice and answer it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.delays.downtime import Gap, has_run_for

NOTICES_BEFORE: Final = (30, 14, 3, 1)
"""How many days before the end a notice is sent. One that is not after the start of the period is left out."""
AT_THE_END: Final = 0
"""Stands for the days of the message that is sent when the end has come and the partner is not blocked."""
ADMINS_NOTIFIED_FROM: Final = 3
"""From this notice on, the admins get the notices too, besides the sponsor."""
NOTICE_AGE: Final = timedelta(days=3)
"""How long before a block a notice must have been delivered."""
QUIET_DELAY: Final = timedelta(days=1)
"""How much later than the end a block may be, because the bot did not run for some time, before anybody is asked."""
ADMINS_DECIDE_WITHIN: Final = timedelta(days=7)
"""How long after the end the admins are asked, when no notice was delivered in time."""
ASKED_AGAIN_EVERY: Final = timedelta(days=1)
"""How often people are asked again when the message at the end was not delivered."""
SENDING_TAKES: Final = timedelta(hours=1)
"""A message that is not sent after this time counts as not delivered, until it is."""
EXTENSION_WAITED_FOR: Final = timedelta(days=14)
"""How long after the end a block waits at most for an open request that would extend the access.

Only for one of the sponsor's, or one that an approver has approved already.
"""
OTHERS_WAITED_FOR: Final = timedelta(days=7)
"""The same for a request of somebody else that nobody has approved yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNotice:
    """One notice about one end. It is stored before it is sent, so that it is sent once."""

    ends_at: datetime
    """The end that it is about. Another end needs notices of its own."""
    days: int
    """How many days before the end it was due; `AT_THE_END` for the message when the end has come."""
    issued_at: datetime
    batch: str
    """The messages in which it is sent: each person gets one message about all notices of a batch."""
    is_sent: bool = False
    """Whether its sending has ended, delivered or not."""
    delivered_at: datetime | None = None
    """When it was recorded that the chat system accepted it for an active person; None when it did not."""


def _applicable(begins_at: datetime, ends_at: datetime) -> list[int]:
    return [days for days in NOTICES_BEFORE if ends_at - timedelta(days=days) > begins_at]


def lowest_issued(ends_at: datetime, notices: Iterable[EndNotice]) -> int:
    """Return the latest notice about this end that was issued."""
    return min((notice.days for notice in notices if notice.ends_at == ends_at), default=max(NOTICES_BEFORE) + 1)


def next_notice_at(begins_at: datetime, ends_at: datetime, notices: Sequence[EndNotice]) -> datetime | None:
    """Return when the next notice before the end is due; None when none is left.

    :param begins_at: the start of the present settings. A notice that would be due before is left out.
    """
    lowest = lowest_issued(ends_at, notices)
    days_left = [days for days in _applicable(begins_at, ends_at) if days < lowest]
    return ends_at - timedelta(days=max(days_left)) if days_left else None


def due_notice(begins_at: datetime, ends_at: datetime, notices: Sequence[EndNotice], now: datetime) -> int | None:
    """Return the notice that must be issued now: the newest whose time has come. None when there is none.

    Earlier ones that were missed, for example in a downtime, are left out for good.
    """
    if now >= ends_at:
        return None
    due_days = [days for days in _applicable(begins_at, ends_at) if ends_at - timedelta(days=days) <= now]
    newest = min(due_days, default=None)
    return newest if newest is not None and newest < lowest_issued(ends_at, notices) else None


def newest_notice(ends_at: datetime, notices: Iterable[EndNotice]) -> EndNotice | None:
    """Return the notice about this end that was issued last. It replaces earlier ones that were not sent."""
    return min(
        (notice for notice in notices if notice.ends_at == ends_at), key=lambda notice: notice.days, default=None
    )


def must_ask_again(ends_at: datetime, notices: Sequence[EndNotice], now: datetime) -> bool:
    """Return whether the message at the end must be sent again, because nobody got it."""
    newest = newest_notice(ends_at, notices)
    if newest is None or newest.days != AT_THE_END or not newest.is_sent or newest.delivered_at is not None:
        return False
    return now - newest.issued_at >= ASKED_AGAIN_EVERY


def is_nobody_told(ends_at: datetime, notices: Sequence[EndNotice], now: datetime) -> bool:
    """Return whether no notice about this end was delivered, and the message at the end is not being sent just now."""
    if any(notice.delivered_at for notice in notices if notice.ends_at == ends_at):
        return False
    newest = newest_notice(ends_at, notices)
    if newest is None or newest.days != AT_THE_END:
        return False
    return newest.is_sent or now - newest.issued_at >= SENDING_TAKES


def with_result(notices: Sequence[EndNotice], batch: str, *, delivered_at: datetime | None) -> tuple[EndNotice, ...]:
    """Return the notices with the result of sending those of a batch. A result that is stored stays."""
    return tuple(
        replace(notice, is_sent=True, delivered_at=delivered_at)
        if notice.batch == batch and not notice.is_sent
        else notice
        for notice in notices
    )


def block_from(ends_at: datetime, notices: Iterable[EndNotice], gaps: Sequence[Gap]) -> datetime | None:
    """Return from when on the end may block without an answer; None while no notice about it was delivered.

    That is the end, or up to a day later because of a downtime. If no notice was delivered in time for that, it is a
    week after the end, in which the admins are asked, or later.

    :param gaps: the periods in which the bot did not run.
    """
    ready = [
        (notice.days, _ready_at(notice, gaps))
        for notice in notices
        if notice.ends_at == ends_at and notice.delivered_at
    ]
    if not ready:
        return None
    announced = [at for days, at in ready if days != AT_THE_END]
    if announced and min(announced) <= ends_at + QUIET_DELAY:
        return max(ends_at, min(announced))
    return max(ends_at + ADMINS_DECIDE_WITHIN, min(at for _, at in ready))


def _ready_at(notice: EndNotice, gaps: Sequence[Gap]) -> datetime:
    """Return when the bot has run from the delivery of a notice until the end, and for `NOTICE_AGE`."""
    delivered = notice.delivered_at or notice.issued_at
    return has_run_for(max(NOTICE_AGE, notice.ends_at - delivered), delivered, gaps)
