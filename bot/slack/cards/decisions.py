"""The parts of a card that show who decided, who must still decide, and how it ended.

It is long because the three are one list on the card, in this order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Limit,
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    quote,
    rich_text,
    with_local_times,
)
from bot.slack.blocks.message import MAX_NOTICE_CHARACTERS, Message, message
from bot.slack.people.approvers import MAX_NAMED_APPROVERS, Approvers
from bot.words.refusals.named_people.deciders import profile_lines
from bot.words.requests.approval_chain import chain_rule_words
from bot.words.requests.messages import (
    NOT_YOU,
    decided_words,
    message_words,
    more_decided_words,
    notified_message_words,
    weekly_title,
)
from bot.words.requests.notes import note_words
from bot.words.requests.revision import new_plan_title
from bot.words.sentences import counted, day
from workflows.core.checks.partner_setup.steps import newly_required_steps
from workflows.core.errors.facts import Fact
from workflows.core.people import Role
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.closing import only_reduces_access, writes_only_reductions
from workflows.core.policy.approval import ChainRule, Choice, Decision, Verdict
from workflows.core.policy.template import Stage
from workflows.core.requests.notes import is_believed, with_earlier_write
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.access_change import AccessChange

MAX_NAMES: Final = MAX_NAMED_APPROVERS
MAX_REASON_CHARACTERS: Final = 2000
MAX_NOTE_CHARACTERS: Final = 1500
MAX_PROFILE_CHARACTERS: Final = 400
"""Characters about one person's changed profile."""
EXPIRES_NOW: Final = "The time to decide is over. This request expires now."

_WHOLE_CHAIN: Final = (
    "With today's default this gives no more access. The default can change, so the full approval policy applies."
)
_EXTENDS: Final = "This reduces access and extends what is left, so the full approval policy applies."
_PENDING: Final = (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


def chain_elements(request: AccessRequest, holders: Mapping[Role, Approvers]) -> Iterator[RichTextElement]:
    """Return the stages in order: who approved when, and who must still decide."""
    if request.fields.kind is RequestKind.REVOCATION:
        yield paragraph(fixed_text("Approvals: ", bold=True), fixed_text("none are needed to close a partner."))
        return
    verdict, stages = request.verdict(), request.require_prepared().stages
    if rule := _rule_words(request):
        yield paragraph(fixed_text(rule))
    yield bullets(
        (_stage_parts(request, verdict, index, stage, holders) for index, stage in enumerate(stages)), ordered=True
    )
    for line in profile_lines(request):
        yield paragraph(fixed_text("⚠️ "), cleaned_text(line, MAX_PROFILE_CHARACTERS))
    if request.state is RequestState.AWAITING_APPROVAL:
        yield paragraph(fixed_text("The requester and the sponsor cannot approve. Each person can approve once."))
    if verdict.not_counted:
        yield paragraph(fixed_text("Not counted", bold=True))
        bullet_items = [[cleaned_text(note_words(note_fact), 300)] for note_fact in verdict.not_counted[:MAX_NAMES]]
        if more := len(verdict.not_counted) - len(bullet_items):
            bullet_items.append([fixed_text(f"and {more} more")])
        yield bullets(bullet_items)


def _rule_words(request: AccessRequest) -> str:
    """State why these approvals are needed; empty where that is not known."""
    prepared = request.require_prepared()
    if prepared.chain_rule is None and sum(stage.quorum for stage in prepared.stages) == 1:
        # A request of an earlier version, or a plan that is only shown.
        prepared = replace(prepared, chain_rule=ChainRule.ONE_APPROVER if only_reduces_access(prepared.plan) else None)
    whole = _WHOLE_CHAIN if _shows_no_more_access(request) else ""
    whole = _EXTENDS if prepared.plan.extends else whole
    return " ".join(filter(None, [whole, chain_rule_words(prepared)]))


def _shows_no_more_access(request: AccessRequest) -> bool:
    """Return whether every line reduces access or changes nothing, although the full approval chain is needed."""
    prepared = request.require_prepared()
    is_narrowing = plan_access_change(prepared.plan, prepared.observation.default) in (
        AccessChange.REDUCES,
        AccessChange.CLOSES,
    )
    return is_narrowing and not writes_only_reductions(prepared.plan)


def outcome_elements(request: AccessRequest, now: datetime, *, has_drifted: bool = False) -> Iterator[RichTextElement]:
    """Describe the state or the end: who decided what and why, and what was read back.

    :param has_drifted: see `state_parts`.
    """
    rejection = _rejection(request)
    if rejection is not None:
        by = [fixed_text("Rejected by ", bold=True), cleaned_text(rejection.names, bold=True)]
        yield paragraph(*by, fixed_text(" on "), local_time(rejection.at), fixed_text(", because:"))
        yield quote(rejection.reason, MAX_REASON_CHARACTERS)
        if earlier_write := with_earlier_write(request, ()):
            yield paragraph(fixed_text(note_words(earlier_write)))
        return
    if request.asked_again and request.state is RequestState.AWAITING_APPROVAL:
        yield paragraph(
            fixed_text(f"{new_plan_title(request)}: ", bold=True),
            cleaned_text(note_words(request.asked_again), MAX_NOTE_CHARACTERS, lines=True),
        )
    is_open = request.state is RequestState.AWAITING_APPROVAL
    sentence = [] if is_open and not is_believed(request) else list(state_parts(request, now, has_drifted=has_drifted))
    if sentence:
        yield paragraph(*sentence)
    is_said = request.state in _STATES_WITH_SENTENCE or request.note == request.asked_again
    if request.note and not is_said:
        yield paragraph(cleaned_text(note_words(request.note), MAX_NOTE_CHARACTERS, lines=True))
    elif request.state in _STATES_WITH_SENTENCE and (earlier_write := with_earlier_write(request, ())):
        yield paragraph(fixed_text(note_words(earlier_write)))


def still_needed(request: AccessRequest) -> str:
    """State in one sentence whose approval is missing; empty when none is, and when none would be believed."""
    if request.state is not RequestState.AWAITING_APPROVAL or not is_believed(request):
        return ""
    verdict = request.verdict()
    if verdict.open_stage is None:
        return ""
    stage = request.require_prepared().stages[verdict.open_stage]
    return f"Waits for {counted(verdict.missing, 'approval')} from “{stage.title}”."


_STATES_WITH_SENTENCE: Final = (RequestState.WITHDRAWN,)


_THEN_CHECKED: Final = "Then everything is checked again."


def _applied_parts(request: AccessRequest, *, has_drifted: bool) -> Iterator[TextRun]:
    is_adoption = request.fields.kind is RequestKind.ADOPTION
    was = "Was " if has_drifted else ""
    text = f"{was}{'read again' if is_adoption else 'verified'} in the tenant"
    yield fixed_text(f"{text[0].upper()}{text[1:]}")
    if request.confirmed_at is not None:
        yield fixed_text(" on ")
        yield local_time(request.confirmed_at)
    if is_adoption:
        yield fixed_text(": exactly the approved settings. Nothing was written.")
    elif request.fields.account_change is not None:
        yield fixed_text(".")  # the note says what came of each account
    else:
        yield fixed_text(": every change that it needs." if request.refused else ": every change of the plan.")
    if has_drifted:
        yield fixed_text(" It is different since.")


def state_parts(
    request: AccessRequest, now: datetime, *, with_steps: bool = True, has_drifted: bool = False
) -> Iterator[TextRun]:
    """Return one sentence on the state, unless `request.note` already says everything.

    :param with_steps: whether to say how many steps of the partner setup remain.
    :param has_drifted: whether its result is in force, and the current settings are different from it.
    """
    is_revocation = request.fields.kind is RequestKind.REVOCATION
    match request.state:
        case RequestState.APPLIED:
            yield from _applied_parts(request, has_drifted=has_drifted)
            if with_steps and request.fields.account_change is None and (steps := _count_partner_steps(request)):
                yield fixed_text(
                    f" Partner setup: {counted(steps, 'step')} for the partner's administrator. Gatehouse cannot see "
                    f"the partner's tenant. /partner checklist lists {'it' if steps == 1 else 'them'}."
                )
        case RequestState.SCHEDULED if (starts_at := request.plan.starts_at) is not None:
            yield fixed_text(f"Every approval is in. Nothing is written before {day(starts_at)} (UTC). {_THEN_CHECKED}")
        case RequestState.APPLYING if not request.note:
            decided = "Nothing more is needed from people." if is_revocation else "Every approval is in."
            yield fixed_text(f"{decided} The change is being written; it is not confirmed yet.")
        case RequestState.WITHDRAWN:
            yield fixed_text("Withdrawn by the requester on ")
            yield local_time(request.changed_at)
            yield fixed_text(".")
        case RequestState.PREPARING if not request.note:
            yield fixed_text("People and tenant are being looked up.")
        case state if state in _PENDING and now >= request.expires_at:
            yield fixed_text(EXPIRES_NOW)
        case RequestState.AWAITING_CONFIRMATION:
            yield fixed_text("The admin who asked has to confirm it. Expires ")
            yield local_time(request.expires_at)
            yield fixed_text(" if it is not confirmed by then.")
        case RequestState.AWAITING_APPROVAL:
            yield fixed_text("Expires ")
            yield local_time(request.expires_at)
            yield fixed_text(" if it is not decided by then.")
        case _:
            return


def _count_partner_steps(request: AccessRequest) -> int:
    """Return how many steps of the partner this request needs."""
    steps = newly_required_steps(request.plan, request.require_prepared().observation.default)
    return sum(step.is_needed for step in steps)


def _stage_parts(
    request: AccessRequest,
    verdict: Verdict,
    index: int,
    stage: Stage,
    holders: Mapping[Role, Approvers],
) -> list[TextRun]:
    approved = verdict.counted_people[index]
    runs = [
        cleaned_text(stage.title, bold=True),
        fixed_text(f": {len(approved)} of {counted(stage.quorum, 'approval')}."),
    ]
    if len(approved) >= stage.quorum:
        runs = [fixed_text("✅ "), cleaned_text(stage.title, bold=True), fixed_text(": approved.")]
    for decision in (d for d in request.decisions if d.stage == index and d.choice is Choice.APPROVE):
        if decision.person in approved and decision.digest == request.plan.digest:
            runs += [
                fixed_text(" "),
                cleaned_text(decision.names),
                fixed_text(", "),
                local_time(decision.at),
                fixed_text("."),
            ]
    if request.state is RequestState.AWAITING_APPROVAL and len(approved) < stage.quorum:
        runs += _who_decides(verdict, index, holders.get(stage.role, Approvers()))
    return runs


def _who_decides(verdict: Verdict, index: int, approvers: Approvers) -> list[TextRun]:
    """Return the people who can still decide on a stage, as far as they are known."""
    label = " Current approvers" if index == verdict.open_stage else " Next approvers"
    if not approvers.names:
        return [fixed_text(f"{label}.")]
    others = len(approvers.names) - len(approvers.names[:MAX_NAMES]) + approvers.other_count
    more = f" and {others} more" if others else ""
    return [
        fixed_text(f"{label}: "),
        cleaned_text(", ".join(approvers.names[:MAX_NAMES]), Limit.PLAIN),
        fixed_text(f"{more}."),
    ]


def _rejection(request: AccessRequest) -> Decision | None:
    if request.state is not RequestState.REJECTED:
        return None
    return next((d for d in reversed(request.decisions) if d.choice is Choice.REJECT), None)


def second_look_message(fact: Fact, code_of: Callable[[str], str]) -> Message:
    """Return the message that asks to look once more at an approval, with the button that confirms it.

    :param fact: with the code `MessageCode.SECOND_LOOK`.
    :param code_of: returns what proves that a button with a value was sent to this person.
    """
    request, value = str(fact.values["request"]), f"{fact.values['request']}:{fact.values['digest']}"
    blocks: list[Block] = [
        rich_text(paragraph(*with_local_times(message_words(fact), MAX_NOTICE_CHARACTERS))),
        actions(
            f"second_look:{request}",
            button("Approve", ids.APPROVE_AGAIN, f"{value}:{code_of(value)}"),
            button("Details", ids.REVIEW_REQUEST, value),
        ),
    ]
    return message(notified_message_words(fact), blocks)


def weekly_list_message(fact: Fact) -> Message:
    """Return the list of what was decided in a person's name in a week, with a button for each request.

    :param fact: with the code `MessageCode.DECIDED_IN_YOUR_NAME`.
    """
    blocks: list[Block] = [rich_text(paragraph(fixed_text(weekly_title(fact.values), bold=True)))]
    for row in fact.values["decisions"]:
        line = paragraph(
            cleaned_text(decided_words(row), 300), fixed_text(", "), local_time(datetime.fromisoformat(row["at"]))
        )
        blocks.append(rich_text(line))
        if row["digest"]:
            value = f"{row['request']}:{row['digest']}"
            blocks.append(actions(f"decided:{row['request']}", button("Details", ids.REVIEW_REQUEST, value)))
    blocks.append(rich_text(paragraph(fixed_text(f"{more_decided_words(fact.values)} {NOT_YOU}".strip()))))
    return message(notified_message_words(fact), blocks)


def profile_changed_message(fact: Fact) -> Message:
    """Return the message to the other approvers of a request about a changed profile, with the request's Details.

    :param fact: with the code `MessageCode.PROFILE_CHANGED`.
    """
    request = str(fact.values["request"])
    details = button("Details", ids.REVIEW_REQUEST, f"{request}:{fact.values['digest']}")
    text = rich_text(paragraph(*with_local_times(message_words(fact), MAX_NOTICE_CHARACTERS)))
    return message(notified_message_words(fact), [text, actions(f"profile:{request}", details)])
