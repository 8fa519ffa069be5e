"""Our own groups, users and applications by key and by name."""

import asyncio
import time
from typing import Any

import pytest

from bot.sandbox import seed
from tests.workflows.entra.simulated_tenant import (
    GROUP,
    Graph,
    answering,
    refusing,
    slow,
)
from workflows.core.settings.model import Target, TargetType
from workflows.entra import Entra
from workflows.entra.directory.name_search import found_objects
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject, ObjectKind


async def test_our_own_objects_are_named_by_key(entra: Entra, graph: Graph) -> None:
    """Each kind at its own address; what is not there is None, an application by its application id."""
    name = entra.tenant_settings.name_of
    portal, project = seed.APPLICATIONS[0], seed.PROJECT_GROUPS[0]
    user = seed.PEOPLE[0]
    assert await name(Target(type=TargetType.APPLICATION, id=portal.app_id)) == portal.name
    assert await name(Target(type=TargetType.GROUP, id=project[0])) == project[2]
    assert await name(Target(type=TargetType.USER, id=str(user.entra_id))) == user.name
    assert [one.path for one in graph.seen] == [
        f"/servicePrincipals(appId='{portal.app_id}')",
        f"/groups/{project[0]}",
        f"/users/{user.entra_id}",
    ]
    assert all(one.query["$select"] == "id,displayName" for one in graph.seen)
    for kind in TargetType:
        assert await name(Target(type=kind, id=GROUP)) is None
        assert await name(Target(type=kind, id="AllUsers")) is None


async def test_an_object_that_cannot_be_read_is_never_absent(entra: Entra, graph: Graph) -> None:
    target = Target(type=TargetType.APPLICATION, id=GROUP)
    graph.simulator.merge({"appRoles": ["Policy.Read.All"]})
    with pytest.raises(TenantRefused, match=r"status=403 .* permission=Application\.Read\.All"):
        await entra.tenant_settings.name_of(target)
    graph.fail(answering(404, "<html>a proxy</html>"))
    with pytest.raises(TenantUnavailable):
        await entra.tenant_settings.name_of(target)
    graph.fail(answering(200, {}))
    with pytest.raises(TenantUnavailable, match="names_nothing"):
        await entra.tenant_settings.name_of(target)
    graph.fail(answering(200, {"id": GROUP, "displayName": None}))
    assert await entra.tenant_settings.name_of(target) == ""


async def test_names_are_remembered_for_a_minute_and_absence_for_less(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many people ask at once. A decision reads again, and that answer is cached too."""
    around, (group, _, called, *_) = entra.tenant_settings, seed.PROJECT_GROUPS[0]
    named, absent = Target(type=TargetType.GROUP, id=group), Target(type=TargetType.USER, id=GROUP)
    for _ in range(3):
        assert await asyncio.gather(*(around.name_of(named) for _ in range(5))) == [called] * 5
        assert await around.name_of(absent) is None
    assert len(graph.seen) == 2
    assert await around.name_of(absent, fresh=True) is None
    graph.fail(answering(200, {"id": group, "displayName": "Renamed"}))
    assert await around.name_of(named, fresh=True) == "Renamed"
    assert await around.name_of(named) == "Renamed"
    assert len(graph.seen) == 4
    monkeypatch.setattr(around._names, "now", lambda: time.monotonic() + 15)
    assert (await around.name_of(named), await around.name_of(absent)) == ("Renamed", None)
    assert [one.path for one in graph.seen[4:]] == [f"/users/{GROUP}"], "absence for ten seconds only"


async def test_an_impatient_look_leaves_its_answer_to_the_next_and_a_failure_to_nobody(
    entra: Entra, graph: Graph
) -> None:
    around, target = entra.tenant_settings, Target(type=TargetType.GROUP, id=seed.PROJECT_GROUPS[0][0])
    graph.fail(slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await around.name_of(target)
    assert await around.name_of(target) == seed.PROJECT_GROUPS[0][2]
    assert len(graph.seen) == 1
    graph.fail(refusing(403), refusing(403))
    for _ in range(2):
        with pytest.raises(TenantRefused):
            await around.name_of(Target(type=TargetType.GROUP, id=GROUP))
    assert len(graph.seen) == 3


async def test_no_more_than_so_many_names_are_remembered(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra.tenant_settings._names, "max_entries", 2)
    first, *others = (Target(type=TargetType.USER, id=f"{n:08d}-0000-4000-8000-000000000001") for n in range(3))
    for target in (first, *others, *others, first):
        assert await entra.tenant_settings.name_of(target) is None
    assert len(graph.seen) == 4, "the first was given up"


async def test_our_own_objects_are_found_by_what_their_name_begins_with(entra: Entra, graph: Graph) -> None:
    """Quotes are doubled; users are also found by address; groups with hidden membership are never found."""
    find = entra.tenant_settings.find_by_prefix
    hidden = {"visibility": "HiddenMembership", "groupTypes": ["Unified"]}
    pilot = seed.PROJECT_GROUPS[1][0]
    groups = {"11111111-0000-4000-8000-000000000001": "Pilot", "11111111-0000-4000-8000-000000000002": "O'Neil's & co"}
    for group_id, name in groups.items():
        known = graph.simulator.state()["groups"][pilot]
        graph.simulator.merge({"groups": {group_id: {**known, "id": group_id, "displayName": name, "members": []}}})
    [bridge] = await find(TargetType.GROUP, "bridge PROJECT", 5)
    assert (bridge.id, bridge.name, bridge.kind) == (seed.PROJECT_GROUPS[0][0], "Bridge project", "security_group")
    assert [one.name for one in await find(TargetType.GROUP, "Pilot", 5)] == ["Pilot", "Pilot users"]
    assert [one.name for one in await find(TargetType.GROUP, "Pil", 1)] == ["Pilot"]
    assert [one.name for one in await find(TargetType.GROUP, "O'Neil's &", 5)] == ["O'Neil's & co"]
    graph.simulator.merge({"groups": {pilot: hidden}})
    assert [one.name for one in await find(TargetType.GROUP, "Pil", 5)] == ["Pilot"]
    assert await find(TargetType.GROUP, "Pilot users", 5) == []
    [person] = await find(TargetType.USER, "admin@woodgrove", 5)
    assert (person.name, person.kind, person.mail) == ("Dana Reyes", "member", "admin@woodgrove.com")
    [portal] = await find(TargetType.APPLICATION, seed.APPLICATIONS[0].name, 5)
    assert portal.id == seed.APPLICATIONS[0].app_id
    assert all(one.method == "GET" and one.query["$top"] == "25" for one in graph.seen)
    assert len(graph.seen) == 8, "one read for each search"
    graph.simulator.merge({"appRoles": ["Policy.Read.All"]})
    with pytest.raises(TenantRefused, match=r"status=403 .* permission=GroupMember\.Read\.All"):
        await find(TargetType.GROUP, "Bridge project", 5)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": True}, ObjectKind.MICROSOFT_365_GROUP),
        ({"groupTypes": [], "mailEnabled": True, "securityEnabled": True}, ObjectKind.MAIL_ENABLED_SECURITY_GROUP),
        ({"groupTypes": None, "mailEnabled": True, "securityEnabled": False}, ObjectKind.DISTRIBUTION_LIST),
        ({"groupTypes": [], "mailEnabled": False, "securityEnabled": True}, ObjectKind.SECURITY_GROUP),
        ({}, ObjectKind.SECURITY_GROUP),
    ],
)
def test_what_kind_of_group_was_found_is_told(row: dict[str, Any], kind: ObjectKind) -> None:
    assert found_objects(TargetType.GROUP, [{"id": "A", "displayName": None, **row}]) == [
        FoundObject(id="a", name="", mail="", kind=kind)
    ]
