"""Gatehouse's record in `/partner show`: who asked for the access, approved and kept it, and the requests. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    Limit,
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    quote,
    rich_text,
    with_local_times,
)
from bot.slack.cards.approval.closed_card import replaced_icon
from bot.slack.cards.partnership import partner_section_row, partnership_facts, partnership_state_words
from bot.slack.cards.requests import icon, kind_words, restore_hint
from bot.slack.ids import PartnerSection
from bot.words.batches.rows import member_words
from bot.words.partner_setup.access_test import NOT_CHECKED, OUTCOME_WORDS
from bot.words.requests.notes import note_words
from bot.words.requests.replacement import later_state_by_words
from bot.words.requests.states import drifted_state_words, short_state_words
from bot.words.reviews.answers import attestation_words
from bot.words.reviews.silence import consequence_words, story_words
from bot.words.reviews.sponsorship import HANDOVER_WORDS
from bot.words.sentences import counted, time_words
from workflows.core.partners.partnership import (
    Attestation,
    Partnership,
    opened_at,
    replacements_among,
)
from workflows.core.partners.restoration.restorable import is_restorable
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.sponsorship import DECIDES_AGAIN_AFTER
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest, RequestId, RequestState

MAX_HISTORY_ENTRIES: Final = 15
MAX_APPROVALS: Final = 40
MAX_ANSWERS: Final = 3
MAX_JUSTIFICATION_CHARACTERS: Final[int] = Limit.INPUT
MAX_SHORT_NOTE: Final = 300
"""Characters of the reason for a request's state; the window with all requests has the whole reason."""


def record_blocks(
    identity: TenantIdentity,
    partnership: Partnership | None,
    requests: Sequence[AccessRequest],
    now: datetime,
    *,
    drift: Drift | None = None,
) -> Iterator[Block]:
    """Return the record of a partner and its requests, with buttons for what is only counted.

    :param drift: what the last sweep found, while that is different from the record.
    """
    yield rich_text(*_record_elements(partnership, requests, now))
    yield from _record_rows(partnership, requests)
    in_force = None if partnership is None else partnership.request_id
    yield rich_text(*_history_elements(requests, identity, in_force, drift))
    yield from _history_rows(requests, identity)


def _record_elements(
    partnership: Partnership | None, requests: Sequence[AccessRequest], now: datetime
) -> Iterator[RichTextElement]:
    """Return the record of a partner: its state, who asked for it and approved it, who kept it in reviews."""
    yield paragraph(fixed_text("Gatehouse's record", bold=True))
    if partnership is None:
        yield paragraph(fixed_text("Gatehouse has neither opened nor closed this partner."))
        return
    yield paragraph(
        fixed_text(f"Recorded as {partnership_state_words(partnership, now)}.\n"), *partnership_facts(partnership)
    )
    if not partnership.is_closed and partnership.is_as_approved:
        yield paragraph(fixed_text("Active since "), local_time(opened_at(partnership, requests)), fixed_text("."))
    yield from _sponsor_elements(partnership)
    yield from _test_elements(partnership)
    if partnership.review_reminders:
        yield paragraph(*with_local_times(_asked_title(partnership), MAX_SHORT_NOTE))
        yield bullets(with_local_times(line, MAX_SHORT_NOTE) for line in story_words(partnership))
    current = next((request for request in requests if request.id == partnership.request_id), None)
    if current is not None and current.prepared is not None:
        yield from _approved_elements(current)
    yield from (paragraph(*answer_parts(attestation)) for attestation in partnership.attestations[-MAX_ANSWERS:])
    if (more := len(partnership.attestations) - MAX_ANSWERS) > 0:
        yield paragraph(fixed_text(f"and {counted(more, 'earlier answer')} to reviews"))


def _sponsor_elements(partnership: Partnership) -> Iterator[RichTextElement]:
    """Return the last hand-over of the sponsorship with its result, and who was the sponsor in the last 90 days."""
    if (handover := partnership.handover) is not None:
        yield paragraph(
            fixed_text("Hand-over: "),
            cleaned_text(handover.proposed_by.name),
            fixed_text(" asked "),
            cleaned_text(handover.proposed.name),
            fixed_text(" on "),
            local_time(handover.proposed_at),
            fixed_text(f": {HANDOVER_WORDS[handover.state]}."),
        )
    for former in partnership.former_sponsors:
        yield paragraph(
            fixed_text("Former sponsor: "),
            cleaned_text(former.person.name),
            fixed_text(" until "),
            local_time(former.until),
            fixed_text(". Cannot decide about this partner until "),
            local_time(former.until + DECIDES_AGAIN_AFTER),
            fixed_text("."),
        )


def _test_elements(partnership: Partnership) -> Iterator[RichTextElement]:
    """Return what people said about whether the present settings work; nothing while nobody has."""
    result = None if partnership.access_test is None else partnership.access_test.result
    if result is None:
        return
    yield paragraph(
        fixed_text(f"{OUTCOME_WORDS[result.outcome].capitalize()}, as "),
        cleaned_text(result.person.name),
        fixed_text(" said on "),
        local_time(result.at),
        fixed_text(f". {NOT_CHECKED}"),
    )
    if result.failure is not None:
        yield quote(result.failure.what, MAX_SHORT_NOTE)


def _asked_title(partnership: Partnership) -> str:
    """Return what stands above the list of who was asked in a review."""
    if partnership.is_closed:
        return "Who was asked before it was closed:"
    return " ".join(["Who was asked:", consequence_words(partnership)]).strip()


def answer_parts(attestation: Attestation) -> list[TextRun]:
    """Return one answer to a review."""
    how = "Kept by " if attestation.reduced_by is None else f"Reduced ({attestation.reduced_by}) by "
    by = [fixed_text(how), cleaned_text(attestation.person.name), fixed_text(" on "), local_time(attestation.at)]
    reason = cleaned_text(attestation.reason, MAX_JUSTIFICATION_CHARACTERS)
    attested = attestation_words(attestation.mfa)
    return [*by, fixed_text(": "), reason, *([fixed_text(f"\n{attested}")] if attested else [])]


def _record_rows(partnership: Partnership | None, requests: Sequence[AccessRequest]) -> Iterator[Block]:
    """Return the buttons for the approvals and answers that are only counted."""
    if partnership is None:
        return
    tenant_id = partnership.identity.tenant_id
    if (count := len(current_approvals(partnership, requests))) > MAX_APPROVALS:
        yield partner_section_row(tenant_id, PartnerSection.APPROVALS, counted(count, "approval"))
    if (count := len(partnership.attestations)) > MAX_ANSWERS:
        yield partner_section_row(tenant_id, PartnerSection.ANSWERS, f"{counted(count, 'answer')} to reviews")


def current_approvals(partnership: Partnership | None, requests: Sequence[AccessRequest]) -> list[list[TextRun]]:
    """Return who approved the present settings of a partner, and when."""
    for request in requests:
        if partnership is not None and request.id == partnership.request_id and request.prepared is not None:
            return _approvals(request)
    return []


def _approvals(request: AccessRequest) -> list[list[TextRun]]:
    digest = request.require_prepared().plan.digest
    approvals = [
        decision for decision in request.decisions if decision.choice is Choice.APPROVE and decision.digest == digest
    ]
    return [
        [
            fixed_text("Approved by "),
            cleaned_text(approval.names),
            fixed_text(", "),
            local_time(approval.at),
            *([fixed_text(": "), cleaned_text(approval.reason, MAX_SHORT_NOTE)] if approval.reason else []),
        ]
        for approval in approvals
    ]


def _approved_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """Show who asked for the present settings and why, and who approved them when."""
    prepared = request.require_prepared()
    yield paragraph(
        fixed_text("Requested by "),
        cleaned_text(prepared.requester.name),
        fixed_text(" on "),
        local_time(request.created_at),
        *_verified_parts(request),
    )
    if request.fields.justification.strip():
        yield quote(request.fields.justification, MAX_JUSTIFICATION_CHARACTERS)
    approval_items = _approvals(request)
    if not approval_items:
        return
    if (more := len(approval_items) - MAX_APPROVALS) > 0:
        approval_items = [*approval_items[:MAX_APPROVALS], [fixed_text(f"and {more} more")]]
    yield bullets(approval_items)


def _verified_parts(request: AccessRequest) -> Iterator[TextRun]:
    """Say when the settings were read back, and how long that was after the request was sent."""
    if request.confirmed_at is not None:
        yield fixed_text(", verified ")
        yield local_time(request.confirmed_at)
        yield fixed_text(f" (in {time_words(request.confirmed_at - request.created_at)})")


def _history_elements(
    requests: Sequence[AccessRequest], identity: TenantIdentity, in_force: RequestId | None, drift: Drift | None
) -> Iterator[RichTextElement]:
    """Return the newest requests about a partner; older ones are counted.

    :param in_force: the request whose settings are in force by the record.
    :param drift: see `record_blocks`.
    """
    yield paragraph(fixed_text("Requests, newest first", bold=True))
    if not requests:
        yield paragraph(fixed_text("None."))
        return
    later = replacements_among(requests)
    yield bullets(
        history_parts(request, later.get(request.id), drift=drift if request.id == in_force else None)
        for request in requests[:MAX_HISTORY_ENTRIES]
    )
    if len(requests) > MAX_HISTORY_ENTRIES:
        yield paragraph(fixed_text(f"and {len(requests) - MAX_HISTORY_ENTRIES} older ones"))
    if any(is_restorable(request) for request in requests):
        yield restore_hint(identity)


def _history_rows(requests: Sequence[AccessRequest], identity: TenantIdentity) -> Iterator[Block]:
    """Return the button for all requests, when some are left out or a reason is cut."""
    is_cut = any(
        len(note_words(request.note)) > MAX_SHORT_NOTE for request in requests[:MAX_HISTORY_ENTRIES] if request.note
    )
    if is_cut or len(requests) > MAX_HISTORY_ENTRIES:
        yield partner_section_row(
            identity.tenant_id, PartnerSection.REQUESTS, f"{counted(len(requests), 'request')} in all"
        )


def history_parts(
    request: AccessRequest,
    later: AccessRequest | None = None,
    *,
    max_note: int = MAX_SHORT_NOTE,
    drift: Drift | None = None,
) -> list[TextRun]:
    """Return one request: who sent it, its state of today, since when, and why it is so. An open one: when it was sent.

    :param later: the later request that replaced its result, if there is one.
    :param drift: what the last sweep found, where its settings are in force by the record.
    """
    drift = drift if later is None and request.state is RequestState.APPLIED else None
    sign = icon(request) if later is None else replaced_icon(request, later)
    sign = sign if drift is None else "⚠️"
    by = [fixed_text(" by "), cleaned_text(request.prepared.requester.name)] if request.prepared else []
    batch = member_words(request.batch, request.left_batch)
    runs = [fixed_text(f"{sign} {request.id}: {kind_words(request)}{batch}"), *by, fixed_text(", ")]
    if later is None:
        words = short_state_words(request) if drift is None else drifted_state_words(request, drift)
        state = [fixed_text(words, bold=True)]
        at, of = request.confirmed_at or request.changed_at, ""
        if not request.is_terminal:
            at, of = request.created_at, "sent "  # its state may be of a later day
    else:
        state = [cleaned_text(later_state_by_words(request, later), bold=True)]
        at, of = later.confirmed_at or later.changed_at, ""
    runs += [*state, fixed_text(f", {of}"), local_time(at)]
    if request.note:
        runs += [fixed_text(". "), cleaned_text(note_words(request.note), max_note)]
    if request.remarks:
        written = counted(len(request.remarks), "question or comment", "questions, answers and comments")
        runs.append(fixed_text(f" {written}."))
    return runs
