"""Accounts and members of groups: whole lists or none."""

from typing import Any

import pytest
from aiohttp import web

from tests.workflows.entra.simulated_tenant import GROUP, Fault, Graph, answering, refusing, reset
from workflows.core.people import PersonId
from workflows.entra import Entra
from workflows.ports.tenant import TenantRefused, TenantUnavailable


async def test_accounts_by_mail(entra: Entra, graph: Graph) -> None:
    accounts = await entra.accounts_by_mail(["ADMIN@woodgrove.com", " ", "nobody@woodgrove.com"])
    assert [(a.name, a.mail, a.is_enabled, a.is_member) for a in accounts] == [
        ("Dana Reyes", "admin@woodgrove.com", True, True)
    ]
    assert graph.seen[0].query["$select"] == "id,displayName,mail,userPrincipalName,accountEnabled,userType,department"


async def test_no_mails_ask_nothing(entra: Entra, graph: Graph) -> None:
    assert list(await entra.accounts_by_mail([])) == []
    assert list(await entra.accounts_by_id([PersonId("not an id")])) == []
    assert graph.seen == []


@pytest.mark.threats("E9")
async def test_a_mail_cannot_escape_its_quotes(entra: Entra, graph: Graph) -> None:
    assert list(await entra.accounts_by_mail(["O'Neil') or (1 eq 1"])) == []
    assert graph.seen[0].query["$filter"] == (
        "mail eq 'o''neil'') or (1 eq 1' or userPrincipalName eq 'o''neil'') or (1 eq 1'"
    )


async def test_many_accounts_in_chunks_and_pages(entra: Entra, graph: Graph) -> None:
    graph.simulator.page_size = 1
    users = graph.simulator.state()["users"]
    mails = [user["mail"] for user in users.values() if user["mail"]]
    fillers = [f"nobody{number}@woodgrove.com" for number in range(20)]
    accounts = await entra.accounts_by_mail([*mails, *fillers])
    assert {account.mail for account in accounts} == set(mails)
    assert len({one.query["$filter"] for one in graph.seen}) == -(-2 * len([*mails, *fillers]) // 15)
    assert all(one.query["$filter"].count(" eq ") <= 15 for one in graph.seen)
    by_id = await entra.accounts_by_id([PersonId(user_id) for user_id in users])
    assert {account.id for account in by_id} == set(users)


async def test_empty_page_with_a_next_link_is_not_the_end(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"emptyPages": True})
    assert len(await entra.accounts_by_mail(["admin@woodgrove.com"])) == 1


@pytest.mark.parametrize(
    ("row", "is_enabled", "is_member"),
    [
        ({}, False, False),
        ({"accountEnabled": None, "userType": None}, False, False),
        ({"accountEnabled": True, "userType": "Guest"}, True, False),
        ({"accountEnabled": "true", "userType": "Member"}, False, True),
    ],
)
async def test_what_graph_does_not_say_is_not_so(
    entra: Entra, graph: Graph, row: dict[str, Any], is_enabled: bool, is_member: bool
) -> None:
    graph.fail(answering(200, {"value": [{"id": GROUP.upper(), "userPrincipalName": "a@b.example", **row}]}))
    [account] = await entra.accounts_by_mail(["a@b.example"])
    assert (account.id, account.mail, account.is_enabled, account.is_member) == (
        GROUP,
        "a@b.example",
        is_enabled,
        is_member,
    )


@pytest.mark.threats("F9")
async def test_hostile_next_link_is_not_followed(entra: Entra, graph: Graph) -> None:
    """A token is sent to Graph's own host and port only; an incomplete list is no list."""
    met: list[web.Request] = []

    async def thief(request: web.Request) -> web.Response:
        met.append(request)
        return web.json_response({"value": []})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", thief)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    own = graph.url.removeprefix("http://").partition("/")[0]
    for link in (
        f"http://127.0.0.1:{port}/graph/v1.0/users?$skiptoken=1",
        f"http://localhost:{port}/graph/v1.0/users",
        f"http://x@{own}/users",
        f"https://{own}/users",
        f"//127.0.0.1:{port}/users",
        f"http://{own}@127.0.0.1:{port}/users",
        f"http://{own}\\@127.0.0.1:{port}/users",
        f"http://127.0.0.1:{port}\\@{own}/users",
        f"http://127.0.0.1:{port}#@{own}/users",
        "http://[/users",
        "/users",
    ):
        graph.fail(answering(200, {"value": [{"id": GROUP}], "@odata.nextLink": link}))
        with pytest.raises(TenantUnavailable, match="endless_list"):
            await entra.accounts_by_mail(["a@b.example"])
    assert met == []
    await runner.cleanup()


@pytest.mark.threats("F9")
async def test_list_in_a_circle_ends(entra: Entra, graph: Graph) -> None:
    page = {"value": [], "@odata.nextLink": f"{graph.url}/users?$skiptoken=1"}
    graph.fail(*[answering(200, page)] * 3)
    with pytest.raises(TenantUnavailable, match="endless_list"):
        await entra.accounts_by_mail(["a@b.example"])
    assert len(graph.seen) == 2


@pytest.mark.parametrize(
    "second",
    [
        refusing(500),
        reset,
        answering(200, {"value": None}),
        answering(200, {"value": [{}]}),
        answering(200, {"value": [], "@odata.nextLink": 7}),
        answering(200, "<html>"),
    ],
)
@pytest.mark.threats("F9")
async def test_an_incomplete_list_is_no_list(entra: Entra, graph: Graph, second: Fault) -> None:
    row = {"id": GROUP, "accountEnabled": True, "userType": "Member"}
    first = answering(200, {"value": [row], "@odata.nextLink": f"{graph.url}/users?$skiptoken=1"})
    graph.fail(first, second, second)
    with pytest.raises(TenantUnavailable):
        await entra.accounts_by_mail(["a@b.example"])


@pytest.mark.threats("C3")
async def test_group_members_are_its_people(entra: Entra, graph: Graph) -> None:
    rows = [
        {"@odata.type": "#microsoft.graph.user", "id": "A" * 8},
        {"@odata.type": "#microsoft.graph.group", "id": "b"},
        {"@odata.type": "#microsoft.graph.device", "id": "c"},
    ]
    graph.fail(
        answering(200, {"value": rows[:1], "@odata.nextLink": f"{graph.url}/groups/{GROUP}/more?$skiptoken=1"}),
        answering(200, {"value": rows[1:]}),
    )
    assert await entra.group_members(GROUP) == {"a" * 8}
    assert graph.calls[0] == ("GET", f"/groups/{GROUP}/transitiveMembers")
    assert graph.seen[0].query == {"$select": "id", "$top": "999"}


async def test_members_of_unknown_kind_are_not_counted_out(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"value": [{"id": "a"}]}))
    with pytest.raises(TenantUnavailable, match="members_without_kind"):
        await entra.group_members(GROUP)


async def test_absent_group_is_not_an_empty_one(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(404, "Request_ResourceNotFound"))
    with pytest.raises(TenantRefused):
        await entra.group_members(GROUP)
    with pytest.raises(TenantRefused, match="no_such_group"):
        await entra.group_members("partner-admins")
    assert len(graph.seen) == 1
