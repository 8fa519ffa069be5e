"""Find the people whom the rows of a sheet name as sponsors, by their mail addresses.

Who they are in the chat system is looked up when the draft is opened.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.judged import JudgedRow
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.errors.facts import Fact, Facts
from workflows.core.people import ChatId, Person, PersonId, mail_in_lower_case
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

AT_ONCE: Final = 100
"""How many addresses are looked up together: a few requests to Graph."""
_ADDRESS: Final = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSponsors:
    """What was found for each address, in lower case."""

    people: Mapping[str, Person]
    problems: Mapping[str, Fact]
    """Why somebody cannot be a sponsor."""
    unread: Mapping[str, Facts]
    """Why it is not known, for each address that Entra did not answer for."""

    def checked(self, row: SheetRow) -> SheetRow:
        """Return a row with the problem of its sponsor, if there is one."""
        problem = self.problems.get(_key(row.sponsor))
        return row if problem is None else replace(row, problems=(*row.problems, CellProblem(Column.SPONSOR, problem)))

    def why_unread(self, row: SheetRow) -> Facts:
        """Return why the sponsor of a row is not known; empty when that is known, or the row names none."""
        return self.unread.get(_key(row.sponsor), ())

    def named_in(self, judged: JudgedRow) -> JudgedRow:
        """Return a judged row that asks for its sponsor."""
        sponsor = self.people.get(_key(judged.row.sponsor))
        if judged.asked is None or sponsor is None:
            return judged
        return replace(judged, asked=replace(judged.asked, sponsor=sponsor))


async def find_sponsors(rows: Iterable[SheetRow], *, tenant: Tenant) -> FoundSponsors:
    """Find the sponsor of each row that names one, each address once, in groups."""
    typed = {_key(row.sponsor): row.sponsor for row in rows if row.sponsor}
    people: dict[str, Person] = {}
    unread: dict[str, Facts] = {}
    wrong = {key: text for key, text in typed.items() if not _ADDRESS.fullmatch(key)}
    problems = {key: Fact(SheetCode.SPONSOR_NO_ADDRESS, {"typed": text}) for key, text in wrong.items()}
    addresses = [key for key in typed if key not in wrong]
    for start in range(0, len(addresses), AT_ONCE):
        some = addresses[start : start + AT_ONCE]
        try:
            accounts = _by_mail(await tenant.accounts_by_mail(some))
        except (TenantUnavailable, TenantRefused) as error:
            unread |= dict.fromkeys(some, error.facts)
            continue
        for key in some:
            found = accounts.get(key, [])
            if (problem := _problem(found)) is not None:
                problems[key] = Fact(problem, {"typed": typed[key]})
            else:
                people[key] = Person(id=found[0].id, chat_id=ChatId(""), name=found[0].name)
    return FoundSponsors(people=people, problems=problems, unread=unread)


def _problem(accounts: Sequence[Account]) -> SheetCode | None:
    """Return why the accounts with an address are not one that can be a sponsor."""
    match accounts:
        case []:
            return SheetCode.SPONSOR_UNKNOWN
        case [account]:
            if not account.is_member:
                return SheetCode.SPONSOR_GUEST
            return None if account.is_enabled else SheetCode.SPONSOR_DISABLED
        case _:
            return SheetCode.SPONSOR_AMBIGUOUS


def _by_mail(accounts: Sequence[Account]) -> Mapping[str, Sequence[Account]]:
    found: defaultdict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        found[_key(account.mail)].append(account)
    return found


def _key(address: str) -> str:
    return mail_in_lower_case(address)


async def sponsor_mails(ids: Iterable[PersonId], *, tenant: Tenant) -> Mapping[PersonId, str]:
    """Return the mail address of each person for whom a row with it would find exactly this person.

    :raises TenantUnavailable, TenantRefused: when Entra does not answer.
    """
    accounts = await tenant.accounts_by_id(sorted(set(ids)))
    found = await find_sponsors((SheetRow(number=0, sponsor=one.mail) for one in accounts), tenant=tenant)
    people = {person.id: address for address, person in found.people.items()}
    return {one.id: one.mail for one in accounts if people.get(one.id) == _key(one.mail)}
