"""Ask our own directory what the users, groups and applications are called that a configuration names by id."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from workflows.core.checks.target_checks import Names, known_names, to_look_up
from workflows.core.plans.named_targets import NamedTarget
from workflows.core.settings.model import Target
from workflows.core.text import shown_name
from workflows.ports.facts import read_fact
from workflows.ports.tenant import Tenant

PATIENCE_SECONDS: Final = 2.0
"""For showing names beside ids: whoever looks waits no longer for them."""
MOST_SHOWN: Final = 10
"""How many names stand beside ids where they are only shown; what is asked for is looked up as a whole (preflight)."""


async def ask_names(targets: Iterable[NamedTarget], *, tenant: Tenant, patience: float = PATIENCE_SECONDS) -> Names:
    """Ask now for every id that can be ours, side by side: for judging. Never raises for what cannot be read."""
    return await _ask(to_look_up(targets), tenant, patience, fresh=True)


async def names_shown(targets: Iterable[NamedTarget], *, tenant: Tenant) -> dict[str, str]:
    """Return the names that could be read in time, by id: for showing them, where nothing hangs on them.

    Anybody who may look can make the bot ask, so these are few, and may be a minute old.
    """
    return known_names(await _ask(to_look_up(targets)[:MOST_SHOWN], tenant, PATIENCE_SECONDS, fresh=False))


async def _ask(wanted: Sequence[Target], tenant: Tenant, patience: float, *, fresh: bool) -> Names:
    around = tenant.tenant_settings
    found = await asyncio.gather(*(read_fact(around.name_of(target, fresh=fresh), patience) for target in wanted))
    return {
        target: shown_name(name) if isinstance(name, str) else name for target, name in zip(wanted, found, strict=True)
    }
