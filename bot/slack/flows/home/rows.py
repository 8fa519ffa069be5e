"""The rows of the App Home: one record each, the partner first, with the button that opens it.

It is long because each list of an App Home has its row here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    NO_TIMES,
    TextRun,
    actions,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    row,
    times_line,
)
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.closed_card import replaced_icon
from bot.slack.cards.decisions import still_needed
from bot.slack.cards.partner_and_plan import partner_name
from bot.slack.cards.partnership import close_early_button, partnership_icon, partnership_state_words
from bot.slack.cards.requests import (
    can_be_decided,
    icon,
    kind_words,
    own_buttons,
    request_target,
)
from bot.slack.words.alarms import alarm_elements
from bot.slack.words.drift_buttons import alarm_answers
from bot.words.partner_setup.state import setup_words
from bot.words.plans.risk import risk_level_for_approval_words
from bot.words.requests.access_end import AT_END
from bot.words.requests.approval_chain import decide_by_words
from bot.words.requests.notes import note_words
from bot.words.requests.replacement import PERIOD_ENDED, later_state_by_words, later_state_words
from bot.words.requests.states import drifted_state_words, short_state_words
from bot.words.requests.titles import partner_title, prepared_title, sent_for_words
from bot.words.reviews.reasons import short_reasons
from bot.words.reviews.silence import ON_SILENCE
from workflows.app.reads.found_requests import Today
from workflows.app.reads.newer_requests import AfterEnd
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.notes import is_changed_by_others
from workflows.core.requests.request import AccessRequest, RequestKind

MAX_ROW_CHARACTERS: Final = 420
"""The most characters of a row."""
_DOMAIN_LIMIT: Final = 90
_TITLE_LIMIT: Final = 40
_STATE_LIMIT: Final = 120
_NOT_AS_APPROVED: Final = " · ⚠️ Not as approved"
NOT_BELIEVED: Final = "changed by something else, cannot be approved"
_NOTE_LIMIT: Final = 300


def approval_row(request: AccessRequest, now: datetime, *, has_times_below: bool = True) -> Iterator[Block]:
    """Return a request that this person can decide on: partner, access, risk, age, deadline.

    :param has_times_below: see `_waiting_row`.
    """
    prepared = request.require_prepared()
    risk = risk_level_for_approval_words(prepared.plan, prepared.observation.default)
    title = "Restore settings" if request.fields.kind is RequestKind.RESTORATION else prepared_title(prepared)
    about = f"{clean(request_target(request), _DOMAIN_LIMIT)} · {clean(title, _TITLE_LIMIT)} · {risk} · {request.id}"
    place, asked = f"review:{request.id}", {"Asked": request.created_at}
    if is_changed_by_others(request):
        details = button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))
        yield from _waiting_row(
            about, place, details, asked, now, constant=NOT_BELIEVED, has_times_below=has_times_below
        )
    elif can_be_decided(request, now):
        review = button("Review", ids.REVIEW_REQUEST, ids.decision_value(request), "primary")
        times = {**asked, decide_by_words(request): request.expires_at}
        yield from _waiting_row(about, place, review, times, now, has_times_below=has_times_below)
    else:
        over = "the time to decide is over"
        yield from _waiting_row(about, place, None, asked, now, constant=over, has_times_below=has_times_below)


def review_row(partnership: Partnership, now: datetime, *, has_times_below: bool = True) -> Iterator[Block]:
    """Return a review that this person has to answer.

    :param has_times_below: see `_waiting_row`.
    """
    tenant_id = partnership.identity.tenant_id
    review = button("Review", ids.REVIEW_PARTNER, tenant_id, "primary")
    no_end = "No end date" if partnership.ends_at is None else ""
    reasons = short_reasons(partnership.review_reasons)
    about = f"{_partner(partnership)} · {reasons}" if reasons else _partner(partnership)
    times = {**_end_times(partnership, now), **_silence_times(partnership)}
    yield from _waiting_row(
        about, f"due:{tenant_id}", review, times, now, constant=no_end, has_times_below=has_times_below
    )


def _waiting_row(
    text: str,
    block_id: str,
    review: ButtonElement | None,
    times: Mapping[str, datetime],
    now: datetime,
    *,
    constant: str = "",
    has_times_below: bool,
) -> Iterator[Block]:
    """Return one record that waits for this person.

    :param has_times_below: put the times into a line of their own, below text and button. This takes less height on a
        phone, but uses two blocks of the number that Slack accepts.
    """
    if has_times_below:
        yield row(text, block_id, review, MAX_ROW_CHARACTERS)
        yield times_line(times, now, constant=constant)
    else:
        text = f"{text}\n{constant[:1].upper()}{constant[1:]}" if constant else text
        capitals = {f"{label[0].upper()}{label[1:]}": at for label, at in times.items()}
        yield row(text, block_id, review, MAX_ROW_CHARACTERS, capitals)


def own_row(
    request: AccessRequest,
    now: datetime,
    *,
    today: Today,
    after_end: AfterEnd,
    setup: Partnership | None = None,
) -> Iterator[Block]:
    """Return one of the person's own requests, with what its state allows.

    :param today: what became of it.
    :param after_end: what can be done about it once it is closed.
    :param setup: the partner's record while the partner has to do something for this request.
    """
    note = still_needed(request)
    setup = None if today.drift is not None else setup  # nobody is to open the partner's side for what nobody approved
    if setup is not None:
        note = f"Partner setup: {setup_words(setup.setup, setup.confirmations)}"
    elif not note and request.note:
        note = note_words(request.note)
    more = [fixed_text("\n"), cleaned_text(note, _NOTE_LIMIT)] if note else []
    yield rich_text(
        paragraph(
            *_own_parts(request, today),
            *_sent_for_parts(request),
            fixed_text(f" · {request.id}"),
            *more,
        )
    )
    if setup is not None:
        show = button("Partner setup", ids.SHOW_CHECKLIST, setup.identity.tenant_id)
        yield actions(f"setup:{request.id}", show)
    if setup is None or after_end.is_over:
        yield from own_buttons(request, now, can_request_again=after_end.can_request_again, newer=after_end.newer)


def _sent_for_parts(request: AccessRequest) -> Iterator[TextRun]:
    if request.prepared is not None and (sent_for := sent_for_words(request.prepared)):
        yield fixed_text(" · ")
        yield cleaned_text(sent_for, _STATE_LIMIT)


def _own_parts(request: AccessRequest, today: Today) -> Iterator[TextRun]:
    """Return partner, access, and what became of it by whom and when."""
    sign, state = _state_of_today(request, today)
    since = request.changed_at
    if (later := today.successor) is not None and not is_changed_by_others(request):
        state = later_state_by_words(request, later)
        since = later.confirmed_at or later.changed_at
    yield fixed_text(f"{sign} ")
    yield cleaned_text(request_target(request), _DOMAIN_LIMIT, bold=True)
    yield fixed_text(" · ")
    yield cleaned_text(_access(request), _TITLE_LIMIT)
    yield fixed_text(" · ")
    yield cleaned_text(state, _STATE_LIMIT)
    yield fixed_text(" · ")
    yield local_time(since)


def sponsored_row(partnership: Partnership, now: datetime, *, has_drifted: bool = False) -> Iterator[Block]:
    """Return access that is active and that this person sponsors, with Close early.

    :param has_drifted: whether the partner's settings are not the approved ones now.
    """
    tenant_id = partnership.identity.tenant_id
    text = f"{_partner(partnership)}{_no_end(partnership)}{_NOT_AS_APPROVED if has_drifted else ''}"
    yield row(
        text, f"sponsored:{tenant_id}", close_early_button(tenant_id), MAX_ROW_CHARACTERS, _end_times(partnership, now)
    )


def ending_row(
    partnership: Partnership, extension: AccessRequest | None = None, *, has_drifted: bool = False
) -> Iterator[Block]:
    """Return access whose approved period ends soon, with the button that asks for more.

    :param extension: the reader's open request for the partner, which is shown instead.
    :param has_drifted: see `sponsored_row`.
    """
    tenant_id = partnership.identity.tenant_id
    again = button("Extend", ids.REQUEST_AGAIN, tenant_id)
    if extension is not None and extension.prepared is not None:
        again = button("Show newer request", ids.REVIEW_REQUEST, ids.decision_value(extension))
    times = NO_TIMES if partnership.ends_at is None else {AT_END[partnership.at_end].label: partnership.ends_at}
    text = f"{_partner(partnership)}{_NOT_AS_APPROVED if has_drifted else ''}"
    yield row(text, f"ending:{tenant_id}", again, MAX_ROW_CHARACTERS, times)


def found_row(request: AccessRequest, today: Today) -> Iterator[Block]:
    """Return a request that an auditor's search found: partner, access, state of today, requester."""
    sign, state = _state_of_today(request, today)
    if today.successor is not None and not is_changed_by_others(request):
        state = f"{state} ({today.successor.id})"
    by = f" · {clean(request.prepared.requester.name, _TITLE_LIMIT)}" if request.prepared else ""
    target, access = clean(request_target(request), _DOMAIN_LIMIT), clean(_access(request), _TITLE_LIMIT)
    text = f"{sign} {target} · {access} · {state}{by} · {request.id}"
    details = button("Details", ids.READ_REQUEST, request.id)
    yield row(text, f"found:{request.id}", details, MAX_ROW_CHARACTERS, {"Sent": request.created_at})


def _state_of_today(request: AccessRequest, today: Today) -> tuple[str, str]:
    if is_changed_by_others(request):
        return "⚠️", short_state_words(request)
    if today.successor is not None:
        return replaced_icon(request, today.successor), later_state_words(request, today.successor)
    if today.drift is not None:
        return "⚠️", drifted_state_words(request, today.drift)
    state = short_state_words(request)
    return ("⏰", f"{state}{PERIOD_ENDED}") if today.is_past_its_end else (icon(request), state)


def partner_entry(
    partnership: Partnership, now: datetime, name: str, *, can_revoke: bool = True, has_drifted: bool = False
) -> Iterator[Block]:
    """Return a partner for an admin with Revoke, for an auditor with Show.

    :param name: the name of the list. It makes the block's id unique, because a partner may be in several lists.
    :param has_drifted: see `sponsored_row`.
    """
    sponsor = clean(partnership.sponsor.name, _TITLE_LIMIT)
    text = (
        f"{partnership_icon(partnership, now)} {_partner(partnership)}\n"
        f"Recorded as {partnership_state_words(partnership, now)}{_no_end(partnership)} · Sponsor {sponsor}"
        f"{_NOT_AS_APPROVED if has_drifted else ''}"
    )
    tenant_id = partnership.identity.tenant_id
    is_suspended = partnership.state is PartnershipState.SUSPENDED
    revoke, show = button("Revoke", ids.REVOKE_PARTNER, tenant_id), button("Show", ids.READ_PARTNER, tenant_id)
    revoke = button("Lift", ids.LIFT_PARTNER, tenant_id) if is_suspended else revoke
    times = {**_end_times(partnership, now), **_silence_times(partnership)}
    yield row(text, f"{name}:{tenant_id}", revoke if can_revoke else show, MAX_ROW_CHARACTERS, times)


def alarm_row(alarm: Alarm) -> Iterator[Block]:
    """Return an open alarm, with the two decisions about work that was given up."""
    yield rich_text(*alarm_elements(alarm))
    if alarm.code is AlarmCode.EFFECT_GIVEN_UP:
        sure = confirm_dialog("Give this work up?", "Gatehouse forgets it. What it was to do is not done.", "Give up")
        yield actions(
            f"alarm:{alarm.id}",
            button("Try again", ids.RETRY_EFFECT, alarm.subject, "primary"),
            button("Give up", ids.DROP_EFFECT, alarm.subject, "danger", confirm=sure),
        )
    elif alarm.code in (AlarmCode.FROZEN, AlarmCode.HELD, AlarmCode.HELD_REPORT):
        return  # the top of the App Home has the button for a freeze
    elif (answers := alarm_answers(alarm, is_admin=True)) is not None:
        yield answers


def _access(request: AccessRequest) -> str:
    """Return the template's title once it is known, for every other kind of request that kind."""
    is_access = request.fields.kind is RequestKind.ACCESS and request.prepared is not None
    return prepared_title(request.require_prepared()) if is_access else kind_words(request)


def _partner(partnership: Partnership) -> str:
    domain = clean(partner_name(partnership.identity), _DOMAIN_LIMIT)
    return f"{domain} · {clean(partner_title(partnership), _TITLE_LIMIT)} · {partnership.request_id}"


def _silence_times(partnership: Partnership) -> Mapping[str, datetime]:
    """Return when a review without an answer has a consequence."""
    ends_at = partnership.silence_ends_at
    return NO_TIMES if ends_at is None else {ON_SILENCE[partnership.silence_leads_to].label: ends_at}


def _no_end(partnership: Partnership) -> str:
    return "" if partnership.ends_at is not None else " · No end date"


def _end_times(partnership: Partnership, now: datetime) -> Mapping[str, datetime]:
    if partnership.ends_at is None:
        return NO_TIMES
    if not partnership.is_as_approved:
        return {"Not as approved since": partnership.ends_at}
    label = "Access period ended" if partnership.is_past_its_end(now) else AT_END[partnership.at_end].label
    return {label: partnership.ends_at}
