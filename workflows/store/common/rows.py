"""Make the rows of records: the columns by which they are found, and the document. Every kind of store has these."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from workflows.core.batches.batch import Batch
from workflows.core.batches.deciding import current_batch_eligibility
from workflows.core.batches.reminding import next_batch_due_at
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.policy.delegation.absence import Absence
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.acceptance import ask_again_at
from workflows.core.posture.watch.denied_notice import DeniedNotice
from workflows.core.posture.watch.drift import AuthorState, Drift
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.effects import Effect, asked_by, lane, priority_of
from workflows.core.requests.eligibility import current_eligibility
from workflows.core.requests.notes import NoteCode, is_believed
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.store.codec import PARTNER_USAGE, USAGE_SCAN, dump
from workflows.store.redaction import RecordRedactor

_HYPHEN: Final = re.compile("[-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_ID: Final = re.compile(rf"r{_HYPHEN.pattern}[0-9a-z]*|[0-9a-f]*(?:{_HYPHEN.pattern}[0-9a-f]*)+")
"""A request's ID or a tenant ID, or a part of one."""
FREEZE_ID: Final = "freeze"
"""The one record of the freeze."""

SEALED_TABLES: Final[Mapping[str, str]] = {
    "requests": "id",
    "partnerships": "tenant_id",
    "drifts": "subject",
    "freezes": "id",
    "batches": "id",
    "campaigns": "id",
    "absences": "id",
    "denied_notices": "subject",
}
"""The tables whose records are named by entries, with the column of the id."""

Row = dict[str, Any]


def entry_row(entry: AuditEntry, clean: RecordRedactor) -> dict[str, str | None]:
    """Return the columns of an audit entry that are signed: those of `FIELDS`."""
    names = {name: getattr(entry, name) for name in ("key", "actor", "command", "outcome")}
    about = {name: getattr(entry, name) for name in ("request_id", "tenant_id", "account")}
    return {**names, **about, "at": text_of(entry.at), "details": clean.details(entry.details)}


def request_row(request: AccessRequest, clean: RecordRedactor) -> Row:
    """Return the row of a request."""
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
        "doc": clean.request(request),
    }


def opens_nothing(request: AccessRequest) -> bool:
    """Return whether a request ended because it is not believed, and nothing of it is in the tenant."""
    return request.state is RequestState.STOPPED and not (is_believed(request) or request.was_written)


def has_ended_unbelieved(batch: Batch) -> bool:
    """Return whether a batch ended because it is not believed. Its members were ended with it."""
    return batch.has_ended and any(fact.code == NoteCode.BATCH_NOT_BELIEVED for fact in batch.note)


def partnership_row(partnership: Partnership, clean: RecordRedactor) -> Row:
    """Return the row of a partnership."""
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
        "doc": clean.partnership(partnership),
    }


def drift_row(drift: Drift, clean: RecordRedactor) -> Row:
    """Return the row of a record of drift."""
    ask_again = ask_again_at(drift)
    return {
        "subject": drift.subject,
        "version": drift.version,
        "is_open": int(drift.is_open),
        "code": drift.found.code.value,
        "needs_author": int(drift.author.state is AuthorState.PENDING),
        "ask_again_at": None if ask_again is None else text_of(ask_again),
        "found_at": text_of(drift.found_at),
        "doc": clean.drift(drift),
    }


def freeze_row(freeze: Freeze, clean: RecordRedactor) -> Row:
    """Return the row of the freeze."""
    return {"id": FREEZE_ID, "version": freeze.version, "doc": clean.freeze(freeze)}


def batch_row(batch: Batch, clean: RecordRedactor) -> Row:
    """Return the row of a batch."""
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
        "doc": clean.batch(batch),
    }


def campaign_row(campaign: Campaign, clean: RecordRedactor) -> Row:
    """Return the row of a campaign of reviews."""
    row = {"id": campaign.id, "version": campaign.version, "is_open": int(campaign.is_open)}
    return {**row, "at": text_of(campaign.at), "doc": clean.campaign(campaign)}


def absence_row(absence: Absence, clean: RecordRedactor) -> Row:
    """Return the row of an absence."""
    row = {"id": absence.id, "version": absence.version, "person": absence.person.id}
    return {**row, "ends_at": text_of(absence.end), "doc": clean.absence(absence)}


def denied_notice_row(notice: DeniedNotice, clean: RecordRedactor) -> Row:
    """Return the row of a notice about denied sign-ins."""
    row = {"subject": notice.subject, "version": notice.version, "is_open": int(notice.is_open)}
    return {**row, "told_at": text_of(notice.told_at), "doc": clean.denied_notice(notice)}


def alarm_row(alarm: Alarm, clean: RecordRedactor) -> Row:
    """Return the row of an alarm. It has no version."""
    row = {"id": alarm.id, "code": alarm.code.value, "subject": alarm.subject, "is_open": int(alarm.is_open)}
    return {**row, "raised_at": text_of(alarm.raised_at), "doc": clean.alarm(alarm)}


def effect_row(effect: Effect, due_at: str, clean: RecordRedactor) -> Row:
    """Return the row of an effect that was not tried yet."""
    row = {"lane": lane(effect), "rank": priority_of(effect).value, "asked_by": asked_by(effect)}
    return {**row, "due_at": due_at, "attempts": 0, "doc": clean.effect(effect)}


def rewritten_columns(clean: RecordRedactor) -> dict[str, Callable[[Any], Row]]:
    """Return what makes the columns of a record that an erasure rewrites, by table."""
    return {
        "requests": lambda one: request_row(one, clean),
        "partnerships": lambda one: partnership_row(one, clean),
        "batches": lambda one: batch_row(one, clean),
        "absences": lambda one: absence_row(one, clean),
        "campaigns": lambda one: {"doc": clean.campaign(one)},
        "freezes": lambda one: {"doc": clean.freeze(one)},
        "drifts": lambda one: {"subject": one.subject, "doc": clean.drift(one)},
        "denied_notices": lambda one: {"doc": clean.denied_notice(one)},
        "alarms": lambda one: {"subject": one.subject, "doc": clean.alarm(one)},
        "effects": lambda one: {"lane": lane(one), "asked_by": asked_by(one), "doc": clean.effect(one)},
        "usage_scans": lambda one: {"doc": dump(USAGE_SCAN, one)},
        "partner_usage": lambda one: {"doc": dump(PARTNER_USAGE, one)},
    }


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


def text_of(moment: datetime) -> str:
    """Write a time as a text. The order of such texts is the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def search_text(*texts: str) -> str:
    """Return the text in which a record is searched: the given texts in one form for upper and lower case."""
    return "\n".join(text.strip().casefold().replace("\n", " ") for text in texts if text)


def typed_search_text(typed_text: str) -> str:
    """Return the search text of what a person typed. An ID is found with any kind of hyphen, as it may be copied."""
    text = search_text(typed_text)
    return _HYPHEN.sub("-", text) if _ID.fullmatch(text) else text


def people_search_text(*texts: str | None, and_of: Iterable[tuple[str, str, str]] = ()) -> str:
    """Return the text in which people are searched: names, chat ids and accounts, each once.

    :param and_of: the name, chat id and account of more people.
    """
    every = (*texts, *(text for column in and_of for text in column))
    return search_text(*dict.fromkeys(text for text in every if text))


def asked_managers_text(partnership: Partnership) -> str:
    """Return every id of the managers who are asked in the open review, as a list in JSON; empty without one."""
    ids = {one_id for manager in partnership.asked_managers for one_id in (manager.chat_id, manager.id)}
    return json.dumps(sorted(ids)) if ids else ""
