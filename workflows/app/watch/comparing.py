"""Read the tenant page by page, and compare each partner with what was approved.

Nothing of a partner is kept when it is as approved.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.plans.plan import Plan
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.posture.watch.comparison import drift_of, is_compared
from workflows.core.posture.watch.drift import Drift, FoundDrift
from workflows.core.posture.watch.reconciliation import is_stored_as_open, with_last_known
from workflows.core.requests.alarms import AlarmId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import has_list
from workflows.core.settings.model import TenantId
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

MAX_READ_AGAIN: Final = 100
"""How many partners that differ are read once more in one sweep, because the list may be older than the last write."""
_DEPENDS_ON_DEFAULT: Final = frozenset(
    {
        ConcernCode.ABSENT,
        ConcernCode.REVOKED_BUT_ABSENT,
        ConcernCode.REVOKED_BUT_OPEN,
        ConcernCode.REVOKED_NOT_KNOWN,
        ConcernCode.REVOKED_NOT_EXPLICIT,
    }
)
"""What is open for these partners depends on the default. While it cannot be read, what is stored about them stays."""
_EVALUATED_AT_ONCE: Final = 5
"""How many partners are compared before other tasks of the event loop run: about four milliseconds."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class SweepFindings:
    """What is collected during one sweep."""

    records: Records
    stored: dict[str, Drift]
    default: JsonObject | None
    began_at: datetime
    seen: set[TenantId] = field(default_factory=set)
    drifts: dict[TenantId, FoundDrift] = field(default_factory=dict)
    unclear: set[TenantId] = field(default_factory=set)
    told_by: set[AlarmId] = field(default_factory=set)
    """The alarms that drift names which is stored already."""
    reasons: list[Fact] = field(default_factory=list)
    read_again: int = 0
    failed: int = 0
    """How many partners could not be compared because of an error in Gatehouse. The sweep is incomplete then."""
    inputs: PostureInputs = field(init=False)

    def prepare(self) -> None:
        """Compute once what the comparison of every partner needs."""
        self.inputs = PostureInputs.of(self.default, self.records, self.records, self.began_at)

    def approved(self, record: Partnership | None, records: Records | None = None) -> Plan | None:
        request = None if record is None else (records or self.records).requests.get(record.request_id)
        return None if request is None else request.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantComparison:
    """Compares the whole tenant once."""

    tenant: Tenant
    store: Store

    async def compare(self, found: SweepFindings) -> bool:
        """Compare every partner of the list, and the recorded ones that it does not contain.

        :returns: whether the list was read to its end. Otherwise no partner counts as absent.
        """
        is_listed = await self._read(found)
        if is_listed:
            await self._compare_missing(found)
        return is_listed

    async def _read(self, found: SweepFindings) -> bool:
        """Read the default and the list, and compare each partner.

        :returns: whether the list was read to its end.
        """
        try:
            await self.tenant.verify_home(must_be_known=True)
        except (TenantUnavailable, TenantRefused) as error:
            found.reasons += error.facts  # another tenant's list proves nothing
            return False
        try:
            found.default = await self.tenant.read_default()
        except (TenantUnavailable, TenantRefused) as error:
            found.reasons += error.facts
        found.prepare()
        try:
            count = 0
            async for configuration in _rows(self.tenant):
                await self._compare(TenantId(str(configuration["tenantId"]).lower()), configuration, found)
                count += 1
                if count % _EVALUATED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        except (TenantUnavailable, TenantRefused) as error:
            found.reasons += error.facts
            return False
        return True

    async def _compare_missing(self, found: SweepFindings) -> None:
        """Compare the recorded partners that the complete list does not contain."""
        for tenant_id in found.records.partnerships:
            if tenant_id not in found.seen:
                await self._compare(tenant_id, None, found, is_listed=False)

    async def _compare(
        self, tenant_id: TenantId, configuration: JsonObject | None, found: SweepFindings, *, is_listed: bool = True
    ) -> None:
        if is_listed:
            found.seen.add(tenant_id)
        try:
            await self._compare_one(tenant_id, configuration, found)
        except StoreNotWritable:
            raise
        except Exception:
            # One partner that cannot be compared hides no other, and is neither drift nor as approved.
            _log.exception("partner_not_compared", tenant_id=tenant_id)
            found.unclear.add(tenant_id)
            found.failed += 1

    async def _compare_one(self, tenant_id: TenantId, configuration: JsonObject | None, found: SweepFindings) -> None:
        partner = evaluate_partner(tenant_id, configuration, None, found.inputs)
        drift = drift_of(partner, found.approved(partner.record))
        if not is_compared(partner):
            found.unclear.add(tenant_id)
            return
        stored = found.stored.get(tenant_id)
        drift = _with_last_known(stored, drift, configuration, partner.record)
        is_unrecorded = stored is None or stored.found.code is ConcernCode.UNKNOWN_TO_GATEHOUSE
        if drift is None and is_unrecorded and _is_capability_list_missing(configuration, found.default):
            found.unclear.add(tenant_id)
            return
        if drift is None and stored is None:
            return
        if stored is not None and found.default is None and drift is not None and drift.code in _DEPENDS_ON_DEFAULT:
            found.unclear.add(tenant_id)
            return
        if drift is not None and is_stored_as_open(stored, drift):
            found.drifts[tenant_id] = drift
            return
        await self._compare_again(tenant_id, configuration, found)

    async def _compare_again(self, tenant_id: TenantId, configuration: JsonObject | None, found: SweepFindings) -> None:
        """Compare a partner whose drift is new, changed or over, with its records and settings of now.

        The list may be older than Gatehouse's last write. An unknown partner is only looked up in the records again.
        """
        store, is_read = self.store, False
        before = after = await store.records(tenant_id)
        if tenant_id in before.partnerships and found.read_again < MAX_READ_AGAIN:
            found.read_again, is_read = found.read_again + 1, True
            try:
                configuration = await self.tenant.read_partner(tenant_id)
            except (TenantUnavailable, TenantRefused) as error:
                found.unclear.add(tenant_id)
                found.reasons += error.facts
                return
            after = await store.records(tenant_id)
        # NB. of the records at the beginning only this partner's. To compare all of them for each costs a square.
        first = before if is_read else found.records.record_of(tenant_id)
        inputs = PostureInputs.of(found.default, first, after, found.began_at)
        if not is_read:
            being_changed = inputs.being_changed | found.inputs.being_changed
            inputs = replace(inputs, being_changed=being_changed & {tenant_id})
        partner = evaluate_partner(tenant_id, configuration, None, inputs)
        if not is_compared(partner):
            found.unclear.add(tenant_id)
            return
        drift = drift_of(partner, found.approved(partner.record, after))
        drift = _with_last_known(found.stored.get(tenant_id), drift, configuration, partner.record)
        if drift is not None:
            found.drifts[tenant_id] = drift


def _with_last_known(
    stored: Drift | None, drift: FoundDrift | None, configuration: JsonObject | None, record: Partnership | None
) -> FoundDrift | None:
    """Return drift with the last known capabilities, while they are not read. The block of a revocation ends it."""
    is_over = configuration is None or (record is not None and record.is_closed)
    return drift if configuration is None or is_over else with_last_known(stored, drift, configuration)


def _is_capability_list_missing(configuration: JsonObject | None, default: JsonObject | None) -> bool:
    """Return whether only this partner's capabilities could not be read. Those of the default could."""
    return configuration is not None and default is not None and has_list(default) and not has_list(configuration)


async def _rows(tenant: Tenant) -> AsyncIterator[JsonObject]:
    async for page in tenant.partner_pages():
        for row in page:
            yield row
