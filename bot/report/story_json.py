"""One request of an audit report as a JSON object with stable keys; documented in docs/audit.md."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from bot.report.story_columns import adopted_lines, change_id_in, change_lines, operations_of, risk_in
from bot.report.words import (
    authors_words,
    entra_entries,
    identity_in,
    iso,
    kind_name,
    outside_change_words,
    standing_words,
    state_in_words,
    template_in,
)
from bot.words.requests.notes import note_words
from workflows.core.conversation.remarks import Remark
from workflows.core.partners.history.handovers import HandoverStep
from workflows.core.partners.history.outside_changes import OutsideChange, RecordedEntry
from workflows.core.partners.history.said_outcomes import SaidOutcome
from workflows.core.partners.history.story import RequestStory, ReviewAnswer
from workflows.core.people import Person
from workflows.core.requests.request import AccessRequest

REPORT_FORMAT: Final = "gatehouse/audit-report/1"


def story_json(story: RequestStory) -> dict[str, Any]:
    """Return one request as evidence."""
    request = story.request
    return {
        "request_id": request.id,
        "kind": request.fields.kind.value,
        "kind_in_words": kind_name(request),
        "partner": _partner(request),
        "access_template": {"name": request.fields.template, "title": template_in(request)},
        "sent_at": _moment(request.created_at),
        **_request_members(request),
        "state": request.state.value,
        "state_in_words": state_in_words(story),
        "is_believed": story.is_believed,
        "note": note_words(request.note),
        **_decision_members(story),
        **_write_members(story),
        "remarks": list(map(_remark, request.remarks)),
        "reviews": list(map(_review, story.reviews)),
        "said_outcomes": list(map(_said_outcome, story.outcomes)),
        "sponsor_handovers": list(map(_handover, story.handovers)),
        "changes_by_others": [_outside_change(one) for one in story.outside_changes],
        "result": {
            "code": story.standing.value,
            "in_words": standing_words(story),
            "as_of": _moment(story.as_of),
            "later_request_id": None if story.later is None else story.later.id,
        },
        "seconds": {
            "to_approval": _seconds(story.time_to_approval),
            "from_approval_to_verified": _seconds(story.time_to_apply),
            "to_verified": _seconds(story.total_time),
        },
        "entries": [_entry(one) for one in story.entries],
        "entry_count": story.entry_count,
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "id": remark.id,
        "kind": remark.kind.value,
        "person": _person(remark.person),
        "at": _moment(remark.at),
        "text": remark.text,
        "asked": list(map(_person, remark.asked)),
        "answers": remark.answers or None,
        "stops_clock": remark.stops_clock,
    }


def _review(answer: ReviewAnswer) -> dict[str, Any]:
    mfa = answer.mfa
    return {
        "at": _moment(answer.at),
        "chat_id": answer.chat_id,
        "name": answer.name,
        "reason": answer.reason,
        "mfa": None if mfa is None else {"text": mfa.text.value, "until": _moment(mfa.until)},
    }


def _said_outcome(said: SaidOutcome) -> dict[str, Any]:
    """Return what somebody said about whether the access works; nobody checked it."""
    return {
        "at": _moment(said.at),
        "chat_id": said.chat_id,
        "name": said.name or None,
        "outcome": said.outcome,
        "what": said.what or None,
        "address": said.address or None,
        "application": said.application or None,
        "code": said.code or None,
    }


def _handover(step: HandoverStep) -> dict[str, Any]:
    """Return one step of a hand-over of the sponsor; only a proposal names who was asked."""
    return {
        "at": _moment(step.at),
        "step": step.command,
        "chat_id": step.chat_id,
        "name": step.name or None,
        "proposed": step.proposed or None,
    }


def _request_members(request: AccessRequest) -> dict[str, Any]:
    return {
        "requester": _requester(request),
        "sponsor": _sponsor(request),
        "justification": request.fields.justification,
        "ticket": request.fields.ticket,
        "duration_days": None if request.fields.duration is None else request.fields.duration.days,
        "ends_at": _moment(request.fields.ends_at),
        "starts_at": _moment(request.fields.starts_at),
        "edits": [{"person": _person(one.person), "at": _moment(one.at)} for one in request.edits],
    }


def _decision_members(story: RequestStory) -> dict[str, Any]:
    prepared = story.request.prepared
    return {
        "risk": risk_in(story) or None,
        "approval_policy": [
            {"title": one.title, "role": one.role, "approvals": one.quorum}
            for one in (() if prepared is None else prepared.stages)
        ],
        "decisions": [
            {
                "stage": one.stage_title,
                "person": _person(one.decision.person),
                "on_behalf_of": None if one.decision.on_behalf_of is None else _person(one.decision.on_behalf_of),
                "choice": one.decision.choice.value,
                "reason": one.decision.reason,
                "at": _moment(one.decision.at),
                "change_id": one.decision.digest,
                "is_counted": one.is_counted,
            }
            for one in story.decisions
        ],
        "approved_at": _moment(story.approved_at),
    }


def _write_members(story: RequestStory) -> dict[str, Any]:
    request, read_back = story.request, story.read_back
    return {
        "change_id": change_id_in(story) or None,
        "changes": [
            {"setting": one.setting, "before": one.before, "after": one.after, "effect": one.effect}
            for one in change_lines(story)
        ],
        "adopted": list(adopted_lines(story)),
        "authors_of_adopted": authors_words(request) or None,
        "settings_before": None if request.prepared is None else request.plan.before,
        "graph_operations": operations_of(story),
        "first_sent_at": _moment(request.writing_since),
        "graph_calls": [
            {"method": one.method, "path": one.path, "at": _moment(one.at), **asdict(one.ids)} for one in request.sent
        ],
        "entra_entries": [dict(one) for one in entra_entries(story)],
        "verified_at": _moment(story.verified_at),
        "read_back": None
        if read_back is None
        else {
            "at": _moment(read_back.at),
            "configuration": read_back.configuration,
            "change_id": read_back.digest or None,
            "is_complete": read_back.is_complete,
        },
        "not_closed": None
        if request.not_closed is None
        else [{"name": one.name, "opening": one.opening.value} for one in request.not_closed],
    }


def _partner(request: AccessRequest) -> dict[str, Any]:
    identity = identity_in(request)
    return {
        "as_typed": request.fields.target,
        "tenant_id": None if identity is None else identity.tenant_id,
        "default_domain": None if identity is None else identity.default_domain or None,
        "display_name_not_verified": None if identity is None else identity.display_name,
    }


def _requester(request: AccessRequest) -> dict[str, Any]:
    person = request.submitter if request.prepared is None else request.prepared.requester
    if person is None:
        return {"name": None, "chat_id": request.fields.requester, "account": request.account}
    return _person(person)


def _sponsor(request: AccessRequest) -> dict[str, Any]:
    if request.prepared is None:
        return {"name": None, "chat_id": request.fields.sponsor, "account": None}
    return _person(request.prepared.sponsor)


def _person(person: Person) -> dict[str, Any]:
    return {"name": person.name, "chat_id": person.chat_id, "account": person.id}


def _outside_change(change: OutsideChange) -> dict[str, Any]:
    """Return one change by others. What only a sweep knows is null for the others."""
    drift = change.drift
    return {
        "found_at": _moment(change.at),
        "kind": change.kind.value,
        "settings": list(change.settings),
        "in_words": outside_change_words(change),
        "drift": None if drift is None else drift.code,
        "may_give_more_access": None if drift is None else drift.opens,
        "author": None
        if drift is None
        else {"state": drift.author_state, "name": drift.author or None, "at": _moment(drift.author_at)},
        "accepted": None
        if drift is None
        else [
            {"name": one.name, "account": one.account, "until": _moment(one.until), "reason": one.reason}
            for one in drift.acceptances
        ],
        "ended_at": None if drift is None else _moment(drift.ended_at),
    }


def _entry(entry: RecordedEntry) -> dict[str, Any]:
    return {
        "at": _moment(entry.at),
        "actor": entry.actor,
        "account": entry.account,
        "command": entry.command,
        "outcome": entry.outcome,
        "details": dict(entry.details) if entry.is_readable else None,
        "is_readable": entry.is_readable,
    }


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) or None


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else max(0, int(time.total_seconds()))
