"""Erase the texts of people who left: a term after their account is gone from Entra, or when an admin asks for it.

A person stays as long as anything in force names them. What cannot be read counts as in force, and as there.
"""

from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog

from workflows.core.errors.raised import DomainError
from workflows.core.people import GATEHOUSE, Role
from workflows.intervals import PEOPLE_LOOKED_FOR_EVERY
from workflows.ports.audit_log import ErasureCount, KnownPerson
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.records import StaleVersion
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

MARK: Final = "people_looked_for_at"
_COMMAND_LINE: Final = "os:"

_log = structlog.get_logger()


class Kept(StrEnum):
    """Why the texts of a person are kept."""

    UNKNOWN = "unknown"
    """No record names anybody with this identifier."""
    ERASED = "erased"
    """They were erased already."""
    NO_ACCOUNT_KNOWN = "no_account_known"
    """No account is known of this chat user, so nobody can say that it is gone."""
    IS_THERE = "is_there"
    """The account is in Entra."""
    IN_FORCE = "in_force"
    """A record that is open or in force names the person."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found about a person whose texts somebody wants to erase."""

    person: KnownPerson | None
    kept: Kept | None
    """Why their texts are kept; None when they can be erased."""
    in_force: tuple[str, ...] = ()
    count: ErasureCount = field(default_factory=lambda: ErasureCount(texts=0, entries=0, older=0, records=0))
    """What would be erased."""


async def find_person(identifier: str, *, store: Store, tenant: Tenant) -> Found:
    """Find out whether the texts of a person can be erased now, and how many there are. Nothing is changed.

    The term does not matter: whoever asks may have a reason, such as a request of the person.

    :param identifier: an account or a chat id. Of a user of the operating system nobody can say whether they left.
    :raises TenantUnavailable, TenantRefused: when the account cannot be read. Then it is not known to be gone.
    """
    person = await store.personal_data.known_person(identifier)
    if person is None:
        return Found(None, Kept.UNKNOWN)
    if not person.ids:
        return Found(person, Kept.ERASED)
    is_user_of_a_machine = all(one.startswith(_COMMAND_LINE) for one in person.ids)
    if not person.accounts and not is_user_of_a_machine:
        return Found(person, Kept.NO_ACCOUNT_KNOWN)
    if person.accounts and await tenant.accounts_by_id(person.accounts):
        return Found(person, Kept.IS_THERE)
    if in_force := await store.personal_data.records_in_force(person):
        return Found(person, Kept.IN_FORCE, tuple(in_force))
    return Found(person, None, count=await store.personal_data.count_to_erase(person))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Erases the texts of each person whose account has been gone for a term."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock
    roles: Collection[Role]
    term: timedelta
    start: Callable[[Coroutine[Any, Any, None]], None]
    """Starts work that may take long, and logs its errors."""

    async def check(self) -> None:
        """Look once a day who is gone, and erase the texts of those whose term is over, in the background.

        Each reading must find the account gone: one that is restored begins a new term.
        """
        now, last = self.clock.now(), await self.store.mark(MARK)
        if last and abs(now - datetime.fromisoformat(last)) < PEOPLE_LOOKED_FOR_EVERY:
            return
        await self.store.save_mark(MARK, now.isoformat())
        self.start(self._look(now))

    async def _look(self, now: datetime) -> None:
        try:
            over = await self._gone_for_the_term(now)
            holders = await self._holders() if over else frozenset()
        except DomainError as error:
            _log.warning("people_not_looked_for", reason=str(error))
            return
        for person in over:
            if not holders & set(person.ids) and not await self.store.personal_data.records_in_force(person):
                await self._erase(person, now)

    async def _gone_for_the_term(self, now: datetime) -> Sequence[KnownPerson]:
        """Store who is gone and who is there again; return those who have been gone for the term."""
        people = await self.store.personal_data.known_people()
        asked = sorted({account for person in people for account in person.accounts})
        found = await self.tenant.accounts_by_id(asked) if asked else ()
        there = {account.id.lower() for account in found}
        if len(asked) > 1 and not there:
            # Nobody at all: rather another tenant or a missing permission than that everybody left.
            _log.warning("people_not_looked_for", reason="no account was found")
            return ()
        over = []
        for person in people:
            is_gone = there.isdisjoint(account.lower() for account in person.accounts)
            if is_gone and person.gone_since is not None and person.gone_since + self.term <= now:
                over.append(person)
            elif is_gone != (person.gone_since is not None):
                await self.store.personal_data.save_gone(person.number, now if is_gone else None)
        return over

    async def _holders(self) -> frozenset[str]:
        """Return the chat ids of everybody who has a role now."""
        return frozenset([one for role in sorted(self.roles) for one in await self.directory.holders(role)])

    async def _erase(self, person: KnownPerson, now: datetime) -> None:
        """Erase one person's texts. A failure does not stop the work for others, and is tried again the next day."""
        key = f"erase:{person.number}:{now.isoformat()}"
        try:
            count = await self.store.personal_data.erase(person, key=key, actor=GATEHOUSE.chat_id)
        except StaleVersion as error:
            _log.warning("person_not_erased", number=person.number, reason=str(error))
        except Exception:
            _log.exception("person_not_erased", number=person.number)
        else:
            _log.info("person_erased", number=person.number, **count.as_details())
