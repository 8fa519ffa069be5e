"""Sign-ins of the last days, counted by people and applications."""

from datetime import UTC, datetime, timedelta

from tests.workflows.entra.simulated_tenant import CONTOSO, GROUP, Graph, answering
from workflows.core.checks.tenant_facts import SignIns
from workflows.core.settings.model import TenantId
from workflows.entra import Entra


async def test_sign_ins_are_counted_by_people_and_applications(entra: Entra, graph: Graph) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    found = await entra.tenant_settings.read_sign_ins(CONTOSO, since)
    assert found == SignIns(people=2, applications=("SharePoint Online",), is_complete=True)
    assert graph.seen[0].query["$filter"] == (
        f"homeTenantId eq '{CONTOSO}' and createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"
    )
    assert await entra.tenant_settings.read_sign_ins(TenantId(GROUP), since) == SignIns(
        people=0, applications=(), is_complete=True
    )


async def test_sign_ins_beyond_a_few_pages_are_at_least_so_many(entra: Entra, graph: Graph) -> None:
    """Reports take five requests in ten seconds: the rest is not counted, and the failed ones never are."""
    rows = [
        {"id": "1", "userId": "a", "appDisplayName": "X", "status": {"errorCode": 0}},
        {"id": "2", "userId": "b", "appDisplayName": None, "status": {"errorCode": 0}},
        {"id": "3", "userId": "c", "appDisplayName": "Y", "status": {"errorCode": 53003}},
        {"id": "4", "userId": "d", "appDisplayName": "Z", "status": None},
    ]
    graph.fail(
        *(answering(200, {"value": rows, "@odata.nextLink": f"{graph.url}/auditLogs/signIns?p={n}"}) for n in range(9))
    )
    found = await entra.tenant_settings.read_sign_ins(CONTOSO, datetime.now(UTC))
    assert found == SignIns(people=2, applications=("", "X"), is_complete=False)
    assert len(graph.seen) == 2


async def test_our_own_peoples_sign_ins_at_a_partner_are_asked_for_by_both_tenants(entra: Entra, graph: Graph) -> None:
    home = await entra.home()
    since = datetime.now(UTC) - timedelta(days=30)
    found = await entra.tenant_settings.read_sign_ins(CONTOSO, since, home=home)
    assert found.is_complete
    assert graph.seen[-1].query["$filter"] == (
        f"homeTenantId eq '{home}' and resourceTenantId eq '{CONTOSO}' and createdDateTime ge "
        f"{since:%Y-%m-%dT%H:%M:%SZ}"
    )
