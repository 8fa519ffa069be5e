"""Read records, audit entries and effects from their rows. An unreadable one never hides the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from workflows.core.audit.chain import CLICKS, Record
from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest
from workflows.ports.audit_log import AuditEntry, RestsOn
from workflows.ports.effects_queue import GivenUpEffect
from workflows.store.codec import BATCH, DETAILS, EFFECT, FREEZE, REQUEST, load, load_shared, stored_facts
from workflows.store.common.rows import FREEZE_ID

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

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


def problems_of(
    proofs: "RecordProofs",
    about: RestsOn,
    text_of_record: Callable[[Record], str | None],
    absences: Iterable[str],
    *,
    is_received: bool,
) -> "Iterator[ChainProblem]":
    """List why what something rests on is not as signed entries say.

    :param text_of_record: returns the stored text of a record.
    :param absences: the ids of all absences.
    :param is_received: whether the click that it rests on was received, and not checked yet; True without one.
    """
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode  # a start does not wait for it

    if about.needs_whole_log and (broken := proofs.first_broken) is not None:
        yield ChainProblem(ChainProblemCode.EDITED, broken)
    records = [Record("freezes", FREEZE_ID)]
    records += [Record("requests", about.request_id)] if about.request_id else []
    records += [Record("partnerships", about.tenant_id)] if about.tenant_id else []
    records += [Record("batches", about.batch_id)] if about.batch_id else []
    records += [Record("absences", one) for one in absences]
    for record in records:
        text = text_of_record(record)
        if (problem := proofs.problem_of(record, text)) is not None:
            yield problem
        elif about.request is not None and record.table == "requests" and not _is_same_plan(about.request, text):
            yield ChainProblem(ChainProblemCode.RECORD_CHANGED, proofs.last.seq, record=" ".join(record))
    if about.click is not None and not is_received:
        yield ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record=f"{CLICKS} {about.click.key}")


def is_pending_click(proofs: "RecordProofs", click: CheckPermission, docs: Iterable[str]) -> bool:
    """Return whether one of the stored effects is this click, as an entry names it."""
    try:
        return any(load(EFFECT, doc) == click and proofs.is_pending_click(click.key, doc) for doc in docs)
    except ValidationError:
        return False


def _is_same_plan(request: AccessRequest, text: str | None) -> bool:
    """Return whether a request that was read before has the plan of the stored one: both are read from the store."""
    stored = None if text is None else load_shared(REQUEST, text)
    return (
        stored is not None
        and stored.prepared is not None
        and request.prepared is not None
        and stored.plan == request.plan
    )


def is_open_record(record: Record, text: str | None) -> bool:
    """Return whether a record is a request or a batch that is not over, or cannot be read."""
    if text is None or record.table not in ("requests", "batches"):
        return False
    try:
        return not load(REQUEST, text).is_terminal if record.table == "requests" else not load(BATCH, text).has_ended
    except ValidationError:
        return True
