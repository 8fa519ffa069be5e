"""The guests of a partner as people see them: a page of people, and how many there are."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.slack.flows.show.guests_views import GuestsPage, guests_counts, guests_page, guests_progress
from tests.workflows.core.builders import NOW, identity
from workflows.app.evidence.guests.listing import GuestsRead, Progress
from workflows.app.evidence.guests.places import ListPart
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity, Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch, SourceRead
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS

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
    roles = ("Guest Inviter", "Directory Readers") if number == 4 else ()
    finding = findings.get(number % 5)
    return GuestRow(account=account, match=GuestMatch.MAIL, finding=finding, oddities=oddities, roles=roles)


def _own() -> GuestRow:
    account = GuestAccount(id=PersonId("own"), name="Noor Haddad", mail="noor@contoso.com", user_type="member")
    return GuestRow(account=account, match=GuestMatch.OWN_ACCOUNT)


def guest_messages() -> dict[str, Any]:
    """Return the answers to `/partner guests`."""
    rows, tally, whole = [_row(number) for number in range(15)], GuestTally(), SourceRead(is_complete=True)
    for row in (*rows, _own()):
        tally.add(row)
    read = GuestsRead(
        read_at=NOW, tally=tally, guests=whole, activity=whole, own_accounts=whole, sign_ins=whole, roles=whole
    )
    usual: dict[str, Any] = {"identity": identity(), "limits": USUAL_LIMITS, "read": read, "kept": "0123456789abcdef"}
    page = GuestsPage(rows=rows, page=1, has_more=True, **usual)
    invitations = [row for row in rows if row.account.is_pending]
    only = GuestFilter.OPEN_INVITATIONS
    filtered = GuestsPage(rows=invitations, page=0, has_more=True, only=only, is_begun_again=True, **usual)
    unread = SourceRead(rows=500, unread=UnreadableReason.THROTTLED)
    broken = replace(
        read, guests=unread, activity=unread, own_accounts=SourceRead(), sign_ins=SourceRead(), roles=SourceRead()
    )
    last = GuestsPage(rows=[*rows[:4], _own()], page=3, has_more=False, **{**usual, "read": broken})
    return {
        "guests-page": guests_page(page).blocks,
        "guests-invitations": guests_page(filtered).blocks,
        "guests-broken": guests_page(last).blocks,
        "guests-counts": guests_counts(identity(), USUAL_LIMITS, read, for_admin=True).blocks,
        "guests-progress": guests_progress(identity(), Progress(part=ListPart.GUESTS, rows=5_000, found=812)).blocks,
        "guests-sponsor": guests_counts(identity(), USUAL_LIMITS, read, for_admin=False).blocks,
    }
