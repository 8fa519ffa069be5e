"""Sign-ins and guests as a review reads them: filters, pages, the limit of reports, the licence and the permission."""

from datetime import timedelta

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.odata.calls import Refusal
from bot.sandbox.entra.odata.timestamps import moment_of, stamp
from bot.sandbox.entra.tenant.report_access import ReportLimit
from tests.bot.sandbox.entra.conftest import Graph

GUESTS = {"$filter": "userType eq 'Guest'", "$select": "id,mail,externalUserState,signInActivity"}
FOREIGN = {"$filter": f"homeTenantId ne '{seed.HOME_TENANT_ID}'", "$select": "id,userId,homeTenantId"}


async def test_sign_ins_of_people_of_other_tenants_are_found_in_pages(graph: Graph) -> None:
    first = (await graph("GET", "/auditLogs/signIns", query={**FOREIGN, "$top": "3"})).json
    assert len(first["value"]) == 3
    second = await graph("GET", first["@odata.nextLink"].removeprefix(graph.base), described=False)
    rows = [*first["value"], *second.json["value"]]
    assert seed.HOME_TENANT_ID not in {row["homeTenantId"] for row in rows}
    assert len(rows) >= 4


async def test_the_log_forgets_after_thirty_days(graph: Graph, simulator: EntraSimulator) -> None:
    rows = simulator.state()["signIns"]
    now = moment_of(rows[0]["createdDateTime"])
    old = {**rows[0], "id": "old", "createdDateTime": stamp(now - timedelta(days=40))}
    simulator.merge({"signIns": [*rows, old]})
    shown = (await graph("GET", "/auditLogs/signIns")).json["value"]
    assert {row["id"] for row in shown} == {row["id"] for row in rows}


async def test_guests_show_their_last_sign_in_where_it_may_be_read(graph: Graph, simulator: EntraSimulator) -> None:
    rows = (await graph("GET", "/users", query=GUESTS)).json["value"]
    came = {row["mail"]: row["signInActivity"] for row in rows}
    assert came["maria@contoso.com"]["lastSuccessfulSignInDateTime"]
    user = rows[0]["id"]
    one = await graph("GET", f"/users/{user}", query={"$select": "id,signInActivity"})
    assert one.status == 200
    roles = [role for role in simulator.state()["appRoles"] if role != "AuditLog.Read.All"]
    simulator.merge({"appRoles": roles})
    for path, query in (("/users", GUESTS), (f"/users/{user}", {"$select": "id,signInActivity"})):
        refused = await graph("GET", path, query=query)
        assert (refused.status, refused.json["error"]["code"]) == (403, "Authentication_MSGraphPermissionMissing")
    assert (await graph("GET", "/users", query={"$select": "id,mail"})).status == 200


async def test_without_the_licence_neither_log_nor_last_sign_in_is_returned(
    graph: Graph, simulator: EntraSimulator
) -> None:
    some = simulator.state()["signIns"][0]["id"]
    simulator.merge({"hasPremiumLicence": False})
    for path, query in (("/users", GUESTS), ("/auditLogs/signIns", {}), (f"/auditLogs/signIns/{some}", {})):
        refused = await graph("GET", path, query=query)
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        assert (refused.status, refused.json["error"]["code"]) == (403, code)


async def test_with_the_last_sign_in_a_page_has_at_most_five_hundred_users(graph: Graph) -> None:
    assert (await graph("GET", "/users", query={**GUESTS, "$top": "500"})).status == 200
    assert (await graph("GET", "/users", query={**GUESTS, "$top": "501"})).status == 400


async def test_more_reports_than_the_limit_are_throttled(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"reportsPerTenSeconds": 2})
    answers = [await graph("GET", path) for path in ("/auditLogs/signIns", "/auditLogs/directoryAudits") * 2]
    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10


def test_a_request_counts_for_ten_seconds() -> None:
    now = [100.0]
    limit = ReportLimit(lambda: now[0])
    limit.take(1)
    now[0] += 9.5
    with pytest.raises(Refusal) as refused:
        limit.take(1)
    assert refused.value.headers == {"Retry-After": "1"}
    limit.take(0)
    now[0] += 10.1
    limit.take(1)
