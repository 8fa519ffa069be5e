"""`gatehouse freeze`: stop everything that opens access, at once. Two admins end it, in Slack only.

While a bot runs, the freeze is stored beside it, and every write looks for it. Otherwise the bot finds it when it
starts. The audit log names the operating system's user: closing needs no person.
"""

import asyncio

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.refusals.freeze import ONLY_ONE_ADMIN, freeze_words, not_frozen_again_words
from bot.words.requests.notes import refusal_words
from workflows.app.alarms import Alarms
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.schedule.freezing.freezes import Freezes
from workflows.catalog.catalog import CatalogProblems, load_catalog
from workflows.core.errors.raised import DomainError, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN

_NOT_FROZEN = "Nothing was frozen:"


def freeze_now(reason: str) -> int:
    """Freeze, and print that. Returns the exit status: 0 it is frozen, 1 (not possible), 2 (settings)."""
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_NOT_FROZEN, "there are no records; set DATABASE_URL to the bot's own database")
            return NOT_POSSIBLE
        text = asyncio.run(_freeze(settings, reason))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error(_NOT_FROZEN, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE
    terminal_console().print(safe_text(text))
    return 0


async def _freeze(settings: TenantSettings, reason: str) -> str:
    """Store the freeze; return what is said. Freezing what is frozen changes nothing."""
    clock = open_clock(settings)
    store, is_alone = await open_records(settings.records, clock)
    try:
        alarms = Alarms(store=store, clock=clock, wake=_wake_nobody)
        freezes = Freezes(store=store, clock=clock, alarms=alarms, wake=_wake_nobody)
        requester = EvidenceRequester.now()
        told = " The people who wait are told when the bot runs." if is_alone else ""
        try:
            freeze = await freezes.freeze_without_person(key=requester.key, user=requester.user, reason=reason)
        except Refused as refused:
            known = await known_freeze(store)
            if refused.code is not RefusalCode.ALREADY_FROZEN or known is None:
                raise
            return f"{not_frozen_again_words(known, clock.now())}{_only_one_admin(settings)}"
        return f"{freeze_words(freeze)}{told}{_only_one_admin(settings)}"
    finally:
        await store.close()


def _only_one_admin(settings: TenantSettings) -> str:
    """Return that nobody can end it, where roles.toml names at most one admin. Groups are not read."""
    try:
        admins = load_catalog(settings.gatehouse_templates).roles[ADMIN]
    except CatalogProblems:
        return ""  # it is frozen all the same
    has_more = len(admins.people) > 1 or admins.user_groups or admins.entra_groups
    return "" if has_more else f" {ONLY_ONE_ADMIN}"


def _wake_nobody() -> None:
    """Do nothing: the bot checks by itself."""
