"""The whole way from the click to the read-back, over the gateway: 500 accounts, throttled and lost answers."""

import json
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.entra.tenant.directory_roles import GUEST_INVITER, assignment
from bot.sandbox.http.faults import Fault
from tests.workflows.core.builders import NOW
from tests.workflows.effects.test_guest_accounts import asked, confirm, ends, finish
from tests.workflows.entra.guest_accounts.conftest import guest
from tests.workflows.entra.simulated_tenant import Graph
from tests.workflows.guest_accounts import guest as usual_guest
from tests.workflows.guest_accounts import listed
from tests.workflows.world import World, open_world
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountEnd
from workflows.core.requests.request import RequestState
from workflows.entra import GraphGuestAccounts

NUMBER = 500


def put_guests(world: World, graph: Graph, number: int) -> list[PersonId]:
    """Let the tenant have these guests, as they are listed and as they are read."""
    states = [usual_guest(one, id=guest(one)) for one in range(number)]
    world.tenant.tenant_settings.guest_pages = [[listed(one) for one in states]]
    rows = {
        one.id: {
            "userType": "Guest",
            "displayName": one.name,
            "mail": one.mail,
            "userPrincipalName": one.principal_name,
            "createdDateTime": (NOW - timedelta(days=400)).isoformat(),
        }
        for one in states
    }
    graph.simulator.merge({"users": rows})
    return [one.id for one in states]


@pytest.mark.load
async def test_five_hundred_accounts_from_the_click_to_the_read_back(
    accounts: GraphGuestAccounts, graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.workflows.world.FakeGuestAccounts", lambda **_: accounts)
    async with open_world(tmp_path / "gatehouse.db") as world:
        people, chances = put_guests(world, graph, NUMBER), random.Random(31)
        for person in chances.sample(people, NUMBER // 10):
            graph.inner.add(
                Fault(target="graph", method="PATCH", match=person, status=429, headers={"Retry-After": "1"})
            )
        for person in chances.sample(people, 5):
            graph.inner.add(Fault(target="graph", method="PATCH", match=person, status=503, after_commit=True))
        shown = await asked(world)
        late, gone, member = chances.sample(people, 3)
        users = graph.simulator.state()["users"]
        graph.simulator.merge(
            {
                "roleEligibilitySchedules": {"late": assignment("late", late, GUEST_INVITER)},
                "users": {gone: None, member: {"userType": "Member"}},
            }
        )
        accounts._roles.forget_all()  # the time that passes between the preview and the write
        sent_before = len(graph.seen)
        done = await confirm(world, shown)
        done = done if done.is_terminal else await finish(world, done.id)
    assert done.state is RequestState.APPLIED
    left = {late, gone, member}
    assert ends(done) == {AccountEnd.DONE: NUMBER - 3, AccountEnd.LEFT_ALONE: 2, AccountEnd.GONE: 1}
    now = graph.simulator.state()["users"]
    changed = {name for name, user in now.items() if user["accountEnabled"] != users[name]["accountEnabled"]}
    assert changed == set(people) - left, "everybody who was shown and did not change, and nobody else"
    entries = graph.simulator.state()["directoryAudits"]
    written = Counter(entry["targetResources"][0]["id"] for entry in entries)
    assert written == Counter(set(people) - left), "nobody twice"
    writes = [one for one in graph.seen[sent_before:] if b'"PATCH"' in one.body]
    parts = sum(len(json.loads(one.body)["requests"]) for one in writes)
    print(f"{len(graph.seen) - sent_before} requests, {len(writes)} of them writes with {parts} parts")
    assert parts <= NUMBER + NUMBER // 10
