"""Details of a request: what its card leaves out, in the order of approvers' questions, and its notes.

It is long because each part of the window is made here, in its order.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, PlainTextObject, SectionBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    Limit,
    TextRun,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    plain_text,
    quote,
    rich_text,
    row,
)
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_chain import escalation_elements
from bot.slack.cards.approval.closed_card import drift_in_force, drift_paragraphs
from bot.slack.cards.approval.details_parts import (
    changed_lines,
    closes_calendar,
    difference_rows,
    history_items,
    issues_of,
    more_row,
    note_findings,
    outside_change_blocks,
    outside_change_json_blocks,
    particular_and_general_notes,
)
from bot.slack.cards.approval.sections.accounts import (
    account_operations_block,
    account_row_words,
    left_elements,
)
from bot.slack.cards.approval.sections.asked_changes import asked_change_elements
from bot.slack.cards.approval.sections.conversation import remark_blocks
from bot.slack.cards.approval.sections.kept_access import access_opened_outside, kept_access_elements
from bot.slack.cards.approval.sections.open_now import open_now, open_now_elements
from bot.slack.cards.decisions import MAX_NAMES, MAX_REASON_CHARACTERS, chain_elements, outcome_elements
from bot.slack.cards.findings import MAX_LINES as MAX_POLICY_LINES
from bot.slack.cards.findings import policy_findings, policy_items
from bot.slack.cards.partner_and_plan import (
    MAX_FINDINGS,
    MAX_JSON_CHARACTERS,
    MAX_LINES,
    MAX_SETTING_CHARACTERS,
    finding_elements,
    identity_block,
    operations_block,
    operations_json,
    sent_write_elements,
    shown_findings,
)
from bot.slack.cards.requests import current_plan, identity_of, request_target, restore_hint, restored_parts
from bot.slack.cards.risk import risk_elements, unchanged_access_elements
from bot.slack.ids import DetailsPart
from bot.slack.people.approvers import Approvers
from bot.words.plans.accounts import CHANGES, NAMES_FOR_ADMINS
from bot.words.plans.changes import ChangeLine, describe_changes, duration_words
from bot.words.requests.access_end import AT_END
from bot.words.requests.titles import left_out_words, prepared_title
from bot.words.reviews.silence import reviews_words
from bot.words.sentences import counted, day, last_day
from workflows.app.reads.found_requests import Replacement
from workflows.core.conversation.remarks import MAX_TEXT
from workflows.core.partners.restoration.restorable import is_restorable
from workflows.core.people import Role
from workflows.core.plans.accounts import AccountPlan
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import Plan
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.notes import is_believed
from workflows.core.requests.request import (
    AccessRequest,
    PreparedRequest,
    RequestFields,
    RequestKind,
    RequestState,
)
from workflows.ports.audit_log import AuditEntry

ROWS_IN_BLOCK: Final = 5
"""Rows of the table in one block: Slack accepts ten fields."""
MAX_HISTORY_ENTRIES: Final = 20
MAX_OTHER_REQUESTS: Final = 10
MAX_SUPPORTERS_NAMED: Final = 10
_SIGNS: Final[Mapping[bool | None, str]] = {True: "➕", False: "➖", None: "❔"}
_UNDECIDED: Final = (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


def details_blocks(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    history: Sequence[AuditEntry],
    now: datetime,
    other_requests: Sequence[AccessRequest] = (),
    replacement: Replacement | None = None,
    names_guests: bool = False,
    drift: Drift | None = None,
) -> list[Block]:
    """Return everything about a request: partner, people, changes, risk, checks, approvals, operations, history.

    :param holders: who has each role of the approval chain now, by name.
    :param history: the audit entries of the request, the newest first.
    :param other_requests: the other open requests of the same requester.
    :param replacement: the later request that replaced the result of this one, which the history shows, too.
    :param names_guests: whether the reader may see the guest accounts by name: admins, and who may decide now.
    :param drift: open drift of the partner that was found after the result of the request.
    """
    blocks: list[Block] = [_partner(request)]
    drift = drift_in_force(request, None if replacement is None else replacement.request, drift)
    told = [*drift_paragraphs(drift), *outcome_elements(request, now, has_drifted=drift is not None)]
    if outcome := [*told, *asked_change_elements(request, MAX_TEXT)]:
        blocks.append(rich_text(*outcome))
    blocks += _outside_changes(request)
    blocks.append(rich_text(*_facts(request), *_other_request_elements(other_requests)))
    if len(other_requests) > MAX_OTHER_REQUESTS:
        blocks.append(more_row(request, DetailsPart.OTHERS, counted(len(other_requests), "other open request")))
    if (plan := current_plan(request)) and (prepared := request.prepared):
        if plan.accounts is None:
            blocks += _settings_blocks(request, plan, prepared)
        else:
            blocks += _account_blocks(request, plan.accounts, names_guests=names_guests)
        blocks += [*_approval_policy(request, holders), *_operations(request, plan)]
    blocks += [*outside_change_json_blocks(request), *_restore_hint(request)]
    blocks += remark_blocks(request, more_row(request, DetailsPart.REMARKS, "Each text whole"))
    blocks += _history(request, history_items(request, history, replacement))
    return blocks


def _settings_blocks(request: AccessRequest, plan: Plan, prepared: PreparedRequest) -> Iterator[Block]:
    """Return what a plan does to the settings of the partner, its risk, and what was checked."""
    default = prepared.observation.default
    lines = describe_changes(plan, default, prepared.names)
    yield header("Changes")
    yield from _changes(request, lines)
    if unchanged := [*_adopted_elements(prepared), *unchanged_access_elements(plan, default, prepared.names)]:
        yield rich_text(*unchanged)
    if prepared.stages:
        yield header("Risk")
        yield rich_text(*risk_elements(plan, default, is_decided=request.state not in _UNDECIDED))
    yield from _checks(request, prepared, lines)


def _account_blocks(request: AccessRequest, accounts: AccountPlan, *, names_guests: bool) -> Iterator[Block]:
    """Return the guest accounts of a request in numbers, and the way to the list for those who may read names."""
    yield header("Guest accounts")
    if names_guests:
        yield more_row(request, DetailsPart.ACCOUNTS, account_row_words(accounts))
    else:
        yield rich_text(paragraph(fixed_text(f"{account_row_words(accounts)}. {NAMES_FOR_ADMINS}")))
    yield rich_text(*left_elements(accounts), paragraph(fixed_text(CHANGES[accounts.change].after)))


def _adopted_elements(prepared: PreparedRequest) -> Iterator[RichTextElement]:
    """Return the access that is open now, when the request adopts it; nothing for other requests."""
    if prepared.plan.adoption is not None:
        yield from open_now_elements(open_now(prepared.plan, prepared.observation.default, prepared.names))


def _outside_changes(request: AccessRequest) -> Iterator[Block]:
    """Return the access that was opened outside Gatehouse and who can close it, then all outside changes."""
    if current_plan(request) is not None and (unapproved := access_opened_outside(request)) is not None:
        yield rich_text(*kept_access_elements(request, unapproved))
    yield from outside_change_blocks(request)
    yield from difference_rows(request)


def _restore_hint(request: AccessRequest) -> Iterator[Block]:
    if is_restorable(request):
        yield rich_text(restore_hint(request.require_prepared().observation.identity))


def _partner(request: AccessRequest) -> Block:
    identity = identity_of(request)
    if identity is not None:
        return identity_block(identity)
    target = cleaned_text(request.fields.target, DOMAIN_LIMIT, bold=True)
    return rich_text(paragraph(fixed_text("Partner: "), target, fixed_text(" (as typed, not looked up)")))


def _facts(request: AccessRequest) -> Iterator[RichTextElement]:
    fields, prepared = request.fields, request.prepared
    rows: list[TextRun] = [fixed_text(f"Request {request.id}")]
    if prepared is not None:
        rows += [
            fixed_text("\nRequester: "),
            cleaned_text(prepared.requester.name),
            *([] if prepared.submitter is None else [fixed_text(", sent by "), cleaned_text(prepared.submitter.name)]),
            fixed_text("\nSponsor: "),
            cleaned_text(prepared.sponsor.name),
        ]
        label = "Access template" if prepared.plan.accounts is None else "Asked for"
        rows += [fixed_text(f"\n{label}: "), cleaned_text(prepared_title(prepared))]
        if left_out := left_out_words(prepared.plan.left_out):
            rows += [fixed_text("\nNot asked for: "), cleaned_text(left_out)]
    if fields.kind is RequestKind.RESTORATION:
        rows += [fixed_text("\nRestores: "), *restored_parts(request)]
    then = "" if prepared is None else f", {AT_END[prepared.plan.at_end].then}"
    if fields.starts_at is not None:
        rows.append(fixed_text(f"\nStarts: {day(fields.starts_at)} (UTC), or when it is approved if that is later"))
    if fields.ends_at is not None:
        rows.append(fixed_text(f"\nEnd: the end of {last_day(fields.ends_at)} (UTC){then}"))
    elif fields.duration is not None and not (prepared is not None and closes_everything(prepared.plan)):
        rows.append(fixed_text(f"\nDuration: {duration_words(fields.duration)} from {_counted_from(fields)}{then}"))
    is_access = fields.account_change is None and not (prepared is not None and closes_everything(prepared.plan))
    if prepared is not None and prepared.review_interval is not None and is_access:
        rows.append(fixed_text(f"\nReviews: {reviews_words(prepared.review_interval, prepared.plan.on_silence)}"))
    if fields.ticket:
        rows += [fixed_text("\nTicket: "), cleaned_text(fields.ticket)]
    yield paragraph(*rows)
    if fields.justification.strip():
        yield quote(fields.justification, MAX_REASON_CHARACTERS)
    yield from _supporters(request)


def _counted_from(fields: RequestFields) -> str:
    return "approval" if fields.starts_at is None else "the start"


def _supporters(request: AccessRequest) -> Iterator[RichTextElement]:
    """Name the people who support the request, each with the reason; what is left out is counted."""
    if not request.supports:
        return
    items: list[list[TextRun]] = [
        [
            cleaned_text(support.person.name, bold=True),
            *([fixed_text(": "), cleaned_text(support.reason, 300)] if support.reason else []),
        ]
        for support in request.supports[:MAX_SUPPORTERS_NAMED]
    ]
    if more := len(request.supports) - len(items):
        items.append([fixed_text(f"and {more} more")])
    yield paragraph(fixed_text("Supported by people who need the same access. They cannot decide:"))
    yield bullets(items)


def _other_request_elements(other_requests: Sequence[AccessRequest]) -> Iterator[RichTextElement]:
    """Name the other open requests of the requester; what is left out is counted."""
    if not other_requests:
        return
    named = ", ".join(
        f"{request_target(other_request)} ({other_request.id})" for other_request in other_requests[:MAX_OTHER_REQUESTS]
    )
    more = (
        [fixed_text(f" and {len(other_requests) - MAX_OTHER_REQUESTS} more")]
        if len(other_requests) > MAX_OTHER_REQUESTS
        else []
    )
    yield paragraph(fixed_text("Other open requests of the requester: "), cleaned_text(named, 2000), *more)


def _approval_policy(request: AccessRequest, holders: Mapping[Role, Approvers]) -> Iterator[Block]:
    """Return the approval policy.

    A button lists all approvers when not all are named. A second one lists all approvals that do not count.
    """
    is_without_approval = request.fields.account_change is not None and not request.require_prepared().stages
    if is_without_approval or not is_believed(request):  # NB. nobody can approve what is not believed
        return
    yield header("Approval policy")
    yield rich_text(*chain_elements(request, holders), *escalation_elements(request))
    if request.state is RequestState.AWAITING_APPROVAL and any(
        len(approvers.names) + approvers.other_count > len(approvers.names[:MAX_NAMES])
        for approvers in holders.values()
    ):
        yield more_row(request, DetailsPart.APPROVERS, "Everybody who can approve")
    if (count := len(request.verdict().not_counted)) > MAX_NAMES:
        yield more_row(
            request,
            DetailsPart.NOT_COUNTED,
            counted(count, "approval that does not count", "approvals that do not count"),
        )


def _operations(request: AccessRequest, plan: Plan) -> Iterator[Block]:
    yield header("The exact Microsoft Graph operations")
    yield operations_block(plan) if plan.accounts is None else account_operations_block(plan)
    if (length := len(operations_json(plan.operations))) > MAX_JSON_CHARACTERS:
        yield more_row(request, DetailsPart.OPERATIONS, f"All {length:,} characters")
    if request.sent:
        yield rich_text(*sent_write_elements(request.sent))


def _changes(request: AccessRequest, lines: Sequence[ChangeLine]) -> Iterator[Block]:
    """Return each changed setting with its value now on the left and after on the right, more access first.

    Slack has no tables in windows: two columns of fields become one list on a phone.
    """
    changed = changed_lines(lines)
    for first in range(0, min(len(changed), MAX_LINES), ROWS_IN_BLOCK):
        rows = changed[first : min(first + ROWS_IN_BLOCK, MAX_LINES)]
        yield SectionBlock(fields=[cell for line in rows for cell in _cells(line)])
    rest = []
    if (more := len(changed) - MAX_LINES) > 0:
        yield more_row(request, DetailsPart.CHANGES, f"and {counted(more, 'more setting')}")
    if same := len(lines) - len(changed):
        rest.append(f"{counted(same, 'setting')} set explicitly (no effect today).")
    if not changed:
        rest.insert(0, "No setting changes.")
    if rest:
        yield rich_text(paragraph(fixed_text(" ".join(rest))))


def _cells(line: ChangeLine) -> tuple[PlainTextObject, PlainTextObject]:
    """Return one row. A line break in a value must not look like another row, so each value is one line."""
    setting, now, after = (
        clean(line.setting, 200),
        clean(line.before, MAX_SETTING_CHARACTERS),
        clean(line.after, MAX_SETTING_CHARACTERS),
    )
    left, right = f"{_SIGNS[line.opens]} {setting}\nNow: {now}", f"{line.effect}\nAfter: {after}"
    return plain_text(left, Limit.FIELD, lines=True), plain_text(right, Limit.FIELD, lines=True)


def _checks(request: AccessRequest, prepared: PreparedRequest, lines: Sequence[ChangeLine]) -> Iterator[Block]:
    """Return the checks that failed, then one line with those that passed, then notes.

    General notes are behind a button.
    """
    findings = prepared.findings
    failed = issues_of(request)
    everything = "The checks that were possible found no issue." if closes_calendar(request) else "Every check passed."
    passed = "✅ The other checks found no issue." if failed else f"✅ {everything}"
    yield header("Checks")
    yield rich_text(*finding_elements(failed, lines, is_titled=False), paragraph(fixed_text(passed)))
    if (count := len(shown_findings(failed, lines))) > MAX_FINDINGS:
        yield more_row(request, DetailsPart.ISSUES, counted(count, "issue"))
    yield from policy_findings(findings)
    if (count := len(policy_items(findings))) > MAX_POLICY_LINES:
        yield more_row(request, DetailsPart.POLICIES, counted(count, "line"))
    noted = note_findings(request)
    particular, always = particular_and_general_notes(request)
    elements = [*finding_elements(noted, lines, is_titled=False), *_sentence_list(particular)]
    if elements or always:
        yield header("Notes")
    if elements:
        yield rich_text(*elements)
    if (count := len(shown_findings(noted, lines))) > MAX_FINDINGS:
        yield more_row(request, DetailsPart.NOTES, counted(count, "note"))
    if always:
        kind = "always applies" if len(always) == 1 else "always apply"
        shows = button("Show notes", ids.SHOW_NOTES, ids.decision_value(request))
        yield row(f"{counted(len(always), 'note')} {kind}.", f"notes:{request.id}", shows)


def _sentence_list(sentences: Sequence[str]) -> Iterator[RichTextElement]:
    if sentences:
        yield bullets([fixed_text(sentence)] for sentence in sentences)


def _history(request: AccessRequest, entries: Sequence[Sequence[TextRun]]) -> Iterator[Block]:
    if not entries:
        return
    rows = [paragraph(*parts) for parts in entries[:MAX_HISTORY_ENTRIES]]
    if more := len(entries) - len(rows):
        rows.append(paragraph(fixed_text(f"and {counted(more, 'earlier entry', 'earlier entries')}")))
    yield header("History")
    yield rich_text(*rows)
    if more:
        yield more_row(request, DetailsPart.HISTORY, counted(len(entries), "entry", "entries"))
