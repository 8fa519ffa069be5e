"""The guests of one partner in words: the state of each, why it is in the list, how many there are, and the limits."""

from collections.abc import Iterator, Mapping
from typing import Final

from bot.words.sentences import comma_list, counted, day
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.app.evidence.guests.listing import GuestsRead, Progress
from workflows.app.evidence.guests.places import ListPart
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import Oddity
from workflows.core.partners.reviewing.evidence.usage import WINDOW, GuestFinding, GuestMatch, SourceRead
from workflows.core.policy.reviews.terms import GuestLimits

MATCHES: Final[Mapping[GuestMatch, str]] = {
    GuestMatch.SIGN_IN: "by a sign-in from their tenant",
    GuestMatch.ISSUER: "by the issuer of an identity",
    GuestMatch.MAIL: "by mail domain",
    GuestMatch.NAME: "by the domain in an #EXT# name",
    GuestMatch.OWN_ACCOUNT: "by mail domain",
}
"""How a guest was found to be one of the partner."""
_ODDITIES: Final[Mapping[Oddity, str]] = {
    Oddity.INVITED_MEMBER: "a member here, perhaps also an employee",
    Oddity.NOT_INVITED: "account made here, without an invitation",
    Oddity.SYNCHRONIZED: "synchronized from your own servers",
    Oddity.SAME_ADDRESS: "same address as an earlier account",
}
_OWN_ACCOUNT: Final = "an account of your own, never invited, not a guest"
FILTERS: Final[Mapping[GuestFilter, str]] = {
    GuestFilter.EVERYBODY: "Everybody",
    GuestFilter.OPEN_INVITATIONS: "Open invitations",
    GuestFilter.UNUSED: "Unused guests",
    GuestFilter.DISABLED: "Disabled guests",
    GuestFilter.ROLES: "Guests with a role",
}
"""What a filter of the list takes."""
BEGUN_AGAIN: Final = "The list begins again. Its place is kept for an hour at most, and not after a restart."
ESTIMATE: Final = (
    "This is an estimate, because Entra does not record the home tenant of a guest. A guest with another domain is "
    "found only by a sign-in of the last 30 days. An account that is listed can belong to another company."
)
_NO_ROLES: Final = "Directory roles of guests were not read: this needs the application for guest accounts."


def title_words(name: str, only: GuestFilter = GuestFilter.EVERYBODY) -> str:
    """Return the title of a list: "Open invitations of contoso.com"."""
    return f"{'Guests' if only is GuestFilter.EVERYBODY else FILTERS[only]} of {name}"


def finding_words(finding: GuestFinding, limits: GuestLimits) -> str:
    """Return what a finding means, after a number or alone: "no sign-in for 90 days"."""
    if finding is GuestFinding.DIRECTORY_ROLE:
        return "has a directory role"
    if finding is GuestFinding.UNUSED:
        return f"no sign-in for {limits.unused_after.days} days"
    return f"invitation older than {limits.invited_before.days} days"


def count_words(finding: GuestFinding, count: int, limits: GuestLimits) -> str:
    """Return how many guests have a finding: "3 without a sign-in for 90 days"."""
    if finding is GuestFinding.DIRECTORY_ROLE:
        return f"{count:,} with a directory role"
    if finding is GuestFinding.UNUSED:
        return f"{count:,} without a sign-in for {limits.unused_after.days} days"
    return f"{counted(count, 'invitation')} older than {limits.invited_before.days} days"


def state_words(row: GuestRow, limits: GuestLimits) -> str:
    """Return the state of one guest, and why the guest is in the list."""
    return "; ".join(part for part in _state_parts(row, limits) if part)


def _state_parts(row: GuestRow, limits: GuestLimits) -> Iterator[str]:
    account = row.account
    if row.is_own_account:
        yield _OWN_ACCOUNT
    elif account.is_pending:
        since = "" if row.pending_since is None else f" since {day(row.pending_since)}"
        yield f"invitation not accepted{since}"
    elif row.last_sign_in_at is not None:
        yield f"last sign-in {day(row.last_sign_in_at)}"
    else:
        yield "last sign-in not read" if account.activity is None else "never signed in"
    yield "" if row.finding is None else finding_words(row.finding, limits)
    yield "" if account.is_enabled else "disabled"
    yield f"directory role {comma_list(row.roles)}" if row.roles else ""
    yield from (_ODDITIES[oddity] for oddity in row.oddities)
    yield f"found {MATCHES[row.match]}"


def tally_words(read: GuestsRead, limits: GuestLimits, only: GuestFilter = GuestFilter.EVERYBODY) -> str:
    """Return how many guests there are, and of which kinds; and own accounts, which are no guests.

    :param only: which guests the list takes.
    """
    own = read.tally.own_accounts
    also = f" Not guests: {counted(own, 'own account')} with an address of the partner." if own else ""
    return f"{_guests_words(read, limits, only)}{also}"


def _guests_words(read: GuestsRead, limits: GuestLimits, only: GuestFilter) -> str:
    tally = read.tally
    if only is GuestFilter.UNUSED and read.activity.unread is not None:
        return "It is not known who is unused."
    if only is GuestFilter.ROLES and not read.roles.is_complete:
        return "It is not known who has a directory role."
    if not tally.count:
        return "No guest found." if read.is_complete else "No guest found so far. Not everything could be read."
    least = "" if read.is_complete else "At least "
    parts = list(_tally_parts(tally, limits))
    text = f"{least}{counted(tally.count, 'guest')}"
    return f"{text}: {comma_list(parts)}." if parts else f"{text}."


def progress_words(progress: Progress) -> str:
    """Return how far the counting is."""
    found = f"{counted(progress.found, 'guest')} found so far."
    if progress.part is ListPart.SIGN_INS:
        return f"Counting: the accounts are read. {found} The sign-ins of the last {WINDOW.days} days follow."
    return f"Counting: {counted(progress.rows, 'account')} read. {found}"


def _tally_parts(tally: GuestTally, limits: GuestLimits) -> Iterator[str]:
    """Return the parts, each guest once in each: who has an old invitation or a role is counted with these only."""
    old = tally.findings.get(GuestFinding.OLD_INVITATION, 0)
    if unused := tally.findings.get(GuestFinding.UNUSED):
        yield count_words(GuestFinding.UNUSED, unused, limits)
    if tally.pending:
        older = f" ({old:,} of them older than {limits.invited_before.days} days)" if old else ""
        yield f"{counted(tally.pending, 'open invitation')}{older}"
    if tally.disabled:
        yield f"{tally.disabled:,} disabled"
    if tally.members:
        yield counted(tally.members, "member")
    if tally.synchronized:
        yield f"{tally.synchronized:,} synchronized"
    if tally.with_roles:
        yield f"{tally.with_roles:,} with a directory role"


def match_words(tally: GuestTally) -> str:
    """Return how many guests were found in which way; empty for none."""
    return comma_list([f"{tally.matches[kind]:,} {words}" for kind, words in MATCHES.items() if kind in tally.matches])


def unread_words(read: GuestsRead) -> Iterator[str]:
    """Return what was not read, one sentence each."""
    if read.activity.unread is not None and read.guests.unread is None:
        yield f"The last sign-in of guests was not read ({_why(read.activity)}). So nobody is named as unused."
    if read.guests.unread is not None:
        yield f"The list of guests was not read to its end ({_why(read.guests)})."
    if read.own_accounts.unread is not None:
        yield f"Own accounts with an address of the partner were not read to their end ({_why(read.own_accounts)})."
    if read.sign_ins.unread is not None:
        yield f"The sign-ins of the last {WINDOW.days} days were not read to their end ({_why(read.sign_ins)})."
    yield from roles_words(read.roles)


def roles_words(roles: SourceRead) -> Iterator[str]:
    """Return that directory roles were not read, and why; nothing when they were."""
    if roles.unread is not None:
        yield f"Directory roles of guests were not read ({_why(roles)})."
    elif not roles.is_complete:
        yield _NO_ROLES


def _why(source: SourceRead) -> str:
    reason = "" if source.unread is None else UNREAD_REASON_WORDS[source.unread]
    return f"{reason}, {source.permission}" if source.permission else reason
