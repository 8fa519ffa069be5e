"""Find what needs an alarm because of the time that has passed: unconfirmed writes, overdue revocations. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.resending import first_sent

CONFIRMED_WITHIN: Final = timedelta(minutes=10)
"""A write that is unconfirmed for longer raises an alarm."""
REVOKED_WITHIN: Final = timedelta(minutes=2)
"""A revocation that is unconfirmed for longer raises an alarm, whatever it waits for."""


def unconfirmed_writes(requests: Iterable[AccessRequest], now: datetime) -> tuple[AccessRequest, ...]:
    """Return the requests whose first write was sent more than `CONFIRMED_WITHIN` ago and is not confirmed."""
    return tuple(request for request in requests if _is_sent(request) and now - first_sent(request) >= CONFIRMED_WITHIN)


def overdue_revocations(
    requests: Iterable[AccessRequest], now: datetime, ids_with_alarm: frozenset[str]
) -> tuple[AccessRequest, ...]:
    """Return the open revocations that are older than `REVOKED_WITHIN`, or that have an alarm already.

    :param ids_with_alarm: the ids of the requests that have an alarm.
    """
    return tuple(
        request
        for request in requests
        if request.fields.kind is RequestKind.REVOCATION
        and (request.id in ids_with_alarm or now - request.created_at >= REVOKED_WITHIN)
    )


def unchecked_revocations(
    clicks: Sequence[CheckPermission], now: datetime
) -> tuple[tuple[CheckPermission, Revoke, bool], ...]:
    """Return the unchecked clicks for revocations, each with whether it is older than `REVOKED_WITHIN`."""
    return tuple(
        (click, click.command, click.received_at is None or now - click.received_at >= REVOKED_WITHIN)
        for click in clicks
        if isinstance(click.command, Revoke)
    )


def _is_sent(request: AccessRequest) -> bool:
    if request.fields.account_change is not None:
        return False  # its read-back ends by itself, and a long list takes longer
    is_sent = request.state is RequestState.APPLYING and request.writing_since is not None
    return is_sent or request.state is RequestState.UNCONFIRMED
