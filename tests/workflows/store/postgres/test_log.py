"""The signed audit log in PostgreSQL: its numbers and keys. Changed rows: `tests.workflows.store.test_signed_log`."""

import asyncio
from dataclasses import replace

import pytest

from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_contract import entry
from workflows.core.audit.chain import KEY_CHANGED, KeyRing
from workflows.ports.records import Commit, StoreUnusable
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore


async def add(store: PostgresStore, count: int) -> None:
    for number in range(1, count + 1):
        details = {"number": number, "text": "naïve ‘ok’ \x00"}
        assert await store.commit(Commit(entry=entry(f"e{number}", details=details)))


async def problems(location: PostgresLocation) -> list[str]:
    check = await asyncio.to_thread(location.verify_audit)
    return [f"{one.code.value}:{one.seq}" for one in check.problems]


async def test_what_is_not_stored_uses_no_number(store: PostgresStore, location: PostgresLocation) -> None:
    await add(store, 2)
    assert await store.commit(Commit(entry=entry("e1"))) is False
    await add_one(store, "e3")
    assert [one.seq for one in await store.entries_after(0, limit=9)] == [1, 2, 3]
    assert (await store.chain_end()).seq == 3
    assert await problems(location) == []


async def add_one(store: PostgresStore, key: str) -> None:
    assert await store.commit(Commit(entry=entry(key)))


async def test_the_newest_entries_are_verified_alone_while_the_bot_writes(store: PostgresStore) -> None:
    await add(store, 9)
    checked, _ = await asyncio.gather(store.verify_chain(newest=4), add_one(store, "later"))
    assert checked.count in (4, 5)
    assert checked.problems == ()
    assert (await store.verify_chain()).count == 10


async def test_a_new_key_is_recorded_and_the_log_stays_whole(location: PostgresLocation) -> None:
    store = await location.open(FixedClock())
    await add(store, 2)
    await store.close()
    old = location.audit_keys.ring(may_create=False).signing
    changed = replace(location, keys=GivenKeys(KeyRing((old, new_key()))))
    store = await changed.open(FixedClock())
    await add_one(store, "e3")
    assert [one.entry.command for one in await store.entries_after(2, limit=9)] == ["submit", KEY_CHANGED]
    await store.close()
    assert await problems(changed) == []


async def test_beside_the_bot_nothing_is_signed_with_another_key(
    store: PostgresStore, location: PostgresLocation
) -> None:
    await add(store, 1)
    other = await replace(location, keys=GivenKeys(KeyRing((new_key(),)))).open_shared(FixedClock())
    with pytest.raises(StoreUnusable, match="the bot signs the audit log with another key"):
        await add_one(other, "e2")
    await other.close()
    assert len(await store.history()) == 1


async def test_an_entry_with_nul_in_its_columns_is_signed_as_it_is_stored(
    store: PostgresStore, location: PostgresLocation
) -> None:
    """No text in PostgreSQL can have that character."""
    assert await store.commit(Commit(entry=entry("e\x001", actor="U\x001", details={"text": "a\x00b"})))
    [stored] = await store.history()
    assert (stored.key, stored.actor, stored.details) == ("e1", "U1", {"text": "a\x00b"})
    assert await store.is_known("e\x001")
    assert await problems(location) == []
