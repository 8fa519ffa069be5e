"""The names of a sheet are looked up 20 in one request, and again after the pause that Graph asks for; counted."""

from typing import Any, Final

from aiohttp import web

from tests.workflows.entra.gateway.test_batches import Rows, asked_in, changing_answers
from tests.workflows.entra.simulated_tenant import Graph, Handler
from tests.workflows.fakes import FixedClock
from tests.workflows.world import CATALOG
from workflows.app.batches.importing.judging import AT_ONCE, SheetJudging
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.entra import Entra

NAMES: Final = 200
PAUSE: Final = 6
"""Seconds in Retry-After: longer than a read is held back for inside the gateway."""


class Rests:
    """Pauses without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def known_in(graph: Graph) -> list[str]:
    """Let names belong to tenants of their own."""
    names = [f"partner-{number}.example" for number in range(NAMES)]
    organizations = {}
    for number, name in enumerate(names):
        key = f"7e9a0000-0000-4000-8000-{number:012x}"
        organizations[key] = {
            "tenantId": key,
            "displayName": name,
            "defaultDomainName": name,
            "federationBrandName": None,
            "domains": [name],
        }
    graph.simulator.merge({"organizations": organizations})
    return names


async def judged(entra: Entra, names: list[str], rest: Rests, found: list[str] | None = None) -> list[JudgedRow]:
    """Judge a row for each name."""
    judging = SheetJudging(tenant=entra, catalog=CATALOG, clock=FixedClock(), records=Records(), rest=rest)
    rows = [SheetRow(number=number, partner=name, template="no-such") for number, name in enumerate(names, start=2)]

    def on_found(name: str, identity: TenantIdentity | None) -> None:
        if found is not None and identity is not None:
            found.append(name)

    return [one async for one in judging.judge(rows, await judging.read_tenant(), on_found)]


def names_asked(graph: Graph) -> list[str]:
    """Return every name that was looked up, in any request, in their order."""
    batches = sum(one.path == "/$batch" for one in graph.seen)
    urls = [row["url"] for number in range(batches) for row in asked_in(graph, number)]
    urls += [one.path for one in graph.seen if one.path != "/$batch"]
    return [url.partition("domainName=")[2].strip("')%27") for url in urls if "ByDomainName" in url]


async def test_twenty_names_are_one_request(entra: Entra, graph: Graph) -> None:
    names = known_in(graph)
    graph.seen.clear()
    found = await judged(entra, names, Rests())
    assert all(one.identity is not None for one in found)
    assert [len(asked_in(graph, number)) for number in range(NAMES // AT_ONCE)] == [AT_ONCE] * (NAMES // AT_ONCE)
    assert not [one for one in graph.seen if "ByDomainName" in one.path]
    assert len(names_asked(graph)) == len(set(names_asked(graph))) == NAMES


async def test_a_tenth_that_is_throttled_is_looked_up_again_after_its_pause_and_nothing_else_is(
    entra: Entra, graph: Graph
) -> None:
    names = known_in(graph)
    count = 0

    def throttled(rows: Rows) -> Rows:
        nonlocal count
        for row in rows:
            count += 1
            if count % 10 == 0:
                row |= {"status": 429, "headers": {"Retry-After": str(PAUSE)}, "body": {"error": {"code": "x"}}}
        return rows

    graph.fail(*[_only_batches(changing_answers(throttled))] * 200)
    graph.seen.clear()
    rest, kept = Rests(), list[str]()
    found = await judged(entra, names, rest, kept)
    assert [one for one in found if one.verdict is RowVerdict.NOT_READ] == []
    assert all(one.identity is not None for one in found)
    assert (len(kept), set(kept)) == (NAMES, set(names))
    assert set(rest.seconds) == {PAUSE}
    again = len(names_asked(graph)) - NAMES
    assert NAMES // 10 <= again <= NAMES // 10 + NAMES // 50, "what was throttled, and of that the tenth"


async def test_what_stays_throttled_is_not_known_and_a_long_pause_is_not_waited_for(entra: Entra, graph: Graph) -> None:
    names = known_in(graph)[: 2 * AT_ONCE]

    def throttled(rows: Rows) -> Rows:
        for row in rows[:2]:
            row |= {"status": 429, "headers": {"Retry-After": "3600"}, "body": {"error": {"code": "x"}}}
        return rows

    graph.fail(*[_only_batches(changing_answers(throttled))] * 20)
    rest = Rests()
    found = await judged(entra, names, rest)
    assert (rest.seconds, sum(one.identity is None for one in found)) == ([], 4)


def _only_batches(fault: Any) -> Any:
    async def one(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_lookup = request.path.endswith("/$batch") and b"ByDomainName" in await request.read()
        response: web.StreamResponse = await (fault(request, handler) if is_lookup else handler(request))
        return response

    return one
