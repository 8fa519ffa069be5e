"""The complete embedded store. Everything that a command changes is stored in one transaction.

It is long because everything that one transaction can store is written here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflows.core.batches.batch import Batch
from workflows.core.batches.deciding import current_batch_eligibility
from workflows.core.batches.reminding import next_batch_due_at
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.policy.delegation.absence import Absence
from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.core.posture.watch.acceptance import ask_again_at
from workflows.core.posture.watch.denied_notice import DeniedNotice
from workflows.core.posture.watch.drift import AuthorState, Drift
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.effects import Effect, RemindPerson, ShowBatch, ShowRequest, asked_by, lane
from workflows.core.requests.eligibility import current_eligibility
from workflows.core.requests.notes import NoteCode, is_believed
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.freezing import effects_of_freeze
from workflows.ports.audit_log import AuditKeys, PersonalData
from workflows.ports.clock import Clock
from workflows.ports.message_copies import CardNotCurrent
from workflows.ports.records import Commit, OtherOpenRequest, StaleVersion
from workflows.store.codec import PARTNER_USAGE, REQUEST, USAGE_SCAN, dump
from workflows.store.columns import asked_managers_text, people_search_text, search_text, text_of
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.database import readable
from workflows.store.sqlite.message_copies import SqliteMessageCopies
from workflows.store.sqlite.other_records.batches import SqliteBatches, SqliteCampaigns
from workflows.store.sqlite.other_records.drifts import (
    FREEZE_ID,
    SqliteDrifts,
    SqliteFreezes,
    is_stored_as_frozen,
)
from workflows.store.sqlite.other_records.people import SqliteAbsences, SqliteProfiles
from workflows.store.sqlite.other_records.sealed_records import SqliteSealedRecords
from workflows.store.sqlite.other_records.usage import SqliteDeniedNotices, SqliteUsage
from workflows.store.sqlite.records import ACCOUNT_KINDS, SqliteRecords


class SqliteStore(
    SqliteRecords,
    SqliteSealedRecords,
    SqliteDrifts,
    SqliteFreezes,
    SqliteBatches,
    SqliteCampaigns,
    SqliteAbsences,
    SqliteProfiles,
    SqliteDeniedNotices,
    SqliteUsage,
    SqliteMessageCopies,
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
        entry = commit.entry
        names = {name: getattr(entry, name) for name in ("key", "actor", "command", "outcome")}
        about = {name: getattr(entry, name) for name in ("request_id", "tenant_id", "account")}
        texts = {"at": text_of(entry.at), "details": self._clean.details(entry.details)}
        return self._add_sealed({**names, **about, **texts}, lambda: self._put_records(commit))

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
        # It ended because it is not believed, and nothing of it is in the tenant.
        is_safe = request.state is RequestState.STOPPED and not (is_believed(request) or request.was_written)
        self._put("requests", "id", self._request_row(request), is_safe=is_safe)

    def _request_row(self, request: AccessRequest) -> dict[str, Any]:
        eligibility = current_eligibility(request)
        return {
            "id": request.id,
            "version": request.version,
            "state": request.state.value,
            "is_part": int(request.applied_part > 0),
            "is_open": int(not request.is_terminal),
            "requester": request.fields.requester,
            "account": request.requester_account,
            "submitter": request.fields.submitter,
            "submitter_account": request.submitter_account,
            "tenant_id": None if request.prepared is None else request.prepared.plan.tenant_id,
            "due_at": None if (due := next_due_at(request)) is None else text_of(due),
            "created_at": text_of(request.created_at),
            "expires_at": text_of(request.expires_at),
            "sought": _request_search_text(request),
            "template": search_text(*_template(request)),
            "requester_sought": _requester_search_text(request),
            "deciders": _decider_search_text(request),
            "waits_for": None if eligibility is None else eligibility.waits_for,
            "excluded": json.dumps([] if eligibility is None else sorted(eligibility.excluded_ids)),
            "batch": request.batch,
            "doc": self._clean.request(request),
        }

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
        is_safe = partnership.state is PartnershipState.REVOKED  # whose approval policy starts anew
        self._put("partnerships", "tenant_id", self._partnership_row(partnership), is_safe=is_safe)

    def _partnership_row(self, partnership: Partnership) -> dict[str, Any]:
        return {
            "tenant_id": partnership.identity.tenant_id,
            "version": partnership.version,
            "state": partnership.state.value,
            "domain": partnership.identity.default_domain,
            "due_at": None if partnership.due_at is None else text_of(partnership.due_at),
            "ends_at": "" if partnership.ends_at is None else text_of(partnership.ends_at),
            "at_end": partnership.at_end.value,
            "silent_from": "" if partnership.silence_step_at is None else text_of(partnership.silence_step_at),
            "sponsor": partnership.sponsor.chat_id,
            "sponsor_account": partnership.sponsor.id,
            "sponsor_name": search_text(partnership.sponsor.name),
            "asked_managers": asked_managers_text(partnership),
            "template": search_text(partnership.template, partnership.template_title),
            "sought": search_text(
                partnership.identity.default_domain,
                partnership.identity.display_name,
                partnership.identity.tenant_id,
            ),
            "doc": self._clean.partnership(partnership),
        }

    @property
    def personal_data(self) -> PersonalData:
        """Return what finds and erases the texts of people; see `ports.audit_log`."""
        from workflows.store.sqlite.other_records.erasure import SqliteErasure  # a start does not wait for it

        return SqliteErasure(self, self._rows_of())

    def _rows_of(self) -> Mapping[str, Callable[[Any], dict[str, Any]]]:
        """Return what makes the columns of a record, by table."""
        return {
            "requests": self._request_row,
            "partnerships": self._partnership_row,
            "batches": self._batch_row,
            "absences": self._absence_row,
            "campaigns": lambda one: {"doc": self._clean.campaign(one)},
            "freezes": lambda one: {"doc": self._clean.freeze(one)},
            "drifts": lambda one: {"subject": one.subject, "doc": self._clean.drift(one)},
            "denied_notices": lambda one: {"doc": self._clean.denied_notice(one)},
            "alarms": lambda one: {"subject": one.subject, "doc": self._clean.alarm(one)},
            "effects": lambda one: {"lane": lane(one), "asked_by": asked_by(one), "doc": self._clean.effect(one)},
            "usage_scans": lambda one: {"doc": dump(USAGE_SCAN, one)},
            "partner_usage": lambda one: {"doc": dump(PARTNER_USAGE, one)},
        }

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
        ask_again = ask_again_at(drift)
        self._put(
            "drifts",
            "subject",
            {
                "subject": drift.subject,
                "version": drift.version,
                "is_open": int(drift.is_open),
                "code": drift.found.code.value,
                "needs_author": int(drift.author.state is AuthorState.PENDING),
                "ask_again_at": None if ask_again is None else text_of(ask_again),
                "found_at": text_of(drift.found_at),
                "doc": self._clean.drift(drift),
            },
        )

    def _put_freeze(self, freeze: Freeze) -> Sequence[Effect]:
        """Store the freeze, and return the effects of the open requests when it begins or ends.

        NB. in the transaction: a request that is approved at the same time is either in this list, or its own effect
        is performed after it and finds the freeze as it is now.
        """
        before = next(self._db.query("select doc from freezes"), None)
        row = {"id": FREEZE_ID, "version": freeze.version, "doc": self._clean.freeze(freeze)}
        self._put("freezes", "id", row, is_safe=freeze.state is FreezeState.FROZEN)
        was_frozen = before is not None and is_stored_as_frozen(before["doc"])
        if freeze.is_frozen and was_frozen:
            return ()
        if was_frozen:
            self._accept_as_they_are(freeze)
        rows = list(self._db.query("select id, doc from requests where is_open = 1 order by created_at"))
        return [effect for request in readable(REQUEST, rows) for effect in effects_of_freeze(request, freeze)]

    def _put_batch(self, batch: Batch) -> None:
        # It ended because it is not believed. Its members were ended with it.
        is_safe = batch.has_ended and any(fact.code == NoteCode.BATCH_NOT_BELIEVED for fact in batch.note)
        self._put("batches", "id", self._batch_row(batch), is_safe=is_safe)

    def _batch_row(self, batch: Batch) -> dict[str, Any]:
        who, due = current_batch_eligibility(batch), next_batch_due_at(batch)
        return {
            "id": batch.id,
            "version": batch.version,
            "state": batch.state.value,
            "is_open": int(not batch.has_ended),
            "requester": "" if batch.requester is None else batch.requester.chat_id,
            "account": "" if batch.requester is None else batch.requester.id,
            "waits_for": None if who is None else who.waits_for,
            "excluded": json.dumps([] if who is None else sorted(who.excluded_ids)),
            "created_at": text_of(batch.created_at),
            "expires_at": text_of(batch.expires_at),
            "due_at": None if due is None else text_of(due),
            "doc": self._clean.batch(batch),
        }

    def _put_campaign(self, campaign: Campaign) -> None:
        row = {"id": campaign.id, "version": campaign.version, "is_open": int(campaign.is_open)}
        doc = self._clean.campaign(campaign)
        self._put("campaigns", "id", {**row, "at": text_of(campaign.at), "doc": doc})

    def _put_absence(self, absence: Absence) -> None:
        self._put("absences", "id", self._absence_row(absence))

    def _absence_row(self, absence: Absence) -> dict[str, Any]:
        row = {"id": absence.id, "version": absence.version, "person": absence.person.id}
        return {**row, "ends_at": text_of(absence.end), "doc": self._clean.absence(absence)}

    def _put_denied_notice(self, notice: DeniedNotice) -> None:
        row = {"subject": notice.subject, "version": notice.version, "is_open": int(notice.is_open)}
        doc = self._clean.denied_notice(notice)
        self._put("denied_notices", "subject", {**row, "told_at": text_of(notice.told_at), "doc": doc})

    def _put_alarm(self, alarm: Alarm) -> None:
        """Store an alarm. A second open one with the same code and subject is not stored, and none is opened again."""
        self._db.execute(
            """insert into alarms (id, code, subject, is_open, raised_at, doc) values (?, ?, ?, ?, ?, ?)
            on conflict (id) do update set is_open = excluded.is_open, doc = excluded.doc
                where alarms.is_open >= excluded.is_open
            on conflict do nothing""",
            (
                *(alarm.id, alarm.code.value, alarm.subject, int(alarm.is_open)),
                *(text_of(alarm.raised_at), self._clean.alarm(alarm)),
            ),
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


def _request_search_text(request: AccessRequest) -> str:
    """Return the text in which a request is searched: its id, and the names of partner and template."""
    seen = request.observation if request.prepared is None else request.prepared.observation
    names = () if seen is None else (seen.identity.default_domain, seen.identity.display_name, seen.identity.tenant_id)
    return search_text(request.id, request.fields.target, *_template(request), *names)


def _template(request: AccessRequest) -> tuple[str, str]:
    title = "" if request.prepared is None else request.prepared.template_title
    return request.fields.template, title


def _requester_search_text(request: AccessRequest) -> str:
    """Return the text in which the requester is searched. A person may have two chat ids."""
    person = request.submitter if request.prepared is None else request.prepared.requester
    known = () if person is None else ((person.name, person.chat_id, person.id),)
    return people_search_text(request.fields.requester, request.requester_account, and_of=known)


def _decider_search_text(request: AccessRequest) -> str:
    """Return the text in which the people are searched who decided, also on an earlier plan."""
    people = (decision.person for decision in (*request.void_decisions, *request.decisions))
    return people_search_text(and_of=((person.name, person.chat_id, person.id) for person in people))
