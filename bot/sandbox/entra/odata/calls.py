"""A call to Graph, its answer, and refusals in Microsoft's error format. Independent of HTTP libraries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as the handlers receive it; a request inside a `$batch` has the same form."""

    method: str
    segments: tuple[str, ...]
    """The path below `/v1.0`, split at `/` and then decoded, so that an encoded slash stays inside its segment."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    content: bytes = b""
    base: str
    """The address of `/v1.0` as the caller wrote it; links in answers begin with it."""
    path: str
    """The path below `/v1.0` as the caller wrote it, for `@odata.nextLink`."""
    app_id: str = ""
    """The id of the calling application, from its token."""
    permissions: frozenset[str] = frozenset()
    """The application permissions of the calling application."""
    params: Mapping[str, str] = field(default_factory=dict)
    """The values for the names in braces of the path template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, JSON body (None: no body), and additional headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error answer of Graph. `details` are the `{code, message, target}` rows of the error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}


def bad_request(message: str) -> Refusal:
    """Return a 400 in the format of the directory."""
    return Refusal(400, "Request_BadRequest", message)


def not_found(identifier: str) -> Refusal:
    """Return the directory's generic 404."""
    message = (
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present."
    )
    return Refusal(404, "Request_ResourceNotFound", message)


def json_object(call: Call) -> dict[str, Any]:
    """Parse the body, which must be a JSON object with a JSON content type.

    :raises Refusal: 400 when the body is not one JSON object: no body, another content type, bad UTF-8, bad JSON, NaN,
        too many levels.
    """
    if not call.content:
        raise Refusal(400, "BadRequest", "Empty Payload. JSON content expected.")
    media_type = call.headers.get("content-type", "").split(";")[0].strip().lower()
    unreadable = Refusal(
        400,
        "BadRequest",
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
        "format.",
    )
    if media_type != "application/json":
        raise unreadable
    try:
        parsed = json.loads(call.content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise unreadable from exc
    if not isinstance(parsed, dict):
        raise unreadable
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
