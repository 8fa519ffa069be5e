"""Who uses our tenant from outside, page by page: what is asked, what comes back, and what a bad page does."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox import seed
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.entra.simulated_tenant import CONTOSO, Graph, answering, refusing
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.settings.model import TenantId
from workflows.entra import Entra
from workflows.entra.answers.usage_rows import guest_of, sign_in_of
from workflows.entra.tenant_settings import GraphTenantSettings
from workflows.intervals import Pauses
from workflows.ports.tenant import TenantRefused, TenantUnavailable

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


@pytest.fixture
def quick(entra: Entra) -> GraphTenantSettings:
    """The reader without the pauses that keep the limit of reports."""
    return GraphTenantSettings(entra._connection, pauses=SHORT_PAUSES)


async def test_sign_ins_of_other_tenants_people_are_read_to_the_end(quick: GraphTenantSettings, graph: Graph) -> None:
    graph.simulator.merge({"pageSize": 2})
    rows: list[SignIn] = []
    assert await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert {row.home for row in rows} >= {CONTOSO}
    assert HOME not in {row.home for row in rows}
    assert all(row.is_success and row.at is not None for row in rows)
    assert graph.seen[0].query["$filter"] == (
        f"createdDateTime ge {SINCE:%Y-%m-%dT%H:%M:%SZ} and homeTenantId ne '{HOME}'"
    )
    assert graph.seen[0].query["$select"] == "id,userId,homeTenantId,createdDateTime,status"
    assert len(graph.seen) > 1


async def test_the_reader_stops_when_it_is_told(quick: GraphTenantSettings, graph: Graph) -> None:
    graph.simulator.merge({"pageSize": 1})
    rows: list[SignIn] = []
    assert not await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows, 2))
    assert (len(rows), len(graph.seen)) == (2, 2)
    guests: list[GuestAccount] = []
    assert not await quick.read_guests(taking(guests, 1), with_activity=False)
    assert len(guests) == 1


async def test_the_log_reaches_back_when_anybody_signed_in_then(quick: GraphTenantSettings, graph: Graph) -> None:
    assert await quick.has_sign_ins(SINCE, datetime.now(UTC))
    assert graph.seen[-1].query["$top"] == "1"
    assert not await quick.has_sign_ins(SINCE, SINCE + timedelta(hours=1))


async def test_guests_are_read_with_what_shows_their_company(quick: GraphTenantSettings, graph: Graph) -> None:
    rows: list[GuestAccount] = []
    assert await quick.read_guests(taking(rows), with_activity=True)
    (maria,) = [row for row in rows if row.mail == "maria@contoso.com"]
    assert (maria.state, maria.is_enabled, maria.issuers) == ("Accepted", True, ("ExternalAzureAD",))
    assert "#EXT#" in maria.principal_name
    assert maria.has_come
    assert graph.seen[-1].query["$filter"] == "userType eq 'Guest'"
    rows.clear()
    assert await quick.read_guests(taking(rows), with_activity=False)
    assert "signInActivity" not in graph.seen[-1].query["$select"]
    assert {row.activity for row in rows} == {None}


async def test_the_sign_ins_of_one_partner_are_read_alone(quick: GraphTenantSettings, graph: Graph) -> None:
    rows: list[SignIn] = []
    assert await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows), partner=TenantId(CONTOSO))
    assert {row.home for row in rows} == {CONTOSO}
    assert graph.seen[-1].query["$filter"].endswith(f" and homeTenantId eq '{CONTOSO}'")
    graph.simulator.merge({"signIns": []})
    rows.clear()
    assert await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows), partner=TenantId(CONTOSO)), "an empty log"
    assert rows == []


async def test_a_page_of_guests_has_who_was_invited_and_counts_as_a_member(
    quick: GraphTenantSettings, graph: Graph
) -> None:
    (jon,) = [one for one in graph.simulator.state()["users"].values() if one["mail"] == "jon@contoso.com"]
    graph.simulator.merge({"users": {jon["id"]: {"userType": "Member", "onPremisesSyncEnabled": True}}})
    rows: list[GuestAccount] = []
    assert await quick.read_guests(taking(rows), with_activity=False)
    assert "jon@contoso.com" not in {row.mail for row in rows}
    page = await quick.guest_page(None, with_activity=True)
    (found,) = [row for row in page.accounts if row.mail == "jon@contoso.com"]
    assert (found.is_member, found.is_invited, found.is_synchronized) == (True, True, True)
    assert (found.name, found.created_at is None, found.state_since is None) == ("Jon Abara", False, False)
    assert found.activity is not None
    assert graph.seen[-1].query["$filter"] == "userType eq 'Guest' or creationType eq 'Invitation'"
    without = await quick.guest_page(None, with_activity=False)
    assert {one.activity for one in without.accounts} == {None}


async def test_a_list_of_guests_goes_on_at_the_link_of_the_page_before(
    quick: GraphTenantSettings, graph: Graph
) -> None:
    graph.simulator.merge({"pageSize": 1})
    first = await quick.guest_page(None, with_activity=True)
    assert first.next_link is not None
    second = await quick.guest_page(first.next_link, with_activity=True)
    assert [len(first.accounts), len(second.accounts)] == [1, 1]
    assert first.accounts[0].id != second.accounts[0].id
    assert len(graph.seen) == 2, "one read a page"
    with pytest.raises(TenantRefused) as refused:
        await quick.guest_page(first.next_link.replace("skiptoken=", "skiptoken=old"), with_activity=True)
    assert (refused.value.status, refused.value.code) == (400, "Directory_ExpiredPageToken")


@pytest.mark.parametrize("link", ["https://evil.example/v1.0/users?x=1", "http://127.0.0.1:1/users", "//evil.example"])
async def test_a_link_to_another_server_is_neither_used_nor_returned(
    quick: GraphTenantSettings, graph: Graph, link: str
) -> None:
    with pytest.raises(TenantUnavailable):
        await quick.guest_page(link, with_activity=True)
    assert graph.seen == []
    graph.fail(answering(200, {"value": [], "@odata.nextLink": link}))
    with pytest.raises(TenantUnavailable):
        await quick.guest_page(None, with_activity=True)


async def test_own_accounts_with_their_address_are_found_by_an_advanced_query(
    quick: GraphTenantSettings, graph: Graph
) -> None:
    users = graph.simulator.state()["users"]
    (riley,) = [one for one in users.values() if one["mailNickname"] == "requester"]
    (admin,) = [one for one in users.values() if one["mailNickname"] == "admin"]
    graph.simulator.merge(
        {
            "pageSize": 1,
            "users": {
                riley["id"]: {"mail": "Riley+Both@CONTOSO.com"},
                admin["id"]: {"mail": "admin@contoso.de", "userType": None, "onPremisesSyncEnabled": True},
            },
        }
    )
    first = await quick.own_account_page(None, domains=["contoso.com", "contoso.de", "o'neil.example"])
    assert first.next_link is not None
    second = await quick.own_account_page(first.next_link, domains=["contoso.com", "contoso.de", "o'neil.example"])
    rows = {row.mail: row for row in (*first.accounts, *second.accounts)}
    assert set(rows) == {"Riley+Both@CONTOSO.com", "admin@contoso.de"}, "and no guest"
    assert all(row.is_member and not row.is_invited and row.activity is None for row in rows.values())
    assert rows["admin@contoso.de"].is_synchronized
    assert second.next_link is None
    assert graph.seen[0].query["$filter"] == (
        "userType ne 'Guest' and (endsWith(mail,'@contoso.com') or endsWith(mail,'@contoso.de') "
        "or endsWith(mail,'@o''neil.example'))"
    )
    assert {one.headers["consistencylevel"] for one in graph.seen} == {"eventual"}
    assert {one.query["$count"] for one in graph.seen} == {"true"}


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/auditLogs/signIns?x=1", "http://127.0.0.1:1/auditLogs/signIns", "{url}"]
)
async def test_a_hostile_next_link_ends_the_reading_and_gets_no_token(
    quick: GraphTenantSettings, graph: Graph, link: str
) -> None:
    """A link to another server, and one that leads to the same page again and again."""
    page = {"value": [ROW], "@odata.nextLink": link.format(url=f"{graph.url}/auditLogs/signIns?again=1")}
    graph.fail(*(answering(200, page) for _ in range(9)))
    rows: list[SignIn] = []
    with pytest.raises(TenantUnavailable) as caught:
        await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert caught.value.facts[0].code == TenantCode.ENDLESS_LIST
    assert len(graph.seen) <= 2
    assert rows, "what was read before it has been taken"


async def test_a_throttled_page_is_requested_again_after_the_pause(
    quick: GraphTenantSettings, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr("workflows.entra.transport.traffic.rate_limit._rest", rest)
    next_page = f"{graph.url}/auditLogs/signIns?page=2"
    graph.fail(
        answering(200, {"value": [ROW], "@odata.nextLink": next_page}),
        refusing(429, "TooManyRequests", Retry_After="30"),
        refusing(429, "TooManyRequests", Retry_After="20"),
        answering(200, {"value": [{**ROW, "id": "2"}]}),
    )
    rows: list[SignIn] = []
    assert await quick.read_foreign_sign_ins(HOME, SINCE, taking(rows))
    assert len(rows) == 2, "no row twice"
    assert rests == [30.0, 20.0]
    assert [dict(one.query) for one in graph.seen[1:]] == [{"page": "2"}] * 3


async def test_a_scan_leaves_most_of_the_limit_of_reports_to_cards(entra: Entra, graph: Graph) -> None:
    """Two of five requests in each period are the scan's: the others are answered at once meanwhile."""
    graph.simulator.merge({"pageSize": 1})
    pauses = Pauses(reports=(5, 2.0), reports_of_a_scan=(2, 2.0))
    settings = GraphTenantSettings(entra._connection, pauses=pauses)
    rows: list[SignIn] = []
    began = time.monotonic()
    two_were_read = asyncio.Event()

    def take(page: Sequence[SignIn]) -> bool:
        rows.extend(page)
        if len(rows) == 2:
            two_were_read.set()
        return True

    scan = asyncio.create_task(settings.read_foreign_sign_ins(HOME, SINCE, take))
    await two_were_read.wait()
    await asyncio.gather(*(settings.read_sign_ins(CONTOSO, SINCE + timedelta(days=day)) for day in (28, 29)))
    assert not scan.done(), "cards were answered while the scan waits for its next turn"
    await scan
    assert (len(rows), time.monotonic() - began >= 2.0) == (4, True)
    starts = [one for one in graph.seen if one.path.startswith("/auditLogs/signIns")]
    assert len(starts) == 6


async def test_throttling_that_does_not_end_is_told(
    quick: GraphTenantSettings, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.entra.transport.traffic.rate_limit._rest", lambda _: asyncio.sleep(0))
    graph.fail(*(refusing(429, "TooManyRequests", Retry_After="30") for _ in range(9)))
    with pytest.raises(TenantUnavailable) as caught:
        await quick.read_guests(taking([]), with_activity=True)
    assert caught.value.is_throttled
    assert len(graph.seen) == 6


async def test_a_missing_permission_is_named(quick: GraphTenantSettings, graph: Graph) -> None:
    roles = [role for role in graph.simulator.state()["appRoles"] if role != "AuditLog.Read.All"]
    graph.simulator.merge({"appRoles": roles})
    for read in (
        quick.read_guests(taking([]), with_activity=True),
        quick.read_foreign_sign_ins(HOME, SINCE, taking([])),
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
