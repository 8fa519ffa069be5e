"""How many onboardings one, two and four bots do on one PostgreSQL, while Graph and Slack take 200 ms for each answer.

The simulated services and the bots share the processors of this machine. What is waited for is so long that more bots
can help: each has places of its own.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp

from bot.sandbox.http.faults import Fault, Faults
from tests.bot.bot_under_test import click
from tests.bot.signing import interaction_body, signed
from tests.replicas.stage import ReplicasStage, replicas_stage
from tests.scenarios.stage import CHANNEL
from workflows.intervals import USUAL_PAUSES

ONBOARDINGS: Final = 16
ANSWER_SECONDS: Final = 0.2
COUNTS: Final = (1, 2, 4)
STAGES: Final = (("approver1",), ("approver2", "approver3"))
"""Who approves, one stage after the other."""
_APPROVED: Final = "select count(*) from audit where command = 'approve' and outcome = 'accepted'"
_SENT_AT_ONCE: Final = 8
_LONGEST_SECONDS: Final = 600.0


async def replicas() -> dict[str, object]:
    """Measure each number of bots, on a new database and tenant."""
    figures: dict[str, object] = {"onboardings": ONBOARDINGS, "answer_ms": round(ANSWER_SECONDS * 1000)}
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
            async with replicas_stage(Path(folder) / "data", count=count, pauses=USUAL_PAUSES) as stage:
                prepared, seconds = await _measured(stage)
        figures[f"{count}_bots"] = {
            "until_cards_s": round(prepared, 1),
            "seconds": round(seconds, 1),
            "onboardings_a_minute": round(60 * ONBOARDINGS / seconds, 1),
        }
    return figures


async def _measured(stage: ReplicasStage) -> tuple[float, float]:
    """Return the seconds until every card was posted, and until everything was applied."""
    organizations = {
        str(UUID(int=number + 1)): {
            "displayName": f"Partner {number}",
            "domains": [_domain(number)],
            "defaultDomainName": _domain(number),
        }
        for number in range(ONBOARDINGS)
    }
    assert (await stage.call("PATCH", "graph/state", {"organizations": organizations}))["ok"]
    channels = (await stage.see("channels"))["channels"]
    channel = next(one["id"] for one in channels if one["name"] == CHANNEL)
    slow: Faults = stage.sandbox.faults
    for target in ("slack", "graph"):
        slow.add(Fault(target=target, times=10_000_000, delay_seconds=ANSWER_SECONDS))
    began, places = time.perf_counter(), asyncio.Semaphore(_SENT_AT_ONCE)

    async def send(number: int) -> None:
        async with places:
            answer = await stage.fill_in(target=_domain(number))
            assert answer["errors"] == {}, answer

    await asyncio.gather(*(send(number) for number in range(ONBOARDINGS)))
    await _until(stage, "select count(*) from requests where state = 'awaiting_approval'", ONBOARDINGS)
    cards = await _cards(stage)
    prepared = time.perf_counter() - began
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        for stage_number, people in enumerate(STAGES, start=1):
            payloads = [_click(person, card, channel) for card in cards for person in people]
            for number, payload in enumerate(payloads):  # otherwise two may count as one that came twice
                payload["actions"][0]["action_ts"] = f"{time.time() + number / 1000:.6f}"
            await asyncio.gather(*(_post(stage, session, payload) for payload in payloads))
            if stage_number < len(STAGES):
                await _until(stage, _APPROVED, ONBOARDINGS)
    await _until(stage, "select count(*) from partnerships where state = 'active'", ONBOARDINGS)
    return prepared, time.perf_counter() - began


def _domain(number: int) -> str:
    return f"partner{number}.example"


async def _until(stage: ReplicasStage, sql: str, count: int) -> None:
    async def are_there() -> bool:
        return bool((await asyncio.to_thread(stage.rows, sql))[0][0] == count)

    await stage.until(are_there, f"{count}: {sql}", seconds=_LONGEST_SECONDS)


async def _cards(stage: ReplicasStage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = [one for one in await stage.messages() if "approve" in str(one["blocks"])]
        return len(found) == ONBOARDINGS

    await stage.until(are_there, "the cards", seconds=_LONGEST_SECONDS)
    return found


def _click(person: str, card: dict[str, Any], channel: str) -> dict[str, Any]:
    [value] = [
        element["value"]
        for block in card["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == "approve"
    ]
    payload = click(person, "approve", value)
    payload["container"] |= {"channel_id": channel, "message_ts": card["ts"]}
    return payload


async def _post(stage: ReplicasStage, session: aiohttp.ClientSession, payload: dict[str, Any]) -> None:
    body = interaction_body(payload)
    headers = signed(body, secret=stage.replicas[0].settings["SLACK_SIGNING_SECRET"])
    url = f"http://127.0.0.1:{stage.balancer.port}/slack/events"
    while True:  # as a person does who sees that a click failed
        try:
            async with session.post(url, data=body, headers=headers) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.5)
