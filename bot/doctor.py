"""`gatehouse doctor`: looks at everything the bot depends on and says what is wrong; changes nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.directory import SlackDirectory
from bot.settings import Settings
from bot.slack_errors import NO_ANSWER, error_code
from workflows.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.errors import DomainError
from workflows.entra import Entra, EntraSettings, connect

SCOPES = frozenset({"chat:write", "commands", "im:write", "usergroups:read", "users:read", "users:read.email"})
"""What manifest.yml asks for; a test holds the two together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `cure` is empty when it is well."""

    subject: str
    state: str
    cure: str = ""


async def examine(settings: Settings, console: Console) -> int:
    """Print a table of findings. Returns 0 when everything is well, else 1."""
    client = AsyncWebClient(token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url)
    tenant = connect(EntraSettings(graph_url=settings.graph_url, authority_host=settings.azure_authority_host))
    try:
        findings = [await _slack(client, settings), await _channel(client, settings)]
        findings += [await _asked("Entra: who we are", tenant.home, "the settings AZURE_…")]
        findings += [await _asked("Entra: default configuration", tenant.read_default, "Policy.Read.All")]
        findings += [
            await _asked(
                "Entra: find a tenant", lambda: tenant.find("microsoft.com"), "CrossTenantInformation.ReadBasic.All"
            )
        ]
        findings += await _roles(client, tenant, settings)
    finally:
        await tenant.close()
    table = Table("Looked at", "Found", "What to do", title="gatehouse doctor", title_justify="left")
    for finding in findings:
        style = "red" if finding.cure else "green"
        table.add_row(finding.subject, f"[{style}]{'✗' if finding.cure else '✓'}[/] {finding.state}", finding.cure)
    console.print(table)
    return 1 if any(finding.cure for finding in findings) else 0


async def _slack(client: AsyncWebClient, settings: Settings) -> Finding:
    subject = "Slack: the app and its scopes"
    try:
        answer = await client.auth_test()
    except (SlackApiError, *NO_ANSWER) as error:
        return Finding(subject=subject, state=f"{error}", cure="Install the app again; check SLACK_BOT_TOKEN")
    if answer["team_id"] != settings.slack_team_id:
        return Finding(subject=subject, state=f"workspace {answer['team_id']}", cure="Set SLACK_TEAM_ID to it")
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if granted and (missing := SCOPES - granted):
        return Finding(subject=subject, state=f"missing {', '.join(sorted(missing))}", cure="Install from manifest.yml")
    return Finding(subject=subject, state=f"{answer['team']} as @{answer['user']}")


async def _channel(client: AsyncWebClient, settings: Settings) -> Finding:
    subject = "Slack: the approval channel"
    try:
        await client.api_call("chat.scheduledMessages.list", json={"channel": settings.slack_channel})
    except SlackApiError as error:
        code = error_code(error) or "no answer of Slack's"
        cure = f"Invite the app to {settings.slack_channel}, or set SLACK_CHANNEL" if code != "unknown_method" else ""
        return Finding(subject=subject, state=code, cure=cure)
    except NO_ANSWER as error:
        return Finding(subject=subject, state=f"{error!r}", cure="Check SLACK_API_URL and the network")
    return Finding(subject=subject, state=settings.slack_channel)


async def _asked(subject: str, ask: Callable[[], Awaitable[object]], needs: str) -> Finding:
    try:
        await ask()
    except DomainError as error:
        return Finding(subject=subject, state=str(error), cure=f"It needs {needs}")
    return Finding(subject=subject, state="answers")


async def _roles(client: AsyncWebClient, tenant: Entra, settings: Settings) -> list[Finding]:
    """Count who holds each role, against the largest quorum that a template asks of it."""
    try:
        catalog: Catalog = load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        return [Finding(subject="Templates", state=problem, cure="Mend the file") for problem in error.problems]
    directory = SlackDirectory(client=client, tenant=tenant, team_id=settings.slack_team_id, roles=catalog.roles)
    findings = [Finding(subject="Templates", state=", ".join(catalog.templates))]
    for role, source in catalog.roles.items():
        needed = max([1, *(s.quorum for t in catalog.templates.values() for s in t.stages if s.role == role)])
        subject = f"Role {role}"
        try:
            held = len(await directory.holders(role))
        except DomainError as error:
            findings.append(
                Finding(subject=subject, state=str(error), cure="Check usergroups:read and GroupMember.Read.All")
            )
            continue
        cure = (
            "" if held >= needed else f"Needs {needed}: add people to {', '.join(source.user_groups) or 'roles.toml'}"
        )
        findings.append(Finding(subject=subject, state=f"{held} people", cure=cure))
    return findings
