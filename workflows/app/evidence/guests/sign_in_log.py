"""Read who signed in from a partner's tenant in the last 30 days, to find guests whose account names another domain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from workflows.app.evidence.guests.places import SignedIn
from workflows.app.evidence.reviews.source_reads import source_of_error
from workflows.core.partners.reviewing.evidence.guest_listing import GuestList
from workflows.core.partners.reviewing.evidence.guest_state import GUEST, MEMBER, GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn, SignInCount
from workflows.core.partners.reviewing.evidence.usage import MAX_SIGN_INS, WINDOW, SourceRead
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

_AUDIT_LOG: Final = "AuditLog.Read.All"


async def read_log(tenant: Tenant, partner: TenantId, found: GuestList, now: datetime) -> SignedIn:
    """Return who signed in from the partner's tenant and is not in the list yet. When it breaks off, nobody."""
    count = SignInCount([partner], since=now - WINDOW, until=now)

    def take(page: Sequence[SignIn]) -> bool:
        for sign_in in page:
            count.add(sign_in)
        return count.rows < MAX_SIGN_INS

    try:
        home = await tenant.home()
        is_complete = await tenant.tenant_settings.read_foreign_sign_ins(home, now - WINDOW, take, partner=partner)
    except (TenantRefused, TenantUnavailable) as error:
        return SignedIn(people=(), source=source_of_error(error, _AUDIT_LOG, rows=count.rows))
    times = count.of(partner).last_by_person
    is_whole = is_complete and not count.of(partner).has_more_people
    return SignedIn(
        people=[(person, at) for person, at in times.items() if person and found.is_new(person)],
        source=SourceRead(rows=count.rows, is_complete=is_whole),
    )


def guest_account(account: Account) -> GuestAccount:
    """Return an account that was read by its id: with less than a list of guests has."""
    return GuestAccount(
        id=account.id,
        name=account.name,
        mail=account.mail,
        is_enabled=account.is_enabled,
        user_type=MEMBER if account.is_member else GUEST,
    )
