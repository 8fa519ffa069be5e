"""Read a tenant's posture: the list of partners, the default, our records, and the names of unknown tenants.

The number of Graph calls depends on the pages of the list, not on the partners. Only the lookup of names needs one call
for each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from workflows.core.errors.facts import Facts
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import Concern, PartnerPosture, Posture, sorted_partners
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import read_both
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.current_access import with_access

LOOKUPS_AT_ONCE: Final = 8
_EVALUATED_AT_ONCE: Final = 5
"""How many partners are evaluated before other tasks of the event loop run: about four milliseconds."""

ReadRecords = Callable[[], Awaitable[Records | None]]
Progress = Callable[[int, int], None]
"""Called with the number of names looked up so far, and the total number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PostureReads:
    """What was read, in the required order."""

    partners: Mapping[TenantId, JsonObject]
    default: JsonObject | None
    unread_because: Facts
    before: Records | None
    after: Records | None


async def read_posture(
    *,
    tenant: Tenant,
    records: ReadRecords,
    clock: Clock,
    looks_up_names: bool = False,
    progress: Progress | None = None,
) -> Posture:
    """Read and evaluate the whole tenant.

    :param records: returns our records, or None when there are none to read. It is called before the tenant is read,
        and again after.
    :param looks_up_names: whether to look up tenants that our records do not know, with one call for each.
    :raises TenantUnavailable, TenantRefused: when the list of partners could not be read completely.
    :raises StoreUnusable: when there are records that cannot be read.
    """
    read = await _read(tenant, records)
    inputs = PostureInputs.of(read.default, read.before, read.after, clock.now())
    recorded = {} if inputs.records is None else inputs.records.partnerships
    names: dict[TenantId, TenantIdentity] = {}
    unanswered = 0
    if looks_up_names:
        unrecorded = [tenant_id for tenant_id in read.partners if tenant_id not in recorded]
        names, unanswered = await _names(tenant, unrecorded, progress)
    partners = await _evaluate_partners(
        [*read.partners, *(tenant_id for tenant_id in recorded if tenant_id not in read.partners)],
        read,
        names,
        inputs,
    )
    partners = await with_access(partners, tenant.tenant_settings)
    return Posture(
        read_at=inputs.now,
        home=await _home(tenant),
        default=default_posture(read.default, read.unread_because),
        partners=sorted_partners(partners),
        partner_count=len(read.partners),
        records_are_read=inputs.records is not None,
        unanswered=unanswered,
    )


async def concerns_about(
    identity: TenantIdentity, *, tenant: Tenant, records: ReadRecords, clock: Clock
) -> tuple[JsonObject | None, JsonObject | None, tuple[Concern, ...]]:
    """Read one partner and evaluate it as the whole posture does.

    :param records: returns our records of this partner, or of all.
    :returns: three values. The first is the partner's own configuration; None when it has none. The second is the
        tenant's default; None when it could not be read in time. The third is the concerns, the most serious first.
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    :raises StoreUnusable: when there are records that cannot be read.
    """
    before = await records()
    configuration, default = await read_both(identity.tenant_id, tenant=tenant)
    inputs = PostureInputs.of(default, before, await records(), clock.now())
    evaluated = evaluate_partner(identity.tenant_id, configuration, identity, inputs)
    (partner,) = await with_access([evaluated], tenant.tenant_settings)
    return configuration, default, partner.concerns


async def _read(tenant: Tenant, records: ReadRecords) -> _PostureReads:
    # NB. the records are read before and after the tenant: a change in between raises no concern.
    before = await records()
    before = None if before is None else before.for_comparison()
    default = asyncio.create_task(_default(tenant))
    try:
        partners = {
            TenantId(str(read_partner["tenantId"]).lower()): read_partner
            for read_partner in await tenant.read_partners()
        }
        document, reason = await default
    finally:
        default.cancel()
    after = await records()
    return _PostureReads(partners=partners, default=document, unread_because=reason, before=before, after=after)


async def _default(tenant: Tenant) -> tuple[JsonObject | None, Facts]:
    try:
        return await tenant.read_default(), ()
    except (TenantUnavailable, TenantRefused) as error:
        return None, error.facts


async def _home(tenant: Tenant) -> TenantId | None:
    try:
        return await tenant.home()
    except (TenantUnavailable, TenantRefused):
        return None


async def _evaluate_partners(
    tenant_ids: Iterable[TenantId], read: _PostureReads, names: Mapping[TenantId, TenantIdentity], inputs: PostureInputs
) -> list[PartnerPosture]:
    evaluated: list[PartnerPosture] = []
    for tenant_id in tenant_ids:
        evaluated.append(evaluate_partner(tenant_id, read.partners.get(tenant_id), names.get(tenant_id), inputs))
        if len(evaluated) % _EVALUATED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return evaluated


async def _names(
    tenant: Tenant, tenant_ids: list[TenantId], progress: Progress | None
) -> tuple[dict[TenantId, TenantIdentity], int]:
    """Look up tenants by id, several at a time; return those found, and how many gave no answer."""
    identities: dict[TenantId, TenantIdentity] = {}
    counts = {"asked": 0, "unanswered": 0}
    semaphore = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def look_up(tenant_id: TenantId) -> None:
        async with semaphore:
            try:
                identity = await tenant.find(tenant_id)
            except (TenantUnavailable, TenantRefused):
                counts["unanswered"] += 1
            else:
                # It has settings here although our own cloud does not know it.
                identities[tenant_id] = identity or TenantIdentity.without_names(tenant_id)
        counts["asked"] += 1
        if progress is not None:
            progress(counts["asked"], len(tenant_ids))

    async with asyncio.TaskGroup() as group:
        for tenant_id in tenant_ids:
            group.create_task(look_up(tenant_id))
    return identities, counts["unanswered"]
