"""The fields of the request form that the chosen template decides on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    DatePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextInputElement,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement

from bot.slack import ids
from bot.slack.blocks.blocks import Limit, fixed_text, paragraph, plain_text, quote, rich_text, small_text
from bot.slack.blocks.modal import input_block, option
from bot.slack.blocks.untrusted import cut, encodable
from bot.words.plans.changes import duration_words
from bot.words.refusals.ids import wanted_words
from bot.words.refusals.sentences import fact_words
from bot.words.requests.access_end import AT_END
from bot.words.requests.form import (
    FOR_PERSON_HINTS,
    OTHER_PURPOSES,
    WHAT_THEY_NEED,
    end_date_hint,
    need_words,
    not_offered_words,
    offer_words,
    partner_question,
    start_date_hint,
)
from bot.words.settings.open_access import access_kind_title
from workflows.app.reads.object_search import MIN_CHARACTERS
from workflows.app.requests.field_checks import LATEST_START, TICKET_LIMIT
from workflows.core.errors.facts import Fact
from workflows.core.policy.offers import Offer
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.template import MayRequestFor, Template, TicketRule
from workflows.core.settings.id_owner import Owner

MAX_NOT_OFFERED_CHARACTERS: Final = 600
"""Characters that name the templates which only other people may request."""
MAX_BOXES: Final = 10
"""The most boxes that Slack accepts in one field."""
_MAX_OPTIONS_IN_GROUP: Final = 100
"""The most options that Slack accepts in one group, and the most groups."""


def template_field(offers: Sequence[Offer], template_name: str) -> InputBlock:
    """Return the select of the templates: one group for each purpose, in the order of the offers."""
    groups = list(_groups(offers))
    options = [choice for _, choices in groups for choice in choices]
    grouped = [OptionGroup(label=plain_text(label, Limit.OPTION), options=choices) for label, choices in groups]
    is_one = len(groups) == 1
    element = StaticSelectElement(
        action_id=ids.TEMPLATE,
        options=options if is_one else None,
        option_groups=None if is_one else grouped[:_MAX_OPTIONS_IN_GROUP],
        initial_option=next((known_option for known_option in options if known_option.value == template_name), None),
        placeholder=plain_text(WHAT_THEY_NEED, Limit.OPTION),
    )
    return input_block("Access template", ids.TEMPLATE, element, is_dispatched=True)


def not_offered_note(templates: Sequence[Template]) -> Iterator[Block]:
    """Return which other templates there are, and whom to ask; nothing when every template is offered."""
    if templates:
        yield small_text(cut(not_offered_words(templates), MAX_NOT_OFFERED_CHARACTERS))


def for_person_field(template: Template | None, person: str) -> Iterator[InputBlock]:
    """Return the select of the person on whose behalf the request is sent, where the template allows it."""
    if template is not None and template.may_request_for is not MayRequestFor.NOBODY:
        element = UserSelectElement(action_id=ids.FOR_PERSON, initial_user=person)
        yield input_block("For", ids.FOR_PERSON, element, hint=FOR_PERSON_HINTS[template.may_request_for])


def _groups(offers: Sequence[Offer]) -> Iterator[tuple[str, list[Option]]]:
    """Yield the options of each purpose, in parts that Slack accepts; every further part has a number."""
    by_purpose: dict[str, list[Option]] = {}
    for offer in offers:
        choice = option(need_words(offer), offer.template.name, offer_words(offer, Limit.OPTION))
        by_purpose.setdefault(offer.template.purpose or OTHER_PURPOSES, []).append(choice)
    for purpose, choices in by_purpose.items():
        for start in range(0, len(choices), _MAX_OPTIONS_IN_GROUP):
            number = f" ({start // _MAX_OPTIONS_IN_GROUP + 1})" if start else ""
            yield f"{purpose}{number}", choices[start : start + _MAX_OPTIONS_IN_GROUP]


def placeholder_fields(
    template: Template | None,
    typed_values: Mapping[str, str],
    labels: Mapping[str, str],
    unsearchable: Mapping[str, Fact],
) -> Iterator[Block]:
    """Return one field for each ID that the template asks for, and the text that asks the partner for theirs.

    :param labels: the text of the chosen option, by the placeholder's name.
    :param unsearchable: why our own directory cannot be searched for a field, so that the ID has to be typed.
    """
    for placeholder in () if template is None else template.placeholders:
        value, problem = typed_values.get(placeholder.name, ""), unsearchable.get(placeholder.name)
        is_searched = placeholder.owner is Owner.OURS and problem is None
        element = (
            _search(placeholder, value, labels.get(placeholder.name, "")) if is_searched else _id(placeholder, value)
        )
        yield input_block(
            placeholder.label,
            placeholder.field,
            element,
            hint=_hint(placeholder, is_searched=is_searched),
            is_optional=not placeholder.is_required,
        )
        if problem is not None:
            yield small_text(f"⚠️ {placeholder.label}: {fact_words(problem)}")
    if template is not None and (question := partner_question(template.placeholders)):
        yield rich_text(
            paragraph(fixed_text("Send this to the partner's administrator:", bold=True)), quote(question, 2000)
        )


def _hint(placeholder: Placeholder, *, is_searched: bool) -> str:
    if not is_searched:
        kind_text = wanted_words(placeholder.kind.value, placeholder.owner.value)
        return " ".join(filter(None, (kind_text, placeholder.hint)))
    prefix_hint = f" Its name begins with “{placeholder.prefix}”." if placeholder.prefix else ""
    return f"Type at least {MIN_CHARACTERS} characters from the beginning of its name, or its ID.{prefix_hint}"


def _search(placeholder: Placeholder, value: str, label: str) -> InputInteractiveElement:
    return ExternalDataSelectElement(
        action_id=placeholder.field,
        min_query_length=MIN_CHARACTERS,
        placeholder=plain_text(f"Search our {placeholder.kind.value}s by name", Limit.OPTION),
        initial_option=option(label or f"ID {value}", cut(value, ids.MAX_ID_CHARACTERS)) if value else None,
    )


def _id(placeholder: Placeholder, value: str) -> InputInteractiveElement:
    return PlainTextInputElement(
        action_id=f"{placeholder.field}{ids.TYPED_ID_SUFFIX}" if placeholder.owner is Owner.OURS else placeholder.field,
        initial_value=encodable(cut(value, ids.MAX_ID_CHARACTERS)) or None,
        max_length=ids.MAX_ID_CHARACTERS,
        placeholder=plain_text("00000000-0000-0000-0000-000000000000", Limit.OPTION),
    )


def duration_field(templates: Sequence[Template], days: int) -> InputBlock:
    """Return the select of the durations: those of the chosen template, or of all."""
    choices = sorted({duration for template in templates for duration in template.durations})[:100]
    options = [option(duration_words(duration), str(duration.days)) for duration in choices]
    is_offered = days in [duration.days for duration in choices]
    chosen = str(days if is_offered else _default_days(templates))
    element = StaticSelectElement(
        action_id=ids.DURATION,
        options=options,
        initial_option=next((known_option for known_option in options if known_option.value == chosen), None),
    )
    (hint,) = [_duration_hint(offered_template) for offered_template in templates] if len(templates) == 1 else [""]
    return input_block("Duration", ids.DURATION, element, hint=hint)


def start_date_field(template: Template | None, starts_on: str) -> Iterator[InputBlock]:
    """Return the field for the day on which the access starts, once a template is chosen."""
    if template is not None:
        element = DatePickerElement(action_id=ids.START_DATE, initial_date=starts_on or None)
        hint = start_date_hint(LATEST_START.days)
        yield input_block("Starts on", ids.START_DATE, element, hint=hint, is_optional=True)


def end_date_field(template: Template | None, ends_on: str) -> Iterator[InputBlock]:
    """Return the field for the last day, unless the template accepts none."""
    if template is not None and template.may_end_on_date:
        element = DatePickerElement(action_id=ids.END_DATE, initial_date=ends_on or None)
        hint = end_date_hint(template.longest.days, template.at_end)
        yield input_block("End date", ids.END_DATE, element, hint=hint, is_optional=True)


def ticket_field(rule: TicketRule | None, typed_text: str) -> Iterator[InputBlock]:
    """Return the field for the ticket, where the template asks for one."""
    if rule is not None:
        element = PlainTextInputElement(
            action_id=ids.TICKET,
            initial_value=encodable(cut(typed_text, TICKET_LIMIT)) or None,
            max_length=TICKET_LIMIT,
        )
        yield input_block("Ticket", ids.TICKET, element, hint=rule.hint, is_optional=not rule.is_required)


def left_out_field(codes: Sequence[str], left_out: Sequence[str]) -> InputBlock:
    """Return the boxes of the parts of a template that are not asked for."""
    return boxes_field("Not asked for", ids.LEFT_OUT, part_options(codes), left_out, hint="Clear a box to ask for it.")


def part_options(codes: Sequence[str]) -> list[Option]:
    """Return one box for each part of a template."""
    return [option(access_kind_title(code), code) for code in codes[:MAX_BOXES]]


def boxes_field(
    label: str, block_id: str, options: Sequence[Option], ticked: Sequence[str], *, hint: str = ""
) -> InputBlock:
    """Return a field of boxes that may all stay empty."""
    initial = [one for one in options if one.value in ticked]
    boxes = CheckboxesElement(action_id=block_id, options=options, initial_options=initial or None)
    return input_block(label, block_id, boxes, hint=hint, is_optional=True)


def _default_days(templates: Sequence[Template]) -> int:
    """Return the chosen template's default; without a choice, the default common to all templates, if any."""
    defaults = {t.default_duration.days for t in templates}
    return defaults.pop() if len(defaults) == 1 else 0


def _duration_hint(template: Template) -> str:
    """Return the durations of a template, and what happens then, unless it has no end."""
    then = f", {AT_END[template.at_end].then}" if template.may_end_on_date else ""
    return f"{_choices(template.durations)}{then}."


def _choices(durations: Sequence[timedelta]) -> str:
    *first, last = (str(duration.days) for duration in durations)
    return f"{', '.join(first)} or {last} days" if first else f"{last} days"
