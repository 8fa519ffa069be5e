"""Search our own groups, users and applications by name, for a field of the request form.

A search shows what is in the directory. So every one checks the person, the template and its field, is limited per
person, and is recorded.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.app.limits import Allowance, LimitedAction, Limits
from workflows.app.reads.look_up_permission import MembershipCheck
from workflows.app.service import Service
from workflows.app.storing.recorder import SEARCH
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.placeholders import Placeholder, begins_with
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.id_owner import Owner
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject

MIN_CHARACTERS: Final = 3
"""The fewest characters of a name that are searched for."""
MAX_FOUND: Final = 10
TIMEOUT_SECONDS: Final = 2.2
"""Seconds for the whole answer. The chat system allows three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The result of one search."""

    objects: Sequence[FoundObject] = ()
    problem: Fact | None = None
    """Why this field cannot be searched now; an ID must then be typed. None for every other result."""


NO_RESULT: Final = SearchResult()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSearch:
    """Searches our own directory for the request form."""

    members: MembershipCheck
    service: Service
    tenant: Tenant
    catalog: Catalog
    clock: Clock
    limits: Limits | None = None

    async def find(self, actor: ChatId, template: str, placeholder: str, typed_text: str) -> SearchResult:
        """Return the objects of ours whose name begins with the typed text, and that the template allows.

        The result is empty when the text is too short or the template has no such field. It is also empty when Entra
        does not answer in time.

        :raises Refused: for a person who is no full member; the caller records that.
        """
        name, field = " ".join(typed_text.split()), self._placeholder(template, placeholder)
        if len(name) < MIN_CHARACTERS or field is None:
            return NO_RESULT
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self.members.require_member(actor)
                return await self._search(actor, template, field, name)
        except TenantRefused as error:
            return SearchResult(
                problem=Fact(
                    RefusalCode.NAME_SEARCH_REFUSED, {"kind": field.kind.value, "answer": as_values(error.facts)}
                )
            )
        except (TenantUnavailable, PeopleDirectoryUnavailable, TimeoutError):
            return NO_RESULT

    def _placeholder(self, template: str, name: str) -> Placeholder | None:
        """Return the field, if it belongs to the template and needs an object of ours."""
        chosen = self.catalog.templates.get(template)
        placeholders = () if chosen is None else chosen.placeholders
        return next(
            (
                placeholder
                for placeholder in placeholders
                if placeholder.name == name and placeholder.owner is Owner.OURS
            ),
            None,
        )

    async def _search(self, actor: ChatId, template: str, field: Placeholder, name: str) -> SearchResult:
        key = _key(actor, field.name, name, self.clock.now().isoformat())
        try:
            allowance = await self._allow(actor)
        except Refused as refused:
            await self.service.record_refusal(
                refused, key=f"limit:{key}", actor=actor, command=SEARCH, subject=CommandSubject(), is_told=True
            )
            return SearchResult(problem=refused.fact)
        await self.service.record_search(actor, name, key=key, kind=field.kind.value, template=template)
        if allowance is not None and self.limits is not None:
            await self.limits.alarm_when_used_up(allowance, actor)
        # The prefix need not be typed: who types "bri" finds "PRJ-Bridge" where the template allows "PRJ-" only.
        prefix = name if begins_with(name, field.prefix) else f"{field.prefix}{name}"
        found_objects = await self.tenant.tenant_settings.find_by_prefix(field.kind, prefix, MAX_FOUND)
        return SearchResult(
            objects=[found_object for found_object in found_objects if begins_with(found_object.name, field.prefix)][
                :MAX_FOUND
            ]
        )

    async def _allow(self, actor: ChatId) -> Allowance | None:
        return None if self.limits is None else await self.limits.require(LimitedAction.SEARCHES, actor)


def _key(*parts: str) -> str:
    """Return the key of one search in the audit log; the chat system sends none."""
    return f"search:{hashlib.sha256(chr(0).join(parts).encode(errors='replace')).hexdigest()[:32]}"
