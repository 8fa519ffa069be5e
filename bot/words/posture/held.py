"""Sentences about what older records lack: the report after a held start, for Slack and the terminal. A boundary."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.words.requests.states import STATE_WORDS
from bot.words.sentences import minute
from workflows.core.posture.concern_codes import ConcernCode as C

_SHOWN: Final = 5
"""The most rows of a list; the number of the others is said."""
_DIFFERENCES: Final[Mapping[str, str]] = {
    C.UNKNOWN_TO_GATEHOUSE: "in the tenant, not in the records",
    C.UNFINISHED: "in the tenant, not applied in the records",
    C.DIFFERS_FROM_APPROVED: "not as approved in the records",
    C.ABSENT: "in the records, not in the tenant",
    C.REVOKED_BUT_ABSENT: "blocked in the records, not in the tenant",
    C.REVOKED_BUT_OPEN: "blocked in the records, open in the tenant",
    C.REVOKED_NOT_EXPLICIT: "blocked in the records, without an explicit block in the tenant",
    C.REVOKED_NOT_KNOWN: "blocked in the records, not known in the tenant",
    C.RECORD_UNREADABLE: "its record cannot be read",
}


def held_report_lines(values: Mapping[str, Any]) -> list[str]:
    """Return the report, one sentence for each list; may contain text from outside.

    :param values: see `HeldReport.as_values`, and `last_ran_at`.
    """
    ended = str(values.get("last_ran_at") or "")
    until = f"The records end on {minute(ended)}." if ended else "The records do not say when they end."
    differences = _listed(
        values["differences"],
        "Partners not as the records say: {count} ({rows}).",
        "Every partner is as the records say.",
        "The tenant could not be read: compare it with gatehouse posture.",
        _difference,
    )
    changes = _listed(
        values["changes"],
        "Changed in Entra since then: {count} ({rows}).",
        "Entra's audit log has no change since then.",
        "Entra's audit log was not read: look there for changes since then.",
        _change,
    )
    requests = _listed(
        values["requests"],
        "Requests that are void with the release: {count} ({rows}).",
        "No open request is older.",
        "",
        _request,
    )
    return [until, differences, changes, requests]


def _listed(
    found: Mapping[str, Any] | None, some: str, none: str, unread: str, words: Callable[[Mapping[str, Any]], str]
) -> str:
    if found is None:
        return unread
    if not found["count"]:
        return none
    rows: Sequence[Mapping[str, Any]] = found["rows"][:_SHOWN]
    named = "; ".join(map(words, rows))
    more = int(found["count"]) - len(rows)
    return some.format(count=found["count"], rows=f"{named}; and {more} more" if more else named)


def _difference(row: Mapping[str, Any]) -> str:
    return f"{row['partner']}: {_DIFFERENCES[row['code']]}"


def _change(row: Mapping[str, Any]) -> str:
    who = "Gatehouse" if row["is_ours"] else row["by"] or "somebody"
    return f"{row['partner'] or 'the default'} by {who}, {minute(row['at'])}"


def _request(row: Mapping[str, Any]) -> str:
    return f"{row['partner']}, {STATE_WORDS[row['state']]}, {row['id']}"
