"""What the approval card says beside the request: issues, what the partner has now, who uses it, other requests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.slack.blocks.blocks import TextRun, cleaned_text, fixed_text, local_day
from bot.slack.blocks.conversion import as_json
from bot.words.findings.finding import finding_words
from bot.words.findings.short import short_finding_words, short_issue_words
from bot.words.plans.risk import LEVELS
from bot.words.requests.approval_chain import chain_rule_note
from bot.words.requests.titles import partner_title
from bot.words.sentences import counted
from workflows.core.checks.findings import NEVER_READABLE, Finding, FindingCode, Severity
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.policy.risk import risk_for_approval, risk_of
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest, PreparedRequest
from workflows.core.settings.open_access import open_access

MAX_ISSUE_WORDS: Final = 25
"""Words of the first issue; a longer one is given in a few words."""
MAX_NAMED_CHECKS: Final = 2
"""Checks that were not possible and are named; the others are counted."""
_WHO_IT_IS: Final = frozenset(
    {
        FindingCode.TENANT_MISMATCH,
        FindingCode.OTHER_CLOUD,
        FindingCode.LOOK_ALIKE_SCRIPT,
        FindingCode.IMITATES_MICROSOFT,
        FindingCode.LOOK_ALIKE,
    }
)
"""Issues that may mean that the access is for somebody else."""

Note = list[TextRun]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContext:
    """What our records say beside the request."""

    is_first: bool
    """Whether there was no earlier request about this partner."""
    others_open: int = 0
    """How many other requests of the same requester are open."""
    partnership: Partnership | None = None
    """The partner's record; None when Gatehouse has not changed this partner."""
    successor: AccessRequest | None = None
    """For a request that was applied: the later one that replaced its result."""
    freeze: Freeze | None = None
    """The freeze in force that stops this request."""
    drift: Drift | None = None
    """Open drift of the partner, for a request whose result is in force."""


def notes(
    prepared: PreparedRequest, context: CardContext, words_left: int, now: datetime, *, kept_free: int = 0
) -> Iterator[TextRun]:
    """Return the notes that fit.

    The first issue in a few words and a count of the others, access that stays, and what the partner has now are always
    there. Who signed in comes before everything else that fits.

    :param words_left: how many words (not characters) the message may still have under its limit.
    :param kept_free: how many of these are kept for what stands below, unless it is needed for who signed in.
    """
    kept: list[Note] = [[fixed_text(text)] for text in _risk_of_kept_access(prepared)]
    least = [issue_note(prepared.findings, names=1), *kept, _partner_record_note(prepared, context, now)]
    others = f"Requester has {counted(context.others_open, 'other open request')}" if context.others_open else ""
    wider: list[Note] = [[fixed_text(text)] for text in (chain_rule_note(prepared), others) if text]
    notes_shown, words_left = list(least), words_left - sum(map(_note_word_count, least))
    for is_short in (False, True):
        signed_in: list[Note] = [
            [fixed_text(text)] for text in _sign_in_sentences(prepared.findings, is_short=is_short)
        ]
        if (more := sum(map(_note_word_count, signed_in))) <= words_left:
            notes_shown, words_left = [*notes_shown, *signed_in], words_left - more
            break
    words_left -= kept_free
    for named in (
        issue_note(prepared.findings, is_complete=True),
        issue_note(prepared.findings, is_complete=True, names=1),
        issue_note(prepared.findings),
    ):
        if (more := _note_word_count(named) - _note_word_count(least[0])) <= words_left:
            notes_shown[0], words_left = named, words_left - more
            break
    for note in wider:
        if _note_word_count(note) <= words_left:
            notes_shown.append(note)
            words_left -= _note_word_count(note)
    for index, note in enumerate(notes_shown):
        if index:
            yield fixed_text(" · " if index > 1 else "\n")
        yield from note


def account_notes(prepared: PreparedRequest, context: CardContext, now: datetime) -> Iterator[TextRun]:
    """Return the notes about guest accounts: the partner's record, and why so many approvals. No check is made."""
    yield from _partner_record_note(prepared, context, now)
    if rule := chain_rule_note(prepared):
        yield fixed_text(f" · {rule}")


def word_count(node: Any) -> int:
    """Count the words that a reader sees in blocks, in Slack's form; signs alone are no words."""
    if isinstance(node, Mapping):
        own = node.get("text") if node.get("type") in ("plain_text", "text") else None
        own = node.get("fallback") if node.get("type") == "date" else own
        inside = sum(word_count(value) for key, value in node.items() if key != "confirm")
        return inside + (sum(any(map(str.isalnum, word)) for word in own.split()) if isinstance(own, str) else 0)
    return sum(map(word_count, node)) if isinstance(node, list) else 0


def issue_note(findings: Sequence[Finding], *, is_complete: bool = False, names: int = MAX_NAMED_CHECKS) -> Note:
    """Name the first issue and the checks that were not possible. The other issues are counted, and are in Details.

    :param is_complete: whether the first issue is given in its complete sentence, where that is not too long.
    :param names: how many of the checks that were not possible are named.
    """
    issues, unchecked = _issues(findings), _unchecked_findings(findings)
    missing = f"not checked: {_names_and_count(unchecked, names)}" if unchecked else ""
    if not issues:
        return [fixed_text(f"⚠️ {missing[:1].upper()}{missing[1:]}" if missing else _passed_words(findings))]
    sentence = finding_words(issues[0])
    has_graph_names = issues[0].code is FindingCode.NOT_RESTORED
    if not is_complete or has_graph_names or len(sentence.split()) > MAX_ISSUE_WORDS:
        short = short_issue_words(issues[0])
        sentence = f"{short[:1].upper()}{short[1:]}"
    others = [counted(len(issues) - 1, "more issue")] if len(issues) > 1 else []
    others += [missing] if missing else []
    note = [fixed_text("⚠️ "), cleaned_text(sentence, 300)]
    return [*note, fixed_text(f" ({'; '.join(others)})")] if others else note


def _passed_words(findings: Sequence[Finding]) -> str:
    # What Graph never shows is no reason to look twice, but it was not checked either.
    is_hidden = any(finding.severity is Severity.UNCHECKED for finding in findings)
    return "The checks that were possible found no issues" if is_hidden else "✅ Checks found no issues"


def _names_and_count(unchecked: Sequence[Finding], count: int) -> str:
    """Name at most `count` of the checks that were not possible, and count the rest of them."""
    names = list(dict.fromkeys(short_finding_words(finding.code) for finding in unchecked))[:count]
    more = len(unchecked) - len(names)
    return ", ".join([*names, *([f"{more} more"] if more else [])])


def _issues(findings: Sequence[Finding]) -> list[Finding]:
    """Return the issues, the worst first: errors, doubts about who the partner is, then all other issues in order."""
    found = [finding for finding in findings if finding.severity in (Severity.ERROR, Severity.WARNING)]
    return sorted(found, key=lambda finding: (finding.severity is not Severity.ERROR, finding.code not in _WHO_IT_IS))


def _unchecked_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Return the checks that were not possible now. Those that Graph never makes possible are in Details."""
    return [
        finding for finding in findings if finding.severity is Severity.UNCHECKED and finding.code not in NEVER_READABLE
    ]


def _note_word_count(note: Note) -> int:
    return word_count([as_json(run) for run in note])


def _risk_of_kept_access(prepared: PreparedRequest) -> Iterator[str]:
    """Say the risk of the change where the headline has the risk of access that the partner has already and keeps."""
    default = prepared.observation.default
    if (level := risk_of(prepared.plan, default).level) < risk_for_approval(prepared.plan, default).level:
        yield f"The change alone: {LEVELS[level]} risk"


def _partner_record_note(prepared: PreparedRequest, context: CardContext, now: datetime) -> Note:
    """Return a note about the partner's record: the approved access and its end, or since when it is blocked."""
    record, before = context.partnership, prepared.plan.before
    if record is None:
        if context.is_first:
            return [fixed_text("First request for partner" if before is None else "Not yet managed by Gatehouse")]
        return [fixed_text("This partner has settings already" if before is not None else "Asked for before")]
    if record.is_closed:
        is_blocked, is_suspended = (
            before is not None and not open_access(before, prepared.observation.default),
            (record.state is PartnershipState.SUSPENDED),
        )
        if is_blocked:
            since = "Suspended since " if is_suspended else "Blocked since "
            return [fixed_text(since), local_day(record.since)]
        word = "Suspended " if is_suspended else "Revoked "
        return [fixed_text(word), local_day(record.since), fixed_text(", settings changed since")]
    title = cleaned_text(partner_title(record), 60)
    if not record.is_as_approved:
        return [fixed_text("Current settings are not as approved: "), title]
    if record.ends_at is None:
        return [fixed_text("Approved now: "), title, fixed_text(", no end")]
    if record.is_past_its_end(now):
        return [fixed_text("Access period ended "), local_day(record.ends_at), fixed_text(": "), title]
    return [fixed_text("Approved now: "), title, fixed_text(" until "), local_day(record.ends_at)]


def _sign_in_sentences(findings: Sequence[Finding], *, is_short: bool = False) -> Iterator[str]:
    """State how many of the partner's people signed in here in the days that the log was read for."""
    for finding in findings:
        if finding.code in (FindingCode.SIGN_INS, FindingCode.SIGN_INS_LOST) and "people" in finding.values:
            least = "" if finding.values["is_complete"] else "at least "
            people, days = finding.values["people"], finding.values["days"]
            if is_short:
                yield f"{least}{counted(people, 'visitor')} ({days} days)"
            else:
                named = counted(people, "person of theirs", "people of theirs")
                yield f"{least}{named} signed in, last {days} days"
