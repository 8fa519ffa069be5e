"""Microsoft 365 capabilities of partners: read with the partner, told apart from what cannot be read, never guessed."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

import workflows.tasks
from bot.sandbox.entra.tenant import initial_state
from bot.sandbox.http.faults import Fault
from tests.waiting import LONGEST_WAIT
from tests.workflows.entra.simulated_tenant import CONTOSO, FABRIKAM, PARTNERS, Graph, answering, refusing
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.model import ALL_USERS, Capabilities, Property, TenantId
from workflows.entra import Entra
from workflows.intervals import CAPABILITIES_ASKED_AGAIN_AFTER, Pauses
from workflows.ports.tenant import TenantRefused, TenantUnavailable

OWN = f"{PARTNERS}/{CONTOSO}/m365Capabilities"
DEFAULT = "/policies/crossTenantAccessPolicy/default/m365Capabilities"
BASIC = "crossTenantCalendarAvailabilityBasic"
TIPS = "crossTenantMailTipsAll"
BATCH = ("POST", "/$batch")
SINGLE = ("GET", f"{PARTNERS}/{CONTOSO}")
EVERYONE = {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []}


@pytest.fixture
def app_roles() -> list[str]:
    """The permissions of an application that may write capabilities."""
    return [*initial_state.APP_ROLES, *initial_state.OPTIONAL_APP_ROLES]


@pytest.fixture(autouse=True)
def _partner(graph: Graph, app_roles: list[str]) -> None:
    """A partner with two capabilities, whose order in the tenant is not that of their names."""
    allowed = {"inboundAccess": {"isAllowed": True}}
    graph.simulator.merge(
        {"appRoles": app_roles, "partners": {CONTOSO: {"m365Capabilities": {TIPS: allowed, BASIC: allowed}}}}
    )


def asked(graph: Graph) -> list[str]:
    """Return the addresses of all reads in batches, in order of their names."""
    bodies = [json.loads(one.body) for one in graph.seen if one.path == "/$batch"]
    return sorted(row["url"].partition("?")[0] for body in bodies for row in body["requests"])


async def capabilities(entra: Entra, partner: TenantId = CONTOSO) -> Any:
    document = await entra.read_partner(partner)
    assert document is not None
    return document.get("m365Capabilities", "not read")


async def test_a_partner_is_read_with_its_capabilities_in_one_request(entra: Entra, graph: Graph) -> None:
    read = await capabilities(entra)
    assert read == [
        {
            "@odata.type": f"#microsoft.graph.{name}",
            "name": name,
            "inboundAccess": {"isAllowed": True, "resourceScopes": EVERYONE},
        }
        for name in (BASIC, TIPS)
    ]
    assert (graph.calls, asked(graph)) == ([BATCH], [f"{PARTNERS}/{CONTOSO}", OWN])
    parsed = parse_setting(Property.M365_CAPABILITIES, read)
    assert isinstance(parsed, Capabilities)
    assert [one.people.targets[0].id for one in parsed.items if one.people] == [ALL_USERS] * 2


async def test_beside_other_reads_it_is_the_same_request(entra: Entra, graph: Graph) -> None:
    async with entra.together() as reads:
        partner, default = reads.start(entra.read_partner(CONTOSO)), reads.start(entra.read_default())
        assert (await partner or {})["m365Capabilities"]
        assert (await default)["isServiceDefault"] is True
    assert (graph.calls, len(asked(graph))) == ([BATCH], 4)


async def test_the_default_has_its_own(entra: Entra, graph: Graph) -> None:
    """They apply to every partner that has no own, so a block must know them."""
    assert (await entra.read_default())["m365Capabilities"] == []
    row = {"@odata.type": f"#microsoft.graph.{BASIC}", "name": BASIC, "inboundAccess": {"isAllowed": True}}
    graph.simulator.merge({"defaultM365Capabilities": {BASIC: row}})
    assert (await entra.read_default())["m365Capabilities"] == [row]
    assert graph.calls == [BATCH] * 2
    graph.simulator.merge({"hasM365Capabilities": False})
    assert "m365Capabilities" not in await entra.read_default()
    assert "m365Capabilities" not in await entra.read_default()
    assert graph.calls == [BATCH] * 3 + [("GET", DEFAULT), ("GET", DEFAULT.rpartition("/")[0])]


async def test_several_partners_together_are_one_request(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"partners": {FABRIKAM: {}}})
    async with entra.together() as reads:
        started = [reads.start(entra.read_partner(one)) for one in (CONTOSO, FABRIKAM)]
        found = [len((await one or {})["m365Capabilities"]) for one in started]
    assert (found, graph.calls, len(asked(graph))) == ([2, 0], [BATCH], 4)


async def test_none_is_an_empty_list(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"partners": {CONTOSO: {"m365Capabilities": None}}})
    assert await capabilities(entra) == []


async def test_a_partner_that_is_not_there_has_none(entra: Entra, graph: Graph) -> None:
    assert await entra.read_partner(FABRIKAM) is None
    await entra.read_partner(FABRIKAM)
    assert graph.calls == [BATCH] * 2, "it is not asked whether the tenant has capabilities at all"


async def test_they_are_never_cached(entra: Entra, graph: Graph) -> None:
    assert len(await capabilities(entra)) == 2
    graph.simulator.merge({"partners": {CONTOSO: {"m365Capabilities": {TIPS: None}}}})
    assert [one["name"] for one in await capabilities(entra)] == [BASIC]


async def test_a_list_in_pages_is_read_to_its_end(entra: Entra, graph: Graph) -> None:
    graph.simulator.page_size = 1
    assert len(await capabilities(entra)) == 2
    assert await entra.capability_access() is CapabilityAccess.AVAILABLE


@pytest.mark.parametrize("app_roles", [list(initial_state.APP_ROLES)])
async def test_without_the_permission_nothing_is_asked(entra: Entra, graph: Graph) -> None:
    assert await capabilities(entra) == "not read"
    assert all("m365Capabilities" not in row for row in await entra.read_partners())
    assert await entra.capability_access() is CapabilityAccess.NOT_GRANTED
    assert graph.calls == [SINGLE, ("GET", PARTNERS)]


async def test_a_permission_that_graph_does_not_accept_counts_as_none(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"appRoles": list(initial_state.APP_ROLES)})
    assert await capabilities(entra) == "not read"
    assert await entra.capability_access() is CapabilityAccess.NOT_GRANTED
    graph.seen.clear()
    assert await capabilities(entra) == "not read"
    assert graph.calls == [SINGLE], "it is not asked again at once"


@pytest.mark.parametrize("status", [400, 404])
async def test_a_tenant_that_does_not_have_them_yet(
    entra: Entra, graph: Graph, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status decides, together with that of the default configuration; Graph's text does not."""
    if status == 400:
        graph.simulator.merge({"hasM365Capabilities": False})
    else:
        graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=404))
        graph.fail(_passing, refusing(404, "ResourceNotFound", "Anything."))
    assert await capabilities(entra) == "not read"
    assert await entra.capability_access() is CapabilityAccess.NOT_AVAILABLE
    assert graph.calls == [BATCH, ("GET", DEFAULT)]
    graph.seen.clear()
    assert await capabilities(entra) == "not read"
    assert "m365Capabilities" not in (await entra.read_partners())[0]
    assert graph.calls == [SINGLE, ("GET", PARTNERS)], "for some minutes it is not asked again"
    graph.simulator.merge({"hasM365Capabilities": True})
    passed = CAPABILITIES_ASKED_AGAIN_AFTER + timedelta(seconds=1)
    _pass_time(entra, passed, monkeypatch)
    assert len(await capabilities(entra)) == 2
    assert await entra.capability_access() is CapabilityAccess.AVAILABLE


async def _passing(request: Any, handler: Any) -> Any:
    return await handler(request)


def _pass_time(entra: Entra, passed: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: workflows.tasks.Cache[Any, Any] = entra._partners.capabilities._access
    now = cache.now
    monkeypatch.setattr(cache, "now", lambda: now() + passed.total_seconds())


async def test_a_partner_that_has_just_gone_is_not_a_partner_without_any(entra: Entra, graph: Graph) -> None:
    graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=404))
    with pytest.raises(TenantUnavailable, match="partners_changed"):
        await entra.read_partner(CONTOSO)
    assert await entra.capability_access() is CapabilityAccess.AVAILABLE
    assert len(await capabilities(entra)) == 2


@pytest.mark.parametrize("status", [400, 403, 405])
async def test_a_refusal_for_one_partner_is_raised(entra: Entra, graph: Graph, status: int) -> None:
    graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=status))
    with pytest.raises(TenantRefused) as refused:
        await entra.read_partner(CONTOSO)
    assert refused.value.facts[0].values["permission"] == "Policy.ReadWrite.CrossTenantCapability"


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_fails_for_capabilities_alone_keeps_nobody_from_closing(
    entra: Entra, graph: Graph, status: int
) -> None:
    graph.inner.add(Fault(target="graph", method="GET", match=f"{CONTOSO}/m365Capabilities", status=status, times=20))
    document = await entra.read_partner(CONTOSO, is_to_close=True)
    assert document is not None
    assert "m365Capabilities" not in document, "not read is never none"
    graph.fail(*[refusing(503)] * 6)
    with pytest.raises(TenantUnavailable):
        await entra.read_partner(CONTOSO, is_to_close=True)


async def test_a_service_that_does_not_answer_is_raised(entra: Entra, graph: Graph) -> None:
    for _ in range(4):
        graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=503))
    graph.fail(_passing, *[refusing(503)] * 3)
    with pytest.raises(TenantUnavailable):
        await entra.read_partner(CONTOSO)


async def test_when_it_cannot_be_found_out_why_the_read_fails(entra: Entra, graph: Graph) -> None:
    """The addresses are missing, and the question whether they exist is not answered: that is no "not available"."""
    graph.simulator.merge({"hasM365Capabilities": False})
    graph.fail(_passing, *[refusing(503)] * 3)
    with pytest.raises(TenantUnavailable):
        await entra.read_partner(CONTOSO)
    graph.fail(*[refusing(503)] * 3)
    with pytest.raises(TenantUnavailable):
        await entra.capability_access()


@pytest.mark.parametrize(
    "answer",
    [
        {"value": [{"name": BASIC}, {"name": BASIC}]},
        {"value": [{"@odata.type": f"#microsoft.graph.{BASIC}"}]},
        {"value": None},
        {},
    ],
)
async def test_a_list_that_cannot_be_read_is_raised(entra: Entra, graph: Graph, answer: Any) -> None:
    graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=200, body=answer))
    with pytest.raises(TenantUnavailable, match="unreadable_list"):
        await entra.read_partner(CONTOSO)


async def test_an_available_answer_must_be_a_list(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, "<html>Sign in</html>"))
    with pytest.raises(TenantUnavailable):
        await entra.capability_access()


async def test_unknown_members_and_types_stay(entra: Entra, graph: Graph) -> None:
    row = {
        "@odata.type": "#microsoft.graph.crossTenantSomethingNew",
        "@odata.etag": "x",
        "name": "crossTenantSomethingNew",
        "lastModifiedDateTime": "2026-11-28T00:00:00Z",
        "inboundAccess": {"@odata.type": "#microsoft.graph.m365CapabilityInboundAccess", "isAllowed": True},
        "outboundAccess": {"isAllowed": True},
    }
    graph.inner.add(Fault(target="graph", method="GET", match="m365Capabilities", status=200, body={"value": [row]}))
    assert await capabilities(entra) == [
        {
            "@odata.type": "#microsoft.graph.crossTenantSomethingNew",
            "name": "crossTenantSomethingNew",
            "inboundAccess": {"isAllowed": True},
            "outboundAccess": {"isAllowed": True},
        }
    ]


def many(number: int) -> dict[str, Any]:
    """Partners, each with one capability."""
    allowed = {BASIC: {"inboundAccess": {"isAllowed": True}}}
    return {f"00000000-0000-4000-8000-{one:012d}": {"m365Capabilities": allowed} for one in range(number)}


async def test_a_list_of_400_partners_takes_twenty_requests_more(entra: Entra, graph: Graph) -> None:
    """A page of Graph has 100 partners here. Each page is followed by five batches."""
    graph.simulator.merge({"partners": {CONTOSO: None, **many(400)}})
    sizes = [[len(row["m365Capabilities"]) for row in page] async for page in entra.partner_pages()]
    assert sizes == [[1] * 100] * 4
    assert graph.calls == ([("GET", PARTNERS)] + [BATCH] * 5) * 4
    assert len(asked(graph)) == 400


async def seen(graph: Graph, number: int) -> None:
    """Wait until Graph has had so many requests."""
    for _ in range(int(LONGEST_WAIT * 100)):
        if len(graph.calls) >= number:
            return
        await asyncio.sleep(0.01)


async def test_the_reads_of_a_list_keep_their_rate(graph: Graph, entra: Entra) -> None:
    """With two groups in a long time, the third group waits."""
    graph.simulator.merge({"partners": many(60)})
    reader = entra._partners
    other = type(reader)(entra._connection, Pauses(capability_reads=(2, 300.0)))
    pages = other.pages()
    reading = asyncio.ensure_future(anext(pages))
    await seen(graph, 3)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert graph.calls == [("GET", PARTNERS), BATCH, BATCH]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 200])
async def test_a_partner_whose_read_fails_is_not_read_and_the_others_are(
    entra: Entra, graph: Graph, status: int
) -> None:
    graph.simulator.merge({"partners": {CONTOSO: None, **many(30)}})
    address = "000000000025/m365Capabilities"
    failing = Fault(target="graph", method="GET", match=address, status=status, times=20, body={})
    graph.inner.add(failing)
    rows = await entra.read_partners()
    assert [row["tenantId"][-12:] for row in rows if "m365Capabilities" not in row] == ["000000000025"]
    assert len(rows) == 30


async def test_a_list_of_which_no_partner_can_be_read_is_raised(entra: Entra, graph: Graph) -> None:
    """Otherwise every partner of the tenant would be asked about, again and again, without an answer."""
    graph.simulator.merge({"partners": {CONTOSO: None, **many(30)}})
    graph.inner.add(Fault(target="graph", method="GET", match="/partners/00000000", status=405, times=1000))
    with pytest.raises(TenantRefused):
        await entra.read_partners()
    assert graph.calls == [("GET", PARTNERS), BATCH], "the second group of the page is not asked about"


async def test_a_list_in_a_tenant_without_them_asks_once(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"hasM365Capabilities": False, "partners": many(60)})
    assert all("m365Capabilities" not in row for row in await entra.read_partners())
    assert graph.calls == [("GET", PARTNERS), BATCH, ("GET", DEFAULT)]
