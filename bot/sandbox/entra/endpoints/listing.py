"""Answer a GET of a collection: filter, select, page, in that order."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.odata.filters import Filterable, parse_filter
from bot.sandbox.entra.odata.query import (
    COLLECTION_OPTIONS,
    is_advanced,
    names_in_select,
    only_properties,
    page,
    require_options,
)
from bot.sandbox.entra.tenant.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How one collection is answered."""

    context: str
    """The text after `$metadata#`."""
    type_name: str
    selectable: Collection[str] | None = None
    """The names that `$select` accepts; None: every property of the objects."""
    by_default: tuple[str, ...] = ()
    """The names returned without `$select`; empty: all."""
    filterable: Filterable | None = None
    largest_page: int = 999
    hidden: frozenset[str] = frozenset()
    """Names that are stored with an object but are not its properties."""
    expandable: frozenset[str] = frozenset()
    """The names that `$expand` accepts. Who makes the rows expands them."""
    searchable: frozenset[str] = frozenset()
    """The names in which `$search` looks for words. It needs eventual consistency (Graph: "Use the $search query
    parameter")."""
    odata_type: str = ""
    """The type that each object states, in a collection of several types; otherwise empty."""


def page_answer(tenant: Tenant, call: Call, rows: Iterable[Mapping[str, Any]], listing: Listing) -> Answer:
    """Return one page of `rows`.

    :raises Refusal: 400 for an option, property or filter that this collection does not accept.
    """
    options = set(COLLECTION_OPTIONS)
    if listing.filterable is not None:
        options.add("$filter")
    if listing.expandable:
        options.add("$expand")
    if listing.searchable:
        options.add("$search")
    require_options(call, options)
    matching_rows = list(rows)
    names = names_in_select(
        call,
        listing.type_name,
        listing.selectable if listing.selectable is not None else _all_names(matching_rows, listing, call),
    )
    clause = call.query.get("$filter")
    if clause is not None and listing.filterable is not None:
        matches = parse_filter(clause, listing.filterable, advanced=is_advanced(call))
        matching_rows = [row for row in matching_rows if matches(row)]
    if "$search" in call.query:
        matching_rows = [row for row in matching_rows if _is_found(row, call, listing)]
    context = f"{listing.context}({','.join(names)})" if names else listing.context
    page_rows = [shown_row(row, names, listing) for row in matching_rows]
    body = page(
        call,
        context,
        page_rows,
        size=min(int(tenant.objects["pageSize"]), listing.largest_page),
        largest=listing.largest_page,
        empty_first=bool(tenant.objects["emptyPages"]),
    )
    return Answer(status=200, body=body)


def shown_row(row: Mapping[str, Any], names: tuple[str, ...], listing: Listing) -> dict[str, Any]:
    """Return the properties of `row` that the caller receives."""
    chosen = names or listing.by_default
    entity = only_properties(row, chosen) if chosen else {name: row[name] for name in row if name not in listing.hidden}
    return {"@odata.type": listing.odata_type, **entity} if listing.odata_type else entity


_SEARCHED = re.compile(r'"(?P<name>\w+):(?P<word>[^"]+)"')


def _is_found(row: Mapping[str, Any], call: Call, listing: Listing) -> bool:
    """Return whether one of the searched words begins a word of the row.

    :raises Refusal: 400 without eventual consistency, for another form, or for a property that cannot be searched.
    """
    parts = [_SEARCHED.fullmatch(part) for part in call.query["$search"].split(" OR ")]
    if call.headers.get("consistencylevel", "").lower() != "eventual":
        raise Refusal(400, "Request_UnsupportedQuery", "Request with $search requires the ConsistencyLevel header.")
    if not all(part is not None and part["name"] in listing.searchable for part in parts):
        raise Refusal(400, "Request_BadRequest", "Unrecognized search clause.")
    return any(
        word.startswith(part["word"].lower())
        for part in parts
        if part is not None
        for word in re.split(r"\W+", str(row.get(part["name"]) or "").lower())
    )


def _all_names(rows: Iterable[Mapping[str, Any]], listing: Listing, call: Call) -> set[str]:
    """Return the names that the objects have. Without any object, every name is accepted: none can be checked."""
    names = {name for row in rows for name in row}
    return (names or {name.strip() for name in call.query.get("$select", "").split(",")}) - listing.hidden
