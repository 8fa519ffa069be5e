"""Find open requests whose manager is another person now, so that the right person is asked."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog

from workflows.app.approvers.manager_delegates import KnownAbsences
from workflows.app.approvers.managers import able_accounts, manager_accounts, read_relations, related_of
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.people import PersonId
from workflows.core.policy.relations import Relations, relation_roles
from workflows.core.requests.commands.automatic import RecordRelations
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.intervals import RELATIONS_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable

MARK: Final = "relations_checked_at"
"""The name of the mark with the time of the last check. An empty value makes the next tick check them."""

_log = structlog.get_logger()


async def check_relations(*, store: Store, directory: PeopleDirectory, service: Service, clock: Clock) -> None:
    """Read the managers of the people of open requests, and record who has changed. The new manager is asked.

    Managers of many requests are read together. One that cannot be read stays as it is, and is read again later.
    """
    now, last = clock.now(), await store.mark(MARK)
    # NB. a clock that was set back must not stop the checks.
    if last and abs(now - datetime.fromisoformat(last)) < RELATIONS_CHECKED_EVERY:
        return
    await store.save_mark(MARK, now.isoformat())
    waiting = [request for request in await store.open_requests_alone() if _is_decided_by_relation(request)]
    if not waiting:
        return
    people, managers = directory.for_one_check(), _ManagersOnce(directory)
    known = KnownAbsences(absences=await store.absences(now), at=now)
    try:
        await managers.read([one.id for request in waiting for one in related_of(request).people])
        changed = {request.id: await _changed(request, managers, people, known) for request in waiting}
    except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused) as error:
        _log.warning("relations_not_checked", reason=str(error))
        return
    for request_id, relations in changed.items():
        if relations is not None:
            with suppress(Refused):  # decided or planned again since it was read
                await service.advance(request_id, RecordRelations(relations=relations))


async def request_relation_check(store: Store) -> None:
    """Make the next tick read the managers: a click was just refused because somebody does not have a role."""
    await store.save_mark(MARK, "")


def _is_decided_by_relation(request: AccessRequest) -> bool:
    return request.state is RequestState.AWAITING_APPROVAL and bool(request.require_prepared().relations.holders)


async def _changed(
    request: AccessRequest, managers: "_ManagersOnce", people: PeopleDirectory, known: KnownAbsences
) -> Relations | None:
    """Return who has the relation roles of a request now; None when the same people have them.

    Somebody who could not decide is looked up each time: their chat user may have been corrected.
    """
    stored = request.require_prepared().relations
    roles = relation_roles(holder.role for holder in stored.holders)
    accounts = able_accounts(await manager_accounts(related_of(request), roles, managers=managers.read))
    before = {holder.role: holder.person.id for holder in stored.holders if holder.person is not None}
    has_delegate = any(holder.delegate is not None for holder in stored.holders)
    is_away = any(absence.person.id in accounts.values() and absence.is_active(known.at) for absence in known.absences)
    if before == accounts and len(before) == len(stored.holders) and not has_delegate and not is_away:
        return None
    now = await read_relations(related_of(request), roles, directory=people, known=known)
    return None if now == stored else now


class _ManagersOnce:
    """The managers of accounts, each read once for one check."""

    def __init__(self, directory: PeopleDirectory) -> None:
        self._directory = directory
        self._known: dict[PersonId, Account | None] = {}

    async def read(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account."""
        if unknown := sorted(set(accounts) - self._known.keys()):
            self._known |= await self._directory.managers(unknown)
        return {account: self._known[account] for account in accounts}
