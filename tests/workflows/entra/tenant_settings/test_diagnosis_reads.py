"""What a diagnosis reads of people: the accounts of one address, and the newest sign-ins with Microsoft's codes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.entra.tenant.audit_entries import account_entry, by_app, by_user
from tests.workflows.entra.simulated_tenant import CONTOSO, Graph, answering
from workflows.core.checks.tenant_facts import AccountDisabling
from workflows.core.settings.model import TenantId
from workflows.entra import Entra
from workflows.entra.answers.usage_rows import disabling_of


@pytest.mark.parametrize("address", ["maria@contoso.com", "maria.new@contoso.com", "other@contoso.com"])
async def test_an_account_is_found_by_every_name_of_an_address(entra: Entra, graph: Graph, address: str) -> None:
    """By mail, by a further address, and by the name that the invitation gave it."""
    users = graph.simulator.state()["users"]
    key, guest = next((key, row) for key, row in users.items() if row["mail"] == "maria@contoso.com")
    changed = {**guest, "mail": "maria.new@contoso.com", "otherMails": ["other@contoso.com"], "proxyAddresses": []}
    graph.simulator.merge({"users": {key: changed}})
    (found,) = await entra.tenant_settings.accounts_of(address)
    assert (found.id, found.name, found.is_external, found.is_enabled, found.is_member, found.is_pending) == (
        key,
        "Maria Lindqvist",
        True,
        True,
        False,
        False,
    )
    assert found.issuers == ("ExternalAzureAD",)


async def test_an_address_with_a_plus_sign_or_an_apostrophe_is_asked_for_as_it_is(entra: Entra, graph: Graph) -> None:
    for address in ("maria+test@contoso.com", "o'neil@contoso.com"):
        assert await entra.tenant_settings.accounts_of(address) == ()
        text = address.replace("'", "''")
        assert f"mail eq '{text}'" in graph.seen[-1].query["$filter"]


async def test_sign_ins_are_listed_with_the_code_of_their_result(entra: Entra, graph: Graph) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    found = await entra.tenant_settings.recent_sign_ins(CONTOSO, since)
    assert {entry.address: entry.code for entry in found.entries} == {"maria@contoso.com": 0, "jon@contoso.com": 0}
    assert found.is_complete
    logged = {row["userPrincipalName"]: row["correlationId"] for row in graph.simulator.state()["signIns"]}
    assert {entry.correlation_id for entry in found.entries} == {logged[entry.address] for entry in found.entries}
    assert (await entra.tenant_settings.recent_sign_ins(TenantId("x"), since)).entries == ()


async def test_only_one_page_of_sign_ins_is_listed(entra: Entra, graph: Graph) -> None:
    rows = [
        {"id": "1", "userId": "A", "userPrincipalName": "Jon@contoso.com", "status": {"errorCode": 53003}},
        {"id": "2", "status": "?", "createdDateTime": "?"},
    ]
    link = f"{graph.url}/auditLogs/signIns?p=1"
    graph.fail(*(answering(200, {"value": rows, "@odata.nextLink": link}) for _ in range(3)))
    found = await entra.tenant_settings.recent_sign_ins(CONTOSO, datetime.now(UTC))
    assert [(one.user_id, one.address, one.code) for one in found.entries] == [
        ("a", "jon@contoso.com", 53003),
        ("", "", None),
    ]
    assert not found.is_complete


async def test_an_empty_log_is_an_answer(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"signIns": []})
    found = await entra.tenant_settings.recent_sign_ins(CONTOSO, datetime.now(UTC) - timedelta(days=30))
    assert (found.entries, found.is_complete) == ((), True)


async def test_who_disabled_an_account_is_read_from_the_audit_log(entra: Entra, graph: Graph) -> None:
    """The newest entry that succeeded; another account's says nothing."""
    (maria,) = await entra.tenant_settings.accounts_of("maria@contoso.com")
    assert await entra.tenant_settings.last_disabling(maria.id) is None
    chie = by_user({"id": "c", "userPrincipalName": "chie@woodgrove.com"})
    user = {"id": maria.id, "userPrincipalName": "m", "accountEnabled": False}
    at = datetime.now(UTC) - timedelta(days=8)
    rows = [
        account_entry(user, at=at, initiated_by=chie),
        account_entry(user, at=at - timedelta(days=1), initiated_by=by_app("a")),
        {**account_entry(user, at=at + timedelta(days=1), initiated_by=by_app("a")), "result": "failure"},
        account_entry({**user, "accountEnabled": True}, at=at + timedelta(days=2), initiated_by=by_app("a")),
        account_entry({**user, "id": "other"}, at=at + timedelta(days=3), initiated_by=by_app("a")),
    ]
    graph.simulator.merge({"directoryAudits": rows})
    found = await entra.tenant_settings.last_disabling(maria.id)
    assert found is not None
    assert (found.by, found.is_by_application) == ("chie@woodgrove.com", False)
    assert found.at is not None
    assert abs(found.at - at) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"initiatedBy": {"user": None, "app": {"displayName": "Sync"}}},
            AccountDisabling(by="Sync", at=None, is_by_application=True),
        ),
        ({"initiatedBy": {"user": {"displayName": "Chie"}}}, AccountDisabling(by="Chie", at=None)),
        ({"initiatedBy": "?"}, AccountDisabling(by="", at=None)),
        ({}, AccountDisabling(by="", at=None)),
    ],
)
def test_an_entry_of_another_form_names_nobody(row: dict[str, Any], expected: AccountDisabling) -> None:
    assert disabling_of(row) == expected


async def test_applications_are_found_by_a_word_inside_their_name(entra: Entra, graph: Graph) -> None:
    found = await entra.tenant_settings.applications_with(["archive", "portal"])
    assert {"Contractor portal", "Drawings archive"} <= {one.name for one in found}
    assert graph.seen[-1].query["$search"] == '"displayName:archive" OR "displayName:portal"'
    assert await entra.tenant_settings.applications_with(["rawings"]) == [], "a word is found by how it begins"
    with pytest.raises(ValueError, match="letters and digits"):
        await entra.tenant_settings.applications_with(['a" OR "displayName:b'])
