"""`gatehouse guests --disable`: show which guest accounts of a partner are disabled, ask, store, and follow it.

Slack is not needed. The audit log names the operating system's user: closing needs no person. Enabling opens, so it is
not possible here: an admin does it in Slack.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_guest_accounts, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.closing.exit_status import CLOSED, NOT_CONFIRMED, NOT_DONE
from bot.terminal.closing.guests_following import (
    GOES_ON,
    DisablingOptions,
    DisablingSession,
    Left,
    Progress,
    Shown,
    Unconfirmed,
)
from bot.terminal.closing.guests_preview import print_accounts
from bot.terminal.evidence.taking import EvidenceRequester, open_beside_bot
from bot.terminal.printing import MAX_CHARACTERS, print_error, safe_text, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.requests.notes import refusal_words
from workflows.app.evidence.guests.account_planning import AccountPlanning, AskedAccounts
from workflows.app.storing.recorder import Recorder
from workflows.catalog.catalog import Catalog, load_catalog
from workflows.core.errors.raised import DomainError
from workflows.core.partners.closing.guest_accounts import needs_chain
from workflows.core.people import ChatId
from workflows.core.plans.accounts import AccountChange
from workflows.intervals import Pauses
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_COMMAND: Final = "gatehouse guests --disable"
_NOTHING_DONE: Final = "Nothing was stored or written:"
_STOPPED: Final = {
    Left.NOTHING: _NOTHING_DONE,
    Left.ENDED: "Nothing was written, and the request has ended:",
    Left.OPEN: "Nothing was written. A request may be stored: nobody can confirm it, and it ends by itself:",
}
"""What is said, before the reason, of a run that wrote nothing."""
_UNKNOWN: Final = (
    "It is not known whether the confirmation was stored. If it was, it goes on while the bot runs. /partner show has "
    "the result."
)
_ENABLING: Final = (
    "accounts are enabled in Slack only. The admin who disabled them can undo it within a day. Otherwise the partner's "
    "approvers decide, see /partner guests"
)


def refuse_enabling() -> int:
    """Say why nobody can enable accounts at the command line. Returns the exit status."""
    print_error(_NOTHING_DONE, _ENABLING)
    return NOT_DONE


def disable_guests(typed: str, options: DisablingOptions, pauses: Pauses) -> int:
    """Disable the guest accounts of a partner. Returns the exit status, see docs/guests.md."""
    configure_terminal_logs(Redactor())
    progress = Progress()
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_NOTHING_DONE, f"there are no records in {settings.records.name}; set DATABASE_URL")
            return NOT_DONE
        return asyncio.run(_run(settings, typed, options, pauses, progress))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError, Unconfirmed) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else str(error)
        return _stopped(progress.left, why)
    except KeyboardInterrupt:
        print()
        return _stopped(progress.left, "it was interrupted")


def _stopped(left: Left, why: str) -> int:
    """Say what a run that did not come to its end left in the records. Returns the exit status."""
    if left in _STOPPED:
        print_error(_STOPPED[left], why)
        return NOT_DONE
    print_error("NOT VERIFIED.", why, GOES_ON if left is Left.CONFIRMED else _UNKNOWN)
    return NOT_CONFIRMED


async def _run(
    settings: TenantSettings, typed: str, options: DisablingOptions, pauses: Pauses, progress: Progress
) -> int:
    clock = open_clock(settings)
    catalog = await asyncio.to_thread(load_catalog, settings.gatehouse_templates)
    accounts = await asyncio.to_thread(open_guest_accounts, settings, clock, pauses)
    try:
        tenant = await asyncio.to_thread(open_tenant, settings, pauses)
        try:
            command = _Command(
                settings=settings, clock=clock, pauses=pauses, catalog=catalog, tenant=tenant, accounts=accounts
            )
            return await command.run(typed, options, progress)
        finally:
            await tenant.close()
    finally:
        await accounts.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """One run of the command."""

    settings: TenantSettings
    clock: Clock
    pauses: Pauses
    catalog: Catalog
    tenant: Tenant
    accounts: GuestAccounts
    requester: EvidenceRequester = field(default_factory=EvidenceRequester.now)
    console: Console = field(default_factory=terminal_console)

    async def run(self, typed: str, options: DisablingOptions, progress: Progress) -> int:
        """Show, ask, store and follow.

        :raises DomainError, Unconfirmed, OSError: when it is not possible, or was not confirmed.
        """
        async with open_beside_bot(self.settings.records, self.clock) as store:
            shown = await self._show(typed, options, store)
        if options.is_dry_run:
            self.console.print(safe_text("Dry run: nothing was stored or written."))
            return CLOSED
        reason = _confirmed_reason(shown, options)
        # NB. opened only now: alone, it keeps the bot from starting, and a person may think for long.
        store, is_alone = await open_records(self.settings.records, self.clock)
        session = DisablingSession(
            store=store,
            is_alone=is_alone,
            tenant=self.tenant,
            accounts=self.accounts,
            catalog=self.catalog,
            clock=self.clock,
            pauses=self.pauses,
            console=self.console,
            requester=self.requester,
        )
        try:
            return await session.disable(shown, reason, options, progress)
        finally:
            await store.close()

    async def _show(self, typed: str, options: DisablingOptions, store: Store) -> Shown:
        """Record who asks, and print who would be disabled.

        :raises DomainError: when it cannot be read, or the partner's approvers decide.
        """
        identity, record = await named_partner(typed, store=store, tenant=self.tenant)
        template = None if record is None else self.catalog.templates.get(record.template)
        if needs_chain(AccountChange.DISABLE, record, template):
            raise Unconfirmed("the approvers of this partner decide; ask for it in Slack with /partner guests")
        recorder = Recorder(store=store, clock=self.clock, wake=_wake_nobody)
        await recorder.record_lookup(
            ChatId(self.requester.user), typed, key=f"{self.requester.key}:shown", command_name=_COMMAND
        )
        planning = AccountPlanning(tenant=self.tenant, accounts=self.accounts, store=store, clock=self.clock)
        limits = self.catalog.guest_limits("" if record is None else record.template)
        asked = AskedAccounts(
            identity=identity,
            record=record,
            limits=limits,
            change=AccountChange.DISABLE,
            only_found=options.only_found,
        )
        plan = await planning.plan(asked)
        print_accounts(identity.name, plan, self.console)
        confirmation = f"{identity.name} {len(plan.accounts)}"
        return Shown(target=identity.tenant_id, confirmation=confirmation, plan=plan)


def _confirmed_reason(shown: Shown, options: DisablingOptions) -> str:
    """Return the reason, after the partner and the number of accounts were typed.

    :raises Unconfirmed: when one of them is missing or wrong. Without a terminal nothing is asked.
    """
    is_terminal = sys.stdin.isatty()
    reason = options.reason.strip()
    if not reason and is_terminal:
        reason = input("Reason: ").strip()
    if not reason:
        raise Unconfirmed("a reason is needed; add --reason TEXT")
    typed = options.confirm
    if not typed and is_terminal:
        typed = input(f"Type {safe_text(shown.confirmation).plain} to confirm: ")
    if not typed:
        raise Unconfirmed(f"it was not confirmed; add --confirm “{shown.confirmation}”")
    if " ".join(typed.lower().split()) != shown.confirmation:
        raise Unconfirmed(
            f"“{typed.strip()[:MAX_CHARACTERS]}” is not what has to be typed; that is {shown.confirmation}"
        )
    return reason


def _wake_nobody() -> None:
    """Do nothing: the entry needs no effect."""
