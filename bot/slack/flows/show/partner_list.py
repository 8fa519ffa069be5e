"""`/partner list` as a message: one page of the partners that the filters find. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import StringConstraints
from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import notified_partner
from bot.slack.cards.partnership import partner_row, partnership_state_words
from bot.slack.flows.show.filters import MAX_FILTER_CHARACTERS
from bot.slack.payloads.button_values import PageStep, parse_page_step
from bot.words.posture.summary import not_adopted_words
from bot.words.sentences import counted
from workflows.app.watch.not_adopted import NotAdopted
from workflows.core.partners.partnership import Partnership
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Cursor, Page, PagePosition

PAGE_SIZE: Final = 10
_NO_DRIFT: Final[Mapping[TenantId, str]] = MappingProxyType({})


class _ListStep(PageStep):
    typed: Annotated[str, StringConstraints(max_length=MAX_FILTER_CHARACTERS)]


def partner_list(
    page: Page[Partnership],
    now: datetime,
    typed_text: str = "",
    not_adopted: NotAdopted | None = None,
    drifts: Mapping[TenantId, str] = _NO_DRIFT,
) -> Message:
    """List one page of partners, as last recorded.

    :param typed_text: the filters, as they were typed.
    :param not_adopted: the partners of the tenant that are not in the list; None when that was never read.
    :param drifts: how the settings of partners differ from the approved ones, in a few words.
    """
    others = list(_not_adopted_blocks(not_adopted))
    if not page.count:
        return _no_partners_message(typed_text, others)
    count = counted(page.count, "partner")
    range_words = "" if page.size == page.count else f", {page.count_before + 1:,}–{page.count_before + page.size:,}"
    blocks: list[Block] = [header(f"{count}{range_words}")]
    if typed_text:
        blocks.append(
            rich_text(paragraph(fixed_text("Filter: "), cleaned_text(typed_text, MAX_FILTER_CHARACTERS, code=True)))
        )
    blocks += [
        partner_row(partnership, now, drift=drifts.get(partnership.identity.tenant_id, ""))
        for partnership in page.items
    ]
    if buttons := list(_page_buttons(page, typed_text)):
        blocks.append(actions("list", *buttons))
    blocks += [small_text("As last recorded. /partner show with a domain reads the current settings."), *others]
    names = "; ".join(
        f"{notified_partner(p.identity)}: recorded as {partnership_state_words(p, now)}" for p in page.items
    )
    return message(f"{count}{range_words}. {names}", blocks)


def _page_buttons(page: Page[Partnership], typed_text: str) -> Iterator[ButtonElement]:
    """Return the buttons to the pages before and after."""
    if page.count_before:
        value = _button_value(typed_text, page.first_cursor, True)
        yield button(f"Previous {page.count_before:,}", ids.LIST_PREVIOUS, value)
    if page.count_after:
        value = _button_value(typed_text, page.last_cursor, False)
        yield button(f"Next {page.count_after:,}", ids.LIST_NEXT, value)


def parse_step(value: str) -> tuple[str, PagePosition]:
    """Read the filters and the place from a page button.

    :raises Refused: for any other text.
    """
    step = parse_page_step(value, _ListStep)
    return step.typed, step.position


def _not_adopted_blocks(not_adopted: NotAdopted | None) -> Iterator[Block]:
    """State how many partners are configured in the tenant and not in this list."""
    if not_adopted is not None and (said := not_adopted_words(len(not_adopted.tenant_ids))):
        yield rich_text(
            paragraph(
                fixed_text("Configured in the tenant, not in this list: "),
                fixed_text(said, bold=True),
                fixed_text(" Read "),
                local_time(not_adopted.read_at),
                fixed_text(". /partner posture names them."),
            )
        )


def _no_partners_message(typed_text: str, others: Sequence[Block] = ()) -> Message:
    if not typed_text:
        text = "Gatehouse has not opened or closed any partner yet. Ask for one with /partner request."
        return message(text, [rich_text(paragraph(fixed_text(text))), *others])
    start = "No partner matches this filter: "
    more = ". /partner list shows all partners."
    heading = rich_text(
        paragraph(fixed_text(start), cleaned_text(typed_text, MAX_FILTER_CHARACTERS, code=True), fixed_text(more))
    )
    return message(f"{start}{clean(typed_text, MAX_FILTER_CHARACTERS)}{more}", [heading, *others])


def _button_value(typed_text: str, cursor: Cursor, is_before: bool) -> str:
    step = {"typed": typed_text, "cursor": cursor, "is_before": is_before}
    return json.dumps(step, ensure_ascii=False, separators=(",", ":"))
