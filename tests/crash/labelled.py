"""The bot's process of a test, with labelled points around its ports.

What the points are put around: the request from Slack and its answer (the web application), the transactions of the
store, the requests to Microsoft Graph, the calls of Slack, and the performing of stored effects.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, Final

import httpx
from aiohttp import web
from sqlite_utils import Database

import workflows.effects.performer
from bot.process.child_process import become_bot_process
from bot.process.web.server import SigningSecrets
from bot.slack.inbound.receive import Inbound
from bot.slack.outbound.client import SlackClient
from tests.crash.points import Point, Points
from tests.stores.bot_database import bot_database
from tests.stores.choice import is_postgres
from tests.warm.patience import be_patient
from workflows.entra.transport import connection, own_tenant_guard
from workflows.intervals import Pauses
from workflows.store.sqlite.store import SqliteStore

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'[^']*'")
_CHANGE: Final = re.compile(r"\s*(insert into|update|delete from)\s+(\w+)(?:\s+set\s+(\w+))?", re.IGNORECASE)
_EVENTS: Final = "/slack/events"


class _Doing:
    """The effect that is being performed, and whether it has written to the tenant."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.has_written = False


_doing: ContextVar[_Doing | None] = ContextVar("doing", default=None)


def run_labelled_bot(
    settings: dict[str, str], data: Path, folder: Path, kill_at: Point | None, patience: float | None, pauses: Pauses
) -> None:
    """Be the bot's process, with points. Does not return.

    :param data: the folder of the bot's log and of its database.
    :param folder: where the points are recorded.
    :param patience: after how many seconds a call of Slack or Graph is too late; None for the usual times.
    """
    if patience is not None:
        _be_impatient(patience)
    points = Points(folder, kill_at)
    be_patient()
    _label_receiving(points)
    _label_commits(points)
    _label_graph(points)
    _label_slack(points)
    _label_effects(points)
    bot_database(data).before_start()
    become_bot_process(settings, data, pauses=pauses)


def _be_impatient(seconds: float) -> None:
    """Wait less for an answer, so that a test with a hanging service takes no minute."""
    for name in ("_READ_SECONDS", "WRITE_SECONDS"):
        setattr(connection, name, seconds)
    # NB. ten real seconds, in which the clock of a story goes on by hours.
    setattr(own_tenant_guard, "_ASKED_AGAIN_SECONDS", 0.0)  # noqa: B010  # mypy knows it as final

    def making(make: Callable[..., None]) -> Callable[..., None]:
        @wraps(make)
        def made(self: SlackClient, **named: Any) -> None:
            make(self, **named)
            self.timeout = self._reads.timeout = seconds  # type: ignore[assignment]

        return made

    _replace(SlackClient, "__init__", making)


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    setattr(owner, name, make(getattr(owner, name)))


def _label_receiving(points: Points) -> None:
    def verifying(verify: Callable[..., bool]) -> Callable[..., bool]:
        @wraps(verify)
        def checked(*arguments: Any, **named: Any) -> bool:
            points.reach("request received")
            is_authentic = verify(*arguments, **named)
            points.reach("request verified")
            return is_authentic

        return checked

    def taking(take: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(take)
        async def taken(*arguments: Any, **named: Any) -> Any:
            answer = await take(*arguments, **named)
            points.reach("answer to Slack made")
            return answer

        return taken

    def writing(write_eof: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(write_eof)
        async def written(self: web.Response, *arguments: Any) -> None:
            request = self._req  # forgotten when the answer is written
            await write_eof(self, *arguments)
            if request is not None and request.path == _EVENTS:
                points.reach("request acknowledged")

        return written

    _replace(SigningSecrets, "has_signed", verifying)
    _replace(Inbound, "take", taking)
    _replace(web.Response, "write_eof", writing)


def _label_commits(points: Points) -> None:
    if is_postgres():
        from tests.crash.labelled_postgres import label_transactions  # with SQLite nothing of it is imported

        label_transactions(points)
    else:
        _label_commits_in_sqlite(points)


def _label_commits_in_sqlite(points: Points) -> None:
    commands: list[str] = []

    def putting(put: Callable[..., bool]) -> Callable[..., bool]:
        @wraps(put)
        def noted(self: SqliteStore, commit: Any) -> bool:
            commands.append(f"{commit.entry.command} {commit.entry.outcome}")
            return put(self, commit)

        return noted

    def beginning(atomic: Callable[..., AbstractContextManager[Any]]) -> Callable[..., AbstractContextManager[Any]]:
        @wraps(atomic)
        @contextmanager
        def labelled(self: Database, *arguments: Any, **named: Any) -> Any:
            if self.conn.in_transaction:  # a savepoint of one that is labelled
                with atomic(self, *arguments, **named) as inner:
                    yield inner
                return
            changes: list[str] = []
            commands.clear()
            self.conn.set_trace_callback(lambda sql: _note_change(changes, sql))
            try:
                with atomic(self, *arguments, **named) as outer:
                    yield outer
                    name = "; ".join(sorted({*commands})) or "; ".join(sorted({*changes}))
                    if changes:
                        points.reach(f"commit {name}: before")
                if changes:
                    points.reach(f"commit {name}: after")
            finally:
                self.conn.set_trace_callback(None)

        return labelled

    _replace(SqliteStore, "_put_everything", putting)
    _replace(Database, "atomic", beginning)


def _note_change(changes: list[str], sql: str) -> None:
    if found := _CHANGE.match(sql):
        verb, table, column = found.groups()
        changes.append(f"{verb.split()[0].lower()} {table}{f' {column}' if column else ''}")


def _label_graph(points: Points) -> None:
    def sending(send: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(send)
        async def labelled(self: httpx.AsyncClient, request: httpx.Request, **named: Any) -> httpx.Response:
            name, is_write = _call_of(request)
            doing = _doing.get()
            before = "" if doing is None else f"{doing.name}: {'(written) ' if doing.has_written else ''}"
            points.reach(f"{before}Graph {name}: before")
            answer: httpx.Response = await send(self, request, **named)
            points.reach(f"{before}Graph {name}: answered")
            if doing is not None and is_write:
                doing.has_written = True
            return answer

        return labelled

    _replace(httpx.AsyncClient, "send", sending)


def _call_of(request: httpx.Request) -> tuple[str, bool]:
    """Return a request to Graph without ids, and whether it writes."""
    path = _plain(request.url.path)
    if path != "$batch":
        return f"{request.method} {path}", request.method != "GET" and not path.endswith("/evaluate")
    inner = json.loads(request.content)["requests"]
    kinds = {f"{one['method']} {_plain(one['url'].partition('?')[0])}" for one in inner}
    writes = any(one["method"] != "GET" and not one["url"].endswith("/evaluate") for one in inner)
    return f"batch of {', '.join(sorted(kinds))}", writes


def _plain(path: str) -> str:
    return _QUOTED.sub("'*'", _GUID.sub("*", path)).rpartition("/v1.0/")[2].lstrip("/")


def _label_slack(points: Points) -> None:
    def calling(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def labelled(self: SlackClient, api_method: str, **arguments: Any) -> Any:
            doing = _doing.get()
            name = f"{'' if doing is None else f'{doing.name}: '}Slack {api_method}"
            points.reach(f"{name}: before")
            answer = await call(self, api_method, **arguments)
            points.reach(f"{name}: answered")
            return answer

        return labelled

    _replace(SlackClient, "api_call", calling)


def _label_effects(points: Points) -> None:
    def performing(perform: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(perform)
        async def labelled(self: Any, effect: Any) -> None:
            doing = _Doing(effect.kind)
            _doing.set(doing)
            points.reach(f"effect {effect.kind}: taken")
            await perform(self, effect)
            points.reach(f"effect {effect.kind}: performed")

        return labelled

    _replace(workflows.effects.performer.Performer, "perform", performing)
