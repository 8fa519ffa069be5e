"""Read records, audit entries and effects from their rows. An unreadable one never hides the others."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from workflows.core.audit.chain import CLICKS, Record, digest_of
from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest
from workflows.ports.audit_log import AuditEntry, RestsOn
from workflows.ports.effects_queue import GivenUpEffect
from workflows.store.codec import BATCH, DETAILS, DRIFT, EFFECT, FREEZE, REQUEST, load, load_shared, stored_facts
from workflows.store.common.rows import FREEZE_ID

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

FREEZE_RECORD: Final = Record("freezes", FREEZE_ID)
"""What names the one record of the freeze in entries."""
_PERSON: Final = re.compile(r'\{"id":("(?:[^"\\]|\\.)+"),"chat_id":("(?:[^"\\]|\\.)*"),"name":')
"""A person in a stored document."""
Result = TypeVar("Result")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server of records says about itself and about a connection to it."""

    version: str
    is_encrypted: bool
    is_on_this_machine: bool
    connections: int
    """How many are in use, of all programs."""
    max_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingWork:
    """The effects that are not performed yet, without those that were given up."""

    count: int
    due_since: datetime | None
    """Since when the one is due that has been due the longest; None when none is due."""


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


def people_in(documents: Iterable[str]) -> set[tuple[str, str]]:
    """Return the chat id and the account of each person whom documents name."""
    found = {match.groups() for doc in documents for match in _PERSON.finditer(doc)}
    return {(json.loads(chat_id), json.loads(account)) for account, chat_id in found}


def problems_of(
    proofs: "RecordProofs",
    about: RestsOn,
    text_of_record: Callable[[Record], str | None],
    absences: Callable[[], Iterable[str]],
    is_received: Callable[[CheckPermission], bool],
) -> "Iterator[ChainProblem]":
    """List why what something rests on is not as signed entries say.

    :param text_of_record: returns the stored text of a record.
    :param absences: returns the ids of all absences, as entries have them.
    :param is_received: returns whether a click was received, and has no result yet.
    """
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode  # a start does not wait for it

    broken = proofs.first_broken
    if about.whole_log and broken is not None:
        yield broken
    for record in _records_of(about, absences):
        text = text_of_record(record)
        if (problem := proofs.problem_of(record, text)) is not None:
            yield problem
        elif _is_other(record, text, proofs, about):
            yield ChainProblem(ChainProblemCode.RECORD_CHANGED, proofs.last.seq, record=" ".join(record))
    if about.click is not None and not is_received(about.click):
        is_cut = broken is not None and broken.code is ChainProblemCode.TAIL_CUT  # its entry may be one of those
        added = ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record=record_of_click(about.click))
        yield broken if broken is not None and is_cut else added


def _records_of(about: RestsOn, absences: Callable[[], Iterable[str]]) -> Iterator[Record]:
    """Return the records that something rests on."""
    ids = {
        "freezes": FREEZE_ID if about.freeze else "",
        "requests": about.request_id,
        "partnerships": about.tenant_id,
        "batches": about.batch_id,
        "drifts": about.drift,
    }
    yield from (Record(table, identity) for table, identity in ids.items() if identity)
    if about.absences:
        yield from (Record("absences", one) for one in absences())


def _is_other(record: Record, text: str | None, proofs: "RecordProofs", about: RestsOn) -> bool:
    """Return whether a record, which Gatehouse stored, is not the one that something rests on."""
    if record.table == "requests":
        return about.request is not None and not _is_same_plan(about.request, text)
    return about.freeze_end and record == FREEZE_RECORD and not proofs.is_by_click(record, digest_of(record, text))


def record_of_click(click: CheckPermission) -> str:
    """Return what names a click in a problem."""
    return f"{CLICKS} {click.key}"


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
    """Return whether a record has approvals or acceptances that still count, or cannot be read."""
    if text is None or record.table not in ("requests", "batches", "drifts"):
        return False
    try:
        match record.table:
            case "requests":
                return not load(REQUEST, text).is_terminal
            case "batches":
                return not load(BATCH, text).has_ended
            case _:
                return bool(load(DRIFT, text).acceptances)
    except ValidationError:
        return True
