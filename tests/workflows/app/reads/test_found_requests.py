"""What replaced the result of a request: the first later one that was read back, and none before it was."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, request
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_pages import put
from tests.workflows.world import QuickStore
from workflows.app.reads import found_requests
from workflows.app.reads.found_requests import Replacement, read_replacement
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


async def test_with_more_requests_than_are_read_nothing_is_claimed(
    store: QuickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_requests, "MAX_LATER_REQUESTS", 2)
    assert await replacement(store, applied(2, 5), applied(3, 6)) is None
