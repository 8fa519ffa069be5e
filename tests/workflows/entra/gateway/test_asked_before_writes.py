"""What is asked right before a write leaves: after everything it waits for, and each time that it leaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.simulated_tenant import CONTOSO, FABRIKAM, Graph, adding, refusing
from tests.workflows.entra.test_last_check import CHALLENGE
from workflows.entra import Entra, EntraSettings, connect
from workflows.entra.transport.traffic.lane import Lane
from workflows.ports.effects_queue import EffectTakenOver
from workflows.ports.tenant import Urgency, asked_before_writes, with_urgency


class Lease:
    """Says how often it was asked, and what had been sent by then; is lost after some questions."""

    def __init__(self, graph: Graph, *, lost_after: int = 1000) -> None:
        self.graph = graph
        self.lost_after = lost_after
        self.asked_after: list[int] = []

    async def ask(self) -> None:
        """The question."""
        self.asked_after.append(len(self.graph.seen))
        if len(self.asked_after) > self.lost_after:
            raise EffectTakenOver


def sent(graph: Graph) -> list[str]:
    """The methods of what was sent."""
    return [one.method for one in graph.seen]


async def test_it_is_asked_after_the_question_which_tenant_this_is(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    settings = EntraSettings(graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID)
    entra = connect(settings)
    lease = Lease(graph, lost_after=0)
    with asked_before_writes(lease.ask), pytest.raises(EffectTakenOver):
        await entra.write(adding())
    assert sent(graph) == ["GET"]
    assert lease.asked_after == [1]
    await entra.close()


@pytest.mark.parametrize("header", [{}, {"WWW_Authenticate": CHALLENGE}])
async def test_it_is_asked_again_before_the_same_write_is_sent_with_a_new_token(
    entra: Entra, graph: Graph, header: dict[str, str]
) -> None:
    lease = Lease(graph)
    graph.fail(refusing(401, **header))
    with asked_before_writes(lease.ask):
        await entra.write(adding())
    assert lease.asked_after == [0, 1]
    lost = Lease(graph, lost_after=1)
    graph.fail(refusing(401, **header))
    with asked_before_writes(lost.ask), pytest.raises(EffectTakenOver):
        await entra.write(adding(FABRIKAM))
    assert sent(graph) == ["POST"] * 3


async def test_a_batch_of_writes_is_asked_for_once(entra: Entra, graph: Graph) -> None:
    lease = Lease(graph)
    with asked_before_writes(lease.ask):
        await entra.write_together([adding(), adding(FABRIKAM)])
    assert lease.asked_after == [0]
    lost = Lease(graph, lost_after=0)
    with asked_before_writes(lost.ask), pytest.raises(EffectTakenOver):
        await entra.write_together([adding(), adding(FABRIKAM)])
    assert len(graph.seen) == 1


async def test_a_write_that_waits_for_its_turn_is_asked_for_when_its_turn_comes(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may be sent first, for as long as Graph asks for a pause."""
    steps: list[str] = []
    turn = Lane.turn

    @asynccontextmanager
    async def told(lane: Lane, urgency: Urgency) -> AsyncIterator[None]:
        async with turn(lane, urgency):
            steps.append("turn")
            yield

    async def ask() -> None:
        steps.append("asked")

    monkeypatch.setattr(Lane, "turn", told)
    with with_urgency(Urgency.PERSON), asked_before_writes(ask):
        await entra.write(adding())
    assert steps[-2:] == ["turn", "asked"]


async def test_no_read_is_asked_for_alone_or_in_a_batch(entra: Entra, graph: Graph) -> None:
    lease = Lease(graph, lost_after=0)
    with asked_before_writes(lease.ask):
        await entra.read_partner(CONTOSO)
        async with entra.together() as reads:
            for started in [reads.start(entra.read_partner(one)) for one in (CONTOSO, FABRIKAM)]:
                await started
    assert lease.asked_after == []
