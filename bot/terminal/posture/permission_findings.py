"""Compare the permissions in the tokens of both applications with those that they need. Nothing is written for it."""

from collections.abc import Collection
from typing import Final

from bot.process.opening.permissions import is_one_application, needed_by_bot
from bot.process.settings import Settings
from bot.terminal.posture.finding import Finding
from bot.words.requests.notes import refusal_words
from bot.words.unavailable.permissions import missing_words
from workflows.core.errors.raised import DomainError
from workflows.core.policy.stops.permissions import (
    FOR_GUESTS,
    OPTIONAL,
    REQUIRED,
    WRITES_CAPABILITIES,
    WRITES_PARTNERS,
    PermissionReport,
    compare_permissions,
)
from workflows.ports.tenant import Tenant

_ALLOW: Final = "Remove them from the application, or name them in GATEHOUSE_ALLOWED_PERMISSIONS"


async def bots_permissions(tenant: Tenant, settings: Settings) -> list[Finding]:
    """Check the permissions in the token of the bot's application."""
    subject = "Entra: the permission to write"
    try:
        granted = await tenant.granted_permissions()
    except DomainError as error:
        return [Finding(subject=subject, state=refusal_words(error), advice=f"It needs {WRITES_PARTNERS}")]
    if granted is None:
        look = f"Look in the Entra admin center whether the application has {WRITES_PARTNERS}"
        return [Finding(subject=subject, state="the token cannot be read", advice=look, is_optional=True)]
    findings = [Finding(subject=subject, state=WRITES_PARTNERS)]
    if WRITES_PARTNERS not in granted:
        findings = [Finding(subject=subject, state="missing", advice=f"Grant {WRITES_PARTNERS}, with admin consent")]
    optional = needed_by_bot(settings) - REQUIRED
    report = compare_permissions(granted, required=REQUIRED, optional=optional, allowed=settings.allowed_permissions)
    return [*findings, *_bots_missing(report), *_surplus("Entra: other permissions", report, "the bot needs")]


def _bots_missing(report: PermissionReport) -> list[Finding]:
    subject, findings = "Entra: missing permissions", []
    # NB. each of these two has a line of its own.
    if missing := set(report.missing) - {WRITES_PARTNERS}:
        findings.append(Finding(subject=subject, state=missing_words(missing), advice=_grant(missing)))
    if left_out := set(report.missing_optional) & OPTIONAL - {WRITES_CAPABILITIES}:
        advice = f"If you want that, grant {', '.join(sorted(left_out))}, with admin consent"
        subject = "Entra: optional permissions"
        findings.append(Finding(subject=subject, state=missing_words(left_out), advice=advice, is_optional=True))
    return findings


def guests_permissions(granted: frozenset[str] | None, settings: Settings) -> list[Finding]:
    """Check the permissions in the token of the application for guest accounts.

    :param granted: None when the token cannot be read.
    """
    subject = "Entra: the application for guest accounts"
    if granted is None:
        look = f"Look in the Entra admin center whether it has {', '.join(sorted(FOR_GUESTS))}"
        return [Finding(subject=subject, state="the token cannot be read", advice=look, is_optional=True)]
    optional = needed_by_bot(settings) - FOR_GUESTS if is_one_application(settings) else ()
    report = compare_permissions(granted, required=FOR_GUESTS, optional=optional, allowed=settings.allowed_permissions)
    finding = Finding(subject=subject, state=_application_words(settings))
    if missing := report.missing:
        state = f"missing: {', '.join(missing)}. {missing_words(missing)}"
        finding = Finding(subject=subject, state=state, advice=_grant(missing))
    return [finding, *_surplus("Entra: guest accounts: other permissions", report, "it needs")]


def _surplus(subject: str, report: PermissionReport, who: str) -> list[Finding]:
    """Name the permissions that an application does not need; nothing when there are none."""
    findings = []
    if report.surplus:
        state = f"more than {who}: {', '.join(report.surplus)}. Nothing that opens access is written"
        findings.append(Finding(subject=subject, state=state, advice=_ALLOW))
    if report.allowed:
        state = f"more than {who}, allowed by GATEHOUSE_ALLOWED_PERMISSIONS: {', '.join(report.allowed)}"
        findings.append(Finding(subject=subject, state=state))
    return findings


def _grant(names: Collection[str]) -> str:
    return f"Grant {', '.join(sorted(names))}, with admin consent"


def _application_words(settings: Settings) -> str:
    if is_one_application(settings):
        return "the bot's own application: the bot itself may then disable accounts. One of its own is safer"
    return "has its permissions"
