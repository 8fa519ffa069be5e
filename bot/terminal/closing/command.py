"""`gatehouse revoke` and `gatehouse suspend`: show, ask, store, and follow until the block is read back.

Slack is not needed. While a bot runs, the request is stored beside it and the bot performs it; otherwise it is
performed here. The audit log names the operating system's user: closing needs no person.
"""

import asyncio
import sys
from dataclasses import dataclass
from typing import Final

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.closing.by_hand import by_hand_text
from bot.terminal.closing.drill import run_drill
from bot.terminal.closing.exit_status import BY_HAND, CLOSED, NOT_ALL_CLOSED, NOT_CONFIRMED, NOT_DONE
from bot.terminal.closing.following import GOES_ON, ClosingSession
from bot.terminal.closing.preview import Preview, print_preview, read_preview
from bot.terminal.printing import MAX_CHARACTERS, print_error, safe_text, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.requests.notes import refusal_words
from workflows.core.errors.raised import DomainError
from workflows.core.plans.plan import Plan
from workflows.core.requests.request import Closing
from workflows.intervals import Pauses
from workflows.partner_lookup.target import normalize_target
from workflows.ports.clock import Clock
from workflows.ports.records import StoreNotWritable, StoreUnusable
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.store.location import OpenStore, RecordsLocation

_NOTHING_DONE: Final = "Nothing was stored or written:"
_PUBLIC_GRAPH: Final = "https://graph.microsoft.com/v1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingOptions:
    """The options of the command."""

    reason: str = ""
    confirm: str = ""
    is_dry_run: bool = False
    is_drill: bool = False
    wait: float = 600
    """For how many seconds it is followed."""


def close_partner(typed: str, closing: Closing, options: ClosingOptions, pauses: Pauses) -> int:
    """Close a partner; return the exit status, see `exit_status`. 2: a setting is wrong."""
    configure_terminal_logs(Redactor())
    target, graph_url, progress = normalize_target(typed), _PUBLIC_GRAPH, _Progress()
    try:
        settings = load_tenant_settings()
        graph_url = settings.graph_url
        command = _Command(
            settings=settings, clock=open_clock(settings), pauses=pauses, closing=closing, progress=progress
        )
        return asyncio.run(command.run(typed, options))
    except SettingsProblems as error:
        print_problems(error)
        _print_by_hand(target, graph_url, None)
        return WRONG_SETTINGS
    except (StoreUnusable, StoreNotWritable, OSError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else str(error)
        print_error("The records cannot be used, so nothing was written:", why)
        _print_by_hand(target, graph_url, None)
        return BY_HAND
    except KeyboardInterrupt:
        if not progress.may_be_stored:
            print(f"\n{_NOTHING_DONE} it was interrupted before it was confirmed.")
            return NOT_DONE
        print(f"\nNot followed any more. What was stored stays. {GOES_ON}")
        return NOT_CONFIRMED


def _print_by_hand(target: str, graph_url: str, plan: Plan | None) -> None:
    print(by_hand_text(target, graph_url, plan))


class _Unconfirmed(Exception):
    """The person did not confirm, or gave no reason; its text says what to do."""


@dataclass(slots=True)
class _Progress:
    """How far a run came, for when it is interrupted."""

    may_be_stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """One run of the command."""

    settings: TenantSettings
    clock: Clock
    pauses: Pauses
    closing: Closing
    progress: _Progress

    async def run(self, typed: str, options: ClosingOptions) -> int:
        """Show, ask, store and follow.

        :raises StoreUnusable, StoreNotWritable, OSError: when the records cannot be used.
        """
        if not self.settings.records.exists():
            raise StoreUnusable("there are no records; set DATABASE_URL to the bot's own database")
        tenant = await asyncio.to_thread(open_tenant, self.settings, self.pauses)
        try:
            if options.is_drill:
                return await run_drill(
                    typed, self.closing, records=self.settings.records, tenant=tenant, clock=self.clock
                )
            return await self._close(typed, options, tenant)
        except (TenantUnavailable, TenantRefused) as error:
            print_error(_NOTHING_DONE, refusal_words(error))
            _print_by_hand(normalize_target(typed), self.settings.graph_url, None)
            return NOT_DONE
        except (StoreUnusable, StoreNotWritable):
            raise
        except DomainError as error:
            print_error(_NOTHING_DONE, refusal_words(error))
            return NOT_DONE
        except _Unconfirmed as error:
            print_error(_NOTHING_DONE, str(error))
            return NOT_DONE
        finally:
            await tenant.close()

    async def _close(self, typed: str, options: ClosingOptions, tenant: Tenant) -> int:
        console = terminal_console()
        store = await _open_to_read(self.settings.records, self.clock)
        try:
            preview = await read_preview(typed, store=store, tenant=tenant, clock=self.clock)
        finally:
            await store.close()
        print_preview(preview, self.closing, console)
        if options.is_dry_run:
            console.print(safe_text("Dry run: nothing was stored or written."))
            return CLOSED
        if self.closing is Closing.REVOKE and preview.has_nothing_to_do:
            console.print(safe_text("Revoked and blocked already, as it was just read. Nothing has to be written."))
            if not preview.is_all_closed:
                console.print(safe_text("Other access is open or not known, as the message about the block says."))
            return CLOSED if preview.is_all_closed else NOT_ALL_CLOSED
        reason = _confirmed_reason(preview, options)
        # NB. opened only now: alone, it keeps the bot from starting, and a person may think for long.
        try:
            return await self._store_and_follow(preview, reason, options, tenant)
        except (StoreUnusable, StoreNotWritable) as error:
            print_error("It could not be stored, so nothing was written:", refusal_words(error))
            _print_by_hand(preview.identity.name, self.settings.graph_url, preview.plan)
            return BY_HAND

    async def _store_and_follow(self, preview: Preview, reason: str, options: ClosingOptions, tenant: Tenant) -> int:
        store, is_alone = await open_records(self.settings.records, self.clock)
        session = ClosingSession(
            records=self.settings.records,
            tenant=tenant,
            clock=self.clock,
            pauses=self.pauses,
            console=terminal_console(),
            store=store,
            is_alone=is_alone,
        )
        self.progress.may_be_stored = True
        try:
            return await session.close_partner(preview, self.closing, reason, wait=options.wait)
        except (StoreUnusable, StoreNotWritable) as error:
            if not session.is_filed:
                raise
            print_error("NOT CONFIRMED. It is stored, and the records cannot be read now:", refusal_words(error))
            _print_by_hand(preview.identity.name, self.settings.graph_url, preview.plan)
            return NOT_CONFIRMED
        finally:
            await session.store.close()


async def _open_to_read(records: RecordsLocation, clock: Clock) -> OpenStore:
    """Open the records beside a bot that may run; alone where they are of an earlier version.

    :raises StoreUnusable: when neither is possible.
    """
    try:
        store = await records.open_shared(clock)
        try:
            await store.open_requests()
        except StoreUnusable:
            await store.close()
            raise
        return store
    except StoreUnusable:
        return await records.open(clock)


def _confirmed_reason(preview: Preview, options: ClosingOptions) -> str:
    """Return the reason, after the partner's name was typed.

    :raises _Unconfirmed: when one of them is missing or wrong. Without a terminal nothing is asked.
    """
    is_terminal, expected = sys.stdin.isatty(), preview.identity.name
    reason = options.reason.strip()
    if not reason and is_terminal:
        reason = input("Reason: ").strip()
    if not reason:
        raise _Unconfirmed("a reason is needed; add --reason TEXT")
    typed = options.confirm
    if not typed and is_terminal:
        typed = input(f"Type {safe_text(expected).plain} to confirm: ")
    if not typed:
        raise _Unconfirmed(f"it was not confirmed; add --confirm {expected}")
    if typed.strip().casefold() != expected.casefold():
        raise _Unconfirmed(f"“{typed.strip()[:MAX_CHARACTERS]}” is not what has to be typed; that is {expected}")
    return reason
