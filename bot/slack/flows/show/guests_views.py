"""`/partner guests` as a message: one page of people for an admin, or only how many there are. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError
from slack_sdk.models.blocks import Block, ButtonElement, StaticSelectElement

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
    select,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.cards.partner_and_plan import partner_name
from bot.slack.payloads.models import Payload
from bot.words.reviews.guests import (
    BEGUN_AGAIN,
    ESTIMATE,
    FILTERS,
    match_words,
    progress_words,
    state_words,
    tally_words,
    title_words,
    unread_words,
)
from bot.words.sentences import counted, minute
from workflows.app.evidence.guests.listing import GuestsRead, Progress
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.terms import GuestLimits
from workflows.core.settings.model import TenantId, is_tenant_id

PAGE_SIZE: Final = 15
_MAX_PAGES: Final = 40_000
_MAX_STATE_CHARACTERS: Final = 400
_MAY_ANSWER_LATER: Final = (UnreadableReason.THROTTLED, UnreadableReason.UNREACHABLE)


class GuestsStep(Payload):
    """What a button or the select of a list asks for."""

    tenant: Annotated[str, StringConstraints(max_length=60)]
    only: GuestFilter = GuestFilter.EVERYBODY
    kept: Annotated[str, StringConstraints(max_length=40)] = ""
    """The list whose page it is; empty to begin. It is only found for the person who began it."""
    page: Annotated[int, Field(ge=0, lt=_MAX_PAGES)] = 0

    @property
    def tenant_id(self) -> TenantId:
        """Return the partner."""
        return TenantId(self.tenant)

    @property
    def value(self) -> str:
        """Return the step as the value of a button or an option, which has at most 75 characters."""
        return self.model_dump_json(exclude_defaults=True)


def parse_guests_step(value: str) -> GuestsStep:
    """Read what a button or the select asks for.

    :raises Refused: for any other text.
    """
    try:
        step = GuestsStep.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    if not is_tenant_id(step.tenant):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return step


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsPage:
    """One page of the guests of a partner."""

    identity: TenantIdentity
    limits: GuestLimits
    rows: Sequence[GuestRow]
    page: int
    """Its number; the first one is 0."""
    has_more: bool
    read: GuestsRead
    only: GuestFilter = GuestFilter.EVERYBODY
    kept: str = ""
    """The list to which it belongs."""
    is_begun_again: bool = False
    """Whether the list was begun again, because its place was not kept."""

    @property
    def start(self) -> int:
        """Return how many rows are before this page."""
        return self.page * PAGE_SIZE


def guests_page(page: GuestsPage) -> Message:
    """Return one page of people. Where the page is the whole list, it says how many there are."""
    is_whole = page.page == 0 and not page.has_more
    title = title_words(partner_name(page.identity), page.only)
    if not is_whole and page.rows:
        title += f", {page.start + 1:,}–{page.start + len(page.rows):,}"
    summary = tally_words(page.read, page.limits, page.only) if is_whole else ""
    blocks: list[Block] = [header(title)]
    if page.is_begun_again:
        blocks.append(rich_text(paragraph(fixed_text(BEGUN_AGAIN))))
    if summary:
        blocks.append(rich_text(paragraph(fixed_text(summary, bold=True))))
    if page.rows:
        blocks.append(rich_text(bullets(_row_parts(row, page.limits) for row in page.rows)))
    elif not is_whole:
        blocks.append(rich_text(paragraph(fixed_text("No more guests."))))
    if elements := list(_elements(page, is_whole=is_whole)):
        blocks.append(actions("guests", *elements))
    blocks.append(_limits(page.read))
    return message(f"{title}. {summary or counted(len(page.rows), 'guest') + ' on this page.'}", blocks)


def guests_counts(identity: TenantIdentity, limits: GuestLimits, read: GuestsRead, *, for_admin: bool) -> Message:
    """Return how many guests there are, without a name.

    :param for_admin: whether to offer the page of people.
    """
    title, summary = title_words(partner_name(identity)), tally_words(read, limits)
    lines = [paragraph(fixed_text(summary, bold=True))]
    if how := match_words(read.tally):
        lines.append(paragraph(fixed_text(f"Found: {how}.")))
    if not for_admin:
        lines.append(paragraph(fixed_text("Names are shown to admins only.")))
    blocks: list[Block] = [header(title), rich_text(*lines)]
    if for_admin and (read.tally.count or read.tally.own_accounts):
        show = button("Show people", ids.GUESTS_PAGE, GuestsStep(tenant=identity.tenant_id).value)
        blocks.append(actions("guests", show))
    blocks.append(_limits(read))
    return message(f"{title}. {summary}", blocks)


def guests_progress(identity: TenantIdentity, progress: Progress) -> Message:
    """Return how far the counting is."""
    title, text = title_words(partner_name(identity)), progress_words(progress)
    return message(f"{title}. {text}", [header(title), rich_text(paragraph(fixed_text(text)))])


def _row_parts(row: GuestRow, limits: GuestLimits) -> list[TextRun]:
    account = row.account
    name = account.name or account.mail or account.id
    address = f"({account.mail})" if account.mail and account.mail != name else ""
    return [
        cleaned_text(name, NAME_LIMIT, bold=True),
        *([fixed_text(" ")] if address else []),
        cleaned_text(f"{address}: {state_words(row, limits)}", _MAX_STATE_CHARACTERS),
    ]


def _elements(page: GuestsPage, *, is_whole: bool) -> Iterator[ButtonElement | StaticSelectElement]:
    begin = GuestsStep(tenant=page.identity.tenant_id, only=page.only)
    step = begin.model_copy(update={"kept": page.kept})
    if page.page:
        yield button("Previous", ids.GUESTS_PAGE, step.model_copy(update={"page": page.page - 1}).value)
    if page.has_more:
        yield button("Next", ids.GUESTS_NEXT, step.model_copy(update={"page": page.page + 1}).value)
    elif page.read.guests.unread in _MAY_ANSWER_LATER:
        yield button("Try again", ids.GUESTS_NEXT, step.model_copy(update={"page": page.page}).value)
    if not is_whole:
        yield button("Count all", ids.GUESTS_COUNT, GuestsStep(tenant=begin.tenant).value)
    if not is_whole or page.rows or page.only is not GuestFilter.EVERYBODY:
        filters = {GuestsStep(tenant=begin.tenant, only=only).value: label for only, label in FILTERS.items()}
        yield select(ids.GUESTS_ONLY, filters, begin.value)


def _limits(read: GuestsRead) -> Block:
    texts = [f"Read {minute(read.read_at)}.", *unread_words(read), ESTIMATE]
    return small_text(" ".join(texts))
