"""How soon a click is acknowledged and its card updated: alone, many at once, at a rate, and for forms.

A click is "Approve" on the card of an open request, signed as Slack signs it. Everything that follows from it is done,
too: the bot looks the person up in both simulated services while it takes the next click.
"""

import asyncio
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.bench.stage.histories import open_commits, store_history
from tests.bench.stage.load import ShownCard, at_a_rate, at_once, clicks, send, signed_payload
from tests.bench.stage.processes import Served, World, answered_at, called, world
from tests.bench.stage.statistics import Pairs, median, milliseconds, percentile
from tests.bot.bot_under_test import request_values, submission
from workflows.core.requests.request import AccessRequest

ROUNDS: Final = 60
BLOCKS: Final = 6
IN_A_BLOCK: Final = 100
CONCURRENCY: Final = 20
PER_SECOND: Final = 200
SECONDS: Final = 10
LATE_SECONDS: Final = 3.0
"""Slack shows an error when an answer takes longer."""
CARDS: Final = 50
"""How many open requests the clicks are spread over."""
FORMS: Final = 10
SLOW_CLICKS: Final = 200
GRAPH_SECONDS: Final = 2
HELD: Final = 500
HELD_BLOCKS: Final = 8
IN_A_HELD_BLOCK: Final = 25
CHANNEL: Final = "partner-access"
_REST_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A bot with open requests, and their cards."""

    bot: Served
    cards: list[ShownCard]


async def _with_open_requests(world: World) -> _Played:
    made = list(open_commits(CARDS))
    database = await store_history(world.folder / "open.db", made)
    bot = await world.bot(database)
    await world.idle(120)
    messages = {one["ts"]: one for one in await _messages(world)}
    requests = [one.request for one in made if one.request is not None]
    return _Played(bot=bot, cards=[_shown(database, one, messages) for one in requests])


async def _messages(world: World) -> list[dict[str, Any]]:
    answer = await world.control.get("messages", channel=CHANNEL, user="approver1")
    found: list[dict[str, Any]] = answer["messages"]
    return found


def _shown(database: Path, request: AccessRequest, messages: dict[str, dict[str, Any]]) -> ShownCard:
    """Return the card of a request in the approval channel, where the bot remembers it."""
    sql = "select channel, message_id from copies where subject = ? and audience = '' and is_live = 1"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        [(channel, message_id)] = db.execute(sql, (f"request:{request.id}",)).fetchall()
    return ShownCard(f"{request.id}:{request.plan.digest}", channel, messages[message_id])


async def ack() -> dict[str, object]:
    """Measure one click at a time, and twenty at once, in turn with the bare application."""
    async with world() as stage:
        played, bare = await _with_open_requests(stage), await stage.bare()
        both = (played.bot, bare)
        for to in both:  # what is imported and connected at the first click is not what is measured
            await at_once(stage.session, to, clicks(played.cards, to, count=20), 1)
        await stage.idle(120)
        alone: dict[str, list[float]] = {to.url: [] for to in both}
        for round_ in range(ROUNDS):
            for to in both if round_ % 2 else reversed(both):
                [one] = clicks(played.cards, to, count=1)
                alone[to.url].append(await send(stage.session, to, one))
                await stage.idle()
                await asyncio.sleep(_REST_SECONDS)
        together: dict[str, list[float]] = {to.url: [] for to in both}
        used = dict.fromkeys((to.url for to in both), 0.0)
        for _ in range(BLOCKS):
            for to in both:
                load, before = clicks(played.cards, to, count=IN_A_BLOCK), to.processor_seconds
                together[to.url].append(await at_once(stage.session, to, load, CONCURRENCY))
                used[to.url] += to.processor_seconds - before
                await stage.idle(240)
    single = Pairs(alone[played.bot.url], alone[bare.url])
    many = Pairs(together[played.bot.url], together[bare.url])
    return {
        "ratio": single.ratio,
        "quartiles": [round(one, 2) for one in single.spread],
        "p50_ms": milliseconds(median(single.ours)),
        "bare_p50_ms": milliseconds(median(single.others)),
        "throughput_ratio": many.ratio,
        "acks_per_second": round(median(many.ours)),
        "bare_acks_per_second": round(median(many.others)),
        "processor_ms": milliseconds(used[played.bot.url] / (BLOCKS * IN_A_BLOCK)),
        "bare_processor_ms": milliseconds(used[bare.url] / (BLOCKS * IN_A_BLOCK)),
    }


async def open_loop() -> dict[str, object]:
    """Send ten forms at once, again and again; then clicks at a rate. What follows from these is not waited for."""
    async with world() as stage:
        played, bare = await _with_open_requests(stage), await stage.bare()
        forms: list[float] = []
        for _ in range(3):
            forms += await _forms_at_once(stage, played.bot)
            await stage.idle(120)
        found = {}
        for to in (bare, played.bot):
            await at_once(stage.session, to, clicks(played.cards, to, count=20), 1)
            load = clicks(played.cards, to, count=PER_SECOND * SECONDS)
            found[to.url] = await at_a_rate(stage.session, to, load, PER_SECOND)
    answered = {url: [one for one in took if one is not None] for url, took in found.items()}
    ours, others = answered[played.bot.url], answered[bare.url]
    return {
        "clicks": len(found[played.bot.url]),
        "connection_lost": len(found[played.bot.url]) - len(ours),
        "p50_ms": milliseconds(median(ours)),
        "p99_ms": milliseconds(percentile(ours, 99)),
        "worst_ms": milliseconds(max(ours)),
        "over_3_s": sum(one > LATE_SECONDS for one in ours),
        "bare_p99_ms": milliseconds(percentile(others, 99)),
        "p99_ratio": percentile(ours, 99) / percentile(others, 99),
        "forms_p50_ms": milliseconds(median(forms)),
        "forms_p99_ms": milliseconds(percentile(forms, 99)),
    }


async def _forms_at_once(stage: World, bot: Served) -> list[float]:
    """Let ten people send a filled form at the same moment."""
    people = ("requester", "approver1", "approver2", "approver3", "admin")
    payloads = []
    for number in range(FORMS):
        values = request_values(("tailspin.com", "litware.com", "adatum.com")[number % 3], "trusted-partner")
        opened = await stage.control.post("command", user=people[number % len(people)], text="request")
        view = await _view(stage, people[number % len(people)], opened["view_id"])
        sent = {**view, "state": {"values": values}}
        metadata = str(view.get("private_metadata", ""))
        payload = submission(people[number % len(people)], str(view["callback_id"]), metadata, values, view=sent)
        payloads.append(signed_payload(payload, bot))
        await stage.control.post("close", user=people[number % len(people)], view_id=opened["view_id"])
    await stage.idle()
    return list(await asyncio.gather(*(send(stage.session, bot, one) for one in payloads)))


async def _view(stage: World, user: str, view_id: str) -> dict[str, Any]:
    await stage.idle()
    views = (await stage.control.get("views", user=user))["views"]
    found: dict[str, Any] = next(one for one in views if one["id"] == view_id)
    return found


async def click_to_card() -> dict[str, object]:
    """Approve requests one after another: until the click is acknowledged, and until the channel's card shows it."""
    async with world() as stage:
        played = await _with_open_requests(stage)
        acks, shown = [], []
        for card in played.cards[: CARDS - 10]:
            [one] = clicks([card], played.bot, count=1)
            before, began = len(await stage.log("slack")), time.time()
            acks.append(await send(stage.session, played.bot, one))
            await stage.idle()
            updates = called(await stage.log("slack"), before, "chat.update")
            shown.append(min(map(answered_at, updates)) - began)
    return {
        "p50_ms": milliseconds(median(shown)),
        "p95_ms": milliseconds(percentile(shown, 95)),
        "ack_p50_ms": milliseconds(median(acks)),
        "ratio_to_ack": median(shown) / median(acks),
    }


async def slow_graph() -> dict[str, object]:
    """Click on a few cards two hundred times within a second, and behind these once on another one; Graph is slow.

    When all are acknowledged, Graph answers as usual again.
    """
    async with world() as stage:
        played, bare = await _with_open_requests(stage), await stage.bare()
        for to in (bare, played.bot):
            await at_once(stage.session, to, clicks(played.cards, to, count=20), 1)
        await stage.idle(120)
        last, *others = reversed(played.cards)
        acks: dict[str, list[float]] = {}
        for to in (bare, played.bot):
            if to is played.bot:
                await stage.control.post("faults", target="graph", times=100_000, delay_seconds=GRAPH_SECONDS)
            load = [*clicks(others[:2], to, count=SLOW_CLICKS), *clicks([last], to, count=1, person="approver1")]
            before = len(await stage.log("slack"))
            acks[to.url] = [one for one in await at_a_rate(stage.session, to, load, SLOW_CLICKS) if one is not None]
            clicked = time.time()
        await stage.control.call("DELETE", "faults")
        await stage.idle(240)
        updates = called(await stage.log("slack"), before, "chat.update")
        shown = [answered_at(one) for one in updates if one["body"].get("ts") == last.message["ts"]]
    ours, others_took = acks[played.bot.url], acks[bare.url]
    return {
        "clicks": len(ours),
        "ratio": median(ours) / median(others_took),
        "p50_ms": milliseconds(median(ours)),
        "worst_ms": milliseconds(max(ours)),
        "over_3_s": sum(one > LATE_SECONDS for one in ours),
        "last_shown_s": min(shown) - clicked,
        "all_shown_s": max(map(answered_at, updates)) - clicked,
    }


async def half_bodies() -> dict[str, object]:
    """Click alone, and then while five hundred connections hold back half of a body; eight blocks of each in turn."""
    async with world() as stage:
        played = await _with_open_requests(stage)
        await at_once(stage.session, played.bot, clicks(played.cards, played.bot, count=20), 1)
        await stage.idle(120)
        alone: list[float] = []
        held: list[float] = []
        closed: list[float] = []
        for _ in range(HELD_BLOCKS):
            alone += await _one_at_a_time(stage, played, IN_A_HELD_BLOCK)
            began, waiting = time.perf_counter(), [await _half_body(played.bot) for _ in range(HELD)]
            held += await _one_at_a_time(stage, played, IN_A_HELD_BLOCK)
            still_open = sum(not reader.at_eof() for reader, _ in waiting)
            await asyncio.gather(*(_closed(reader) for reader, _ in waiting))
            closed.append(time.perf_counter() - began)
            for _, writer in waiting:
                writer.close()
            await stage.idle(120)
    return {
        "clicks": len(held),
        "p99_ratio": percentile(held, 99) / percentile(alone, 99),
        "p50_ratio": median(held) / median(alone),
        "p99_ms": milliseconds(percentile(held, 99)),
        "alone_p99_ms": milliseconds(percentile(alone, 99)),
        "open_after_the_last_click": still_open,
        "all_closed_s": max(closed),
    }


async def _one_at_a_time(stage: World, played: _Played, count: int) -> list[float]:
    took = []
    for one in clicks(played.cards, played.bot, count=count):
        took.append(await send(stage.session, played.bot, one))
        await stage.idle()
    return took


async def _half_body(to: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection, and send all headers and half of a body."""
    place = urlsplit(to.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncommand=")
    return reader, writer


async def _closed(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(1000):
            pass
