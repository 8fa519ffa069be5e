"""Check the sponsors of live partners. A sponsor without an enabled member account is replaced at once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.partner import GoneReason, RecordSponsorFound, RecordSponsorGone
from workflows.intervals import SPONSOR_ALARMS_EVERY, SPONSORS_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

MARK: Final = "sponsors_checked_at"
_ALARMS_MARK: Final = "sponsor_alarms_checked_at"

_log = structlog.get_logger()


async def check_sponsors(*, store: Store, tenant: Tenant, alarms: Alarms, service: Service, clock: Clock) -> None:
    """Read every sponsor's account at most once an hour, record who has none, and update the alarms.

    A sponsor whose account cannot be read counts as unchanged, and is checked again in an hour.
    """
    now = clock.now()
    if await _is_due(store, MARK, SPONSORS_CHECKED_EVERY, now):
        await _check_accounts(await _live(store), tenant, service)
    if await _is_due(store, _ALARMS_MARK, SPONSOR_ALARMS_EVERY, now):
        gone = [one for one in await _live(store) if one.sponsor_gone_at is not None]
        await alarms.update_alarms(AlarmCode.SPONSOR_GONE, {one.identity.tenant_id: _values(one) for one in gone})


async def _check_accounts(partnerships: Sequence[Partnership], tenant: Tenant, service: Service) -> None:
    if not partnerships:
        return
    try:
        accounts = await tenant.accounts_by_id(sorted({one.sponsor.id for one in partnerships}))
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("sponsors_not_checked", reason=str(error))
        return
    known = {account.id: account for account in accounts}
    for partnership in partnerships:
        sponsor = partnership.sponsor.id
        reason = _why_gone(known.get(sponsor))
        with suppress(Refused):  # recorded already, or the partner has another sponsor now
            if reason is not None:
                command = RecordSponsorGone(sponsor=sponsor, reason=reason)
                await service.advance_review(partnership.identity.tenant_id, command)
            elif partnership.sponsor_gone_at is not None:
                await service.advance_review(partnership.identity.tenant_id, RecordSponsorFound(sponsor=sponsor))


def _why_gone(account: Account | None) -> GoneReason | None:
    if account is None:
        return GoneReason.NO_ACCOUNT
    if not account.is_enabled:
        return GoneReason.DISABLED
    return None if account.is_member else GoneReason.GUEST


async def _live(store: Store) -> list[Partnership]:
    return [one for one in await store.partnerships() if one.state is not PartnershipState.REVOKED]


def _values(partnership: Partnership) -> dict[str, str]:
    return {"partner": partnership.identity.name, "sponsor": partnership.sponsor.name}


async def _is_due(store: Store, mark: str, interval: timedelta, now: datetime) -> bool:
    """Return whether a check is due, and record the time. A clock that was set back does not stop checks."""
    last = await store.mark(mark)
    if last and abs(now - datetime.fromisoformat(last)) < interval:
        return False
    await store.save_mark(mark, now.isoformat())
    return True
