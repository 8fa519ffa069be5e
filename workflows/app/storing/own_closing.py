"""Store a revocation that Gatehouse requests by itself, together with the mark in the partner's record.

At most so many partners are closed in 24 hours without an admin, whatever the reason is.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog

from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.decision import BLOCKS_COUNTED_FOR
from workflows.core.partners.closing.revoking import REVOCATION_LIFETIME, requests_for_more_access
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import GATEHOUSE, CurrentRoles
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.commands.partner_record import BlockAtEnd
from workflows.core.requests.commands.request import RequestCommand, Submit
from workflows.core.requests.commands.review_event import SuspendForSilence
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestFields, RequestId
from workflows.core.requests.transitions.transition import Situation
from workflows.ports.records import Commit
from workflows.ports.store import Store

_OWN: Final[Sequence[str]] = ("block_at_end", "suspend_for_silence")
"""The names in the audit log of the commands by which Gatehouse closes a partner by itself."""

_log = structlog.get_logger()


async def closings_left(store: Store, most: int, now: datetime) -> int:
    """Return how many partners may still be closed without an admin.

    :param most: how many may be within 24 hours.
    """
    times = await store.times_of(GATEHOUSE.chat_id, None, _OWN, now - BLOCKS_COUNTED_FOR)
    return most - len(times)


async def store_own_closing(
    record: Partnership,
    command: BlockAtEnd | SuspendForSilence,
    fields: RequestFields,
    *,
    key: str,
    store: Store,
    now: datetime,
) -> bool:
    """Create the revocation, which goes the usual way: plan, write, read-back.

    :param command: marks the record, and has the id of the revocation.
    :param key: the same for the same occasion, so that it is created once.
    :returns: whether it was created now.
    :raises Refused, StaleVersion: when the record has changed since, for example by an extension or an answer.
    """
    tenant_id = record.identity.tenant_id
    # NB. its version makes the commit fail when the record has changed since.
    marked = advance_review(record, command, current_roles=CurrentRoles(), now=now)
    submit = Submit(
        request_id=command.request_id,
        fields=fields,
        lifetime=REVOCATION_LIFETIME,
        submitter=GATEHOUSE,
    )
    created = advance_request_and_record(None, submit, Situation(now=now))
    details = command.audit_details()
    entry = entry_of(key, now, None, command.name, details, request_id=command.request_id, tenant_id=tenant_id)
    effects = (*created.effects, *marked.effects)
    is_stored = await store.commit(
        Commit(entry=entry, request=created.request, partnership=marked.partnership, effects=effects)
    )
    if is_stored:
        _log.info("request_stored", request=command.request_id, entry=key)
    return is_stored


async def stop_open_requests(
    record: Partnership, store: Store, advance: Callable[[RequestId, RequestCommand], Awaitable[object]]
) -> None:
    """Stop what is open about the partner and is not waited for any more, as every revocation does.

    :param advance: applies a command to a request, see `Service.advance`.
    """
    reason = (Fact(NoteCode.REVOKED_MEANWHILE, {"name": GATEHOUSE.name}),)
    for request in requests_for_more_access(await store.open_requests(), record.identity):
        with suppress(Refused):  # it has ended in the meantime
            await advance(request.id, Stop(reason=reason))
