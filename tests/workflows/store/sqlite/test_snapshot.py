"""Records for a posture: of one moment, naming what cannot be read, and without touching a running bot."""

import asyncio
import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import NOW, REQUEST, TENANT, access_plan, identity, partnership, prepared, request
from tests.workflows.fakes import FixedClock
from tests.workflows.world import World
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records, WrittenRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit, StoreUnusable
from workflows.ports.store import Store
from workflows.store.sqlite.snapshot import read_records
from workflows.store.sqlite.store import open_store

OTHER = TenantId("0b0b0b0b-0000-4000-8000-000000000009")


def entry(key: str) -> AuditEntry:
    """An audit entry."""
    return AuditEntry(key=key, at=NOW, actor="U1", command="submit", outcome="accepted", details={})


def names(folder: Path) -> set[str]:
    """The files in a folder."""
    return set(os.listdir(folder))


async def fill(store: Store) -> None:
    """Store a partnership with its request, an open request, an old one, and a stopped effect of an old kind."""
    kept = partnership(version=1)
    for number, one in enumerate(
        [
            request(RequestState.APPLIED, version=1, writing_since=NOW),
            request(version=1, id=RequestId("r-open")),
            request(RequestState.REJECTED, version=1, id=RequestId("r-old")),
            request(RequestState.FAILED, version=1, id=RequestId("r-earlier"), writing_since=NOW),
        ]
    ):
        await store.commit(Commit(entry=entry(f"k{number}"), request=one, partnership=kept if number == 0 else None))


async def test_only_what_bears_on_a_posture_is_read(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await fill(store)
    records = await store.records()
    assert records.partnerships == {TENANT: partnership(version=1)}
    assert set(records.requests) == {REQUEST, "r-open"}
    assert records.unreadable == frozenset()
    await store.close()


async def test_of_one_tenant_only_its_records_are_read(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await fill(store)
    seen = prepared(
        observation=replace(prepared().observation, identity=replace(identity(), tenant_id=OTHER)),
        plan=replace(access_plan(), tenant_id=OTHER),
    )
    others = request(RequestState.FAILED, version=1, id=RequestId("r-other"), writing_since=NOW, prepared=seen)
    await store.commit(Commit(entry=entry("other"), request=others))
    assert set((await store.records()).requests) == {REQUEST, "r-open", "r-other"}
    assert await store.records(OTHER) == Records(requests={RequestId("r-other"): others})
    one = await store.records(TENANT)
    assert (set(one.partnerships), set(one.requests)) == ({TENANT}, {REQUEST, "r-open"})
    await store.close()


async def test_a_tenant_without_partnership_shows_who_began_to_write_it(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    failed = request(RequestState.FAILED, version=1, writing_since=NOW)
    await store.commit(Commit(entry=entry("k"), request=failed))
    assert (await store.records()).unfinished_requests() == {TENANT: failed}
    await store.close()


async def test_next_to_a_running_bot_the_same_is_read_and_nothing_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    await fill(store)
    before = names(tmp_path)
    assert await read_records(path, only_compared=True) == await store.records()
    assert names(tmp_path) == before
    await store.commit(Commit(entry=entry("later"), partnership=partnership(version=2)))
    found = await read_records(path)
    assert found is not None
    assert found.partnerships[TENANT].version == 2
    await store.close()


async def test_for_a_posture_an_applied_request_has_only_what_is_compared(tmp_path: Path) -> None:
    """Thousands of them fit into memory. Every other request is whole, and all are for the plan of a request."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await fill(store)
    failed = request(RequestState.FAILED, version=1, id=RequestId("r-failed"), writing_since=NOW)
    elsewhere = prepared(plan=replace(access_plan(), tenant_id=OTHER))
    await store.commit(Commit(entry=entry("failed"), request=replace(failed, prepared=elsewhere)))
    short, whole = await read_records(tmp_path / "gatehouse.db", only_compared=True), await read_records(store._path)
    assert short is not None
    assert whole is not None
    assert {key for key, one in short.requests.items() if isinstance(one, WrittenRequest)} == {REQUEST}
    assert {type(one) for one in whole.requests.values()} == {AccessRequest}
    assert set(whole.requests) == set(short.requests)
    for field in fields(WrittenRequest):
        assert getattr(short.requests[REQUEST], field.name) == getattr(whole.requests[REQUEST], field.name), field.name
    await store.close()


async def test_for_a_posture_equal_settings_of_many_partners_are_kept_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    for number in range(3):
        tenant_id, request_id = TenantId(f"{number}b0b0b0b-0000-4000-8000-000000000009"), RequestId(f"r-{number}")
        applied = request(
            RequestState.APPLIED,
            version=1,
            id=request_id,
            prepared=prepared(plan=replace(access_plan(), tenant_id=tenant_id)),
        )
        step = SetupStep(
            key=StepKey.B2B_COLLABORATION_INBOUND,
            is_needed=True,
            required_settings={"inboundTrust": {"isMfaAccepted": True}},
        )
        kept = partnership(
            version=1, identity=replace(identity(), tenant_id=tenant_id), request_id=request_id, setup=(step,)
        )
        await store.commit(Commit(entry=entry(f"k{number}"), request=applied, partnership=kept))
    records = await store.records()
    assert len(records.partnerships) == len(records.requests) == 3
    bodies = [operation.body for one in records.requests.values() for operation in one.plan.operations]
    settings = {id(value) for body in bodies for value in body.values() if isinstance(value, dict)}
    assert len(settings) == len([value for value in bodies[0].values() if isinstance(value, dict)])
    partners = records.partnerships.values()
    assert len({id(one.setup[0].required_settings["inboundTrust"]) for one in partners}) == 1
    assert len({id(one.stages) for one in partners}) == len({id(one.sponsor) for one in partners}) == 1
    await store.close()


async def test_of_many_partners_is_kept_what_was_picked_and_the_store_stays_free(tmp_path: Path) -> None:
    """They are read in another thread with another connection: a click is stored meanwhile."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await fill(store)
    reading, stored = threading.Event(), threading.Event()

    def picked(one: Partnership) -> str:
        reading.set()
        assert stored.wait(LONGEST_WAIT)
        return one.identity.default_domain

    listed = asyncio.create_task(store.partnerships(picked))
    await asyncio.to_thread(reading.wait, LONGEST_WAIT)
    await store.commit(Commit(entry=entry("meanwhile")))
    stored.set()
    assert await listed == [identity().default_domain]
    assert await store.identities() == [identity()]
    await store.close()


async def test_of_a_stopped_bot_the_same_is_read_without_a_file_next_to_it(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    await fill(store)
    await store.close()
    before = names(tmp_path)
    path.chmod(0o400)
    found = await read_records(path)
    assert found is not None
    assert TENANT in found.partnerships
    assert names(tmp_path) == before


async def test_no_file_is_no_records_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    assert await read_records(path) is None
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 100])
async def test_another_file_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"other\.db"):
        await read_records(path)
    assert path.read_bytes() == content


async def test_a_store_of_another_schema_is_said_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table requests (id text)")
    with pytest.raises(StoreUnusable, match="no such table"):
        await read_records(path)


async def test_what_cannot_be_read_is_named(world: World) -> None:
    await world.opened()
    await world.store.execute("update partnerships set doc = '{}'")
    records = await world.store.records()
    assert records.partnerships == {}
    assert records.unreadable == {TENANT}
    await world.store.execute("update partnerships set doc = 'not even JSON'")
    assert (await world.store.records()).unreadable == {TENANT}


async def test_a_request_that_cannot_be_read_leaves_its_tenant_neither_known_nor_unknown(world: World) -> None:
    await world.waiting()
    await world.store.execute("update requests set doc = '{}', tenant_id = ?", OTHER)
    assert (await world.store.records()).unreadable == {OTHER}


async def test_a_reader_next_to_a_writer_never_waits_for_it(tmp_path: Path) -> None:
    """The bot commits while records are read; neither delays the other."""
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    await fill(store)

    async def write() -> None:
        for number in range(2, 30):
            await store.commit(Commit(entry=entry(f"w{number}"), partnership=partnership(version=number)))

    async def read() -> None:
        for _ in range(10):
            found = await read_records(path)
            assert found is not None
            assert found.unreadable == frozenset()

    async with asyncio.timeout(LONGEST_WAIT), asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(read())
    await store.close()
    assert os.access(path, os.W_OK)


async def test_an_unreadable_record_is_unreadable_in_the_records_about_its_partner(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await fill(store)
    await store._write("update partnerships set doc = '{}'")
    assert (await store.records(TENANT)).unreadable == {TENANT}
    assert (await store.records(OTHER)).unreadable == frozenset()
    await store._write("update requests set doc = '{}', is_open = 1")
    await store._write("delete from partnerships")
    assert (await store.records(TENANT)).unreadable == {TENANT}
    await store.close()


async def test_partnerships_are_found_by_any_of_their_names(tmp_path: Path) -> None:
    """By tenant id, default domain, and the name that was typed; an unreadable record hides no other one."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    named = replace(identity(), default_domain="contoso.com", typed_name="shop.contoso.com")
    other = replace(identity(), tenant_id=OTHER, default_domain="northwind.com", typed_name="northwind.com")
    broken = replace(identity(), tenant_id=TenantId("0b0b0b0b-0000-4000-8000-00000000000b"), typed_name="contoso.com")
    for number, one in enumerate((named, other, broken)):
        await store.commit(Commit(entry=entry(f"k{number}"), partnership=partnership(version=1, identity=one)))
    await store._write("update partnerships set doc = 'no json' where tenant_id = ?", broken.tenant_id)
    for name in (named.tenant_id, "contoso.com", "shop.contoso.com"):
        assert [one.identity for one in await store.partnerships_named(name)] == [named], name
    assert await store.partnerships_named("adatum.com") == []
    await store.close()
