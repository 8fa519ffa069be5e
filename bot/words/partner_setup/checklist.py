"""The checklist for the partner's administrator: each step in the portal, in Graph and in PowerShell, with values.

It is plain text that people pass on and type elsewhere. Facts: Entra "Configure B2B collaboration cross-tenant access",
"B2B direct connect setup", "Configure Microsoft cloud settings for B2B collaboration", "Configure cross-tenant
synchronization using PowerShell or Microsoft Graph API"; Microsoft Graph PowerShell.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bot.words.partner_setup.steps import (
    BOTH_SIDES,
    OTHER_FLAG,
    STEP_TEXTS,
    TRUST_WORDS,
    USUALLY_OPEN,
    USUALLY_OPEN_HEADING,
    StepTexts,
)
from bot.words.settings.capabilities import CAPABILITY_TITLES
from workflows.core.checks.partner_setup.checklist import (
    SYNCHRONIZATION_TEMPLATE,
    GraphCall,
    OurTenant,
    call_of,
    call_to_add_our_tenant,
    groups,
)
from workflows.core.checks.partner_setup.confirmations import needed_steps
from workflows.core.checks.partner_setup.powershell import literal, quote
from workflows.core.checks.partner_setup.steps import PartnerSetup, SetupStep, StepKey
from workflows.core.plans.plan import PARTNERS_PATH
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import ALL_APPLICATIONS, ALL_USERS, IDENTITY_SYNCHRONIZATION, TenantId

_SETTINGS: Final = "Microsoft Entra admin center > Entra ID > External Identities > Cross-tenant access settings"
_REDEMPTION: Final = (StepKey.AUTOMATIC_REDEMPTION_OUTBOUND, StepKey.AUTOMATIC_REDEMPTION_INBOUND)
_OTHER_CLOUD_ROOT: Final = "https://YOUR-GRAPH"
"""The placeholder for a root that is not known here, because the partner is in another cloud."""


class Section(NamedTuple):
    """One step for a person: a heading, and lines of plain text."""

    heading: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the heading and the lines as one text."""
        return "\n".join((self.heading, *self.lines))


def first_section(
    home: OurTenant, partner: TenantId, *, is_cross_cloud: bool, has_calls: bool = True, reference: str = ""
) -> Section:
    """Return the first section: who asks whom, and how to add our tenant as an organization.

    :param has_calls: whether anything must be set at all.
    :param reference: the id of the request, by which both sides name this in mails; empty without a record.
    """
    root = _graph_root(home, is_cross_cloud=is_cross_cloud)
    name = home.domain or home.tenant_id
    environment = "YOUR-CLOUD" if is_cross_cloud else home.cloud.environment
    lines = [
        f"Our tenant ID: {home.tenant_id}",
        f"Your tenant ID: {partner}",
        *([f"Our reference, for your answer: {reference}"] if reference else []),
    ]
    heading = f"Settings for {name} in your Microsoft Entra tenant"
    if not has_calls:
        return Section(heading, (*lines, "Nothing has to be set on your side."))
    lines.append(
        "You need: Security Administrator; for Graph and PowerShell the permission Policy.ReadWrite.CrossTenantAccess."
    )
    if is_cross_cloud:
        lines.append("YOUR-GRAPH and YOUR-CLOUD are graph.microsoft.com and Global, graph.microsoft.us and USGov,")
        lines.append("dod-graph.microsoft.us and USGovDoD, or microsoftgraph.chinacloudapi.cn and China.")
    lines += [
        "First, if you have no organizational settings for us, add us. In the same cloud, this alone changes nothing.",
        f"Portal: {_SETTINGS} > Organizational settings > Add organization > {home.tenant_id}",
        f"Graph: first GET {root}{PARTNERS_PATH}/{home.tenant_id}; only if the answer is 404:",
        *_graph(root, call_to_add_our_tenant(home)),
        f"PowerShell: Connect-MgGraph -Environment {environment} -TenantId {quote(partner)} "
        "-Scopes 'Policy.ReadWrite.CrossTenantAccess'",
        f"New-MgPolicyCrossTenantAccessPolicyPartner -BodyParameter {literal({'tenantId': home.tenant_id})}",
    ]
    return Section(heading, tuple(lines))


def step_sections(setup: PartnerSetup, home: OurTenant, *, is_cross_cloud: bool) -> tuple[Section, ...]:
    """Return a section for every needed step, in the recommended order.

    Steps that are usually open come last, without calls. Steps of one setting are one call, so they form one section
    with both numbers.
    """
    root = _graph_root(home, is_cross_cloud=is_cross_cloud)
    lines, number = [], 1
    for group in groups(setup.steps):
        lines.append(_section(number, group, home, root))
        number += len(group)
    usual = tuple(step for step in setup.steps if not step.is_needed)
    return (*lines, _usually_allowed_section(usual, home)) if usual else tuple(lines)


def partner_notes(setup: PartnerSetup) -> tuple[str, ...]:
    """List what the partner must know besides the steps, in complete sentences."""
    notes = []
    if setup.trusts:
        claims = ", ".join(TRUST_WORDS[key] for key in setup.trusts)
        notes.append(
            f"We accept your {claims}. You do not need to set anything for this. It works for people who really have "
            "it in your tenant."
        )
    if setup.capabilities:
        shown = ", ".join(CAPABILITY_TITLES[name] for name in setup.capabilities)
        notes.append(
            f"Your people get from us: {shown}. You do not need to set anything for this. Our people get the same from "
            "you only when you set it for our tenant. Allow Microsoft 365 collaboration, inbound, and add the same "
            "Microsoft 365 capabilities. On each side, an organization relationship in Exchange takes priority."
        )
    if setup.partner_object_ids:
        notes.append(
            "Our settings name these IDs of your users, groups or applications. We cannot look them up. Please check "
            f"that they are the right ones: {', '.join(setup.partner_object_ids)}."
        )
    keys = {step.key for step in setup.steps}
    if keys & {StepKey.B2B_DIRECT_CONNECT_INBOUND, StepKey.B2B_DIRECT_CONNECT_OUTBOUND}:
        notes.append("B2B direct connect needs Microsoft Entra ID P1 in both tenants.")
    if any(step.required_settings for step in needed_steps(setup.steps)):
        notes.append(
            "Some versions of the PowerShell module misspell the names of B2B settings and are refused with “Invalid "
            "property”. The same JSON works with Invoke-MgGraphRequest -Method PATCH -Uri (the address above) "
            "-Body (the JSON above, in single quotes)."
        )
    return tuple(notes)


def _section(number: int, group: Sequence[SetupStep], home: OurTenant, root: str) -> Section:
    call = call_of(group, home)
    lines = [STEP_TEXTS[step.key].why for step in group]
    if group[0].key in _REDEMPTION:
        lines.append(BOTH_SIDES if len(group) > 1 else f"{BOTH_SIDES} {OTHER_FLAG}")
    lines += [line for step in group for line in _portal(step, STEP_TEXTS[step.key], home)]
    lines += ["Graph:", *_graph(root, call), "PowerShell:", *_powershell(group[0], call, home)]
    lines += _afterwards(group[0], home)
    numbers = " and ".join(str(number + index) for index in range(len(group)))
    headings = " and ".join(STEP_TEXTS[step.key].heading for step in group)
    return Section(f"{numbers}. {headings} (needed)", tuple(lines))


def _usually_allowed_section(steps: Sequence[SetupStep], home: OurTenant) -> Section:
    """Return the section about what partners usually allow already: it only says where to check.

    No Graph call is printed, because it would often replace the current list by a shorter one.
    """
    lines = [USUALLY_OPEN]
    for step in steps:
        words = STEP_TEXTS[step.key]
        lines += [f"{words.heading}: {words.why}", *_portal(step, words, home, named="must allow")]
    return Section(USUALLY_OPEN_HEADING, tuple(lines))


def _portal(step: SetupStep, words: StepTexts, home: OurTenant, *, named: str = "") -> Iterator[str]:
    if step.key is StepKey.MICROSOFT_CLOUD:
        yield f"Portal: {_SETTINGS} > Microsoft cloud settings > {home.cloud.portal}"
    elif step.key is StepKey.PROVISIONING_JOB:
        yield (
            "Portal: Microsoft Entra admin center > Entra ID > External Identities > Cross-tenant synchronization > "
            "Configurations > New configuration"
        )
        yield (f"  Authentication: Cross Tenant Synchronization Policy. Tenant ID: {home.tenant_id}")
    else:
        yield f"Portal: {_SETTINGS} > Organizational settings > {home.domain or home.tenant_id} > {words.portal}"
        for setting in step.required_settings.values():
            yield from _lists(setting, named)


def _lists(setting: JsonObject, named: str) -> Iterator[str]:
    for name, label in (("usersAndGroups", "Users and groups"), ("applications", "Applications")):
        if name in setting:
            target_list = setting[name]
            access = "Allow access" if target_list["accessType"] == "allowed" else "Block access"
            targets = ", ".join(_target(row) for row in target_list["targets"])
            rule = f"{access}; applies to" if not named or target_list["accessType"] != "allowed" else named
            yield f"  {label}: {rule} {targets}"


def _target(row: JsonObject) -> str:
    everything = {ALL_USERS: "all users", ALL_APPLICATIONS: "all applications"}
    return everything.get(row["target"]) or f"{row['targetType']} {row['target']}"


def _powershell(step: SetupStep, call: GraphCall, home: OurTenant) -> Iterator[str]:
    body = literal(call.body)
    if step.key is StepKey.MICROSOFT_CLOUD:
        yield f"Update-MgPolicyCrossTenantAccessPolicy -BodyParameter {body}"
    elif step.key is StepKey.PROVISIONING_JOB:
        yield (
            f"Invoke-MgInstantiateApplicationTemplate -ApplicationTemplateId {quote(SYNCHRONIZATION_TEMPLATE)} "
            f"-DisplayName {literal(call.body['displayName'])}"
        )
    else:
        yield (
            "Update-MgPolicyCrossTenantAccessPolicyPartner -CrossTenantAccessPolicyConfigurationPartnerTenantId "
            f"{quote(home.tenant_id)} -BodyParameter {body}"
        )


def _afterwards(step: SetupStep, home: OurTenant) -> Iterator[str]:
    if step.key is StepKey.MICROSOFT_CLOUD:
        yield "The call replaces the whole list: read it first, and keep every cloud that you have enabled already."
    if step.key is StepKey.PROVISIONING_JOB:
        yield (
            "Then create and start a job of the template Azure2Azure for it. Its secrets are AuthenticationType "
            f"SyncPolicy and CompanyId {home.tenant_id}. In the portal this is one form. The calls need "
            "Synchronization.ReadWrite.All and Application.ReadWrite.All."
        )
        yield (f"Our tenant receives the accounts, and its setting {IDENTITY_SYNCHRONIZATION} is set already.")


def _graph(root: str, call: GraphCall) -> Iterator[str]:
    yield f"{call.method} {root}{call.path}"
    yield json.dumps(call.body)


def _graph_root(home: OurTenant, *, is_cross_cloud: bool) -> str:
    return f"{_OTHER_CLOUD_ROOT if is_cross_cloud else home.cloud.graph}/v1.0"
