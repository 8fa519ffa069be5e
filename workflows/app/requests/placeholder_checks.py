"""Does our directory know the ids that were typed into the request form? Told at the field, while it is still open."""

import asyncio
from collections.abc import Mapping
from typing import Final

from workflows.core.checks.target_checks import absent_words, is_microsofts, wrong_side_words
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.template import Template
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import Target, TargetType
from workflows.core.text import shown_name
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_MOST: Final = 20
"""How many ids of one form are looked up; preparing looks up what is left."""


async def unknown_ids(
    template: Template, placeholders: Mapping[str, str], *, tenant: Tenant, patience: float
) -> dict[str, str]:
    """Give, by the form's field, what to say of an id that has to be ours and is not, or the partner's and is ours.

    What cannot be read in time is left to preparing, which says so on the card.
    """
    told = [blank for blank in template.placeholders if _can_be_told(blank) and placeholders.get(blank.name)][:_MOST]
    said = await asyncio.gather(*(_problem(blank, placeholders[blank.name], tenant, patience) for blank in told))
    return {blank.field: problem for blank, problem in zip(told, said, strict=True) if problem}


def _can_be_told(blank: Placeholder) -> bool:
    """Tell whether our directory can say that an id is wrong: one application may be in both tenants."""
    return blank.owner is Owner.OURS or blank.kind is not TargetType.APPLICATION


async def _problem(blank: Placeholder, typed: str, tenant: Tenant, patience: float) -> str:
    target = Target(type=blank.kind, id=typed.lower())
    if is_microsofts(target):
        return ""
    try:
        async with asyncio.timeout(patience):
            name = await tenant.tenant_settings.name_of(target, fresh=True)
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return ""
    if blank.owner is Owner.THEIRS:
        return "" if name is None else wrong_side_words(target, shown_name(name))
    return "" if name is not None else absent_words(target)
