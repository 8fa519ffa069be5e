"""`gatehouse guests`: print the guests of one partner while they are read. Needs no Slack, and writes nothing in Entra.

Who asked is recorded before anything is printed. Each row is printed when it comes, and is not kept.
"""

import asyncio
import sys
from dataclasses import dataclass
from functools import partial

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.opened_later import GuestAccountsOpenedLater
from bot.process.opening.readers import open_clock, open_guest_accounts, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.guests_formats import GuestsFormat, writer_of
from bot.terminal.evidence.taking import INCOMPLETE, EvidenceRequester, open_beside_bot
from bot.terminal.printing import NOT_POSSIBLE, print_error
from bot.words.requests.notes import refusal_words
from workflows.app.evidence.guests.listing import GuestReading, asked_guests
from workflows.app.storing.recorder import Recorder
from workflows.catalog.catalog import load_catalog
from workflows.core.errors.raised import DomainError
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter
from workflows.core.people import ChatId
from workflows.intervals import Pauses
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_COMMAND = "gatehouse guests"


@dataclass(frozen=True, slots=True)
class _Output:
    """What is printed."""

    file_format: GuestsFormat
    only: GuestFilter


def print_guests(partner: str, file_format: GuestsFormat, only: GuestFilter, pauses: Pauses) -> int:
    """Print the guests. Returns the exit status: 0, 1 (nothing read), 2 (settings) or 3 (not read to the end).

    :param partner: a domain or a tenant id, as typed.
    :param only: which guests are printed.
    """
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error("Nothing was read:", f"there are no records in {settings.records.name}; set DATABASE_URL")
            return NOT_POSSIBLE
        is_complete = asyncio.run(_print(settings, partner, _Output(file_format, only), pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else str(error)
        print_error("The guests could not be read:", why)
        return NOT_POSSIBLE
    return 0 if is_complete else INCOMPLETE


async def _print(settings: TenantSettings, partner: str, output: _Output, pauses: Pauses) -> bool:
    """Record who asks, and print the rows. Returns whether everything was read."""
    clock = open_clock(settings)
    catalog = await asyncio.to_thread(load_catalog, settings.gatehouse_templates)
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    accounts = GuestAccountsOpenedLater(
        partial(open_guest_accounts, settings, clock, pauses), is_configured=settings.guests_azure_client_id is not None
    )
    try:
        async with open_beside_bot(settings.records, clock) as store:
            identity, partnership = await named_partner(partner, store=store, tenant=tenant)
            limits = catalog.guest_limits("" if partnership is None else partnership.template)
            asked = asked_guests(identity, partnership, limits)
            await _record(store, clock, partner)
        writer = writer_of(output.file_format, asked, output.only, sys.stdout.write)
        reading = GuestReading(
            asked=asked,
            tenant=tenant,
            clock=clock,
            take=writer.take,
            only=output.only,
            also_own=True,
            accounts=accounts.accounts,
        )
        read = await reading.read()
        writer.finish(read)
        sys.stdout.flush()
        return read.is_complete
    finally:
        await accounts.close()
        await tenant.close()


async def _record(store: Store, clock: Clock, partner: str) -> None:
    taker = EvidenceRequester.now()
    recorder = Recorder(store=store, clock=clock, wake=_wake_nobody)
    await recorder.record_lookup(ChatId(taker.user), partner, key=taker.key, command_name=_COMMAND)


def _wake_nobody() -> None:
    """Do nothing: the entry needs no effect."""
