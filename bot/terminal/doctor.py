"""`gatehouse doctor`: check everything that the bot depends on, and report problems. Nothing is changed.

It is long because every check is here.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.logs.redactor import redactor_of
from bot.process.opening.clock_probe import clock_result
from bot.process.opening.kept_disk import disk_finding
from bot.process.opening.readers import (
    GRAPH,
    SLACK,
    ClockSkew,
    SystemClock,
    entra_settings,
    open_clock,
    open_guest_accounts,
)
from bot.process.settings import Settings
from bot.slack.errors import NO_ANSWER, error_code
from bot.slack.outbound.approval_channel import CHANNEL_ADVICE, ChannelUnsuitable, channel_problem
from bot.slack.outbound.client import SlackClient
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.users import name_of_user, zone_of_user
from bot.slack.words.alarms import alarm_advice, alarm_text
from bot.terminal.evidence.key_check import key_finding
from bot.terminal.posture.finding import Finding
from bot.terminal.posture.generation_command import check_generation
from bot.terminal.posture.permission_findings import bots_permissions, guests_permissions
from bot.terminal.posture.records_check import records_findings
from bot.words.refusals.named_people.approvers import accepted_group_words
from bot.words.refusals.sentences import fact_words
from bot.words.requests.messages import missing_groups_words
from bot.words.requests.notes import note_words, refusal_words
from bot.words.sentences import counted, minute
from workflows.app.approvers.role_groups import judge_groups
from workflows.app.evidence.denied.denied_sign_ins import TOO_MANY_TENANTS_AT
from workflows.catalog.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.raised import DomainError
from workflows.core.people import ADMIN, READING_ROLES, ChatId
from workflows.core.policy.stops.freeze import ADMINS_TO_END_FREEZE
from workflows.core.policy.stops.permissions import OPTIONAL, REQUIRED, WRITES_CAPABILITIES
from workflows.core.posture.watch.denied_sign_ins.counting import MAX_TENANTS
from workflows.core.settings.model import Target, TargetType
from workflows.entra import Entra, connect
from workflows.intervals import WORK_LATE_AFTER
from workflows.ports.tenant import Tenant, TenantRefused
from workflows.store.common.reading import ServerFacts

SCOPES = frozenset(
    {
        *("chat:write", "commands", "files:read", "files:write", "groups:read", "im:write"),
        *("usergroups:read", "users:read", "users:read.email"),
    }
)
"""The scopes in manifest.yml; a test compares them."""


_MAX_PROFILES: Final = 100
"""The most profiles that are read: Slack accepts about a hundred reads a minute."""
_MAX_NAMED: Final = 5
"""The most people that one finding names; the others are counted."""
_FOLLOW: Final = "Follow the message"
_PERFORM: Final = "Start the bot. If it runs, see what its /readyz and its log say"
PERMISSIONS: Final = REQUIRED | OPTIONAL
"""The permissions in README.md, optional ones included; a test compares them."""


async def examine(settings: Settings, console: Console) -> int:
    """Print a table of findings. Returns 0 when there is no problem, otherwise 1."""
    skew, redact = ClockSkew(open_clock(settings)), redactor_of(settings)
    token, observe = settings.slack_bot_token.get_secret_value(), skew.observer(SLACK)
    client = SlackClient(token=token, base_url=settings.slack_api_url, redact=str, observe_date=observe)
    findings = [await _slack(client, settings), await _channel(client, settings)]
    try:
        tenant = connect(replace(entra_settings(settings), observe_date=skew.observer(GRAPH)))
    except ValueError as error:
        advice = "Set AZURE_CLIENT_SECRET, or another credential that azure-identity reads"
        findings.append(Finding(subject="Entra: the credential", state=str(error), advice=advice))
        findings += _templates(settings)[1]
    else:
        try:
            findings += await _entra(tenant, settings)
            findings += await bots_permissions(tenant, settings)
            findings.append(replace(await capabilities(tenant), is_optional=True))
            findings += await tenant_settings(tenant)
            findings += await _roles(client, tenant, settings)
        finally:
            await tenant.close()
    findings.append(await _clock(skew, client))
    await client.close()
    findings += await _guest_accounts(settings)
    findings += await _about_records(settings)
    table = Table("Check", "Result", "What to do", title="gatehouse doctor", title_justify="left")
    for finding in findings:
        style, sign = ("green", "✓") if not finding.advice else ("yellow", "–") if finding.is_optional else ("red", "✗")
        state = redact(finding.state)
        table.add_row(escape(finding.subject), f"[{style}]{sign}[/] {escape(state)}", escape(finding.advice))
    console.print(table)
    return 1 if any(finding.advice and not finding.is_optional for finding in findings) else 0


async def _about_records(settings: Settings) -> list[Finding]:
    """Check the records: whether they open, which generation they are, their key, and what waits in them."""
    state, advice = await asyncio.to_thread(key_finding, settings)
    key = Finding(subject="Audit log: its key", state=state, advice=advice, is_optional=True)
    generation = [
        Finding(subject=subject, state=state, advice=advice)
        for subject, state, advice in await check_generation(settings)
    ]
    database = await _about_database(settings)
    verified = await asyncio.to_thread(records_findings, settings)
    waiting = (*await _alarms(settings), *await _denied_sign_ins(settings), *verified)
    return [*await _records(settings), *await _waiting_work(settings), *database, key, *waiting, *generation]


async def _about_database(settings: Settings) -> list[Finding]:
    """Say whether the file of the records is on a disk that is kept; or which server has them."""
    if isinstance(file := settings.records.known_as, Path):
        state, advice = await asyncio.to_thread(disk_finding, file, os.environ)
        return [Finding(subject="Database: its disk", state=state, advice=advice, is_optional=True)]
    subject = "Database: its server"
    try:
        facts = await asyncio.to_thread(settings.records.read_server)
    except OSError as error:
        return [Finding(subject=subject, state=str(error), advice=_FOLLOW)]
    return [] if facts is None else [Finding(subject=subject, is_optional=True, **_about_server(facts))]


def _about_server(facts: ServerFacts) -> dict[str, str]:
    """Return the state of a server, and the advice, which is empty when there is no problem."""
    advice, how = "", "on this machine"
    if facts.is_encrypted:
        how = "encrypted"
    elif not facts.is_on_this_machine:
        how = "not encrypted"
        advice = "Add sslmode=verify-full and sslrootcert to DATABASE_URL: all records can be read on the way"
    if facts.connections * 10 >= facts.max_connections * 9:
        advice = advice or "Raise max_connections of the server, or end other programs' connections"
    connections = f"{facts.connections} of {counted(facts.max_connections, 'connection')} are in use"
    return {"state": f"PostgreSQL {facts.version}, {how}; {connections}", "advice": advice}


_SOME_GROUP: Final = Target(type=TargetType.GROUP, id="00000003-0000-0000-c000-000000000000")
_SOME_APPLICATION: Final = Target(type=TargetType.APPLICATION, id="00000003-0000-0000-c000-000000000000")
"""The application id of Microsoft Graph. Every answer about it shows whether the bot has the permission."""


async def tenant_settings(tenant: Tenant) -> list[Finding]:
    """Check the reads that inform approvers. The bot works without them."""
    tenant_settings = tenant.tenant_settings

    async def sign_ins() -> object:
        return await tenant_settings.read_sign_ins(await tenant.home(), datetime.now(UTC) - timedelta(hours=1))

    async def guests() -> object:
        return await tenant_settings.read_guests(lambda _: False, with_activity=True)  # one page is enough

    results = [
        await _call_result("Entra: who may invite", tenant_settings.read_authorization, "Policy.Read.All"),
        await _call_result("Entra: Conditional Access", tenant_settings.read_conditional_access, "Policy.Read.All"),
        await _call_result("Entra: our own domains", tenant_settings.verified_domains, "Organization.Read.All"),
        await _call_result("Entra: sign-ins of partners", sign_ins, "AuditLog.Read.All and Entra ID P1"),
        await _call_result("Entra: last sign-in of guests", guests, "AuditLog.Read.All and Entra ID P1"),
        await _call_result(
            "Entra: names of groups", lambda: tenant_settings.name_of(_SOME_GROUP), "GroupMember.Read.All"
        ),
        await _call_result(
            "Entra: names of applications", lambda: tenant_settings.name_of(_SOME_APPLICATION), "Application.Read.All"
        ),
        await _call_result(
            "SharePoint: sharing settings", tenant_settings.read_sharepoint, "SharePointTenantSettings.Read.All"
        ),
    ]
    return [replace(finding, is_optional=True) for finding in results]


_CAPABILITY_WORDS: Final = {
    CapabilityAccess.AVAILABLE: ("granted, and available in this tenant", ""),
    CapabilityAccess.NOT_GRANTED: (
        "not granted: the calendar with a partner cannot be opened, and is not watched",
        f"If you want that, grant {WRITES_CAPABILITIES}, with admin consent (docs/calendar.md)",
    ),
    CapabilityAccess.NOT_AVAILABLE: (
        "granted, but not available in this tenant yet",
        "Wait: Microsoft gives it to one tenant after another, and not to national clouds (docs/calendar.md)",
    ),
}


async def capabilities(tenant: Tenant) -> Finding:
    """Check whether Microsoft 365 capabilities can be read and written. The bot works without them."""
    subject = "Entra: Microsoft 365 capabilities"
    try:
        state, advice = _CAPABILITY_WORDS[await tenant.capability_access()]
    except DomainError as error:
        return Finding(subject=subject, state=refusal_words(error), advice="Try again later")
    return Finding(subject=subject, state=state, advice=advice)


async def _slack(client: AsyncWebClient, settings: Settings) -> Finding:
    subject = "Slack: the app and its scopes"
    try:
        answer = await client.auth_test()
    except (SlackApiError, *NO_ANSWER) as error:
        return Finding(subject=subject, state=f"{error}", advice="Install the app again; check SLACK_BOT_TOKEN")
    if answer["team_id"] != settings.slack_team_id:
        return Finding(subject=subject, state=f"workspace {answer['team_id']}", advice="Set SLACK_TEAM_ID to it")
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if granted and (missing := SCOPES - granted):
        return Finding(
            subject=subject, state=f"missing {', '.join(sorted(missing))}", advice="Install from manifest.yml"
        )
    return Finding(subject=subject, state=f"{answer['team']} as @{answer['user']}")


async def _clock(skew: ClockSkew, client: AsyncWebClient) -> Finding:
    state, advice = await clock_result(skew, client)
    return Finding(subject="The machine's clock", state=state, advice=advice)


async def _channel(client: AsyncWebClient, settings: Settings) -> Finding:
    subject = "Slack: the approval channel"
    try:
        await client.api_call("chat.scheduledMessages.list", json={"channel": settings.slack_channel})
    except SlackApiError as error:
        code = error_code(error) or "no answer from Slack"
        return Finding(
            subject=subject, state=code, advice=f"Invite the app to {settings.slack_channel}, or set SLACK_CHANNEL"
        )
    except NO_ANSWER as error:
        return Finding(subject=subject, state=f"{error!r}", advice="Check SLACK_API_URL and the network")
    try:
        problem = await channel_problem(client, settings.slack_channel)
    except ChannelUnsuitable as error:
        return Finding(subject=subject, state=str(error), advice="Check SLACK_API_URL and the network")
    if problem:
        return Finding(
            subject=subject, state=f"{settings.slack_channel}: {problem}", advice=f"SLACK_CHANNEL: {CHANNEL_ADVICE}"
        )
    return Finding(subject=subject, state=f"{settings.slack_channel}, private")


async def _entra(tenant: Entra, settings: Settings) -> list[Finding]:
    return [
        await _home_tenant(tenant, settings),
        await _call_result("Entra: default configuration", tenant.read_default, "Policy.Read.All"),
        await _call_result(
            "Entra: find a tenant", lambda: tenant.find("microsoft.com"), "CrossTenantInformation.ReadBasic.All"
        ),
    ]


async def _home_tenant(tenant: Entra, settings: Settings) -> Finding:
    subject = "Entra: our tenant"
    finding = await _call_result(subject, tenant.home, "Organization.Read.All, and the right settings AZURE_…")
    if finding.advice or (home := await tenant.home()) == settings.azure_tenant_id:
        return finding
    return Finding(
        subject=subject, state=f"the tenant {home}", advice="Set AZURE_TENANT_ID to it, or use its credentials"
    )


async def _guest_accounts(settings: Settings) -> list[Finding]:
    """Check the application that disables and enables guest accounts. Nothing is written to test it."""
    subject, credential = "Entra: guest accounts", "Entra: the application for guest accounts"
    if settings.guests_azure_client_id is None:
        state = "not set up: Gatehouse cannot disable or enable guest accounts"
        advice = "If you want that, set GUESTS_AZURE_CLIENT_ID (docs/operations.md)"
        return [Finding(subject=subject, state=state, advice=advice, is_optional=True)]
    try:
        accounts = open_guest_accounts(settings, SystemClock())
    except TenantRefused as error:
        return [Finding(subject=credential, state=refusal_words(error), advice="Follow the message")]
    try:
        granted = await accounts.granted_permissions()
        answers = [
            await _call_result(f"{subject}: our tenant", lambda: accounts.read(()), "User.Read.All"),
            await _call_result(f"{subject}: directory roles", accounts.roles, "RoleManagement.Read.Directory"),
        ]
    except DomainError as error:
        return [Finding(subject=credential, state=refusal_words(error), advice="Follow the message")]
    finally:
        await accounts.close()
    own, *others = guests_permissions(granted, settings)
    return [own, *answers, *others]


async def _call_result(subject: str, call: Callable[[], Awaitable[object]], needs: str) -> Finding:
    try:
        await call()
    except DomainError as error:
        state = refusal_words(error)
        advice = "Follow the message" if needs.replace(",", "").split()[0] in state else f"It needs {needs}"
        return Finding(subject=subject, state=state, advice=advice)
    return Finding(subject=subject, state="answers")


def _templates(settings: Settings) -> tuple[Catalog | None, list[Finding]]:
    try:
        catalog = load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        return None, [
            Finding(subject="Templates", state=problem, advice=("Correct the file")) for problem in error.problems
        ]
    return catalog, [Finding(subject="Templates", state=", ".join(catalog.templates))]


async def _roles(client: AsyncWebClient, tenant: Entra, settings: Settings) -> list[Finding]:
    """Count the people of each role, and compare the number with the largest quorum of a template."""
    catalog, findings = _templates(settings)
    if catalog is None:
        return findings
    directory = SlackDirectory(client=client, tenant=tenant, team_id=settings.slack_team_id, roles=catalog.roles)
    for role, source in catalog.roles.items():
        needed = max([1, *(s.quorum for t in catalog.templates.values() for s in t.stages if s.role == role)])
        subject = f"Role {role}"
        try:
            people = len(await directory.holders(role))
            missing = missing_groups_words(await directory.missing_groups(role))
        except DomainError as error:
            advice = (
                "Check Slack's usergroups:read and users:read.email, Graph's User.Read.All and GroupMember.Read.All"
            )
            findings.append(Finding(subject=subject, state=refusal_words(error), advice=advice))
            continue
        advice = (
            "" if people >= needed else f"Needs {needed}: add people to {', '.join(source.user_groups) or 'roles.toml'}"
        )
        # NB. the bot works with one admin, until it is frozen.
        is_warning = role == ADMIN and people < ADMINS_TO_END_FREEZE and not advice and not missing
        if is_warning:
            advice = f"A freeze is ended by two admins: add people to {', '.join(source.user_groups) or 'roles.toml'}"
        state = counted(people, "person", "people")
        if missing:
            state, advice = f"{state}. {missing}", "Restore the user group in Slack, or correct roles.toml"
        if role in READING_ROLES and advice:
            advice = f"Add people to the role, or remove [{role}] from roles.toml if nobody needs it"
        is_optional = role in READING_ROLES or is_warning
        findings.append(Finding(subject=subject, state=state, advice=advice, is_optional=is_optional))
    return [*findings, await _time_zones(directory, catalog), *await _approver_groups(tenant, catalog)]


async def _time_zones(directory: SlackDirectory, catalog: Catalog) -> Finding:
    """Name the people who can approve and whose Slack profile has no time zone that exists: UTC counts for them."""
    subject, one_check = "Slack: time zones of approvers", directory.for_one_check()
    stages = [stage for template in catalog.templates.values() for stage in template.stages]
    roles = {stage.role for stage in stages} | {stage.alternates for stage in stages if stage.alternates is not None}
    try:
        approvers = sorted(set[ChatId]().union(*[await one_check.holders(role) for role in sorted(roles)]))
        users = {chat_id: await one_check.user(chat_id) for chat_id in approvers[:_MAX_PROFILES]}
    except DomainError as error:
        advice = "Check Slack's usergroups:read and users:read.email"
        return Finding(subject=subject, state=refusal_words(error), advice=advice, is_optional=True)
    unknown = [
        f"{name_of_user(user, chat_id)} ({str(user.get('tz') or '') or 'none'})"
        for chat_id, user in users.items()
        if zone_of_user(user) is None
    ]
    checked = counted(len(users), "person", "people")
    if len(users) < len(approvers):
        checked = f"the first {len(users)} of {len(approvers)} people"
    if not unknown:
        return Finding(subject=subject, state=f"known, {checked}")
    more = len(unknown) - _MAX_NAMED
    named = ", ".join(unknown[:_MAX_NAMED]) + (f" and {counted(more, 'other')}" if more > 0 else "")
    return Finding(
        subject=subject,
        state=f"not usable for {len(unknown)} of {checked}: {named}",
        advice="They are reminded from 9 to 17 o'clock UTC. Ask them to set the time zone in Slack's preferences",
        is_optional=True,
    )


async def _approver_groups(tenant: Entra, catalog: Catalog) -> list[Finding]:
    """List the Entra groups that keep a role and whose members cannot decide, and those that an admin accepted."""
    subject = "Entra: groups of roles"
    try:
        judged = await judge_groups(tenant=tenant, catalog=catalog)
    except DomainError as error:
        return [Finding(subject=subject, state=refusal_words(error), advice="It needs Graph's GroupMember.Read.All")]
    accepted = [Finding(subject=subject, state=accepted_group_words(group.name)) for group in judged.accepted]
    refused = [
        Finding(subject=subject, state=fact_words(problem), advice="Requests for these roles are refused until then")
        for problem in judged.problems
    ]
    return [*accepted, *refused]


def _own_database(settings: Settings) -> str:
    """Return what to do when the records cannot be read: about a server, the error says it."""
    return "Set DATABASE_URL to the bot's own database" if isinstance(settings.records.known_as, Path) else _FOLLOW


async def _records(settings: Settings) -> list[Finding]:
    """List the work that the bot stopped trying; nothing when the bot never ran."""
    subject = "Records: stopped work"
    if not settings.records.exists():
        return []
    try:
        parked = await asyncio.to_thread(settings.records.read_given_up)
    except OSError as error:
        return [Finding(subject=subject, state=str(error), advice=_own_database(settings))]
    if not parked:
        return [Finding(subject=subject, state="none")]
    return [
        Finding(
            subject=f"{subject}: {effect.lane}, no. {effect.id}",
            state=note_words(effect.error),
            advice=f"Correct the cause, then run gatehouse doctor --retry {effect.id}, or --give-up {effect.id}",
        )
        for effect in parked
    ]


async def _waiting_work(settings: Settings) -> list[Finding]:
    """Say how much stored work is not done yet, and for how long it has been due; nothing when the bot never ran."""
    subject, now = "Records: waiting work", open_clock(settings).now()
    if not settings.records.exists():
        return []
    try:
        found = await asyncio.to_thread(settings.records.read_waiting, now)
    except OSError as error:
        return [Finding(subject=subject, state=str(error), advice=_own_database(settings))]
    if found.due_since is None:
        return [Finding(subject=subject, state=f"{found.count}, none of it due" if found.count else "none")]
    state = f"{found.count}, the oldest due since {minute(found.due_since)}"
    is_late = now - found.due_since > WORK_LATE_AFTER
    return [Finding(subject=subject, state=state, advice=_PERFORM if is_late else "", is_optional=True)]


async def _alarms(settings: Settings) -> list[Finding]:
    """List the open alarms, with the same words as for the admins."""
    subject = "Records: open alarms"
    if not settings.records.exists():
        return []
    try:
        found = await asyncio.to_thread(settings.records.read_open_alarms)
    except OSError as error:
        return [Finding(subject=subject, state=str(error), advice=_own_database(settings))]
    since = "since {}: {}"
    return [
        Finding(
            subject=subject, state=since.format(minute(alarm.raised_at), alarm_text(alarm)), advice=alarm_advice(alarm)
        )
        for alarm in found
    ] or [Finding(subject=subject, state="none")]


async def _denied_sign_ins(settings: Settings) -> list[Finding]:
    """Say when so many tenants were refused that some were left out; nothing otherwise."""
    subject = "Records: refused sign-ins"
    if not settings.records.exists():
        return []
    try:
        noticed = await asyncio.to_thread(settings.records.read_mark, TOO_MANY_TENANTS_AT)
    except OSError as error:
        return [Finding(subject=subject, state=str(error), advice=_own_database(settings))]
    if not noticed:
        return []
    state = f"read {minute(datetime.fromisoformat(noticed))}: of more than {MAX_TENANTS} tenants, so some are left out"
    # NB. no failure: any stranger can cause it.
    advice = "Look in the sign-in log for partners that you expect"
    return [Finding(subject=subject, state=state, advice=advice, is_optional=True)]
