"""The windows in which an approver asks for changes or proposes less, and the requester declines a proposal. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    InputBlock,
    StaticSelectElement,
)

from bot.slack import ids
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text, small_text
from bot.slack.blocks.modal import input_block, modal, option
from bot.slack.cards.approval.sections.asked_changes import open_changes, proposal_elements, reason_quote
from bot.slack.flows.decide.remarks.remark_fields import about_blocks, text_input
from bot.slack.flows.request_access.fields import MAX_BOXES, boxes_field, part_options
from bot.words.plans.changes import duration_words
from workflows.app.requests.edits.less_access import LessChoices, unchanged
from workflows.core.policy.template import Template
from workflows.core.requests.request import AccessRequest, Proposal

_MAX_OPTIONS: Final = 100
_WHO_READS: Final = "The requester and everybody who sees the request can read this."
_CLOCK: Final = (
    "The requester edits the request. Until then the time to decide is stopped, for at most five working days. "
    "If you approve the request as it is, you take this back."
)
_PROPOSAL: Final = (
    "The requester accepts or declines. If they accept, the request gets a new plan, and you can approve it. Gatehouse "
    "checks that every choice gives less access than the request."
)


def changes_view(request: AccessRequest) -> Json:
    """Return the window in which an approver writes what the requester shall change."""
    asked = open_changes(request)
    earlier = (
        [] if asked is None else [small_text(f"{asked.person.name} asked for changes already. Yours replace them.")]
    )
    blocks: list[Block] = [
        *about_blocks(request),
        *earlier,
        text_input("What must change", ids.REASON, _WHO_READS),
        small_text(_CLOCK),
    ]
    metadata = ids.decision_value(request)
    return modal("Request changes", blocks, ids.CHANGES_FORM, submit="Send", metadata=metadata)


def less_view(request: AccessRequest, choices: LessChoices) -> Json:
    """Return the window in which an approver chooses what to propose. It begins with what is asked for."""
    present = unchanged(request)
    blocks: list[Block] = [
        *about_blocks(request),
        *_template_field(choices.templates),
        *_end_fields(choices, present.days),
    ]
    if choices.templates[0].may_end_on_date:
        picker = DatePickerElement(action_id=ids.END_DATE, initial_date=present.ends_on or None)
        hint = "Instead of a duration. It must be earlier than what is asked for."
        blocks.append(input_block("Last day", ids.END_DATE, picker, hint=hint, is_optional=True))
    if choices.parts:
        blocks.append(boxes_field("Do not ask for", ids.LEFT_OUT, part_options(choices.parts), present.left_out))
    if choices.placeholders:
        labels = {one.name: one.label for one in choices.templates[0].placeholders}
        options = [option(labels[name], name) for name in choices.placeholders[:MAX_BOXES]]
        blocks.append(boxes_field("Leave empty", ids.EMPTY_PLACEHOLDERS, options, ()))
    blocks += [text_input("Why less is enough", ids.REASON, _WHO_READS), small_text(_PROPOSAL)]
    metadata = ids.decision_value(request)
    return modal("Propose less", blocks, ids.LESS_FORM, submit="Propose", metadata=metadata)


def decline_view(request: AccessRequest, proposal: Proposal) -> Json:
    """Return the window in which the requester says why they decline a proposal."""
    blocks: list[Block] = [
        *about_blocks(request),
        rich_text(
            paragraph(cleaned_text(proposal.person.name, bold=True), fixed_text(" proposes:")),
            *proposal_elements(request),
            reason_quote(proposal.reason),
        ),
        text_input("Reason", ids.REASON, "The approver reads this. The request stays as it is."),
    ]
    metadata = ids.proposal_value(request, proposal)
    return modal("Decline proposal", blocks, ids.DECLINE_PROPOSAL_FORM, submit="Decline", metadata=metadata)


def _template_field(templates: Sequence[Template]) -> Iterator[InputBlock]:
    """Return the select of templates that give less, when there is one besides the present template."""
    if len(templates) > 1:
        options = [option(template.title, template.name) for template in templates[:_MAX_OPTIONS]]
        select = StaticSelectElement(action_id=ids.TEMPLATE, options=options, initial_option=options[0])
        yield input_block(
            "Access template",
            ids.TEMPLATE,
            select,
            hint="Besides the present one, only templates that give less are listed.",
        )


def _end_fields(choices: LessChoices, days: int) -> Iterator[InputBlock]:
    options = [option(duration_words(duration), str(duration.days)) for duration in choices.durations[:_MAX_OPTIONS]]
    if options:
        chosen = next((one for one in options if one.value == str(days)), None)
        select = StaticSelectElement(action_id=ids.DURATION, options=options, initial_option=chosen)
        yield input_block("Duration", ids.DURATION, select, is_optional=days == 0)
