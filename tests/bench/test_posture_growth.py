"""Ten times the partners must cost little more than ten times as much, and no additional call except pages.

The whole read is measured in this process: the simulated tenant, its pages over a socket, the gateway, the posture.
"""

import time

import pytest

from tests.workflows.core.posture.test_posture import ALL, TRUST
from tests.workflows.entra.conftest import app_roles, authority, entra, environment, graph
from tests.workflows.entra.simulated_tenant import Graph
from tests.workflows.fakes import FixedClock
from workflows.app.reads.posture import read_posture
from workflows.core.partners.records import Records
from workflows.entra import Entra

__all__ = ["app_roles", "authority", "entra", "environment", "graph"]

pytestmark = pytest.mark.load

MAX_RATIO: float = 30.0
"""Ten is what is meant; a loaded machine and the garbage collector are given room, a square (100) is not."""
PAGE: int = 100


async def none() -> Records | None:
    """There are no records."""
    return None


async def cost(entra: Entra, graph: Graph, count: int, *, rounds: int) -> tuple[float, int]:
    """Seconds of processor time for a posture of so many partners, at best of `rounds`; and its requests."""
    listed = [f"00000000-0000-4000-8000-{number:012x}" for number in range(count)]
    settings = {"b2bCollaborationInbound": ALL, "inboundTrust": TRUST}
    others = dict.fromkeys(graph.simulator.state()["partners"])
    graph.simulator.merge({"pageSize": PAGE, "partners": {**others, **dict.fromkeys(listed, settings)}})
    best = float("inf")
    for _ in range(rounds):
        graph.seen.clear()
        began = time.process_time()
        posture = await read_posture(tenant=entra, records=none, clock=FixedClock())
        best = min(best, time.process_time() - began)
        assert posture.partner_count == count
    return best, len(graph.seen)


async def test_a_posture_grows_with_its_partners_and_no_faster(entra: Entra, graph: Graph) -> None:
    await entra.warm()  # the token and the tenant's own id, which is asked for once
    (small, few), (large, many) = (
        await cost(entra, graph, PAGE, rounds=3),
        await cost(entra, graph, 10 * PAGE, rounds=1),
    )
    assert (few, many) == (1 + 1, 10 + 1), "the pages and the default"
    assert large / small < MAX_RATIO, f"{small * 1000:.0f} ms for 100, {large * 1000:.0f} ms for 1,000"
