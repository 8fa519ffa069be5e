"""Details of a request: everything that its card leaves out, in the order in which approvers ask for it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, SectionBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN, Part, header, mention, paragraph, part, plain_text, quote, rich, when, words
from bot.slack.cards.chain import MOST_REASON, chain_elements, outcome_elements
from bot.slack.cards.drift import drift_blocks
from bot.slack.cards.findings import full_findings
from bot.slack.cards.partners import (
    MOST_LINE,
    MOST_LINES,
    consequence_elements,
    finding_elements,
    identity_block,
    operations_block,
)
from bot.slack.cards.requests import current_plan, identity_of, restore_hint, restored_parts
from bot.slack.cards.risk import risk_elements, staying_elements
from bot.slack.people.approvers import Approvers
from bot.words.plans.changes import Line, describe, duration_words
from bot.words.plans.consequences import consequence_words
from bot.words.requests.form import last_day
from bot.words.requests.history import RECEIVED, entry_words
from workflows.app.audit_entries import GATEHOUSE
from workflows.core.checks.consequences import consequences
from workflows.core.partners.restoration.restorable import is_restorable
from workflows.core.people import Role
from workflows.core.requests.request import AccessRequest, Prepared, RequestKind, RequestState
from workflows.core.settings.breadth import AccessChange
from workflows.ports.records import AuditEntry

MOST_HISTORY: Final = 20
_UNDECIDED: Final = (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


def details_blocks(
    request: AccessRequest, *, holders: Mapping[Role, Approvers], history: Sequence[AuditEntry], now: datetime
) -> list[Block]:
    """Return everything about a request: partner, people, changes, risk, checks, approvals, operations, history.

    :param holders: who has each role of the chain now, by name.
    :param history: the audit entries of the request, the newest first.
    """
    blocks: list[Block] = [_partner(request)]
    if outcome := list(outcome_elements(request, now)):
        blocks.append(rich(*outcome))
    blocks += [*drift_blocks(request), rich(*_facts(request))]
    if (plan := current_plan(request)) and (known := request.prepared):
        default = known.observation.default
        lines = describe(plan, default, known.names)
        blocks += [header("Changes"), *_changes(lines)]
        if kept := list(staying_elements(plan, default, known.names)):
            blocks.append(rich(*kept))
        if known.stages:
            blocks += [header("Risk"), rich(*risk_elements(plan, default, is_decided=request.state not in _UNDECIDED))]
        blocks += _checks(request, known, lines)
        blocks += [header("Approval policy"), rich(*chain_elements(request, holders))]
        blocks.append(operations_block(plan))
    if is_restorable(request):
        blocks.append(rich(restore_hint(request.known.observation.identity)))
    if told := [entry for entry in history if entry.outcome != RECEIVED]:
        blocks += [header("History"), rich(*_history(told))]
    return blocks


def _partner(request: AccessRequest) -> Block:
    identity = identity_of(request)
    if identity is not None:
        return identity_block(identity)
    target = part(request.particulars.target, DOMAIN, bold=True)
    return rich(paragraph(words("Partner: "), target, words(" (as typed, not looked up)")))


def _facts(request: AccessRequest) -> Iterator[RichTextElement]:
    asked, known = request.particulars, request.prepared
    rows: list[Part] = [words(f"Request {request.id}")]
    if known is not None:
        rows += [words("\nRequester: "), part(known.requester.name), words("\nSponsor: "), part(known.sponsor.name)]
        rows += [words("\nAccess template: "), part(known.template_title)]
    if asked.kind is RequestKind.RESTORATION:
        rows += [words("\nRestores: "), *restored_parts(request)]
    if asked.ends_at is not None:
        rows.append(words(f"\nEnd: the end of {last_day(asked.ends_at)} (UTC)"))
    elif asked.duration is not None:
        rows.append(words(f"\nDuration: {duration_words(asked.duration)}, from the last approval"))
    if asked.ticket:
        rows += [words("\nTicket: "), part(asked.ticket)]
    yield paragraph(*rows)
    if asked.justification.strip():
        yield quote(asked.justification, MOST_REASON)


def _changes(lines: Sequence[Line]) -> Iterator[Block]:
    """Return each changed setting with its value now and after, more access first."""
    told = sorted(
        (line for line in lines if line.access is not AccessChange.SAME), key=lambda line: line.opens is not True
    )
    for line in told[:MOST_LINES]:
        yield SectionBlock(
            text=plain_text(f"{line.setting}: {line.effect.lower()}", 300),
            fields=[plain_text(f"Now: {line.before}", MOST_LINE), plain_text(f"After: {line.after}", MOST_LINE)],
        )
    rest = (
        [f"{len(told) - MOST_LINES} more settings: the Graph operations below show them."]
        if (len(told) > MOST_LINES)
        else []
    )
    if same := len(lines) - len(told):
        rest.append(
            f"{same} settings set explicitly (no effect today)."
            if same > 1
            else ("1 setting set explicitly (no effect today).")
        )
    if not told:
        rest.insert(0, "No setting changes.")
    if rest:
        yield rich(paragraph(words(" ".join(rest))))


def _checks(request: AccessRequest, known: Prepared, lines: Sequence[Line]) -> Iterator[Block]:
    facts = consequences(
        known.plan,
        known.observation.default,
        is_applied=request.state is RequestState.APPLIED,
        not_closed=request.not_closed,
    )
    said = tuple(map(consequence_words, facts))
    elements = [*finding_elements(known.findings, lines, is_titled=False), *consequence_elements(said)]
    yield header("Checks")
    yield rich(*elements) if elements else rich(paragraph(words("✅ Every check passed.")))
    yield from full_findings(known.findings)


def _history(history: Sequence[AuditEntry]) -> Iterator[RichTextElement]:
    for entry in history[:MOST_HISTORY]:
        by = [words(" by "), mention(entry.actor)] if entry.actor != GATEHOUSE else []
        yield paragraph(when(entry.at), words(": "), part(entry_words(entry), 200), *by)
    if len(history) > MOST_HISTORY:
        yield paragraph(words(f"and {len(history) - MOST_HISTORY} earlier entries in the audit log"))
