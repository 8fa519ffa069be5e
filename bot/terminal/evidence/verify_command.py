"""`gatehouse audit verify`: verify the signatures of the audit log, and compare it with a posted line.

Nothing is written, and the bot may run meanwhile. `gatehouse audit new-key` prints a key.
"""

import json
from pathlib import Path
from typing import Any, Final

import typer

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.log_export.exported_rows import verify_exported
from bot.terminal.printing import print_error, safe_text, terminal_console
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from bot.words.unavailable.audit_chain import NO_HEAD_ADVICE, problem_advice, words_of
from workflows.core.audit.chain import written_key
from workflows.core.audit.heads import Head, parse_head
from workflows.core.audit.verifying import ChainCheck, ChainProblemCode
from workflows.core.errors.raised import DomainError
from workflows.store.audit_keys import new_key

CHANGED: Final = 1
"""The exit status when the log is not as Gatehouse wrote it, or a key of it is missing."""
NOT_VERIFIED: Final = 2
"""The exit status when that cannot be said: wrong settings, no key, or a file that cannot be read."""
FORMAT: Final = "gatehouse/audit-verify/1"
_NO_ANSWER: Final = "The audit log was not verified:"


def verify_audit(head_typed: str, *, as_json: bool, exported: Path | None = None) -> int:
    """Print whether the audit log is whole. Returns 0, or see `CHANGED` and `NOT_VERIFIED`.

    :param head_typed: the posted line; empty for none.
    :param exported: a file that `gatehouse audit export` wrote, which is verified in place of the records.
    :raises typer.BadParameter: when it is no such line.
    """
    head = parse_head(head_typed) if head_typed else None
    if head_typed and head is None:
        raise typer.BadParameter("paste the whole line that begins with gatehouse-audit-1", param_hint="--head")
    configure_terminal_logs(Redactor())
    try:
        found = _verified(load_tenant_settings(), head, exported)
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error(_NO_ANSWER, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_VERIFIED
    if as_json:
        print(json.dumps(_document(found, head), indent=2))
    else:
        for line in _lines(found, head, "audit log" if exported is None else "file"):
            terminal_console().print(safe_text(line))
    return 0 if found.is_whole else CHANGED


def print_new_key() -> None:
    """Print a new key, as AUDIT_KEY and AUDIT_KEY_FILE take it."""
    print(written_key(new_key()))


def _verified(settings: TenantSettings, head: Head | None, exported: Path | None) -> ChainCheck:
    """Verify the log.

    :raises OSError: when there are no records, or they cannot be read.
    """
    if exported is not None:
        return verify_exported(exported, settings.records.audit_keys.ring(may_create=False), head)
    if not settings.records.exists():
        raise OSError(f"there are no records in {settings.records.name}; set DATABASE_URL to the bot's database")
    return settings.records.verify_audit(head)


def _document(found: ChainCheck, head: Head | None) -> dict[str, Any]:
    problems = [
        {
            "code": one.code.value,
            "seq": one.seq,
            "key_id": one.key_id or None,
            "record": one.shown_record or None,
            "text": words_of(one),
        }
        for one in found.problems
    ]
    return {
        "format": FORMAT,
        "is_whole": found.is_whole and not found.unproven,
        "not_proven_seq": found.unproven or None,
        "entries": found.count,
        "last_seq": found.last.seq,
        "signed_later_until": found.signed_later or None,
        "erased_texts": found.erased,
        "head_seq": None if head is None else head.seq,
        "head_found": None if head is None else found.has_head,
        "first_bad_seq": min((one.seq for one in found.problems if not one.record), default=None),
        "problem_count": found.problem_count,
        "problems": problems,
    }


def _lines(found: ChainCheck, head: Head | None, subject: str) -> list[str]:
    """Return the result as text.

    :param subject: what was read, without an article.
    """
    title = _title(found, subject)
    lines = [f"{title} {counted(found.count, 'entry', 'entries')} read. The last one is {found.last.seq}."]
    if found.unproven:
        lines.append(f"The file begins with entry {found.unproven}. Entry {found.unproven} is not proven.")
    lines += [f"- {words_of(one)}" for one in found.problems]
    if (more := found.problem_count - len(found.problems)) > 0:
        lines.append(f"- There are {counted(more, 'more problem')}.")
    lines += dict.fromkeys(problem_advice(one.code) for one in found.problems)
    if found.signed_later:
        lines.append(f"The entries until {found.signed_later} are of an earlier version. They were signed afterwards.")
    if found.erased:
        lines.append(
            f"{counted(found.erased, 'text')} of people who left {'is' if found.erased == 1 else 'are'} erased."
        )
    if head is None:
        lines.append(NO_HEAD_ADVICE)
    elif found.has_head:
        lines.append(f"It contains the line that was posted on {head.at:%Y-%m-%d} at {head.at:%H:%M} UTC.")
    return lines


def _title(found: ChainCheck, subject: str) -> str:
    if found.is_whole and found.unproven:
        return "Every later entry is as it was written."
    if found.is_whole:
        return f"The {subject} is whole."
    if all(one.code is ChainProblemCode.UNKNOWN_KEY for one in found.problems):
        return "A KEY IS MISSING. Not every entry could be verified."
    if all(one.code is ChainProblemCode.OTHER_INSTALLATION for one in found.problems):
        return f"THE LINE IS OF ANOTHER INSTALLATION. By itself, the {subject} is whole."
    if all(one.record for one in found.problems):
        return f"RECORDS WERE CHANGED. The {subject} is whole."
    return f"THE {subject.upper()} WAS CHANGED."
