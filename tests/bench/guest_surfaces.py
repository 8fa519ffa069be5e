"""The guests of a partner as people see them: a page of people, and how many there are."""

from datetime import timedelta
from typing import Any, Final

from bot.slack.flows.show.guests_views import GuestsPage, guests_counts, guests_page
from tests.workflows.core.builders import NOW, identity
from workflows.app.evidence.guests.listing import GuestsRead
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity, Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch, SourceRead
from workflows.core.people import PersonId
from workflows.core.policy.reviews.guest_limits import USUAL_LIMITS

_NAMES: Final = ("Maria Lindqvist", "Jon Abara", "Yuki Sato", "Pat Nolan", "Åsa Nyström-Oyelaran")


def _row(number: int) -> GuestRow:
    name = _NAMES[number % len(_NAMES)]
    account = GuestAccount(
        id=PersonId(f"guest-{number}"),
        name=name,
        mail=f"{name.split()[0].lower()}.{number}@contoso.com",
        state="PendingAcceptance" if number % 5 == 1 else "Accepted",
        state_since=NOW - timedelta(days=40),
        user_type="member" if number % 5 == 2 else "guest",
        is_enabled=number % 5 != 3,
        activity=GuestActivity(succeeded_at=NOW - timedelta(days=30 * (number % 5))),
    )
    findings = {1: GuestFinding.OLD_INVITATION, 4: GuestFinding.UNUSED}
    oddities = (Oddity.INVITED_MEMBER,) if account.is_member else ()
    return GuestRow(account=account, match=GuestMatch.MAIL, finding=findings.get(number % 5), oddities=oddities)


def guest_messages() -> dict[str, Any]:
    """Return the answers to `/partner guests`."""
    rows, tally, whole = [_row(number) for number in range(15)], GuestTally(), SourceRead(is_complete=True)
    for row in rows:
        tally.add(row)
    read = GuestsRead(read_at=NOW, tally=tally, guests=whole, activity=whole, sign_ins=whole)
    page = GuestsPage(identity=identity(), limits=USUAL_LIMITS, rows=rows, start=15, has_more=True, read=read)
    return {
        "guests-page": guests_page(page).blocks,
        "guests-counts": guests_counts(identity(), USUAL_LIMITS, read, for_admin=True).blocks,
        "guests-sponsor": guests_counts(identity(), USUAL_LIMITS, read, for_admin=False).blocks,
    }
