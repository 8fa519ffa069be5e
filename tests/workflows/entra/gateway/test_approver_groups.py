"""Groups that keep a role: with their owners in one batch, and what Graph does not say counts as open."""

import json
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox import seed
from tests.workflows.entra.simulated_tenant import GROUP, Graph, Handler, answering
from workflows.core.checks.approver_groups import GroupProblem
from workflows.core.people import PersonId
from workflows.entra import Entra
from workflows.ports.tenant import TenantRefused, TenantUnavailable

RILEY = PersonId(seed.PEOPLE[0].entra_id or "")
UNKNOWN = "0b000000-0009-4e1b-9b51-6d1f00000009"


async def test_groups_and_their_owners_are_read_in_one_request(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"groups": {GROUP: {"owners": [RILEY], "displayName": "On call"}}})
    (group,) = await entra.approver_groups([GROUP, UNKNOWN, "not-an-id"])
    assert (group.id, group.name, group.owners, group.problem) == (GROUP, "On call", frozenset({RILEY}), None)
    assert graph.calls == [("POST", "/$batch")]


async def test_no_group_asks_nothing(entra: Entra, graph: Graph) -> None:
    assert await entra.approver_groups([]) == []
    assert graph.seen == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"visibility": "Private"}, None),
        ({"visibility": "HiddenMembership", "groupTypes": ["Unified"], "mailEnabled": True}, None),
        ({"groupTypes": ["DynamicMembership"], "membershipRule": "user.department -eq 'IT'"}, None),
        ({"visibility": "Public", "groupTypes": ["Unified"]}, GroupProblem.PUBLIC),
        ({"visibility": "Public"}, GroupProblem.PUBLIC),
        ({"groupTypes": ["Unified"]}, GroupProblem.PUBLIC),
        ({"onPremisesSyncEnabled": True}, GroupProblem.OWNERS_UNREADABLE),
        ({"mailEnabled": True}, GroupProblem.OWNERS_UNREADABLE),
    ],
)
async def test_what_graph_says_of_a_group_decides(
    entra: Entra, graph: Graph, changes: dict[str, Any], problem: GroupProblem | None
) -> None:
    graph.simulator.merge({"groups": {GROUP: changes}})
    (group,) = await entra.approver_groups([GROUP])
    assert group.problem is problem
    assert group.is_synchronized is ("onPremisesSyncEnabled" in changes)
    assert group.owners == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"mailEnabled": True, "securityEnabled": False},
        {"mailEnabled": True, "securityEnabled": True},
        {"mailEnabled": False, "securityEnabled": False},
        {"groupTypes": ["Unified"], "mailEnabled": True, "visibility": "Private"},
    ],
)
async def test_no_synchronized_group_that_takes_mail_can_be_accepted(
    entra: Entra, graph: Graph, changes: dict[str, Any]
) -> None:
    graph.simulator.merge({"groups": {GROUP: {"onPremisesSyncEnabled": True, **changes}}})
    (group,) = await entra.approver_groups([GROUP])
    assert group.problem_unless_accepted([GROUP]) is GroupProblem.OWNERS_UNREADABLE
    graph.simulator.merge({"groups": {GROUP: {"mailEnabled": False, "securityEnabled": True, "groupTypes": []}}})
    (group,) = await entra.approver_groups([GROUP])
    assert group.problem_unless_accepted([GROUP]) is None


@pytest.mark.parametrize("row", [{}, {"id": UNKNOWN, "groupTypes": []}, {"id": GROUP}])
async def test_an_unreadable_group_is_no_closed_one(entra: Entra, graph: Graph, row: dict[str, Any]) -> None:
    graph.fail(answering(200, row))
    with pytest.raises(TenantUnavailable, match="unreadable_answer"):
        await entra.approver_groups([GROUP])


async def test_owners_that_are_refused_are_not_no_owners(entra: Entra, graph: Graph) -> None:
    async def without_owners(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = {row["id"]: row["url"] for row in (await request.json())["requests"]}
        response: Any = await handler(request)
        rows = json.loads(response.body)["responses"]
        refused = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
        for row in rows:
            if "/owners" in asked[row["id"]]:
                row |= {"status": 403, "body": refused}
        return web.json_response({"responses": rows})

    graph.simulator.merge({"groups": {GROUP: {"owners": [RILEY]}}})
    graph.fail(without_owners)
    with pytest.raises(TenantRefused):
        await entra.approver_groups([GROUP])
