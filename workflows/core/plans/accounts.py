"""The accounts of our tenant that a plan disables or enables, and what came of each. Pure.

Only `accountEnabled` is ever written, and only of guests. An account stays, with its groups and its licences.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from workflows.core.errors.call_ids import CallIds
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId

MAX_ACCOUNTS: Final = 1000
"""The most accounts in one plan. More need several plans."""
_GUEST: Final = "guest"


class AccountChange(StrEnum):
    """What is done with accounts. The values are stored."""

    DISABLE = "disable"
    ENABLE = "enable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One account as it was read: what decides whether it may be written. Texts are as Graph returns them."""

    id: PersonId
    name: str
    mail: str
    principal_name: str
    user_type: str
    """`guest` or `member`, lower case; empty when Graph named none."""
    is_enabled: bool
    is_synchronized: bool
    """Whether our own servers own the account. A change in Entra would be overwritten."""
    created_at: datetime | None = None


class AccountOutcome(StrEnum):
    """What came of one write. The values are stored."""

    ACCEPTED = "accepted"
    """Graph accepted it; it is done when it was read back."""
    GONE = "gone"
    """There is no such account any more."""
    REFUSED = "refused"
    """Graph refused it for good."""
    LATER = "later"
    """Nothing was written: Graph asked to wait."""
    UNKNOWN = "unknown"
    """It is not known whether it was written. It is read before it is written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWritten:
    """The answer to one write of a group of writes."""

    id: PersonId
    outcome: AccountOutcome
    at: datetime
    """When the answer came."""
    reason: tuple[Fact, ...] = ()
    """Why, unless it was accepted."""
    retry_after_seconds: float | None = None
    """How long Graph asked to wait, for `LATER`; None when it named no time."""
    ids: CallIds = field(default_factory=CallIds)


class LeftAlone(StrEnum):
    """Why an account is not written. The values are stored."""

    MEMBER = "member"
    """It is no guest, or Graph did not say what it is."""
    HAS_ROLE = "has_role"
    """It has a directory role, or may activate one. Values: `roles`, by name."""
    SYNCHRONIZED = "synchronized"
    """Our own servers own the account."""
    ALREADY = "already"
    """It is in the wished state."""
    SAME_ADDRESS = "same_address"
    """Another account has the same address. It is written only when it was chosen by itself."""
    MADE_HERE = "made_here"
    """A guest whose account was made here, without an invitation: it need not be the partner's."""
    OTHER_PARTNER = "other_partner"
    """Its address belongs to another recorded partner. Values: `partner`, its name."""
    NOT_FOUND = "not_found"
    """It was chosen, and is not among the partner's guests now."""
    GONE = "gone"
    """There is no such account any more."""
    CHANGED = "changed"
    """It is not the account that was shown: its address or its sign-in name is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAccount:
    """One account that a plan writes, as it was shown."""

    id: PersonId
    name: str
    mail: str
    principal_name: str
    why: str
    """Why it counts as the partner's, see `GuestMatch`."""
    was_enabled: bool
    """The state before, to which an undo returns it."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLeft:
    """One account that was found and is not written."""

    id: PersonId
    name: str
    mail: str
    reason: LeftAlone
    values: Mapping[str, Any] = field(default_factory=dict)
    """See `LeftAlone`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """Exactly the accounts that are written, and those that were found and are left alone."""

    change: AccountChange
    accounts: tuple[PlannedAccount, ...]
    """At most `MAX_ACCOUNTS`. Nobody else is written."""
    left_alone: tuple[AccountLeft, ...] = ()
    """The first of them, by name; `left_counts` has how many there are."""
    left_counts: Mapping[LeftAlone, int] = field(default_factory=dict)
    """How many are left alone for each reason."""
    more: int = 0
    """How many more could be written by a later plan."""
    is_complete: bool = True
    """Whether everything was read in which the partner's guests are found. Otherwise there may be more."""

    def as_approved(self) -> dict[str, Any]:
        """Return what the digest of the plan covers, as JSON values."""
        return {
            "change": self.change.value,
            "accounts": [
                [one.id, one.name, one.mail, one.principal_name, one.why, one.was_enabled, _text(one.created_at)]
                for one in self.accounts
            ],
            "leftAlone": [[one.id, one.name, one.mail, one.reason.value, dict(one.values)] for one in self.left_alone],
            "leftCounts": {reason.value: count for reason, count in self.left_counts.items()},
            "more": self.more,
            "isComplete": self.is_complete,
        }


class AccountEnd(StrEnum):
    """What is known about one account of a plan that is written. The values are stored."""

    SENT = "sent"
    """Graph accepted the write. It was not read back yet."""
    DONE = "done"
    """It was written, and read back."""
    LEFT_ALONE = "left_alone"
    """It was different from what was shown, so nothing was sent."""
    GONE = "gone"
    REFUSED = "refused"
    """Graph refused the write."""
    NOT_SHOWN = "not_shown"
    """Graph accepted the write, and does not show it: somebody else may have changed it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountResult:
    """What came of one account."""

    id: PersonId
    end: AccountEnd
    at: datetime
    left: LeftAlone | None = None
    """Why it was left alone."""
    reason: tuple[Fact, ...] = ()
    """Why it was refused, or more about why it was left alone."""
    ids: CallIds = field(default_factory=CallIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProgress:
    """How far a plan of accounts is written. It is stored before each group is sent, and after each answer."""

    results: tuple[AccountResult, ...] = ()
    """At most one for each account of the plan."""
    sending: tuple[PersonId, ...] = ()
    """The accounts that were sent last and whose answer is not known. They are read before anything is sent."""
    sending_since: datetime | None = None
    stop: tuple[Fact, ...] = ()
    """Why nothing more is sent. What was sent is still read back; then the request ends."""

    def count(self, end: AccountEnd) -> int:
        """Return how many accounts ended like this."""
        return sum(one.end is end for one in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many accounts there are of each end, and of those whose answer is not known, as JSON values."""
        ends = {end.value: number for end in AccountEnd if (number := self.count(end))}
        return {**ends, **({"unknown": len(self.sending)} if self.sending else {})}

    @property
    def has_effect(self) -> bool:
        """Return whether a write took effect, or may have."""
        return bool(self.sending) or any(one.end in (AccountEnd.SENT, AccountEnd.DONE) for one in self.results)

    def ids_of(self, end: AccountEnd) -> tuple[PersonId, ...]:
        """Return the accounts that ended like this, in the order in which they did."""
        return tuple(one.id for one in self.results if one.end is end)

    def remaining(self, plan: AccountPlan) -> tuple[PlannedAccount, ...]:
        """Return the accounts that nothing was sent for yet, in the order of the plan."""
        known = {one.id for one in self.results} | set(self.sending)
        return tuple(one for one in plan.accounts if one.id not in known)


def merged_results(
    results: Iterable[AccountResult], newer_results: Collection[AccountResult]
) -> tuple[AccountResult, ...]:
    """Return one result for each account: the newer one, in the place of the earlier one."""
    newer = {one.id: one for one in newer_results}
    kept = [newer.pop(one.id, one) for one in results]
    return (*kept, *newer.values())


def reason_to_leave(
    state: AccountState | None, roles: Collection[str], change: AccountChange, shown: PlannedAccount | None = None
) -> tuple[LeftAlone, Mapping[str, Any]] | None:
    """Return why an account must not be written, with the values of the reason; None when it may be.

    :param state: the account as it was just read; None when it does not exist.
    :param roles: the names of its directory roles.
    :param shown: the account as the plan shows it; None while the plan is made.
    """
    if state is None:
        return LeftAlone.GONE, {}
    if state.user_type != _GUEST:
        return LeftAlone.MEMBER, {}
    if roles:
        return LeftAlone.HAS_ROLE, {"roles": sorted(roles)}
    if state.is_synchronized:
        return LeftAlone.SYNCHRONIZED, {}
    if shown is not None and not _is_same_account(state, shown):
        return LeftAlone.CHANGED, {}
    if state.is_enabled is (change is AccountChange.ENABLE):
        return LeftAlone.ALREADY, {}
    return None


def _is_same_account(state: AccountState, shown: PlannedAccount) -> bool:
    return (state.id, state.mail.lower(), state.principal_name.lower(), state.created_at) == (
        shown.id,
        shown.mail.lower(),
        shown.principal_name.lower(),
        shown.created_at,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
