"""Read which accounts have a directory role. Roles that cannot be read are never "no role"."""

from collections.abc import Mapping
from typing import Final

from workflows.app.evidence.reviews.source_reads import source_of_error
from workflows.core.partners.reviewing.evidence.usage import SourceRead
from workflows.core.people import PersonId
from workflows.ports.guest_accounts import GuestAccounts, usable_accounts
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_ROLES: Final = "RoleManagement.Read.Directory"


async def read_roles(accounts: GuestAccounts | None) -> tuple[Mapping[PersonId, tuple[str, ...]], SourceRead]:
    """Return the directory roles of every account that has one, by name, and whether they were read.

    Without an application for guest accounts nothing is read, and no error is named.
    """
    if (usable := usable_accounts(accounts)) is None:
        return {}, SourceRead()
    try:
        found = await usable.roles()
    except (TenantRefused, TenantUnavailable) as error:
        return {}, source_of_error(error, _ROLES, rows=0)
    return {person: roles.names for person, roles in found.items()}, SourceRead(rows=len(found), is_complete=True)
