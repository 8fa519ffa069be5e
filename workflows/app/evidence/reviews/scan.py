"""Scan sign-ins and guests once for all partners, and store what is found of each. Nothing is written to the tenant.

One scan serves every review. Each page is counted when it comes and not kept, so that memory depends on the recorded
partners only. What could not be read to its end is stored as such: its numbers then say "at least".
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from workflows.app.evidence.denied.denied_sign_ins import DeniedSignIns
from workflows.app.evidence.reviews.role_reads import read_roles
from workflows.app.evidence.reviews.source_reads import NO_ACTIVITY, source_of_error
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.evidence.guest_matching import GuestCount, domains_of
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn, SignInCount
from workflows.core.partners.reviewing.evidence.usage import (
    MAX_GUESTS,
    MAX_SIGN_INS,
    WINDOW,
    GuestUsage,
    Lockout,
    PartnerUsage,
    ScanResult,
    SourceRead,
    UsageScan,
)
from workflows.core.policy.reviews.terms import GuestLimits
from workflows.core.posture.watch.denied_sign_ins.counting import DenialCount
from workflows.core.requests.effects import Effect, ShowReview
from workflows.core.settings.model import TenantId
from workflows.intervals import USAGE_LOG_BEGINS_WITHIN, USAGE_READ_EVERY
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

SCAN: Final = "scan_usage"
"""The name of a scan in the audit log."""
_AUDIT_LOG: Final = "AuditLog.Read.All"
_USERS: Final = "User.Read.All"

_log = structlog.get_logger()

CheckLockouts = Callable[[Collection[TenantId]], Awaitable[dict[TenantId, Lockout]]]
"""Checks whom Conditional Access locks out of the partners with these tenant ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordedPartner:
    """What a scan needs of a live partner. There may be thousands."""

    tenant_id: TenantId
    domains: tuple[str, ...]
    is_asked: bool
    """Whether a review is open."""
    since: datetime
    """Since when the present access is recorded."""
    due_at: datetime | None
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageScanner:
    """Takes one scan and stores it. Only one may run at a time."""

    store: Store
    tenant: Tenant
    clock: Clock
    check_lockouts: CheckLockouts
    wake: Callable[[], None]
    guest_limits: Callable[[str], GuestLimits]
    """Returns from when on guests of a partner of this template are findings."""
    denied: DeniedSignIns | None = None
    """Counts in the same reading what our settings deny to tenants without an entry; None: nobody is told of that."""
    accounts: GuestAccounts | None = None
    """Reads directory roles; None: they are not read."""

    async def scan(self, *, due_before: datetime) -> UsageScan:
        """Read sign-ins and guests, and store what was found.

        :param due_before: Conditional Access is checked for partners whose review is open or due before this time.
        """
        await self.tenant.verify_home(must_be_known=True)  # another tenant's log proves nothing
        now = self.clock.now()
        partners = [one for one in await self.store.partnerships(_recorded) if one is not None]
        count = SignInCount([one.tenant_id for one in partners], since=now - WINDOW, until=now)
        denials = None if self.denied is None else await self.denied.new_count(since=now - WINDOW, until=now)
        sign_ins, reach = await self._read_sign_ins(count, denials, now)
        domains = domains_of((one.tenant_id, one.domains) for one in partners)
        limits = {one.tenant_id: self.guest_limits(one.template) for one in partners}
        roles, roles_read = await read_roles(self.accounts)
        new_count = partial(GuestCount, domains, count.tenant_by_person(), limits, now=now, with_roles=frozenset(roles))
        guests, activity, guest_count = await self._read_guests(new_count)
        near = [one for one in partners if one.is_asked or (one.due_at is not None and one.due_at < due_before)]
        lockouts = await self.check_lockouts([one.tenant_id for one in near])
        scan = UsageScan(
            taken_at=now,
            since=now - WINDOW,
            sign_ins=sign_ins,
            guests=guests,
            activity=activity,
            reaches_back_to=reach,
            guests_not_matched=guest_count.not_matched,
            roles=roles_read,
        )
        found = [
            _usage(one.tenant_id, now, count, guest_count.of(one.tenant_id), lockouts.get(one.tenant_id))
            for one in partners
        ]
        await self._save(ScanResult(scan=scan, partners=tuple(one for one in found if one is not None)), partners)
        if self.denied is not None and denials is not None:
            await self.denied.report(denials, is_complete=sign_ins.is_complete)
        return scan

    async def _read_sign_ins(
        self, count: SignInCount, denials: DenialCount | None, now: datetime
    ) -> tuple[SourceRead, datetime | None]:
        """Count the sign-ins, and find out how far back the log reaches."""
        settings = self.tenant.tenant_settings
        since = now - WINDOW

        def take(page: Sequence[SignIn]) -> bool:
            for sign_in in page:
                count.add(sign_in)
                if denials is not None:
                    denials.add(sign_in)
            return count.rows < MAX_SIGN_INS

        try:
            is_complete = await settings.read_foreign_sign_ins(await self.tenant.home(), since, take)
            # NB. unknown is not unused: a sign-in without a home tenant may be one of any partner.
            is_complete = is_complete and not count.has_unknown_home
            reaches_back = is_complete and await settings.has_sign_ins(since, since + USAGE_LOG_BEGINS_WITHIN)
        except (TenantRefused, TenantUnavailable) as error:
            _log.warning("sign_ins_not_read", rows=count.rows, reason=str(error))
            return source_of_error(error, _AUDIT_LOG, rows=count.rows), count.oldest_at
        return SourceRead(rows=count.rows, is_complete=is_complete), since if reaches_back else count.oldest_at

    async def _read_guests(self, new_count: Callable[[], GuestCount]) -> tuple[SourceRead, SourceRead, GuestCount]:
        """Count the guests with their last sign-in; without it, when the permission or the licence is missing."""
        count = new_count()
        activity = await self._count_guests(count, with_activity=True)
        if activity.unread not in NO_ACTIVITY:
            return replace(activity, permission=""), activity, count
        count = new_count()
        return await self._count_guests(count, with_activity=False), replace(activity, rows=0), count

    async def _count_guests(self, count: GuestCount, *, with_activity: bool) -> SourceRead:
        def take(page: Sequence[GuestAccount]) -> bool:
            for guest in page:
                count.add(guest)
            return count.rows < MAX_GUESTS

        try:
            is_complete = await self.tenant.tenant_settings.read_guests(take, with_activity=with_activity)
        except (TenantRefused, TenantUnavailable) as error:
            _log.warning("guests_not_read", rows=count.rows, with_activity=with_activity, reason=str(error))
            return source_of_error(error, _AUDIT_LOG if with_activity else _USERS, rows=count.rows)
        return SourceRead(rows=count.rows, is_complete=is_complete)

    async def _save(self, result: ScanResult, partners: Sequence[_RecordedPartner]) -> None:
        """Store the result, and update the cards of open reviews that had no evidence, or only a part of it."""
        earlier, scan = await self.store.usage_scan(), result.scan
        is_news = earlier is None or (scan.is_complete and not earlier.is_complete) or is_stale(earlier, scan.taken_at)
        effects: tuple[Effect, ...] = tuple(
            ShowReview(tenant_id=one.tenant_id)
            for one in partners
            if one.is_asked and (is_news or earlier is None or one.since > earlier.taken_at)
        )
        details = {
            "sign_ins": scan.sign_ins.rows,
            "guests": scan.guests.rows,
            "is_complete": scan.is_complete,
            "missing_permissions": list(scan.missing_permissions),
        }
        entry = entry_of(f"{SCAN}:{scan.taken_at.isoformat()}", scan.taken_at, None, SCAN, details)
        await self.store.commit(Commit(entry=entry, usage=result, effects=effects))
        self.wake()


def is_stale(scan: UsageScan, now: datetime) -> bool:
    """Return whether a scan is so old that a newer one should have replaced it."""
    return now - scan.taken_at > 2 * USAGE_READ_EVERY


def _recorded(partnership: Partnership) -> _RecordedPartner | None:
    if partnership.state is PartnershipState.REVOKED:
        return None
    identity = partnership.identity
    return _RecordedPartner(
        tenant_id=identity.tenant_id,
        domains=(identity.default_domain, identity.typed_name),
        is_asked=partnership.state is PartnershipState.REVIEW_DUE,
        since=partnership.since,
        due_at=partnership.review_due_at,
        template=partnership.template,
    )


def _usage(
    tenant_id: TenantId, now: datetime, count: SignInCount, guests: GuestUsage, lockout: Lockout | None
) -> PartnerUsage | None:
    """Return what was found about one partner; None when there is nothing."""
    found = count.of(tenant_id)
    if not (found.last_by_person or found.failed or guests.count or lockout is not None):
        return None
    return PartnerUsage(
        tenant_id=tenant_id,
        taken_at=now,
        people=len(found.last_by_person),
        has_more_people=found.has_more_people,
        last_sign_in_at=found.last_at,
        failed=found.failed,
        listed=found.latest_people(),
        guests=guests,
        lockout=lockout,
    )
