"""Accept a name in place of one of our IDs in the request form. It is looked up, and shown before it is sent.

Nobody here can look up the partner's IDs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.template import Template
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import is_guid
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
    problems: Mapping[str, Fact] = field(default_factory=dict)


class NamesToShow(DomainError):
    """The form can be sent after the person has seen which objects its names stand for."""

    def __init__(self, found: Mapping[str, FoundObject]) -> None:
        super().__init__("What the names were taken for has to be seen first.")
        self.found = found


def has_names(template: Template, placeholders: Mapping[str, str]) -> bool:
    """Return whether a name is in a field that needs one of our IDs."""
    return any(_is_name(placeholder, placeholders) for placeholder in template.placeholders)


async def look_up_names(
    template: Template, placeholders: Mapping[str, str], *, tenant: Tenant, timeout_seconds: float
) -> NamedIds:
    """Look up, in our own directory, every name in a field that needs one of our IDs.

    Only for full members, because the answers show what is in the directory.
    """
    named = [placeholder for placeholder in template.placeholders if _is_name(placeholder, placeholders)]
    answers = await asyncio.gather(
        *(
            _one(placeholder, placeholders[placeholder.name], tenant, timeout_seconds)
            for placeholder in named[:MOST_NAMES]
        )
    )
    found = {
        placeholder.name: one for placeholder, one in zip(named, answers, strict=False) if isinstance(one, FoundObject)
    }
    problems = {
        placeholder.name: one for placeholder, one in zip(named, answers, strict=False) if isinstance(one, Fact)
    }
    problems |= {
        placeholder.name: Fact(RefusalCode.NAMES_TOO_MANY, {"kind": placeholder.kind.value, "most": MOST_NAMES})
        for placeholder in named[MOST_NAMES:]
    }
    return NamedIds(found=found, problems=problems)


def _is_name(placeholder: Placeholder, placeholders: Mapping[str, str]) -> bool:
    typed = placeholders.get(placeholder.name, "").strip()
    return placeholder.owner is Owner.OURS and bool(typed) and not is_guid(typed.strip("{}"))


async def _one(placeholder: Placeholder, typed: str, tenant: Tenant, timeout_seconds: float) -> FoundObject | Fact:
    """Return the one object with this name; otherwise why there is none."""
    name, kind = " ".join(typed.split()), placeholder.kind.value
    if len(name) < SHORTEST_NAME:
        return Fact(RefusalCode.NAME_TOO_SHORT, {"kind": kind, "least": SHORTEST_NAME})
    try:
        async with asyncio.timeout(timeout_seconds):
            found = await tenant.tenant_settings.find_by_name(placeholder.kind, name, _MOST_OFFERED + 1)
    except TenantRefused as error:
        return Fact(RefusalCode.NAMES_REFUSED, {"kind": kind, "answer": str(error)})
    except (TenantUnavailable, TimeoutError):
        return Fact(RefusalCode.NAMES_UNANSWERED, {"kind": kind})
    if not found:
        return Fact(RefusalCode.NAME_UNKNOWN, {"kind": kind, "name": name})
    if len(found) == 1:
        return found[0]
    offered = [asdict(one) for one in found[:_MOST_OFFERED]]
    return Fact(RefusalCode.NAME_AMBIGUOUS, {"kind": kind, "found": offered, "has_more": len(found) > _MOST_OFFERED})
