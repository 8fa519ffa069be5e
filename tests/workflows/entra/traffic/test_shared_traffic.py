"""What both credentials share: pauses that Graph asks for, who goes first, and a service that does not answer.

Everything is sent by the real SDK over a socket.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from bot.process.web import metrics
from tests.workflows.entra.guest_accounts.conftest import add_guests
from tests.workflows.entra.simulated_tenant import CONTOSO, Fault, Handler, changing, refusing, reset
from tests.workflows.entra.traffic.conftest import Both
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.plans.accounts import AccountOutcome
from workflows.entra.transport.traffic.circuit_breaker import FAILURES_TO_OPEN, OPEN_SECONDS
from workflows.entra.transport.traffic.lane import MAX_PARALLEL, MAX_PARALLEL_SWEEPS, Lane
from workflows.entra.transport.traffic.traffic import SERVICES, RepeatBudget, Traffic
from workflows.ports.tenant import TenantUnavailable, Urgency, with_urgency


async def outcome(both: Both) -> TenantUnavailable | None:
    """Read a partner. Returns why it could not be read; None when it was."""
    try:
        await both.entra.read_partner(CONTOSO)
    except TenantUnavailable as error:
        return error
    return None


@pytest.mark.threats("F6")
async def test_200_times_429_with_5_seconds_are_answered_with_one_call_in_5_seconds(both: Both) -> None:
    """Many callers ask again and again. While Graph asks to wait, nothing is sent; after it, one at a time."""
    both.graph.fail(*[refusing(429, "TooManyRequests", Retry_After="5")] * 200)
    first = await asyncio.gather(*(outcome(both) for _ in range(200)))
    assert len(both.graph.seen) <= MAX_PARALLEL, "those that had left already"
    assert all(error is not None and error.is_throttled for error in first)
    assert all(error is not None and error.retry_after and error.retry_after <= 7.0 for error in first)
    both.graph.seen.clear()
    rounds = 20
    for _ in range(rounds):
        held = await outcome(both)
        assert held is not None
        assert held.facts[0].code in (TenantCode.OUT_OF_TURN, TenantCode.THROTTLED)
        both.pass_time(7.0)
        await asyncio.gather(*(outcome(both) for _ in range(10)))
    assert len(both.graph.seen) <= rounds, "at most one in each period"
    both.graph.faults.clear()
    both.pass_time(7.0)
    assert await outcome(both) is None
    again = await asyncio.gather(*(outcome(both) for _ in range(40)))
    assert again == [None] * 40, "after a success all are sent again"


@pytest.mark.threats("F6")
@pytest.mark.parametrize("form", ["seconds", "date", "missing"])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_is_obeyed_as_seconds_as_a_date_and_without_a_header(both: Both, form: str, status: int) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    header = {"seconds": {"Retry_After": "20"}, "date": {"Retry_After": moment}, "missing": {}}[form]
    both.graph.fail(*[refusing(status, "Busy", **header)] * (3 if form == "missing" else 1))
    assert await outcome(both) is not None
    lane = both.traffic.lane_of("/users")
    if form == "missing":
        assert (lane.pause_left > 0) == (status == 429), "a growing pause of our own"
    else:
        assert 15.0 < lane.pause_left <= 22.0, "never shorter than Graph asks for, apart from a date's full seconds"
        before = len(both.graph.seen)
        assert await outcome(both) is not None
        assert len(both.graph.seen) == before, "nothing is sent during the pause"


@pytest.mark.threats("F6")
async def test_a_pause_that_one_credential_was_asked_for_holds_the_other_and_its_batches(both: Both) -> None:
    people = add_guests(both.graph, 2)
    both.graph.fail(refusing(429, "TooManyRequests", Retry_After="30"))
    assert await outcome(both) is not None
    both.graph.seen.clear()
    [first, second] = await both.accounts.set_enabled(people, is_enabled=False)
    assert {first.outcome, second.outcome} == {AccountOutcome.LATER}
    with pytest.raises(TenantUnavailable):
        await both.accounts.read(people)
    assert both.graph.seen == []


@pytest.mark.threats("F6")
async def test_what_closes_access_is_sent_during_a_pause_and_while_the_circuit_is_open(both: Both) -> None:
    both.graph.simulator.merge({"partners": {CONTOSO: {}}})
    both.graph.fail(refusing(429, "TooManyRequests", Retry_After="30"))
    assert await outcome(both) is not None
    with with_urgency(Urgency.CLOSING):
        await both.entra.write(changing(inboundTrust=None))
    assert [one.method for one in both.graph.seen] == ["GET", "PATCH"]


@pytest.mark.threats("F6")
@pytest.mark.parametrize("fault", [refusing(500), refusing(504, Retry_After="9"), reset])
async def test_a_service_that_fails_again_and_again_is_tried_by_one_request_at_a_time(both: Both, fault: Fault) -> None:
    both.graph.fail(*[fault] * 100)
    for _ in range(FAILURES_TO_OPEN):
        assert await outcome(both) is not None
        both.pass_time(12.0 if fault is not reset else 0.0)
    assert both.traffic.states()["directory"] == "open"
    both.graph.seen.clear()
    [error] = {(await outcome(both)).facts[0].code for _ in range(5)}  # type: ignore[union-attr]
    assert (error, both.graph.seen) == (TenantCode.NOT_CALLED, [])
    both.graph.faults.clear()
    with with_urgency(Urgency.CLOSING):
        await both.entra.read_partner(CONTOSO)
    assert both.traffic.states()["directory"] == "closed", "what closes access is tried all the same, and was answered"


@pytest.mark.threats("F6")
async def test_after_the_pause_one_request_of_many_tries_the_service(both: Both) -> None:
    both.graph.fail(*[refusing(500)] * FAILURES_TO_OPEN)
    for _ in range(FAILURES_TO_OPEN):
        await outcome(both)
    both.pass_time(OPEN_SECONDS)
    arrived, may_answer = asyncio.Event(), asyncio.Event()

    async def waiting(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.set()
        await may_answer.wait()
        return await handler(request)

    both.graph.seen.clear()
    both.graph.fail(waiting)
    tries = [asyncio.create_task(outcome(both)) for _ in range(10)]
    await arrived.wait()
    assert both.traffic.states()["directory"] == "half_open"
    may_answer.set()
    errors = await asyncio.gather(*tries)
    assert sum(error is None for error in errors) == 1
    assert both.traffic.states()["directory"] == "closed"


async def test_one_service_that_fails_holds_no_other(both: Both) -> None:
    lane = both.traffic.lane_of("/auditLogs/signIns")
    for _ in range(FAILURES_TO_OPEN):
        lane.answered(503, None)
    assert both.traffic.states() == {
        "directory": "closed",
        **dict.fromkeys(SERVICES.values(), "closed"),
        "reports": "open",
    }
    assert await outcome(both) is None


@pytest.mark.threats("F6")
async def test_people_go_before_sweeps_and_sweeps_never_take_all_places() -> None:
    lane, order = Lane(lambda: 0.0), list[str]()
    may_end = asyncio.Event()

    async def send(name: str, urgency: Urgency) -> None:
        async with lane.turn(urgency):
            order.append(name)
            await may_end.wait()

    sweeps = [asyncio.create_task(send("sweep", Urgency.SWEEP)) for _ in range(MAX_PARALLEL)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["sweep"] * MAX_PARALLEL_SWEEPS
    person = asyncio.create_task(send("person", Urgency.PERSON))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order[-1] == "person"
    may_end.set()
    await asyncio.gather(*sweeps, person)


@pytest.mark.threats("F6")
def test_repeats_have_a_budget_that_successes_fill() -> None:
    budget = RepeatBudget()
    assert [budget.spend() for _ in range(12)] == [True] * 10 + [False] * 2
    for _ in range(11):
        budget.earn()
    assert (budget.spend(), budget.spend()) == (True, False)


def test_each_service_has_a_lane_of_its_own() -> None:
    traffic = Traffic()
    paths = ["/users", "/auditLogs/signIns", "/admin/sharepoint/settings", "/identity/conditionalAccess/policies"]
    assert len({id(traffic.lane_of(path)) for path in paths}) == 4
    assert traffic.lane_of("/organization") is traffic.lane_of("/policies/crossTenantAccessPolicy")


def test_the_numbers_of_the_process_have_every_service() -> None:
    assert set(metrics.SERVICES) == Traffic().states().keys()
