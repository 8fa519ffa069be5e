"""Refuse every request of the application for guest accounts that is not on its list, as the last step before sending.

The list: reads of accounts, of directory roles and of the members of groups, and `accountEnabled` of single accounts.
It looks at what leaves, not at what was meant: method, address, query and the bytes of the body.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import httpx

from workflows.core.settings.model import TenantId
from workflows.entra.transport.batch import BATCH_PATH
from workflows.entra.transport.claims import require_own_token
from workflows.entra.transport.outgoing import RequestNotAllowed, Service, batch_rows
from workflows.ports.guest_accounts import MAX_WRITES

_GUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_READ: Final = re.compile(
    rf"/organization|/users/{_GUID}|/groups/{_GUID}/transitiveMembers|/roleManagement/directory/"
    "(?:roleAssignments|roleAssignmentScheduleInstances|roleDefinitions|roleEligibilitySchedules)"
)
_WRITTEN: Final = re.compile(rf"/users/{_GUID}")
_READ_NAMES: Final = frozenset({"id", "method", "url", "headers"})
_WRITE_NAMES: Final = frozenset({"id", "method", "url", "headers", "body"})
_WRITE_HEADERS: Final = {"Content-Type": "application/json"}


def request_guard(root: str, expected: TenantId | None = None) -> Callable[[httpx.Request], bool]:
    """Return the check of each request, which returns whether it is a write.

    :param root: the address of the service, without a slash at its end.
    :param expected: the configured tenant, whose token a write needs; None: a token of every tenant is accepted.
    """
    service = Service(root)

    def check(request: httpx.Request) -> bool:
        path, query = service.outgoing(request)
        if request.method == "GET" and not request.content and _READ.fullmatch(path):
            return False
        is_batch = request.method == "POST" and path == BATCH_PATH and not query
        rows = batch_rows(request.content, MAX_WRITES) if is_batch else None
        if rows is not None and all(map(_is_read, rows)):
            return False
        if rows is None or not _are_writes(rows):
            raise RequestNotAllowed(f"{request.method} {path} is not what the application for guest accounts may send")
        require_own_token(request, expected)
        return True

    return check


def _is_read(row: Mapping[str, Any]) -> bool:
    url = row.get("url")
    named = {name for name, value in row.items() if value is not None}
    is_on_list = isinstance(url, str) and _READ.fullmatch(url.partition("?")[0]) is not None
    return row.get("method") == "GET" and named <= _READ_NAMES and is_on_list


def _are_writes(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether these are writes of `accountEnabled`, with one value, to different accounts."""
    bodies = [row.get("body") for row in rows]
    value = bodies[0].get("accountEnabled") if isinstance(bodies[0], dict) else None
    return (
        isinstance(value, bool)
        and all(body == {"accountEnabled": value} for body in bodies)
        and all(type(body["accountEnabled"]) is bool for body in bodies if body is not None)
        and all(set(row) == _WRITE_NAMES and row["method"] == "PATCH" for row in rows)
        and all(row["headers"] == _WRITE_HEADERS for row in rows)
        and all(isinstance(row["url"], str) and _WRITTEN.fullmatch(row["url"]) for row in rows)
        and len({row["url"] for row in rows}) == len(rows)
    )
