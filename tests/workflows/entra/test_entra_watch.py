"""What the gateway reads before it writes: whose tenant it is, and who else has changed a partner."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.simulated_tenant import (
    CLIENT_ID,
    CONTOSO,
    FABRIKAM,
    Graph,
    adding,
    answering,
    changing,
    refusing,
)
from workflows.core.settings.partner_changes import has_other_authors
from workflows.entra import Entra, EntraSettings, connect
from workflows.entra.answers.failed_calls import retry_after
from workflows.entra.entra_audit_log import partner_changes
from workflows.entra.transport import own_tenant_guard
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WrongTenant

OTHER = "0ddba11d-0000-4000-8000-000000000001"
AUDITS = "/auditLogs/directoryAudits"


@pytest.fixture
async def entra(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[Entra]:
    """Return the gateway as the running bot creates it, with its tenant and its application."""
    settings = EntraSettings(
        graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID.upper(), client_id=CLIENT_ID
    )
    entra = connect(settings)
    yield entra
    await entra.close()


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


# --- whose tenant it is ---


async def test_writes_wait_while_graph_answers_for_another_tenant(
    entra: Entra,
    graph: Graph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await entra.write(adding())
    monkeypatch.setattr(own_tenant_guard, "_TRUSTED_SECONDS", 0.0)
    monkeypatch.setattr(own_tenant_guard, "_ASKED_AGAIN_SECONDS", 0.0)
    graph.simulator.merge({"organization": {"id": OTHER}})
    entra._guard._trusted_until = 0.0
    for operation in (adding(FABRIKAM), changing()):
        with pytest.raises(WrongTenant) as wrong:
            await entra.write(operation)
        assert (wrong.value.found, wrong.value.expected) == (OTHER, seed.HOME_TENANT_ID)
    assert [one.method for one in graph.seen if one.method != "GET"] == ["POST"]
    graph.simulator.merge({"organization": {"id": seed.HOME_TENANT_ID}})
    await entra.write(adding(FABRIKAM))


async def test_the_question_is_asked_before_the_first_write_and_not_before_each(entra: Entra, graph: Graph) -> None:
    await entra.write(adding())
    await entra.write(changing())
    await entra.verify_home()
    assert [path for _, path in graph.calls].count("/organization") == 1


async def test_a_start_that_asked_for_the_tenant_spares_the_first_write_the_question(
    entra: Entra, graph: Graph
) -> None:
    assert await entra.warm() is None
    await entra.write(adding())
    assert [path for _, path in graph.calls] == ["/organization", "/policies/crossTenantAccessPolicy/partners"]


async def test_a_wrong_answer_is_asked_again_soon(entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_tenant_guard, "_ASKED_AGAIN_SECONDS", 3600)
    graph.fail(answering(200, {"value": [{"id": OTHER}]}))
    for _ in range(2):
        with pytest.raises(WrongTenant):
            await entra.verify_home()
    assert len(graph.seen) == 1
    monkeypatch.setattr(own_tenant_guard, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 3600))
    await entra.verify_home()


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_an_answer_that_does_not_come_delays_no_write(entra: Entra, graph: Graph, status: int) -> None:
    """Closing must not hang on a read that proves nothing."""
    graph.fail(*[refusing(status)] * (3 if status == 503 else 1))
    await entra.write(adding())
    assert [one.method for one in graph.seen][-1] == "POST"


@pytest.mark.parametrize("status", [403, 503])
async def test_an_answer_that_never_came_delays_what_needs_one_and_is_asked_at_once(
    entra: Entra, graph: Graph, status: int
) -> None:
    graph.fail(*[refusing(status)] * (6 if status == 503 else 2))
    for _ in range(2):
        with pytest.raises(TenantUnavailable, match="home_not_known"):
            await entra.verify_home(must_be_known=True)
    await entra.verify_home(must_be_known=True)
    asked = len(graph.seen)
    await entra.write(adding())
    await entra.verify_home(must_be_known=True)
    assert len(graph.seen) == asked + 1


# --- who has changed a partner ---


async def test_our_own_changes_and_those_of_others_are_distinguished(entra: Entra, graph: Graph) -> None:
    await entra.write(adding())
    await entra.write(changing(inboundTrust=None))
    await entra.write(adding(FABRIKAM))
    changes = await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())
    assert [(one.activity, one.is_ours) for one in changes] == [
        ("Update a partner cross-tenant access setting", True),
        ("Add a partner to cross-tenant access setting", True),
    ]
    assert not has_other_authors(changes)
    graph.simulator.merge({"partners": {CONTOSO: None}})
    newest, *_ = await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())
    assert (newest.activity, newest.is_ours) == ("Delete partner specific cross-tenant access setting", False)
    assert newest.changed_by.startswith("admin@")
    assert await entra.tenant_settings.read_partner_changes(CONTOSO, datetime.now(UTC) + timedelta(hours=1)) == ()


async def test_partners_that_are_planned_share_one_read_of_the_log_until_it_is_read_to_check_one(
    entra: Entra, graph: Graph
) -> None:
    await entra.write(adding())
    await entra.write(adding(FABRIKAM))
    around, since = entra.tenant_settings, an_hour_ago()
    graph.seen.clear()
    for number in range(20):
        found = await around.recent_partner_changes((CONTOSO, FABRIKAM)[number % 2], since)
        assert [one.activity for one in found] == ["Add a partner to cross-tenant access setting"]
    assert len(graph.seen) == 1
    await entra.write(changing(inboundTrust=None))
    assert len(await around.recent_partner_changes(CONTOSO, since)) == 1, "kept for a minute"
    assert len(await around.read_partner_changes(CONTOSO, since)) == 2, "read now"
    assert len(await around.recent_partner_changes(CONTOSO, since)) == 2, "a new plan knows what a check has read"


async def test_a_log_that_cannot_be_read_is_not_kept(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403))
    with pytest.raises(TenantRefused):
        await entra.tenant_settings.recent_partner_changes(CONTOSO, an_hour_ago())
    assert await entra.tenant_settings.recent_partner_changes(CONTOSO, an_hour_ago()) == ()


async def test_a_long_log_is_read_to_its_end_or_not_at_all(
    entra: Entra,
    graph: Graph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = {"id": "1", "activityDisplayName": "Update", "targetResources": []}
    first = {"value": [row], "@odata.nextLink": f"{graph.url}{AUDITS}?$skiptoken=2"}
    graph.fail(answering(200, first), answering(200, {"value": [{**row, "id": "2"}]}))
    assert len(await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())) == 2
    graph.fail(answering(200, first), refusing(400))
    with pytest.raises(TenantRefused):
        await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())
    monkeypatch.setattr("workflows.entra.tenant_settings._AUDITS_READ", 1)
    graph.fail(answering(200, {"value": [row, {**row, "id": "2"}]}))
    with pytest.raises(TenantUnavailable, match="too_many_changes"):
        await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())


async def test_a_log_that_may_not_be_read_is_not_an_empty_one(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"appRoles": ["Policy.Read.All"]})
    with pytest.raises(TenantRefused, match=r"AuditLog\.Read\.All"):
        await entra.tenant_settings.read_partner_changes(CONTOSO, an_hour_ago())


def entry(**changes: Any) -> dict[str, Any]:
    named = {"displayName": "tenantId", "oldValue": None, "newValue": f'"{CONTOSO.upper()}"'}
    usual = {
        "id": "1",
        "activityDisplayName": "Update a partner cross-tenant access setting",
        "activityDateTime": "2026-11-26T10:00:00.1234567Z",
        "result": "success",
        "initiatedBy": {"user": None, "app": {"appId": "app-1", "servicePrincipalId": None, "displayName": "Bot"}},
        "targetResources": [{"modifiedProperties": [named]}],
    }
    return {**usual, **changes}


def about(*values: Any) -> list[dict[str, Any]]:
    names = [{"displayName": "tenantId", "oldValue": value, "newValue": None} for value in values]
    return [{"modifiedProperties": names}]


@pytest.mark.parametrize(
    ("row", "is_found", "is_ours"),
    [
        (entry(), True, True),
        (entry(initiatedBy={"app": {"appId": None, "servicePrincipalId": "SP-1"}}), True, True),
        (entry(initiatedBy={"app": {"appId": "app-2", "displayName": "Bot"}}), True, False),
        (entry(initiatedBy={"app": {"appId": None, "displayName": "Gatehouse"}}), True, False),
        (entry(initiatedBy={"user": {"userPrincipalName": "a@b.c"}, "app": {"appId": "app-1"}}), True, False),
        (entry(initiatedBy=None), True, False),
        (entry(initiatedBy="app-1"), True, False),
        (entry(result="failure"), False, False),
        (entry(result="unknownFutureValue"), True, True),
        (entry(targetResources=about(f'"{FABRIKAM}"')), False, False),
        (entry(targetResources=about(f'"{CONTOSO}"')), True, True),
        (entry(targetResources=about(CONTOSO)), True, True),
        (entry(targetResources=about(f'["{CONTOSO}"]')), True, True),
        (entry(targetResources=about(None, 7, "")), True, True),
        (entry(targetResources=None), True, True),
        (entry(targetResources=[None, {"modifiedProperties": [None]}]), True, True),
        (entry(targetResources=[], activityDisplayName="Reset the cross-tenant access default setting"), False, False),
        (entry(targetResources=[], activityDisplayName=None), True, True),
        (entry(activityDateTime="yesterday"), True, True),
        (entry(activityDateTime=None), True, True),
    ],
)
def test_an_entry_that_cannot_be_read_to_its_end_counts_against_us(
    row: dict[str, Any], is_found: bool, is_ours: bool
) -> None:
    found = partner_changes([row], CONTOSO, own_ids=frozenset({"app-1", "sp-1"}))
    assert [one.is_ours for one in found] == ([is_ours] if is_found else [])


# --- how long a service may ask to be left alone ---


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("300", 300.0),
        ("301", 300.0),
        ("9999999", 300.0),
        ("9" * 400, 300.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
        (format_datetime(datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC), usegmt=True), 9.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_no_service_is_left_alone_for_longer_than_minutes(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, datetime(2026, 1, 1, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("wait", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "-1", "soon"])
async def test_a_strange_wait_breaks_no_call(entra: Entra, graph: Graph, wait: str) -> None:
    graph.fail(*[refusing(429, Retry_After=wait)] * 3)
    with pytest.raises(TenantUnavailable) as busy:
        await entra.read_partner(CONTOSO)
    assert (busy.value.retry_after or 0.0) <= 300.0
