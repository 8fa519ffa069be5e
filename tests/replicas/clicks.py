"""Clicks that arrive at their times, whoever answers, and come again until they are acknowledged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import aiohttp

from bot.slack.payloads.models import Interaction
from tests.bot.bot_under_test import click
from tests.bot.signing import interaction_body, signed
from tests.replicas.stage import ReplicasStage
from tests.scenarios.stage import CHANNEL

_ANSWERED_WITHIN: Final = 20.0
_SLACK_WAITS: Final = 3.0
AGAIN_AFTER: Final = (0.0, 1.0)
"""Seconds before what was not acknowledged comes again. After that it comes once more, when the load is over.

Slack does so at once, after one and after five minutes, with events; after a click that failed, a person clicks again.
What comes again here is the same click, with the same key: where only its acknowledgement was lost, it could be
counted twice."""
_LAST_AT_ONCE: Final = 10
_AT_FULL_RATE: Final = 2_000
_LATER_RATE: Final = 5
"""Clicks in a second after so many, where starts take long because others use the machine: each has to be judged."""


def _due_after(number: int, rate: int) -> float:
    """In how many seconds a click comes after the first one."""
    return min(number, _AT_FULL_RATE) / rate + max(0, number - _AT_FULL_RATE) / _LATER_RATE


def key_of(payload: dict[str, Any]) -> str:
    """The key of a click, which is that of its entry in the audit log."""
    return Interaction.model_validate(payload).key


@dataclass(slots=True, kw_only=True)
class Clicks:
    """Posts clicks on Approve to the balancer, as Slack does."""

    stage: ReplicasStage
    chance: random.Random
    channel: str = ""
    cards: Sequence[dict[str, Any]] = ()
    acknowledged: list[str] = field(default_factory=list)
    """The keys of the clicks that were answered with 200, at whatever time."""
    given_up: list[str] = field(default_factory=list)
    """The keys of the others."""
    not_at_first: Counter[str] = field(default_factory=Counter)
    """What was answered instead, or why nothing was, with the number of the try."""
    slow: int = 0
    """How many were answered later than Slack waits."""
    _left: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def prepare(self, domains: Sequence[str]) -> None:
        """Ask for partners; their cards are what is clicked."""
        channels = (await self.stage.see("channels"))["channels"]
        self.channel = next(one["id"] for one in channels if one["name"] == CHANNEL)
        self.cards = [await self._card_of(domain) for domain in domains]

    async def _card_of(self, domain: str) -> dict[str, Any]:
        ts = await self.stage.ask(target=domain)
        return await self.stage.card_of(ts)

    async def keep_coming(self, rate: int, until: asyncio.Event) -> None:
        """Post so many a second, each at its time, whether the ones before it were answered or not.

        On a machine that is not slow, the last kill is over before they become fewer.

        :param until: what ends it.
        """
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=_ANSWERED_WITHIN),
        ) as session:
            began = time.perf_counter()
            for number in count():
                await asyncio.sleep(max(0.0, began + _due_after(number, rate) - time.perf_counter()))
                if until.is_set():
                    break
                task = asyncio.create_task(self._post(session))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await asyncio.gather(*self._running)
            places = asyncio.Semaphore(_LAST_AT_ONCE)
            await asyncio.gather(*(self._post_last(session, payload, places) for payload in self._left))

    async def _post_last(
        self, session: aiohttp.ClientSession, payload: dict[str, Any], places: asyncio.Semaphore
    ) -> None:
        async with places:
            if not await self._is_acknowledged(session, payload, len(AGAIN_AFTER) + 2):
                self.given_up.append(key_of(payload))

    async def _post(self, session: aiohttp.ClientSession) -> None:
        person = f"approver{self.chance.randint(1, 3)}" if self.chance.random() < 0.05 else "requester"
        payload = self._click(person, self.chance.choice(self.cards))
        for number, pause in enumerate((0.0, *AGAIN_AFTER), start=1):
            await asyncio.sleep(pause)
            if await self._is_acknowledged(session, payload, number):
                return
        self._left.append(payload)

    async def _is_acknowledged(self, session: aiohttp.ClientSession, payload: dict[str, Any], number: int) -> bool:
        why_not = await self._why_not_acknowledged(session, interaction_body(payload))
        if why_not:
            self.not_at_first[f"{why_not} ({number})"] += 1
        else:
            self.acknowledged.append(key_of(payload))
        return not why_not

    async def _why_not_acknowledged(self, session: aiohttp.ClientSession, body: bytes) -> str:
        """Send a click; returns why it was not acknowledged, or nothing."""
        headers = signed(body, secret=self.stage.replicas[0].settings["SLACK_SIGNING_SECRET"])
        began = time.perf_counter()
        try:
            async with session.post(
                f"http://127.0.0.1:{self.stage.balancer.port}/slack/events", data=body, headers=headers
            ) as answer:
                await answer.read()
                return "" if answer.status == 200 else str(answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__
        finally:
            self.slow += time.perf_counter() - began > _SLACK_WAITS

    def _click(self, person: str, card: dict[str, Any]) -> dict[str, Any]:
        [value] = [
            element["value"]
            for block in card["blocks"]
            for element in block.get("elements", ())
            if element.get("action_id") == "approve"
        ]
        payload = click(person, "approve", value)
        self._number += 1
        payload["actions"][0]["action_ts"] = f"{time.time() + self._number / 1000:.6f}"
        payload["container"] |= {"channel_id": self.channel, "message_ts": card["ts"]}
        return payload
