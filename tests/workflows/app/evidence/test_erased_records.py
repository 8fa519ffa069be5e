"""An erasure rewrites records: they stay believed, and what somebody else wrote is believed as little as before."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.app.evidence.test_erasing import ZOE, person_of, rejected_by
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.store.stores import KINDS
from tests.workflows.store.worlds import (
    change,
    forge_effect,
    give_up_in,
    given_up_docs,
    in_records,
    open_world_of,
    put_back_work,
    remove_work,
    restarted_of,
    stored_work,
)
from tests.workflows.world import World, open_world
from workflows.core.audit.personal import ERASED
from workflows.core.people import Person
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.core.requests.commands.request import Comment
from workflows.core.requests.effects import CheckPermission, lane
from workflows.core.requests.request import RequestState
from workflows.ports.audit_log import RESULT_OF, AuditEntry, RestsOn
from workflows.ports.records import Commit
from workflows.store.codec import EFFECT, REQUEST, dump, load, with_checksum

pytestmark = pytest.mark.threats("G7")


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world over each kind of store."""
    async with open_world_of(request.param, tmp_path) as made:
        yield made


def entry(world: World, key: str, **changed: Any) -> AuditEntry:
    made = AuditEntry(key=key, at=world.clock.now(), actor="test", command="x", outcome="accepted", details={})
    return replace(made, **changed)


async def problems(world: World) -> list[str]:
    return [one.name for one in (await world.store.verify_chain()).problems]


async def erase(world: World, person: Person, key: str = "erased") -> str:
    """Erase a person; returns the pseudonym."""
    known = await person_of(world, person.id)
    await world.store.personal_data.erase(known, key=key, actor="gatehouse")
    return f"person-{known.number}"


def away(world: World, person: Person, delegate: Person, set_by: Person | None = None) -> Absence:
    """An absence that has ended."""
    now = world.clock.now()
    begun, ended = now - timedelta(days=9), now - timedelta(days=1)
    return Absence(
        id=absence_id(person.id, 1),
        version=1,
        person=person,
        delegate=delegate,
        from_=begun,
        until=ended,
        set_by=set_by or person,
        set_at=begun,
    )


async def test_after_an_erasure_the_log_is_whole_and_what_others_ask_for_opens(world: World) -> None:
    other = await world.waiting()
    await rejected_by(world, ZOE, "Too wide")
    await world.store.commit(Commit(entry=entry(world, "away"), absence=away(world, ZOE, BRUNO)))
    assert await world.store.unproven(RestsOn(request_id=other.id)) == []
    pseudonym = await erase(world, ZOE)
    for text in (ZOE.id, ZOE.chat_id, "Brandt", "Too wide"):
        assert in_records(world, text) == [], text
    assert change(world, "select id, person from absences") == [(f"{pseudonym}:1", pseudonym)]
    assert await problems(world) == []
    assert list(world.store.take_unproven()) == []
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(await world.request(other.id), person)
    assert (await world.settled(other.id)).state is RequestState.APPLIED
    async with restarted_of(world) as again:
        assert await again.store.unproven(RestsOn(request_id=other.id)) == []
        assert await problems(again) == []
        assert await again.store.freeze() is None


async def test_each_transaction_of_an_erasure_names_its_records(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from workflows.store.common import erasing

    monkeypatch.setattr(erasing, "RECORDS_TOGETHER", 1)
    await rejected_by(world, ZOE, "Too wide")
    for person, delegate in ((ZOE, BRUNO), (BRUNO, ZOE)):
        absence = away(world, person, delegate)
        await world.store.commit(Commit(entry=entry(world, f"away {absence.id}"), absence=absence))
    await erase(world, ZOE)
    found = [one for one in await world.store.history(limit=100) if one.command == ERASED]
    assert [one.details["records"] for one in found] == [1, 1, 1]
    rows = await world.store.rows_after(0, limit=1000)
    assert [row.records is not None for row in rows if row.entry["command"] == ERASED] == [True] * 3
    assert await problems(world) == []


async def test_an_erasure_makes_no_forged_record_believed(world: World) -> None:
    """Forged records that name the person are rewritten and named, but with a text before that no entry named."""
    await rejected_by(world, ZOE, "Too wide")
    [(identity, doc)] = change(world, "select id, doc from requests")
    request = load(REQUEST, doc)
    forged = replace(request, fields=replace(request.fields, template="guest-documents"))
    change(world, "update requests set doc = ? where id = ?", with_checksum(dump(REQUEST, forged)), identity)
    made_up = replace(away(world, BRUNO, AMARA, set_by=ZOE), until=world.clock.now() + timedelta(days=90))
    change(
        world,
        "insert into absences (id, version, person, ends_at, doc) values (?, 1, ?, '2020', ?)",
        *(f"{ZOE.id}:1", BRUNO.id, world.store._clean.absence(made_up)),
    )
    await erase(world, ZOE)
    names = await problems(world)
    assert [name for name in names if name.startswith("record_changed:requests/")] == [
        f"record_changed:requests/{identity}"
    ]
    assert [name for name in names if "absences/" in name] != []


async def parked(world: World, click: CheckPermission) -> None:
    """A click that was received and given up."""
    received = entry(world, click.key, command="want_comment", outcome="received")
    await world.store.commit(Commit(entry=received, effects=(click,)))
    give_up_in(world, lane(click))


async def test_a_given_up_click_that_names_the_person_can_be_retried_and_a_forged_one_cannot(world: World) -> None:
    request = await world.waiting()
    await rejected_by(world, ZOE, "Too wide")
    said = Comment(actor=DANA.chat_id, request_id=request.id, text=f"As {ZOE.name} said")
    real = CheckPermission(command=said, key="click:1", received_at=world.clock.now())
    await parked(world, real)
    own = CheckPermission(command=replace(said, actor=ZOE.chat_id), key=f"click:{ZOE.chat_id}")
    await parked(world, own)
    forged = replace(real, key="click:2")
    forge_effect(world, forged, is_given_up=True)
    pseudonym = await erase(world, ZOE)
    clicks = [one for doc in given_up_docs(world) if isinstance(one := load(EFFECT, doc), CheckPermission)]
    assert [(one.key, one.command) for one in clicks] == [
        ("click:1", replace(said, text=f"As {pseudonym} said")),
        ("click:2", replace(said, text=f"As {pseudonym} said")),
    ]
    assert [len(await world.store.unproven(RestsOn(click=one))) for one in clicks] == [0, 1]


async def test_a_click_with_an_erased_result_is_not_checked_again(world: World) -> None:
    """The key of an entry can be erased. What it proved is in what the entry says about the click."""
    click = CheckPermission(
        command=Comment(actor=ZOE.chat_id, request_id=(await world.waiting()).id, text="Now"),
        key=f"click:{ZOE.id}",
    )
    await parked(world, click)
    kept = stored_work(world, lane(click))
    assert await world.store.unproven(RestsOn(click=click)) == []
    result = entry(world, f"{RESULT_OF}{click.key}", actor=ZOE.chat_id, account=ZOE.id, command="comment")
    await world.store.commit(Commit(entry=result))
    remove_work(world)
    await erase(world, ZOE)
    put_back_work(world, kept)
    async with restarted_of(world) as again:
        found = await again.store.unproven(RestsOn(click=click))
        assert [one.name for one in found] == [f"record_added:clicks/{click.key}"]


async def test_an_upgrade_names_an_absence_without_the_account_and_only_after_people_have_numbers(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "gatehouse.db") as world:
        await is_upgraded(world)


async def is_upgraded(world: World) -> None:
    """Make a file as the version before m044 left it, and open it."""
    await rejected_by(world, ZOE, "Too wide")
    await world.store.commit(Commit(entry=entry(world, "away"), absence=away(world, BRUNO, AMARA)))
    path = world.store.path
    await world.store.close()
    with closing(sqlite3.connect(path)) as db:
        # As the version before m044 left it: without entries, so that no signature of this version is in it.
        db.execute("delete from audit")
        db.execute("delete from sqlite_sequence where name = 'audit'")
        for column in ("personal", "salts", "records"):
            db.execute(f"alter table audit drop column {column}")
        for table in ("identities", "people"):
            db.execute(f"drop table {table}")
        db.execute("delete from _sqlite_migrations where name >= 'm044'")
        db.commit()
    async with open_world(path) as again:
        assert await problems(again) == []
        await again.store.commit(Commit(entry=entry(again, "now", actor=BRUNO.chat_id, account=BRUNO.id)))
        assert await problems(again) == []
        assert await again.store.unproven(RestsOn()) == []
        named = change(again, "select records from audit where command = 'begin_record_seals'")
        assert [BRUNO.id in records for (records,) in named] == [False]
        steps = [
            name for (name,) in change(again, "select name from _sqlite_migrations where name >= 'm044' order by 1")
        ]
        assert steps == ["m044_personal_texts", "m045_record_seals"]
