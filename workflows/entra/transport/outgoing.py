"""Look at a request as it leaves: its address below the service, and its body as JSON with different names."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import httpx

_OVERRIDES: Final = ("x-http-method", "x-method", "x-original-url", "x-rewrite-url")
"""The starts of the headers by which some services take another method or address than those of the request."""
_CODINGS: Final = ("content-encoding", "transfer-encoding")
"""The headers by which a body means something other than its bytes."""
_JSON: Final = re.compile(r"application/json(?:\s*;\s*charset=utf-8)?", re.IGNORECASE)
_ESCAPED: Final = re.compile(rb"\\u00[2-7][0-9A-Fa-f]")
"""An escape of a character that needs none. No writer of JSON makes it, so a name with it is a disguise."""


class RequestNotAllowed(Exception):
    """This request must not be sent. Nothing was sent."""


class Outgoing(NamedTuple):
    """What a request asks of the service."""

    path: str
    """The path below the root of the service, as it is sent."""
    query: str


class Service:
    """The service to which requests may go."""

    def __init__(self, root: str) -> None:
        """Create it.

        :param root: the address of the service, without a slash at its end.
        """
        self._root = root
        self._url = httpx.URL(root)
        self._prefix = self._url.raw_path.decode("ascii").rstrip("/")

    def outgoing(self, request: httpx.Request) -> Outgoing:
        """Return what a request asks of the service.

        :raises RequestNotAllowed: when it goes elsewhere, or a header gives it another meaning than it has here.
        """
        address = (request.url.scheme, request.url.host, request.url.port)
        whole, _, query = request.url.raw_path.decode("ascii").partition("?")
        is_service = address == (self._url.scheme, self._url.host, self._url.port) and not request.url.userinfo
        is_named = request.headers.get_list("host") in ([], [request.url.netloc.decode("ascii")])
        if not is_service or not is_named or not whole.startswith(f"{self._prefix}/"):
            raise RequestNotAllowed(f"{request.method} {request.url.host}{whole} is not at {self._root}")
        if any(name.startswith(_OVERRIDES) for name in request.headers):
            raise RequestNotAllowed(f"{request.method} {whole} names another method or address in a header")
        kinds = request.headers.get_list("content-type")
        if any(name in request.headers for name in _CODINGS) or len(kinds) > 1 or not all(map(is_json_type, kinds)):
            raise RequestNotAllowed(f"{request.method} {whole}: the body is not plain JSON")
        return Outgoing(whole.removeprefix(self._prefix), query)


def is_json_type(kind: object) -> bool:
    """Return whether a content type says JSON in UTF-8, and nothing else."""
    return isinstance(kind, str) and _JSON.fullmatch(kind) is not None


def parsed(content: bytes) -> Any:
    """Return a body as JSON; None when it is none.

    These count as none, because readers disagree about what they say: a body in which an object has a name twice, an
    encoding other than UTF-8, a byte order mark, a character that is escaped without need, and NaN.
    """
    if _ESCAPED.search(content):
        return None
    try:
        text = content.decode()
        return json.loads(text, object_pairs_hook=_object_of_different_names, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def batch_rows(content: bytes, most: int) -> Sequence[dict[str, Any]] | None:
    """Return the requests of a `$batch`; None when it is not one with one to `most` requests and nothing else.

    Each has an id of its own.
    """
    body = parsed(content)
    rows = body.get("requests") if isinstance(body, dict) and set(body) == {"requests"} else None
    if not isinstance(rows, list) or not 0 < len(rows) <= most or not all(isinstance(row, dict) for row in rows):
        return None
    ids = [row.get("id") for row in rows]
    if not all(isinstance(one, str) for one in ids) or len({one.lower() for one in ids}) < len(ids):
        return None
    return rows


def is_relative(url: object) -> bool:
    """Return whether an address in a `$batch` is below the root of the service, and is no other `$batch`."""
    if not isinstance(url, str) or not url.startswith("/"):
        return False
    segments = [unquote(one).lower() for one in url.partition("?")[0].split("/")[1:]]
    return "\\" not in url and not any(one in ("", ".", "..", "$batch") for one in segments)


def header_names(headers: object) -> frozenset[str] | None:
    """Return the names of a request's headers in a `$batch`; None unless each is there once, with a text as its value.

    Its content type, if any, is JSON.
    """
    if not isinstance(headers, Mapping):
        return None
    named = {str(name).lower(): value for name, value in headers.items()}
    is_plain = len(named) == len(headers) and all(isinstance(value, str) for value in named.values())
    return frozenset(named) if is_plain and is_json_type(named.get("content-type", "application/json")) else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _object_of_different_names(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)
