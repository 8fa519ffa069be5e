"""List the requests to Graph and Slack together for display, newest first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from bot.sandbox.page.text.display_names import Names

Json = Mapping[str, Any]
LogFilter = Literal["graph", "slack", "all"]

SHOWN = 50
BODY_LIMIT = 6000
_POLICY = "/policies/crossTenantAccessPolicy"
_PREFIXES = ("/graph/v1.0", "/slack/api")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One request. `key` is the same for the same request in every rendering."""

    key: str
    service: str
    method: str
    path: str
    short: str
    """The path without the common beginning of all cross-tenant paths."""
    status: str
    """The number and its meaning, such as `201 Created`."""
    tone: str
    time: str
    query: str
    body: str


def log_lines(graph: Sequence[Json], slack: Sequence[Json], wanted: LogFilter, names: Names) -> tuple[LogLine, ...]:
    """Return the newest requests to the wanted services, newest first."""
    lines: list[tuple[str, LogLine]] = []
    for service, log in (("graph", graph), ("slack", slack)):
        if wanted in (service, "all"):
            first = max(0, len(log) - SHOWN)
            lines += [
                (str(entry["at"]), _line(service, index, entry, names))
                for index, entry in enumerate(log[first:], first)
            ]
    lines.sort(key=lambda line: line[0], reverse=True)
    return tuple(line for _, line in lines[:SHOWN])


def status_words(status: int | None) -> tuple[str, str]:
    """Return the status with its meaning, and its tone (good or bad). None: the connection was closed."""
    if status is None:
        return "No answer", "bad"
    try:
        words = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        words = str(status)
    return words, "good" if status < 400 else "bad"


def _line(service: str, index: int, entry: Json, names: Names) -> LogLine:
    waiting = entry["status"] is None and "ms" in entry and entry["ms"] is None
    status, tone = ("Waiting", "none") if waiting else status_words(entry["status"])
    path = str(entry["path"])
    for prefix in _PREFIXES:
        path = path.removeprefix(prefix)
    return LogLine(
        key=f"{service}-{index}",
        service=service,
        method=str(entry["method"]),
        path=path,
        short=path.replace(_POLICY, "…", 1),
        status=status,
        tone=tone,
        time=_time(str(entry["at"]), names),
        query="\n".join(f"{key} = {value}" for key, value in (entry.get("query") or {}).items()),
        body=_body(entry.get("body")),
    )


def _time(at: str, names: Names) -> str:
    try:
        return f"{names.local(datetime.fromisoformat(at)):%b %-d, %H:%M:%S}"
    except ValueError:
        return at


def _body(body: Any) -> str:
    if body in (None, "", {}):
        return ""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2)
    return text if len(text) <= BODY_LIMIT else text[:BODY_LIMIT] + "\n… (shortened: the control API returns all of it)"
