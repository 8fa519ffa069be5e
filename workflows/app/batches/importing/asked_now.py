"""Check the rows of a sheet's draft for the member who opens it: sponsors, templates, and what they may ask for."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from workflows.app.requests.people_checks import require_may_send
from workflows.app.requests.proposing import current_template, require_time_left
from workflows.catalog.catalog import Catalog
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import Batch, BatchRow, RowCode, RowState
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.template import Template
from workflows.core.settings.model import TenantId
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

SPONSOR_SECONDS: Final = 0.8
"""Seconds of the form's time for the sponsors of rows: there can be many, and the other checks need time, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsNow:
    """Checks what a draft asks for against the templates, the people and the time of now."""

    directory: PeopleDirectory
    catalog: Catalog
    now: datetime

    async def changed(self, batch: Batch, requester: Person) -> Mapping[TenantId, BatchRow]:
        """Return the rows that change when this member asks for them: the sponsor is found, or nothing is asked.

        Of a batch of adoptions no row changes. Sponsors who are not found in time stay as they are: they are found when
        the requests are filed.
        """
        asked = [(row, row.asked) for row in batch.rows if row.is_asked and row.asked is not None]
        not_allowed: dict[str, Facts] = {}
        for name in {access.template for _, access in asked}:
            not_allowed[name] = await self._why_not_allowed(name, requester)
        people: Mapping[PersonId, Person] = {}
        with suppress(TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(SPONSOR_SECONDS):
                people = await self._sponsors(tuple(access for _, access in asked))
        found = {row.tenant_id: self._row_now(row, access, people, not_allowed) for row, access in asked}
        return {row.tenant_id: found[row.tenant_id] for row, _ in asked if found[row.tenant_id] != row}

    async def _sponsors(self, asked: tuple[AskedAccess, ...]) -> Mapping[PersonId, Person]:
        ids = sorted({access.sponsor.id for access in asked if access.sponsor is not None})
        if not ids:
            return {}
        return dict(zip(ids, await self.directory.people_of(ids), strict=True))

    async def _why_not_allowed(self, name: str, requester: Person) -> Facts:
        """Return why this member may not ask for a template; empty when they may."""
        try:
            template = current_template(self.catalog, name)
            if not closes_a_partner(template):
                await require_may_send(template, requester, directory=self.directory)
        except InvalidField as error:
            return (error.fact,)
        return ()

    def _row_now(
        self,
        row: BatchRow,
        access: AskedAccess,
        people: Mapping[PersonId, Person],
        not_allowed: Mapping[str, Facts],
    ) -> BatchRow:
        reason = not_allowed[access.template] or why_not_now(access, self.catalog.templates[access.template], self.now)
        sponsor = None if access.sponsor is None else people.get(access.sponsor.id, access.sponsor)
        if sponsor is not None and sponsor.id in people and not sponsor.chat_id:
            reason = (*reason, Fact(RowCode.SPONSOR_NOT_IN_CHAT, {"name": sponsor.name}))
        if reason:
            return replace(row, state=RowState.NOT_ASKED, reason=reason)
        return replace(row, asked=replace(access, sponsor=sponsor))


async def drafter_of(batch: Batch, requester: ChatId, directory: PeopleDirectory) -> Person | None:
    """Return who gave the file of a draft for which somebody else asks; None for one of the command line.

    :raises Refused: when that person cannot be identified. Then nobody could keep them from deciding.
    """
    if batch.drafter_chat_id is None or batch.drafter_chat_id == requester:
        return None
    try:
        return await directory.identify(batch.drafter_chat_id)
    except PeopleDirectoryRefused:
        raise
    except Refused as refused:
        raise Refused(RefusalCode.DRAFTER_REFUSED, refused=refused.fact.as_value()) from refused


def why_not_now(access: AskedAccess, template: Template, now: datetime) -> Facts:
    """Return why the time that a row asks for is not possible any more; empty when it is."""
    try:
        require_time_left(access.ends_at, now)
    except InvalidField as error:
        return (error.fact,)
    if access.ends_at is None and access.duration not in template.durations:
        days = [duration.days for duration in template.durations]
        return (Fact(RefusalCode.DURATION_NOT_OFFERED, {"template": template.title, "days": days}),)
    return ()
