"""What a plan does and where a request stands, in plain words. Claims nothing that was not read or computed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from workflows.core.errors import UnreadableSetting
from workflows.core.partner import (
    B2B_PROPERTIES,
    CLOSED,
    IDENTITY_SYNCHRONIZATION,
    B2BSetting,
    Property,
    Setting,
    means_the_same,
    parse_setting,
    to_document,
)
from workflows.core.plan import Change, Plan, changes
from workflows.core.reach import Shift, b2b_shift, flag_shift
from workflows.core.request import AccessRequest, RequestKind, RequestState
from workflows.core.setting_words import (
    ALLOWED,
    NOT_ALLOWED,
    NOT_ALLOWED_UNSET,
    NOT_SET,
    b2b_words,
    flags_of,
    redemption_words,
    setting_words,
    strangers,
    synchronization_words,
    title,
    trust_words,
    unreadable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One setting of a plan in words, before and after.

    The words may hold text from the tenant (target ids, unreadable values): show them as plain text.
    """

    setting: str
    before: str
    after: str
    opens: bool | None
    """True widens, False narrows, None where it is neither or neither can be told."""
    effect: str
    """The same in words: opens, narrows, closes, no change, may open or narrow."""


def describe(plan: Plan) -> tuple[Line, ...]:
    """Say in words what every written setting was and becomes."""
    return tuple(line for change in changes(plan) for line in _lines(change))


def duration_words(duration: timedelta) -> str:
    """Say a duration in its largest whole unit: "180 days", "1 year (365 days)", "36 hours"."""
    seconds = int(duration.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return _years(seconds // size) if unit == "day" else _counted(seconds // size, unit)
    return _counted(seconds, "second")


def state_words(request: AccessRequest) -> str:
    """Say where a request stands in a few words, without what its note adds."""
    state, is_revocation = request.state, request.particulars.kind is RequestKind.REVOCATION
    if state is RequestState.APPLYING and request.note:
        return "waiting to be blocked" if is_revocation else "approved, waiting to be written"
    if is_revocation and state in _REVOCATION_STATES:
        return _REVOCATION_STATES[state]
    return _STATES[state]


_STATES: Final[Mapping[RequestState, str]] = {
    RequestState.PREPARING: "being prepared",
    RequestState.AWAITING_APPROVAL: "waiting for approval",
    RequestState.APPLYING: "approved, being written",
    RequestState.UNCONFIRMED: "written, not yet confirmed",
    RequestState.APPLIED: "set and read back",
    RequestState.REJECTED: "rejected",
    RequestState.WITHDRAWN: "withdrawn",
    RequestState.EXPIRED: "expired, nobody decided in time",
    RequestState.UNFIT: "could not be carried out",
    RequestState.STOPPED: "stopped before it was confirmed",
    RequestState.OVERWRITTEN: "written, then changed by somebody else",
    RequestState.FAILED: "failed, Microsoft Graph refused it",
}
_REVOCATION_STATES: Final[Mapping[RequestState, str]] = {
    RequestState.APPLYING: "being blocked",
    RequestState.UNCONFIRMED: "block written, not yet confirmed",
    RequestState.APPLIED: "blocked and read back",
    RequestState.STOPPED: "stopped",
    RequestState.OVERWRITTEN: "written, then changed by somebody else",
}


def _lines(change: Change) -> Iterator[Line]:
    name, before, after = change
    if name == IDENTITY_SYNCHRONIZATION:
        yield _synchronization_line(before, after)
        return
    try:
        settings = (parse_setting(Property(name), before), parse_setting(Property(name), after))
    except (UnreadableSetting, ValueError):
        shift = Shift.SAME if before == after else Shift.CLOSES if _is_closed(name, after) else Shift.UNKNOWN
        yield _line(title(name), setting_words(name, before), setting_words(name, after), shift)
        return
    if name in B2B_PROPERTIES:
        yield _b2b_line(name, *settings)
    else:
        yield from _flag_lines(Property(name), *settings)
    unknown = strangers(name, before), strangers(name, after)
    if any(unknown):
        was, becomes = (unreadable(value) if value else NOT_SET for value in unknown)
        shift = Shift.SAME if unknown[0] == unknown[1] else Shift.UNKNOWN
        yield _line(f"{title(name)}, other values", was, becomes, shift)


def _b2b_line(name: str, before: Setting, after: Setting) -> Line:
    was, becomes = (value if isinstance(value, B2BSetting) else None for value in (before, after))
    return _line(title(name), b2b_words(name, was), b2b_words(name, becomes), b2b_shift(was, becomes))


def _flag_lines(name: Property, before: Setting, after: Setting) -> Iterator[Line]:
    """One line for each flag that either side sets; one for the whole setting where neither does."""
    told = False
    for (key, label, was), (_, _, becomes) in zip(flags_of(name, before), flags_of(name, after), strict=True):
        if was is None and becomes is None:
            continue
        told = True
        yield _flag_line(name, key, label, was, becomes)
    if not told:
        words = setting_words(name, None)
        yield _line(title(name), words, words, Shift.SAME)


def _flag_line(name: Property, key: str, label: str, before: bool | None, after: bool | None) -> Line:
    if name is Property.INBOUND_TRUST:
        return _line(label, trust_words(before), trust_words(after), flag_shift(before, after))
    shift = flag_shift(before, after, is_off_by_default=True)
    return _line(label, redemption_words(key, before), redemption_words(key, after), shift)


def _synchronization_line(before: Any, after: Any) -> Line:
    was, becomes = synchronization_words(before), synchronization_words(after)
    known = {NOT_ALLOWED_UNSET: False, NOT_ALLOWED: False, ALLOWED: True}
    if was in known and becomes in known:
        shift = flag_shift(known[was], known[becomes])
    else:
        shift = Shift.SAME if before == after else Shift.CLOSES if becomes == NOT_ALLOWED else Shift.UNKNOWN
    return _line(title(IDENTITY_SYNCHRONIZATION), was, becomes, shift)


def _is_closed(name: str, document: Any) -> bool:
    """Tell whether a document says what a revocation writes, whatever stood there before."""
    closed = to_document(CLOSED[Property(name)]) if name in set(Property) else None
    return closed is not None and means_the_same({"": document}, {"": closed})


def _line(setting: str, before: str, after: str, shift: Shift) -> Line:
    return Line(setting=setting, before=before, after=after, opens=shift.opens, effect=shift.value)


def _years(days: int) -> str:
    if days % 365 == 0:
        return f"{_counted(days // 365, 'year')} ({days} days)"
    return _counted(days, "day")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
