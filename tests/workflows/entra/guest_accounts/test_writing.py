"""Accounts are written in one request, once, and each answer is told as what it is."""

import json
from typing import Any

import httpx
import pytest

from bot.sandbox.http.faults import Fault
from tests.workflows.core.builders import NOW
from tests.workflows.deadlines import Deadlines
from tests.workflows.entra.guest_accounts.conftest import add_guests, guest
from tests.workflows.entra.simulated_tenant import Graph, answering, refusing, reset, reset_after_commit
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.plans.accounts import AccountOutcome
from workflows.entra import GraphGuestAccounts
from workflows.ports.effects_queue import EffectTakenOver
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WrongTenant, asked_before_writes

OUTCOMES = AccountOutcome


def batches(graph: Graph) -> list[list[dict[str, Any]]]:
    """Return what was sent in each batch."""
    return [json.loads(one.body)["requests"] for one in graph.seen if one.path == "/$batch"]


def enabled(graph: Graph) -> dict[str, bool]:
    """Return every account, and whether it is enabled."""
    return {name: user["accountEnabled"] for name, user in graph.simulator.state()["users"].items()}


async def test_twenty_accounts_in_one_request(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 20)
    before = enabled(graph)
    written = await accounts.set_enabled(people[::-1], is_enabled=False)
    assert [one.id for one in written] == people[::-1]
    assert {one.outcome for one in written} == {OUTCOMES.ACCEPTED}
    assert enabled(graph) == before | dict.fromkeys(people, False)
    assert graph.calls == [("GET", "/organization"), ("POST", "/$batch")]
    (rows,) = batches(graph)
    assert rows[0] == {
        "id": people[-1],
        "method": "PATCH",
        "url": f"/users/{people[-1]}",
        "headers": {"Content-Type": "application/json"},
        "body": {"accountEnabled": False},
    }
    assert {one.at for one in written} == {NOW}
    assert {one.ids.client_request_id for one in written} == {graph.seen[-1].headers["client-request-id"]}
    assert len({one.ids.request_id for one in written}) == 20


async def test_enabled_again_and_both_in_the_audit_log(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 2)
    await accounts.set_enabled(people, is_enabled=False)
    (one, _) = await accounts.set_enabled(people, is_enabled=True)
    assert one.outcome is OUTCOMES.ACCEPTED
    assert all(enabled(graph)[person] for person in people)
    entries = graph.simulator.state()["directoryAudits"]
    assert [entry["activityDisplayName"] for entry in entries] == ["Disable account"] * 2 + ["Enable account"] * 2
    assert {entry["category"] for entry in entries} == {"UserManagement"}
    assert entries[0]["targetResources"][0]["id"] == people[0]
    assert entries[0]["initiatedBy"]["app"]["displayName"] == "Gatehouse guest accounts"


async def test_every_account_has_its_own_outcome(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = [*add_guests(graph, 6), guest(77)]
    fault = {"target": "graph", "method": "PATCH"}
    for number, status, headers in ((0, 429, {"Retry-After": "7"}), (1, 429, {}), (2, 503, {}), (3, 400, {})):
        graph.inner.add(Fault(**fault, match=people[number], status=status, headers=headers))
    graph.inner.add(Fault(**fault, match=people[4], status=404, body="a page of a proxy"))
    graph.simulator.merge({"roleAssignments": {"r": {"id": "r", "principalId": people[5], "roleDefinitionId": "x"}}})
    written = await accounts.set_enabled(people, is_enabled=False)
    assert [one.outcome for one in written] == [
        OUTCOMES.LATER,
        OUTCOMES.LATER,
        OUTCOMES.UNKNOWN,
        OUTCOMES.REFUSED,
        OUTCOMES.UNKNOWN,
        OUTCOMES.REFUSED,
        OUTCOMES.GONE,
    ]
    assert [one.retry_after_seconds for one in written] == [7.0, None, None, None, None, None, None]
    assert [one.reason[0].code for one in written] == [
        TenantCode.THROTTLED,
        TenantCode.THROTTLED,
        TenantCode.ANSWERED_OTHERWISE,
        TenantCode.REFUSED_BY_ENTRA,
        TenantCode.ANSWERED_OTHERWISE,
        TenantCode.REFUSED_BY_ENTRA,
        TenantCode.REFUSED_BY_ENTRA,
    ]
    assert written[5].reason[0].values["permission"] == "User.EnableDisableAccount.All"
    assert written[5].reason[0].values["status"] == 403
    assert len(batches(graph)) == 1, "nothing is sent again"


async def test_a_permission_that_is_missing_is_named_for_each(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 3)
    graph.simulator.merge({"guestsAppRoles": ["User.Read.All", "RoleManagement.Read.Directory"]})
    written = await accounts.set_enabled(people, is_enabled=False)
    assert {one.outcome for one in written} == {OUTCOMES.REFUSED}
    assert written[0].reason[0].values["permission"] == "User.EnableDisableAccount.All"
    assert all(enabled(graph)[person] for person in people)


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry_After": "12"}, 12.0), ({}, None)])
async def test_a_batch_that_is_throttled_is_for_later(
    accounts: GraphGuestAccounts, graph: Graph, headers: dict[str, str], seconds: float | None
) -> None:
    people = add_guests(graph, 2)
    await accounts.read(people)
    graph.fail(refusing(429, **headers))
    written = await accounts.set_enabled(people, is_enabled=False)
    assert [(one.outcome, one.retry_after_seconds) for one in written] == [(OUTCOMES.LATER, seconds)] * 2
    assert len(batches(graph)) == 2, "the read, and the write once"


@pytest.mark.parametrize(
    "fault",
    [
        refusing(503, Retry_After="1"),
        refusing(504),
        refusing(500),
        answering(502, "<html>a proxy</html>"),
        answering(200, {"responses": []}),
        answering(200, "not JSON"),
        answering(302, ""),
        reset,
        reset_after_commit,
    ],
)
async def test_a_batch_without_a_usable_answer_is_unknown(
    accounts: GraphGuestAccounts, graph: Graph, fault: Any
) -> None:
    people = add_guests(graph, 2)
    await accounts.read(people)
    graph.fail(fault)
    written = await accounts.set_enabled(people, is_enabled=False)
    assert [one.outcome for one in written] == [OUTCOMES.UNKNOWN] * 2
    assert all(one.reason for one in written)
    assert len(batches(graph)) == 2, "never sent again here"


async def test_one_missing_answer_makes_the_others_unknown(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 3)
    await accounts.read(people)
    graph.fail(answering(200, {"responses": [{"id": people[0], "status": 204}, {"id": people[1], "status": 204}]}))
    written = await accounts.set_enabled(people, is_enabled=False)
    assert [one.outcome for one in written] == [OUTCOMES.UNKNOWN] * 3


async def test_a_batch_that_takes_too_long_is_unknown(
    accounts: GraphGuestAccounts, graph: Graph, deadlines: Deadlines
) -> None:
    people = add_guests(graph, 2)
    await accounts.read(people)
    graph.fail(deadlines.never_answered)
    written = await accounts.set_enabled(people, is_enabled=False)
    assert [(one.outcome, one.reason[0].code) for one in written] == [(OUTCOMES.UNKNOWN, TenantCode.TOO_LATE)] * 2


async def test_a_token_that_is_refused_is_taken_anew(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 2)
    await accounts.read(people)
    graph.fail(refusing(401))
    written = await accounts.set_enabled(people, is_enabled=False)
    assert {one.outcome for one in written} == {OUTCOMES.ACCEPTED}


async def test_a_token_that_is_refused_inside_the_batch_is_for_later(
    accounts: GraphGuestAccounts, graph: Graph
) -> None:
    people = add_guests(graph, 1)
    graph.inner.add(Fault(target="graph", method="PATCH", status=401))
    (written,) = await accounts.set_enabled(people, is_enabled=False)
    assert written.outcome is OUTCOMES.LATER


async def test_a_batch_that_is_refused_as_a_whole_raises(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 1)
    await accounts.read(people)
    graph.fail(refusing(400))
    with pytest.raises(TenantRefused) as refused:
        await accounts.set_enabled(people, is_enabled=False)
    assert refused.value.facts[0].values["call"]["purpose"] == "change_guest_account"


async def test_without_a_connection_nothing_was_sent(
    accounts: GraphGuestAccounts, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = add_guests(graph, 1)
    await accounts.read(people)

    async def closed(*_: object) -> None:
        raise httpx.ConnectError("closed")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", closed)
    with pytest.raises(TenantUnavailable, match="entra_unreachable"):
        await accounts.set_enabled(people, is_enabled=False)
    assert batches(graph) == []


async def test_another_tenant_is_never_written(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 1)
    graph.simulator.merge({"organization": {"id": "0d000000-0000-4e1b-9b51-6d1f00000009"}})
    with pytest.raises(WrongTenant):
        await accounts.set_enabled(people, is_enabled=False)
    with pytest.raises(WrongTenant):
        await accounts.read(people)
    with pytest.raises(WrongTenant):
        await accounts.roles()
    assert batches(graph) == []


async def test_an_unknown_tenant_is_never_written(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 1)
    graph.fail(refusing(500))
    with pytest.raises(TenantUnavailable, match="answered_otherwise"):
        await accounts.set_enabled(people, is_enabled=False)
    assert batches(graph) == []


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [guest(one) for one in range(21)],
        [guest(1), guest(1)],
        ["maria@contoso.com"],
        [f"{guest(1)}/manager"],
        ["me"],
    ],
)
async def test_what_is_no_group_of_accounts_is_never_sent(
    accounts: GraphGuestAccounts, graph: Graph, ids: list[Any]
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        await accounts.set_enabled(ids, is_enabled=False)
    assert graph.seen == []


async def test_a_group_is_asked_for_right_before_it_leaves(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 2)
    before = enabled(graph)

    async def lost() -> None:
        assert graph.calls[-1] == ("GET", "/organization")
        raise EffectTakenOver

    with asked_before_writes(lost), pytest.raises(EffectTakenOver):
        await accounts.set_enabled(people, is_enabled=False)
    assert batches(graph) == []
    assert enabled(graph) == before
