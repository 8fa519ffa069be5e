"""Many clicks at once while Microsoft Graph is slow: each is answered soon, and an approval behind them is applied."""

import asyncio
import time
from dataclasses import dataclass
from itertools import cycle, islice, product
from statistics import median
from typing import Any, Final

import aiohttp
import pytest

from bot.process.opening.readers import SystemClock
from tests.bot.bot_under_test import click
from tests.bot.signing import interaction_body, signed
from tests.scenarios.stage import CHANNEL, CONTOSO, UNLIMITED, Stage, running_stage, words
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.store.location import StoreLocation

pytestmark = [pytest.mark.story, pytest.mark.load]

CLICKS: Final = 200
"""So many arrive within one second."""
GRAPH_SECONDS: Final = 2
MEDIAN_SECONDS: Final = 0.5
"""The goal is 0.1 s, and with a free processor it is 6 ms. The bound is for a machine on which other tests run, too."""
APPLIED_SECONDS: Final = 15.0
"""The goal is 5 s, and with a free processor it is 1.5 s. Behind every other click it would be half a minute."""
ASKED: Final = ("contoso.com", "northwind.com", "tailspin.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The bot's address, to which Slack posts."""

    url: str
    secret: str

    async def post(self, session: aiohttp.ClientSession, payload: dict[str, Any], at: float) -> float:
        """Post a click at its time; returns the seconds from then to the whole answer."""
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        body = interaction_body(payload)
        async with session.post(
            f"{self.url}/slack/events", data=body, headers=signed(body, secret=self.secret)
        ) as answer:
            await answer.read()
        assert answer.status == 200
        return time.perf_counter() - at


def click_on(person: str, card: dict[str, Any], channel: str, number: int) -> dict[str, Any]:
    """Return a click on Approve of this card, with a time of its own."""
    [value] = [
        element["value"]
        for block in card["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == "approve"
    ]
    payload = click(person, "approve", value)
    payload["actions"][0]["action_ts"] = f"{time.time() + number / 1000:.6f}"
    payload["container"] |= {"channel_id": channel, "message_ts": card["ts"]}
    return payload


async def only_request(stage: Stage) -> AccessRequest:
    """Read the only request from the records."""
    store = await StoreLocation(stage.data / "gatehouse.db").open_shared(SystemClock())
    try:
        (request,) = await store.requests_for(TenantId(CONTOSO), 2)
    finally:
        await store.close()
    return request


async def post_all(stage: Stage, clicks: list[dict[str, Any]]) -> None:
    """Post clicks at the same moment."""
    served = await stage.see("bot")
    bot = Bot(url=served["url"], secret=served["settings"]["SLACK_SIGNING_SECRET"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start = time.perf_counter() + 0.1
        await asyncio.gather(*(bot.post(session, one, start) for one in clicks))
    await stage.rest()


async def test_fifty_clicks_at_once_by_one_person_and_by_two_are_one_decision_each_and_one_result(
    tmp_path: Any,
) -> None:
    """Each click is a delivery of its own. All are answered; the decisions are read from the records."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=UNLIMITED)) as stage:
        await stage.ask()
        card = await stage.card()
        channel = next(one["id"] for one in (await stage.see("channels"))["channels"] if one["name"] == CHANNEL)

        async def decided(*people: str) -> list[str]:
            """Click fifty times, these people in turn; returns who has decided."""
            clicks = [click_on(person, card, channel, n) for n, person in enumerate(islice(cycle(people), 50))]
            await post_all(stage, clicks)
            stored = await only_request(stage)
            return sorted(decision.person.name for decision in stored.decisions)

        assert await decided("approver1") == ["Amara Okafor"]
        assert await stage.writes() == []
        assert await decided("approver2", "approver3") == ["Amara Okafor", "Bruno Keller", "Chie Tanaka"]
        assert len(await stage.writes()) == 1
        assert "active (verified" in words(await stage.card_of(card["ts"]))


async def test_two_hundred_clicks_are_answered_and_an_approval_behind_them_is_applied(tmp_path: Any) -> None:
    """Graph takes two seconds an answer until all clicks are answered; then it answers as usual."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=UNLIMITED)) as stage:
        for domain in ASKED:
            await stage.ask(target=domain)
        cards = [one for one in await stage.messages() if "approve" in str(one["blocks"])]
        assert len(cards) == len(ASKED)
        for approver in ("approver1", "approver2"):
            await stage.press(approver, "approve", cards[0]["ts"])
        served = await stage.see("bot")
        bot = Bot(url=served["url"], secret=served["settings"]["SLACK_SIGNING_SECRET"])
        await stage.do("faults", target="graph", times=100_000, delay_seconds=GRAPH_SECONDS)
        channel = next(one["id"] for one in (await stage.see("channels"))["channels"] if one["name"] == CHANNEL)
        pairs = islice(cycle(product(("approver1", "approver2"), cards[1:])), CLICKS)
        others = [click_on(person, card, channel, number) for number, (person, card) in enumerate(pairs)]
        last = click_on("approver3", cards[0], channel, CLICKS)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            start = time.perf_counter() + 0.1
            took = await asyncio.gather(
                *(bot.post(session, one, start + number / CLICKS) for number, one in enumerate(others)),
                bot.post(session, last, start + 1),
            )
        clicked = start + 1
        await stage.call("DELETE", "faults")
        while await stage.partner() is None:
            assert time.perf_counter() - clicked < 60
            await asyncio.sleep(0.05)
        applied = time.perf_counter() - clicked
        print(f"median {median(took):.3f} s, worst {max(took):.3f} s, applied after {applied:.2f} s")
        await stage.rest()
        assert len(others) == CLICKS
        assert max(took) < 3
        assert median(took) < MEDIAN_SECONDS
        assert applied < APPLIED_SECONDS
