"""A row's sponsor is a full member of our tenant, found by mail address. Nobody else is taken."""

from dataclasses import replace

import pytest

from tests.workflows.app.batches.importing.test_judging import TEMPLATE, codes, judged, known
from tests.workflows.core.builders import SAM
from tests.workflows.fakes import FakeTenant
from tests.workflows.world import CATALOG, World
from workflows.app.batches.importing.sponsors import AT_ONCE, find_sponsors
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.template import TicketRule
from workflows.ports.tenant import Account, TenantUnavailable

SAMS = Account(id=SAM.id, name=SAM.name, mail="sam@woodgrove.com", is_enabled=True, is_member=True)


def row(number: int, partner: str, sponsor: str = "", ticket: str = "") -> SheetRow:
    return SheetRow(number=number, partner=partner, template=TEMPLATE, sponsor=sponsor, ticket=ticket)


async def test_a_member_is_the_sponsor_and_an_empty_cell_names_nobody(world: World) -> None:
    known(world, "fabrikam.com")
    world.tenant.accounts.append(SAMS)
    found = await judged(world, row(2, "contoso.com", "Sam@Woodgrove.com"), row(3, "fabrikam.com"))
    first, second = found[2].asked, found[3].asked
    assert first is not None
    assert first.sponsor == replace(SAM, chat_id=ChatId(""))
    assert second is not None
    assert second.sponsor is None


async def test_each_wrong_sponsor_is_a_problem_of_its_column(world: World) -> None:
    other = replace(SAMS, id=PersonId("00000000-0000-4000-8000-0000000000a2"))
    world.tenant.accounts += [
        replace(SAMS, mail="guest@woodgrove.com", is_member=False),
        replace(SAMS, mail="left@woodgrove.com", is_enabled=False),
        replace(SAMS, mail="two@woodgrove.com"),
        replace(other, mail="two@woodgrove.com"),
    ]
    typed = {
        "guest@woodgrove.com": SheetCode.SPONSOR_GUEST,
        "left@woodgrove.com": SheetCode.SPONSOR_DISABLED,
        "two@woodgrove.com": SheetCode.SPONSOR_AMBIGUOUS,
        "nobody@woodgrove.com": SheetCode.SPONSOR_UNKNOWN,
        "Sam Peters": SheetCode.SPONSOR_NO_ADDRESS,
        "a@woodgrove.com; b@woodgrove.com": SheetCode.SPONSOR_NO_ADDRESS,
    }
    known(world, *(f"p{number}.example" for number in range(len(typed))))
    rows = [row(number, f"p{number - 2}.example", text) for number, text in enumerate(typed, start=2)]
    found = await judged(world, *rows)
    assert [codes(one) for one in found.values()] == [[code] for code in typed.values()]
    assert {one.problems[0].column for one in found.values()} == {"sponsor"}
    assert {one.verdict for one in found.values()} == {RowVerdict.REFUSED}


async def test_a_sponsor_who_is_not_known_now_is_not_refused_and_rows_without_one_are_judged(world: World) -> None:
    known(world, "fabrikam.com")
    world.script.fail("tenant.accounts_by_mail", TenantUnavailable("no answer"))
    found = await judged(world, row(2, "contoso.com", "sam@woodgrove.com"), row(3, "fabrikam.com"))
    assert [found[number].verdict for number in (2, 3)] == [RowVerdict.NOT_READ, RowVerdict.ADD]


async def test_addresses_are_looked_up_once_each_and_in_groups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def accounts_by_mail(_: FakeTenant, mails: list[str]) -> list[Account]:
        asked.append(len(mails))
        return []

    monkeypatch.setattr(FakeTenant, "accounts_by_mail", accounts_by_mail)
    rows = [row(number, "contoso.com", f"a{number % (AT_ONCE + 1)}@woodgrove.com") for number in range(400)]
    await find_sponsors(rows, tenant=world.tenant)
    assert asked == [AT_ONCE, 1]


async def test_a_ticket_is_checked_as_in_the_form(world: World) -> None:
    ruled = replace(CATALOG.templates[TEMPLATE], ticket=TicketRule(pattern=r"CHG-\d+"))
    catalog = replace(CATALOG, templates={**CATALOG.templates, TEMPLATE: ruled})
    world.catalog = catalog
    known(world, "fabrikam.com", "adatum.com")
    rows = [row(2, "contoso.com"), row(3, "fabrikam.com", ticket="7"), row(4, "adatum.com", ticket="CHG-7")]
    found = await judged(world, *rows)
    assert codes(found[2]) == [RefusalCode.TICKET_MISSING]
    assert codes(found[3]) == [RefusalCode.TICKET_WRONG]
    assert found[3].problems[0].column == "ticket"
    assert found[4].asked is not None
    assert found[4].asked.ticket == "CHG-7"
