"""Record every request to the stand-ins, in order, with what was answered."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

Entry = dict[str, Any]
_BODY = web.RequestKey("parsed_body", object)
SECRETS = frozenset({"token", "access_token", "refresh_token", "client_secret", "client_assertion"})


class RequestLog:
    """Requests to one stand-in, oldest first, each `method, path, query, body, status, at, ms`.

    A request stands here from its arrival on; `status` and `ms` are None until it is answered, and `status` stays so
    when the connection was dropped. Each has reached the operating system at arrival and again when answered.
    """

    def __init__(self, path: Path, *, changed: Callable[[], None]) -> None:
        self.entries: list[Entry] = list(_read(path)) if path.exists() else []
        self._changed = changed
        self._file = path.open("a", encoding="utf-8")

    def arrived(self, entry: Entry) -> int:
        """Note a request and give its number."""
        self.entries.append({**entry, "status": None, "ms": None})
        return self._write(len(self.entries) - 1)

    def answered(self, number: int, status: int | None, ms: float) -> None:
        """Note what was answered; None when nothing was."""
        self.entries[number] |= {"status": status, "ms": ms}
        self._write(number)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, number: int) -> int:
        self._file.write(json.dumps([number, self.entries[number]], ensure_ascii=False) + "\n")
        self._file.flush()
        self._changed()
        return number


def _read(path: Path) -> Iterator[Entry]:
    """Read a log; the last line of a request counts, and a line torn by a kill does not."""
    found: dict[int, Entry] = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            number, entry = json.loads(line)
        except ValueError:
            continue
        found[number] = entry
    yield from (found[number] for number in sorted(found))


def body_of(raw: bytes, content_type: str, form: dict[str, Any]) -> Any:
    """Read a body for the log: JSON or a form as what it says, secrets left out; other text as it is; else None."""
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
    return {name: one for name, one in value.items() if name not in SECRETS} if isinstance(value, dict) else value


async def parsed_body(request: web.Request) -> Any:
    """The body as the log and the faults see it, parsed once. The handler can read it again."""
    if _BODY in request:
        return request[_BODY]
    raw = await request.read()
    posted = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    form = dict(await request.post()) if posted else {}
    request[_BODY] = body_of(raw, request.content_type, form)
    return request[_BODY]


async def logged(request: web.Request, handler: Handler, log: RequestLog, now: datetime) -> web.StreamResponse:
    """Let a request be handled, and record it."""
    entry = {
        "method": request.method,
        "path": request.path,
        "query": {name: value for name, value in request.query.items() if name not in SECRETS},
        "body": await parsed_body(request),
        "at": now.isoformat(),
    }
    number = log.arrived(entry)
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
        log.answered(number, None if dropped else status, ms)
    return response
