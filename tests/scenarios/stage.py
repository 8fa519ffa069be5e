"""The stage of the stories: `gatehouse sandbox` as a child process, and short words for what people do on it."""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionError, ClientSession, ClientTimeout

from tests.stores.bot_database import BotDatabase, bot_database, note_use
from tests.stores.choice import is_postgres
from tests.waiting import LONGEST_CALL, LONGEST_WAIT
from tests.warm.sandbox import WarmSandbox

CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
CHANNEL = "partner-access"
DAY = 86_400
DETAILS = "review_request"
NOTES = "show_notes"
ASK = "ask"
NO_SECOND_LOOK = {
    "GATEHOUSE_SECOND_LOOK_FROM": "1000",
    "GATEHOUSE_TELL_UNUSUAL_DECISIONS": "false",
    "GATEHOUSE_TELL_WEEKLY_DECISIONS": "false",
}
"""For stories in which somebody approves in a minute, at any hour, what they would approve in days."""
UNLIMITED = {
    "GATEHOUSE_MAX_APPROVALS_PER_HOUR": "1000",
    "GATEHOUSE_MAX_APPROVALS_PER_DAY": "1000",
    "GATEHOUSE_MAX_REQUESTS_PER_HOUR": "1000",
    "GATEHOUSE_MAX_OPEN_REQUESTS": "1000",
    **NO_SECOND_LOOK,
}
"""For a sandbox that many stories share: everybody does in a minute what they would do in weeks."""


@dataclass(kw_only=True)
class Stage:
    """One running sandbox with its bot."""

    data: Path
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    warm: bool = False
    """Fork the sandbox from a process that has imported everything, instead of typing the command."""
    has_short_pauses: bool = True
    """Let the bot of a forked sandbox make short pauses; see `tests.warm.short_pauses`."""
    has_slack_limits: bool = True
    """Let the simulated Slack enforce its published rate limits, so that a bot that calls too often is noticed."""
    descriptors: int = 0
    """How many file descriptors each of its processes may have; 0 as many as this one."""
    url: str = ""
    _process: asyncio.subprocess.Process | WarmSandbox | None = None
    _session: ClientSession | None = None

    @property
    def database(self) -> BotDatabase:
        """Return what the bot has stored."""
        return bot_database(self.data)

    async def start(self) -> None:
        """Start the sandbox and wait for its `ready` line."""
        note_use(self.database)
        async with asyncio.timeout(LONGEST_WAIT):
            line = (await (self._start_forked() if self.warm else self._start_command())).strip()
        assert line.startswith("ready http://127.0.0.1:"), line
        self.url = line.removeprefix("ready ")
        self._session = ClientSession(timeout=ClientTimeout(total=LONGEST_CALL))
        if self.has_slack_limits:
            await self.do("slack/limits", enforced=True)

    async def _start_forked(self) -> str:
        assert self.arguments == ()
        assert self.descriptors == 0
        self.environment = {**NO_SECOND_LOOK, **self.environment}
        self._process = WarmSandbox(self.data, self.environment, has_short_pauses=self.has_short_pauses)
        return await self._process.first_line()

    async def _start_command(self) -> str:
        self.environment = {**NO_SECOND_LOOK, **self.environment}
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.stores" if is_postgres() else "bot"),
            *("sandbox", "--port", "0", "--no-browser", "--data", str(self.data)),
            *self.arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.environment},
            preexec_fn=self._limit if self.descriptors else None,
        )
        assert process.stdout is not None
        return (await process.stdout.readline()).decode()

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the command by a signal and return its exit status."""
        assert self._process is not None
        if self._session is not None:
            await self._session.close()
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(LONGEST_WAIT):
            return await self._process.wait()

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Call the control API; the call may fail."""
        assert self._session is not None
        async with self._session.request(method, f"{self.url}control/{path}", json=body, params=query) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def do(self, path: str, **body: Any) -> dict[str, Any]:
        """POST to the control API; the call must succeed."""
        answer = await self.call("POST", path, body)
        assert answer["ok"] is True, answer
        return answer

    async def see(self, path: str, **query: Any) -> dict[str, Any]:
        """GET from the control API; the call must succeed. A Home that is not shown yet is waited for."""
        answer = await self.call("GET", path, **query)
        assert answer["ok"] is True, answer
        if path == "home" and answer["home"] is None:
            await self.rest()
            answer = await self.call("GET", path, **query)
        return answer

    # --- what people do ---

    async def fill_in(self, user: str = "requester", *, view_id: str = "", **fields: str) -> dict[str, Any]:
        """Send the request form; returns the answer with its `errors`."""
        if not view_id:
            verb = "block" if fields.get("template") == "block" else "request"
            view_id = (await self.do("command", user=user, text=f"/partner {verb}"))["view_id"]
        filled = {
            "target": "contoso.com",
            "template": "trusted-partner",
            "justification": "Joint bridge project",
            "sponsor": user,
            **({} if fields.get("template") == "block" else {"duration": "180"}),
            **fields,
        }
        values = {name: {name: value} for name, value in filled.items()}
        return await self.do("submit", user=user, view_id=view_id, values=values)

    async def ask(self, **fields: str) -> str:
        """Ask for access and return the channel card's ts."""
        answer = await self.fill_in(**fields)
        assert answer["errors"] == {}, answer
        await self.rest()
        return str((await self.card())["ts"])

    async def press(self, user: str, action_id: str, ts: str, channel: str = CHANNEL) -> list[str]:
        """Press a card's button; returns what that person alone was told."""
        answer = await self.do("click", user=user, action_id=action_id, channel=channel, ts=ts)
        await self.rest()
        return [message["text"] for message in answer["ephemeral"]]

    async def open_access(self, **fields: str) -> str:
        """Ask for access and approve it by everybody who has to; returns the channel card's ts."""
        ts = await self.ask(**fields)
        for approver in ("approver1", "approver2", "approver3"):
            assert await self.press(approver, "approve", ts) == []
        return ts

    async def revoke(
        self, typed: str = "contoso.com", user: str = "admin", domain: str = "contoso.com"
    ) -> dict[str, Any]:
        """Revoke by command, confirmed by what is typed."""
        view_id = (await self.do("command", user=user, text=f"/partner revoke {domain}"))["view_id"]
        await self.rest()  # the window waits for what is read about the partner
        values = {"confirm": {"confirm": typed}, "reason": {"reason": "Project ended"}}
        answer = await self.do("submit", user=user, view_id=view_id, values=values)
        await self.rest()
        return answer

    # --- what there is to see ---

    async def forget_slack_calls(self) -> None:
        """Let Slack count calls from zero: stories that share a sandbox are hours apart in reality."""
        await self.do("slack/limits", enforced=True)

    async def rest(self) -> None:
        """Wait until the bot has nothing due to do."""
        await self.see("idle", timeout=LONGEST_WAIT)

    async def tick(self) -> None:
        """Wait until the bot has looked once more for what is due and for its alarms, and has nothing due to do.

        What was only now made (a record, a confirmation) is looked at by the next tick, not by the last one.
        """
        await self.see("idle", timeout=LONGEST_WAIT, tick="true")

    async def until_monday(self) -> None:
        """Move the clock to ten o'clock UTC on the next Monday. People are reminded in their working hours only."""
        now = datetime.fromisoformat((await self.see("clock"))["now"])
        monday = (now + timedelta(days=7 - now.weekday())).replace(hour=10, minute=0, second=0, microsecond=0)
        await self.later(int((monday - now).total_seconds()) + 1)

    async def later(self, seconds: int) -> None:
        """Let time pass: everything that is due by then is done, and the alarms are checked once more.

        What is in progress ends first. Otherwise it may fail after the clock was moved, and its next attempt is due
        only some seconds later. A tick takes longer with a server: a clock that was moved in the middle of one would
        change the order in which things are done.
        """
        await (self.tick() if is_postgres() else self.rest())
        await self.do("clock", advance_seconds=seconds)
        await self.tick()

    async def until(self, seen: Callable[[], Awaitable[object]], what: str, *, seconds: float = LONGEST_WAIT) -> None:
        """Wait until something can be seen that does not come to rest, as while a service does not answer.

        :raises AssertionError: when it cannot be seen after so many seconds.
        """
        until = time.monotonic() + seconds
        while not await seen():
            assert time.monotonic() < until, f"not seen in {seconds} seconds: {what}"
            await asyncio.sleep(0.1)

    async def until_card(self, said: str) -> None:
        """Wait until the newest card of the channel, its Details or its notes say something."""

        async def is_said() -> bool:
            return said in words(await self.card()) or said in await self.read()

        await self.until(is_said, said)

    async def messages(self, user: str = "approver1", channel: str = CHANNEL) -> list[dict[str, Any]]:
        """List messages as somebody sees them, without ephemeral ones and the daily line about the audit log."""
        found = (await self.see("messages", channel=channel, user=user))["messages"]
        shown = [message for message in found if not message.get("is_ephemeral")]
        return [message for message in shown if not str(message.get("text")).startswith("Audit log until entry ")]

    async def card(self) -> dict[str, Any]:
        """The newest card of the channel."""
        return (await self.messages())[-1]

    async def card_of(self, ts: str) -> dict[str, Any]:
        """The card of the channel with this ts, also when there are messages in its thread."""
        return next(message for message in await self.messages() if message["ts"] == ts)

    async def read(self, user: str = "approver1") -> str:
        """Read the newest card of the channel, its Details and the notes behind them, as an approver does."""
        card = await self.card()
        if DETAILS not in actions(card):
            return words(card)
        opened = await self.do("click", user=user, action_id=DETAILS, channel=CHANNEL, ts=card["ts"])
        await self.rest()
        view = (await self.see("views", user=user))["views"][-1]
        told = f"{words(card)} {words(view)}"
        if NOTES in actions(view):
            await self.do("click", user=user, action_id=NOTES, view_id=view["id"])
            await self.rest()
            notes = (await self.see("views", user=user))["views"][-1]
            told = f"{told} {words(notes)}"
            await self.do("close", user=user, view_id=notes["id"])
        await self.do("close", user=user, view_id=opened["opened"])
        return told

    async def direct(self, user: str) -> list[dict[str, Any]]:
        """List what the bot wrote to somebody."""
        return await self.messages(user, channel=f"@{user}")

    async def graph(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """List the requests that Graph received; instead of a batch those in it."""
        entries = (await self.see("graph/log"))["log"]
        log = [{**entry, **one} for entry in entries for one in entry.get("inner", [{}])]
        return [e for e in log if (not method or e["method"] == method) and e["path"].endswith(path)]

    async def writes(self) -> list[dict[str, Any]]:
        """List every request to Graph that could change something."""
        # NB. an evaluation of Conditional Access is sent by POST, and changes nothing.
        return [entry for entry in await self.graph() if entry["method"] != "GET" and not _is_question(entry)]

    async def partner(self, tenant_id: str = CONTOSO) -> dict[str, Any] | None:
        """Look at a partner's settings in the tenant."""
        state = (await self.see("graph/state"))["state"]
        found: dict[str, Any] | None = state["partners"].get(tenant_id)
        return found

    async def kill_the_bot(self, *, is_busy: bool = False) -> None:
        """Kill the bot's process, and wait until another one is ready and has nothing left to do.

        :param is_busy: whether there is more to do than is waited for: then it must only be ready.
        """
        pid = (await self.see("bot"))["pid"]
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            bot = await self.see("bot")
            return bot["pid"] != pid and await self._is_ready(bot["health_url"])

        await self.until(is_back, "another bot")
        if not is_busy:
            await self.rest()

    async def is_ready(self) -> bool:
        """Return whether the bot says that it is ready."""
        return await self._is_ready((await self.see("bot"))["health_url"])

    async def _is_ready(self, url: str) -> bool:
        assert self._session is not None
        with suppress(ClientConnectionError):
            async with self._session.get(f"{url}/readyz") as answer:
                return answer.status == 200
        return False


@asynccontextmanager
async def running_stage(stage: Stage) -> AsyncIterator[Stage]:
    """Start the sandbox, and end it afterwards, whatever happened on it."""
    try:
        await stage.start()
        yield stage
    finally:
        await stage.stop()


def buttons(message: dict[str, Any]) -> list[str]:
    """List the action ids of a message's buttons, without Details, which every card has, and Ask, as every open one."""
    return [action for action in actions(message) if action not in (DETAILS, ASK)]


def actions(message: dict[str, Any]) -> list[str]:
    """List the action ids of a message's buttons, including those next to a text."""
    found = [[block["accessory"]] if "accessory" in block else block.get("elements", []) for block in message["blocks"]]
    return [element["action_id"] for elements in found for element in elements if "action_id" in element]


def words(message: dict[str, Any]) -> str:
    """Join every text of a message's blocks, the hyphen of a short ID as it is typed."""

    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["text"]] if isinstance(value.get("text"), str) else []
            return own + [text for item in value.values() for text in texts(item)]
        return [text for item in value for text in texts(item)] if isinstance(value, list) else []

    return " ".join(texts(message.get("blocks", []))).replace("R\u2011", "R-")


def _is_question(entry: dict[str, Any]) -> bool:
    return bool(entry["path"].endswith("/identity/conditionalAccess/evaluate"))
