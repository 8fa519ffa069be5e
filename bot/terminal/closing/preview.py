"""Read and print what closing a partner does, before anything is stored. Nothing is written."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from bot.terminal.printing import safe_text
from bot.words.findings.finding import finding_words
from bot.words.names.partners import verified_name
from bot.words.plans.changes import describe_changes
from bot.words.plans.consequences import consequence_words
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.core.checks.consequences import consequences
from workflows.core.partners.closing.revoking import requests_for_more_access
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.request import AccessRequest, Closing
from workflows.core.settings.canonical import JsonObject
from workflows.partner_lookup.lookup import read_both_alone
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.sign_ins import lost_access_findings, read_partnership_use

_FINDING_SECONDS: Final = 20.0
"""Seconds that Entra may take to find the partner; then our records must be enough."""
_READING_SECONDS: Final = 10.0
"""Seconds in which the settings are read; then they are read after the confirmation."""
_COUNTING_SECONDS: Final = 2.5
"""Seconds to wait for the sign-ins; nothing depends on them."""
_INDENT: Final = 2
_KEPT: Final = "The approval policy, sponsor and end of access, so that the suspension can be lifted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is known of a partner before it is closed."""

    identity: TenantIdentity
    partnership: Partnership | None
    stops: Sequence[AccessRequest]
    """The open requests that closing stops."""
    plan: Plan | None = None
    """The block; None when the settings could not be read."""
    default: JsonObject | None = None
    problem: str = ""
    """Why the settings could not be read."""
    usage: Sequence[str] = ()
    """Sentences about who used the partnership recently."""

    @property
    def has_nothing_to_do(self) -> bool:
        """Return whether the partner is revoked, and blocked in every respect already."""
        is_revoked = self.partnership is not None and self.partnership.state is PartnershipState.REVOKED
        return is_revoked and self.plan is not None and not self.plan.operations and not self.stops

    @property
    def is_all_closed(self) -> bool:
        """Return whether the last block was read back with nothing else open, as far as the record says."""
        return self.partnership is not None and self.partnership.not_closed == ()


async def read_preview(typed: str, *, store: Store, tenant: Tenant, clock: Clock) -> Preview:
    """Find the partner of a typed name, and plan its block from the current settings.

    :raises DomainError: when it cannot be found. Entra need not answer for a partner of our records.
    """
    try:
        async with asyncio.timeout(_FINDING_SECONDS):
            identity, partnership = await named_partner(typed, store=store, tenant=tenant)
    except TimeoutError as error:
        raise TenantUnavailable("Microsoft Entra does not answer in time.") from error
    stops = requests_for_more_access(await store.open_requests(), identity)
    found = Preview(identity=identity, partnership=partnership, stops=stops)
    try:
        async with asyncio.timeout(_READING_SECONDS):
            before, default = await read_both_alone(identity.tenant_id, tenant=tenant)
    except TimeoutError:
        return replace(found, problem="Microsoft Graph does not answer in time.")
    except (TenantUnavailable, TenantRefused) as error:
        return replace(found, problem=refusal_words(error))
    use = await read_partnership_use(identity.tenant_id, tenant=tenant, clock=clock, timeout_seconds=_COUNTING_SECONDS)
    return replace(
        found,
        plan=plan_revocation(
            tenant_id=identity.tenant_id, before=before, default=default, is_cross_cloud=not identity.is_resolved
        ),
        default=default,
        usage=tuple(map(finding_words, lost_access_findings(use))),
    )


def print_preview(preview: Preview, closing: Closing, console: Console) -> None:
    """Print what would be written, what is stopped, and what stays open."""
    verb = "Suspend" if closing is Closing.SUSPEND else "Revoke"
    console.print(
        safe_text(f"{verb} {verified_name(preview.identity.name)} ({preview.identity.tenant_id})", style="bold")
    )
    if preview.plan is None:
        console.print(safe_text(f"The settings cannot be read now: {preview.problem}"))
        console.print(safe_text("They are read and blocked as soon as Microsoft answers."))
    for title, lines in _parts(preview, closing):
        console.print(safe_text(title, style="bold"))
        bullets = Table.grid(padding=(0, 1, 0, 0))
        bullets.add_column()
        bullets.add_column(overflow="fold")
        for line in lines:
            bullets.add_row("-", safe_text(line))
        console.print(Padding(bullets, (0, 0, 0, _INDENT)))


def _parts(preview: Preview, closing: Closing) -> Iterator[tuple[str, Sequence[str]]]:
    plan = preview.plan
    if plan is not None:
        changes = [f"{one.setting}: {one.before} → {one.after}" for one in describe_changes(plan, preview.default)]
        calls = [f"{operation.method} {operation.path}" for operation in plan.operations]
        yield "What is written", changes or ["Nothing: every block is set already. It is read back and recorded."]
        if calls:
            yield "Calls of Microsoft Graph, each read back", calls
    if preview.stops:
        count = counted(len(preview.stops), "request")
        yield f"What this stops: {count}", [f"{one.id}, {one.state.value.replace('_', ' ')}" for one in preview.stops]
    kept = [] if closing is Closing.REVOKE else [_KEPT]
    left = [] if plan is None else [consequence_words(one) for one in consequences(plan, preview.default)]
    yield "What stays", [*kept, *left, *preview.usage] or ["Issued tokens and guest accounts stay."]
