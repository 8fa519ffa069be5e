"""Who uses our tenant from outside, page by page: what is asked, what comes back, and what a bad page does."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox import seed
from tests.workflows.entra.simulated_tenant import CONTOSO, Graph, answering, refusing
from workflows.core.partners.reviewing.evidence.guest_matching import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.settings.model import TenantId
from workflows.entra import Entra
from workflows.entra.answers.usage_rows import guest_of, sign_in_of
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_problems import TenantCode

HOME = TenantId(seed.HOME_TENANT_ID)
SINCE = datetime.now(UTC) - timedelta(days=30)
ROW: dict[str, Any] = {
    "id": "1",
    "userId": "A",
    "homeTenantId": CONTOSO.upper(),
    "createdDateTime": "2027-03-01T09:00:00.1234567Z",
    "status": {"errorCode": 0},
}


def taking(rows: list[Any], pages: int = 99) -> Callable[[Sequence[Any]], bool]:
    """Collect the rows of so many pages."""
    seen = [0]

    def take(page: Sequence[Any]) -> bool:
        rows.extend(page)
        seen[0] += 1
        return seen[0] < pages

    return take


async def test_sign_ins_of_other_tenants_people_are_read_to_the_end(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"pageSize": 2})
    rows: list[SignIn] = []
    assert await entra.tenant_settings.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert {row.home for row in rows} >= {CONTOSO}
    assert HOME not in {row.home for row in rows}
    assert all(row.is_success and row.at is not None for row in rows)
    assert graph.seen[0].query["$filter"] == (
        f"createdDateTime ge {SINCE:%Y-%m-%dT%H:%M:%SZ} and homeTenantId ne '{HOME}'"
    )
    assert graph.seen[0].query["$select"] == "id,userId,homeTenantId,createdDateTime,status"
    assert len(graph.seen) > 1


async def test_the_reader_stops_when_it_is_told(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"pageSize": 1})
    rows: list[SignIn] = []
    assert not await entra.tenant_settings.read_foreign_sign_ins(HOME, SINCE, taking(rows, 2))
    assert (len(rows), len(graph.seen)) == (2, 2)
    guests: list[GuestAccount] = []
    assert not await entra.tenant_settings.read_guests(taking(guests, 1), with_activity=False)
    assert len(guests) == 1


async def test_the_log_reaches_back_when_anybody_signed_in_then(entra: Entra, graph: Graph) -> None:
    settings = entra.tenant_settings
    assert await settings.has_sign_ins(SINCE, datetime.now(UTC))
    assert graph.seen[-1].query["$top"] == "1"
    assert not await settings.has_sign_ins(SINCE, SINCE + timedelta(hours=1))


async def test_guests_are_read_with_what_shows_their_company(entra: Entra, graph: Graph) -> None:
    rows: list[GuestAccount] = []
    assert await entra.tenant_settings.read_guests(taking(rows), with_activity=True)
    (maria,) = [row for row in rows if row.mail == "maria@contoso.com"]
    assert (maria.state, maria.is_enabled, maria.issuers) == ("Accepted", True, ("ExternalAzureAD",))
    assert "#EXT#" in maria.principal_name
    assert maria.has_come
    assert graph.seen[-1].query["$filter"] == "userType eq 'Guest'"
    rows.clear()
    assert await entra.tenant_settings.read_guests(taking(rows), with_activity=False)
    assert "signInActivity" not in graph.seen[-1].query["$select"]
    assert {row.activity for row in rows} == {None}


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/auditLogs/signIns?x=1", "http://127.0.0.1:1/auditLogs/signIns", "{url}"]
)
async def test_a_hostile_next_link_ends_the_reading_and_gets_no_token(entra: Entra, graph: Graph, link: str) -> None:
    """A link to another server, and one that leads to the same page again and again."""
    page = {"value": [ROW], "@odata.nextLink": link.format(url=f"{graph.url}/auditLogs/signIns?again=1")}
    graph.fail(*(answering(200, page) for _ in range(9)))
    rows: list[SignIn] = []
    with pytest.raises(TenantUnavailable) as caught:
        await entra.tenant_settings.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert caught.value.facts[0].code == TenantCode.ENDLESS_LIST
    assert len(graph.seen) <= 2
    assert rows, "what was read before it has been taken"


async def test_a_throttled_page_is_requested_again_after_the_pause(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr("workflows.entra.transport.rate_limit._rest", rest)
    next_page = f"{graph.url}/auditLogs/signIns?page=2"
    graph.fail(
        answering(200, {"value": [ROW], "@odata.nextLink": next_page}),
        refusing(429, "TooManyRequests", Retry_After="30"),
        refusing(429, "TooManyRequests", Retry_After="20"),
        answering(200, {"value": [{**ROW, "id": "2"}]}),
    )
    rows: list[SignIn] = []
    assert await entra.tenant_settings.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert len(rows) == 2, "no row twice"
    assert rests == [30.0, 20.0]
    assert [dict(one.query) for one in graph.seen[1:]] == [{"page": "2"}] * 3


async def test_throttling_that_does_not_end_is_told(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.entra.transport.rate_limit._rest", lambda _: asyncio.sleep(0))
    graph.fail(*(refusing(429, "TooManyRequests", Retry_After="30") for _ in range(9)))
    with pytest.raises(TenantUnavailable) as caught:
        await entra.tenant_settings.read_guests(taking([]), with_activity=True)
    assert caught.value.is_throttled
    assert len(graph.seen) == 6


async def test_a_missing_permission_is_named(entra: Entra, graph: Graph) -> None:
    roles = [role for role in graph.simulator.state()["appRoles"] if role != "AuditLog.Read.All"]
    graph.simulator.merge({"appRoles": roles})
    for read in (
        entra.tenant_settings.read_guests(taking([]), with_activity=True),
        entra.tenant_settings.read_foreign_sign_ins(HOME, SINCE, taking([])),
    ):
        with pytest.raises(TenantRefused) as caught:
            await read
        assert caught.value.facts[0].values["permission"] == "AuditLog.Read.All"


def test_rows_of_another_form_count_as_far_as_they_can_be_read() -> None:
    assert sign_in_of(ROW).user_id == "a"
    assert sign_in_of(ROW).home == CONTOSO
    assert sign_in_of(ROW).at == datetime(2027, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    bad = sign_in_of({"id": "1", "userId": None, "homeTenantId": 7, "createdDateTime": "yesterday", "status": None})
    assert bad == SignIn(user_id="", home="", at=None, is_success=False)  # type: ignore[arg-type]
    assert sign_in_of({"createdDateTime": "2027-03-01T09:00:00"}).at == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert guest_of({"id": "B", "identities": [{"issuer": "contoso.com"}, {"issuer": None}, 3]}, has_activity=True) == (
        GuestAccount(id="b", issuers=("contoso.com",), activity=GuestActivity())  # type: ignore[arg-type]
    )
    never = {"signInActivity": {"lastSignInDateTime": "0001-01-01T00:00:00Z"}, "accountEnabled": False}
    assert guest_of(never, has_activity=True).activity == GuestActivity()
    assert not guest_of(never, has_activity=True).is_enabled
    assert guest_of(never, has_activity=False).activity is None
