"""Generated requests, fitting and unfitting, find no server error in the Graph simulator."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, TOKEN
from tests.bot.sandbox.entra.contract import CONTRACT, described
from tests.waiting import LONGEST_WAIT

EXAMPLES: Final = 20
"""For each operation and each way of making requests."""

pytestmark = [
    pytest.mark.schema,
    pytest.mark.load,
    pytest.mark.skipif(
        not CONTRACT.exists(),
        reason="../shared/contracts is not there, from which requests are generated; that every exchange of the other "
        "tests here is as Microsoft's SDK has it holds in every clone",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def address() -> Iterator[str]:
    """A simulator on a loop and a thread of its own: the generated client is not asynchronous."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner, url = asyncio.run_coroutine_threadsafe(_start(), loop).result(LONGEST_WAIT)
    yield url
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(LONGEST_WAIT)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(LONGEST_WAIT)
    loop.close()


async def _start() -> tuple[web.AppRunner, str]:
    simulator = EntraSimulator(
        now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=lambda token: token == TOKEN
    )
    simulator.merge({"partners": {CONTOSO: {"tenantId": CONTOSO}}})
    application = web.Application()
    application.add_routes(simulator.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/graph/v1.0"


def test_no_request_makes_the_simulator_fail(address: str) -> None:
    """Every operation of Microsoft's description, with bodies and parameters that fit it and that do not."""
    import schemathesis  # here, as no other test needs it: it takes a second in each worker
    from schemathesis.generation import GenerationMode

    description = described()
    schema = schemathesis.openapi.from_dict(description)
    schema.config.generation.update(modes=list(GenerationMode))
    failures: list[str] = []
    statuses: set[int] = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # what cannot be read of the description fails here
        for request, status in _played(operation, address):
            statuses.add(status)
            failures += [request] if status >= 500 else []
    assert failures == []
    assert {200, 204, 400, 404} <= statuses, "fitting requests and unfitting ones were both made"


def _played(operation: Any, address: str) -> list[tuple[str, int]]:
    """Send generated requests of one operation; gives each with its status."""
    seen: list[tuple[str, int]] = []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def play(case: Any) -> None:
        answer = case.call(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=LONGEST_WAIT)
        seen.append((f"{case.method} {case.formatted_path} {case.body!r:.200}", answer.status_code))

    play()
    return seen
