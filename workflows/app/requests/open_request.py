"""The open request about a partner: which one it is, whose it is, and what can be done about it."""

import asyncio
from datetime import UTC
from typing import Final

from workflows.core.errors import Refused
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.words import duration_words
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.lifecycle import TABLE
from workflows.core.requests.notes import Standing, standing
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.ports.directory import Directory, DirectoryUnavailable
from workflows.ports.records import Register
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_PATIENCE_SECONDS: Final = 2.0
"""Seconds to wait for the directory's answer whether a request is the asker's own, when the chat id does not say it."""
_KINDS: Final = {
    RequestKind.ACCESS: "access request",
    RequestKind.REVOCATION: "revocation",
    RequestKind.RESTORATION: "restore request",
}
_STANDINGS: Final = {
    Standing.PREPARING: "being prepared",
    Standing.AWAITING_APPROVAL: "waiting for approval",
    Standing.TO_BE_WRITTEN: "approved, waiting to be written",
    Standing.APPLYING: "approved, being written",
    Standing.UNCONFIRMED: "written, not yet confirmed",
    Standing.TO_BE_BLOCKED: "waiting to be blocked",
    Standing.BLOCKING: "being blocked",
    Standing.BLOCK_UNCONFIRMED: "block written, not yet confirmed",
}
"""Where an open request stands."""


async def open_request_about(
    tenant_id: TenantId, *, register: Register, but: RequestId | None = None
) -> AccessRequest | None:
    """Return the oldest open request about a tenant; None when there is none.

    :param but: a request that is being prepared itself. Other requests in preparation are then ignored, because
        otherwise neither of two would be first.
    """
    for request in await register.open_requests():
        if request.id == but:
            continue
        if request.prepared is not None:
            of = request.prepared.plan.tenant_id
        elif request.observation is not None and but is None:
            of = request.observation.identity.tenant_id
        else:
            continue
        if of == tenant_id:
            return request
    return None


async def account_beside(request: AccessRequest, person: ChatId, directory: Directory) -> PersonId | None:
    """Return the account of somebody who may have filed this under another chat id.

    None when the chat id is enough, and when the account cannot be read now. It then counts as somebody else's, and a
    click is checked again.
    """
    if request.is_by(person) or request.requester_account is None:
        return None
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return (await directory.identify(person)).id
    except (Refused, DirectoryUnavailable, TenantRefused, TenantUnavailable, TimeoutError):
        return None


def may_withdraw(request: AccessRequest, person: ChatId | None, account: PersonId | None = None) -> bool:
    """Return whether to offer this person to withdraw a request. A click is checked again."""
    return request.is_by(person, account) and _is_withdrawable(request)


def open_request_words(request: AccessRequest, asker: ChatId | None, account: PersonId | None = None) -> str:
    """State which request is open, who filed it and when, what it requests, and what to do.

    :param asker: the reader; None when nobody in person asks.
    :param account: the reader's account, when it is known.
    """
    kind, is_own = _KINDS[request.particulars.kind], request.is_by(asker, account)
    who = "Somebody else" if request.prepared is None else request.prepared.requester.name
    asks = request.particulars.template if request.prepared is None else request.prepared.template_title
    lasts = f", {duration_words(request.particulars.duration)}" if request.particulars.duration else ""
    since = f"{request.created_at.astimezone(UTC):%Y-%m-%d}"
    said = f"{request.id} (“{asks}”{lasts}), sent on {since}, {_STANDINGS[standing(request)]}"
    todo = "Wait for its end."
    if may_withdraw(request, asker, account):
        todo = "Wait for its end, or withdraw it first."
    elif not is_own and request.prepared is not None and _is_withdrawable(request):
        todo = f"Wait for its end, or ask {who} to withdraw it."
    return f"{'You have' if is_own else f'{who} has'} an open {kind} for this partner: {said}. {todo}"


def _is_withdrawable(request: AccessRequest) -> bool:
    return (request.state, Withdraw) in TABLE
