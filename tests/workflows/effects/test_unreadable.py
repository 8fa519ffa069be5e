"""A record or an effect that cannot be read is logged and left out, and delays nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from tests.workflows.core.builders import AMARA, DANA, NOW, TENANT, partnership
from tests.workflows.core.builders import request as usual
from tests.workflows.world import World
from workflows.app.reads.waiting_requests import waiting_for
from workflows.app.schedule.ticker import tick
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

S = RequestState


async def put_requests(world: World) -> list[RequestId]:
    """Store three requests that wait for Amara, and spoil the second."""
    ids = [RequestId(f"r-{number}") for number in range(3)]
    for request_id in ids:
        await world.put(usual(id=request_id))
    await world.store.execute("update requests set doc = '{}' where id = 'r-1'")
    return ids


async def test_one_request_that_cannot_be_read_hides_no_other(world: World) -> None:
    first, _, third = await put_requests(world)
    with structlog.testing.capture_logs() as logs:
        assert [one.id for one in await world.store.open_requests()] == [first, third]
        shown = await waiting_for(AMARA.chat_id, store=world.store, directory=world.directory)
        assert [one.id for one in shown.requests.items] == [first, third]
    assert {(line["event"], line["log_level"]) for line in logs} == {("record_unreadable", "error")}


async def test_the_others_are_decided_expire_and_are_revoked_as_ever(world: World) -> None:
    first = (await world.waiting()).id
    _, spoilt, third = await put_requests(world)
    with structlog.testing.capture_logs():
        await world.approve(replace(usual(), id=spoilt), AMARA)
        assert await world.refusals() == [(AMARA.chat_id, RefusalCode.NOT_AS_SIGNED)], (
            "it was changed, and is not unknown"
        )
        await world.approve(await world.request(first), AMARA)
        assert [one.person for one in (await world.request(first)).decisions] == [AMARA]
        world.clock.moment = (await world.request(first)).expires_at
        for _ in range(2):
            await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        await world.settle()
        assert [(await world.request(one)).state for one in (first, third)] == [S.EXPIRED, S.EXPIRED]
        await world.revoke(DANA)
    known = await world.store.partnership(TENANT)
    assert known is not None
    assert known.state is PartnershipState.REVOKED


async def test_one_partner_that_cannot_be_read_does_not_keep_the_others_from_their_review(world: World) -> None:
    for number in range(3):
        identity = replace(partnership().identity, tenant_id=TenantId(f"t-{number}"), default_domain=f"{number}.com")
        entry = AuditEntry(key=f"p-{number}", at=NOW, actor="t", command="t", outcome="accepted", details={})
        known = partnership(version=1, identity=identity)
        assert await world.store.commit(Commit(entry=entry, partnership=known))
    await world.store.execute("update partnerships set doc = '{}' where tenant_id = 't-0'")
    world.clock.advance(days=30)
    with structlog.testing.capture_logs() as logs:
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        await world.reviews.check()
        await world.settle()
        states = [(one.identity.tenant_id, one.state) for one in await world.store.partnerships(lambda one: one)]
    assert states == [("t-1", PartnershipState.REVIEW_DUE), ("t-2", PartnershipState.REVIEW_DUE)]
    assert {"tick_failed_for_one", "review_question_failed"} <= {line["event"] for line in logs}
    assert [one.record.identity.tenant_id for batch in world.notifier.asked for one in batch] == ["t-1", "t-2"]


async def test_an_effect_that_is_no_json_is_counted_like_any_other(world: World) -> None:
    """Otherwise one broken row would leave the bot without numbers about itself."""
    request = await world.waiting()
    await world.settle()
    await world.service.store_click(world.approval(request, AMARA), key="click-1")
    await world.store.execute("update effects set doc = 'no JSON' where lane = ?", "judge:click-1")
    assert (await world.store.count_pending(world.clock.now()))[0] >= 1


@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_one_effect_that_cannot_be_read_leaves_the_others_their_turn(world: World, place: str) -> None:
    """Three people click; the click of one was stored and cannot be read any more."""
    request = await world.waiting()
    for number in range(3):
        await world.service.store_click(world.approval(request, AMARA), key=f"click-{number}")
    spoilt = {"first": "judge:click-0", "middle": "judge:click-1", "last": "judge:click-2"}[place]
    await world.store.execute('update effects set doc = \'{"kind": "judge"}\' where lane = ?', spoilt)
    with structlog.testing.capture_logs() as logs:
        pending = [one.effect for one in await world.store.pending(world.clock.now(), 100)]
        await world.settle()
    assert len([effect for effect in pending if isinstance(effect, CheckPermission)]) == 2
    assert [one.person for one in (await world.request(request.id)).decisions] == [AMARA]
    assert await world.refusals() == [(AMARA.chat_id, "already_decided")]
    assert [line["event"] for line in logs] == ["effect_unreadable"]
    assert await world.store.count_pending(world.clock.now() + timedelta(days=1)) == (0, 0, 1)
