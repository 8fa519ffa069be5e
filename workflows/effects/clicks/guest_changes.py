"""Carry out that an admin asks for a change of guest accounts, or confirms it, after the permission check."""

from dataclasses import dataclass
from datetime import datetime

from workflows.app.evidence.guests.account_filing import AccountFiling
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.requests.commands.clicks import with_person
from workflows.core.requests.commands.request import ChangeGuests, Confirm
from workflows.core.requests.request import AccessRequest
from workflows.ports.people_directory import PeopleDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChanges:
    """Passes the commands of identified people on. The roles are read for each of them."""

    filing: AccountFiling
    directory: PeopleDirectory

    async def carry_out(
        self, click: ChangeGuests | Confirm[ChatId], actor: Person, *, key: str, received_at: datetime | None
    ) -> None:
        """Carry out one click of an identified person.

        :raises Refused: when the rules do not allow it.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now for it.
        """
        current_roles = await self.directory.current_roles([actor])
        if isinstance(click, ChangeGuests):
            await self.filing.file(click, actor, current_roles, derived_request_id(key), key=key)
            return

        async def current_roles_of(request: AccessRequest) -> CurrentRoles:
            await self.filing.require_confirmable(request, actor)
            return current_roles

        await self.filing.service.advance(
            click.request_id,
            with_person(click, actor),
            key=key,
            current_roles_of=current_roles_of,
            received_at=received_at,
        )
