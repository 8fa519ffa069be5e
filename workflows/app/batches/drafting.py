"""Draft a batch from the tenant: judge each partner that is not adopted yet as the form would, without a person."""

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from workflows.app.adoption.adopting import read_changes
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.wave_tenant import wave_tenant
from workflows.app.requests.open_request import open_request_fact
from workflows.app.requests.proposing import check_proposal
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.batches.batch import Batch, BatchRow, RowState
from workflows.core.batches.members import why_alone
from workflows.core.errors.raised import InvalidField
from workflows.core.partners.approval_policy import approval_chain_for, is_live, strongest_template
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import risk_for_approval
from workflows.core.posture.adoption.adoptable import require_adoptable
from workflows.core.posture.adoption.adoption_plan import plan_adoption, settings_digest
from workflows.core.posture.adoption.authorship import LOG_READ_FOR, Authorship, authorship_of
from workflows.core.posture.adoption.equal_template import equal_template
from workflows.core.requests.request import AccessRequest, BatchId, ObservedPartner, RequestKind
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import access_kinds, possibly_open
from workflows.intervals import DRAFT_KEPT_FOR
from workflows.partner_lookup.not_found import not_found_error
from workflows.partner_lookup.resolving import LookupRefused, resolve
from workflows.ports.tenant import Tenant

_AT_ONCE: Final = 20
_NOBODY: Final = PersonId("")
"""Stands for an account in a plan that is only judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerChoice:
    """The partners that a draft shall have: every one, or those that are named, without some."""

    only: Collection[TenantId] = ()
    """Empty for every partner that is not adopted."""
    without: Collection[TenantId] = ()

    def has(self, tenant_id: TenantId) -> bool:
        """Return whether a partner was chosen."""
        return tenant_id not in self.without and (not self.only or tenant_id in self.only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What was read, and the draft."""

    batch: Batch | None
    """None when nothing can be adopted: nothing was stored."""
    rows: tuple[BatchRow, ...]
    recorded: int
    """How many of the chosen partners Gatehouse has a record of already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDrafting:
    """Reads the tenant and stores a draft. It needs no person, and asks for nothing."""

    batches: BatchService
    tenant: Tenant
    catalog: Catalog

    async def draft(self, choice: PartnerChoice, *, drafted_by: str) -> Drafted:
        """Judge every chosen partner without a record, and store the draft.

        :raises TenantUnavailable, TenantRefused: when something cannot be read now; nothing is stored.
        """
        now = self.batches.clock.now()
        tenant = wave_tenant(self.tenant, log_since=now - LOG_READ_FOR)
        found = {TenantId(row["tenantId"].lower()): row for row in await self.tenant.read_partners()}
        recorded = {one.tenant_id for one in await self.batches.store.identities()}
        chosen = [tenant_id for tenant_id in found if choice.has(tenant_id)]
        open_requests = await self._open_requests()
        judging = _Judging(
            drafting=self, tenant=tenant, default=await tenant.read_default(), now=now, open_requests=open_requests
        )
        rows: list[BatchRow] = []
        new = [one for one in chosen if one in choice.only or not await self._is_recorded(one, recorded)]
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            rows += await asyncio.gather(*(judging.row_of(one, found[one]) for one in some))
        rows = await self._with_authors(rows)
        batch = None
        if any(row.state in (RowState.WAITING, RowState.ALONE) for row in rows):
            batch = await self.batches.draft(
                BatchId(f"B-{secrets.token_hex(5).upper()}"),
                tuple(rows),
                kind=RequestKind.ADOPTION,
                drafted_by=drafted_by,
                lifetime=DRAFT_KEPT_FOR,
            )
        return Drafted(batch=batch, rows=tuple(rows) if batch is None else batch.rows, recorded=len(chosen) - len(new))

    async def _is_recorded(self, tenant_id: TenantId, recorded: Collection[TenantId]) -> bool:
        return tenant_id in recorded and is_live(await self.batches.store.partnership(tenant_id))

    async def _open_requests(self) -> Mapping[TenantId, AccessRequest]:
        found: dict[TenantId, AccessRequest] = {}
        for request in await self.batches.store.open_requests():
            observed = request.observation if request.prepared is None else request.prepared.observation
            if observed is not None and request.fields.account_change is None:
                found.setdefault(observed.identity.tenant_id, request)
        return found

    async def _with_authors(self, rows: Sequence[BatchRow]) -> list[BatchRow]:
        """Name the authors by their accounts. Who they are in the chat system is looked up when the draft is opened."""
        ids = {author.id for row in rows for author in row.authors}
        names = {one.id.lower(): one.name for one in await self.tenant.accounts_by_id(sorted(ids))} if ids else {}
        return [
            replace(row, authors=tuple(replace(one, name=names.get(one.id.lower()) or one.name) for one in row.authors))
            for row in rows
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """Judges partners, as they were read at one time."""

    drafting: BatchDrafting
    tenant: Tenant
    default: JsonObject
    now: datetime
    open_requests: Mapping[TenantId, AccessRequest]

    async def row_of(self, tenant_id: TenantId, configuration: JsonObject) -> BatchRow:
        """Return the row of a partner: decided with others, alone, or not adoptable, with the reason."""
        row = BatchRow(
            tenant_id=tenant_id, name=tenant_id, settings=settings_digest(configuration), state=RowState.NOT_ASKED
        )
        try:
            identity = await resolve((tenant_id,), tenant=self.tenant)
            identity = identity or TenantIdentity.without_names(tenant_id)
            row = replace(row, name=identity.default_domain or tenant_id, display_name=identity.display_name)
            observation = ObservedPartner(
                identity=identity, configuration=configuration, default=self.default, at=self.now
            )
            if (other := self.open_requests.get(tenant_id)) is not None:
                return replace(row, reason=(open_request_fact(other, None),))
            return await self._judged(row, observation)
        except LookupRefused as refused:
            return replace(row, reason=refused.facts)
        except InvalidField as error:
            return replace(row, reason=(error.fact,))

    async def _judged(self, row: BatchRow, observation: ObservedPartner) -> BatchRow:
        """Judge a partner. It raises InvalidField when it cannot be adopted."""
        store, catalog = self.drafting.batches.store, self.drafting.catalog
        record, templates = await store.partnership(row.tenant_id), catalog.templates.values()
        recorded = None if record is None else await store.request(record.request_id)
        configuration = require_adoptable(observation, record, recorded, None, self.now)
        equal = equal_template(configuration, templates)
        decides = equal or strongest_template(templates)
        found = await self._authorship(row.tenant_id)
        plan = plan_adoption(
            observation,
            configuration,
            decides=decides,
            equal=equal,
            duration=decides.default_duration,
            owner=_NOBODY,
            sponsor=_NOBODY,
            authorship=found,
        )
        risk = risk_for_approval(plan, observation.default)
        policy = await current_policy(record, past=store, catalog=catalog)
        stages = approval_chain_for(plan, decides.stages, policy, risk.level)
        check_proposal(observation, plan, stages)
        alone, kinds = why_alone(risk, stages), access_kinds(configuration, observation.default)
        return replace(
            row,
            state=RowState.ALONE if alone else RowState.WAITING,
            template="" if equal is None else equal.name,
            template_title="" if equal is None else equal.title,
            risk=risk.level,
            openings=tuple(kind.name for kind in possibly_open(kinds)),
            authors=tuple(Person(id=one, chat_id=ChatId(""), name=one) for one in found.authors),
            is_author_known=found.is_known,
            reason=alone,
            stages=stages,
        )

    async def _authorship(self, tenant_id: TenantId) -> Authorship:
        changes = await read_changes(tenant_id, self.now, tenant=self.tenant)
        return authorship_of(changes, since=None, now=self.now)


async def chosen_tenants(names: Sequence[str], *, tenant: Tenant) -> Collection[TenantId]:
    """Return the tenants of domains or tenant ids that somebody typed.

    :raises InvalidField: for the first name that has no tenant.
    :raises TenantUnavailable, TenantRefused: when a name cannot be looked up now.
    """
    found: list[TenantId] = []
    for name in names:
        identity = await resolve((name.lower(),), tenant=tenant)
        if identity is None:
            raise await not_found_error(name, tenant=tenant, records=None)
        found.append(identity.tenant_id)
    return found
