"""The contract of every store about what scans of sign-ins and guests found: whole, and replaced by the next."""

from dataclasses import replace
from itertools import count

from tests.workflows.core.builders import NOW, TENANT
from tests.workflows.core.partners.evidence.test_partner_evidence import REFUSED, USAGE, scan
from tests.workflows.store.test_contract import PagePosition, entry, place, store
from workflows.core.partners.reviewing.evidence.usage import (
    GuestMatch,
    GuestUsage,
    ListedGuest,
    Lockout,
    PartnerUsage,
    ScanResult,
    UsageScan,
)
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId
from workflows.ports.records import Commit
from workflows.ports.store import Store

__all__ = ["place", "store"]
OTHER = TenantId("99999999-0000-4000-8000-000000000001")
WHOLE = replace(
    USAGE,
    guests=GuestUsage(
        count=2,
        matches={GuestMatch.MAIL: 2},
        shared_with=(OTHER,),
        listed=(ListedGuest(id=PersonId("b"), match=GuestMatch.MAIL, has_come=None, is_enabled=True),),
    ),
    lockout=Lockout(checked_at=NOW, locked_out={"verdicts": [{"policy": "A"}]}),
)
_NUMBERS = count()


async def put_scan(store: Store, of: UsageScan, *partners: PartnerUsage) -> None:
    result = ScanResult(scan=of, partners=partners)
    assert await store.commit(Commit(entry=entry(f"scan-{next(_NUMBERS)}"), usage=result))


async def test_a_scan_is_read_back_unchanged(place: PagePosition) -> None:
    store = await place.open()
    assert await store.usage_scan() is None
    await put_scan(store, scan(sign_ins=REFUSED, roles=REFUSED), WHOLE)
    await place.close()
    again = await place.open()
    assert await again.usage_scan() == scan(sign_ins=REFUSED, roles=REFUSED)
    assert await again.partner_usage(TENANT) == WHOLE
    assert await again.partner_usage(OTHER) is None


async def test_a_later_scan_replaces_all_and_forgetting_leaves_nothing(store: Store) -> None:
    await put_scan(store, scan(), WHOLE)
    await put_scan(store, scan(guests_not_matched=7), replace(WHOLE, tenant_id=OTHER))
    assert await store.usage_scan() == scan(guests_not_matched=7)
    assert await store.partner_usage(TENANT) is None
    await store.forget_usage()
    assert await store.usage_scan() is None
    assert await store.partner_usage(OTHER) is None
