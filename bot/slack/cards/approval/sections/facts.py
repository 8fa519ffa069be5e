"""The lines of an approval card below its headline: the partner, the people, the time, the deadline."""

from collections.abc import Iterator
from datetime import datetime

from bot.slack.blocks.blocks import DOMAIN_LIMIT, TextRun, cleaned_text, fixed_text, local_day, local_time
from bot.slack.cards.approval.sections.asked_changes import left_out_parts
from bot.slack.cards.requests import restored_parts, whole_target
from bot.words.requests.access_end import AT_END
from bot.words.requests.approval_chain import decide_by_words
from bot.words.requests.form import access_duration_words
from bot.words.sentences import day
from workflows.core.partners.extension import kept_end
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import blocks_default_guests_at_end, closes_everything
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.request import AccessRequest, RequestKind


def fact_parts(request: AccessRequest, record: Partnership | None, now: datetime) -> Iterator[TextRun]:
    """Return what is asked for, by whom, for how long, and until when it is decided."""
    prepared, fields = request.require_prepared(), request.fields
    identity = prepared.observation.identity
    yield from whole_target(request)
    if identity.typed_name.strip().lower() not in ("", identity.default_domain.lower(), identity.tenant_id.lower()):
        yield fixed_text("Asked for as ")
        yield cleaned_text(identity.typed_name, DOMAIN_LIMIT, bold=True)
        yield fixed_text(" · ")
    yield from _people_parts(request)
    if fields.kind is RequestKind.RESTORATION:
        yield fixed_text("Restores ")
        yield from restored_parts(request)
        yield fixed_text("\n")
    if (adoption := prepared.plan.adoption) is not None:
        yield fixed_text("Same as template ") if adoption.equal_template else fixed_text("Equals no template")
        yield from [cleaned_text(prepared.template_title, 60, bold=True)] if adoption.equal_template else []
        yield fixed_text(" · nothing is written\n")
    if (starts_at := prepared.plan.starts_at) is not None and starts_at > now:
        yield fixed_text(f"Starts {day(starts_at)}", bold=True)
        yield fixed_text(" · ")
    if (end := kept_end(prepared.plan, record, now)) is not None:
        yield fixed_text("Keeps the approved end, ")
        yield local_day(end)
        yield fixed_text(f"{_then(AtEnd.ASK if record is None else record.at_end)} · ")
    elif lasts := "" if closes_everything(prepared.plan) else access_duration_words(fields, is_short=True):
        ends_more = blocks_default_guests_at_end(prepared.plan, prepared.observation.default)
        also = ", default guests too" if ends_more else ""
        yield fixed_text(f"{lasts}{_then(prepared.plan.at_end)}{also} · ")
    if left_out := list(left_out_parts(request)):
        yield from (*left_out, fixed_text(" · "))
    if fields.ticket:
        yield fixed_text("Ticket ")
        yield cleaned_text(fields.ticket, bold=True)
        yield fixed_text(" · ")
    yield fixed_text(f"{decide_by_words(request).capitalize()} ")
    # While the time is stopped, the day is enough: the deadline moves.
    yield local_time(request.expires_at) if request.clock_stop is None else local_day(request.expires_at)
    yield fixed_text(f" · {request.id}")


def _people_parts(request: AccessRequest) -> Iterator[TextRun]:
    """Name the requester, who sent it for them, the sponsor and a supporter. None of them decides."""
    prepared = request.require_prepared()
    yield fixed_text("Requester ")
    yield cleaned_text(prepared.requester.name, bold=True)
    if prepared.submitter is not None:
        yield fixed_text(", sent by ")
        yield cleaned_text(prepared.submitter.name, bold=True)
    yield fixed_text(" · Sponsor ")
    yield cleaned_text(prepared.sponsor.name, bold=True)
    if request.supports:
        yield fixed_text(" · Supported by ")
        yield cleaned_text(request.supporters[0].name, bold=True)
        if len(request.supports) > 1:
            yield fixed_text(f" and {len(request.supports) - 1} more")
    yield fixed_text("\n")


def _then(at_end: AtEnd) -> str:
    return f", {AT_END[at_end].then}"
