"""Refuse every request of the bot's application that is neither a read nor an allowed write, as the last step.

It looks at what leaves, not at what was meant: method, address, query, headers and the bytes of the body. Writes that
share a `$batch` are looked at one by one, by the same rule as a single write (`addresses.require_writable`). A write
also needs a token of our own tenant.
"""

from collections.abc import Callable
from typing import Any, Final

import httpx

from workflows.core.settings.model import TenantId
from workflows.entra.addresses import require_writable
from workflows.entra.transport.batch import BATCH_PATH
from workflows.entra.transport.claims import require_own_token
from workflows.entra.transport.outgoing import (
    RequestNotAllowed,
    Service,
    batch_rows,
    header_names,
    is_relative,
    parsed,
)

_QUESTIONS: Final = frozenset({"/identity/conditionalAccess/evaluate"})
"""What is sent by POST and changes nothing."""
_MOST: Final = 20
_ROW_NAMES: Final = frozenset({"id", "method", "url", "headers", "body"})
_READ_HEADERS: Final = frozenset({"accept", "client-request-id", "consistencylevel", "content-type", "prefer"})
_ROW_HEADERS: Final = frozenset({"content-type", "client-request-id"})


def write_guard(root: str, expected: TenantId | None = None) -> Callable[[httpx.Request], bool]:
    """Return the check of each request, which returns whether it is a write.

    :param root: the address of the service, without a slash at its end.
    :param expected: the configured tenant; None: a token of every tenant is accepted.
    """
    service = Service(root)

    def check(request: httpx.Request) -> bool:
        path, query = service.outgoing(request)
        if request.method == "GET" and not request.content:
            return False
        if query or b"?" in request.url.raw_path:
            raise RequestNotAllowed(f"{request.method} {path} is a write with a query")
        if request.method == "POST" and path in _QUESTIONS:
            return False
        if request.method == "POST" and path == BATCH_PATH:
            is_write = _check_batch(request.content)
        else:
            _check_write(request.method, path, parsed(request.content))
            is_write = True
        if is_write:
            require_own_token(request, expected)
        return is_write

    return check


def _check_batch(content: bytes) -> bool:
    """Check each part of a batch. Returns whether one of them is a write."""
    is_written = False
    rows = batch_rows(content, _MOST)
    if rows is None:
        raise RequestNotAllowed("a batch has another form")
    for row in rows:
        names = header_names(row.get("headers") or {})
        if row.get("method") == "GET" and row.get("body") is None:
            members = {name for name, value in row.items() if value is not None}
            if not members <= _ROW_NAMES or names is None or not names <= _READ_HEADERS:
                raise RequestNotAllowed("a read in a batch has other members or headers")
            if not is_relative(row.get("url")):
                raise RequestNotAllowed("a read in a batch is not at this service")
        elif set(row) != _ROW_NAMES or names is None or not {"content-type"} <= names <= _ROW_HEADERS:
            raise RequestNotAllowed("a write in a batch has other members or headers")
        else:
            _check_write(row["method"], row["url"], row["body"])
            is_written = True
    return is_written


def _check_write(method: Any, path: Any, body: Any) -> None:
    try:
        require_writable(str(method), str(path), body)
    except ValueError as error:
        raise RequestNotAllowed(str(error)) from error
