"""Reads that were started together: one `$batch`, and for each of them the answer that it would have got alone."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiohttp import web

from bot.sandbox.entra import TokenAuthority
from bot.sandbox.http.faults import Fault
from tests.waiting import LONGEST_WAIT
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    FABRIKAM,
    PARTNERS,
    Graph,
    Handler,
    adding,
    answering,
    refusing,
    reset,
)
from workflows.core.settings.model import Target, TargetType, TenantId
from workflows.entra import Entra, EntraSettings, connect
from workflows.entra.transport import batch, connection
from workflows.entra.transport.traffic import read_retries
from workflows.ports.tenant import TenantRefused, TenantUnavailable

BATCH: Final = ("POST", "/$batch")
DEFAULT: Final = "/policies/crossTenantAccessPolicy/default"
Rows = list[dict[str, Any]]


def asked_in(graph: Graph, number: int = 0) -> Rows:
    """Return the requests in a batch."""
    batches = [one for one in graph.seen if one.path == "/$batch"]
    rows: Rows = json.loads(batches[number].body)["requests"]
    return rows


def changing_answers(change: Callable[[Rows], Any]) -> Callable[[web.Request, Handler], Any]:
    """Let something on the way change what the service answers to a batch."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        response: Any = await handler(request)
        return web.json_response({"responses": change(json.loads(response.body)["responses"])})

    return fault


async def both(entra: Entra, partner: TenantId = CONTOSO) -> list[Any]:
    """Read a partner and the default together; returns answers and errors."""
    async with entra.together() as reads:
        tasks = reads.start(entra.read_partner(partner)), reads.start(entra.read_default())
        return list(await asyncio.gather(*tasks, return_exceptions=True))


async def test_reads_that_are_started_together_are_one_request(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
    partner, default = await both(entra)
    assert partner["inboundTrust"]["isMfaAccepted"] is True
    assert default["isServiceDefault"] is True
    assert graph.calls == [BATCH]
    rows = asked_in(graph)
    assert sorted((row["method"], row["url"]) for row in rows) == [
        ("GET", DEFAULT),
        ("GET", f"{PARTNERS}/{CONTOSO}?$expand=identitySynchronization"),
    ]
    assert len({row["id"] for row in rows}) == 2
    assert {name for row in rows for name in row} == {"id", "method", "url", "headers"}, "no unknown `depends_on`"


async def test_a_read_of_its_own_is_no_batch(entra: Entra, graph: Graph) -> None:
    async with entra.together() as reads:
        assert await reads.start(entra.read_partner(CONTOSO)) is None
    assert await entra.read_default()
    assert [method for method, _ in graph.calls] == ["GET", "GET"]


async def test_a_write_is_never_in_a_batch(entra: Entra, graph: Graph) -> None:
    async with entra.together() as reads:
        started = reads.start(entra.write(adding())), reads.start(entra.read_default()), reads.start(entra.home())
        await asyncio.gather(*started)
    assert ("POST", PARTNERS) in graph.calls
    assert {row["method"] for row in asked_in(graph)} == {"GET"}
    assert graph.calls.count(BATCH) == 1


@pytest.mark.threats("E9")
async def test_what_people_type_stays_inside_of_its_address(entra: Entra, graph: Graph) -> None:
    odd = "o'x/../../users?$filter=a&b#c.com"
    async with entra.together() as reads:
        started = reads.start(entra.find(odd)), reads.start(entra.read_default())
        await asyncio.gather(*started, return_exceptions=True)
        accounts = reads.start(entra.accounts_by_mail(["a+b&c=d@woodgrove.com"])), reads.start(entra.read_default())
        await asyncio.gather(*accounts)
    name = next(row for row in asked_in(graph) if row["url"].startswith("/tenantRelationships"))
    function = "/tenantRelationships/findTenantInformationByDomainName"
    assert name["url"] == f"{function}(domainName='o%27%27x%2F..%2F..%2Fusers%3F%24filter%3Da%26b%23c.com')"
    mails = next(row for row in asked_in(graph, 1) if row["url"].startswith("/users"))
    assert mails["url"].count("&") == 1, mails["url"]


FAULTS: Final[dict[str, dict[str, Any]]] = {
    "400": {"status": 400},
    "403": {"status": 403},
    "404": {"status": 404},
    "404 with HTML": {"status": 404, "body": "<html>Not here</html>"},
    "409": {"status": 409},
    "412": {"status": 412},
    "423": {"status": 423},
    "429 with a long wait": {"status": 429, "headers": {"Retry-After": "60"}},
    "429 for centuries": {"status": 429, "headers": {"Retry-After": "9" * 400}},
    "500": {"status": 500},
    "302": {"status": 302},
    "204": {"status": 204},
    "garbage with 200": {"status": 200, "body": "<html>"},
    "another object with 200": {"status": 200, "body": {}},
}


def as_seen(result: Any) -> Any:
    """Return what a caller can distinguish."""
    if isinstance(result, TenantUnavailable):
        facts = [(fact.code, {**fact.values, "request_id": ""}) for fact in result.facts]
        return type(result), facts, result.retry_after, result.is_throttled
    if isinstance(result, TenantRefused):
        facts = [(fact.code, {**fact.values, "request_id": ""}) for fact in result.facts]
        return type(result), facts, result.status, result.code
    return result


@pytest.mark.parametrize("name", FAULTS)
async def test_each_part_is_judged_as_if_it_were_alone(entra: Entra, graph: Graph, name: str) -> None:
    fault = Fault(target="graph", match=f"partners/{CONTOSO}", **FAULTS[name])
    inner = fault.answer()
    named = {key.replace("-", "_"): value for key, value in inner.headers.items() if key == "Retry-After"}
    body = inner.text if isinstance(fault.body, str) else json.loads(inner.text or "null")
    graph.fail(answering(inner.status, "" if inner.status == 204 else body, **named))
    alone = (await asyncio.gather(entra.read_partner(CONTOSO), return_exceptions=True))[0]
    graph.inner.add(fault)
    partner, default = await both(entra)
    assert as_seen(partner) == as_seen(alone)
    assert default["isServiceDefault"] is True, "the other part is not touched"
    assert graph.calls[1:] == [BATCH]


async def test_only_the_throttled_part_is_sent_again_after_its_pause(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.inner.add(Fault(target="graph", match="partners/", status=429, headers={"Retry-After": "1"}))
    began = asyncio.get_running_loop().time()
    partner, default = await both(entra)
    assert (partner, default["isServiceDefault"]) == (None, True)
    assert asyncio.get_running_loop().time() - began >= 1
    assert graph.calls == [BATCH, ("GET", f"{PARTNERS}/{CONTOSO}")]
    # Three tries in total, as without a batch.
    monkeypatch.setattr(read_retries.ReadRetries, "get_delay_time", lambda *_: 0.0)
    graph.seen.clear()
    graph.inner.add(Fault(target="graph", match="partners/", status=503))

    async def nothing(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request)

    graph.fail(nothing, refusing(503), refusing(503), refusing(503))
    partner, _ = await both(entra)
    assert isinstance(partner, TenantUnavailable)
    assert len(graph.seen) == 3


@pytest.mark.threats("F7")
async def test_of_twenty_shuffled_answers_exactly_the_three_throttled_ones_are_asked_for_again(
    entra: Entra, graph: Graph
) -> None:
    ids = [TenantId(f"00000000-0000-4aaa-8bbb-{number:012d}") for number in range(20)]
    graph.simulator.merge({"partners": {one: {} for one in ids}})
    throttled: list[str] = []
    seed_of_the_order = 7

    def shuffled(rows: Rows) -> Rows:
        for row in rows[4:7]:
            throttled.append(row["body"]["tenantId"])
            row |= {"status": 429, "headers": {"Retry-After": "0"}, "body": {"error": {"code": "TooManyRequests"}}}
        random.Random(seed_of_the_order).shuffle(rows)
        return rows

    graph.fail(changing_answers(shuffled))
    async with entra.together() as reads:
        started = [reads.start(entra.read_partner(one)) for one in ids]
        found = [await one for one in started]
    assert [one and one["tenantId"] for one in found] == ids, "each has its own answer"
    batch, *again = graph.calls
    assert batch == BATCH
    assert sorted(again) == sorted(("GET", f"{PARTNERS}/{one}") for one in throttled)
    assert len(again) == 3


async def test_a_part_whose_token_is_refused_is_sent_again_with_a_new_one(entra: Entra, graph: Graph) -> None:
    graph.inner.add(Fault(target="graph", match="partners/", status=401))
    assert (await both(entra))[0] is None
    assert graph.calls == [BATCH, ("GET", f"{PARTNERS}/{CONTOSO}")]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:1],
        lambda rows: [*rows, rows[0]],
        lambda rows: [rows[0], {**rows[1], "id": rows[0]["id"]}],
        lambda rows: [rows[0], {**rows[1], "id": "another"}],
        lambda rows: [*rows, {**rows[0], "id": "another"}],
        lambda rows: [rows[0], {**rows[1], "status": "200"}],
        lambda rows: [rows[0], {**rows[1], "status": None}],
        lambda rows: [rows[0], {**rows[1], "headers": []} | {"headers": ["x"]}],
        lambda rows: [rows[0], "text"],
        lambda rows: {},
        lambda rows: None,
        lambda rows: [],
    ],
)
async def test_an_answer_that_is_missing_doubled_or_strange_makes_all_of_them_unusable(
    entra: Entra, graph: Graph, change: Callable[[Rows], Any]
) -> None:
    graph.fail(changing_answers(change))
    partner, default = await both(entra)
    for problem, purpose in ((partner, "show_partner"), (default, "show_default")):
        assert isinstance(problem, TenantUnavailable)
        assert problem.facts[0].values["call"]["purpose"] == purpose
    assert graph.calls == [BATCH]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413])
async def test_a_refused_batch_says_nothing_about_its_parts(entra: Entra, graph: Graph, status: int) -> None:
    """A 404 of the batch is no partner that does not exist."""
    graph.simulator.merge({"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
    graph.fail(refusing(status))
    partner, default = await both(entra)
    assert (partner["tenantId"], default["isServiceDefault"]) == (CONTOSO, True)
    assert sorted(graph.calls) == sorted([BATCH, ("GET", f"{PARTNERS}/{CONTOSO}"), ("GET", DEFAULT)])


async def test_a_throttled_batch_is_sent_again_as_a_batch(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, Retry_After="1"))
    partner, default = await both(entra)
    assert (partner, default["isServiceDefault"]) == (None, True)
    assert graph.calls == [BATCH, BATCH]


async def test_a_batch_without_an_answer_is_told_for_each_part(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, Retry_After="60"))
    problems = await both(entra)
    assert [(one.retry_after, one.is_throttled) for one in problems] == [(60, True), (60, True)]
    assert [one.facts[0].values["call"]["purpose"] for one in problems] == ["show_partner", "show_default"]
    graph.fail(reset, reset)
    problems = await both(entra)
    assert [one.facts[0].values["call"]["purpose"] for one in problems] == ["show_partner", "show_default"]
    assert problems[0] is not problems[1]


async def test_an_error_of_the_program_reaches_everybody_who_waits(
    entra: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(connection, "batch_request", broken)
    assert [type(one) for one in await both(entra)] == [ZeroDivisionError, ZeroDivisionError]


async def test_no_more_than_twenty_go_out_in_one_batch(entra: Entra, graph: Graph) -> None:
    targets = [Target(type=TargetType.GROUP, id=f"0b000000-0001-4e1b-9b51-{n:012d}") for n in range(25)]
    async with entra.together() as reads:
        named = [reads.start(entra.tenant_settings.name_of(one, fresh=True)) for one in targets]
        assert await asyncio.gather(*named) == [None] * 25
    assert [len(asked_in(graph, number)) for number in range(2)] == [20, 5]
    assert graph.calls == [BATCH, BATCH]


async def test_slower_services_have_a_batch_of_their_own(entra: Entra, graph: Graph) -> None:
    settings = entra.tenant_settings
    async with entra.together() as reads:
        reports = [reads.start(settings.read_sharepoint()), *(reads.start(_sign_ins(entra)) for _ in range(2))]
        policies = [reads.start(settings.read_authorization()), reads.start(settings.read_conditional_access())]
        await asyncio.gather(*reports, *policies)
    urls = [sorted(row["url"].partition("?")[0] for row in asked_in(graph, number)) for number in range(2)]
    assert sorted(urls) == [
        ["/admin/sharepoint/settings", "/auditLogs/signIns", "/auditLogs/signIns"],
        ["/identity/conditionalAccess/policies", "/policies/authorizationPolicy"],
    ]
    assert graph.calls == [BATCH, BATCH]


async def _sign_ins(entra: Entra) -> None:
    await entra.tenant_settings.read_sign_ins(CONTOSO, datetime.now(UTC))


async def test_a_part_that_hangs_does_not_hold_up_the_others(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_ALONE_AFTER_SECONDS", 0.1)
    await entra.warm()
    graph.seen.clear()
    may_answer = asyncio.Event()

    async def hang(request: web.Request, handler: Handler) -> web.StreamResponse:
        await may_answer.wait()
        return await handler(request)

    graph.fail(hang)
    async with asyncio.timeout(LONGEST_WAIT):
        partner, default = await both(entra)
    may_answer.set()
    assert (partner, default["isServiceDefault"]) == (None, True)
    assert sorted(graph.calls) == sorted([BATCH, ("GET", f"{PARTNERS}/{CONTOSO}"), ("GET", DEFAULT)])


async def test_a_read_that_waits_for_something_else_does_not_hold_up_the_others(entra: Entra, graph: Graph) -> None:
    free = asyncio.Event()

    async def later() -> Any:
        await free.wait()
        return await entra.read_partner(FABRIKAM)

    async with entra.together() as reads:
        waiting = reads.start(later())
        first = reads.start(entra.read_partner(CONTOSO)), reads.start(entra.read_default())
        await asyncio.wait_for(asyncio.gather(*first), LONGEST_WAIT)
        free.set()
        assert await waiting is None
    assert graph.calls == [BATCH, ("GET", f"{PARTNERS}/{FABRIKAM}")]


async def test_one_who_stops_waiting_does_not_keep_the_others_from_their_answers(entra: Entra, graph: Graph) -> None:
    async with entra.together() as reads:
        impatient = reads.start(entra.read_partner(CONTOSO))
        default = reads.start(entra.read_default())
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await default)["isServiceDefault"] is True
    assert impatient.cancelled()


async def test_a_read_that_several_share_survives_the_end_of_its_group(entra: Entra, graph: Graph) -> None:
    """The first caller gives up; a second one waits for the same read of the policies."""
    policies = entra.tenant_settings.read_conditional_access
    await entra.warm()
    graph.inner.add(Fault(target="graph", match="conditionalAccess", delay_seconds=0.3))
    async with entra.together() as reads:
        reads.start(policies())
        reads.start(entra.read_default())
        await asyncio.sleep(0.05)
        other = asyncio.create_task(policies())
        await asyncio.sleep(0)
    assert len(await other) > 0


async def test_errors_in_a_batch_contain_no_secrets(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    secret = "a secret that came back"
    settings = EntraSettings(
        graph_url=graph.url,
        authority_host=authority.url,
        redact=lambda text: text.replace(secret, "…"),
    )
    entra = connect(settings)
    body = {"error": {"code": "Bad", "message": f"Not {secret}."}}
    graph.inner.add(Fault(target="graph", match="partners/", status=400, body=body))
    problem, _ = await both(entra)
    await entra.close()
    assert isinstance(problem, TenantRefused)
    assert "Not …" in str(problem.facts)
    assert secret not in str(problem.facts)
