"""What must hold with several writers, who share no process: here a bot and a command beside it, many times at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest

from tests.workflows.core.builders import AMARA, NOW, RILEY, TENANT, noted, partnership, request
from tests.workflows.store.test_contract import CLICKED, KNOWN, entry, new
from workflows.core.partners.partnership import Partnership
from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import RemindPerson, ShowHome, ShowRequest
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.message_copies import CardNotCurrent
from workflows.ports.records import Commit, OtherOpenRequest, StaleVersion
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore

WRITERS = 24


@pytest.fixture
def both(store: PostgresStore, beside: PostgresStore) -> Sequence[PostgresStore]:
    """Two stores of the same records."""
    return store, beside


async def committed(both: Sequence[PostgresStore], commits: Sequence[Commit]) -> list[object]:
    """Store all of them at once, in turn by each store; returns the results and errors."""
    stores = cycle(both)
    work = [next(stores).commit(commit) for commit in commits]
    return list(await asyncio.gather(*work, return_exceptions=True))


def count(outcomes: Sequence[object], kind: type) -> int:
    return sum(isinstance(one, kind) for one in outcomes)


async def test_of_one_version_exactly_one_is_stored(both: Sequence[PostgresStore]) -> None:
    await both[0].commit(Commit(entry=entry("first"), request=new(1)))
    commits = [Commit(entry=entry(f"c{n}"), request=new(1, version=2, note=noted(f"{n}"))) for n in range(WRITERS)]
    outcomes = await committed(both, commits)
    assert (outcomes.count(True), count(outcomes, StaleVersion)) == (1, WRITERS - 1)
    assert len(await both[0].history()) == 2


async def test_one_key_is_stored_once(both: Sequence[PostgresStore]) -> None:
    commit = Commit(entry=entry("click"), effects=(ShowHome(person=RILEY.chat_id),))
    outcomes = await committed(both, [commit] * WRITERS)
    assert (outcomes.count(True), outcomes.count(False)) == (1, WRITERS - 1)
    assert await both[1].count_pending(NOW) == (1, 0, 0)


async def test_of_many_requests_about_one_tenant_only_one_is_open(both: Sequence[PostgresStore]) -> None:
    commits = [Commit(entry=entry(f"c{n}"), request=new(n), must_be_only_open_request=True) for n in range(WRITERS)]
    outcomes = await committed(both, commits)
    assert (outcomes.count(True), count(outcomes, OtherOpenRequest)) == (1, WRITERS - 1)
    assert len(await both[0].open_requests()) == 1


async def test_the_log_is_one_chain_without_gaps_also_when_commits_fail(
    both: Sequence[PostgresStore], location: PostgresLocation
) -> None:
    good = [Commit(entry=entry(f"c{n}")) for n in range(WRITERS)]
    stale = [Commit(entry=entry(f"s{n}"), request=new(n, version=7)) for n in range(WRITERS)]
    outcomes = await committed(both, [one for pair in zip(good, stale, strict=True) for one in pair])
    assert (outcomes.count(True), count(outcomes, StaleVersion)) == (WRITERS, WRITERS)
    numbers = [one.seq for one in await both[0].entries_after(0, limit=99)]
    assert numbers == list(range(1, WRITERS + 1))
    check = await asyncio.to_thread(location.verify_audit)
    assert (check.count, check.problems) == (WRITERS, ())


async def test_one_alarm_of_a_kind_is_open(both: Sequence[PostgresStore]) -> None:
    code = next(iter(AlarmCode))
    alarms = [Alarm(id=AlarmId(f"a{n}"), code=code, subject="s", values={}, raised_at=NOW) for n in range(WRITERS)]
    outcomes = await committed(both, [Commit(entry=entry(f"c{one.id}"), alarm=one) for one in alarms])
    assert outcomes.count(True) == WRITERS, "the command is stored, whoever was first"
    assert len(await both[0].open_alarms()) == 1


async def test_an_app_home_waits_once_for_a_person(both: Sequence[PostgresStore]) -> None:
    await both[0].save_home(RILEY.chat_id)
    await both[0].save_home(AMARA.chat_id)
    people = [[RILEY.chat_id, AMARA.chat_id], [AMARA.chat_id, RILEY.chat_id]]
    stores = cycle(both)
    await asyncio.gather(*(next(stores).request_home_updates(people[n % 2]) for n in range(WRITERS)))
    assert sorted(one.lane for one in await both[0].pending(NOW, 9)) == sorted(
        [f"home:{AMARA.chat_id}", f"home:{RILEY.chat_id}"]
    )
    assert await both[1].count_home_requests(RILEY.chat_id) == WRITERS
    assert await both[1].count_pending(NOW) == (2, 0, 0)


async def test_of_unknown_cards_in_one_place_one_counts(both: Sequence[PostgresStore]) -> None:
    cards = [replace(CLICKED, message_id=f"1.{number}") for number in range(WRITERS)]
    stores = cycle(both)
    checks = [next(stores).require_current_card(card) for card in cards]
    outcomes = await asyncio.gather(*checks, return_exceptions=True)
    assert (outcomes.count(None), count(outcomes, CardNotCurrent)) == (1, WRITERS - 1)
    assert sum(copy.is_live for copy in await both[0].copies(KNOWN.subject)) == 1


async def test_what_is_put_off_waits_once(both: Sequence[PostgresStore]) -> None:
    later = NOW.replace(year=NOW.year + 1)
    effect = RemindPerson(person=RILEY.chat_id, not_before=later)
    stores = cycle(both)
    await asyncio.gather(*(next(stores).perform_later(effect, later) for _ in range(WRITERS)))
    assert await both[0].count_pending(later) == (1, 0, 0)


async def test_a_card_is_updated_once(both: Sequence[PostgresStore]) -> None:
    after = NOW - NOW
    stores = cycle(both)
    await asyncio.gather(*(next(stores).request_card_update(RequestId("r"), after=after) for _ in range(WRITERS)))
    assert await both[0].count_pending(NOW) == (1, 0, 0)


async def test_a_freeze_and_requests_that_are_filed_at_the_same_time_miss_nothing(
    both: Sequence[PostgresStore],
) -> None:
    """A request is either in the list of the freeze, or was stored after it. It is never in neither."""
    frozen = Freeze(version=1, state=FreezeState.FROZEN, since=NOW, by="Amara", reason="x")
    files = [
        Commit(entry=entry(f"c{n}"), request=new(n, state=RequestState.APPLYING, id=RequestId(f"r-{n:02}")))
        for n in range(WRITERS)
    ]
    freeze = Commit(entry=entry("freeze"), freeze=frozen)
    outcomes = await committed(both, [*files[: WRITERS // 2], freeze, *files[WRITERS // 2 :]])
    assert outcomes.count(True) == WRITERS + 1
    keys = [one.entry.key for one in await both[0].entries_after(0, limit=99)]
    before = set(keys[: keys.index("freeze")])
    shown = {one.effect.request_id for one in await both[0].pending(NOW, 999) if isinstance(one.effect, ShowRequest)}
    assert shown == {RequestId(f"r-{int(key[1:]):02}") for key in before}


async def test_opposite_partners_and_managers_never_wait_for_each_other_for_ever(
    both: Sequence[PostgresStore],
) -> None:
    """Two partners, whose managers have App Homes, are changed in both orders: every change is stored."""
    tenants = [TenantId(f"{letter}{TENANT[1:]}") for letter in "ab"]
    for person in (AMARA, RILEY):
        await both[0].save_home(person.chat_id)

    def partner(tenant: TenantId, version: int) -> Partnership:
        known = partnership(version=version)
        return replace(known, identity=replace(known.identity, tenant_id=tenant))

    async def change(number: int) -> None:
        for version in range(1, 6):
            commit = Commit(entry=entry(f"p{number}-{version}"), partnership=partner(tenants[number], version))
            assert await both[number].commit(
                replace(commit, request=request(id=RequestId(f"q{number}-{version}"), version=1))
            )
            await both[number].request_home_updates([RILEY.chat_id, AMARA.chat_id][:: 1 if number else -1])

    await asyncio.gather(change(0), change(1))
    assert len(await both[0].partnerships(lambda one: one)) == 2
