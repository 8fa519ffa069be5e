"""Answer `/$batch` ("Combine multiple HTTP requests using JSON batching"): up to twenty calls in one.

The answers are in another order than the calls, because Graph promises no order.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, json_object
from bot.sandbox.entra.odata.paths import query_of, segments_of

_MAX_REQUESTS = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inner:
    id: str
    call: Call
    depends_on: tuple[str, ...]


def run_batch(call: Call, send: Callable[[str, Call], Answer]) -> Answer:
    """Run each inner call through `send`, with its id, and return their answers.

    The outer status does not depend on the inner ones. An inner call without its own `Authorization` header uses the
    outer one. A call that depends on a failed call is answered with 424.

    :raises Refusal: 400 for the whole batch: too many calls, bad ids, unknown dependencies, or a body without a content
        type.
    """
    rows = json_object(call).get("requests")
    if not isinstance(rows, list) or not rows:
        raise _bad("Invalid batch payload format.")
    if len(rows) > _MAX_REQUESTS:
        raise _bad(f"Number of batch request steps exceeds the maximum value of {_MAX_REQUESTS}.")
    inner = [_parse_inner_request(row, call) for row in rows]
    _require_valid_ids(inner)
    statuses: dict[str, int] = {}
    answers = []
    for step in inner:
        failed = [name for name in step.depends_on if statuses[name] >= 400]
        answer = _failed_dependency() if failed else send(step.id, step.call)
        statuses[step.id] = answer.status
        answers.append(_response(step.id, answer))
    return Answer(status=200, body={"responses": answers[::-1]})


def _parse_inner_request(row: Any, outer: Call) -> _Inner:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row["id"]:
        raise _bad("Invalid batch payload format: every request needs an id.")
    name, method, url = row["id"], row.get("method"), row.get("url")
    if not isinstance(method, str) or method.upper() not in _METHODS or not isinstance(url, str):
        raise _bad(f"Invalid batch payload format: request '{name}' needs a method and a url.")
    headers = row.get("headers") or {}
    depends_on = row.get("dependsOn") or []
    if not _all_texts(headers, dict) or not _all_texts(depends_on, list):
        raise _bad(f"Invalid batch payload format: headers or dependsOn of request '{name}'.")
    lowered = {key.lower(): value for key, value in headers.items()}
    body = row.get("body")
    if body is not None and "content-type" not in lowered:
        raise _bad(f"Write request id : {name} does not contain Content-Type header or body.")
    try:
        parts = urlsplit(url if url.startswith("/") else f"/{url}")
    except ValueError as exc:
        raise _bad(f"Invalid batch payload format: url of request '{name}'.") from exc
    inherited = {key: outer.headers[key] for key in ("authorization",) if key in outer.headers}
    return _Inner(
        id=name,
        depends_on=tuple(depends_on),
        call=Call(
            method=method.upper(),
            segments=segments_of(parts.path),
            query=query_of(parts.query),
            headers={**inherited, **lowered},
            content=b"" if body is None else json.dumps(body).encode(),
            base=outer.base,
            path=parts.path,
        ),
    )


def _all_texts(value: Any, kind: type[Any]) -> bool:
    if not isinstance(value, kind):
        return False
    items = list(value.values()) if isinstance(value, dict) else value
    return all(isinstance(item, str) for item in items)


def _require_valid_ids(inner: list[_Inner]) -> None:
    seen: set[str] = set()
    for step in inner:
        if step.id in seen:
            raise _bad(f"Request id '{step.id}' is not unique.")
        if not set(step.depends_on) <= seen:
            raise _bad(f"Request '{step.id}' depends on a request that does not come before it.")
        seen.add(step.id)


def _failed_dependency() -> Answer:
    error = {"code": "FailedDependency", "message": "A request this one depends on failed."}
    return Answer(status=424, body={"error": error})


def _response(name: str, answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "status": answer.status, "headers": dict(answer.headers)}
    if answer.body is not None:
        row["headers"].setdefault("Content-Type", "application/json")
        row["body"] = answer.body
    return row


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)
