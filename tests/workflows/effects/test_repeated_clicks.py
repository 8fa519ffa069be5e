"""A click counts once, and nobody is told that it is forged, however often and by whichever version it is checked.

The version before, whose entries name no records, had files only: PostgreSQL has no records of it.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.fakes import Crash
from tests.workflows.store.worlds import open_world_of, restarted_of
from tests.workflows.world import World
from workflows.core.audit.chain import BEGINNING, FIELDS, SEALING_BEGUN, sign
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.clicks import RetryEffect
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.effects_queue import QueueCode
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.sqlite.migrations import m044_personal_texts, m045_record_seals

SQLITE: Final = pytest.param(("sqlite", False), id="sqlite")
UPGRADED: Final = pytest.param(("sqlite", True), id="sqlite, upgraded")
POSTGRES: Final = pytest.param(("postgres", False), id="postgres", marks=pytest.mark.postgres)
CASES: Final = (SQLITE, UPGRADED, POSTGRES)


def of_the_version_before(path: Path) -> None:
    """Make a closed file as the version before left it: its entries name no records, and are signed without them."""
    key = KeyFile(own_key_file(path), is_own=True).ring(may_create=False).signing
    with closing(sqlite3.connect(path)) as db:
        for column in ("records", "personal", "salts"):
            db.execute(f"alter table audit drop column {column}")
        for table in ("identities", "people"):
            db.execute(f"drop table {table}")
        for step in (m044_personal_texts, m045_record_seals):
            db.execute("delete from _sqlite_migrations where name = ?", (step.__name__,))
        mac = BEGINNING.mac
        for seq, *texts in db.execute(f"select seq, {', '.join(FIELDS)} from audit order by seq").fetchall():
            mac = sign(mac, seq, dict(zip(FIELDS, texts, strict=True)), key)
            db.execute("update audit set mac = ? where seq = ?", (mac, seq))
        db.commit()


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, bool]:
    """The kind of store, and whether the process that ended was one of the version before."""
    kind, is_upgraded = request.param
    return str(kind), bool(is_upgraded)


@pytest.fixture
async def world(case: tuple[str, bool], tmp_path: Path) -> AsyncIterator[World]:
    """A world whose process ends."""
    async with open_world_of(case[0], tmp_path) as made:
        yield made


@pytest.fixture
def is_upgraded(case: tuple[str, bool]) -> bool:
    """Whether the process that ended was one of the version before."""
    return case[1]


async def killed(world: World, *, is_upgraded: bool) -> None:
    """End the process; where it is one of the version before, leave its file."""
    await world.store.close()
    if is_upgraded:
        of_the_version_before(world.store.path)


async def given_up(world: World, request: AccessRequest) -> int:
    """Give up Amara's approval, which is not checked yet; returns the number of the effect."""
    check = await world.received(world.approval(request, AMARA))
    [found] = [one.id for one in await world.store.pending(world.clock.now(), 100) if one.effect == check]
    await world.store.give_up(found, (Fact(QueueCode.UNREADABLE, {"problems": 1}),))
    return found


async def deciders(world: World, request: AccessRequest) -> list[str]:
    """Who approved. Nothing may be refused, and everything must be as signed entries say."""
    assert await world.refusals() == []
    assert list(world.store.take_unproven()) == []
    assert list((await world.store.verify_chain()).problems) == []
    return [one.person.name for one in (await world.request(request.id)).decisions]


async def test_a_process_that_ends_after_a_check_and_before_it_is_done_counts_the_click_once(
    world: World, is_upgraded: bool
) -> None:
    request = await world.waiting()
    check = await world.received(world.approval(request, AMARA))
    await world.permission_check.check_click(check)
    await killed(world, is_upgraded=is_upgraded)
    async with restarted_of(world) as again:
        assert check in [one.effect for one in await again.store.pending(again.clock.now(), 100)]
        await again.settle()
        assert await deciders(again, request) == [AMARA.name]
        assert await again.store.unchecked_clicks() == []


async def test_a_click_that_waits_while_the_process_ends_counts(world: World, is_upgraded: bool) -> None:
    request = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.received(world.approval(request, person))
    await killed(world, is_upgraded=is_upgraded)
    async with restarted_of(world) as again:
        assert (await again.settled(request.id)).state is RequestState.APPLIED
        assert await deciders(again, request) == [AMARA.name, BRUNO.name, CHIE.name]
        begun = [one.command for one in await again.store.history() if one.command == SEALING_BEGUN]
        assert begun == [SEALING_BEGUN] * is_upgraded


async def test_what_was_approved_and_half_written_is_written_to_its_end(world: World, is_upgraded: bool) -> None:
    """The tenant has the write, and the process ended before it was stored: it is performed again."""
    request = await world.approved()
    world.script.fail("tenant.write", Crash(), after=True)
    with pytest.raises(Crash):
        await world.settle()
    assert len(world.tenant.writes) == 1
    await killed(world, is_upgraded=is_upgraded)
    async with restarted_of(world) as again:
        assert (await again.settled(request.id)).state is RequestState.APPLIED
        assert len(await deciders(again, request)) == 3


async def test_a_click_that_was_given_up_and_is_tried_again_by_an_admin_counts(world: World, is_upgraded: bool) -> None:
    request = await world.waiting()
    effect_id = await given_up(world, request)
    await killed(world, is_upgraded=is_upgraded)
    async with restarted_of(world) as again:
        await again.click(RetryEffect(actor=DANA.chat_id, effect_id=effect_id))
        assert await deciders(again, request) == [AMARA.name]
        assert await again.store.given_up_effects() == []


@pytest.mark.parametrize("case", [SQLITE, POSTGRES], indirect=True)
async def test_a_retry_that_is_checked_twice_is_one(world: World) -> None:
    """The second check comes after the click it is about was performed."""
    request = await world.waiting()
    retry = await world.received(RetryEffect(actor=DANA.chat_id, effect_id=await given_up(world, request)))
    await world.permission_check.check_click(retry)
    await world.settle(but=CheckPermission)
    await world.settle()
    await world.permission_check.check_click(retry)
    assert await deciders(world, request) == [AMARA.name]
