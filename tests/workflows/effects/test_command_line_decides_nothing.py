"""The command line goes through the same rules as Slack: no user of the operating system approves anything."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import AMARA, TENANT
from tests.workflows.world import World
from workflows.core.people import command_line_person
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.sqlite.other_process.shared_store import open_shared

pytestmark = pytest.mark.threats("G20")

OS_USER = command_line_person("os:root").chat_id


async def test_an_approval_by_a_user_of_the_operating_system_is_refused_and_recorded(world: World) -> None:
    request = await world.waiting()
    await world.click(replace(world.approval(request, AMARA), actor=OS_USER))
    assert (await world.request(request.id)).decisions == ()
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    assert await world.refusals() == [(OS_USER, "not_one_account")]
    assert world.tenant.writes == []


async def test_a_write_that_another_process_puts_into_the_queue_without_a_quorum_is_not_performed(world: World) -> None:
    """As `gatehouse doctor --retry` would for a stopped write, or a program that opens the same records."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    shared = await open_shared(world.store.path, world.clock)
    try:
        entry = AuditEntry(
            key="by-hand", at=world.clock.now(), actor=OS_USER, command="apply", outcome="accepted", details={}
        )
        apply = Apply(request_id=request.id, tenant_id=TENANT)
        assert await shared.commit(Commit(entry=entry, effects=(apply,)))
    finally:
        await shared.close()
    await world.settle()
    left = await world.request(request.id)
    assert (left.state, len(left.decisions)) == (RequestState.AWAITING_APPROVAL, 1)
    assert world.tenant.writes == []
    assert ("os:root", "apply", "accepted") in await world.log(), "who did it is recorded"
