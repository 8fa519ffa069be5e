"""The schema of the embedded store, as ordered steps. To change it, add a step; never edit a released one.

NB. m003, m007 and m010 share a function. When every request can be read, m010 computes the rows of the others again.
This file is long because it contains every released step.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from sqlite_utils import Database, Migrations

from workflows.core.checks.findings import FindingCode
from workflows.core.plans.closing import only_reduces_access
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.eligibility import current_eligibility
from workflows.core.requests.request import RequestKind
from workflows.ports.records import StoreUnusable
from workflows.store.codec import CHECKSUM, PARTNERSHIP, REQUEST, load
from workflows.store.common.rows import asked_managers_text, text_of
from workflows.store.common.rows import people_search_text as sought_people
from workflows.store.common.rows import search_text as sought

if TYPE_CHECKING:
    from workflows.store.sqlite.earlier_texts import EarlierTexts

migrations = Migrations("gatehouse")
MOVED_TO: Final = "moved_to"
"""The mark of records with which a bot goes on in another place: the name of that place, for people."""

_SOURCES: Final = {
    "Gatehouse's own rule: Microsoft does not document what such a list means": "own_rule",
    "Gatehouse's records": "records",
}
"""The codes for sources of findings that were sentences before m010."""


def _earlier_texts() -> "EarlierTexts":
    """Return what converts texts of versions before m013, with the commands that were shown for actions."""
    from workflows.store.sqlite.earlier_texts import EarlierTexts  # only for a database of such a version

    return EarlierTexts(
        {
            "list partners": "/partner list",
            "show partner": "/partner show",
            "request access": "/partner request",
            "partner checklist": "/partner checklist",
            "revoke partner": "/partner revoke",
            "restore settings": "/partner restore",
        }
    )


def require_known_steps(db: Database, named: str) -> None:
    """Check that only steps of this version changed the file, in their order. Otherwise parts of records could be lost.

    A step reads what the steps before it wrote. A file that skipped one can come only from a version that was never
    released.

    :param named: the name of the file for the error.
    :raises StoreUnusable: when a newer version has changed it, or steps are missing in between; the error names them.
    """
    known = [step.name for step in migrations.pending(Database(memory=True, execute_plugins=False))]
    applied = [step.name for step in migrations.applied(db)]
    if unknown := [name for name in applied if name not in known]:
        raise StoreUnusable(
            f"{named} was changed by a newer version of Gatehouse ({', '.join(unknown)}); start that version, or "
            "restore the backup from before it"
        )
    if applied != known[: len(applied)]:
        missing = [name for name in known if name not in applied and known.index(name) < known.index(applied[-1])]
        raise StoreUnusable(
            f"{named} was changed by a version of Gatehouse that was never released (not in order: "
            f"{', '.join(missing or applied)}); restore a backup of a released version"
        )


def require_not_moved(db: Database, named: str) -> None:
    """Check that the records were not moved to another place, where a bot goes on with them.

    :param named: the name of the file for the error.
    :raises StoreUnusable: when they were.
    """
    if not db.execute("select 1 from sqlite_master where name = 'marks'").fetchone():
        return
    if moved := db.execute("select value from marks where name = ?", [MOVED_TO]).fetchone():
        raise StoreUnusable(
            f"{named} was moved to {moved[0]}; name that database in DATABASE_URL. This one is only an archive now"
        )


@migrations()
def m001_records(db: Database) -> None:
    """Create the tables of records, the audit log, effects, copies of cards, and people with an App Home.

    `effects.lane`: effects of one lane are performed one after the other.
    `copies.occasion`: distinguishes several posts to one person about one subject.
    `homes`: the people who have opened their App Home; it is published again when it changes.
    """
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
    """Create the tables of alarms and of marks of the process."""
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
    """Add columns: the rank of effects, the role that a request waits for, counts of App Homes, outdated copies."""
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
    """Add the Entra account to audit entries, so that a person with two chat ids is counted once."""
    db.execute("alter table audit add column account text")
    db.execute("create index audit_by_account on audit(account, command, at) where account is not null")


@migrations()
def m005_requests_by_account(db: Database) -> None:
    """Add the Entra account to requests, so that a person with two chat ids finds all their requests."""
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
    """Change unchecked clicks to commands: `want_approve` becomes `approve`."""
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
    """Add the accounts of people who may not decide, besides their chat ids."""
    _note_who_waits(db)


@migrations()
def m008_plain_names(db: Database) -> None:
    """Rename fields of stored records to their present names."""
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
    """Rename the column with the id of a posted message."""
    db.execute("alter table copies rename column ts to message_id")


@migrations()
def m010_findings(db: Database) -> None:
    """Change findings to codes with values. A sentence becomes the value `text`."""
    for identity, doc in db.execute("select id, doc from requests where json_valid(doc)").fetchall():
        record = json.loads(doc)
        prepared = record.get("prepared") if isinstance(record, dict) else None
        if not isinstance(prepared, dict):
            continue
        findings = prepared.get("findings")
        if not isinstance(findings, list) or not any(map(_is_sentence, findings)):
            continue
        prepared["findings"] = [_as_code(one) if _is_sentence(one) else one for one in findings]
        text = _written(record)
        db.execute("update requests set doc = ? where id = ?", (text, identity))
    _note_who_waits(db)


def _is_sentence(finding: Any) -> bool:
    return isinstance(finding, dict) and "text" in finding and "values" not in finding


def _as_code(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding of an earlier version in the present form. Its sentence is not changed."""
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
    """Change notes, reasons of refused writes, and messages to codes with values. A text becomes the value `text`."""
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
    """Change the reasons why effects wait to facts. Replace marks in texts by facts and commands."""
    texts = _earlier_texts()
    for effect_id, error in db.execute("select id, error from effects where error != ''").fetchall():
        db.execute(
            "update effects set error = ? where id = ?",
            (json.dumps(texts.facts_of_text(error), ensure_ascii=False), effect_id),
        )
    for table in ("requests", "effects", "alarms"):
        marked = f"select id, doc from {table} where json_valid(doc) and (instr(doc, '‹') or instr(doc, '\\u2039'))"  # noqa: S608
        for identity, doc in db.execute(marked).fetchall():
            record = json.loads(doc)
            values = record.get("values") if isinstance(record, dict) and table == "alarms" else None
            if isinstance(values, dict) and isinstance(values.get("reason"), str):
                values["reason"] = texts.facts_of_text(values["reason"])
            db.execute(f"update {table} set doc = ? where id = ?", (_written(texts.with_facts(record)), identity))  # noqa: S608


@migrations()
def m014_lists_and_homes(db: Database) -> None:
    """Add columns to search and sort requests and partners without their documents, and the state of App Homes."""
    for column in ("expires_at", "sought"):
        db.execute(f"alter table requests add column {column} text not null default ''")
    for column in ("ends_at", "sponsor", "sponsor_account", "sponsor_name", "template", "sought"):
        db.execute(f"alter table partnerships add column {column} text not null default ''")
    db.execute("alter table homes add column place text not null default ''")
    db.execute("alter table homes add column content text not null default ''")
    for identity, doc in db.execute("select id, doc from requests where json_valid(doc)").fetchall():
        record = _Doc(json.loads(doc))
        seen = record.inner("prepared", "observation", "identity") or record.inner("observation", "identity")
        names = [seen.get(name) for name in ("default_domain", "display_name", "tenant_id")]
        asked, prepared = record.inner("particulars"), record.inner("prepared")
        texts = [identity, asked.get("target"), asked.get("template"), prepared.get("template_title"), *names]
        values = (record.time("expires_at"), sought(*map(str, filter(None, texts))), identity)
        db.execute("update requests set expires_at = ?, sought = ? where id = ?", values)
    for tenant_id, doc in db.execute("select tenant_id, doc from partnerships where json_valid(doc)").fetchall():
        record = _Doc(json.loads(doc))
        named, sponsor = record.inner("identity"), record.inner("sponsor")
        names = [named.get(name) for name in ("default_domain", "display_name", "tenant_id")]
        columns = (
            *(record.time("ends_at"), str(sponsor.get("chat_id", "")), str(sponsor.get("id", ""))),
            sought(str(sponsor.get("name", ""))),
            sought(*(str(record.doc.get(name) or "") for name in ("template", "template_title"))),
            sought(*map(str, filter(None, names))),
        )
        db.execute(
            """update partnerships set ends_at = ?, sponsor = ?, sponsor_account = ?, sponsor_name = ?, template = ?,
            sought = ? where tenant_id = ?""",
            (*columns, tenant_id),
        )
    db.execute("create index requests_by_deadline on requests(waits_for, expires_at, id) where waits_for is not null")
    # NB. the index has every column of a list's conditions, so that only the documents of one page are read.
    listed = "state, ends_at, sponsor, sponsor_account, sponsor_name, template, sought"
    db.execute(f"create index partnerships_listed on partnerships(domain, tenant_id, {listed})")


@migrations()
def m015_reminders_of_waiting_requests(db: Database) -> None:
    """Add reminders to requests that wait already, and an index of expired requests."""
    _put_reminder_times(db)
    db.execute("create index requests_expired on requests(created_at) where state = 'expired'")


def _put_reminder_times(db: Database) -> None:
    """Store when something is due for each request that waits for approvals, by the rules of the present version."""
    for request_id, doc in db.execute("select id, doc from requests where state = 'awaiting_approval'").fetchall():
        try:
            due = next_due_at(load(REQUEST, doc))
        except (ValidationError, ValueError):
            continue  # an unreadable record does not hide others
        if due is not None:
            moment = due.astimezone(UTC).isoformat(timespec="microseconds")
            db.execute("update requests set due_at = ? where id = ?", (moment, request_id))


@migrations()
def m016_search_of_requests(db: Database) -> None:
    """Add columns to search all requests without their documents: template, requester, and who decided."""
    for column in ("template", "requester_sought", "deciders"):
        db.execute(f"alter table requests add column {column} text not null default ''")
    rows = db.execute("select id, requester, account from requests where json_valid(doc)").fetchall()
    for identity, requester, account in rows:
        # One document at a time: all of them together may need more memory than there is.
        record = _Doc(json.loads(db.execute("select doc from requests where id = ?", (identity,)).fetchone()[0]))
        asked, prepared = record.inner("particulars"), record.inner("prepared")
        person = record.inner("prepared", "requester") or record.inner("submitter")
        decided = [_Doc(one).inner("person") for name in ("void", "decisions") for one in record.objects(name)]
        columns = (
            sought(*(str(one) for one in (asked.get("template"), prepared.get("template_title")) if one)),
            sought_people(requester, account, and_of=[_searched(person)]),
            sought_people(and_of=map(_searched, decided)),
        )
        db.execute(
            "update requests set template = ?, requester_sought = ?, deciders = ? where id = ?", (*columns, identity)
        )
    # NB. the index has every column of a search, so that only the documents of one page are read.
    searched = "state, sought, template, requester_sought, deciders"
    db.execute(f"create index requests_searched on requests(created_at, id, {searched})")


@migrations()
def m017_results_that_nobody_approved(db: Database) -> None:
    """Add a column to search partly applied requests, and mark records of overwritten settings as such.

    Versions before stored no basis, and it is read as approved. A record stays marked until the settings were approved
    again, also after a reduction. Its review is due at once, as for a record that this version makes. Requests that
    wait get the reminder times of this version.
    """
    _put_reminder_times(db)
    db.execute("alter table requests add column is_part integer not null default 0")
    part = "cast(json_extract(doc, '$.applied_part') as integer) > 0"
    db.execute(f"update requests set is_part = 1 where json_valid(doc) and {part}")  # noqa: S608
    db.execute("drop index requests_searched")
    searched = "state, is_part, sought, template, requester_sought, deciders"
    db.execute(f"create index requests_searched on requests(created_at, id, {searched})")
    rows = db.execute("select tenant_id, doc from partnerships where state <> 'revoked' and json_valid(doc)").fetchall()
    for tenant_id, doc in rows:
        record = json.loads(doc)
        if not isinstance(record, dict) or "basis" in record or not (found_at := _overwritten_at(db, tenant_id)):
            continue
        ended = min(filter(None, (_Doc(record).time("ends_at"), found_at)))
        record |= {"basis": "overwritten", "ends_at": ended}
        db.execute("update partnerships set ends_at = ? where tenant_id = ?", (ended, tenant_id))
        if record.get("state") == "active":
            record["next_review_at"] = found_at
            db.execute("update partnerships set due_at = ? where tenant_id = ?", (found_at, tenant_id))
        db.execute("update partnerships set doc = ? where tenant_id = ?", (_written(record), tenant_id))


@migrations()
def m018_turns_and_ends(db: Database) -> None:
    """Add who asked for a permission check, so that people take turns, and indices for the lists of an App Home.

    Without them, an App Home reads a row of every partner for each of its lists.
    """
    db.execute("alter table effects add column asked_by text not null default ''")
    asked = "coalesce(json_extract(doc, '$.command.actor'), '')"
    db.execute(f"update effects set asked_by = {asked} where lane >= 'judge:' and lane < 'judge;' and json_valid(doc)")  # noqa: S608
    # NB. each has every column of such a list's conditions, so that only the documents of one page are read.
    listed = "sponsor, sponsor_account, sought"
    db.execute(f"create index partnerships_by_end on partnerships(ends_at, tenant_id, state, {listed})")
    db.execute(f"create index partnerships_by_state on partnerships(state, ends_at, tenant_id, {listed})")


@migrations()
def m019_drift(db: Database) -> None:
    """Add the drift that sweeps find, with the columns by which it is looked for."""
    db.execute(
        """create table drifts (subject text primary key, version integer not null, is_open integer not null,
        code text not null, needs_author integer not null, ask_again_at text, found_at text not null,
        doc text not null)"""
    )
    db.execute("create index drifts_open on drifts(is_open, found_at)")
    db.execute("create index drifts_to_ask_again on drifts(ask_again_at)")


@migrations()
def m020_end_of_access(db: Database) -> None:
    """Add what happens at the end of an access, and make the notices before it due.

    Records of earlier versions ask. Their first notice is the newest whose time has come.
    """
    db.execute("alter table partnerships add column at_end text not null default 'ask'")
    db.execute("create index partnerships_by_at_end on partnerships(at_end, state, ends_at, tenant_id)")
    for tenant_id, doc in db.execute("select tenant_id, doc from partnerships where state <> 'revoked'").fetchall():
        try:
            due_at = load(PARTNERSHIP, doc).due_at
        except (ValidationError, ValueError):
            continue  # an unreadable record does not hide others
        due = None if due_at is None else text_of(due_at)
        db.execute("update partnerships set due_at = ? where tenant_id = ?", (due, tenant_id))


@migrations()
def m021_batches(db: Database) -> None:
    """Add batches, and which requests belong to one."""
    db.execute(
        """create table batches (
            id text primary key, version integer not null, state text not null, is_open integer not null,
            requester text not null, account text not null, waits_for text, excluded text not null,
            created_at text not null, expires_at text not null, due_at text, doc text not null
        )"""
    )
    db.execute("create index batches_open on batches(is_open, created_at)")
    db.execute("create index batches_waiting on batches(waits_for, expires_at)")
    db.execute("create index batches_due on batches(due_at)")
    db.execute("alter table requests add column batch text")
    # NB. only of members: otherwise lists of the requests that belong to no batch read all of these by it.
    db.execute("create index requests_by_batch on requests(batch) where batch is not null")


@migrations()
def m022_freeze(db: Database) -> None:
    """Add the freeze of all writes that open access: one record, which never is deleted."""
    db.execute("create table freezes (id text primary key, version integer not null, doc text not null)")


@migrations()
def m023_questions_of_a_tick(db: Database) -> None:
    """Add indices for what each tick asks about drift: how much of it there is, and what was written since a sweep."""
    since = "julianday(json_extract(doc, '$.since'))"
    db.execute(f"create index partnerships_by_since on partnerships({since}) where json_valid(doc)")
    db.execute("create index drifts_by_code on drifts(is_open, code)")


@migrations()
def m024_audit_by_partner(db: Database) -> None:
    """Let the entries about a partner be found that belong to no request, as those about what sweeps found."""
    db.execute(
        """create index audit_by_partner on audit(tenant_id, seq)
        where request_id is null and tenant_id is not null"""
    )


@migrations()
def m025_usage(db: Database) -> None:
    """Add what the newest scan of sign-ins and guests found: one record for the tenant, and one for each partner."""
    db.execute("create table usage_scans (id text primary key, doc text not null)")
    db.execute("create table partner_usage (tenant_id text primary key, doc text not null)")


@migrations()
def m026_campaigns(db: Database) -> None:
    """Add campaigns of reviews."""
    db.execute(
        """create table campaigns (
            id text primary key, version integer not null, is_open integer not null, at text not null, doc text not null
        )"""
    )
    db.execute("create index campaigns_open on campaigns(at) where is_open = 1")


@migrations()
def m027_silence(db: Database) -> None:
    """Add from when on it is looked for what an unanswered review leads to; no record of earlier versions has that."""
    db.execute("alter table partnerships add column silent_from text not null default ''")
    db.execute("create index partnerships_silent on partnerships(silent_from, tenant_id) where silent_from <> ''")


@migrations()
def m029_absences(db: Database) -> None:
    """Add absences, with who is asked in the meantime."""
    db.execute(
        """create table absences (
            id text primary key, version integer not null, person text not null, ends_at text not null,
            doc text not null
        )"""
    )
    db.execute("create index absences_person on absences(person)")
    db.execute("create index absences_end on absences(ends_at)")


@migrations()
def m030_asked_managers(db: Database) -> None:
    """Add who was asked as a sponsor's manager in an open review, so that their App Home lists it.

    The index of the lists of an App Home gets this column, so that only the documents of one page are read.
    """
    db.execute("alter table partnerships add column asked_managers text not null default ''")
    due = "select tenant_id, doc from partnerships where state = 'review_due'"
    for tenant_id, doc in db.execute(due).fetchall():
        try:
            managers = asked_managers_text(load(PARTNERSHIP, doc))
        except (ValidationError, ValueError):
            continue  # an unreadable record does not hide others
        db.execute("update partnerships set asked_managers = ? where tenant_id = ?", (managers, tenant_id))
    db.execute("drop index partnerships_by_state")
    listed = "sponsor, sponsor_account, asked_managers, sought"
    db.execute(f"create index partnerships_by_state on partnerships(state, ends_at, tenant_id, {listed})")


@migrations()
def m031_requests_by_submitter(db: Database) -> None:
    """Add who sent a request for somebody else, so that their App Home lists it."""
    names = {"submitter": "$.particulars.submitter", "submitter_account": "$.prepared.submitter.id"}
    for column, place in names.items():
        db.execute(f"alter table requests add column {column} text")
        db.execute(f"update requests set {column} = json_extract(doc, '{place}') where json_valid(doc)")  # noqa: S608
        db.execute(f"create index requests_by_{column} on requests({column}) where {column} is not null")


@migrations()
def m033_denied_notices(db: Database) -> None:
    """Add the notices about sign-ins that our settings deny to people of tenants without an entry."""
    db.execute(
        """create table denied_notices (
            subject text primary key, version integer not null, is_open integer not null, told_at text not null,
            doc text not null
        )"""
    )
    db.execute("create index denied_notices_open on denied_notices(is_open, told_at)")


@migrations()
def m034_audit_chain(db: Database) -> None:
    """Add the signature of each audit entry, and the id of its key. Existing entries are signed by `StoreFile.open`."""
    db.execute("alter table audit add column key_id text")
    db.execute("alter table audit add column mac blob")


@migrations()
def m039_import_lookups(db: Database) -> None:
    """Add what imports of files looked up, so that one that is interrupted goes on where it ended."""
    db.execute(
        """create table import_lookups (
            home text not null, name text not null, at text not null, doc text not null, primary key (home, name)
        )"""
    )
    db.execute("create index import_lookups_at on import_lookups(at)")


@migrations()
def m042_profiles(db: Database) -> None:
    """Add what was read of the people who decide, and an index to list the decisions of a time."""
    db.execute(
        """create table profiles (
            chat_id text primary key, account text not null, read_at text not null, doc text not null
        ) strict"""
    )
    db.execute("create index profiles_by_account on profiles(account)")
    db.execute("create index audit_by_command on audit(command, at)")


@migrations()
def m044_personal_texts(db: Database) -> None:
    """Let personal texts stand beside what is signed of an entry, and give the people whom records name numbers.

    `audit.personal`: the references, which are signed. `audit.salts`: a text without one was erased.
    `people`: the numbers; one is never given again. `people.erasing`: what is being erased.
    `identities`: the accounts and chat ids of each.
    Entries from before keep their texts in what is signed.
    """
    db.execute("alter table audit add column personal text")
    db.execute("alter table audit add column salts text")
    db.execute("""create table people (
            number integer primary key autoincrement, gone_since text, erasing text, erased_at text
        ) strict""")
    db.execute(
        """create table identities (
            identifier text primary key, number integer not null references people(number), is_account integer not null
        ) strict"""
    )
    db.execute("create index identities_by_number on identities(number)")
    known: dict[str, int] = {}
    named = db.execute("select distinct actor, account from audit where account is not null").fetchall()
    for table in ("requests", "partnerships"):
        person = "json_extract(value, '$.chat_id'), json_extract(value, '$.id')"
        named += db.execute(
            f"""select distinct {person} from {table}, json_tree({table}.doc) where json_valid({table}.doc)
            and type = 'object' and json_extract(value, '$.name') is not null
            and json_extract(value, '$.chat_id') is not null and json_extract(value, '$.id') is not null"""  # noqa: S608
        ).fetchall()
    for chat_id, account in named:
        ids = [str(one) for one in (account, chat_id) if one and one != "gatehouse"]
        if not ids:
            continue
        number = next((known[one] for one in ids if one in known), None)
        if number is None:
            number = int(db.execute("insert into people (gone_since) values (null)").lastrowid or 0)
        for one in ids:
            if one not in known:
                known[one] = number
                values = (one, number, int(one == account))
                db.execute("insert into identities (identifier, number, is_account) values (?, ?, ?)", values)


@migrations()
def m045_record_seals(db: Database) -> None:
    """Add what each entry says about the records stored with it. Existing records are named by `StoreFile.open`.

    NB. after m044, and in one transaction with it, because naming an absence needs the numbers of people. A later step
    that changes the text of such a record must have it named again.
    """
    db.execute("alter table audit add column records text")


def _overwritten_at(db: Database, tenant_id: str) -> str:
    """Return when the present settings of a partner were found to be overwritten; empty when they were not."""
    sql = "select state, doc from requests where tenant_id = ? and state in ('applied', 'overwritten')"
    rows = [(state, doc, _Doc(_object(doc)).time("changed_at")) for state, doc in db.execute(sql, [tenant_id])]
    for state, doc, at in sorted(rows, key=lambda row: row[2], reverse=True):
        if state == "overwritten":
            return at
        try:
            request = load(REQUEST, doc)
        except (ValidationError, ValueError):
            continue  # it may have been a reduction, which approves nothing
        if request.fields.kind is RequestKind.REVOCATION or not only_reduces_access(request.plan):
            return ""
    return ""


def _object(doc: str) -> Any:
    try:
        return json.loads(doc)
    except ValueError:
        return None


def _searched(person: Mapping[str, Any]) -> tuple[str, str, str]:
    name, chat_id, account = (str(person.get(key) or "") for key in ("name", "chat_id", "id"))
    return name, chat_id, account


class _Doc:
    """A stored document. Every part of it may be missing or of another form."""

    def __init__(self, doc: Any) -> None:
        self.doc: dict[str, Any] = doc if isinstance(doc, dict) else {}

    def inner(self, *names: str) -> dict[str, Any]:
        """Return the object under these names; empty when there is none."""
        found: Any = self.doc
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def objects(self, name: str) -> list[Any]:
        """Return the objects in the list under a name; empty when there is none."""
        found = self.doc.get(name)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def time(self, name: str) -> str:
        """Return a time as a text that sorts by time; empty when there is none."""
        try:
            return text_of(datetime.fromisoformat(str(self.doc.get(name))))
        except ValueError:
            return ""


def _with_facts(doc: str) -> str:
    """Return the document of a request, with facts in place of the texts of an earlier version."""
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
    """Return the text of a changed record, without the checksum of its earlier text."""
    record = {name: value for name, value in record.items() if name != CHECKSUM}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _rename_fields(db: Database, table: str, key: str, within: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Rename fields in the stored documents of a table. A document that cannot be read is not changed."""
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
    """Store for each waiting request the role that it waits for, and who may not decide on it."""
    for request_id, doc in db.execute("select id, doc from requests where state = 'awaiting_approval'").fetchall():
        try:
            who = current_eligibility(load(REQUEST, _with_facts(doc)))
        except (ValidationError, ValueError):
            continue  # an unreadable record does not hide others
        if who is not None:
            values = (who.open_stages[0].role, json.dumps(sorted(who.excluded_ids)), request_id)
            db.execute("update requests set waits_for = ?, excluded = ? where id = ?", values)
