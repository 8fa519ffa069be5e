"""The part of an approval card about access that the request did not ask for and that no decision closes."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import DOMAIN_LIMIT, cleaned_text, fixed_text, paragraph
from bot.words.plans.kept_access import (
    NOT_APPROVED_HERE,
    OPENED_OUTSIDE,
    STAYS_OPEN,
    close_words,
    kept_access_words,
)
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.renewal import is_extension
from workflows.core.requests.request import AccessRequest, RequestState

MAX_LINES: Final = 3
"""Kinds of access that the card names; the others are counted, and Details list all of them."""


class KeptAccess(NamedTuple):
    """Access that nobody approved and that stays open after Approve and after Reject."""

    texts: tuple[str, ...]
    is_opened_outside: bool
    """Whether it was opened outside Gatehouse while the request waited."""


def access_opened_outside(request: AccessRequest) -> KeptAccess | None:
    """Return the access that was opened outside Gatehouse while the request waited, if its plan does not change it."""
    prepared, drift = request.require_prepared(), request.drift
    if drift is None or request.state is not RequestState.AWAITING_APPROVAL or prepared.plan.adoption is not None:
        return None  # an adoption is about everything that is open
    texts = kept_access_words(prepared.plan, prepared.observation.default, prepared.names, outside_change=drift)
    return KeptAccess(texts, is_opened_outside=True) if texts else None


def unapproved_access(request: AccessRequest, partnership: Partnership | None) -> KeptAccess | None:
    """Return the access that the plan does not change and that nobody approved; None when there is none.

    :param partnership: the partner's record; None when Gatehouse has not changed this partner.
    """
    plan, prepared = request.plan, request.require_prepared()
    if opened_access := access_opened_outside(request):
        return opened_access
    is_approved = partnership is not None and is_live(partnership) and partnership.is_as_approved
    if is_approved or is_extension(plan) or plan.adoption is not None or closes_everything(plan):
        return None
    texts = kept_access_words(plan, prepared.observation.default, prepared.names)
    return KeptAccess(texts, is_opened_outside=False) if texts else None


def kept_access_elements(request: AccessRequest, kept: KeptAccess) -> Iterator[RichTextElement]:
    """State which access stays open, that no decision on the request closes it, and who can close it."""
    yield paragraph(fixed_text(OPENED_OUTSIDE if kept.is_opened_outside else NOT_APPROVED_HERE, bold=True))
    yield from (paragraph(fixed_text("⚠️ "), cleaned_text(text, 300)) for text in kept.texts[:MAX_LINES])
    if (more := len(kept.texts) - MAX_LINES) > 0:
        yield paragraph(fixed_text(f"and {more} more, see Details"))
    identity = request.require_prepared().observation.identity
    before, command, after = close_words(ids.confirmation_text(identity), is_opened_outside=kept.is_opened_outside)
    yield paragraph(
        fixed_text(f"{STAYS_OPEN} {before}"), cleaned_text(command, DOMAIN_LIMIT + 20, code=True), fixed_text(after)
    )
