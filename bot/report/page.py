"""Write an audit report as one self-contained HTML page: everything escaped, no script, a strict content policy.

The templates are escaped by default. The page loads nothing: its content security policy allows only its own style, by
the digest of that style. It is written request by request; only one request is in memory.
"""

import hashlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.report.report_file import ReportFile, ReportHeader
from bot.report.story_columns import adopted_lines, change_id_in, change_lines, operations_of, risk_in
from bot.report.words import (
    FROM_RECORDS,
    LIMITATIONS,
    authors_words,
    decision_words,
    end_words,
    entra_entries,
    handover_words,
    identity_in,
    kind_name,
    names_in,
    outside_change_words,
    partner_in,
    remark_words,
    requester_words,
    review_words,
    said_outcome_words,
    sponsor_words,
    standing_words,
    state_in_words,
    template_in,
)
from bot.slack.blocks.untrusted import clean
from bot.words.plans.sent_writes import SENT_HINT, sent_ids
from bot.words.requests.audit_history import audit_entry_words, reason_words
from bot.words.requests.notes import note_words
from bot.words.sentences import counted, day, minute, time_words
from workflows.app.evidence.reading import EvidenceReader
from workflows.core.partners.history.story import RequestStory, Standing

_MAX_CHARACTERS: Final = 20_000
"""Characters of one text. No field of a request is longer; a text that is cut ends in "…"."""

_WARNED: Final = (
    Standing.NOT_AS_APPROVED,
    Standing.DRIFTED,
    Standing.PAST_ITS_END,
    Standing.NOT_READ_BACK,
    Standing.NO_RECORD,
)


async def write_page(
    report_file: ReportFile,
    stories: AsyncIterator[RequestStory],
    header: ReportHeader,
    evidence_reader: EvidenceReader,
) -> None:
    """Write the page.

    The table of requests comes before their details, and both come from one pass over the requests. So each is first
    written into a file of its own, and then appended to the page.
    """
    rows, details, states = report_file.new_part_file(), report_file.new_part_file(), Counter[str]()
    try:
        async for story in stories:
            view = _view(story)
            rows.write(_render("row.html", one=view))
            details.write(_render("request.html", one=view))
            # Without the time: "active (verified Nov 26, 2026 at 12:04 UTC)" counts as "active".
            states[view["state"].split(" (")[0]] += 1
            report_file.row_count += 1
        totals = [f"{state}: {count:,}" for state, count in states.most_common()]
        head = _head(header, evidence_reader, report_file.row_count)
        report_file.write(_render("head.html", totals=totals, has_rows=bool(report_file.row_count), **head))
        report_file.append(rows)
        report_file.write(_render("middle.html", has_rows=bool(report_file.row_count)))
        report_file.append(details)
        report_file.write(_render("foot.html", limits=LIMITATIONS, header=header))
    finally:
        rows.close()
        details.close()


def _head(header: ReportHeader, evidence_reader: EvidenceReader, count: int) -> dict[str, Any]:
    style = _style()
    days = header.days
    return {
        "style": Markup(style),  # noqa: S704  # a file of this package
        "style_digest": b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "title": clean(f"Audit report: {header.partner or 'all partners'}", _MAX_CHARACTERS),
        "made": f"{minute(header.made_at)} by {header.made_by}, with Gatehouse {version('gatehouse')}",
        "first": "the first request" if days.first is None else day(days.first.isoformat()),
        "last": "now" if days.last is None else f"{day(days.last.isoformat())} (included)",
        "count": counted(count, "request"),
        "unreadable": counted(evidence_reader.unreadable, "record") if evidence_reader.unreadable else "",
        "source": FROM_RECORDS,
    }


def _view(story: RequestStory) -> dict[str, Any]:
    """Return what the template shows of one request: texts, and lists of texts."""
    request, identity = story.request, identity_in(story.request)
    return {
        "id": request.id,
        "partner": partner_in(request),
        "tenant_id": "" if identity is None else identity.tenant_id,
        "display_name": "" if identity is None else identity.display_name,
        "as_typed": request.fields.target,
        "title": template_in(request),
        "kind": kind_name(request),
        "state": state_in_words(story),
        "note": note_words(request.note) if request.note else "",
        "standing": standing_words(story),
        "is_warned": story.standing in _WARNED or not story.is_believed,
        **_request_values(story),
        "steps": _steps(story),
        "decisions": [decision_words(one, is_believed=story.is_believed) for one in story.decisions],
        "needs_approval": request.prepared is None or bool(request.prepared.stages),
        "is_verified": story.verified_at is not None,
        "change_id": change_id_in(story),
        "changes": change_lines(story),
        "adopted": adopted_lines(story),
        "adopted_settings": _json(request.plan.before) if adopted_lines(story) else "",
        "operations": [f"{one['method']} {one['path']}\n{_json(one['body'])}" for one in operations_of(story)],
        "calls": [
            "; ".join([f"{one.method}, {minute(one.at)}", *(f"{name}: {value}" for name, value in sent_ids(one))])
            for one in request.sent
        ]
        + [f"Entra, {minute(one['entra_at'])}; CorrelationId: {one['correlation_id']}" for one in entra_entries(story)],
        "calls_hint": SENT_HINT,
        "read_back": _read_back(story),
        "not_closed": [f"{one.name}: {one.opening.value}" for one in request.not_closed or ()],
        **_later_values(story),
        "entries": _entries(story),
        "entries_left": story.entry_count - len(story.entries),
    }


def _entries(story: RequestStory) -> list[tuple[str, str, str, str]]:
    """Return when, what, by whom and why of each audit entry."""
    names = names_in(story)
    return [
        (
            minute(one.at),
            audit_entry_words(one),
            _actor(names.get(one.actor, ""), one.actor, one.account),
            reason_words(one),
        )
        for one in story.entries
    ]


def _request_values(story: RequestStory) -> dict[str, Any]:
    request = story.request
    return {
        "requester": requester_words(request),
        "sponsor": sponsor_words(request),
        "justification": request.fields.justification.strip(),
        "ticket": request.fields.ticket,
        "period": end_words(request),
        "risk": risk_in(story),
        "authors": authors_words(request),
        "remarks": list(map(remark_words, request.remarks)),
        "edits": [f"{one.person.name} ({one.person.chat_id}), {minute(one.at)}" for one in request.edits],
    }


def _later_values(story: RequestStory) -> dict[str, Any]:
    """Return what happened while the access was in force: reviews, hand-overs of the sponsor, changes by others."""
    return {
        "reviews": list(map(review_words, story.reviews)),
        "outcomes": list(map(said_outcome_words, story.outcomes)),
        "handovers": list(map(handover_words, story.handovers)),
        "outside_changes": list(map(outside_change_words, story.outside_changes)),
    }


def _steps(story: RequestStory) -> list[tuple[str, str, str]]:
    """Return when the request was sent, approved and verified, and how long each took."""
    steps = [("Requested", minute(story.request.created_at), "")]
    if story.approved_at is not None:
        steps.append(("Approved", minute(story.approved_at), _after(story.time_to_approval)))
    if story.verified_at is not None:
        steps.append(("Verified in the tenant", minute(story.verified_at), _after(story.time_to_apply)))
    return steps


def _after(time: timedelta | None) -> str:
    return "" if time is None else f"after {time_words(time)}"


def _read_back(story: RequestStory) -> dict[str, str] | None:
    found = story.read_back
    if found is None:
        return None
    shown = "It did not show the complete change."
    if found.is_complete:
        refused = story.request.refused
        shown = (
            "It showed the change, except for what Microsoft refused." if refused else "It showed the complete change."
        )
    return {"at": minute(found.at), "shown": shown, "configuration": _json(found.configuration)}


def _actor(name: str, actor: str, account: str | None) -> str:
    ids = ", ".join(filter(None, [actor if name else "", f"account {account}" if account else ""]))
    return f"{name or actor} ({ids})" if ids else actor


def _json(value: object) -> str:
    """Return JSON in one line. Everything outside ASCII is escaped, so that hidden characters are visible."""
    return json.dumps(value, sort_keys=True)


def _escape(text: object) -> Markup:
    """Return a text from outside, escaped, without invisible characters, and with a text direction of its own."""
    return Markup("<bdi>{}</bdi>").format(clean(str(text), _MAX_CHARACTERS, lines=True, empty=""))


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(name).render(**values)


@cache
def _style() -> str:
    return files("bot.report").joinpath("templates", "report.css").read_text("utf-8")


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = _escape
    return made
