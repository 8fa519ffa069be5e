"""Look at a request as it leaves: its address below the service, and its body as JSON with different names."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import httpx

_OVERRIDES = "x-http-method"
"""The start of the headers by which some services take another method than the one of the request."""


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

        :raises RequestNotAllowed: when it goes elsewhere, or a header names another method.
        """
        address = (request.url.scheme, request.url.host, request.url.port)
        whole, _, query = request.url.raw_path.decode("ascii").partition("?")
        is_service = address == (self._url.scheme, self._url.host, self._url.port)
        if not is_service or not whole.startswith(f"{self._prefix}/"):
            raise RequestNotAllowed(f"{request.method} {request.url.host}{whole} is not at {self._root}")
        if any(name.startswith(_OVERRIDES) for name in request.headers):
            raise RequestNotAllowed(f"{request.method} {whole} names another method in a header")
        return Outgoing(whole.removeprefix(self._prefix), query)


def parsed(content: bytes) -> Any:
    """Return a body as JSON; None when it is none.

    A body in which an object has a name twice counts as none: readers disagree about which one counts.
    """
    try:
        return json.loads(content, object_pairs_hook=_object_of_different_names)
    except (ValueError, RecursionError):
        return None


def batch_rows(content: bytes, most: int) -> Sequence[dict[str, Any]] | None:
    """Return the requests of a `$batch`; None when it is not one with one to `most` requests and nothing else."""
    body = parsed(content)
    rows = body.get("requests") if isinstance(body, dict) and set(body) == {"requests"} else None
    if not isinstance(rows, list) or not 0 < len(rows) <= most or not all(isinstance(row, dict) for row in rows):
        return None
    return rows


def _object_of_different_names(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)
