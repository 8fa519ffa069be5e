"""The tenant's state: reading it, changing it from outside, storing it and restoring it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.tenant.tenant import PartnerHistory, merge_patch
from tests.bot.sandbox.entra.conftest import CONTOSO, FABRIKAM, PARTNERS, Changes, Graph


def _simulator(changes: Changes) -> EntraSimulator:
    return EntraSimulator(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), on_change=changes, accepts_token=lambda _: True)


async def test_a_merged_partner_is_completed(graph: Graph, simulator: EntraSimulator, changes: Changes) -> None:
    after = simulator.merge({"partners": {CONTOSO.upper(): {"inboundTrust": {"isMfaAccepted": True}}}})
    assert changes.count == 1
    assert after["partners"][CONTOSO]["tenantId"] == CONTOSO
    assert after["partners"][CONTOSO]["b2bCollaborationInbound"] is None
    assert (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json["inboundTrust"] == {"isMfaAccepted": True}
    simulator.merge({"partners": {CONTOSO: {"inboundTrust": None}}})
    assert (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json["inboundTrust"] is None
    simulator.merge({"partners": {CONTOSO: {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}}})
    assert (await graph("DELETE", f"{PARTNERS}/{CONTOSO}")).status == 400
    simulator.merge({"partners": {CONTOSO: None}})
    assert (await graph("GET", f"{PARTNERS}/{CONTOSO}")).status == 404


def test_state_is_a_copy() -> None:
    simulator = _simulator(Changes())
    simulator.state()["partners"]["x"] = 1
    assert simulator.state()["partners"] == {}


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({"partnerz": {}}, "partnerz"),
        ({"a": 1, "b": 2}, "a, b"),
        ({"partners": None}, "partners"),
        ({"partners": []}, "partners"),
        ({"partners": {"contoso.com": {}}}, "contoso.com"),
        ({"partners": {CONTOSO: 1}}, "every entry must be an object"),
        ({"users": {"x": "y"}}, "every entry must be an object"),
        ({"signIns": [1]}, "every entry must be an object"),
        ({"readLagSeconds": "2"}, "readLagSeconds"),
        ({"readLagSeconds": -1}, "at least 0"),
        ({"pageSize": 0}, "at least 1"),
        ({"pageSize": True}, "pageSize"),
        ({"emptyPages": 1}, "emptyPages"),
        ({"organization": {"id": None}}, "GUID"),
    ],
)
def test_patches_refused_leave_everything_as_it_was(patch: dict[str, Any], says: str) -> None:
    changes = Changes()
    simulator = _simulator(changes)
    before = simulator.state()
    with pytest.raises(ValueError, match=says):
        simulator.merge(patch)
    assert simulator.state() == before
    assert changes.count == 0


def test_a_patch_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="must be an object"):
        _simulator(Changes()).merge([])  # type: ignore[arg-type]


def test_a_default_changed_from_outside_is_no_longer_the_service_default() -> None:
    simulator = _simulator(Changes())
    after = simulator.merge({"default": {"inboundTrust": {"isMfaAccepted": True}}})
    assert after["default"]["isServiceDefault"] is False
    assert after["directoryAudits"][-1]["activityDisplayName"].startswith("Update the company default")


async def test_a_snapshot_survives_a_restart(graph: Graph, simulator: EntraSimulator) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO, "inboundTrust": {"isMfaAccepted": True}})
    await graph("POST", PARTNERS, body={"tenantId": FABRIKAM})
    saved = json.loads(json.dumps(simulator.snapshot()))
    changes = Changes()
    restarted = _simulator(changes)
    restarted.restore(saved)
    assert restarted.snapshot() == saved == simulator.snapshot()
    assert changes.count == 1
    with pytest.raises(ValueError, match="nonsense"):
        restarted.restore({"nonsense": 1})


def test_a_snapshot_of_an_older_sandbox_gets_what_it_lacks() -> None:
    simulator = _simulator(Changes())
    simulator.restore({"partners": {}})
    assert simulator.state()["readLagSeconds"] == 0


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_as_in_the_appendix_of_its_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


JSON = st.deferred(  # made when it is used: that takes a third of a second
    lambda: st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=8,
    )
)


@given(target=JSON, patch=JSON)
def test_merging_the_same_patch_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_a_lagging_read_serves_the_image_of_that_time() -> None:
    clock = [100.0]
    history = PartnerHistory(lambda: clock[0])
    history.note("p", None)
    clock[0] = 105.0
    history.note("p", {"v": 1})
    now = {"p": {"v": 2}}
    assert history.partners_before_lag(now, 1) == {"p": {"v": 1}}
    assert history.partners_before_lag(now, 7) == {}
    clock[0] = 107.0
    assert history.partners_before_lag(now, 1) == now
    assert history.partners_before_lag(now, 3) == {"p": {"v": 1}}


async def test_nonsense_from_outside_is_refused_without_a_crash(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"partners": {CONTOSO: {"b2bCollaborationInbound": {"usersAndGroups": "junk"}}}})
    one_list = {
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]}
    }
    path = f"{PARTNERS}/{CONTOSO}"
    assert (await graph("PATCH", path, body={"b2bCollaborationInbound": one_list})).status == 400
    simulator.merge({"users": {"u1": {"id": "another", "mail": "x@woodgrove.com"}}})
    assert (await graph("DELETE", "/users/u1")).status == 204
    simulator.merge({"authorizationPolicy": {"defaultUserRolePermissions": None}})
    body = {"defaultUserRolePermissions": {"allowedToCreateApps": True}}
    assert (await graph("PATCH", "/policies/authorizationPolicy", body=body)).status == 204
