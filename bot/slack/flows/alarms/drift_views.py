"""The windows about drift: one partner with its answers, the list of all, and the form that accepts. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, StaticSelectElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    Json,
    actions,
    button,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    row,
)
from bot.slack.blocks.modal import input_block, message_view, modal, option, text_area
from bot.slack.blocks.untrusted import clean
from bot.slack.words.drift_buttons import drift_answers
from bot.words.names.partners import verified_name
from bot.words.posture.drift import (
    acceptance_words,
    author_words,
    difference_words,
    drift_alarm_words,
    short_difference,
    until_words,
)
from bot.words.sentences import counted, range_words
from workflows.app.watch.telling import alarm_values
from workflows.core.posture.watch.acceptance import accepted_until, is_accepted, needed_admins, offered_days
from workflows.core.posture.watch.drift import DEFAULT, Drift

PER_PAGE: Final = 10
_MAX_CHARACTERS: Final = 1500
_DEFAULT_NAME: Final = "The tenant's default"


def drift_name(drift: Drift) -> str:
    """Return the name of what drifted: a partner, or the default."""
    return _DEFAULT_NAME if drift.subject == DEFAULT else verified_name(drift.partner)


def drift_elements(drift: Drift, now: datetime, *, with_name: bool = True) -> Iterator[RichTextElement]:
    """Describe the drift of one partner: what, since when, by whom, and whether it is accepted."""
    values = alarm_values(drift)
    name_parts = [cleaned_text(drift_name(drift), DOMAIN_LIMIT, bold=True), fixed_text(": ")] if with_name else []
    yield paragraph(*name_parts, cleaned_text(difference_words(values), _MAX_CHARACTERS))
    yield paragraph(fixed_text("Found "), local_time(drift.found_at))
    yield paragraph(cleaned_text(author_words(values["author"]), _MAX_CHARACTERS))
    if is_accepted(drift, now):
        names = ", ".join(acceptance.person.name for acceptance in drift.acceptances)
        parts = [fixed_text("Accepted by "), cleaned_text(names, _MAX_CHARACTERS)]
        until = accepted_until(drift)
        yield paragraph(*parts, *([] if until is None else [fixed_text(" until "), local_time(until)]))
    elif words := acceptance_words(values):
        yield paragraph(cleaned_text(words, _MAX_CHARACTERS))


def drift_view(drift: Drift | None, now: datetime) -> Json:
    """Return the window about one drift, for an admin."""
    if drift is None:
        return message_view("Drift", "The settings are as approved again. There is nothing to answer.")
    values = alarm_values(drift)
    advice = paragraph(cleaned_text(drift_alarm_words(values)[1], _MAX_CHARACTERS))
    blocks: list[Block] = [rich_text(*drift_elements(drift, now), advice)]
    if not is_accepted(drift, now) and (answers := drift_answers(drift.subject, values, is_admin=True)) is not None:
        blocks.append(answers)
    return modal("Drift", blocks, ids.DRIFT)


def drifts_view(drifts: Sequence[Drift], page: int, now: datetime) -> Json:
    """Return the window with one page of all drift, the opening first."""
    if not drifts:
        return message_view("Drift", "No open drift is recorded. A sweep looks for it once an hour.")
    ordered = sorted(
        drifts, key=lambda drift: (is_accepted(drift, now), not drift.found.opens, drift.found_at, drift.partner)
    )
    page = max(0, min(page, (len(ordered) - 1) // PER_PAGE))
    page_drifts = ordered[page * PER_PAGE : (page + 1) * PER_PAGE]
    first = page * PER_PAGE + 1
    range_text = range_words(first, first + len(page_drifts) - 1, len(ordered))
    blocks: list[Block] = [rich_text(paragraph(fixed_text(f"Not as approved · {range_text}")))]
    blocks += [
        row(_row_words(drift, now), f"drift:{drift.subject}", button("Answer", ids.SHOW_DRIFT, drift.subject))
        for drift in page_drifts
    ]
    buttons = []
    if page:
        buttons.append(button("Previous", ids.DRIFTS_PREVIOUS, str(page - 1)))
    if first + len(page_drifts) <= len(ordered):
        buttons.append(button("Next", ids.DRIFTS_NEXT, str(page + 1)))
    if buttons:
        blocks.append(actions("pages", *buttons))
    return modal("Drift", blocks, ids.DRIFTS)


def accept_view(drift: Drift) -> Json:
    """Return the form that accepts exactly this drift until a date. Its metadata is unverified when it comes back."""
    options = [option(counted(days, "day"), str(days)) for days in offered_days(drift)]
    needed = needed_admins(drift) - len(drift.acceptances)
    acceptance_hint = (
        "It may give more access, so two admins must accept it." if drift.found.opens else "One admin is enough."
    )
    if drift.acceptances and needed > 0:
        acceptance_hint = acceptance_words(alarm_values(drift))
    blocks: list[Block] = [
        rich_text(
            paragraph(
                cleaned_text(drift_name(drift), DOMAIN_LIMIT, bold=True),
                fixed_text(": "),
                cleaned_text(difference_words(alarm_values(drift)), _MAX_CHARACTERS),
            ),
            paragraph(cleaned_text(f"{acceptance_hint} Whoever made the change cannot accept it.", _MAX_CHARACTERS)),
        ),
        input_block(
            "Accept for",
            ids.DURATION,
            StaticSelectElement(action_id=ids.DURATION, options=options, initial_option=options[0]),
            hint="When this time is over, the admins get a new alarm.",
        ),
        input_block("Why can it stay?", ids.REASON, text_area(ids.REASON)),
    ]
    metadata = f"{drift.subject}:{drift.found.fingerprint}"
    return modal("Accept drift", blocks, ids.ACCEPT_DRIFT_FORM, submit="Accept", metadata=metadata)


def drift_row_words(drift: Drift, now: datetime) -> str:
    """Return drift in a few words, for a line about a partner."""
    until = accepted_until(drift)
    accepted = f", {until_words(until)}" if until is not None and is_accepted(drift, now) else ""
    return f"{short_difference(drift.found.code)}{accepted}"


def _row_words(drift: Drift, now: datetime) -> str:
    more = " · may give more access" if drift.found.opens else ""
    return f"{clean(drift_name(drift), DOMAIN_LIMIT)} · {drift_row_words(drift, now)}{more}"
