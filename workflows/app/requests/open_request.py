"""The open request about a partner: which request it is, who filed it, and whether it can be withdrawn."""

import asyncio
from datetime import UTC
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.editing import is_editable
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.lifecycle import TABLE
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_TIMEOUT_SECONDS: Final = 2.0
"""Seconds to wait for the answer whether the asker filed a request under another chat id."""


async def open_request_about(
    tenant_id: TenantId,
    *,
    records: RecordsReader,
    ignored_id: RequestId | None = None,
) -> AccessRequest | None:
    """Return the oldest open request that changes a tenant's settings; None when there is none.

    Requests that change guest accounts do not disturb it: see `open_account_changes`.

    :param ignored_id: the id of a request that is being prepared. It is not returned, and neither is any other request
        that is being prepared. Otherwise two requests could each wait for the other.
    """
    # NB. many may be prepared at the same time, and reading them would take long.
    only_planned = ignored_id is not None
    for request in await records.open_requests_about(tenant_id, only_planned=only_planned):
        if request.id == ignored_id or (ignored_id is not None and request.prepared is None):
            continue
        if is_about(request, tenant_id):
            return request
    return None


async def open_account_changes(tenant_id: TenantId, records: RecordsReader) -> list[AccessRequest]:
    """Return the open requests that change guest accounts of a tenant, oldest first, also those without a plan."""
    requests = await records.open_requests_about(tenant_id)
    # NB. such a request is filed with the id of the tenant.
    return [one for one in requests if one.fields.account_change is not None and one.fields.target == tenant_id]


def is_about(request: AccessRequest, tenant_id: TenantId) -> bool:
    """Return whether a request is known to change the settings of a tenant: by its plan, or by what was read for it.

    One for which nothing was read yet may be about any tenant, and is about none here.
    """
    if request.fields.account_change is not None:
        return False
    if request.prepared is not None:
        return request.prepared.plan.tenant_id == tenant_id
    return request.observation is not None and request.observation.identity.tenant_id == tenant_id


async def account_of_other_chat_id(
    request: AccessRequest, person: ChatId, directory: PeopleDirectory
) -> PersonId | None:
    """Return the account of a person, if it is needed to find whether they filed this request.

    None when the request was filed under this chat id, or when the account cannot be read now. In the second case the
    request counts as somebody else's, and a click is checked again.
    """
    if request.is_filed_by(person) or request.requester_account is None:
        return None
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return (await directory.identify(person)).id
    except (Refused, PeopleDirectoryUnavailable, TenantRefused, TenantUnavailable, TimeoutError):
        return None


def may_withdraw(request: AccessRequest, person: ChatId | None, account: PersonId | None = None) -> bool:
    """Return whether to show this person a button to withdraw the request. The click itself is checked again."""
    return request.is_filed_by(person, account) and _is_withdrawable(request)


def may_edit(request: AccessRequest, person: ChatId | None, account: PersonId | None = None) -> bool:
    """Return whether to offer this person to edit a request. It is checked again when the form opens and is sent."""
    return request.is_filed_by(person, account) and is_editable(request)


def open_request_fact(
    request: AccessRequest, asker: ChatId | None, account: PersonId | None = None, *, may_support: bool = False
) -> Fact:
    """Return which request is open, who filed it and when, what it requests, and whether it can be withdrawn.

    :param asker: the person who reads it; None when no person asks.
    :param account: the reader's account, when it is known.
    :param may_support: whether a button to support it is beside the text.
    """
    fields, prepared = request.fields, request.prepared
    values = {
        "id": request.id,
        "kind": fields.kind.value,
        "is_own": request.is_filed_by(asker, account),
        "may_withdraw": _is_withdrawable(request),
        "requester": None if prepared is None else prepared.requester.name,
        "asks": fields.template if prepared is None else prepared.template_title,
        "restores": fields.restores,
        "seconds": None if fields.duration is None else fields.duration.total_seconds(),
        "sent_at": request.created_at.astimezone(UTC).isoformat(),
        "state": request.state.value,
        "is_waiting": bool(request.note),
        **({} if fields.starts_at is None else {"starts_at": fields.starts_at.isoformat()}),
        **({"may_support": True} if may_support else {}),
        **({"is_refused": True} if request.write_refusal is not None else {}),
    }
    return Fact(RefusalCode.OPEN_REQUEST, values)


def _is_withdrawable(request: AccessRequest) -> bool:
    return request.batch is None and (request.state, Withdraw) in TABLE
