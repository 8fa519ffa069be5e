"""One page of a long list in a window: the range that is shown, the rows, and the buttons for the other pages."""

from collections.abc import Callable, Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, actions, button, fixed_text, paragraph, rich_text
from bot.words.sentences import range_words

PER_PAGE: Final = 20
TEXTS_PER_PAGE: Final = 4
"""Long preformatted texts on a page: each has up to 2,900 characters."""


def page_blocks(
    title: Sequence[TextRun],
    rows: Sequence[RichTextElement],
    page: int,
    *,
    size: int = PER_PAGE,
    action_ids: tuple[str, str],
    value: Callable[[int], str],
) -> list[Block]:
    """Return one page, with buttons for the previous and the next page. A number beyond the end gives the last page.

    :param title: the title of the list; the range of the page is added to it.
    :param rows: the whole list.
    :param size: the most rows on a page.
    :param action_ids: the actions of the buttons Previous and Next.
    :param value: returns the value of the button that shows a page.
    """
    page = max(0, min(page, (len(rows) - 1) // size))
    first, page_rows = page * size, rows[page * size : (page + 1) * size]
    range_text = range_words(first + 1, first + len(page_rows), len(rows)) if page_rows else "Nothing (any more)"
    blocks: list[Block] = [rich_text(paragraph(*title, fixed_text(f" · {range_text}")), *page_rows)]
    previous, following = action_ids
    buttons = []
    if page:
        buttons.append(button(f"Previous {first}", previous, value(page - 1)))
    if rows_left := len(rows) - first - len(page_rows):
        buttons.append(button(f"Next {rows_left}", following, value(page + 1)))
    return [*blocks, actions("pages", *buttons)] if buttons else blocks
