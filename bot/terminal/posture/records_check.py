"""The findings of `gatehouse doctor` about signed records and the freeze. A boundary: it only reads the file."""

from typing import Final

from bot.process.settings import TenantSettings
from bot.terminal.posture.finding import Finding
from bot.words.refusals.freeze import UNREADABLE_FREEZE, freeze_words
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted, minute
from bot.words.unavailable.audit_chain import words_of
from workflows.core.errors.raised import DomainError

MAX_ENTRIES: Final = 100_000
"""Up to how many entries are verified here: about five seconds."""
_ADVICE: Final = "Run gatehouse audit verify"


def records_findings(settings: TenantSettings) -> list[Finding]:
    """Verify the records, and state whether everything that opens access is stopped; nothing without records.

    "Nothing is frozen" is a result only of records that were verified: whoever has the file can remove the freeze.
    """
    if not settings.records.exists():
        return []
    signed = _signed(settings)
    return [signed, _freeze(settings, signed)]


def _signed(settings: TenantSettings) -> Finding:
    subject = "Records: as signed"
    try:
        if (count := settings.records.count_entries()) > MAX_ENTRIES:
            state = f"not verified here: {counted(count, 'entry', 'entries')}"
            return Finding(subject=subject, state=state, advice=_ADVICE, is_optional=True)
        found = settings.records.verify_audit()
    except (OSError, DomainError) as error:
        reason = refusal_words(error) if isinstance(error, DomainError) else str(error)
        return Finding(subject=subject, state=f"not verified: {reason}", advice=_ADVICE, is_optional=True)
    if found.is_whole:
        return Finding(subject=subject, state=f"{counted(found.count, 'entry', 'entries')} verified")
    return Finding(subject=subject, state=words_of(found.problems[0]), advice=_ADVICE)


def _freeze(settings: TenantSettings, signed: Finding) -> Finding:
    subject = "Records: freeze"
    try:
        freeze = settings.records.read_freeze()
    except OSError as error:
        return Finding(subject=subject, state=str(error), advice=UNREADABLE_FREEZE)
    if freeze is None or not freeze.is_frozen:
        if not signed.advice:
            return Finding(subject=subject, state="nothing is frozen")
        state = "none in the record, which is not verified"
        return Finding(subject=subject, state=state, advice=_ADVICE, is_optional=signed.is_optional)
    subject = "Records: held" if freeze.hold is not None else subject
    state = f"since {minute(freeze.since)}: {freeze_words(freeze)}"
    return Finding(subject=subject, state=state, advice="Two admins end it in Slack, with /partner unfreeze")
