"""Find the request by which Gatehouse disabled an account."""

from collections.abc import Iterable

from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.posture.diagnosis.facts import Disabling
from workflows.core.requests.request import AccessRequest

_WRITTEN = frozenset({AccountEnd.SENT, AccountEnd.DONE})


def disabling_of(account: PersonId, requests: Iterable[AccessRequest]) -> Disabling | None:
    """Return the newest request that changed an account, where it disabled it; None otherwise.

    :param requests: the requests about the partner.
    """
    written = [
        (result.at, request)
        for request in requests
        for result in (() if request.accounts is None else request.accounts.results)
        if result.id == account and result.end in _WRITTEN
    ]
    if not written:
        return None
    at, newest = max(written, key=lambda each: each[0])
    return Disabling(request=newest.id, at=at) if newest.fields.account_change is AccountChange.DISABLE else None
