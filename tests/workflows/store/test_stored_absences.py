"""Absences in a store: one of a person at a time, the newest version only, and still there after a restart."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, NOW
from tests.workflows.store.stores import StorePlace
from tests.workflows.store.test_contract import place, store
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

__all__ = ["place", "store"]
ABSENCE = Absence(
    id=absence_id(AMARA.id, 1),
    version=1,
    person=AMARA,
    delegate=BRUNO,
    from_=NOW,
    until=NOW + timedelta(days=7),
    set_by=AMARA,
    set_at=NOW,
    note="At the sea",
)


def commit(absence: Absence, key: str) -> Commit:
    """Everything that setting it stores."""
    entry = AuditEntry(key=key, at=NOW, actor=AMARA.chat_id, command="set_absence", outcome="accepted", details={})
    return Commit(entry=entry, absence=absence)


async def test_an_absence_is_there_after_a_restart_until_it_ends(place: StorePlace) -> None:
    store = await place.open()
    assert await store.absence(ABSENCE.id) is None
    await store.commit(commit(ABSENCE, "a"))
    await place.close()
    store = await place.open()
    assert await store.absence(ABSENCE.id) == ABSENCE
    assert await store.absences(NOW) == [ABSENCE]
    assert await store.absences(ABSENCE.until) == []
    assert await store.count_absences(AMARA.id) == 1
    assert await store.count_absences(BRUNO.id) == 0
    ended = replace(ABSENCE, version=2, ended_at=NOW + timedelta(days=1), ended_by=BRUNO)
    await store.commit(commit(ended, "b"))
    assert await store.absences(NOW + timedelta(days=1)) == []
    assert await store.absences(NOW) == [ended]
    assert await store.absence(ABSENCE.id) == ended


async def test_two_people_cannot_set_the_same_absence_at_the_same_time(store: Store) -> None:
    await store.commit(commit(ABSENCE, "a"))
    with pytest.raises(StaleVersion):
        await store.commit(commit(replace(ABSENCE, delegate=AMARA), "b"))
    with pytest.raises(StaleVersion):
        await store.commit(commit(replace(ABSENCE, version=3), "c"))
    assert await store.absence(ABSENCE.id) == ABSENCE
