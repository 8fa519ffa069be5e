"""The schema of the embedded store, as ordered steps. To change it, add a step; never edit a released one.

NB. m003 and m007 share a function with m010, which computes the same rows again when all requests can be read. So the
result of all steps is the same as before. This file is long because it keeps every released step.
"""

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from pydantic import ValidationError
from sqlite_utils import Database, Migrations

from workflows.core.checks.findings import FindingCode
from workflows.core.requests.eligibility import still_asked
from workflows.core.requests.reminding import next_due_at
from workflows.ports.records import StoreUnusable
from workflows.store.codec import REQUEST, load
from workflows.store.sqlite.earlier_texts import EarlierTexts

migrations = Migrations("gatehouse")

_SOURCES: Final = {
    "Gatehouse's own rule: Microsoft does not document what such a list means": "own_rule",
    "Gatehouse's records": "records",
}
"""The sources of findings that were sentences before m010, as codes."""
_EARLIER: Final = EarlierTexts(
    {
        "list partners": "/partner list",
        "show partner": "/partner show",
        "request access": "/partner request",
        "partner checklist": "/partner checklist",
        "revoke partner": "/partner revoke",
        "restore settings": "/partner restore",
    }
)
"""The texts before m013, with the commands that were shown for the actions in them."""


def require_known_steps(db: Database, named: str) -> None:
    """Refuse a file that a newer version has changed: records would be read without what they do not know.

    :raises StoreUnusable: naming the steps that this version does not have.
    """
    known = {step.name for step in migrations.pending(Database(memory=True))}
    if unknown := [step.name for step in migrations.applied(db) if step.name not in known]:
        raise StoreUnusable(
            f"{named} was changed by a newer version of Gatehouse ({', '.join(unknown)}); start that version, or "
            "restore the backup from before it"
        )


@migrations()
def m001_records(db: Database) -> None:
    """Create records, the audit log, effects and the copies of what was posted."""
    db.execute(
        """create table requests (
            id text primary key, version integer not null, state text not null, is_open integer not null,
            requester text not null, tenant_id text, due_at text, created_at text not null, doc text not null
        ) strict"""
    )
    db.execute("create index requests_open on requests(is_open, created_at)")
    db.execute("create index requests_by_requester on requests(requester, created_at)")
    db.execute("create index requests_by_tenant on requests(tenant_id, created_at)")
    db.execute("create index requests_due on requests(due_at) where due_at is not null")
    db.execute(
        """create table partnerships (
            tenant_id text primary key, version integer not null, state text not null, domain text not null,
            due_at text, doc text not null
        ) strict"""
    )
    db.execute("create index partnerships_due on partnerships(due_at) where due_at is not null")
    db.execute(
        """create table audit (
            seq integer primary key autoincrement, key text not null unique, at text not null, actor text not null,
            command text not null, outcome text not null, request_id text, tenant_id text, details text not null
        ) strict"""
    )
    db.execute("create index audit_by_request on audit(request_id, seq)")
    db.execute(
        """create table effects (
            id integer primary key autoincrement, lane text not null, due_at text not null, attempts integer not null,
            is_parked integer not null default 0, error text not null default '', doc text not null
        ) strict"""
    )
    db.execute("create index effects_by_lane on effects(is_parked, lane, id)")
    db.execute(
        """create table copies (
            channel text not null, ts text not null, subject text not null, audience text not null,
            content text not null, occasion text not null, primary key (channel, ts)
        ) strict"""
    )
    db.execute("create index copies_by_subject on copies(subject)")
    db.execute("create table homes (person text primary key) strict")


@migrations()
def m002_alarms_and_marks(db: Database) -> None:
    """Create the alarms for admins, and the process's own marks."""
    db.execute(
        """create table alarms (
            id text primary key, code text not null, subject text not null, is_open integer not null,
            raised_at text not null, doc text not null
        ) strict"""
    )
    db.execute("create unique index alarms_open on alarms(code, subject) where is_open = 1")
    db.execute("create table marks (name text primary key, value text not null) strict")
    db.execute("create index audit_by_actor on audit(actor, command, at)")


@migrations()
def m003_effects_rank_and_homes(db: Database) -> None:
    """Order effects by rank, find requests by the role they wait for, count App Homes, retire copies."""
    db.execute("alter table effects add column rank integer not null default 1")
    db.execute("update effects set rank = 0 where lane like 'judge:%' or lane like 'prepare:%' or lane like 'tenant:%'")
    db.execute("update effects set rank = 2 where lane like 'home:%'")
    db.execute("alter table homes add column wanted integer not null default 0")
    db.execute("alter table homes add column shown_at text not null default ''")
    db.execute("alter table copies add column is_live integer not null default 1")
    db.execute("alter table requests add column waits_for text")
    db.execute("alter table requests add column excluded text not null default '[]'")
    _note_who_waits(db)
    db.execute("create index requests_waiting on requests(waits_for, created_at) where waits_for is not null")


@migrations()
def m004_audit_by_account(db: Database) -> None:
    """Record the Entra account of an audit entry, so that a person with two chat ids is counted as one."""
    db.execute("alter table audit add column account text")
    db.execute("create index audit_by_account on audit(account, command, at) where account is not null")


@migrations()
def m005_requests_by_account(db: Database) -> None:
    """Record the Entra account of a request, so that a person with two chat ids finds all of their own."""
    db.execute("alter table requests add column account text")
    db.execute(
        """update requests set account = coalesce(
            json_extract(doc, '$.prepared.requester.id'), json_extract(doc, '$.submitter.id'),
            (select account from audit where request_id = requests.id and command = 'submit')
        ) where json_valid(doc)"""
    )
    db.execute("create index requests_by_account on requests(account, created_at) where account is not null")


@migrations()
def m006_clicks_are_commands(db: Database) -> None:
    """Store unchecked clicks as the commands that they are: `want_approve` becomes `approve`."""
    db.execute(
        """update effects set doc = json_remove(
            json_set(doc, '$.command', json_set(
                json_extract(doc, '$.intent'), '$.name', substr(json_extract(doc, '$.intent.name'), length('want_') + 1)
            )), '$.intent'
        ) where lane >= 'judge:' and lane < 'judge;' and json_valid(doc)
            and substr(json_extract(doc, '$.intent.name'), 1, length('want_')) = 'want_'"""
    )


@migrations()
def m007_barred_accounts(db: Database) -> None:
    """Record the accounts of those who may not decide, in addition to chat ids: a person may have two of these."""
    _note_who_waits(db)


@migrations()
def m008_plain_names(db: Database) -> None:
    """Rename the fields of stored records to their present names."""
    partner = {
        "half": "setup",
        "remind_half_at": "remind_setup_at",
        "half_reminders": "setup_reminders",
        "half_reminder_asked_by": "setup_reminder_asked_by",
        "half_reminder_asked_at": "setup_reminder_asked_at",
    }
    _rename_fields(db, "partnerships", "tenant_id", (), partner)
    _rename_fields(db, "requests", "id", ("particulars",), {"holes": "placeholders"})


@migrations()
def m009_message_ids(db: Database) -> None:
    """Call what names a posted message in its channel by what it is in every chat system."""
    db.execute("alter table copies rename column ts to message_id")


@migrations()
def m010_findings(db: Database) -> None:
    """Store findings as codes with values. The sentence of an earlier version becomes the value `text`."""
    for identity, doc in db.execute("select id, doc from requests where json_valid(doc)").fetchall():
        record = json.loads(doc)
        prepared = record.get("prepared") if isinstance(record, dict) else None
        if not isinstance(prepared, dict):
            continue
        findings = prepared.get("findings")
        if not isinstance(findings, list) or not any(map(_is_sentence, findings)):
            continue
        prepared["findings"] = [_as_code(one) if _is_sentence(one) else one for one in findings]
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        db.execute("update requests set doc = ? where id = ?", (text, identity))
    _note_who_waits(db)


def _is_sentence(finding: Any) -> bool:
    return isinstance(finding, dict) and "text" in finding and "values" not in finding


def _as_code(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding of an earlier version in the present form. Its sentence stays word for word."""
    code, severity, source = (str(finding.get(name)) for name in ("code", "severity", "source"))
    lines = {"lines": finding["lines"]} if finding.get("lines") else {}
    return {
        "code": code if code in set(FindingCode) else FindingCode.TEXT.value,
        "severity": "unchecked" if severity == "could not be checked" else severity,
        "source": _SOURCES.get(source, source),
        "values": {"text": finding["text"], **lines},
    }


@migrations()
def m012_notes_are_facts(db: Database) -> None:
    """Store notes, reasons of refused writes and messages as codes and values; an earlier text becomes a value."""
    for request_id, doc in db.execute("select id, doc from requests where json_valid(doc)").fetchall():
        if (facts := _with_facts(doc)) != doc:
            db.execute("update requests set doc = ? where id = ?", (facts, request_id))
    for effect_id, doc in db.execute("select id, doc from effects where json_valid(doc)").fetchall():
        record = json.loads(doc)
        if isinstance(record, dict) and record.get("kind") == "tell" and isinstance(record.get("text"), str):
            record["said"] = _facts_of(record.pop("text"))[0]
            db.execute("update effects set doc = ? where id = ?", (_written(record), effect_id))


@migrations()
def m013_no_marked_texts(db: Database) -> None:
    """Store why effects wait as facts, and facts and commands in place of the marks that earlier versions stored."""
    for effect_id, error in db.execute("select id, error from effects where error != ''").fetchall():
        db.execute(
            "update effects set error = ? where id = ?",
            (json.dumps(_EARLIER.told(error), ensure_ascii=False), effect_id),
        )
    for table in ("requests", "effects", "alarms"):
        marked = f"select id, doc from {table} where json_valid(doc) and (instr(doc, '‹') or instr(doc, '\\u2039'))"  # noqa: S608
        for identity, doc in db.execute(marked).fetchall():
            record = json.loads(doc)
            values = record.get("values") if isinstance(record, dict) and table == "alarms" else None
            if isinstance(values, dict) and isinstance(values.get("reason"), str):
                values["reason"] = _EARLIER.told(values["reason"])
            db.execute(f"update {table} set doc = ? where id = ?", (_written(_EARLIER.with_told(record)), identity))  # noqa: S608


@migrations()
def m015_reminders_of_waiting_requests(db: Database) -> None:
    """Let requests that waited before there were reminders get them too, and find requests that expired."""
    for request_id, doc in db.execute("select id, doc from requests where state = 'awaiting_approval'").fetchall():
        try:
            due = next_due_at(load(REQUEST, doc))
        except (ValidationError, ValueError):
            continue  # as in every list: an unreadable record does not hide others
        if due is not None:
            moment = due.astimezone(UTC).isoformat(timespec="microseconds")
            db.execute("update requests set due_at = ? where id = ?", (moment, request_id))
    db.execute("create index requests_expired on requests(created_at) where state = 'expired'")


def _with_facts(doc: str) -> str:
    """Return a request's document with facts in place of the texts that an earlier version wrote."""
    record = json.loads(doc)
    if not isinstance(record, dict):
        return doc
    texts = {name: record[name] for name in ("note", "asked_again") if isinstance(record.get(name), str)}
    rows = record.get("refused")
    refused = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    written = [row for row in refused if isinstance(row.get("reason"), str)]
    if not texts and not written:
        return doc
    for name, text in texts.items():
        record[name] = _facts_of(text) if text else []
    for row in written:
        row["reason"] = _facts_of(row["reason"])
    return _written(record)


def _facts_of(text: str) -> list[dict[str, Any]]:
    return [{"code": "text", "values": {"text": text}}]


def _written(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _rename_fields(db: Database, table: str, key: str, within: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Rename fields of the stored documents of a table. A document that cannot be read is not changed."""
    for identity, doc in db.execute(f"select {key}, doc from {table} where json_valid(doc)").fetchall():  # noqa: S608
        record = json.loads(doc)
        inside = record
        for name in within:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if not isinstance(inside, dict) or not names.keys() & inside.keys():
            continue
        renamed = {names.get(name, name): value for name, value in inside.items()}
        inside.clear()
        inside.update(renamed)
        db.execute(f"update {table} set doc = ? where {key} = ?", (_written(record), identity))  # noqa: S608


def _note_who_waits(db: Database) -> None:
    """Record in each waiting request's row which role it waits for, and who may not decide on it."""
    for request_id, doc in db.execute("select id, doc from requests where state = 'awaiting_approval'").fetchall():
        try:
            who = still_asked(load(REQUEST, _with_facts(doc)))
        except (ValidationError, ValueError):
            continue  # as in every list: an unreadable record does not hide others
        if who is not None:
            values = (who.open_stages[0].role, json.dumps(sorted(who.barred)), request_id)
            db.execute("update requests set waits_for = ?, excluded = ? where id = ?", values)
