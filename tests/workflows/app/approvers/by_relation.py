"""A world in which the requester's manager, or an Entra group, decides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from tests.workflows.core.builders import BRUNO, RILEY, SECURITY
from tests.workflows.world import CATALOG, World, restarted
from workflows.catalog.catalog import Catalog
from workflows.core.checks.approver_groups import ApproverGroup
from workflows.core.people import Person, Role
from workflows.core.policy.relations import REQUESTER_MANAGER
from workflows.core.policy.template import Stage
from workflows.ports.tenant import Account

GROUP: Final = "6a000000-0000-4000-8000-00000000000a"
TRUSTED: Final = CATALOG.templates["trusted-partner"]
ON_CALL: Final = ApproverGroup(id=GROUP, name="On call", is_public=False, shows_owners=True)


def asking(*roles: Role) -> Catalog:
    """The shipped catalog; the usual template asks these roles, one person each, and then the usual chain."""
    first = tuple(Stage(title=role.replace("-", " ").capitalize(), role=role, quorum=1) for role in roles)
    return replace(
        CATALOG, templates={**CATALOG.templates, TRUSTED.name: replace(TRUSTED, stages=(*first, *TRUSTED.stages))}
    )


BY_GROUP: Final = replace(
    CATALOG, roles={**CATALOG.roles, SECURITY: replace(CATALOG.roles[SECURITY], entra_groups=(GROUP.upper(),))}
)


def account(person: Person, *, is_enabled: bool = True, is_member: bool = True) -> Account:
    """The account of a person."""
    mail = f"{person.name.lower()}@woodgrove.com"
    return Account(id=person.id, name=person.name, mail=mail, is_enabled=is_enabled, is_member=is_member)


@asynccontextmanager
async def managed(world: World, manager: Person | None = BRUNO, *roles: Role) -> AsyncIterator[World]:
    """The world with a template that asks a manager, and the manager of the requester."""
    async with restarted(world, catalog=asking(*(roles or (REQUESTER_MANAGER,)))) as again:
        if manager is not None:
            again.directory.manager_accounts[RILEY.id] = account(manager)
        yield again
