"""Check whether the ids that were typed into the request form exist in our tenant, while the form is open."""

import asyncio
from collections.abc import Mapping
from typing import Final

from workflows.core.checks.target_checks import is_microsoft_application
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.placeholders import Placeholder, begins_with
from workflows.core.policy.template import Template
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import Target, TargetType
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_MAX_IDS: Final = 20
"""How many ids of one form are looked up. The others are looked up while the request is prepared."""


async def unknown_ids(
    template: Template, placeholders: Mapping[str, str], *, tenant: Tenant, timeout_seconds: float
) -> dict[str, Fact]:
    """Return the problem of each id that is in the wrong tenant, by the name of the form's field.

    Such an id is of our tenant and should be of the partner's tenant, or the other way round. An id that cannot be read
    in time is checked while the request is prepared. The card then shows the problem.
    """
    checkable = [
        placeholder
        for placeholder in template.placeholders
        if _can_be_checked(placeholder) and placeholders.get(placeholder.name)
    ][:_MAX_IDS]
    problems = await asyncio.gather(
        *(_problem(placeholder, placeholders[placeholder.name], tenant, timeout_seconds) for placeholder in checkable)
    )
    return {placeholder.field: problem for placeholder, problem in zip(checkable, problems, strict=True) if problem}


def _can_be_checked(placeholder: Placeholder) -> bool:
    """Return whether a lookup in our tenant can show that an id is wrong. An application may be in both tenants."""
    return placeholder.owner is Owner.OURS or placeholder.kind is not TargetType.APPLICATION


async def _problem(placeholder: Placeholder, typed_text: str, tenant: Tenant, timeout_seconds: float) -> Fact | None:
    target, prefix = Target(type=placeholder.kind, id=typed_text.lower()), placeholder.prefix
    kind_and_prefix = {"kind": target.type.value, "prefix": prefix}
    if is_microsoft_application(target):
        return Fact(RefusalCode.NAME_OUTSIDE_PREFIX, kind_and_prefix) if prefix else None
    try:
        async with asyncio.timeout(timeout_seconds):
            name = await tenant.tenant_settings.name_of(target, fresh=True)
    except (TenantUnavailable, TenantRefused, TimeoutError) as error:
        # Without its name, nothing shows that an object is one of those that the template allows.
        answer = () if isinstance(error, TimeoutError) else error.facts
        return Fact(RefusalCode.NAME_UNREADABLE, {**kind_and_prefix, "answer": as_values(answer)}) if prefix else None
    if name is not None and not begins_with(name, prefix):
        return Fact(RefusalCode.NAME_OUTSIDE_PREFIX, kind_and_prefix)
    if placeholder.owner is Owner.THEIRS:
        return None if name is None else Fact(RefusalCode.ID_IS_OURS, {"kind": target.type.value, "name": name})
    return None if name is not None else Fact(RefusalCode.ID_NOT_OURS, {"kind": target.type.value})
