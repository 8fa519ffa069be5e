"""The requests of a restore to Microsoft Graph, compared with Microsoft's description."""

from collections.abc import Iterator
from itertools import permutations

from tests.bot.sandbox.entra.contract import check_request, mock_request
from tests.workflows.entra.test_graph_contract import PLANS
from workflows.core.errors.raised import NothingToChange
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.plan import Operation
from workflows.core.settings.canonical import JsonObject, canonical_json
from workflows.core.settings.model import TenantId

TENANT = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")


def operations() -> Iterator[Operation]:
    """The distinct writes that lead from any state of the shipped templates and revocations back to any other."""
    ends = {
        canonical_json({"": earlier}): earlier
        for plan in PLANS.values()
        for earlier in (plan.before, plan.configuration_after())
    }
    states: list[JsonObject | None] = list(ends.values())
    seen = set()
    for now, earlier in permutations(states, 2):
        try:
            plan = plan_restoration(tenant_id=TENANT, current_configuration=now, earlier_configuration=earlier)
        except NothingToChange:
            continue
        for one in plan.operations:
            name = f"{one.method} {one.path} {canonical_json(one.body).decode()}"
            if name not in seen:
                seen.add(name)
                yield one


def test_every_body_that_puts_a_change_back_is_as_described() -> None:
    methods = set()
    for operation in operations():
        content = canonical_json(operation.body)
        check_request(mock_request(operation.method, operation.path, query={}, headers={}, content=content))
        methods.add((operation.method, operation.path.rpartition("/")[2] == "identitySynchronization"))
    assert methods == {("POST", False), ("PATCH", False), ("PUT", True), ("PATCH", True)}
