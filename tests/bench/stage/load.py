"""Clicks and forms as Slack sends them, one after another or at a given rate, and how long each answer took.

Bodies are made and signed before anything is measured.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession

from tests.bench.stage.processes import Served
from tests.bot.bot_under_test import click
from tests.bot.signing import interaction_body, signed


@dataclass(frozen=True, slots=True)
class Signed:
    """A body with its headers."""

    body: bytes
    headers: dict[str, str]


def signed_payload(payload: dict[str, Any], to: Served) -> Signed:
    """Sign a payload for a process."""
    body = interaction_body(payload)
    return Signed(body, signed(body, secret=to.secret))


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card in the approval channel: the value of its buttons, and its message, which Slack sends with each click."""

    value: str
    channel: str
    message: dict[str, Any]


def clicks(cards: Sequence[ShownCard], to: Served, *, count: int, person: str = "approver1") -> list[Signed]:
    """Return so many clicks on Approve, each of its own: on these cards, in turn."""
    moment = time.time()
    made = []
    for number in range(count):
        card = cards[number % len(cards)]
        place = {"type": "message", "channel_id": card.channel, "message_ts": card.message["ts"], "is_ephemeral": False}
        payload = click(person, "approve", card.value, container=place, message=card.message)
        payload["actions"][0]["action_ts"] = f"{moment + number / 1000:.6f}"
        made.append(signed_payload(payload, to))
    return made


async def send(session: ClientSession, to: Served, one: Signed) -> float:
    """Send one payload; returns the seconds to its whole answer.

    :raises AssertionError: when it was not acknowledged: the benchmark would measure something else.
    """
    began = time.perf_counter()
    async with session.post(f"{to.url}/slack/events", data=one.body, headers=one.headers) as response:
        text = await response.text()
    took = time.perf_counter() - began
    assert response.status == 200, (response.status, text)
    return took


async def at_once(session: ClientSession, to: Served, payloads: Sequence[Signed], concurrency: int) -> float:
    """Send payloads, so many at a time; returns how many were acknowledged a second."""
    left = iter(payloads)

    async def worker() -> None:
        for one in left:
            await send(session, to, one)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return len(payloads) / (time.perf_counter() - began)


async def at_a_rate(
    session: ClientSession, to: Served, payloads: Sequence[Signed], per_second: float
) -> list[float | None]:
    """Send payloads at their times, whether or not earlier ones were answered.

    :returns: for each the seconds from the time at which it should have been sent, so that a generator that is late
        hides nothing; None for one whose connection was lost before the answer.
    """
    start = time.perf_counter() + 0.05

    async def one_at(moment: float, one: Signed) -> float | None:
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        try:
            await send(session, to, one)
        except ClientError:
            return None
        return time.perf_counter() - moment

    moments = (start + number / per_second for number in range(len(payloads)))
    return list(await asyncio.gather(*(one_at(at, one) for at, one in zip(moments, payloads, strict=True))))
