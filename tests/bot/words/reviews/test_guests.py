"""The guests of a partner in words: the state of each, how many there are, and what was not read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.reviews.guests import (
    match_words,
    progress_words,
    state_words,
    tally_words,
    title_words,
    unread_words,
)
from tests.workflows.core.builders import NOW
from workflows.app.evidence.guests.listing import GuestsRead, Progress
from workflows.app.evidence.guests.places import ListPart
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity, Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch, SourceRead
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS

DAY = timedelta(days=1)
WHOLE = SourceRead(is_complete=True)


def row(finding: GuestFinding | None = None, oddities: tuple[Oddity, ...] = (), **changes: Any) -> GuestRow:
    account = GuestAccount(id=PersonId("maria"), **changes)
    return GuestRow(account=account, match=GuestMatch.MAIL, finding=finding, oddities=oddities)


def own(**changes: Any) -> GuestRow:
    return replace(row(user_type="member", **changes), match=GuestMatch.OWN_ACCOUNT)


def reading(*rows: GuestRow, **changes: Any) -> GuestsRead:
    tally = GuestTally()
    for one in rows:
        tally.add(one)
    whole = GuestsRead(
        read_at=NOW, tally=tally, guests=WHOLE, activity=WHOLE, own_accounts=WHOLE, sign_ins=WHOLE, roles=WHOLE
    )
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (row(), "last sign-in not read; found by mail domain"),
        (row(activity=GuestActivity(), is_enabled=False), "never signed in; disabled; found by mail domain"),
        (
            row(GuestFinding.UNUSED, (Oddity.SYNCHRONIZED,), activity=GuestActivity(tried_at=NOW - 100 * DAY)),
            "no sign-in for 90 days; synchronized from your own servers; found by mail domain",
        ),
        (row(state="PendingAcceptance"), "invitation not accepted; found by mail domain"),
        (
            replace(own(is_enabled=False), oddities=(Oddity.SAME_ADDRESS,)),
            "an account of your own, never invited, not a guest; disabled; same address as an earlier account; found "
            "by mail domain",
        ),
    ],
)
def test_the_state_of_a_guest_with_the_reason(found: GuestRow, said: str) -> None:
    assert state_words(found, USUAL_LIMITS).endswith(said)


def test_how_many_there_are_of_each_kind() -> None:
    rows = [
        row(GuestFinding.OLD_INVITATION, state="PendingAcceptance"),
        row(GuestFinding.UNUSED),
        row(is_enabled=False, is_synchronized=True, user_type="member"),
    ]
    assert tally_words(reading(*rows), USUAL_LIMITS) == (
        "3 guests: 1 without a sign-in for 90 days, 1 open invitation (1 of them older than 30 days), 1 disabled, "
        "1 member, 1 synchronized."
    )
    assert match_words(reading(*rows).tally) == "3 by mail domain"
    assert tally_words(reading(row()), USUAL_LIMITS) == "1 guest."
    assert tally_words(reading(), USUAL_LIMITS) == "No guest found."
    assert tally_words(reading(row(), own(), own()), USUAL_LIMITS) == (
        "1 guest. Not guests: 2 own accounts with an address of the partner."
    )
    assert match_words(reading(own()).tally) == ""


def test_nobody_is_counted_twice_for_one_thing() -> None:
    old = row(GuestFinding.OLD_INVITATION, state="PendingAcceptance")
    rows = [old, old, row(state="PendingAcceptance"), replace(row(GuestFinding.DIRECTORY_ROLE), roles=("Reader",))]
    assert tally_words(reading(*rows), USUAL_LIMITS) == (
        "4 guests: 3 open invitations (2 of them older than 30 days), 1 with a directory role."
    )


def test_who_is_unused_is_not_known_without_the_last_sign_in() -> None:
    refused = SourceRead(unread=UnreadableReason.FORBIDDEN, permission="AuditLog.Read.All")
    only = GuestFilter.UNUSED
    assert tally_words(reading(activity=refused), USUAL_LIMITS, only) == "It is not known who is unused."
    assert tally_words(reading(), USUAL_LIMITS, only) == "No guest found."


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (SourceRead(), "Directory roles of guests were not read: this needs the application for guest accounts."),
        (
            SourceRead(unread=UnreadableReason.FORBIDDEN, permission="RoleManagement.Read.Directory"),
            "Directory roles of guests were not read (permission missing, RoleManagement.Read.Directory).",
        ),
    ],
)
def test_a_role_that_was_not_read_is_never_no_role(roles: SourceRead, said: str) -> None:
    read = reading(row(), roles=roles)
    assert list(unread_words(read)) == [said]
    assert tally_words(read, USUAL_LIMITS, GuestFilter.ROLES) == "It is not known who has a directory role."
    with_role = replace(row(activity=GuestActivity()), roles=("Guest Inviter", "User Administrator"))
    assert "directory role Guest Inviter, User Administrator" in state_words(with_role, USUAL_LIMITS)
    assert tally_words(reading(with_role), USUAL_LIMITS, GuestFilter.ROLES) == "1 guest: 1 with a directory role."
    assert list(unread_words(reading(row()))) == []


def test_a_list_is_called_after_its_filter() -> None:
    assert title_words("contoso.com") == "Guests of contoso.com"
    assert title_words("contoso.com", GuestFilter.OPEN_INVITATIONS) == "Open invitations of contoso.com"


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(part=ListPart.GUESTS, rows=5_000, found=1), "Counting: 5,000 accounts read. 1 guest found so far."),
        (
            Progress(part=ListPart.SIGN_INS, rows=0, found=12),
            "Counting: the accounts are read. 12 guests found so far. The sign-ins of the last 30 days follow.",
        ),
    ],
)
def test_how_far_the_counting_is(progress: Progress, said: str) -> None:
    assert progress_words(progress) == said


def test_what_was_not_read_is_said_and_a_number_is_then_at_least() -> None:
    refused = SourceRead(unread=UnreadableReason.FORBIDDEN, permission="AuditLog.Read.All")
    broken = SourceRead(unread=UnreadableReason.UNREACHABLE)
    read = reading(row(), activity=refused, sign_ins=refused)
    assert tally_words(read, USUAL_LIMITS) == "At least 1 guest."
    (activity, sign_ins) = unread_words(read)
    (own_accounts,) = unread_words(reading(own_accounts=refused))
    assert own_accounts.startswith("Own accounts with an address of the partner were not read to their end (permission")
    assert "permission missing, AuditLog.Read.All). So nobody is named as unused." in activity
    assert sign_ins.startswith("The sign-ins of the last 30 days were not read to their end")
    (line,) = unread_words(reading(guests=broken, activity=broken))
    assert line.startswith("The list of guests was not read to its end")
    assert tally_words(reading(guests=broken), USUAL_LIMITS) == "No guest found so far. Not everything could be read."
