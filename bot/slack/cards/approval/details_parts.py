"""The parts of Details that can be too long for one window: each whole, in pages of a window of its own.

It is long because every part is made here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    mention,
    preformatted_text,
    row,
)
from bot.slack.blocks.pages import PER_PAGE, TEXTS_PER_PAGE, page_blocks
from bot.slack.cards.approval.sections.accounts import account_items
from bot.slack.cards.approval.sections.conversation import remark_elements
from bot.slack.cards.drift import changed_items, default_of, drift_blocks, drift_json, drift_json_blocks, shown_drift
from bot.slack.cards.findings import policy_items
from bot.slack.cards.partner_and_plan import (
    MAX_JSON_CHARACTERS,
    MAX_LINES,
    finding_parts,
    line_parts,
    operations_json,
    shown_findings,
)
from bot.slack.cards.requests import current_plan, request_target
from bot.slack.ids import DetailsPart
from bot.words.plans.changes import ChangeLine, describe_changes
from bot.words.plans.consequences import ALWAYS_TRUE, consequence_words
from bot.words.requests.audit_history import reason_words
from bot.words.requests.history import entry_words
from bot.words.requests.notes import note_words
from bot.words.requests.replacement import replacement_words
from bot.words.requests.revision import RevisedLine, revision_lines
from bot.words.sentences import counted, pieces
from workflows.app.reads.found_requests import Replacement
from workflows.app.storing.new_audit_entry import GATEHOUSE
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.checks.findings import Finding, Severity
from workflows.core.people import ChatId, is_chat_user
from workflows.core.requests.eligibility import OpenStage
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.access_change import AccessChange
from workflows.ports.audit_log import RECEIVED, AuditEntry

History = Sequence[AuditEntry]
StagePeople = Sequence[tuple[OpenStage, Sequence[ChatId]]]
"""The people of each stage, in the order of the stages."""

MAX_HISTORY_REASON_CHARACTERS: Final = 300
"Characters of the reason of an answer to a review, and of a question, an answer or a comment."
_WITH_REASON: Final = frozenset({"keep"})
"""The commands whose reason stands in the history. Questions and comments have a part of their own."""

TITLES: Final[Mapping[DetailsPart, str]] = {
    DetailsPart.ACCOUNTS: "Guest accounts",
    DetailsPart.OUTSIDE_CHANGES: "Changed outside",
    DetailsPart.OUTSIDE_CHANGES_JSON: "Changed outside: JSON",
    DetailsPart.DIFFERENCES: "What is different",
    DetailsPart.CHANGES: "Changes",
    DetailsPart.ISSUES: "Issues",
    DetailsPart.POLICIES: "Conditional Access",
    DetailsPart.NOTES: "Notes",
    DetailsPart.APPROVERS: "Approvers",
    DetailsPart.NOT_COUNTED: "Approvals not counted",
    DetailsPart.OPERATIONS: "Graph operations",
    DetailsPart.OTHERS: "Other open requests",
    DetailsPart.REMARKS: "Questions, comments",
    DetailsPart.HISTORY: "History",
}
"""The titles of the windows; Slack accepts 24 characters."""


def more_row(request: AccessRequest, name: DetailsPart, text: str) -> Block:
    """Return the line below a shortened part: what is left out, and the button that shows the whole part."""
    shows = button("Show all", ids.SHOW_PART, part_value(request, name, 0))
    return row(text, f"part:{name.value}", shows)


def part_value(request: AccessRequest, name: DetailsPart, page: int) -> str:
    """Return the value of a button that shows one page of a part: `<request id>:<part>:<page>`."""
    return f"{request.id}:{name.value}:{page}"


def whole_part(
    request: AccessRequest,
    name: DetailsPart,
    *,
    history: History = (),
    replacement: Replacement | None = None,
    other_requests: Sequence[AccessRequest] = (),
    approvers: StagePeople = (),
) -> list[RichTextElement]:
    """Return everything of one part, as rows.

    :param history: see `details_blocks`.
    :param replacement: see `details_blocks`.
    :param other_requests: see `details_blocks`.
    :param approvers: who can still decide, for each open stage in order.
    """
    if name is DetailsPart.OUTSIDE_CHANGES_JSON:
        return _texts("" if request.drift is None else drift_json(request.drift))
    if name is DetailsPart.OPERATIONS:
        plan = current_plan(request)
        return _texts("" if plan is None else operations_json(plan.operations))
    if name is DetailsPart.REMARKS:
        return [element for remark in reversed(request.remarks) for element in remark_elements(remark)]
    if name is DetailsPart.HISTORY:
        return _bullets(history_items(request, history, replacement))
    if name is DetailsPart.OTHERS:
        return _bullets(map(_other_parts, other_requests))
    if name is DetailsPart.APPROVERS:
        return _bullets(_approver_items(approvers))
    return _bullets(_items(request, name))


def _items(request: AccessRequest, name: DetailsPart) -> Iterable[Sequence[TextRun]]:
    """Return the items of a part that needs nothing but the request."""
    match name:
        case DetailsPart.ACCOUNTS:
            return account_items(request)
        case DetailsPart.OUTSIDE_CHANGES if request.drift is not None:
            return changed_items(request.drift, default_of(request), with_graph_names=True)
        case DetailsPart.DIFFERENCES:
            return map(difference_parts, revision_lines(request))
        case DetailsPart.CHANGES:
            return map(line_parts, changed_lines(lines_of(request)))
        case DetailsPart.ISSUES:
            return map(finding_parts, shown_findings(issues_of(request), lines_of(request)))
        case DetailsPart.NOTES:
            return map(finding_parts, shown_findings(note_findings(request), lines_of(request)))
        case DetailsPart.POLICIES:
            return policy_items(_findings(request))
        case DetailsPart.NOT_COUNTED:
            return discounted_items(request)
    return ()


def _bullets(items: Iterable[Sequence[TextRun]]) -> list[RichTextElement]:
    return [bullets([item]) for item in items]


def _other_parts(request: AccessRequest) -> list[TextRun]:
    return [cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True), fixed_text(f" ({request.id})")]


def part_blocks(request: AccessRequest, name: DetailsPart, rows: Sequence[RichTextElement], page: int) -> list[Block]:
    """Return one page of a part, see `page_blocks`."""
    is_text = name in (DetailsPart.OPERATIONS, DetailsPart.OUTSIDE_CHANGES_JSON)
    return page_blocks(
        [cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True), fixed_text(f" · {request.id}")],
        rows,
        page,
        size=TEXTS_PER_PAGE if is_text else PER_PAGE,
        action_ids=(ids.PART_PREVIOUS, ids.PART_NEXT),
        value=lambda to: part_value(request, name, to),
    )


def outside_change_blocks(request: AccessRequest) -> Iterator[Block]:
    """Return the changes that were made outside Gatehouse after the approval.

    A button shows those that are too long.
    """
    yield from drift_blocks(request)
    drift = shown_drift(request)
    if drift is not None and (count := len(changed_items(drift, default_of(request)))) > MAX_LINES:
        yield more_row(request, DetailsPart.OUTSIDE_CHANGES, counted(count, "changed setting"))


def outside_change_json_blocks(request: AccessRequest) -> Iterator[Block]:
    """Return the same in Microsoft Graph's own values, with a button for what is too long."""
    if (drift := shown_drift(request)) is None:
        return
    yield header("Changed outside Gatehouse, as in Microsoft Graph")
    yield from drift_json_blocks(request)
    if (length := len(drift_json(drift))) > MAX_JSON_CHARACTERS:
        yield more_row(request, DetailsPart.OUTSIDE_CHANGES_JSON, f"All {length:,} characters")


def difference_rows(request: AccessRequest) -> Iterator[Block]:
    """Return the line that leads to the differences between the earlier plan and the present one, if there are any."""
    if count := len(revision_lines(request)):
        yield more_row(request, DetailsPart.DIFFERENCES, f"{counted(count, 'difference')} from the earlier plan")


def difference_parts(line: RevisedLine) -> list[TextRun]:
    """Return one difference between the earlier plan and the present one."""
    return [
        cleaned_text(line.subject, 200, bold=True),
        fixed_text(": was "),
        cleaned_text(line.before, 300),
        fixed_text("; now "),
        cleaned_text(line.now, 300, bold=True),
        *([] if line.after is None else [fixed_text("; after approval: "), cleaned_text(line.after, 300)]),
    ]


def lines_of(request: AccessRequest) -> Sequence[ChangeLine]:
    """Return the lines of the present plan; none while there is no plan."""
    plan, prepared = current_plan(request), request.prepared
    if plan is None or prepared is None:
        return ()
    return describe_changes(plan, prepared.observation.default, prepared.names)


def changed_lines(lines: Sequence[ChangeLine]) -> list[ChangeLine]:
    """Return the settings that change, more access first."""
    changed = [line for line in lines if line.access is not AccessChange.SAME]
    return sorted(changed, key=lambda line: line.opens is not True)


def issues_of(request: AccessRequest) -> list[Finding]:
    """Return the findings that are more than notes."""
    return [finding for finding in _findings(request) if finding.severity is not Severity.NOTE]


def note_findings(request: AccessRequest) -> list[Finding]:
    """Return the findings that are notes."""
    return [finding for finding in _findings(request) if finding.severity is Severity.NOTE]


def closes_calendar(request: AccessRequest) -> bool:
    """Return whether a request closes what Exchange may still show: Gatehouse cannot read Exchange."""
    prepared = request.require_prepared()
    found = consequences(prepared.plan, prepared.observation.default)
    return any(fact.code == Consequence.EXCHANGE_UNCHECKED for fact in found)


def particular_and_general_notes(request: AccessRequest) -> tuple[list[str], list[str]]:
    """Return the consequences of a request's plan: those of this plan only, and those of every such change.

    Of a revocation everything is particular: it is read afterwards, as a record of what is still possible.
    """
    prepared = request.require_prepared()
    facts = consequences(
        prepared.plan,
        prepared.observation.default,
        is_applied=request.state is RequestState.APPLIED,
        not_closed=request.not_closed,
    )
    # Of a block, the table of changes shows what the default gave.
    facts = tuple(fact for fact in facts if fact.values.get("is_at_end") is not False)
    is_closing = request.fields.kind is RequestKind.REVOCATION
    always = [fact for fact in facts if fact.code in ALWAYS_TRUE and not is_closing]
    return [consequence_words(fact) for fact in facts if fact not in always], list(map(consequence_words, always))


def discounted_items(request: AccessRequest) -> list[list[TextRun]]:
    """Return why approvals do not count."""
    return [[cleaned_text(note_words(note_fact), 300)] for note_fact in request.verdict().not_counted]


def shown_entries(history: History) -> list[AuditEntry]:
    """Return the entries that say something new: not that a click was received."""
    return [entry for entry in history if entry.outcome != RECEIVED]


def history_items(request: AccessRequest, history: History, replacement: Replacement | None) -> list[list[TextRun]]:
    """Return the history, the newest first, with the time when a later request replaced the result."""
    items = [(entry.at, entry_parts(entry)) for entry in shown_entries(history)]
    if replacement is None:
        return [parts for _, parts in items]
    place = sum(at > replacement.at for at, _ in items)
    return [
        parts
        for _, parts in [*items[:place], (replacement.at, replacement_parts(request, replacement)), *items[place:]]
    ]


def replacement_parts(request: AccessRequest, replacement: Replacement) -> list[TextRun]:
    """Return one entry of a request's history: the later request that replaced its result."""
    later = replacement.request
    replacement_text, requester = replacement_words(request, later), later.require_prepared().requester.name
    by = [fixed_text(", requested by "), cleaned_text(requester)]
    return [local_time(replacement.at), fixed_text(": "), cleaned_text(replacement_text, 300, bold=True), *by]


def entry_parts(entry: AuditEntry) -> list[TextRun]:
    """Return one entry of the history."""
    by = [] if entry.actor == GATEHOUSE else [fixed_text(" by "), _actor_part(entry)]
    reason = reason_words(entry) if entry.command in _WITH_REASON else ""
    why = [fixed_text(": "), cleaned_text(reason, MAX_HISTORY_REASON_CHARACTERS)] if reason else []
    return [local_time(entry.at), fixed_text(": "), cleaned_text(entry_words(entry), 200), *by, *why]


def _actor_part(entry: AuditEntry) -> TextRun:
    return mention(entry.actor) if is_chat_user(ChatId(entry.actor)) else cleaned_text(entry.actor)


def _findings(request: AccessRequest) -> Sequence[Finding]:
    return () if request.prepared is None else request.prepared.findings


def _approver_items(approvers: StagePeople) -> Iterator[list[TextRun]]:
    for stage, people in approvers:
        for person in people:
            yield [cleaned_text(stage.title, bold=True), fixed_text(": "), mention(person)]


def _texts(text: str) -> list[RichTextElement]:
    return [preformatted_text(piece) for piece in pieces(text, MAX_JSON_CHARACTERS)] if text else []
