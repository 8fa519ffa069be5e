"""What replaced the result of a request: the first later one that was read back, and none before it was."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, request
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_pages import put
from tests.workflows.world import QuickStore
from workflows.app.reads.found_requests import Replacement, read_replacement
from workflows.core.partners.partnership import replacements_among
from workflows.core.requests.request import AccessRequest, RequestId, RequestState

S = RequestState
FIRST = RequestId("R-AAAAAAAAA1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[QuickStore]:
    """A store without records."""
    store = QuickStore(tmp_path / "gatehouse.db", FixedClock())
    await store.open()
    yield store
    await store.close()


def at(hour: int) -> datetime:
    return NOW + timedelta(hours=hour)


def applied(number: int, hour: int, **changes: Any) -> AccessRequest:
    """A request that was sent at once and read back some hours later."""
    usual: dict[str, Any] = {"id": RequestId(f"R-AAAAAAAAA{number}"), "version": 1, "confirmed_at": at(hour)}
    return request(changes.pop("state", S.APPLIED), **{**usual, "changed_at": at(hour), **changes})


async def replacement(store: QuickStore, *later: AccessRequest, of: AccessRequest | None = None) -> Replacement | None:
    """Store a request and later ones of its partner, and read what replaced it."""
    asked = of or applied(1, 1)
    await put(store, asked, *later)
    return await read_replacement(asked, store=store)


async def test_it_is_the_first_later_one_by_the_time_of_its_read_back(store: QuickStore) -> None:
    found = await replacement(store, applied(3, 9), applied(2, 5), applied(4, 0))
    assert found is not None
    assert (found.request.id, found.at) == ("R-AAAAAAAAA2", at(5))


@pytest.mark.parametrize("state", [S.AWAITING_APPROVAL, S.APPLYING, S.UNCONFIRMED, S.REJECTED, S.STOPPED])
async def test_nothing_is_replaced_before_it_is_read_back(store: QuickStore, state: RequestState) -> None:
    later = applied(2, 5, state=state, confirmed_at=None)
    assert await replacement(store, later) is None


async def test_a_part_that_was_read_back_replaces_and_so_does_what_others_changed(store: QuickStore) -> None:
    part = applied(2, 5, state=S.FAILED, confirmed_at=None, applied_part=1)
    found = await replacement(store, part, applied(3, 6, state=S.OVERWRITTEN, confirmed_at=None))
    assert found is not None
    assert (found.request.id, found.at) == (part.id, at(5))
    found = await read_replacement(part, store=store)
    assert found is not None
    assert found.request.state is S.OVERWRITTEN


async def test_a_request_that_wrote_nothing_has_nothing_to_replace(store: QuickStore) -> None:
    rejected = applied(1, 1, state=S.REJECTED, confirmed_at=None)
    assert await replacement(store, applied(2, 5), of=rejected) is None


async def test_what_is_applied_completely_replaces_more_than_a_part_before_it(store: QuickStore) -> None:
    part = applied(2, 5, state=S.FAILED, confirmed_at=None, applied_part=1)
    found = await replacement(store, part, applied(4, 9), applied(3, 6))
    assert found is not None
    assert (found.request.id, found.at) == ("R-AAAAAAAAA3", at(6))


async def test_among_read_requests_the_same_one_is_found(tmp_path: Path) -> None:
    """The store and the pure function follow one rule."""
    chance = Random(7)
    for number in range(30):
        requests = [_of_any_result(place, chance) for place in range(1, chance.randint(2, 9))]
        store = QuickStore(tmp_path / f"{number}.db", FixedClock())
        await store.open()
        await put(store, *requests)
        found = {one.id: later for one in requests if (later := await store.first_to_replace(one)) is not None}
        await store.close()
        assert replacements_among(requests) == found


def _of_any_result(place: int, chance: Random) -> AccessRequest:
    """A request that ended in one of the states that matter. No two end at one time."""
    hour = chance.randint(0, 40) * 10 + place
    state = chance.choice([S.APPLIED, S.APPLIED, S.OVERWRITTEN, S.FAILED, S.REJECTED])
    part = chance.choice([0, 1]) if state is S.FAILED else 0
    return applied(place, hour, state=state, applied_part=part, confirmed_at=at(hour) if state is S.APPLIED else None)
