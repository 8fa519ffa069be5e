"""Read the names of the users, groups and applications whose ids are in a configuration."""

from collections.abc import Iterable, Sequence
from typing import Final

from workflows.core.checks.target_checks import Names, ids_to_look_up, known_names, shown_name
from workflows.core.plans.named_targets import NamedTarget
from workflows.core.settings.model import Target
from workflows.ports.tenant import ReadsTogether, Tenant, read_fact

TIMEOUT_SECONDS: Final = 2.0
"""Seconds to wait for names that are shown beside ids."""
MAX_SHOWN: Final = 10
"""The most names that are read for display only. For a request, up to `MAX_LOOKED_UP` are read."""


async def read_names(
    targets: Iterable[NamedTarget],
    *,
    reads: ReadsTogether,
    tenant: Tenant,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Names:
    """Read the names of the ids that can be of our tenant, together with other reads, without a cache.

    A failed read raises no error.
    """
    return await _ask(reads, ids_to_look_up(targets), tenant, timeout_seconds, fresh=True)


async def names_for_display(targets: Iterable[NamedTarget], *, tenant: Tenant) -> dict[str, str]:
    """Return the names that could be read in time, by id; for display only.

    Every lookup of a partner reads them. So at most `MAX_SHOWN` names are read, and they may be a minute old.
    """
    async with ReadsTogether() as reads:  # each in a request of its own: one that is slow hides no other name
        shown_ids = ids_to_look_up(targets)[:MAX_SHOWN]
        return known_names(await _ask(reads, shown_ids, tenant, TIMEOUT_SECONDS, fresh=False))


async def _ask(
    reads: ReadsTogether, targets: Sequence[Target], tenant: Tenant, timeout_seconds: float, *, fresh: bool
) -> Names:
    tenant_settings = tenant.tenant_settings
    started = {
        target: reads.start(read_fact(tenant_settings.name_of(target, fresh=fresh), timeout_seconds))
        for target in targets
    }
    return {
        target: shown_name(name) if isinstance(name, str) else name
        for target, name in [(target, await read) for target, read in started.items()]
    }
