"""`gatehouse audit erase`: erase the texts of one person who left, and show before what that is. It is recorded.

A boundary: the records are opened beside a running bot, and the tenant is only read.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import typer

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.taking import EvidenceRequester, open_beside_bot
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.app.evidence.erasing import Kept, find_person
from workflows.core.audit.personal import pseudonym
from workflows.core.errors.raised import DomainError
from workflows.intervals import Pauses
from workflows.ports.audit_log import ErasureCount, KnownPerson
from workflows.ports.store import Store

_NOTHING: Final = "Nothing was erased:"
_WHY_KEPT: Final = {
    Kept.UNKNOWN: "no record names anybody with this ID; give the account ID or the chat ID",
    Kept.ERASED: "it was erased already",
    Kept.NO_ACCOUNT_KNOWN: "no account is known of this chat ID, so it cannot be read whether it is gone",
    Kept.IS_THERE: "the account is in Entra; delete it first",
    Kept.IN_FORCE: "the person is named by what is open or in force",
}
_SHOWN_RECORDS: Final = 10


def erase_person(identifier: str, pauses: Pauses, *, is_preview: bool, is_confirmed: bool) -> int:
    """Erase, or show what would be erased. Returns 0, `NOT_POSSIBLE` or `WRONG_SETTINGS`."""
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_NOTHING, f"there are no records in {settings.records.name}; set DATABASE_URL")
            return NOT_POSSIBLE
        work: Coroutine[Any, Any, int] = _erase(settings, pauses, identifier, (is_preview, is_confirmed))
        return asyncio.run(work)
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error(_NOTHING, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE


async def _erase(settings: TenantSettings, pauses: Pauses, identifier: str, typed: tuple[bool, bool]) -> int:
    is_preview, is_confirmed = typed
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    try:
        async with open_beside_bot(settings.records, open_clock(settings)) as store:
            found = await find_person(identifier, store=store, tenant=tenant)
            if found.kept is not None or found.person is None:
                _print_kept(found.kept or Kept.UNKNOWN, found.in_force)
                return NOT_POSSIBLE
            _print_lines(f"{pseudonym(found.person.number)} will be shown instead.", found.count)
            if is_preview:
                return 0
            if not is_confirmed and not typer.confirm("Erase for ever?", err=True):
                print_error(_NOTHING, "it was not confirmed")
                return NOT_POSSIBLE
            await _erase_found(store, found.person)
            return 0
    finally:
        await tenant.close()


async def _erase_found(store: Store, person: KnownPerson) -> None:
    taker = EvidenceRequester.now()
    count = await store.personal_data.erase(person, key=taker.key, actor=taker.user)
    _print_lines(f"Erased. {pseudonym(person.number)} is shown instead. Recorded as {taker.key}.", count)


def _print_kept(kept: Kept, in_force: Sequence[str]) -> None:
    more = len(in_force) - _SHOWN_RECORDS
    others = [f"and {counted(more, 'more')}"] if more > 0 else []
    print_error(_NOTHING, _WHY_KEPT[kept], *in_force[:_SHOWN_RECORDS], *others)


def _print_lines(title: str, count: ErasureCount) -> None:
    lines = [
        title,
        f"- {counted(count.texts, 'text')} in {counted(count.entries, 'entry', 'entries')} of the audit log",
        f"- {counted(count.records, 'closed record')}",
    ]
    if count.older:
        lines.append(
            f"- {counted(count.older, 'entry', 'entries')} of an earlier version name the person and stay as they are, "
            "see docs/privacy.md"
        )
    for line in lines:
        terminal_console().print(safe_text(line))
