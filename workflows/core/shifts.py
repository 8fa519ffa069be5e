"""What a plan does to the access, setting by setting and as a whole, on the values that really apply.

What is inherited counts with the tenant's default where that is known; where it is not, nothing is claimed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from workflows.core.canonical import JsonObject
from workflows.core.documents import means_the_same, parse_setting, to_document
from workflows.core.effective import SYNCHRONIZATION_FLAG, Effective, effective
from workflows.core.errors import UnreadableSetting
from workflows.core.partner import CLOSED, FLAGS, TARGET_PROPERTIES, Property, halves_of
from workflows.core.plan import Change, Plan, changes
from workflows.core.reach import Shift, flag_shift, targets_shift

_OFF: Final = {"userSyncInbound": {"isSyncAllowed": False}}


class Part(Enum):
    """Which part of a setting a move is about."""

    TARGETS = auto()
    """All of it: lists of targets."""
    FLAG = auto()
    """One flag, `key`."""
    SYNCHRONIZATION = auto()
    """All of it: the synchronization policy."""
    NO_FLAGS = auto()
    """All of it: neither side sets a flag."""
    UNREADABLE = auto()
    """All of it, one side of which this version cannot read."""
    STRANGERS = auto()
    """The members that this version does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One setting, or one flag of it, and what a plan does to it."""

    name: str
    """Graph's name of the setting."""
    part: Part
    key: str = ""
    before: Any
    """The partner's own value: a document, a flag, or None for "inherits"."""
    after: Any
    shift: Shift


class Lens(NamedTuple):
    """What applies to the partner before a plan and after it."""

    before: Effective
    after: Effective

    @classmethod
    def of(cls, plan: Plan, default: JsonObject | None) -> "Lens":
        """Look at both sides of a plan through the tenant's default (None: not known)."""
        return cls(effective(plan.before, default), effective(plan.image_after(), default))


def moves(plan: Plan, default: JsonObject | None = None) -> tuple[Move, ...]:
    """List what a plan does to each setting that it writes.

    :param default: the tenant's default configuration; None when it is not known.
    """
    lens = Lens.of(plan, default)
    return tuple(move for change in changes(plan) for move in _moves(change, lens))


def plan_shift(plan: Plan, default: JsonObject | None = None) -> Shift:
    """Tell what a whole plan does: it opens when any part does, and narrows only when nothing else may.

    :returns: OPENS, NARROWS, SAME or UNKNOWN.
    """
    shifts = {move.shift for move in moves(plan, default)}
    if Shift.OPENS in shifts:
        return Shift.OPENS
    if Shift.UNKNOWN in shifts:
        return Shift.UNKNOWN
    return Shift.NARROWS if shifts & {Shift.NARROWS, Shift.CLOSES} else Shift.SAME


def strangers(name: str, document: Any) -> dict[str, Any]:
    """List the members of a setting that this version does not know; nulls and annotations say nothing."""
    if not isinstance(document, Mapping):
        return {}
    known = _members(Property(name))
    return {key: value for key, value in document.items() if key not in known and "@" not in key and value is not None}


def _moves(change: Change, lens: Lens) -> Iterator[Move]:
    name, before, after = change
    try:
        known = Property(name)
        sides = parse_setting(known, before), parse_setting(known, after)
    except (UnreadableSetting, ValueError):
        yield Move(name=name, part=Part.UNREADABLE, before=before, after=after, shift=_blind_shift(change))
        return
    if known in FLAGS:
        yield from _flag_moves(known, sides, lens)
    elif known in TARGET_PROPERTIES:
        shift = targets_shift(lens.before.targets[known].setting, lens.after.targets[known].setting)
        shift = Shift.SAME if sides[0] == sides[1] else shift
        yield Move(name=known, part=Part.TARGETS, before=before, after=after, shift=shift)
    else:
        shift = _flag_move_shift(known, SYNCHRONIZATION_FLAG, lens)
        yield Move(name=known, part=Part.SYNCHRONIZATION, before=before, after=after, shift=shift)
    unknown = strangers(name, before), strangers(name, after)
    if any(unknown):
        shift = Shift.SAME if unknown[0] == unknown[1] else Shift.UNKNOWN
        yield Move(name=name, part=Part.STRANGERS, before=unknown[0], after=unknown[1], shift=shift)


def _flag_moves(name: Property, sides: tuple[Any, Any], lens: Lens) -> Iterator[Move]:
    """One for each flag that either side sets; one for the whole setting where neither does."""
    told = False
    for key in FLAGS[name]:
        before, after = (getattr(side, key, None) for side in sides)
        if before is None and after is None:
            continue
        told = True
        shift = _flag_move_shift(name, key, lens)
        yield Move(name=name, part=Part.FLAG, key=key, before=before, after=after, shift=shift)
    if not told:
        yield Move(name=name, part=Part.NO_FLAGS, before=None, after=None, shift=Shift.SAME)


def _flag_move_shift(name: Property, key: str, lens: Lens) -> Shift:
    return flag_shift(lens.before.flags[name, key].value, lens.after.flags[name, key].value)


def _blind_shift(change: Change) -> Shift:
    """Judge by the value after alone: what a revocation writes closes, whatever stood there before."""
    if change.before == change.after:
        return Shift.SAME
    closed = {name.value: to_document(setting) for name, setting in CLOSED.items()}
    closed[Property.IDENTITY_SYNCHRONIZATION.value] = _OFF
    document = change.after
    if change.name == Property.IDENTITY_SYNCHRONIZATION and isinstance(document, Mapping):
        document = {"userSyncInbound": document.get("userSyncInbound")}
    wanted = closed.get(change.name)
    return Shift.CLOSES if wanted is not None and means_the_same(document, wanted) else Shift.UNKNOWN


def _members(name: Property) -> frozenset[str]:
    if name in FLAGS:
        return frozenset(FLAGS[name].values())
    if name in TARGET_PROPERTIES:
        return frozenset(half.graph for half in halves_of(name))
    return frozenset({"userSyncInbound", "displayName", "tenantId"})
