"""Check the sponsors of live partners. A sponsor without an enabled member account is replaced at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.schedule.reviews.events.sponsor_moves import start_reviews_of_moved
from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership
from workflows.core.people import Person, PersonId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.partner_record import GoneReason, RecordSponsorFound, RecordSponsorGone
from workflows.core.settings.model import TenantId
from workflows.intervals import SPONSOR_ALARMS_EVERY, SPONSORS_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

MARK: Final = "sponsors_checked_at"
_ALARMS_MARK: Final = "sponsor_alarms_checked_at"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartnerSponsor:
    """What is checked of a live partner. There may be thousands."""

    tenant_id: TenantId
    name: str
    sponsor: Person
    is_gone: bool
    manager: str


async def check_sponsors(*, store: Store, tenant: Tenant, alarms: Alarms, service: Service, clock: Clock) -> None:
    """Read every sponsor's account at most once an hour, record who has none, and update the alarms.

    A sponsor whose account cannot be read counts as unchanged, and is checked again in an hour.
    """
    now = clock.now()
    if await _is_due(store, MARK, SPONSORS_CHECKED_EVERY, now):
        reviews = EventReviews(service=service, store=store, clock=clock)
        await _check_accounts(await _live(store), tenant, reviews)
    if await _is_due(store, _ALARMS_MARK, SPONSOR_ALARMS_EVERY, now):
        without_sponsor = [partnership for partnership in await _live(store) if partnership.is_gone]
        await alarms.update_alarms(
            AlarmCode.SPONSOR_GONE, {partnership.tenant_id: _values(partnership) for partnership in without_sponsor}
        )


async def _check_accounts(sponsored: Sequence[_PartnerSponsor], tenant: Tenant, reviews: EventReviews) -> None:
    if not sponsored:
        return
    try:
        accounts = await tenant.accounts_by_id(sorted({partnership.sponsor.id for partnership in sponsored}))
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("sponsors_not_checked", reason=str(error))
        return
    accounts_by_id = {account.id: account for account in accounts}
    gone = {one.sponsor.id: why for one in sponsored if (why := _why_gone(accounts_by_id.get(one.sponsor.id)))}
    managers = await _managers(sorted({one.sponsor.id for one in sponsored if not one.is_gone} & set(gone)), tenant)
    for partner in sponsored:
        sponsor = partner.sponsor.id
        await _record(partner, gone.get(sponsor), managers.get(sponsor, ""), reviews.service)
    there = [(one.tenant_id, one.sponsor) for one in sponsored if one.sponsor.id not in gone]
    await start_reviews_of_moved(there, accounts, reviews)


async def _record(partner: _PartnerSponsor, reason: GoneReason | None, manager: str, service: Service) -> None:
    """Record what was found about one partner's sponsor. A failure does not stop the work for other partners."""
    sponsor = partner.sponsor.id
    try:
        if reason is not None:
            command = RecordSponsorGone(sponsor=sponsor, reason=reason, manager=manager)
            await service.advance_review(partner.tenant_id, command)
        elif partner.is_gone:
            await service.advance_review(partner.tenant_id, RecordSponsorFound(sponsor=sponsor))
    except Refused:
        pass  # recorded already, or the partner has another sponsor now
    except Exception:
        _log.exception("sponsor_not_recorded", tenant_id=partner.tenant_id)


async def _managers(sponsors: Sequence[PersonId], tenant: Tenant) -> Mapping[PersonId, str]:
    """Return the names of the managers of sponsors who are gone, as far as they are enabled members.

    A manager who cannot be read now is not offered. The sponsor is recorded as gone nevertheless.
    """
    if not sponsors:
        return {}
    try:
        managers = await tenant.managers(sponsors)
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("managers_not_read", reason=str(error))
        return {}
    return {
        sponsor: manager.name
        for sponsor, manager in managers.items()
        if manager is not None and manager.is_enabled and manager.is_member
    }


def _why_gone(account: Account | None) -> GoneReason | None:
    if account is None:
        return GoneReason.NO_ACCOUNT
    if not account.is_enabled:
        return GoneReason.DISABLED
    return None if account.is_member else GoneReason.GUEST


async def _live(store: Store) -> list[_PartnerSponsor]:
    return [partnership for partnership in await store.partnerships(_sponsored_partner) if partnership is not None]


def _sponsored_partner(partnership: Partnership) -> _PartnerSponsor | None:
    if partnership.is_closed:
        return None
    return _PartnerSponsor(
        tenant_id=partnership.identity.tenant_id,
        name=partnership.identity.name,
        sponsor=partnership.sponsor,
        is_gone=partnership.sponsor_gone_at is not None,
        manager=partnership.sponsor_manager,
    )


def _values(partner: _PartnerSponsor) -> dict[str, str]:
    manager = {"manager": partner.manager} if partner.manager else {}
    return {"partner": partner.name, "sponsor": partner.sponsor.name, **manager}


async def _is_due(store: Store, mark: str, interval: timedelta, now: datetime) -> bool:
    """Return whether a check is due, and record the time. A clock that was set back does not stop checks."""
    last = await store.mark(mark)
    if last and abs(now - datetime.fromisoformat(last)) < interval:
        return False
    await store.save_mark(mark, now.isoformat())
    return True
