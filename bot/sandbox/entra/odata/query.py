"""Apply OData query options: which ones a path accepts, $select, $top, $count, and pages."""

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.sandbox.entra.odata.calls import Call, Refusal, bad_request

ENTITY_OPTIONS = frozenset({"$select", "$expand", "$format"})
COLLECTION_OPTIONS = frozenset({"$select", "$top", "$count", "$skiptoken", "$format"})


def require_options(call: Call, allowed: Collection[str]) -> None:
    """Refuse system query options that this path does not accept; options without `$` are allowed, as in OData.

    :raises Refusal: 400.
    """
    for name in call.query:
        if name.startswith("$") and name not in allowed:
            raise Refusal(400, "Request_UnsupportedQuery", f"Query option '{name}' is not supported here.")


def names_in_select(call: Call, type_name: str, declared: Collection[str]) -> tuple[str, ...]:
    """Return the names in `$select`; empty when there is none.

    :raises Refusal: 400 for a name that the type does not have.
    """
    names = tuple(name.strip() for name in call.query.get("$select", "").split(",") if name.strip())
    for name in names:
        if name != "*" and name not in declared:
            raise Refusal(
                400, "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
            )
    return () if "*" in names else names


def names_in_expand(call: Call, type_name: str, navigations: Collection[str]) -> tuple[str, ...]:
    """Return the names in `$expand`.

    :raises Refusal: 400 for a name that is not one of `navigations`.
    """
    names = tuple(name.strip() for name in call.query.get("$expand", "").split(",") if name.strip())
    for name in names:
        if name not in navigations:
            raise Refusal(
                400,
                "BadRequest",
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'microsoft.graph.{type_name}'.",
            )
    return names


def only_properties(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return only the properties `names` of `row`; one that is not stored is null."""
    return {name: row.get(name) for name in names}


def entity(call: Call, context: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one object with its `@odata.context`."""
    return {"@odata.context": f"{call.base}/$metadata#{context}", **row}


def page(
    call: Call,
    context: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    size: int,
    largest: int = 999,
    empty_first: bool = False,
) -> dict[str, Any]:
    """Return one page of `rows`: `value`, `@odata.count` when requested, and `@odata.nextLink` unless it is the last.

    :param size: the server's page size; `$top` can only make it smaller.
    :param empty_first: return an empty first page with a next link, as real collections sometimes do.
    :raises Refusal: 400 for a `$top` outside 1..largest, a bad `$count`, or an unknown `$skiptoken`.
    """
    top = _top(call, largest)
    limit = size if top is None else min(top, size)
    start = _offset(call)
    if start is None:
        start, stop = 0, 0 if empty_first and rows else limit
    else:
        stop = start + limit
    body: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#{context}"}
    if _flag(call, "$count"):
        body["@odata.count"] = len(rows)
    if stop < len(rows):
        body["@odata.nextLink"] = _next_link(call, stop)
    body["value"] = [dict(row) for row in rows[start:stop]]
    return body


def is_advanced(call: Call) -> bool:
    """Return whether the call is an advanced query: eventual consistency, and a count."""
    return call.headers.get("consistencylevel", "").lower() == "eventual" and _flag(call, "$count")


def _top(call: Call, largest: int) -> int | None:
    text = call.query.get("$top")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refusal(400, "BadRequest", f"Invalid value '{text}' for $top query option found.")
    if not 1 <= int(text) <= largest:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {largest} inclusive.")
    return int(text)


def _flag(call: Call, name: str) -> bool:
    value = call.query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refusal(400, "BadRequest", f"Invalid value '{value}' for {name} query option found.")
    return value == "true"


def _offset(call: Call) -> int | None:
    token = call.query.get("$skiptoken")
    if token is None:
        return None
    try:
        start = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))["from"]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as exc:
        raise Refusal(400, "Directory_ExpiredPageToken", "The specified page token value is invalid.") from exc
    if not isinstance(start, int) or not 0 <= start < 2**31:
        raise Refusal(400, "Directory_ExpiredPageToken", "The specified page token value is invalid.")
    return start


def _next_link(call: Call, start: int) -> str:
    token = base64.urlsafe_b64encode(json.dumps({"from": start}).encode()).decode()
    options = {**call.query, "$skiptoken": token}
    text = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options.items())
    return f"{call.base}{call.path}?{text}"
