"""Choose, while the guests of a partner are listed, the accounts that a plan writes. Pure.

At most `MAX_ACCOUNTS` candidates are held. The others are only counted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.partners.reviewing.evidence.guest_state import Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestMatch
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    MAX_ACCOUNTS,
    AccountChange,
    AccountLeft,
    AccountPlan,
    AccountState,
    LeftAlone,
    PlannedAccount,
    reason_to_leave,
)

_MAX_NAMED: Final = 200
"""How many of the accounts that are left alone a plan names. It counts all."""


@dataclass(slots=True)
class _Left:
    named: list[AccountLeft] = field(default_factory=list)
    counts: dict[LeftAlone, int] = field(default_factory=dict)

    def add(
        self, person: PersonId, name: str, mail: str, reason: LeftAlone, values: Mapping[str, Any] | None = None
    ) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if len(self.named) < _MAX_NAMED:
            self.named.append(AccountLeft(id=person, name=name, mail=mail, reason=reason, values=values or {}))


class AccountChoice:
    """Chooses the accounts of one plan."""

    def __init__(self, change: AccountChange, *, chosen: Collection[PersonId] = (), only_found: bool = False) -> None:
        """Begin without any account.

        :param chosen: the accounts that were chosen; empty: every one.
        :param only_found: whether only accounts are written that a review finds.
        """
        self._change = change
        self._chosen = frozenset(chosen)
        self._only_found = only_found
        self._left = _Left()
        self._rows: dict[PersonId, GuestRow] = {}
        self._seen: set[PersonId] = set()
        """The chosen accounts that were found."""
        self._doubled: set[str] = set()
        """The addresses that more than one account has."""
        self._more = 0

    def take(self, row: GuestRow) -> None:
        """Take one account of the list: as a candidate, or with the reason why it is left alone."""
        account, address = row.account, _address(row)
        if address and (Oddity.SAME_ADDRESS in row.oddities or self._has_address(row)):
            self._doubled.add(address)
        if row.is_own_account:
            return  # it is no guest: only its address counts
        if self._chosen and account.id not in self._chosen:
            return
        self._seen.update(self._chosen & {account.id})
        if account.id in self._rows or (self._only_found and row.finding is None):
            return
        if (reason := self._listed_reason(row)) is not None:
            self._left.add(account.id, account.name, account.mail, reason)
        elif len(self._rows) >= MAX_ACCOUNTS:
            self._more += 1
        else:
            self._rows[account.id] = row

    def _has_address(self, row: GuestRow) -> bool:
        """Return whether another candidate has the address of an account that only its sign-in shows."""
        if row.match is not GuestMatch.SIGN_IN:
            return False  # the list itself compares the addresses of the others
        return any(one.account.id != row.account.id and _address(one) == _address(row) for one in self._rows.values())

    def _listed_reason(self, row: GuestRow) -> LeftAlone | None:
        account = row.account
        if account.is_member:
            return LeftAlone.MEMBER
        if account.is_synchronized:
            return LeftAlone.SYNCHRONIZED
        if Oddity.NOT_INVITED in row.oddities:
            return LeftAlone.MADE_HERE
        return LeftAlone.ALREADY if account.is_enabled is (self._change is AccountChange.ENABLE) else None

    @property
    def candidates(self) -> tuple[GuestRow, ...]:
        """Return the accounts that may be written as far as the list shows, in its order."""
        return tuple(self._rows.values())

    def plan(
        self,
        states: Mapping[PersonId, AccountState],
        roles: Mapping[PersonId, Collection[str]],
        others: Mapping[PersonId, str],
        *,
        is_complete: bool,
    ) -> AccountPlan:
        """Return the plan, after the candidates were read again.

        :param states: every candidate as it was just read. One that is missing does not exist any more.
        :param roles: the names of the directory roles of everybody who has one.
        :param others: the name of the other partner to which the address of an account belongs.
        :param is_complete: whether everything was read in which accounts are found.
        """
        accounts = []
        for person, row in self._rows.items():
            state = states.get(person)
            reason = self._reason(row, state, roles.get(person, ()), others.get(person))
            if state is not None and reason is None:
                accounts.append(_planned(state, row))
            else:
                self._left.add(person, row.account.name, row.account.mail, *(reason or (LeftAlone.GONE, {})))
        for person in sorted(self._chosen - self._seen):
            self._left.add(person, "", "", LeftAlone.NOT_FOUND)
        return AccountPlan(
            change=self._change,
            accounts=tuple(accounts),
            left_alone=tuple(self._left.named),
            left_counts=dict(self._left.counts),
            more=self._more,
            is_complete=is_complete,
        )

    def _reason(
        self, row: GuestRow, state: AccountState | None, roles: Collection[str], other: str | None
    ) -> tuple[LeftAlone, Mapping[str, Any]] | None:
        if (reason := reason_to_leave(state, roles, self._change)) is not None:
            return reason
        if other is not None:
            return LeftAlone.OTHER_PARTNER, {"partner": other}
        if row.account.id not in self._chosen and _address(row) in self._doubled:
            return LeftAlone.SAME_ADDRESS, {}
        return None


def undo_plan(
    disabled: Collection[PlannedAccount],
    states: Mapping[PersonId, AccountState],
    roles: Mapping[PersonId, Collection[str]],
) -> AccountPlan:
    """Return the plan that enables again what was disabled, where it is still exactly what was left."""
    left, accounts = _Left(), []
    for one in disabled:
        reason = reason_to_leave(states.get(one.id), roles.get(one.id, ()), AccountChange.ENABLE, one)
        if reason is None:
            accounts.append(replace(one, was_enabled=False))
        else:
            left.add(one.id, one.name, one.mail, *reason)
    return AccountPlan(
        change=AccountChange.ENABLE,
        accounts=tuple(accounts),
        left_alone=tuple(left.named),
        left_counts=left.counts,
    )


def _planned(state: AccountState, row: GuestRow) -> PlannedAccount:
    return PlannedAccount(
        id=state.id,
        name=state.name,
        mail=state.mail,
        principal_name=state.principal_name,
        why=row.match.value,
        was_enabled=state.is_enabled,
        created_at=state.created_at,
    )


def _address(row: GuestRow) -> str:
    return row.account.mail.strip().lower()
