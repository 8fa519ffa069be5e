"""The evidence for a review in words: short lines for the card, long ones for the details.

The texts contain names and justifications from outside. Each surface must clean them as it does every such text.

It is long because everything that is said about the evidence is here, in the order of the lines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.words.findings.conditional_access.findings import locked_out_words
from bot.words.partner_setup.access_test import result_words
from bot.words.reviews.guests import MATCHES, count_words, finding_words, roles_words
from bot.words.sentences import and_list, comma_list, counted, day, minute
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.partner_evidence import (
    Approval,
    Guests,
    PartnerEvidence,
    SettingsCheck,
    SettingsState,
    Use,
    UseState,
)
from workflows.core.partners.reviewing.evidence.usage import WINDOW, EvidenceSource, GuestFinding, ListedGuest
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits

FIRST_QUOTED_WORDS: Final = 6
"""Words from the beginning of what a person wrote that the card shows; the details show all."""
LAST_QUOTED_WORDS: Final = 5
"""Words from its end: until when something is needed is often there."""
_WINDOW_WORDS: Final = f"the last {WINDOW.days} days"
_SOURCES: Final[Mapping[EvidenceSource, str]] = {
    EvidenceSource.SIGN_INS: "sign-ins",
    EvidenceSource.GUESTS: "guests",
    EvidenceSource.LAST_SIGN_INS: "last sign-in of guests",
    EvidenceSource.CONDITIONAL_ACCESS: "Conditional Access",
}
_HAS_COME: Final[Mapping[bool | None, str]] = {
    True: "has come",
    False: "never came",
    None: "not known whether they came",
}


_NO_SIGN_INS: Final = "Who looks at our calendars leaves no sign-in here"


class EvidenceTopic(StrEnum):
    """What a line is about, in the order of the lines."""

    USE = "use"
    GUESTS = "guests"
    SETTINGS = "settings"
    LOCKED_OUT = "locked_out"
    SETUP = "setup"
    TESTED = "tested"
    APPROVAL = "approval"
    LAST_ANSWER = "last_answer"
    PEOPLE = "people"
    LIMITS = "limits"


LABELS: Final[Mapping[EvidenceTopic, str]] = {
    EvidenceTopic.USE: "Last used",
    EvidenceTopic.GUESTS: "Guests",
    EvidenceTopic.SETTINGS: "Settings",
    EvidenceTopic.LOCKED_OUT: "Conditional Access today",
    EvidenceTopic.SETUP: "Partner setup",
    EvidenceTopic.TESTED: "Tested",
    EvidenceTopic.APPROVAL: "Approved",
    EvidenceTopic.LAST_ANSWER: "Last answer",
    EvidenceTopic.PEOPLE: "People",
    EvidenceTopic.LIMITS: "Limits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLine:
    """One line: what it is about, and the text after its label."""

    topic: EvidenceTopic
    text: str

    @property
    def label(self) -> str:
        """Return the words before the text."""
        return LABELS[self.topic]


def evidence_lines(evidence: PartnerEvidence) -> tuple[EvidenceLine, ...]:
    """Return the lines of the card: without names of the partner's people."""
    return tuple(EvidenceLine(topic=topic, text=text) for topic, text in _short_lines(evidence) if text)


def evidence_details(
    evidence: PartnerEvidence, people: Mapping[PersonId, str] | None = None
) -> tuple[EvidenceLine, ...]:
    """Return the lines of the details: the same facts with their limits, and people for admins.

    :param people: the names of the accounts that are listed, by id; None for a reader who is no admin.
    """
    return tuple(EvidenceLine(topic=topic, text=text) for topic, text in _long_lines(evidence, people) if text)


def _short_lines(evidence: PartnerEvidence) -> Iterator[tuple[EvidenceTopic, str]]:
    yield EvidenceTopic.USE, _use_words(evidence)
    yield EvidenceTopic.GUESTS, _guests_words(evidence, is_short=True)
    yield EvidenceTopic.SETTINGS, _short_settings_words(evidence)
    if evidence.lockout is not None and evidence.lockout.locked_out is not None:
        yield EvidenceTopic.LOCKED_OUT, locked_out_words(evidence.lockout.locked_out)
    yield EvidenceTopic.SETUP, _setup_words(evidence)
    yield EvidenceTopic.TESTED, "" if evidence.tested is None else result_words(evidence.tested)
    if evidence.approval is not None:
        yield EvidenceTopic.APPROVAL, _short_approval(evidence.approval)
    yield EvidenceTopic.LAST_ANSWER, _answer_words(evidence, is_short=True)
    yield EvidenceTopic.LIMITS, _limits_words(evidence)


def _long_lines(
    evidence: PartnerEvidence, people: Mapping[PersonId, str] | None
) -> Iterator[tuple[EvidenceTopic, str]]:
    yield EvidenceTopic.USE, _use_words(evidence)
    if evidence.use.failed:
        yield EvidenceTopic.USE, f"{counted(evidence.use.failed, 'sign-in')} failed or stopped before the end"
    yield EvidenceTopic.GUESTS, _guests_words(evidence)
    yield from ((EvidenceTopic.GUESTS, text) for text in _guest_details(evidence.guests))
    yield EvidenceTopic.SETTINGS, _settings_words(evidence.settings)
    yield EvidenceTopic.LOCKED_OUT, _lockout_words(evidence)
    yield EvidenceTopic.SETUP, _setup_words(evidence)
    yield EvidenceTopic.TESTED, "" if evidence.tested is None else result_words(evidence.tested)
    if evidence.approval is not None:
        yield EvidenceTopic.APPROVAL, _approval_words(evidence.approval, evidence.approval.justification)
    yield EvidenceTopic.LAST_ANSWER, _answer_words(evidence, is_short=False)
    yield from ((EvidenceTopic.PEOPLE, text) for text in _people_lines(evidence, people))
    yield from ((EvidenceTopic.LIMITS, text) for text in _all_limits(evidence))


def quoted_words(text: str) -> str:
    """Return the first and the last words of what a person wrote; "…" stands for those between them."""
    words = text.split()
    if len(words) <= FIRST_QUOTED_WORDS + LAST_QUOTED_WORDS:
        return " ".join(words)
    return " ".join([*words[:FIRST_QUOTED_WORDS], "…", *words[-LAST_QUOTED_WORDS:]])


def _use_words(evidence: PartnerEvidence) -> str:
    words = _sign_in_words(evidence)
    return f"{words}. {_NO_SIGN_INS}" if evidence.has_capabilities else words


def _sign_in_words(evidence: PartnerEvidence) -> str:
    use = evidence.use
    match use.state:
        case UseState.USED if use.people:
            when = "" if use.last_at is None else f"{day(use.last_at)}, "
            people = _number(use.people, use.is_at_least, "person", "people")
            return f"{when}by {people} in {WINDOW.days} days"
        case UseState.USED:
            return f"{_day_of(use.last_at)}, as Entra keeps it with a guest account"
        case UseState.UNUSED:
            last = "not known" if use.last_at is None else day(use.last_at)
            return f"{last}; nobody in {WINDOW.days} days"
        case UseState.NOT_SEEN:
            return f"Not known: no sign-in found, but {_reach_words(use)}"
        case UseState.UNKNOWN:
            permission = _permission(evidence, EvidenceSource.SIGN_INS)
            return f"Not known: {_unread_words('the sign-in log', use.unread, permission)}"


def _reach_words(use: Use) -> str:
    if use.is_at_least:
        why = "" if use.unread is None else f" ({UNREAD_REASON_WORDS[use.unread]})"
        return f"the log was not read to its end{why}"
    if use.reaches_back_to is None:
        return "the log has no entries"
    return f"the log has entries since {day(use.reaches_back_to)} only"


def _unread_words(what: str, unread: UnreadableReason | None, permission: str = "") -> str:
    if unread is None:
        return f"{what} has not been read yet"
    needed = f", {permission}" if permission else ""
    return f"{what} could not be read ({UNREAD_REASON_WORDS[unread]}{needed})"


def _permission(evidence: PartnerEvidence, source: EvidenceSource) -> str:
    """Return the permission without which something was not read; empty when none is missing."""
    return next((permission for permission, sources in evidence.refused.items() if source in sources), "")


def _guests_words(evidence: PartnerEvidence, *, is_short: bool = False) -> str:
    guests = evidence.guests
    if guests is None:
        permission = _permission(evidence, EvidenceSource.GUESTS)
        return f"Not known: {_unread_words('the list of guests', evidence.guests_unread, permission)}"
    usage = guests.usage
    if not usage.count:
        return "Not known: the list was not read to its end" if guests.is_at_least else "None found"
    text = f"at least {usage.count:,} (estimate)" if guests.is_at_least else f"{usage.count:,} (estimate)"
    if usage.never_came:
        never = "never came" if guests.is_activity_known else "did not accept the invitation"
        text += f", {usage.never_came:,} {never}"
    for finding in GuestFinding:
        if finding in usage.findings:
            text += f", {count_words(finding, usage.findings[finding], usage.limits)}"
    return f"{text}, {usage.disabled:,} disabled" if usage.disabled and not is_short else text


def _guest_details(guests: Guests | None) -> Iterator[str]:
    if guests is None or not guests.usage.count:
        return
    matches = [
        f"{guests.usage.matches[kind]:,} {words}" for kind, words in MATCHES.items() if kind in guests.usage.matches
    ]
    yield f"Matched: {comma_list(matches)}"
    if guests.usage.shared_with:
        yield f"The domain is also recorded for {comma_list(guests.usage.shared_with)}, so some may be their guests"


def _settings_words(settings: SettingsCheck) -> str:
    at = minute(settings.checked_at)
    match settings.state:
        case SettingsState.AS_APPROVED:
            return f"As approved (verified {at})"
        case SettingsState.DRIFTED:
            return f"Different from what was approved, found {at}"
        case SettingsState.DRIFT_ACCEPTED:
            return f"Different from what was approved, found {at}; accepted for now"
        case SettingsState.NOT_APPROVED:
            return f"Nobody approved the current settings, read {at}"


def _short_settings_words(evidence: PartnerEvidence) -> str:
    """Return how the settings compare. The limits say the day when it is the one of the scan."""
    settings, taken_at = evidence.settings, evidence.taken_at
    is_day_said = taken_at is not None and day(taken_at) == day(settings.checked_at)
    if settings.state is SettingsState.AS_APPROVED and is_day_said:
        return "As approved"
    return _settings_words(settings)


def _lockout_words(evidence: PartnerEvidence) -> str:
    lockout = evidence.lockout
    if lockout is None:
        return "Not checked"
    at = minute(lockout.checked_at)
    if lockout.unread is not None:
        permission = _permission(evidence, EvidenceSource.CONDITIONAL_ACCESS)
        unread = _unread_words("Conditional Access", lockout.unread, permission)
        return f"Not known: {unread}, {at}"
    if lockout.locked_out is not None:
        return f"{locked_out_words(lockout.locked_out)} (checked {at})"
    rest = " Entra did not evaluate every sign-in." if lockout.is_estimate else ""
    return f"No policy certainly locks anybody out (checked {at}).{rest}"


def _setup_words(evidence: PartnerEvidence) -> str:
    if not evidence.setup_needed:
        return ""
    needed = counted(evidence.setup_needed, "step")
    return f"{evidence.setup_open} of {needed} not confirmed" if evidence.setup_open else f"{needed}, all confirmed"


def _approval_words(approval: Approval, justification: str) -> str:
    reason = f": “{justification}”" if justification else ""
    if not approval.approvers:
        return f"No approval is recorded; requested by {approval.requester or 'nobody known'}{reason}"
    return f"by {comma_list(approval.approvers)} on {_day_of(approval.at)}, for {approval.requester}{reason}"


def _short_approval(approval: Approval) -> str:
    if not approval.approvers:
        return _approval_words(approval, quoted_words(approval.justification))
    reason = f": “{quoted_words(approval.justification)}”" if approval.justification else ""
    return f"{comma_list(approval.approvers)}, for {approval.requester}{reason}"


def _answer_words(evidence: PartnerEvidence, *, is_short: bool) -> str:
    answer = evidence.last_answer
    if answer is None:
        return ""
    if is_short:
        return f"{answer.person.name}, {day(answer.at)}: “{quoted_words(answer.reason)}”"
    how = "Kept" if answer.reduced_by is None else "Reduced"
    return f"{how} by {answer.person.name} on {day(answer.at)}: “{answer.reason}”"


def _people_lines(evidence: PartnerEvidence, people: Mapping[PersonId, str] | None) -> Iterator[str]:
    if people is None:
        if evidence.people_to_name:
            yield "Names are shown to admins only"
        return
    guests = {} if evidence.guests is None else {guest.id: guest for guest in evidence.guests.usage.listed}
    limits = USUAL_LIMITS if evidence.guests is None else evidence.guests.usage.limits
    for person in evidence.people_to_name:
        name = people.get(person) or f"Account {person}, not in our directory"
        yield f"{name}: {_guest_words(guests.get(person), limits)}"
    count = 0 if evidence.guests is None else evidence.guests.usage.count
    more = max(evidence.use.people - len(evidence.use.listed), count - len(guests))
    if more > 0:
        yield f"{more:,} more are not listed"


def _guest_words(guest: ListedGuest | None, limits: GuestLimits) -> str:
    if guest is None:
        return f"signed in during {_WINDOW_WORDS}"
    parts = [f"guest, matched {MATCHES[guest.match]}", _HAS_COME[guest.has_come]]
    if guest.last_sign_in_at is not None:
        parts.append(f"last sign-in {day(guest.last_sign_in_at)}")
    if guest.finding is not None:
        parts.append(finding_words(guest.finding, limits))
    return comma_list(parts if guest.is_enabled else [*parts, "disabled"])


def _limits_words(evidence: PartnerEvidence) -> str:
    if evidence.taken_at is None:
        return ""
    log = "" if evidence.use.state is UseState.UNKNOWN else "; background sign-ins may be missing"
    return f"Read {minute(evidence.taken_at)}{log}.{_missing_words(evidence)}"


def _missing_words(evidence: PartnerEvidence) -> str:
    """Return every missing permission with what could not be read without it; empty when none is missing."""
    missing = [
        f"{permission} ({and_list([_SOURCES[source] for source in sources])})"
        for permission, sources in evidence.refused.items()
    ]
    if not missing:
        return ""
    return f" Missing {'permission' if len(missing) == 1 else 'permissions'}: {comma_list(missing)}."


def _all_limits(evidence: PartnerEvidence) -> Iterator[str]:
    yield _limits_words(evidence)
    if evidence.taken_at is None:
        return
    yield f"The sign-in log reaches back {WINDOW.days} days at most, with some licences less."
    yield "It may leave out sign-ins that an application makes without the person."
    if evidence.guests is not None and evidence.guests.usage.count:
        yield "Guests with another mail domain are not counted, and a matched guest may belong to another company."
        if not evidence.guests.is_activity_known:
            yield "The last sign-in of guests could not be read. Only open invitations count as “never came”."
        yield from roles_words(evidence.guests.roles)


def _number(count: int, is_at_least: bool, singular: str, plural: str) -> str:
    text = counted(count, singular, plural)
    return f"at least {text}" if is_at_least else text


def _day_of(moment: datetime | None) -> str:
    return "an unknown day" if moment is None else day(moment)
