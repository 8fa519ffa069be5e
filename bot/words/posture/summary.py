"""Short words about a posture, for a table and for a message."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.risk import LEVELS
from bot.words.posture.concerns import concern_words
from bot.words.requests.access_end import AT_END, ended_state_words
from bot.words.requests.titles import partner_title
from bot.words.sentences import day
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.posture.model import Concern, ConcernSeverity, DefaultPosture, PartnerPosture, Posture, RecordState
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessCategory, AccessState, possibly_open

B2B_DIRECTIONS: Final = (
    ("B2B collaboration", Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND),
    ("B2B direct connect", Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND),
)
SHORT_ACCESS_STATE_WORDS: Final = {
    AccessState.OPEN: "open",
    AccessState.PARTLY: "partly",
    AccessState.CLOSED: "closed",
    AccessState.UNKNOWN: "?",
}
_TRUST: Final = {
    "mfa": "MFA",
    "compliant_device": "compliant devices",
    "hybrid_joined_device": "hybrid joined devices",
}
NO_RECORDS: Final = (
    "No records were read, because DATABASE_URL names no file. So it is not known which partners Gatehouse opened, for "
    "whom, and until when."
)


def trust_words(posture: PartnerPosture | DefaultPosture) -> tuple[str, ...]:
    """Return which MFA and device claims of the partner are trusted; one that cannot be read has a question mark."""
    others = any(
        kind.category is AccessCategory.UNDOCUMENTED and kind.setting == Property.INBOUND_TRUST
        for kind in possibly_open(posture.access_kinds)
    )
    return (
        *(
            f"{word}{'' if flag.value else '?'}"
            for key, word in _TRUST.items()
            if (flag := posture.trust[key]).value is not False
        ),
        *(["other claims?"] if others else []),
    )


def flag_words(value: bool | None) -> str:
    """Return a flag in one word."""
    return "unknown" if value is None else "on" if value else "off"


def risk_words(partner: PartnerPosture) -> str:
    """Return the risk of all access in a table; “≤” before it means that it is the highest possible one."""
    return LEVELS[partner.risk.level] if partner.is_risk_certain else f"≤ {LEVELS[partner.risk.level]}"


def record_words(partner: PartnerPosture, now: datetime) -> str:
    """Describe our record of a partner on one line."""
    match partner.record_state:
        case RecordState.NOT_READ:
            return "records not read"
        case RecordState.UNREADABLE:
            return "record cannot be read"
        case RecordState.NONE:
            return "not in our records"
        case RecordState.KEPT:
            return "" if partner.record is None else _kept_words(partner.record, now)


def counts_words(posture: Posture) -> str:
    """State how many partners there are, and how many concerns."""
    counted = [
        _count_words(posture.count(ConcernSeverity.ALERT), "alert", "alerts"),
        _count_words(posture.count(ConcernSeverity.WARNING), "warning", "warnings"),
        f"{posture.count(ConcernSeverity.UNCHECKED)} could not be checked",
        _count_words(posture.count(ConcernSeverity.NOTE), "note", "notes"),
    ]
    return f"{_count_words(posture.partner_count, 'partner', 'partners')} in the tenant; {', '.join(counted)}."


def not_adopted_words(count: int) -> str:
    """State how many partners are not adopted yet, and how they are; empty when there are none."""
    if not count:
        return ""
    return f"{_count_words(count, 'partner is', 'partners are')} not adopted yet: {COMMANDS[Action.ADOPT]}."


def concerns_with_partners(posture: Posture) -> Iterator[tuple[Concern, Sequence[PartnerPosture]]]:
    """Return every concern once for each sentence, with its partners, the most serious first."""
    about: dict[tuple[ConcernSeverity, str, str], tuple[Concern, list[PartnerPosture]]] = {}
    for partner in posture.partners:
        for concern in partner.concerns:
            sentence_key = (concern.severity, concern.code, concern_words(concern))
            about.setdefault(sentence_key, (concern, []))[1].append(partner)
    yield from sorted(about.values(), key=lambda pair: (-pair[0].severity, pair[0].code))


def day_or_dash(moment: datetime | None) -> str:
    """Return a day in UTC; a dash when there is none."""
    return "-" if moment is None else day(moment)


def _kept_words(record: Partnership, now: datetime) -> str:
    if record.state is PartnershipState.REVOKED:
        return f"revoked {day(record.since)}"
    if record.state is PartnershipState.SUSPENDED:
        return f"suspended {day(record.since)} ({partner_title(record)})"
    over = f", {ended_state_words(record)}" if record.is_past_its_end(now) else ""
    then = "" if over else f", {AT_END[record.at_end].then}"
    until_day = f" until {day(record.ends_at)}{then}" if record.ends_at else ""
    return f"{partner_title(record)}{until_day}{over}"


def _count_words(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"
