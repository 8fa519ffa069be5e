"""A list of guests is read in parts: each account in one of them, and in the same order back."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.app.evidence.guests.test_listing import ASKED, FORBIDDEN, account
from tests.workflows.core.builders import NOW, TENANT
from tests.workflows.world import World
from workflows.app.evidence.guests.kept_lists import MAX_LISTS, MAX_LISTS_OF_ONE, KeptLists
from workflows.app.evidence.guests.listing import GuestReading, GuestsRead, PlaceLost
from workflows.app.evidence.guests.places import ListPart, ListPlaces
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import ChatId, PersonId
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import AccountPage

OLD_LINK = TenantRefused(400, "Directory_ExpiredPageToken", "The specified page token value is invalid.")
PAGE = 3


async def part(world: World, places: ListPlaces, begin: int, **changes: Any) -> tuple[list[GuestRow], GuestsRead]:
    """Read one part: three rows and one more, as a page does."""
    rows: list[GuestRow] = []

    def take(row: GuestRow) -> bool:
        rows.append(row)
        return len(rows) <= PAGE

    reading = GuestReading(
        asked=ASKED,
        tenant=world.tenant,
        clock=world.clock,
        take=take,
        also_own=True,
        places=places,
        begin=begin,
        **changes,
    )
    return rows, await reading.read()


def ids(rows: list[GuestRow]) -> list[str]:
    return [row.account.id for row in rows]


def fill(world: World) -> None:
    """Let the tenant have eight guests on three pages, two own accounts, and five who are found by a sign-in."""
    settings = world.tenant.tenant_settings
    settings.guest_pages = [
        [account(number, f"{number}@contoso.com") for number in page] for page in (range(4), (), range(4, 8))
    ]
    settings.own_account_pages = [
        [GuestAccount(id=PersonId(one), mail=f"{one}@contoso.com", user_type="member")] for one in ("own1", "own2")
    ]
    people = [f"seen{number}" for number in range(5)]
    settings.sign_in_pages = [
        [SignIn(user_id=PersonId(one), home=TENANT, at=NOW, is_success=True) for one in (*people, "0", "gone")]
    ]
    world.tenant.accounts += [
        Account(id=PersonId(one), name=one, mail=f"{one}@example.com", is_enabled=True, is_member=False)
        for one in people
    ]


async def test_every_account_is_in_one_part_and_no_page_of_graph_is_read_that_is_not_needed(world: World) -> None:
    fill(world)
    places, begin, shown, read_pages = ListPlaces(), 0, list[list[str]](), list[int]()
    settings = world.tenant.tenant_settings
    while True:
        settings.links.clear()
        rows, _ = await part(world, places, begin)
        shown.append(ids(rows[:PAGE]))
        read_pages.append(len(settings.links))
        if len(rows) <= PAGE:
            break
        begin = rows[-1].place
    assert [one for page in shown for one in page] == [
        *map(str, range(8)),
        *("own1", "own2"),
        *(f"seen{number}" for number in range(5)),
    ]
    assert read_pages == [1, 3, 3, 1, 0], "from the page of Graph on where the part begins"
    assert world.script.calls.count("surroundings.read_foreign_sign_ins") == 1, "the log is read once for a list"


async def test_an_earlier_part_is_shown_again_in_the_same_order(world: World) -> None:
    fill(world)
    places = ListPlaces()
    first, _ = await part(world, places, 0)
    second, _ = await part(world, places, first[-1].place)
    world.tenant.tenant_settings.guest_pages[0].insert(0, account("new", "new@contoso.com"))
    again, _ = await part(world, places, 0, is_shown_before=True)
    assert ids(again) == ids(first)
    third, _ = await part(world, places, second[-1].place)
    assert ids(third)[0] == ids(second)[-1]


async def test_an_account_that_is_gone_leaves_nobody_out(world: World) -> None:
    fill(world)
    places = ListPlaces()
    first, _ = await part(world, places, 0)
    del world.tenant.tenant_settings.guest_pages[0][0]
    second, _ = await part(world, places, first[-1].place)
    assert ids(second)[:PAGE] == ["3", "4", "5"]


async def test_a_part_that_breaks_off_is_read_again_from_where_it_began(world: World) -> None:
    fill(world)
    places = ListPlaces()
    first, _ = await part(world, places, 0)
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("no answer"), on=2)
    begin = first[-1].place
    broken, read = await part(world, places, begin)
    assert (ids(broken), read.guests.unread) == (["3"], UnreadableReason.UNREACHABLE)
    assert world.script.calls.count("surroundings.read_foreign_sign_ins") == 0, "the rest of the guests comes first"
    again, _ = await part(world, places, begin)
    assert ids(again)[:PAGE] == ["3", "4", "5"]


async def test_a_link_that_graph_does_not_know_any_more_is_a_lost_place(world: World) -> None:
    fill(world)
    places = ListPlaces()
    begin = 0
    for _ in range(2):
        rows, _read = await part(world, places, begin)
        begin = rows[-1].place
    world.script.fail("surroundings.guest_page_active", OLD_LINK)
    with pytest.raises(PlaceLost):
        await part(world, places, begin)
    world.script.fail("surroundings.guest_page_active", FORBIDDEN)
    _, read = await part(world, places, begin)
    assert read.guests.unread is UnreadableReason.FORBIDDEN, "another refusal is said as it is"


async def test_a_list_that_has_just_begun_has_no_place_to_lose(world: World) -> None:
    """Graph may answer a filter with an empty page first, and may not take its own link."""
    world.tenant.tenant_settings.guest_pages = [[], [account(1, "1@contoso.com")]]
    world.script.fail("surroundings.guest_page_active", OLD_LINK, on=2)
    places = ListPlaces()
    rows, read = await part(world, places, 0)
    assert (rows, read.guests.is_complete) == ([], False)
    world.script.fail("surroundings.guest_page_active", OLD_LINK)
    with pytest.raises(PlaceLost):
        await part(world, places, 0)


async def test_what_could_not_be_read_with_the_first_part_is_not_asked_for_again(world: World) -> None:
    fill(world)
    places = ListPlaces()
    world.script.fail("surroundings.guest_page_active", FORBIDDEN)
    first, _ = await part(world, places, 0)
    _, read = await part(world, places, first[-1].place)
    assert read.activity.unread is UnreadableReason.FORBIDDEN
    assert world.script.calls.count("surroundings.guest_page_active") == 1


async def test_a_log_that_was_not_read_is_read_again_with_the_next_part(world: World) -> None:
    fill(world)
    places = ListPlaces()
    world.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("no answer"))
    begin = 0
    for _ in range(3):
        rows, read = await part(world, places, begin)
        begin = rows[-1].place
    assert (ids(rows), read.sign_ins.unread) == (["6", "7", "own1", "own2"], None)
    rows, read = await part(world, places, begin)
    assert (ids(rows), read.sign_ins.unread) == (["own2"], UnreadableReason.UNREACHABLE)
    rows, read = await part(world, places, begin)
    assert ids(rows)[:PAGE] == ["own2", "seen0", "seen1"]


async def test_accounts_of_a_sign_in_that_cannot_be_read_are_not_left_out_silently(world: World) -> None:
    fill(world)
    world.script.fail("tenant.accounts_by_id", TenantUnavailable("no answer"))
    reading = GuestReading(asked=ASKED, tenant=world.tenant, clock=world.clock, take=lambda _: True, also_own=True)
    read = await reading.read()
    assert (read.tally.count, read.tally.own_accounts) == (8, 2)
    assert (read.sign_ins.unread, read.is_complete) == (UnreadableReason.UNREACHABLE, False)


def test_a_link_that_leads_back_ends_the_list() -> None:
    places = ListPlaces()
    assert places.reach(ListPart.GUESTS, 0) == 0
    assert places.after(0, "b") == 1
    assert places.after(1, "b") is None
    assert places.reach(ListPart.OWN_ACCOUNTS, 0) == 2
    assert places.after(1, "c") is None, "the part ended here before"
    assert places.after(0, "other") == 1
    assert places.reach(ListPart.GUESTS, 0) == 1
    places.seen.add(account(1, ""))
    assert places.reach(ListPart.SIGN_INS, 1) == 3
    assert places.reach(ListPart.SIGN_INS, 0) == 3, "a part is read from its beginning at least"


async def test_a_list_without_an_end_is_not_read_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)
    settings = world.tenant.tenant_settings
    real = settings.guest_page

    async def leads_back(_: object, link: str | None, with_activity: bool) -> AccountPage:
        return replace(await real(link, with_activity=with_activity), next_link="1")

    monkeypatch.setattr(type(settings), "guest_page", leads_back)
    reading = GuestReading(asked=ASKED, tenant=world.tenant, clock=world.clock, take=lambda _: True, also_own=True)
    assert (await reading.read()).guests.unread is UnreadableReason.UNREACHABLE


def test_a_kept_list_is_found_by_its_owner_for_its_partner_and_for_an_hour(world: World) -> None:
    ann, bo, other = ChatId("U1"), ChatId("U2"), TenantId("00000000-0000-4000-8000-000000000009")
    lists = KeptLists(world.clock)
    kept = lists.start(ann, TENANT, GuestFilter.EVERYBODY)
    assert lists.find(kept.id, ann, TENANT) is kept
    assert lists.find(kept.id, bo, TENANT) is None
    assert lists.find(kept.id, ann, other) is None
    assert lists.find("", ann, TENANT) is None
    assert KeptLists(world.clock).find(kept.id, ann, TENANT) is None, "as after a restart"
    world.clock.advance(minutes=30)
    assert lists.find(kept.id, ann, TENANT) is kept
    world.clock.advance(minutes=60)
    assert lists.find(kept.id, ann, TENANT) is None


def test_only_a_few_lists_are_kept(world: World) -> None:
    lists = KeptLists(world.clock)
    ann = ChatId("U1")
    begun = []
    for _ in range(MAX_LISTS_OF_ONE + 1):
        begun.append(lists.start(ann, TENANT, GuestFilter.EVERYBODY))
        world.clock.advance(seconds=30)
    assert [lists.find(one.id, ann, TENANT) is not None for one in begun] == [False, *[True] * MAX_LISTS_OF_ONE]
    for number in range(MAX_LISTS):
        lists.start(ChatId(f"U9{number}"), TENANT, GuestFilter.EVERYBODY)
    assert [lists.find(one.id, ann, TENANT) for one in begun] == [None] * len(begun)
