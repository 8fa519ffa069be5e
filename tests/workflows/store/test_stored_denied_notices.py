"""Notices about refused sign-ins in a store: the newest version only, whole, and still there after a restart."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from tests.bench.denied_surfaces import FLOOD, ONE
from tests.workflows.core.builders import DANA, NOW
from tests.workflows.store.test_contract import entry, place, store
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, Dismissal
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

__all__ = ["place", "store"]
_NUMBERS = count()


async def put_notice(store: Store, notice: DeniedNotice) -> None:
    assert await store.commit(Commit(entry=entry(f"denied-{next(_NUMBERS)}"), denied=notice))


async def test_a_notice_is_read_back_unchanged(place: Any) -> None:
    store = await place.open()
    assert await store.denied_notice(ONE.subject) is None
    await put_notice(store, ONE)
    await put_notice(store, FLOOD)
    await place.close()
    again = await place.open()
    assert await again.denied_notice(ONE.subject) == ONE
    assert await again.denied_notice(MANY) == FLOOD
    assert {one.subject for one in await again.denied_notices()} == {ONE.subject, MANY}


async def test_only_the_next_version_is_stored_and_open_ones_are_told_apart(store: Store) -> None:
    await put_notice(store, ONE)
    dismissed = replace(ONE, version=2, dismissal=Dismissal(person=DANA, at=NOW, until=NOW))
    await put_notice(store, dismissed)
    assert await store.denied_notices() == [dismissed]
    assert await store.denied_notices(only_open=True) == []
    with pytest.raises(StaleVersion):
        await put_notice(store, dismissed)
