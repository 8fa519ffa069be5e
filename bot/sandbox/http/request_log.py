"""Record every request to the simulators with its answer, in order."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.http.batches import inner_entries

Entry = dict[str, Any]
_BODY = web.RequestKey("parsed_body", object)
SECRETS = frozenset({"token", "access_token", "refresh_token", "client_secret", "client_assertion"})


class RequestLog:
    """Requests to one simulator, oldest first, each with `method, path, query, body, status, at, ms`.

    A `$batch` also has `inner`: each request in it with `method, path, query, status`.

    A request is recorded when it arrives, and again when it is answered. Until then `status` and `ms` are None;
    `status` stays None when the connection was closed without an answer. Both records are given to the operating system
    at once.
    """

    def __init__(self, path: Path, *, on_change: Callable[[], None]) -> None:
        self.entries: list[Entry] = list(_read(path)) if path.exists() else []
        self._on_change = on_change
        self._file = path.open("a", encoding="utf-8")

    def record_request(self, entry: Entry) -> int:
        """Record a request and return its number."""
        self.entries.append({**entry, "status": None, "ms": None})
        return self._write(len(self.entries) - 1)

    def record_answer(self, number: int, status: int | None, ms: float, inner: list[Entry]) -> None:
        """Record the answer of a request; None when there was none."""
        self.entries[number] |= {"status": status, "ms": ms, **({"inner": inner} if inner else {})}
        self._write(number)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, number: int) -> int:
        self._file.write(json.dumps([number, self.entries[number]], ensure_ascii=False) + "\n")
        self._file.flush()
        self._on_change()
        return number


def _read(path: Path) -> Iterator[Entry]:
    """Read a log. The last line of a request counts; a line that is incomplete after a kill is ignored."""
    entries_by_number: dict[int, Entry] = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            number, entry = json.loads(line)
        except ValueError:
            continue
        entries_by_number[number] = entry
    yield from (entries_by_number[number] for number in sorted(entries_by_number))


def body_of(raw: bytes, content_type: str, form: dict[str, Any]) -> Any:
    """Return a body for the log, without secrets: JSON or a form as an object, other text unchanged, otherwise None."""
    if form:
        return _without_secrets({name: _maybe_json(value) for name, value in form.items()})
    text = raw.decode("utf-8", errors="replace")
    if not text:
        return None
    return _without_secrets(_maybe_json(text) if "json" in content_type or text[0] in "{[" else text)


def _maybe_json(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _without_secrets(value: Any) -> Any:
    return {name: item for name, item in value.items() if name not in SECRETS} if isinstance(value, dict) else value


async def read_body_once(request: web.Request) -> Any:
    """Return the body for the log and the faults, parsed once. The handler can read it again."""
    if _BODY in request:
        return request[_BODY]
    raw = await request.read()
    posted = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    form = dict(await request.post()) if posted else {}
    request[_BODY] = body_of(raw, request.content_type, form)
    return request[_BODY]


async def log_request(request: web.Request, handler: Handler, log: RequestLog, now: datetime) -> web.StreamResponse:
    """Handle a request and record it."""
    entry = {
        "method": request.method,
        "path": request.path,
        "query": {name: value for name, value in request.query.items() if name not in SECRETS},
        "body": await read_body_once(request),
        "at": now.isoformat(),
    }
    number = log.record_request(entry)
    began = time.perf_counter()
    status: int | None = None
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        dropped = request.transport is None or request.transport.is_closing()
        ms = round((time.perf_counter() - began) * 1000, 2)
        log.record_answer(number, None if dropped else status, ms, inner_entries(request, entry["body"]))
    return response
