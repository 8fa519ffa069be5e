"""Cards about a request and about a review: posted once, updated at every state."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN, Part, footnote, header, mention, paragraph, part, quote, rich, when, words
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.chain import MOST_REASON, chain_elements, outcome_elements, still_needed
from bot.slack.cards.drift import drift_blocks
from bot.slack.cards.partners import (
    change_elements,
    consequence_elements,
    finding_elements,
    identity_block,
    joined,
    operations_block,
    partner_name,
    partner_words,
)
from bot.slack.cards.requests import (
    current_plan,
    decision_buttons,
    headline,
    identity_of,
    kind_words,
    may_be_decided,
    may_be_withdrawn,
    restore_hint,
    restored_parts,
    summary,
    withdraw_button,
)
from bot.slack.cards.reviews import partnership_facts, review_buttons
from bot.slack.cards.risk import risk_elements, staying_elements
from bot.slack.people.approvers import Approvers
from bot.words.requests import state_words
from workflows.core.checks.consequences import consequences
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.restoration import is_restorable
from workflows.core.people import Role
from workflows.core.plans.plan import Plan
from workflows.core.plans.words import describe, duration_words
from workflows.core.requests.request import AccessRequest, Prepared, RequestKind, RequestState
from workflows.core.text import times_words

S = RequestState

_CHANGE_LABELS: Final[Mapping[RequestState, str]] = {
    S.APPLIED: "What changed",
    S.APPLYING: "What is being changed",
    S.UNCONFIRMED: "What was sent",
    S.FAILED: "What was planned",
    S.STOPPED: "What was planned",
    S.OVERWRITTEN: "What was planned",
}
_UNDECIDED: Final = (S.PREPARING, S.AWAITING_APPROVAL)
_CLOSED_UNAPPROVED: Final = (S.REJECTED, S.WITHDRAWN, S.EXPIRED)


def request_card(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    now: datetime,
    with_buttons: bool = True,
) -> Message:
    """Return the complete card of a request as a message; for the parameters see `request_blocks`."""
    blocks = request_blocks(request, holders=holders, now=now, with_buttons=with_buttons)
    return message(summary(request), blocks)


def request_blocks(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    now: datetime,
    with_buttons: bool = True,
) -> list[Block]:
    """Return the complete card of a request: target, people, change in words and in JSON, approvers, state.

    :param holders: the names of the people who have each role now; for a missing or empty role only its title is shown.
    :param with_buttons: offer Approve and Reject while the request can be decided.
    """
    blocks: list[Block] = [header(headline(request)), _identity(request)]
    if outcome := list(outcome_elements(request, now)):
        blocks.append(rich(*outcome))
    blocks += drift_blocks(request)
    blocks.append(rich(*_facts(request)))
    if (plan := current_plan(request)) and request.prepared:
        blocks += _plan_blocks(request, plan, request.prepared)
        blocks.append(rich(*chain_elements(request, holders)))
    if is_restorable(request):
        blocks.append(rich(restore_hint(request.known.observation.identity)))
    if with_buttons and may_be_decided(request, now):
        blocks.append(decision_buttons(request))
    return blocks


def requester_card(request: AccessRequest, *, now: datetime) -> Message:
    """Return the card that shows the requester the state, with Withdraw while that is possible."""
    waits = still_needed(request)
    state = words(state_words(request), bold=True)
    elements: list[RichTextElement] = [paragraph(words(f"Your {kind_words(request)}: "), state, words("."))]
    if waits:
        elements.append(paragraph(part(waits, 300)))
    elements += outcome_elements(request, now)
    blocks: list[Block] = [header(headline(request)), _identity(request), rich(*elements)]
    if plan := current_plan(request):
        blocks.append(footnote(f"Plan digest: {plan.digest}"))
    if may_be_withdrawn(request):
        blocks.append(withdraw_button(request))
    return message(f"{summary(request)} {waits}", blocks)


def review_card(partnership: Partnership, *, now: datetime) -> Message:
    """Return the card that asks the sponsor whether the access is still needed, or shows the answer."""
    opening = _review_headline(partnership, now)
    domain = clean(partner_name(partnership.identity), 90)
    blocks = joined(
        [
            header(f"{opening[0]} {domain}: {opening[1]}"),
            identity_block(partnership.identity),
            rich(*_review_elements(partnership, now)),
            review_buttons(partnership, now),
        ]
    )
    return message(f"{partner_words(partnership.identity)}, {partnership.template_title}: {opening[1]}", blocks)


def _identity(request: AccessRequest) -> RichTextBlock:
    identity = identity_of(request)
    if identity is not None:
        return identity_block(identity)
    target = part(request.particulars.target, DOMAIN, bold=True)
    return rich(paragraph(words("Target tenant: "), target, words(" (as typed; not looked up)")))


def _facts(request: AccessRequest) -> Iterator[RichTextElement]:
    known, asked = request.prepared, request.particulars
    requester: Part = part(known.requester.name) if known else mention(asked.requester)
    sponsor: Part = part(known.sponsor.name) if known else mention(asked.sponsor)
    rows = [words(f"{kind_words(request).capitalize()} by "), requester, words("\nSponsor: "), sponsor]
    if asked.kind is RequestKind.ACCESS:
        rows += [words("\nAccess template: "), part(known.template_title if known else asked.template)]
    if asked.kind is RequestKind.RESTORATION:
        rows += [words("\nPuts back: "), *restored_parts(request)]
    if asked.duration is not None:
        rows.append(words(f"\nDuration: {duration_words(asked.duration)}"))
    yield paragraph(*rows)
    if asked.justification.strip():
        yield paragraph(words("Reason:" if asked.kind is RequestKind.REVOCATION else "Justification:"))
        yield quote(asked.justification, MOST_REASON)


def _plan_blocks(request: AccessRequest, plan: Plan, known: Prepared) -> Iterator[Block]:
    state = request.state
    default = known.observation.default
    lines = describe(plan, default, known.names)
    if state in _CLOSED_UNAPPROVED:
        yield rich(*change_elements(lines, "What was asked for"))
        yield footnote(f"Plan digest: {plan.digest}")
        return
    label = _CHANGE_LABELS.get(state, "What will change")
    # A revocation has no chain of its own, so its risk needs no decision.
    risk = risk_elements(plan, default, is_decided=state not in _UNDECIDED) if known.stages else ()
    said = consequences(plan, default, is_applied=state is S.APPLIED, not_closed=request.not_closed)
    kept = staying_elements(plan, default, known.names)
    yield rich(*risk, *change_elements(lines, label), *kept, *consequence_elements(said))
    if findings := list(finding_elements(known.findings, lines)):
        yield rich(*findings)
    yield operations_block(plan)


def _review_headline(partnership: Partnership, now: datetime) -> tuple[str, str]:
    match partnership.state:
        case PartnershipState.REVOKED:
            return ("⚠️" if partnership.not_closed else "🔒"), "revoked, nothing to review"
        case PartnershipState.REVIEW_DUE if partnership.is_past_its_end(now):
            return "⏰", "the approved time is over"
        case PartnershipState.REVIEW_DUE:
            return "🔔", "is this access still needed?"
        case _ if _answer(partnership) is not None:
            return "✅", "review answered, access kept"
    return "✅", "access approved anew, nothing to review"


def _review_elements(partnership: Partnership, now: datetime) -> Iterator[RichTextElement]:
    answer = _answer(partnership)
    if partnership.state is PartnershipState.ACTIVE and answer is not None:
        yield paragraph(
            words("Kept by "), part(answer.person.name, bold=True), words(" on "), when(answer.at), words(", because:")
        )
        yield quote(answer.reason, MOST_REASON)
    yield paragraph(*partnership_facts(partnership))
    if partnership.state is not PartnershipState.REVIEW_DUE:
        return
    yield paragraph(words(f"Asked {times_words(partnership.reminders)}. {_who_answers(partnership)}"))
    if partnership.is_past_its_end(now):
        domain = partner_name(partnership.identity)
        yield paragraph(
            words("The access is still open. One person cannot prolong it: to go on, file a new request with "),
            part(f"/partner request {domain}", DOMAIN + 20, code=True),
            words("; otherwise revoke it."),
        )
    else:
        yield paragraph(words("Keep asks for a reason. Revoke shows what it will do before it does anything."))


def _who_answers(partnership: Partnership) -> str:
    if partnership.sponsor_gone_at is None:
        return "The sponsor or an admin can answer."
    return "The sponsor has no enabled account any more. An admin who keeps the access becomes the sponsor."


def _answer(partnership: Partnership) -> Attestation | None:
    """Return the answer to the last review of the current settings; older answers were about an earlier approval."""
    last = partnership.attestations[-1] if partnership.attestations else None
    return last if last is not None and last.at >= partnership.since else None
