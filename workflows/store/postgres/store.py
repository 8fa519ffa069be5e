"""The complete store in PostgreSQL. Everything that a command changes is stored in one transaction.

It is long because everything that one transaction stores is written here.

See `locks` for the order in which locks are taken.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect, RemindPerson, ShowBatch, ShowRequest
from workflows.core.requests.request import CHANGE_OF_KIND, AccessRequest, RequestId
from workflows.core.requests.transitions.freezing import effects_of_freeze
from workflows.ports.audit_log import AuditKeys, PersonalData
from workflows.ports.clock import Clock
from workflows.ports.message_copies import CardNotCurrent
from workflows.ports.records import Commit, OtherOpenRequest, StaleVersion, StoreNotWritable, StoreTrouble
from workflows.store.codec import REQUEST
from workflows.store.common import rows
from workflows.store.common.reading import is_stored_as_frozen, people_in, readable
from workflows.store.common.records import (
    AbsenceRecords,
    BatchRecords,
    CampaignRecords,
    DeniedNoticeRecords,
    DueRecords,
    FreezeRecords,
    ProfileRecords,
)
from workflows.store.common.rows import asked_managers_text, text_of
from workflows.store.postgres.audit.audit_chain import storable
from workflows.store.postgres.audit.people import Naming
from workflows.store.postgres.audit.sealed_records import PostgresSealedRecords
from workflows.store.postgres.database import execute
from workflows.store.postgres.locks import FREEZE_LOCK, NAMED_LOCK, PEOPLE_LOCK, card_lock, entry_lock, only_open_lock
from workflows.store.postgres.message_copies import PostgresMessageCopies
from workflows.store.postgres.opening.schema import bring_to_this_version, require_this_version
from workflows.store.postgres.opening.server import Connected, Server
from workflows.store.postgres.opening.use_lock import UseLock
from workflows.store.postgres.records.history import PostgresHistory
from workflows.store.postgres.records.partners import PostgresPartners
from workflows.store.postgres.records.requests import ACCOUNT_KINDS, PostgresRequests
from workflows.store.postgres.records.usage import PostgresUsage
from workflows.store.postgres.rows import partnership_row, request_row, rewritten_columns
from workflows.store.redaction import RecordRedactor

_STATUS_READS: Final = 3
_STATUS_PAUSE_SECONDS: Final = 0.2

_log = structlog.get_logger()

_TableRow = tuple[str, rows.Row, bool]
"""The table of a record, its row, and whether it opens nothing, whatever was stored before it."""


class PostgresStore(
    PostgresRequests,
    PostgresPartners,
    PostgresHistory,
    PostgresUsage,
    PostgresSealedRecords,
    PostgresMessageCopies,
    FreezeRecords,
    BatchRecords,
    CampaignRecords,
    AbsenceRecords,
    ProfileRecords,
    DeniedNoticeRecords,
    DueRecords,
):
    """Implements `ports.store.Store`. Create it with `open_store`, and call `close` at the end."""

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; see `ports.records`."""
        written = _Written()
        try:
            outcome: bool | CardNotCurrent = await self._run_write(lambda one: self._commit(one, commit, written))
        except StoreNotWritable as error:
            if error.trouble is not StoreTrouble.AWAY or not await self._was_committed(written, commit.entry.key):
                raise
            outcome = True
        # NB. raised after the transaction, so that a card that was not known stays stored.
        if isinstance(outcome, CardNotCurrent):
            raise outcome
        return outcome

    @property
    def personal_data(self) -> PersonalData:
        """Return what finds and erases the texts of people; see `ports.audit_log`."""
        from workflows.store.postgres.audit.erasure import PostgresErasure  # a start does not wait for it

        return PostgresErasure(self, rewritten_columns(self._clean))

    async def _commit(self, connection: Connected, commit: Commit, written: "_Written") -> "bool | CardNotCurrent":
        written.number = None
        await self._lock_for(connection, commit)
        if commit.clicked_card is not None:
            card = await self._check_card(connection, commit.clicked_card)
            if not card.is_current:
                return CardNotCurrent(card.newest)
        known = await execute(connection, "select 1 from audit where key = ?", commit.entry.key)
        if await known.fetchone() is not None:
            return False
        written.number = await self._put_everything(connection, commit)
        return True

    async def _was_committed(self, written: "_Written", key: str) -> bool:
        """Return whether a transaction was committed whose connection was lost at its end.

        The server knows that by the number of the transaction. After a failover the same number may be that of another
        one, so the entry must be there too. Where it still is away, it is not known: then the caller
        is told that nothing was stored, and versions and keys keep a repetition from being stored twice.
        """
        if written.number is None:
            return False
        status, is_stored = "in progress", False
        for _ in range(_STATUS_READS):
            try:
                sql = """select pg_xact_status(?::xid8) as status,
                    exists (select 1 from audit where key = ?) as is_stored"""
                [row] = await self._query(sql, written.number, key)
                status, is_stored = str(row["status"]), bool(row["is_stored"])
            except (psycopg.Error, StoreNotWritable) as error:
                _log.warning("commit_not_known", reason=type(error).__name__)
            if status != "in progress":
                break
            await asyncio.sleep(_STATUS_PAUSE_SECONDS)
        return status == "committed" and is_stored

    async def _lock_for(self, connection: Connected, commit: Commit) -> None:
        """Take the advisory locks that a commit needs, until its transaction ends.

        NB. what they protect is read by a later statement, because each statement sees what was committed before it.
        """
        locks, values = ["pg_advisory_xact_lock_shared(?)"], list[object]([PEOPLE_LOCK])
        if commit.freeze is not None or commit.request is not None:
            is_shared = commit.freeze is None
            locks.append(f"pg_advisory_xact_lock{'_shared' if is_shared else ''}(?)")
            values.append(FREEZE_LOCK)
        names = [] if commit.clicked_card is None else [card_lock(commit.clicked_card)]
        names.append(entry_lock(commit.entry.key))
        if commit.request is not None and commit.must_be_only_open_request:
            names.append(only_open_lock(commit.request.plan.tenant_id))
        locks += [NAMED_LOCK] * len(names)
        await execute(connection, f"select {', '.join(locks)}", *values, *names)

    async def _put_everything(self, connection: Connected, commit: Commit) -> str:
        """Store everything, and return the number of the transaction."""
        entry, written = storable(rows.entry_row(commit.entry, self._clean)), _rows_of(commit, self._clean)
        absences = [("", str(row["id"]).split(":", 1)[0]) for table, row, _ in written if table == "absences"]
        docs = [row["doc"] for _, row, _ in written]
        docs += [] if commit.freeze is None else [rows.freeze_row(commit.freeze, self._clean)["doc"]]
        naming = await self._naming(connection, entry, [*people_in(docs), *absences])
        if commit.request is not None and commit.must_be_only_open_request:
            await self._require_only_one(connection, commit.request)
        before = () if commit.partnership is None else await _asked_managers(connection, commit.partnership)
        for table, row, is_safe in written:
            await self._put(connection, naming, table, row, is_safe=is_safe)
        if commit.alarm is not None:
            await self._put_alarm(connection, commit.alarm)
        if commit.usage is not None:
            await self._put_usage(connection, commit.usage)
        freeze_effects = () if commit.freeze is None else await self._put_freeze(connection, naming, commit.freeze)
        if commit.partnership is not None:
            await self._request_homes_of_managers(connection, commit.partnership, before)
        now = self._clock.now()
        for effect in (*commit.effects, *freeze_effects):
            later = effect.not_before if isinstance(effect, ShowRequest | ShowBatch | RemindPerson) else None
            doc = self._clean.effect(effect)
            self._seal_click(naming, effect, doc)
            await self._put_effect(connection, effect, text_of(max(now, later or now)), doc)
        self._seal_result(naming, commit.entry.key)
        return await self._add_entry(connection, entry, naming)

    async def _require_only_one(self, connection: Connected, request: AccessRequest) -> None:
        """Check that no other request about the same tenant is open. The lock of the tenant is held.

        :raises OtherOpenRequest: when another request is open.
        """
        like = "in" if request.fields.kind in CHANGE_OF_KIND else "not in"
        sql = f"""select id from requests where tenant_id = ? and is_open = 1 and id <> ? and kind {like}
            ({ACCOUNT_KINDS}) order by created_at limit 1"""  # noqa: S608
        other = await (await execute(connection, sql, request.plan.tenant_id, request.id)).fetchone()
        if other is not None:
            raise OtherOpenRequest(RequestId(other["id"]))

    async def _request_homes_of_managers(
        self, connection: Connected, partnership: Partnership, before: Sequence[str]
    ) -> None:
        """Have the App Homes published of managers who are asked in a review now, or are not asked any more."""
        now = _texts(asked_managers_text(partnership))
        await self._put_home_requests(connection, sorted({*before} ^ {*now}))

    async def _put_freeze(self, connection: Connected, naming: Naming, freeze: Freeze) -> Sequence[Effect]:
        """Store the freeze, and return the effects of the open requests when it begins or ends.

        NB. no request is being committed meanwhile: one that is approved at the same time is either in this list, or
        its own effect is performed after it and finds the freeze as it is now.
        """
        before = await (await execute(connection, "select doc from freezes")).fetchone()
        row, is_safe = rows.freeze_row(freeze, self._clean), freeze.state is FreezeState.FROZEN
        await self._put(connection, naming, "freezes", row, is_safe=is_safe)
        was_frozen = before is not None and is_stored_as_frozen(before["doc"])
        if freeze.is_frozen and was_frozen:
            return ()
        if was_frozen:
            await self._accept_as_they_are(connection, naming, freeze)
        found = await execute(connection, "select id, doc from requests where is_open = 1 order by created_at")
        return [
            effect
            for request in readable(REQUEST, await found.fetchall())
            for effect in effects_of_freeze(request, freeze)
        ]

    async def _put(
        self, connection: Connected, naming: Naming, table: str, row: dict[str, Any], *, is_safe: bool = False
    ) -> None:
        """Insert a row with version 1, or replace the row with the version before.

        NB. table and column names are constants in the code, never input.

        :param is_safe: see `_seal`.
        :raises StaleVersion: when there is no row with the version before.
        """
        key = rows.SEALED_TABLES[table]
        await self._seal(connection, naming, table, row[key], row["doc"], is_safe=is_safe)
        if row["version"] == 1:
            marks = ", ".join("?" * len(row))
            sql = f"insert into {table} ({', '.join(row)}) values ({marks}) on conflict do nothing"  # noqa: S608
            changed = await execute(connection, sql, *row.values())
        else:
            sets = ", ".join(f"{name} = ?" for name in row)
            sql = f"update {table} set {sets} where {key} = ? and version = ?"  # noqa: S608
            changed = await execute(connection, sql, *row.values(), row[key], row["version"] - 1)
        if changed.rowcount != 1:
            raise StaleVersion(f"{table} {row[key]}: version {row['version']} does not follow the stored one")

    async def _put_alarm(self, connection: Connected, alarm: Alarm) -> None:
        """Store an alarm. A second open one with the same code and subject is not stored, and none is opened again."""
        row = rows.alarm_row(alarm, self._clean)
        sql = f"insert into alarms ({', '.join(row)}) values ({', '.join('?' * len(row))}) on conflict do nothing"  # noqa: S608
        if (await execute(connection, sql, *row.values())).rowcount == 0:
            sql = "update alarms set is_open = ?, doc = ? where id = ? and is_open >= ?"
            await execute(connection, sql, row["is_open"], row["doc"], row["id"], row["is_open"])


@dataclass(slots=True)
class _Written:
    """What is known of a transaction before it is committed."""

    number: str | None = None


def _rows_of(commit: Commit, clean: RecordRedactor) -> Sequence[_TableRow]:
    return list(_all_rows(commit, clean))


def _all_rows(commit: Commit, clean: RecordRedactor) -> Iterator[_TableRow]:
    """Give the rows of records, but for the freeze."""
    if commit.request is not None:
        yield "requests", request_row(commit.request, clean), rows.opens_nothing(commit.request)
    if commit.partnership is not None:
        # A revoked partner opens nothing: its approval policy starts anew.
        is_safe = commit.partnership.state is PartnershipState.REVOKED
        yield "partnerships", partnership_row(commit.partnership, clean), is_safe
    if commit.drift is not None:
        yield "drifts", rows.drift_row(commit.drift, clean), False
    if commit.batch is not None:
        yield "batches", rows.batch_row(commit.batch, clean), rows.has_ended_unbelieved(commit.batch)
    if commit.campaign is not None:
        yield "campaigns", rows.campaign_row(commit.campaign, clean), False
    if commit.absence is not None:
        yield "absences", rows.absence_row(commit.absence, clean), False
    if commit.denied is not None:
        yield "denied_notices", rows.denied_notice_row(commit.denied, clean), False


async def _asked_managers(connection: Connected, partnership: Partnership) -> Sequence[str]:
    """Return who was asked before. NB. a record that is not asked about any more does not say it."""
    sql = "select asked_managers from partnerships where tenant_id = ? for update"
    row = await (await execute(connection, sql, partnership.identity.tenant_id)).fetchone()
    return () if row is None else _texts(row["asked_managers"])


def _texts(text: str) -> Sequence[str]:
    return json.loads(text or "[]")  # type: ignore[no-any-return]


class BesideBot(PostgresStore):
    """The store beside a running bot. Reading and `commit` work; only the bot performs effects."""

    _may_go_on_without_key = False


async def open_store(
    server: Server,
    clock: Clock,
    redact: Callable[[str], str] = str,
    redact_known: Callable[[str], str] | None = None,
    *,
    keys: AuditKeys,
    is_bot: bool = False,
    is_patient: bool = True,
) -> PostgresStore:
    """Open the store, and bring its tables to this version.

    :param redact: removes from a text of an error everything that is a secret or looks like one.
    :param redact_known: removes only known secrets, from every text; None for the same function as `redact`.
    :param is_bot: whether other bots may have it open too. Otherwise nobody else may.
    :param is_patient: whether a process that is ending is waited for.
    :raises StoreUnusable: when the database cannot be used, was changed by a newer version, or is in use.
    """
    use_lock = UseLock(server, is_shared=is_bot, is_patient=is_patient)
    await use_lock.take()
    try:
        await bring_to_this_version(server)
        clean = RecordRedactor(error=redact, known=redact_known or redact)
        store = PostgresStore(server, clock, clean, keys, use_lock)
        await store.open()
    except BaseException:
        await use_lock.release()
        raise
    return store


async def open_beside_bot(server: Server, clock: Clock, *, keys: AuditKeys) -> PostgresStore:
    """Open the store beside a bot that may be running.

    :raises StoreUnusable: when the database cannot be used, or its tables are not those of this version.
    """
    await require_this_version(server)
    store = BesideBot(server, clock, RecordRedactor(), keys)
    await store.open()
    return store
