"""Decide what happens when the end of an access has come: block it, wait, or ask people. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.partners.access_end.notices import (
    ADMINS_DECIDE_WITHIN,
    EXTENSION_WAITED_FOR,
    OTHERS_WAITED_FOR,
    QUIET_DELAY,
    EndNotice,
    block_from,
)
from workflows.core.people import Person
from workflows.core.plans.closing import only_reduces_access
from workflows.core.policy.approval import Choice
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

BLOCKS_COUNTED_FOR: Final = timedelta(days=1)
"""The period in which blocks at the end are counted for their limit."""
_UNDECIDED: Final = (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


class EndStep(StrEnum):
    """What happens to an access whose end has come."""

    BLOCK = "block"
    WAIT = "wait"
    """It is blocked within a day. The bot did not run for some time after the notice."""
    NOT_ANNOUNCED = "not_announced"
    """No notice was delivered in time, so people are asked."""
    NOBODY_REACHED = "nobody_reached"
    """The same, a week after the end: an alarm is open until a notice was delivered or an admin has decided."""
    EXTENSION_OPEN = "extension_open"
    """It waits for an open request that would extend it."""
    TOO_MANY = "too_many"
    """The most partners that may be blocked without an admin were blocked already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSituation:
    """What the end of an access depends on, besides its record."""

    now: datetime
    gaps: Sequence[Gap]
    """The periods in which the bot did not run."""
    blocks_left: int
    """How many partners may still be blocked without an admin."""
    extension: AccessRequest | None = None
    """The open request that would extend the access."""
    sponsor: Person | None = None
    """The sponsor of the partner, whose request is waited for longer."""


def end_step(ends_at: datetime, notices: Iterable[EndNotice], situation: EndSituation) -> EndStep:
    """Return the next step for an access whose end has come."""
    now, possible_from = situation.now, block_from(ends_at, notices, situation.gaps)
    if situation.extension is not None and now < extension_waited_until(
        ends_at, situation.extension, situation.sponsor
    ):
        return EndStep.EXTENSION_OPEN
    if possible_from is not None and possible_from <= now:
        return EndStep.BLOCK if situation.blocks_left > 0 else EndStep.TOO_MANY
    if possible_from is not None and possible_from <= ends_at + QUIET_DELAY:
        return EndStep.WAIT
    is_alarming = possible_from is None and now >= ends_at + ADMINS_DECIDE_WITHIN
    return EndStep.NOBODY_REACHED if is_alarming else EndStep.NOT_ANNOUNCED


def extension_waited_until(ends_at: datetime, extension: AccessRequest, sponsor: Person | None = None) -> datetime:
    """Return until when a block waits for an open request: until it expires, at most two weeks after the end.

    Every full member may file a request, and another one after it. So requests that nobody has approved and that are
    not the sponsor's are waited for until a week after the end. A request that is approved does not expire.
    """
    is_undecided = extension.state in _UNDECIDED
    is_sponsors = sponsor is not None and extension.is_filed_by(sponsor.chat_id, sponsor.id)
    is_approved = any(one.choice is Choice.APPROVE for one in extension.decisions)
    is_wanted = not is_undecided or is_sponsors or is_approved
    latest = ends_at + (EXTENSION_WAITED_FOR if is_wanted else OTHERS_WAITED_FOR)
    return min(latest, extension.expires_at) if is_undecided else latest


def open_extension(
    requests: Iterable[AccessRequest], ends_at: datetime, sponsor: Person | None = None
) -> AccessRequest | None:
    """Return the open request that would extend the access of a partner; None when there is none.

    Of several, it is the one that is waited for longest.

    :param requests: requests about this partner.
    """
    return max(
        (one for one in requests if _would_extend(one, ends_at)),
        key=lambda one: extension_waited_until(ends_at, one, sponsor),
        default=None,
    )


def _would_extend(request: AccessRequest, ends_at: datetime) -> bool:
    is_of_access = request.fields.kind is not RequestKind.REVOCATION and request.fields.account_change is None
    if not is_of_access or request.is_terminal:
        return False
    asked_from, asked_until = request.fields.starts_at, request.fields.ends_at
    if asked_from is not None and asked_from > ends_at:
        return False
    if asked_until is not None and asked_until <= ends_at:
        return False
    return request.prepared is None or not only_reduces_access(request.plan)
