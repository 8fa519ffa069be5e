"""The form in which an auditor searches all requests, and what is filled in there. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from slack_sdk.models.blocks import Block, DatePickerElement, InputBlock, PlainTextInputElement, StaticSelectElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import input_block, modal, option
from bot.slack.blocks.untrusted import cut, encodable
from bot.slack.payloads.models import View
from bot.words.requests.search import ANY_STATE, PARTLY_APPLIED, STATE_CHOICES, state_choice
from workflows.ports.pages import RequestFilter

TITLE: Final = "Search requests"
MAX_TYPED_CHARACTERS: Final = 100
"""The most characters of a field."""
_BY_NAME: Final = "A part of the name as it was recorded, a Slack user ID, or an object ID in Entra."


class SearchProblems(Exception):
    """What is filled in cannot be searched for. `by_field` says what to correct."""

    def __init__(self, by_field: dict[str, str]) -> None:
        super().__init__(str(by_field))
        self.by_field = by_field


def search_form(request_filter: RequestFilter) -> Json:
    """Return the form, filled in with the search that is shown now."""
    state = [option(label, value) for value, (label, _) in STATE_CHOICES.items()]
    chosen = state[list(STATE_CHOICES).index(state_choice(request_filter.states))]
    last = None if request_filter.sent_before is None else request_filter.sent_before - timedelta(days=1)
    blocks: list[Block] = [
        _text_field(
            "Request ID, partner or template",
            ids.SEARCHED_TEXT,
            request_filter.text,
            "A part is enough: R-FBMG, contoso.com, a display name or a tenant ID.",
        ),
        _text_field("Requester", ids.SEARCHED_REQUESTER, request_filter.requester, _BY_NAME),
        _text_field(
            "Approver", ids.SEARCHED_APPROVER, request_filter.approver, f"Who approved or rejected it. {_BY_NAME}"
        ),
        _text_field("Access template", ids.SEARCHED_TEMPLATE, request_filter.template, "A part of its name or title."),
        input_block(
            "State",
            ids.SEARCHED_STATE,
            StaticSelectElement(action_id=ids.SEARCHED_STATE, options=state, initial_option=chosen),
            is_optional=True,
        ),
        _day_field("Sent from", ids.SENT_FROM, request_filter.sent_from, "The first day, in UTC."),
        _day_field("Sent until", ids.SENT_UNTIL, last, "The last day, in UTC. It is included."),
    ]
    return modal(TITLE, blocks, ids.SEARCH_FORM, submit="Search")


def parse_search(view: View) -> RequestFilter:
    """Read the form. A field that is not filled in is no condition.

    :raises SearchProblems: when a day cannot be read, or the last day is before the first.
    """
    first, last = _day(view, ids.SENT_FROM), _day(view, ids.SENT_UNTIL)
    if first is not None and last is not None and last < first:
        raise SearchProblems({ids.SENT_UNTIL: "Choose the first day or a later one."})
    chosen = view.value(ids.SEARCHED_STATE)
    _, states = STATE_CHOICES.get(chosen, STATE_CHOICES[ANY_STATE])
    return RequestFilter(
        text=_typed_text(view, ids.SEARCHED_TEXT),
        requester=_typed_text(view, ids.SEARCHED_REQUESTER),
        approver=_typed_text(view, ids.SEARCHED_APPROVER),
        template=_typed_text(view, ids.SEARCHED_TEMPLATE),
        states=states,
        is_partly_applied=chosen == PARTLY_APPLIED,
        sent_from=first,
        sent_before=None if last is None else last + timedelta(days=1),
    )


def _text_field(label: str, name: str, typed_text: str, hint: str) -> InputBlock:
    value = encodable(cut(typed_text, MAX_TYPED_CHARACTERS)) or None
    element = PlainTextInputElement(action_id=name, max_length=MAX_TYPED_CHARACTERS, initial_value=value)
    return input_block(label, name, element, hint=hint, is_optional=True)


def _day_field(label: str, name: str, day: datetime | None, hint: str) -> InputBlock:
    initial_date = None if day is None else f"{day:%Y-%m-%d}"
    return input_block(
        label, name, DatePickerElement(action_id=name, initial_date=initial_date), hint=hint, is_optional=True
    )


def _typed_text(view: View, name: str) -> str:
    return encodable(view.value(name)).strip()[:MAX_TYPED_CHARACTERS]


def _day(view: View, name: str) -> datetime | None:
    """Return the beginning of a chosen day in UTC; None when none was chosen."""
    if not (chosen := view.value(name)):
        return None
    try:
        day = date.fromisoformat(chosen)
        day + timedelta(days=1)  # raises OverflowError for the last day of the calendar, whose end cannot be computed
    except (ValueError, OverflowError):
        raise SearchProblems({name: "Choose a day."}) from None
    return datetime.combine(day, time(), UTC)
