"""A sweep of ten times the partners makes no additional call except pages, costs no square, and keeps no settings.

Everything but the bot around it is real: the records in the embedded store, the gateway, and the simulated tenant with
its pages over a socket.
"""

import copy
import time
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.bench.stage.histories import commits, store_history
from tests.workflows.entra.conftest import app_roles, authority, entra, environment, graph
from tests.workflows.entra.simulated_tenant import Graph
from tests.workflows.fakes import FixedClock
from workflows.app.alarms import Alarms
from workflows.app.watch.sweep import Sweeper
from workflows.app.watch.telling import DriftRecords
from workflows.core.settings.canonical import JsonObject
from workflows.entra import Entra
from workflows.ports.store import Store
from workflows.store.location import StoreLocation

__all__ = ["app_roles", "authority", "entra", "environment", "graph"]

pytestmark = pytest.mark.load

PAGE: Final = 100
MAX_RATIO: Final = 30.0
"""Ten is what is meant; a loaded machine is given room, a square (100) is not."""
MAX_KILOBYTES_A_PARTNER: Final = 3.0
"""What a sweep may hold of each further partner at its peak: its record and its plan, as far as they are compared. The
settings that are read have 1.5 kB a partner, and are forgotten page by page."""


class Paged:
    """A tenant that makes the pages of its list only when they are read. Everything else is the gateway's."""

    def __init__(self, entra: Entra, partners: Mapping[str, JsonObject]) -> None:
        self._entra = entra
        self._partners = partners

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entra, name)

    async def partner_pages(self) -> AsyncIterator[list[JsonObject]]:
        """Yield the list, page by page."""
        names = list(self._partners)
        for start in range(0, len(names), PAGE):
            yield [{"tenantId": name, **copy.deepcopy(self._partners[name])} for name in names[start : start + PAGE]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one sweep took."""

    seconds: float
    calls: list[str]
    peak: int
    """Bytes at the peak; the simulated tenant, which is in this process too, is not counted."""


async def cost(folder: Path, entra: Entra, graph: Graph, count: int) -> Cost:
    """Sweep so many recorded partners whose settings are as approved."""
    made = list(commits(count + 10, count))
    settings = {}
    for one in made[:count]:
        assert one.request is not None
        body = dict(one.request.plan.operations[0].body or {})
        settings[str(one.request.plan.tenant_id)] = {name: value for name, value in body.items() if name != "tenantId"}
    others = dict.fromkeys(graph.simulator.state()["partners"])
    graph.simulator.merge({"pageSize": PAGE, "partners": {**others, **settings}})
    clock = FixedClock(datetime.now(UTC))
    store = await StoreLocation(await store_history(folder / f"{count}.db", made)).open(clock)
    try:
        await swept(entra, store, clock, count)  # the first sweep stores the default
        graph.seen.clear()
        began = time.process_time()
        await swept(entra, store, clock, count)
        seconds = time.process_time() - began
        calls = [one.path for one in graph.seen]
        tracemalloc.start()
        try:
            await swept(Paged(entra, settings), store, clock, count)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    finally:
        await store.close()
    return Cost(seconds=seconds, calls=calls, peak=peak)


async def swept(tenant: Any, store: Store, clock: FixedClock, count: int) -> None:
    """Sweep once; nothing differs."""
    drifts = DriftRecords(store=store, clock=clock, wake=lambda: None)
    alarms = Alarms(store=store, clock=clock, wake=lambda: None)
    result = await Sweeper(tenant=tenant, alarms=alarms, drifts=drifts).sweep()
    assert (result.is_complete, result.partners, result.drifts) == (True, count, 0), result


async def test_a_sweep_of_a_thousand_reads_the_pages_and_two_more(entra: Entra, graph: Graph, tmp_path: Path) -> None:
    await entra.warm()
    small = await cost(tmp_path, entra, graph, PAGE)
    large = await cost(tmp_path, entra, graph, 10 * PAGE)
    for measured, pages in ((small, 1), (large, 10)):
        lists = [one for one in measured.calls if one.endswith("/crossTenantAccessPolicy/partners")]
        assert len(lists) == pages, measured.calls
        assert len(measured.calls) - pages <= 2, measured.calls
        assert not [one for one in measured.calls if one.endswith("/$batch")], "nothing is read of a single partner"
    grown = (large.peak - small.peak) / (9 * PAGE) / 1024
    print(
        f"\n{small.seconds * 1000:.0f} ms for 100, {large.seconds * 1000:.0f} ms for 1,000; peak "
        f"{small.peak / 1e6:.1f} and {large.peak / 1e6:.1f} MB, {grown:.1f} kB for each further partner"
    )
    assert large.seconds / small.seconds < MAX_RATIO
    assert grown < MAX_KILOBYTES_A_PARTNER
