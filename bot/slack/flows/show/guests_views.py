"""`/partner guests` as a message: one page of people for an admin, or only how many there are. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError
from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    NAME_LIMIT,
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.cards.partner_and_plan import partner_name
from bot.slack.payloads.models import Payload
from bot.words.reviews.guests import ESTIMATE, NOT_SHOWN, match_words, state_words, tally_words, unread_words
from bot.words.sentences import counted, minute
from workflows.app.evidence.guests.listing import GuestsRead
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.guest_limits import GuestLimits
from workflows.core.settings.model import TenantId, is_tenant_id

PAGE_SIZE: Final = 15
MAX_SHOWN: Final = 300
"""People that can be paged through in Slack. Each page reads the list from its beginning; a file has all of them."""
_MAX_STATE_CHARACTERS: Final = 400


class _Step(Payload):
    tenant: Annotated[str, StringConstraints(max_length=60)]
    start: Annotated[int, Field(ge=0, lt=MAX_SHOWN)]


def parse_guests_step(value: str) -> tuple[TenantId, int]:
    """Read the partner and the first row from a button.

    :raises Refused: for any other text.
    """
    try:
        step = _Step.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    if not is_tenant_id(step.tenant):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return TenantId(step.tenant), step.start


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsPage:
    """One page of the guests of a partner."""

    identity: TenantIdentity
    limits: GuestLimits
    rows: Sequence[GuestRow]
    start: int
    """How many rows are before this page."""
    has_more: bool
    read: GuestsRead


def guests_page(page: GuestsPage) -> Message:
    """Return one page of people. Where the page is the whole list, it says how many there are."""
    name = partner_name(page.identity)
    is_whole = page.start == 0 and not page.has_more
    title = f"Guests of {name}"
    if not is_whole and page.rows:
        title += f", {page.start + 1:,}–{page.start + len(page.rows):,}"
    summary = tally_words(page.read, page.limits) if is_whole else ""
    blocks: list[Block] = [header(title)]
    if summary:
        blocks.append(rich_text(paragraph(fixed_text(summary, bold=True))))
    if page.rows:
        blocks.append(rich_text(bullets(_row_parts(row, page.limits) for row in page.rows)))
    elif not is_whole:
        blocks.append(rich_text(paragraph(fixed_text("No more guests."))))
    if buttons := list(_buttons(page)):
        blocks.append(actions("guests", *buttons))
    if page.has_more and page.start + PAGE_SIZE >= MAX_SHOWN:
        blocks.append(small_text(f"For all of them: gatehouse guests {name} --csv"))
    blocks.append(_limits(page.read))
    return message(f"{title}. {summary or counted(len(page.rows), 'guest') + ' on this page.'}", blocks)


def guests_counts(identity: TenantIdentity, limits: GuestLimits, read: GuestsRead, *, for_admin: bool) -> Message:
    """Return how many guests there are, without a name.

    :param for_admin: whether to offer the page of people.
    """
    title, summary = f"Guests of {partner_name(identity)}", tally_words(read, limits)
    lines = [paragraph(fixed_text(summary, bold=True))]
    if how := match_words(read.tally):
        lines.append(paragraph(fixed_text(f"Found: {how}.")))
    if not for_admin:
        lines.append(paragraph(fixed_text("Names are shown to admins only.")))
    blocks: list[Block] = [header(title), rich_text(*lines)]
    if for_admin and read.tally.count:
        show = button("Show people", ids.GUESTS_PAGE, guests_step_value(identity.tenant_id, 0))
        blocks.append(actions("guests", show))
    blocks.append(_limits(read))
    return message(f"{title}. {summary}", blocks)


def _row_parts(row: GuestRow, limits: GuestLimits) -> list[TextRun]:
    account = row.account
    name = account.name or account.mail or account.id
    address = f"({account.mail})" if account.mail and account.mail != name else ""
    return [
        cleaned_text(name, NAME_LIMIT, bold=True),
        *([fixed_text(" ")] if address else []),
        cleaned_text(f"{address}: {state_words(row, limits)}", _MAX_STATE_CHARACTERS),
    ]


def _buttons(page: GuestsPage) -> Iterator[ButtonElement]:
    tenant_id = page.identity.tenant_id
    if page.start:
        yield button("Previous", ids.GUESTS_PAGE, guests_step_value(tenant_id, max(0, page.start - PAGE_SIZE)))
    if page.has_more and page.start + PAGE_SIZE < MAX_SHOWN:
        yield button("Next", ids.GUESTS_NEXT, guests_step_value(tenant_id, page.start + PAGE_SIZE))
    if page.start or page.has_more:
        yield button("Count all", ids.GUESTS_COUNT, guests_step_value(tenant_id, 0))


def _limits(read: GuestsRead) -> Block:
    texts = [f"Read {minute(read.read_at)}.", *unread_words(read), ESTIMATE, NOT_SHOWN]
    return small_text(" ".join(texts))


def guests_step_value(tenant_id: TenantId, start: int) -> str:
    """Return the partner and the first row of a page, for a button."""
    return _Step(tenant=tenant_id, start=start).model_dump_json()
