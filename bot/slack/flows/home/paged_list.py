"""One list of the App Home: its title with the counts, its rows, and the buttons for other pages."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import actions, button, fixed_text, paragraph, rich_text
from bot.slack.flows.home.paging import page_value
from bot.words.sentences import range_words
from workflows.app.reads.app_home import HomeList
from workflows.ports.pages import Page

Item = TypeVar("Item")


def section(title: str, name: HomeList, page: Page[Item], row: Callable[[Item], Iterator[Block]]) -> Iterator[Block]:
    """Return one page of a list; nothing when the list is empty."""
    if not page.count:
        return
    yield rich_text(paragraph(fixed_text(title, bold=True), fixed_text(f": {shown_words(page)}")))
    for item in page.items:
        yield from row(item)
    if unread := page.size - len(page.items):
        yield rich_text(paragraph(fixed_text(f"{unread} more cannot be read. An admin finds them in the log.")))
    buttons = []
    if page.count_before:
        value = page_value(name, page.first_cursor, is_before=True)
        buttons.append(button(f"Previous {page.count_before:,}", ids.HOME_PREVIOUS, value))
    if page.count_after:
        buttons.append(
            button(f"Next {page.count_after:,}", ids.HOME_NEXT, page_value(name, page.last_cursor, is_before=False))
        )
    if buttons:
        yield actions(f"page:{name.value}", *buttons)


def shown_words(page: Page[Item]) -> str:
    """State which records of how many a page shows."""
    if page.size == page.count:
        return f"{page.count:,}"
    return range_words(page.count_before + 1, page.count_before + page.size, page.count)
