"""The application for guest accounts signs in as itself, and its problems are named as its own."""

import json
from pathlib import Path

import pytest
import trustme

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import NOW
from tests.workflows.entra.guest_accounts.conftest import APPLICATION, add_guests
from tests.workflows.entra.simulated_tenant import Graph
from workflows.core.plans.accounts import AccountOutcome
from workflows.entra import ApplicationCredential, EntraSettings, GraphGuestAccounts, connect_guest_accounts
from workflows.intervals import Pauses
from workflows.ports.guest_accounts import PERMISSIONS
from workflows.ports.tenant import TenantRefused


def opened(graph: Graph, authority: TokenAuthority, application: ApplicationCredential) -> GraphGuestAccounts:
    """Return the gateway with another credential."""
    settings = EntraSettings(
        graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID, application=application
    )
    return connect_guest_accounts(settings, lambda: NOW)


async def test_its_own_permissions(accounts: GraphGuestAccounts) -> None:
    assert await accounts.granted_permissions() == PERMISSIONS
    assert await accounts.missing_permissions() == ()
    assert accounts.is_configured


async def test_missing_permissions_are_named(
    accounts: GraphGuestAccounts, authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sandbox.entra.tenant.initial_state.GUESTS_APP_ROLES", ("User.Read.All", "Mail.Send"))
    assert await accounts.missing_permissions() == (
        "GroupMember.Read.All",
        "RoleManagement.Read.Directory",
        "User.EnableDisableAccount.All",
    )


async def test_a_wrong_secret_is_named_as_that_of_guest_accounts(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    """The bot's own secret in the environment is not used instead."""
    wrong = ApplicationCredential(client_id=seed.GUESTS_CLIENT_ID, client_secret="a wrong secret")
    accounts = opened(graph, authority, wrong)
    people = add_guests(graph, 1)
    for work in (accounts.roles(), accounts.read(people), accounts.set_enabled(people, is_enabled=False)):
        with pytest.raises(TenantRefused) as refused:
            await work
        words = refusal_words(refused.value)
        assert words.startswith("Entra refused the credentials for guest accounts")
        assert "GUESTS_AZURE_CLIENT_ID" in words
    assert graph.seen == []
    assert "wrong secret" not in repr(wrong)
    await accounts.close()


def test_a_certificate_that_is_not_there(graph: Graph, authority: TokenAuthority, tmp_path: Path) -> None:
    missing = ApplicationCredential(client_id=seed.GUESTS_CLIENT_ID, certificate_path=str(tmp_path / "none.pem"))
    with pytest.raises(ValueError, match="GUESTS_AZURE_CLIENT_CERTIFICATE_PATH: No such file"):
        opened(graph, authority, missing)
    (tmp_path / "bad.pem").write_text("no certificate")
    unreadable = ApplicationCredential(client_id=seed.GUESTS_CLIENT_ID, certificate_path=str(tmp_path / "bad.pem"))
    with pytest.raises(ValueError, match="GUESTS_AZURE_CLIENT_CERTIFICATE_PATH: it has no certificate"):
        opened(graph, authority, unreadable)


async def test_a_certificate_is_used(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The simulated authority knows no certificates. It says that it was shown none of its secrets."""
    certificate = trustme.CA().issue_cert("gatehouse.example", key_type=trustme.KeyType.RSA)
    path = tmp_path / "certificate.pem"
    path.write_bytes(b"".join(blob.bytes() for blob in (certificate.private_key_pem, *certificate.cert_chain_pems)))
    used = ApplicationCredential(client_id=seed.GUESTS_CLIENT_ID, certificate_path=str(path))
    accounts = opened(graph, authority, used)
    with pytest.raises(TenantRefused, match="AADSTS7000218"):
        await accounts.roles()
    assert graph.seen == []
    await accounts.close()


async def test_a_permission_that_is_missing_for_the_first_read_is_named(
    accounts: GraphGuestAccounts, graph: Graph
) -> None:
    graph.simulator.merge({"guestsAppRoles": []})
    with pytest.raises(TenantRefused) as refused:
        await accounts.read(add_guests(graph, 1))
    assert refused.value.facts[0].values["permission"] == "User.Read.All"


def test_it_needs_an_application_and_a_tenant() -> None:
    for settings in (EntraSettings(tenant_id=seed.HOME_TENANT_ID), EntraSettings(application=APPLICATION)):
        with pytest.raises(ValueError, match="an application and a tenant"):
            connect_guest_accounts(settings, lambda: NOW)


async def test_a_group_out_of_turn_is_for_later(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("workflows.entra.guest_accounts.guest_accounts._LONGEST_WAIT_SECONDS", 0.05)
    settings = EntraSettings(
        graph_url=graph.url,
        authority_host=authority.url,
        tenant_id=seed.HOME_TENANT_ID,
        application=APPLICATION,
        pauses=Pauses(account_writes=(1, 150.0)),
    )
    accounts = connect_guest_accounts(settings, lambda: NOW)
    people = add_guests(graph, 2)
    (first,) = await accounts.set_enabled(people[:1], is_enabled=False)
    (second,) = await accounts.set_enabled(people[1:], is_enabled=False)
    assert (first.outcome, second.outcome) == (AccountOutcome.ACCEPTED, AccountOutcome.LATER)
    assert second.retry_after_seconds == 150.0
    sent = [one for one in graph.seen if one.path == "/$batch"]
    assert [row["id"] for row in json.loads(sent[0].body)["requests"]] == people[:1]
    assert len(sent) == 1
    await accounts.close()
