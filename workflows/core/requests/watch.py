"""What should alarm although nothing fails: writes that do not show, revocations that wait. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.commands.partner import Revoke
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.resending import first_sent

SHOWN_WITHIN: Final = timedelta(minutes=10)
"""A write that is not confirmed for longer is made known."""
REVOKED_WITHIN: Final = timedelta(minutes=2)
"""A revocation that is not confirmed for longer is made known, whatever it waits for."""


def unshown_writes(requests: Iterable[AccessRequest], now: datetime) -> tuple[AccessRequest, ...]:
    """Return the requests whose first write was sent a while ago and is not confirmed."""
    return tuple(one for one in requests if _is_sent(one) and now - first_sent(one) >= SHOWN_WITHIN)


def waiting_revocations(
    requests: Iterable[AccessRequest], now: datetime, alarmed: frozenset[str]
) -> tuple[AccessRequest, ...]:
    """Return the open revocations that were asked for a while ago, or are alarmed of already."""
    return tuple(
        one
        for one in requests
        if one.particulars.kind is RequestKind.REVOCATION
        and (one.id in alarmed or now - one.created_at >= REVOKED_WITHIN)
    )


def unjudged_revocations(
    clicks: Sequence[CheckPermission], now: datetime
) -> tuple[tuple[CheckPermission, Revoke, bool], ...]:
    """Return the clicks that want a revocation and are not judged, each with whether that is so for a while already."""
    return tuple(
        (click, click.command, click.received_at is None or now - click.received_at >= REVOKED_WITHIN)
        for click in clicks
        if isinstance(click.command, Revoke)
    )


def _is_sent(request: AccessRequest) -> bool:
    is_sent = request.state is RequestState.APPLYING and request.writing_since is not None
    return is_sent or request.state is RequestState.UNCONFIRMED
