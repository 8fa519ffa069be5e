"""The columns of an audit report as CSV: one row for each request. docs/audit.md explains each column."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from bot.report.csv_text import join_values
from bot.report.words import (
    decision_words,
    end_words,
    entra_entries,
    handover_words,
    identity_in,
    iso,
    kind_name,
    outside_change_words,
    remark_words,
    requester_words,
    review_words,
    said_outcome_words,
    sponsor_words,
    standing_words,
    state_in_words,
    template_in,
)
from bot.words.plans.changes import ChangeLine, describe_changes
from bot.words.plans.kept_access import open_now_words
from bot.words.plans.risk import risk_level_for_approval_words
from bot.words.requests.notes import note_words
from workflows.core.partners.history.story import RequestStory
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject


def change_lines(story: RequestStory) -> tuple[ChangeLine, ...]:
    """Return each setting that the stored plan changes, before and after; none while there is no plan."""
    prepared = story.request.prepared
    if prepared is None:
        return ()
    lines = describe_changes(prepared.plan, prepared.observation.default, prepared.names)
    return tuple(line for line in lines if line.access is not AccessChange.SAME)


def adopted_lines(story: RequestStory) -> tuple[str, ...]:
    """Return what was open and is adopted as it is, inherited access included; none for other requests."""
    prepared = story.request.prepared
    if prepared is None or prepared.plan.adoption is None:
        return ()
    return tuple(open_now_words(prepared.plan, prepared.observation.default, prepared.names)) or ("nothing is open",)


def operations_of(story: RequestStory) -> list[JsonObject]:
    """Return the exact operations of the stored plan."""
    if story.request.prepared is None:
        return []
    return [
        {"method": one.method, "path": one.path, "body": one.body, "may_be_refused": one.may_be_refused}
        for one in story.request.plan.operations
    ]


def risk_in(story: RequestStory) -> str:
    """Return the level of the risk that was decided about; empty where nobody had to decide."""
    prepared = story.request.prepared
    if prepared is None or not prepared.stages:
        return ""
    return risk_level_for_approval_words(prepared.plan, prepared.observation.default)


def change_id_in(story: RequestStory) -> str:
    """Return the digest of the stored plan; empty while there is none."""
    return "" if story.request.prepared is None else story.request.plan.digest


def _identity(story: RequestStory) -> Mapping[str, str]:
    identity = identity_in(story.request)
    if identity is None:
        return {"domain": "", "tenant": "", "name": ""}
    return {"domain": identity.default_domain, "tenant": identity.tenant_id, "name": identity.display_name}


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True) if value else ""


def _changes(story: RequestStory) -> str:
    return join_values(f"{one.setting}: {one.before} → {one.after} ({one.effect})" for one in change_lines(story))


def _seconds(story: RequestStory) -> tuple[str, str, str]:
    times = (story.time_to_approval, story.time_to_apply, story.total_time)
    first, second, third = ("" if one is None else str(max(0, int(one.total_seconds()))) for one in times)
    return first, second, third


COLUMNS: Final[Mapping[str, Callable[[RequestStory], str]]] = {
    "request_id": lambda story: story.request.id,
    "kind": lambda story: kind_name(story.request),
    "partner_domain": lambda story: _identity(story)["domain"],
    "partner_tenant_id": lambda story: _identity(story)["tenant"],
    "partner_display_name_not_verified": lambda story: _identity(story)["name"],
    "partner_as_typed": lambda story: story.request.fields.target,
    "access_template": lambda story: template_in(story.request),
    "sent_at": lambda story: iso(story.request.created_at),
    "requester": lambda story: requester_words(story.request),
    "sponsor": lambda story: sponsor_words(story.request),
    "justification": lambda story: story.request.fields.justification,
    "ticket": lambda story: story.request.fields.ticket,
    "access_period": lambda story: end_words(story.request),
    "risk": risk_in,
    "state": state_in_words,
    "note": lambda story: note_words(story.request.note),
    "is_believed": lambda story: str(story.is_believed).lower(),
    "decisions": lambda story: join_values(
        decision_words(one, is_believed=story.is_believed) for one in story.decisions
    ),
    "approved_at": lambda story: iso(story.approved_at),
    "change_id": change_id_in,
    "changes": _changes,
    "adopted": lambda story: join_values(adopted_lines(story)),
    "graph_operations": lambda story: _json(operations_of(story)),
    "first_sent_at": lambda story: iso(story.request.writing_since),
    "graph_client_request_ids": lambda story: " ".join(one.ids.client_request_id for one in story.request.sent),
    "graph_request_ids": lambda story: " ".join(one.ids.request_id for one in story.request.sent),
    "entra_correlation_ids": lambda story: " ".join(
        dict.fromkeys(filter(None, (one.get("correlation_id") for one in entra_entries(story))))
    ),
    "verified_at": lambda story: iso(story.verified_at),
    "read_back": lambda story: "" if story.read_back is None else _json(story.read_back.configuration),
    "read_back_is_complete": lambda story: "" if story.read_back is None else str(story.read_back.is_complete).lower(),
    "not_closed": lambda story: join_values(one.name for one in story.request.not_closed or ()),
    "remarks": lambda story: join_values(map(remark_words, story.request.remarks)),
    "reviews": lambda story: join_values(map(review_words, story.reviews)),
    "said_outcomes": lambda story: join_values(map(said_outcome_words, story.outcomes)),
    "sponsor_handovers": lambda story: join_values(map(handover_words, story.handovers)),
    "changes_by_others": lambda story: join_values(map(outside_change_words, story.outside_changes)),
    "result_code": lambda story: story.standing.value,
    "result": standing_words,
    "as_of": lambda story: iso(story.as_of),
    "later_request_id": lambda story: "" if story.later is None else story.later.id,
    "seconds_to_approval": lambda story: _seconds(story)[0],
    "seconds_from_approval_to_verified": lambda story: _seconds(story)[1],
    "seconds_to_verified": lambda story: _seconds(story)[2],
    "audit_entries": lambda story: str(story.entry_count),
}
"""What each column holds, by its name in the first row."""
