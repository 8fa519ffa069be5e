"""Reminders of the partner setup that nobody asks for: one a person a day, whatever is due."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.workflows.core.builders import AMARA, NOW, REDEEM_STEP, SAM, partnership
from tests.workflows.world import World
from workflows.app.schedule.ticker import tick
from workflows.core.people import Person
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def put(world: World, number: int, sponsor: Person) -> None:
    """Store a partner of a sponsor whose setup has an open step. A reminder is due after a week."""
    record = partnership(
        version=1,
        identity=replace(partnership().identity, tenant_id=TenantId(f"tenant-{number}")),
        sponsor=sponsor,
        setup=(REDEEM_STEP,),
        setup_prompt_at=NOW + timedelta(days=7),
        next_review_at=None,
    )
    entry = AuditEntry(key=f"put-{number}", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await world.store.commit(Commit(entry=entry, partnership=record))


async def reminded(world: World) -> Counter[str]:
    """Let time be noticed several times, and count the reminders that each sponsor got now."""
    world.notifier.halves.clear()
    for _ in range(3):
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        await world.settle()
    return Counter(record.sponsor.name for record, remind in world.notifier.halves if remind)


async def test_a_sponsor_of_several_partners_is_reminded_of_one_a_day(world: World) -> None:
    for number in range(3):
        await put(world, number, SAM)
    await put(world, 3, AMARA)
    assert await reminded(world) == {}
    world.clock.advance(days=7)
    assert await reminded(world) == {"Sam": 1, "Amara": 1}
    for left in (1, 1, 0):
        world.clock.advance(days=1)
        assert (await reminded(world))["Sam"] == left
    commands = [command for _, command, _ in await world.log()]
    assert commands.count("prompt_setup") == 4
    assert commands.count("postpone_setup_prompt") == 2, "each waits once, for its own day"


async def test_after_a_downtime_nobody_gets_more_than_one(world: World) -> None:
    await put(world, 0, SAM)
    world.clock.advance(days=80)
    assert await reminded(world) == {"Sam": 1}
    world.clock.advance(days=1)
    assert await reminded(world) == {}
