"""Find the accounts that somebody chose by mail address or object ID among the guests of one partner."""

from collections.abc import Collection, Sequence
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
    """As it was typed."""
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
    """Read the partner's guests until each typed one is found. An address that several accounts have names all of them.

    :param typed: addresses and object IDs, see `split_chosen`.
    :raises TenantUnavailable, TenantRefused: when it cannot be read whose guests they are.
    """
    found: dict[PersonId, None] = {}
    seen: set[str] = set()
    wanted = {one.lower() for one in typed}

    def take(row: GuestRow) -> bool:
        names = _names(row) & wanted
        if names:
            found[row.account.id] = None
            seen.update(names)
        return True  # NB. to the end: another account may have the same address

    read = await GuestReading(asked=asked, tenant=tenant, clock=clock, take=take).read()
    unknown: Sequence[str] = [one for one in typed if one.lower() not in seen]
    return ChosenGuests(ids=tuple(found), unknown=tuple(unknown), is_complete=read.is_complete)


def _names(row: GuestRow) -> set[str]:
    account = row.account
    return {text.strip().lower() for text in (account.id, account.mail, account.principal_name) if text.strip()}
