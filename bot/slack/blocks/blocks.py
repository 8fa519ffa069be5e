"""Builders of Slack blocks, and Slack's limits. No other module creates text objects.

`mrkdwn` takes only constant words of Gatehouse. Every other text is cleaned and put into plain or rich text, where
Slack interprets no mention, link or formatting. Limits: Slack's "Reference: blocks".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    Option,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)

from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.untrusted import clean
from bot.words.sentences import day, minute, times_in
from workflows.intervals import CLOCK_SHOWN_WITHIN

Json = dict[str, Any]
Surface = Literal["message", "modal", "home"]
TextRun = RichTextElement


class Limit(IntEnum):
    """The most characters that Slack accepts."""

    TITLE = 24
    BUTTON = 75
    CONFIRM_TITLE = 100
    CONFIRM_TEXT = 300
    CONFIRM_BUTTON = 30
    OPTION = 75
    HEADER = 150
    LABEL = 2000
    FIELD = 2000
    PLAIN = 3000
    INPUT = 2000
    METADATA = 2900
    """Of Slack's 3,000; the rest is for the stamp, see `payloads.stamps`."""


NAME_LIMIT: Final = 100
"""The most characters of a name that is shown."""
DOMAIN_LIMIT: Final = 253
MAX_CONTEXT_ELEMENTS: Final = 10
MAX_BLOCKS: Final[dict[Surface, int]] = {"message": 50, "modal": 100, "home": 100}

NO_TIMES: Final[Mapping[str, datetime]] = MappingProxyType({})
_SHORT_ID: Final = re.compile(r"\b([RB])-(?=[A-Z0-9]{10}\b)")
_DATE_FORMAT: Final = "{date_short_pretty} at {time}"
_DAY_FORMAT: Final = "{date_short_pretty}"


def within_limits(blocks: Sequence[Block], surface: Surface) -> list[Json]:
    """Return blocks in Slack's form. When there are too many, they are cut and the text says so.

    :raises SlackObjectFormationError: when a block is malformed, which is a programming error.
    """
    return [as_json(block) for block in cut_to_limit(blocks, surface)]


def cut_to_limit(blocks: Sequence[Block], surface: Surface) -> list[Block]:
    """Return as many blocks as Slack accepts. When there are more, the last one says how many are left out."""
    limit = MAX_BLOCKS[surface]
    kept = list(blocks)
    if len(kept) > limit:
        kept = [*kept[: limit - 1], small_text(f"{len(kept) - limit + 1} more parts are not shown here.")]
    return kept


def plain_text(text: str, limit: int, *, lines: bool = False) -> PlainTextObject:
    """Return a plain text object. Emoji are off: `:white_check_mark:` in a name must not become an emoji."""
    return PlainTextObject(text=unbroken_ids(clean(text, limit, lines=lines)), emoji=False)


def unbroken_ids(text: str) -> str:
    """Return a text in which no short ID is broken after its hyphen at the end of a line.

    The hyphen becomes one at which browsers and Slack do not break. Typed or copied IDs are found with any hyphen.
    """
    return _SHORT_ID.sub("\\1\N{NON-BREAKING HYPHEN}", text) if "R-" in text or "B-" in text else text


def header(text: str) -> HeaderBlock:
    """Return a header block."""
    return HeaderBlock(text=plain_text(text, Limit.HEADER))


def mrkdwn(constant: str) -> SectionBlock:
    """Return a section of constant words with Slack's formatting. Never pass it text from outside."""
    return SectionBlock(text=MarkdownTextObject(text=constant, verbatim=True))


def small_text(*texts: str) -> ContextBlock:
    """Return small plain text, one line for each text; Slack accepts ten."""
    return ContextBlock(elements=[plain_text(text, Limit.PLAIN) for text in texts[:MAX_CONTEXT_ELEMENTS]])


def row(
    text: str,
    block_id: str,
    accessory: ButtonElement | None,
    limit: int = Limit.PLAIN,
    times: Mapping[str, datetime] = NO_TIMES,
) -> SectionBlock:
    """Return one record of a list as plain text, with its button next to it.

    :param times: times below the text, by their constant label; Slack shows them in the reader's own time zone.
    """
    fields = [MarkdownTextObject(text=f"{label} {_time_token(at)}", verbatim=True) for label, at in times.items()]
    body = plain_text(text, limit, lines=True)
    return SectionBlock(text=body, block_id=block_id, accessory=accessory, fields=fields or None)


def times_line(times: Mapping[str, datetime], now: datetime, *, constant: str = "") -> ContextBlock:
    """Return one line of small text with times, as days in the reader's own time zone.

    A time within the next day has its time of day too. Never pass `constant` or a label text from outside.

    :param constant: words at the end of the line.
    """
    labels_and_times = [
        f"{label} {_time_token(at, _DATE_FORMAT if now < at < now + CLOCK_SHOWN_WITHIN else _DAY_FORMAT)}"
        for label, at in times.items()
    ]
    text = " · ".join([*labels_and_times, constant] if constant else labels_and_times)
    return ContextBlock(elements=[MarkdownTextObject(text=text, verbatim=True)])


def _time_token(moment: datetime, date_format: str = _DATE_FORMAT) -> str:
    """Return a time in Slack's markup: digits and constants only, the one markup that is made of a value."""
    return f"<!date^{int(moment.timestamp())}^{date_format}|{minute(moment)}>"


def cleaned_text(
    text: str, limit: int = NAME_LIMIT, *, bold: bool = False, code: bool = False, lines: bool = False
) -> TextRun:
    """Return a run of text; the text may come from outside. Code is copied, so it stays as it is."""
    style = RichTextElementParts.TextStyle(bold=bold or None, code=code or None) if bold or code else None
    cleaned = clean(text, limit, lines=lines)
    return RichTextElementParts.Text(text=cleaned if code else unbroken_ids(cleaned), style=style)


def fixed_text(constant: str, *, bold: bool = False) -> TextRun:
    """Return a run of constant words; unlike `cleaned_text` it keeps spaces and line breaks at its ends."""
    style = RichTextElementParts.TextStyle(bold=True) if bold else None
    return RichTextElementParts.Text(text=unbroken_ids(constant), style=style)


def mention(user_id: str) -> TextRun:
    """Return a mention of a chat user by id, for a user whose name is not known yet."""
    return RichTextElementParts.User(user_id=user_id)


def local_time(moment: datetime) -> TextRun:
    """Return a time that Slack shows in the reader's own time zone."""
    return RichTextElementParts.Date(timestamp=int(moment.timestamp()), format=_DATE_FORMAT, fallback=minute(moment))


def local_day(moment: datetime) -> TextRun:
    """Return a time of which the day is enough; Slack shows the day in the reader's own time zone."""
    return RichTextElementParts.Date(timestamp=int(moment.timestamp()), format=_DAY_FORMAT, fallback=day(moment))


def with_local_times(text: str, limit: int) -> list[TextRun]:
    """Return a text with each time in UTC as a time that Slack shows in the reader's own zone."""
    parts: list[TextRun] = []
    cleaned, end = clean(text, limit, lines=True), 0
    for start, after, moment in times_in(cleaned):
        parts += [fixed_text(cleaned[end:start])] if start > end else []
        parts.append(local_time(moment))
        end = after
    return [*parts, fixed_text(cleaned[end:])] if end < len(cleaned) else parts


def web_link(url: str, text: str) -> TextRun:
    """Return a link to an address that the chat system itself gave; only its text when that is no web address."""
    if not url.startswith(("https://", "http://")) or len(url) > Limit.PLAIN:
        return cleaned_text(text)
    return RichTextElementParts.Link(url=url, text=unbroken_ids(clean(text, NAME_LIMIT)))


def paragraph(*parts: TextRun) -> RichTextSectionElement:
    """Return one paragraph of rich text."""
    return RichTextSectionElement(elements=list(parts))


def bullets(items: Iterable[Sequence[TextRun]], *, ordered: bool = False) -> RichTextListElement:
    """Return a list, one item per sequence of parts."""
    sections = [RichTextSectionElement(elements=list(item)) for item in items]
    return RichTextListElement(elements=sections, style="ordered" if ordered else "bullet")


def quote(text: str, limit: int) -> RichTextQuoteElement:
    """Return a quotation of what somebody wrote."""
    return RichTextQuoteElement(elements=[cleaned_text(text, limit, lines=True)])


def preformatted_text(ascii_text: str) -> RichTextPreformattedElement:
    """Return preformatted text, shown unchanged. The caller must pass short ASCII text."""
    return RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=ascii_text)])


def rich_text(*elements: RichTextElement, block_id: str | None = None) -> RichTextBlock:
    """Return a block of rich text."""
    return RichTextBlock(elements=list(elements), block_id=block_id)


def button(
    label: str,
    action_id: str,
    value: str,
    style: Literal["primary", "danger"] | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """Return a button.

    :param confirm: the dialog that Slack shows before the click is sent.
    """
    text = plain_text(label, Limit.BUTTON)
    return ButtonElement(text=text, action_id=action_id, value=value, style=style, confirm=confirm)


def confirm_dialog(title: str, text: str, yes: str) -> ConfirmObject:
    """Return the confirmation dialog of a button."""
    return ConfirmObject(
        title=plain_text(title, Limit.CONFIRM_TITLE),
        text=plain_text(text, Limit.CONFIRM_TEXT),
        confirm=plain_text(yes, Limit.CONFIRM_BUTTON),
        deny=plain_text("Cancel", Limit.CONFIRM_BUTTON),
    )


def select(action_id: str, options: Mapping[str, str], chosen: str) -> StaticSelectElement:
    """Return a list to choose from, for a row of buttons.

    :param options: the label of each value.
    :param chosen: the value that is shown.
    """
    found = {value: Option(value=value, text=plain_text(label, Limit.OPTION)) for value, label in options.items()}
    return StaticSelectElement(action_id=action_id, options=list(found.values()), initial_option=found[chosen])


def actions(block_id: str, *elements: ButtonElement | StaticSelectElement) -> ActionsBlock:
    """Return a row of buttons and selects."""
    return ActionsBlock(block_id=block_id, elements=list(elements))
