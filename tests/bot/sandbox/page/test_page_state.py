"""The pure parts of the page: places, threads, unread counts, logs and the guide."""

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.page.chat.conversation import arranged_messages
from bot.sandbox.page.chat.unread_counts import ReadMarks
from bot.sandbox.page.guide import steps
from bot.sandbox.page.request_list import BODY_LIMIT, log_lines, status_words
from bot.sandbox.page.tab_location import parse_location
from bot.sandbox.page.text.display_names import sandbox_names
from tests.bot.sandbox.page.samples import CONTOSO, blocked_partner, message, organizations, trusted_partner
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage

NAMES = sandbox_names(UTC)
FIRST = {person.handle: person.name.split()[0] for person in seed.PEOPLE}
Json = dict[str, Any]


@pytest.mark.parametrize(
    ("query", "handle", "channel", "log", "url"),
    [
        ({}, "requester", "partner-access", "graph", "/?as=requester&channel=partner-access"),
        ({"as": "admin", "channel": "dm", "log": "all"}, "admin", "dm", "all", "/?as=admin&channel=dm&log=all"),
        ({"as": "<x>", "channel": "../x", "log": "1"}, "requester", "partner-access", "graph", None),
    ],
)
def test_place(query: dict[str, str], handle: str, channel: str, log: str, url: str | None) -> None:
    place = parse_location(query)
    assert (place.person.handle, place.channel, place.log) == (handle, channel, log)
    assert url is None or place.url() == url


def test_replies_are_under_their_parent() -> None:
    messages = [
        message("10.0", "first"),
        message("20.0", "second"),
        message("30.0", "to first", thread_ts="10.0"),
        message("40.0", "orphan", thread_ts="5.0"),
        message("90000.0", "next day", user="U0ADMIN0001", bot_id="", edited={"ts": "90001.0"}),
    ]
    lines = arranged_messages(messages, NAMES)
    assert [(line.ts, line.is_reply, line.replies) for line in lines] == [
        ("10.0", False, 1),
        ("30.0", True, 0),
        ("20.0", False, 0),
        ("40.0", True, 0),
        ("90000.0", False, 0),
    ]
    assert [line.day for line in lines if line.day] == ["Thursday, January 1, 1970", "Friday, January 2, 1970"]
    assert (lines[-1].author, lines[-1].is_edited, lines[-1].time) == ("Dana Reyes", True, "01:00")


def test_a_ts_that_is_no_number_is_shown_at_the_epoch() -> None:
    assert arranged_messages([message("nan?", "x")], NAMES)[0].time == "00:00"


async def test_unread_counts(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    read_marks, requester, approver = ReadMarks(), seed.PEOPLE[0], seed.PEOPLE[1]
    stage.post(CHANNELS["general"], "before the first look")
    assert read_marks.unread(stage.slack, requester, "partner-access") == {}
    stage.post("D" + PEOPLE["approver1"][1:], "for Amara")
    stage.post(CHANNELS["general"], "only for Riley", only_for=PEOPLE["requester"])
    both = {("approver1", "dm"): 1, ("requester", "general"): 1}
    assert read_marks.unread(stage.slack, requester, "partner-access") == both
    assert read_marks.unread(stage.slack, approver, "dm") == {("requester", "general"): 1}


@pytest.mark.parametrize(
    ("status", "words"),
    [(200, ("200 OK", "good")), (404, ("404 Not Found", "bad")), (799, ("799", "bad")), (None, ("No answer", "bad"))],
)
def test_status_words(status: int | None, words: tuple[str, str]) -> None:
    assert status_words(status) == words


def test_log_lines() -> None:
    entry: Json = {"method": "GET", "query": {"$select": "id"}, "body": None, "status": 200, "ms": 1.5}
    graph = [
        {**entry, "path": "/graph/v1.0/policies/crossTenantAccessPolicy/partners", "at": "2026-01-01T00:00:01+00:00"},
        {**entry, "path": "/graph/v1.0/users", "status": None, "ms": None, "at": "2026-01-01T00:00:03+00:00"},
    ]
    slack = [
        {**entry, "path": "/slack/api/chat.postMessage", "body": {"a": "x" * 9000}, "at": "2026-01-01T00:00:02+00:00"}
    ]
    lines = log_lines(graph, slack, "all", NAMES)
    assert [(line.key, line.short, line.status) for line in lines] == [
        ("graph-1", "/users", "Waiting"),
        ("slack-0", "/chat.postMessage", "200 OK"),
        ("graph-0", "…/partners", "200 OK"),
    ]
    assert lines[0].query == "$select = id"
    assert len(lines[1].body) < BODY_LIMIT + 100
    assert [line.service for line in log_lines(graph, slack, "slack", NAMES)] == ["slack"]


@pytest.mark.parametrize(
    ("asked", "partner", "moved", "done"),
    [
        (False, None, False, []),
        (True, None, False, [1]),
        (True, trusted_partner(), False, [1, 2, 3]),
        (True, trusted_partner(), True, [1, 2, 3, 4]),
        (True, blocked_partner(), True, [1, 2, 3, 4, 5]),
    ],
)
def test_steps_tick_off_as_they_happen(asked: bool, partner: Json | None, moved: bool, done: list[int]) -> None:
    state = {"partners": {CONTOSO: partner} if partner else {}, "organizations": organizations()}
    told = steps(asked=asked, state=state, graph_log=(), clock_moved=moved, people=FIRST)
    assert [step.number for step in told if step.done] == done
    wanted = "/partner revoke contoso.com" if partner == trusted_partner() else "/partner list"
    assert told[-1].buttons[0].command == wanted
