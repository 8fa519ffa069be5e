"""Read records, audit entries and effects from their rows. An unreadable one never hides the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from workflows.core.errors.facts import Facts
from workflows.ports.audit_log import AuditEntry
from workflows.ports.effects_queue import GivenUpEffect
from workflows.store.codec import DETAILS, EFFECT, FREEZE, load, load_shared, stored_facts

Result = TypeVar("Result")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUpRow:
    """An effect that was given up, and why."""

    id: int
    lane: str
    error: Facts


def readable(adapter: TypeAdapter[Result], rows: list[dict[str, Any]], *, are_remembered: bool = False) -> list[Result]:
    """Read records for a list.

    An unreadable record is logged and left out, so that it does not hide the others.

    :param are_remembered: whether the records are remembered for the next reading; see `load_shared`.
    """
    found = []
    parse = load_shared if are_remembered else load
    for row in rows:
        try:
            found.append(parse(adapter, row["doc"]))
        except ValidationError:
            _log.error("record_unreadable", id=row["id"])
    return found


def entry_of_row(row: Mapping[str, Any]) -> AuditEntry:
    """Return an audit entry from the columns of `FIELDS`."""
    values = dict(row)
    values["at"] = datetime.fromisoformat(row["at"])
    try:
        values["details"] = load(DETAILS, row["details"])
    except ValidationError:
        # It must not hide the other entries, and not look like one without details.
        _log.error("audit_entry_unreadable", key=row["key"])
        values |= {"details": {}, "is_readable": False}
    return AuditEntry(**values)


def given_up(row: dict[str, Any]) -> GivenUpEffect:
    try:
        effect = load(EFFECT, row["doc"])
    except ValidationError:
        effect = None
    return GivenUpEffect(id=row["id"], lane=row["lane"], error=stored_facts(row["error"]), effect=effect)


def is_stored_as_frozen(doc: str) -> bool:
    """Return whether a stored record says that it is frozen; True for one that cannot be read."""
    try:
        return load(FREEZE, doc).is_frozen
    except ValidationError:
        return True
