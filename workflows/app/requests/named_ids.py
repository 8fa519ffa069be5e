"""Accept a name in place of one of our IDs in the request form. It is looked up, and shown before it is sent.

Nobody here can look up the partner's IDs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.core.checks.target_checks import where_to_find
from workflows.core.errors import DomainError
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.template import Template
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import is_guid
from workflows.core.text import shown_name
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject

MOST_NAMES: Final = 5
"""How many names of one form are looked up; the others must be IDs."""
SHORTEST_NAME: Final = 3
_MOST_OFFERED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedIds:
    """The objects that were found for the names in a form's fields, by the placeholder's name."""

    found: Mapping[str, FoundObject] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class NamesToShow(DomainError):
    """The form can be sent after the person has seen which objects its names stand for."""

    def __init__(self, found: Mapping[str, FoundObject]) -> None:
        super().__init__("What the names were taken for has to be seen first.")
        self.found = found


def has_names(template: Template, placeholders: Mapping[str, str]) -> bool:
    """Return whether a name is in a field that needs one of our IDs."""
    return any(_is_name(placeholder, placeholders) for placeholder in template.placeholders)


async def look_up_names(
    template: Template, placeholders: Mapping[str, str], *, tenant: Tenant, patience: float
) -> NamedIds:
    """Look up, in our own directory, every name in a field that needs one of our IDs.

    Only for full members, because the answers show what is in the directory.
    """
    named = [placeholder for placeholder in template.placeholders if _is_name(placeholder, placeholders)]
    answers = await asyncio.gather(
        *(_one(placeholder, placeholders[placeholder.name], tenant, patience) for placeholder in named[:MOST_NAMES])
    )
    found = {
        placeholder.name: one for placeholder, one in zip(named, answers, strict=False) if isinstance(one, FoundObject)
    }
    problems = {placeholder.name: one for placeholder, one in zip(named, answers, strict=False) if isinstance(one, str)}
    too_many = f"No more than {MOST_NAMES} names of one form are looked up. Type the ID here."
    problems |= {
        placeholder.name: f"{too_many} {where_to_find(placeholder.kind)}" for placeholder in named[MOST_NAMES:]
    }
    return NamedIds(found=found, problems=problems)


def found_words(placeholder: Placeholder, one: FoundObject) -> str:
    """State which object was found for a name."""
    mail = f", {one.mail}" if one.mail else ""
    return f"{placeholder.label}: {placeholder.kind.value} “{shown_name(one.name)}” ({one.kind}{mail}), ID {one.id}"


def _is_name(placeholder: Placeholder, placeholders: Mapping[str, str]) -> bool:
    typed = placeholders.get(placeholder.name, "").strip()
    return placeholder.owner is Owner.OURS and bool(typed) and not is_guid(typed.strip("{}"))


async def _one(placeholder: Placeholder, typed: str, tenant: Tenant, patience: float) -> FoundObject | str:
    """Return the one object with this name; otherwise a text why there is none."""
    name, kind, cure = " ".join(typed.split()), placeholder.kind, where_to_find(placeholder.kind)
    if len(name) < SHORTEST_NAME:
        return f"Type at least {SHORTEST_NAME} characters of the name, or the ID. {cure}"
    try:
        async with asyncio.timeout(patience):
            found = await tenant.tenant_settings.find_by_name(kind, name, _MOST_OFFERED + 1)
    except TenantRefused as error:
        return f"{kind.value.capitalize()}s cannot be looked up by name: {error.reason} Type the ID. {cure}"
    except (TenantUnavailable, TimeoutError):
        return f"Microsoft Entra does not answer now. Try again, or type the ID. {cure}"
    if not found:
        return f"Our directory has no {kind.value} whose name is or begins with “{shown_name(name)}”. {cure}"
    if len(found) == 1:
        return found[0]
    more = "; and more" if len(found) > _MOST_OFFERED else ""
    offered = "; ".join(_told_apart(one) for one in found[:_MOST_OFFERED])
    return f"More than one {kind.value} has such a name: {offered}{more}. Type more of the name, or the ID. {cure}"


def _told_apart(one: FoundObject) -> str:
    mail = f", {one.mail}" if one.mail else ""
    return f"“{shown_name(one.name)}” ({one.kind}{mail}, ID ends in {one.id[-4:]})"
