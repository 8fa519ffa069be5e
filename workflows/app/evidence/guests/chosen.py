"""Find the accounts that somebody chose by mail address or object ID among the guests of one partner."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from workflows.app.evidence.guests.listing import AskedGuests, GuestReading
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.people import PersonId
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant

MAX_CHOSEN: Final = 100
"""The most accounts that are chosen one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenGuests:
    """The accounts that were found, and what names none of the partner's guests."""

    ids: tuple[PersonId, ...]
    unknown: tuple[str, ...]
    """As it was typed. Also an address, while it cannot be said that no other account has it."""
    shared: Mapping[str, int]
    """The typed addresses that several accounts have, and how many. They choose nobody."""
    is_complete: bool
    """Whether everything was read. Otherwise what is unknown may exist."""


def split_chosen(text: str) -> tuple[str, ...]:
    """Return each typed address or id once, as it was typed: separated by commas, semicolons, lines or spaces.

    A line with a word that is neither an address nor an id stays whole, for example the name of a person.
    """
    found: dict[str, str] = {}
    for line in text.replace(",", "\n").replace(";", "\n").splitlines():
        words = line.split()
        entries = words if all("@" in word or any(map(str.isdigit, word)) for word in words) else [" ".join(words)]
        for entry in entries:
            found.setdefault(entry.lower(), entry)
    return tuple(found.values())


async def find_chosen(typed: Collection[str], asked: AskedGuests, *, tenant: Tenant, clock: Clock) -> ChosenGuests:
    """Read the partner's guests and find each typed one. An address that several accounts have chooses none of them.

    Accounts of our own count there, too, but are never chosen.

    :param typed: addresses and object IDs, see `split_chosen`.
    :raises TenantUnavailable, TenantRefused: when it cannot be read whose guests they are.
    """
    owners: dict[str, dict[PersonId, GuestRow]] = {one.lower(): {} for one in typed}

    def take(row: GuestRow) -> bool:
        for name in _names(row) & owners.keys():
            owners[name][row.account.id] = row
        return True  # NB. to the end: another account may have the same address

    read = await GuestReading(asked=asked, tenant=tenant, clock=clock, take=take, also_own=True).read()
    found: dict[PersonId, None] = {}
    unknown = []
    for entry in typed:
        rows = owners[name := entry.lower()]
        row = next(iter(rows.values()), None)
        if row is None or (len(rows) == 1 and not _is_chosen(row, name, are_all_read=read.is_every_address_read)):
            unknown.append(entry)
        elif len(rows) == 1:
            found[row.account.id] = None
    shared = {name: len(rows) for name, rows in owners.items() if len(rows) > 1}
    return ChosenGuests(ids=tuple(found), unknown=tuple(unknown), shared=shared, is_complete=read.is_complete)


def _is_chosen(row: GuestRow, name: str, *, are_all_read: bool) -> bool:
    """Return whether a typed name chooses the only account that was found for it."""
    is_only_address = name not in {row.account.id.lower(), row.account.principal_name.strip().lower()}
    return not row.is_own_account and (are_all_read or not is_only_address)


def _names(row: GuestRow) -> set[str]:
    account = row.account
    return {text.strip().lower() for text in (account.id, account.mail, account.principal_name) if text.strip()}
