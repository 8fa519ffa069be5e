"""The complete embedded store. Everything that a command changes is stored in one transaction.

It is long because everything that one transaction can store is written here.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from workflows.core.batches.batch import Batch
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.partners.reviewing.evidence.usage import ScanResult
from workflows.core.policy.delegation.absence import Absence
from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.core.posture.watch.denied_notice import DeniedNotice
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect, RemindPerson, ShowBatch, ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.freezing import effects_of_freeze
from workflows.ports.audit_log import AuditKeys, PersonalData
from workflows.ports.clock import Clock
from workflows.ports.message_copies import CardNotCurrent
from workflows.ports.records import Commit, OtherOpenRequest, StaleVersion
from workflows.store.codec import PARTNER_USAGE, REQUEST, USAGE_SCAN, dump
from workflows.store.common.reading import is_stored_as_frozen, readable
from workflows.store.common.records import (
    AbsenceRecords,
    BatchRecords,
    CampaignRecords,
    DeniedNoticeRecords,
    DueRecords,
    FreezeRecords,
    ProfileRecords,
    UsageRecords,
)
from workflows.store.common.rows import (
    absence_row,
    alarm_row,
    asked_managers_text,
    batch_row,
    campaign_row,
    denied_notice_row,
    drift_row,
    entry_row,
    freeze_row,
    has_ended_unbelieved,
    opens_nothing,
    partnership_row,
    request_row,
    rewritten_columns,
    text_of,
)
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.message_copies import SqliteMessageCopies
from workflows.store.sqlite.other_records.sealed_records import SqliteSealedRecords
from workflows.store.sqlite.records import ACCOUNT_KINDS, SqliteRecords

_SCAN_ID: Final = "scan"


class SqliteStore(
    SqliteRecords,
    SqliteSealedRecords,
    SqliteMessageCopies,
    FreezeRecords,
    BatchRecords,
    CampaignRecords,
    AbsenceRecords,
    ProfileRecords,
    DeniedNoticeRecords,
    UsageRecords,
    DueRecords,
):
    """Implements `ports.store.Store`. Create it with `open_store`, and call `close` at the end."""

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; see `ports.records`."""
        return await self._run_write(lambda: self._commit(commit))

    def _commit(self, commit: Commit) -> bool:
        with self._writes.run_monitored(self._db), self._db.atomic():
            card = None if commit.clicked_card is None else self._check_card(commit.clicked_card)
            if card is None or card.is_current:
                return self._put_everything(commit)
        # NB. raised after the transaction, so that a card that was not known stays stored.
        raise CardNotCurrent(card.newest)

    def _put_everything(self, commit: Commit) -> bool:
        return self._add_sealed(entry_row(commit.entry, self._clean), lambda: self._put_records(commit))

    def _put_records(self, commit: Commit) -> None:
        if commit.request is not None:
            if commit.must_be_only_open_request:
                self._require_only_one(commit.request)
            self._put_request(commit.request)
        if commit.partnership is not None:
            self._put_partnership(commit.partnership)
        if commit.drift is not None:
            self._put_drift(commit.drift)
        if commit.batch is not None:
            self._put_batch(commit.batch)
        if commit.campaign is not None:
            self._put_campaign(commit.campaign)
        if commit.absence is not None:
            self._put_absence(commit.absence)
        if commit.denied is not None:
            self._put_denied_notice(commit.denied)
        if commit.alarm is not None:
            self._put_alarm(commit.alarm)
        if commit.usage is not None:
            self._put_usage(commit.usage)
        freeze_effects = () if commit.freeze is None else self._put_freeze(commit.freeze)
        now = self._clock.now()
        for effect in (*commit.effects, *freeze_effects):
            later = effect.not_before if isinstance(effect, ShowRequest | ShowBatch | RemindPerson) else None
            self._put_effect(effect, text_of(max(now, later or now)))

    def _put_request(self, request: AccessRequest) -> None:
        self._put("requests", "id", request_row(request, self._clean), is_safe=opens_nothing(request))

    def _require_only_one(self, request: AccessRequest) -> None:
        """Check that no other request about the same tenant is open.

        A change of guest accounts and a change of settings do not disturb each other, so only its own like counts.

        NB. must be called in the transaction, because two requests may be prepared at the same time.

        :raises OtherOpenRequest: when another request is open.
        """
        others = self._db.query(
            f"""select id from requests where tenant_id = ? and is_open = 1 and id <> ?
                and (json_extract(doc, '$.particulars.kind') in ({ACCOUNT_KINDS})) = ? order by created_at limit 1""",  # noqa: S608
            [request.plan.tenant_id, request.id, int(request.fields.account_change is not None)],
        )
        for other in others:
            raise OtherOpenRequest(RequestId(other["id"]))

    def _put_partnership(self, partnership: Partnership) -> None:
        self._request_homes_of_managers(partnership)
        row, is_safe = partnership_row(partnership, self._clean), partnership.state is PartnershipState.REVOKED
        self._put("partnerships", "tenant_id", row, is_safe=is_safe)  # its approval policy starts anew

    @property
    def personal_data(self) -> PersonalData:
        """Return what finds and erases the texts of people; see `ports.audit_log`."""
        from workflows.store.sqlite.other_records.erasure import SqliteErasure  # a start does not wait for it

        return SqliteErasure(self, rewritten_columns(self._clean))

    def _request_homes_of_managers(self, partnership: Partnership) -> None:
        """Have the App Homes published of managers who are asked in a review now, or are not asked any more.

        NB. here, because a record that is not asked about any more does not say who was.
        """
        sql = "select asked_managers from partnerships where tenant_id = ? and asked_managers <> ''"
        rows = self._db.query(sql, [partnership.identity.tenant_id])
        before = {person for row in rows for person in json.loads(row["asked_managers"])}
        now = json.loads(asked_managers_text(partnership) or "[]")
        self._put_home_requests(sorted(before ^ set(now)))

    def _put_drift(self, drift: Drift) -> None:
        self._put("drifts", "subject", drift_row(drift, self._clean))

    def _put_freeze(self, freeze: Freeze) -> Sequence[Effect]:
        """Store the freeze, and return the effects of the open requests when it begins or ends.

        NB. in the transaction: a request that is approved at the same time is either in this list, or its own effect
        is performed after it and finds the freeze as it is now.
        """
        before = next(self._db.query("select doc from freezes"), None)
        row, is_safe = freeze_row(freeze, self._clean), freeze.state is FreezeState.FROZEN
        self._put("freezes", "id", row, is_safe=is_safe)
        was_frozen = before is not None and is_stored_as_frozen(before["doc"])
        if freeze.is_frozen and was_frozen:
            return ()
        if was_frozen:
            self._accept_as_they_are(freeze)
        rows = list(self._db.query("select id, doc from requests where is_open = 1 order by created_at"))
        return [effect for request in readable(REQUEST, rows) for effect in effects_of_freeze(request, freeze)]

    def _put_batch(self, batch: Batch) -> None:
        self._put("batches", "id", batch_row(batch, self._clean), is_safe=has_ended_unbelieved(batch))

    def _put_campaign(self, campaign: Campaign) -> None:
        self._put("campaigns", "id", campaign_row(campaign, self._clean))

    def _put_absence(self, absence: Absence) -> None:
        self._put("absences", "id", absence_row(absence, self._clean))

    def _put_denied_notice(self, notice: DeniedNotice) -> None:
        self._put("denied_notices", "subject", denied_notice_row(notice, self._clean))

    async def forget_usage(self) -> None:
        """Remove everything that scans found."""

        def work() -> None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                self._remove_usage()

        await self._run_write(work)

    def _put_usage(self, result: ScanResult) -> None:
        """Replace what earlier scans found."""
        self._remove_usage()
        self._db.execute("insert into usage_scans (id, doc) values (?, ?)", (_SCAN_ID, dump(USAGE_SCAN, result.scan)))
        for partner in result.partners:
            row = (partner.tenant_id, dump(PARTNER_USAGE, partner))
            self._db.execute("insert into partner_usage (tenant_id, doc) values (?, ?)", row)

    def _remove_usage(self) -> None:
        self._db.execute("delete from usage_scans")
        self._db.execute("delete from partner_usage")

    def _put_alarm(self, alarm: Alarm) -> None:
        """Store an alarm. A second open one with the same code and subject is not stored, and none is opened again."""
        self._db.execute(
            """insert into alarms (id, code, subject, is_open, raised_at, doc)
            values (:id, :code, :subject, :is_open, :raised_at, :doc)
            on conflict (id) do update set is_open = excluded.is_open, doc = excluded.doc
                where alarms.is_open >= excluded.is_open
            on conflict do nothing""",
            alarm_row(alarm, self._clean),
        )

    def _put(self, table: str, key: str, row: dict[str, Any], *, is_safe: bool = False) -> None:
        """Insert a row with version 1, or replace the row with the version before.

        NB. table and column names are constants in the code, never input.

        :param is_safe: see `_seal`.
        :raises StaleVersion: when there is no row with the version before.
        """
        self._register_people_of([row["doc"]])
        self._seal(table, row[key], row["doc"], is_safe=is_safe)
        names = list(row)
        if row["version"] == 1:
            marks = ", ".join("?" * len(names))
            sql = f"insert into {table} ({', '.join(names)}) values ({marks}) on conflict do nothing"  # noqa: S608
            changed = self._db.execute(sql, list(row.values())).rowcount
        else:
            sets = ", ".join(f"{name} = ?" for name in names)
            sql = f"update {table} set {sets} where {key} = ? and version = ?"  # noqa: S608
            changed = self._db.execute(sql, [*row.values(), row[key], row["version"] - 1]).rowcount
        if changed != 1:
            raise StaleVersion(f"{table} {row[key]}: version {row['version']} does not follow the stored one")


async def open_store(
    path: Path,
    clock: Clock,
    redact: Callable[[str], str] = str,
    redact_known: Callable[[str], str] | None = None,
    *,
    keys: AuditKeys | None = None,
) -> SqliteStore:
    """Open the embedded store in the file at `path`. The file is created when it is missing.

    :param redact: removes from a text of an error everything that is a secret or looks like one.
    :param redact_known: removes only known secrets, from every text; None for the same function as `redact`.
    :param keys: the keys of the audit log; None for those of the file beside the database.
    :raises StoreUnusable: when the file is no database, was changed by a newer version, or is in use; or when it has no
        key that can be used.
    """
    store = SqliteStore(path, clock, RecordRedactor(error=redact, known=redact_known or redact), keys)
    await store.open()
    return store
