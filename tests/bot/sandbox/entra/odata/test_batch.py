"""`$batch`: inner answers, their order, dependencies, and what refuses the whole batch."""

from typing import Any

import pytest

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, PARTNERS, TOKEN, Graph

JSON = {"Content-Type": "application/json"}


def step(name: str, method: str = "GET", url: str = "/organization", **more: Any) -> dict[str, Any]:
    return {"id": name, "method": method, "url": url, **more}


async def _batch(graph: Graph, *steps: dict[str, Any]) -> dict[str, dict[str, Any]]:
    seen = await graph("POST", "/$batch", body={"requests": list(steps)})
    assert seen.status == 200, seen.text
    return {row["id"]: row for row in seen.json["responses"]}


async def test_inner_calls_do_their_work(graph: Graph, simulator: EntraSimulator) -> None:
    answers = await _batch(
        graph,
        step("1", "POST", PARTNERS, body={"tenantId": CONTOSO}, headers=JSON),
        step("2", "GET", f"{PARTNERS}?$select=tenantId", dependsOn=["1"]),
        step("3", "PATCH", f"{PARTNERS}/{CONTOSO}", body={"inboundTrust": None}, headers=JSON, dependsOn=["2"]),
    )
    assert {name: row["status"] for name, row in answers.items()} == {"1": 201, "2": 200, "3": 204}
    assert answers["2"]["body"]["value"] == [{"tenantId": CONTOSO}]
    assert "body" not in answers["3"]
    assert CONTOSO in simulator.state()["partners"]


async def test_order_is_not_kept(graph: Graph) -> None:
    seen = await graph("POST", "/$batch", body={"requests": [step("1"), step("2")]})
    assert [row["id"] for row in seen.json["responses"]] == ["2", "1"]


async def test_a_failed_step_fails_what_depends_on_it(graph: Graph) -> None:
    answers = await _batch(
        graph,
        step("1", url="/users/nobody"),
        step("2", dependsOn=["1"]),
        step("3", dependsOn=["2"]),
        step("4"),
    )
    assert {name: row["status"] for name, row in answers.items()} == {"1": 404, "2": 424, "3": 424, "4": 200}


async def test_an_inner_token_is_checked_separately(graph: Graph) -> None:
    answers = await _batch(
        graph,
        step("1", headers={"Authorization": "Bearer wrong"}),
        step("2", headers={"authorization": f"Bearer {TOKEN}"}),
    )
    assert {name: row["status"] for name, row in answers.items()} == {"1": 401, "2": 200}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": {}},
        {"requests": [1]},
        {"requests": [step(str(number)) for number in range(21)]},
        {"requests": [step("1"), step("1")]},
        {"requests": [step("1", dependsOn=["2"]), step("2")]},
        {"requests": [step("1", dependsOn="2")]},
        {"requests": [step("1", "POST", PARTNERS, body={"tenantId": CONTOSO})]},
        {"requests": [step("1", "TRACE")]},
        {"requests": [step("1", headers={"X": 1})]},
        {"requests": [{"id": "1", "method": "GET"}]},
        {"requests": [step("1", url="//[")]},
    ],
)
async def test_batches_refused(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("POST", "/$batch", body=body)).status == 400


async def test_a_batch_in_a_batch_and_a_read_of_it(graph: Graph) -> None:
    inner = step("1", "POST", "/$batch", body={"requests": [step("1")]}, headers=JSON)
    assert (await _batch(graph, inner))["1"]["status"] == 400
    assert (await graph("GET", "/$batch", described=False)).status == 405
