"""Five hundred accounts, a tenth of the answers throttled: counted in requests, nobody twice, nobody else."""

import json
import random
from collections import Counter

import pytest

from bot.sandbox.http.faults import Fault
from tests.workflows.entra.guest_accounts.conftest import add_guests
from tests.workflows.entra.simulated_tenant import Graph
from workflows.core.plans.accounts import AccountOutcome
from workflows.entra import GraphGuestAccounts
from workflows.ports.guest_accounts import MAX_WRITES

NUMBER = 500


@pytest.mark.load
async def test_five_hundred_accounts(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, NUMBER)
    others = set(graph.simulator.state()["users"]) - set(people)
    for person in random.Random(31).sample(people, NUMBER // 10):
        graph.inner.add(Fault(target="graph", method="PATCH", match=person, status=429, headers={"Retry-After": "1"}))
    waiting, accepted = list(people), Counter[str]()
    while waiting:
        group, waiting = waiting[:MAX_WRITES], waiting[MAX_WRITES:]
        states, roles = await accounts.read(group), await accounts.roles()
        assert all(states[person].is_enabled and person not in roles for person in group)
        for one in await accounts.set_enabled(group, is_enabled=False):
            if one.outcome is AccountOutcome.LATER:
                assert one.retry_after_seconds == 1.0
                waiting.append(one.id)
            else:
                accepted[one.id] += 1
                assert one.outcome is AccountOutcome.ACCEPTED
    assert accepted == Counter(people), "each once"
    final = await accounts.read(people)
    assert not any(state.is_enabled for state in final.values())
    users = graph.simulator.state()["users"]
    assert all(users[name]["accountEnabled"] for name in others), "nobody else"
    entries = graph.simulator.state()["directoryAudits"]
    assert Counter(entry["targetResources"][0]["id"] for entry in entries) == Counter(people)
    writes = [one for one in graph.seen if b'"PATCH"' in one.body]
    parts = sum(len(json.loads(one.body)["requests"]) for one in writes)
    print(f"{len(graph.seen)} requests: {len(writes)} batches of writes with {parts} parts")
    assert len(writes) == 28
    assert parts == NUMBER + NUMBER // 10
    assert len(graph.seen) <= 28 + 28 + NUMBER // MAX_WRITES + 2, "reads before, reads after, the tenant, the roles"
