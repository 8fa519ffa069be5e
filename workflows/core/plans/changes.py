"""What a plan does to the access, setting by setting and as a whole, on the values that really apply.

What is inherited counts with the tenant's default where that is known; where it is not, nothing is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from workflows.core.errors import UnreadableSetting
from workflows.core.plans.plan import Change, Plan, changes
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import means_the_same, parse_setting
from workflows.core.settings.effective import SYNCHRONIZATION_FLAG, Effective, EffectiveTargets, Origin, effective
from workflows.core.settings.model import (
    FLAGS,
    TARGET_PROPERTIES,
    Property,
    configurations,
    halves_of,
)
from workflows.core.settings.reach import Shift, flag_shift, targets_shift

_OFF: Final = {"userSyncInbound": {"isSyncAllowed": False}}
_COLLABORATION: Final = (Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND)
"""B2B direct connect does not work with another cloud (Entra: "Cross Cloud Settings")."""
_OTHER_LISTS: Final = (
    Property.M365_COLLABORATION_INBOUND,
    Property.M365_COLLABORATION_OUTBOUND,
    Property.APP_SERVICE_CONNECT_INBOUND,
)


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
        images = (plan.before, plan.image_after())
        return cls(*(effective(image, default, is_cross_cloud=plan.is_cross_cloud) for image in images))


def moves(plan: Plan, default: JsonObject | None = None) -> tuple[Move, ...]:
    """List what a plan does to each setting that it writes.

    Adding a tenant of another cloud also lets the default apply to it: what that opens without being written is listed
    as well.

    :param default: the tenant's default configuration; None when it is not known.
    """
    lens = Lens.of(plan, default)
    written = tuple(move for change in changes(plan) for move in _moves(change, lens))
    return (*written, *_moves_by_adding(plan, lens))


def plan_shift(plan: Plan, default: JsonObject | None = None) -> Shift:
    """Tell what a whole plan does: it opens when any part does, and narrows only when nothing else may.

    :returns: OPENS, NARROWS, SAME or UNKNOWN.
    """
    return shift_of(moves(plan, default))


def shift_of(told: Iterable[Move]) -> Shift:
    """Sum moves up as `plan_shift` does for all of a plan's."""
    shifts = {move.shift for move in told}
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
        shift = _lists_shift(lens.before.targets[known], lens.after.targets[known])
        is_same = sides[0] == sides[1] and (sides[0] is not None or not _is_added(lens))
        shift = Shift.SAME if is_same else shift
        yield Move(name=known, part=Part.TARGETS, before=before, after=after, shift=shift)
    else:
        shift = _flag_move_shift(known, SYNCHRONIZATION_FLAG, lens)
        yield Move(name=known, part=Part.SYNCHRONIZATION, before=before, after=after, shift=shift)
    unknown = strangers(name, before), strangers(name, after)
    if any(unknown):
        shift = Shift.SAME if unknown[0] == unknown[1] else Shift.UNKNOWN
        yield Move(name=name, part=Part.STRANGERS, before=unknown[0], after=unknown[1], shift=shift)


def _moves_by_adding(plan: Plan, lens: Lens) -> Iterator[Move]:
    """Give what a plan opens for a tenant of another cloud by adding it, in settings that it does not write."""
    if not plan.operations or not _is_added(lens):
        return
    written = {change.name for change in changes(plan)}
    for name in (*_COLLABORATION, *_OTHER_LISTS):
        after = lens.after.targets[name]
        # A default that says nothing of the other lists opens nothing that anybody could name.
        if name in written or (name in _OTHER_LISTS and None in configurations(after.setting)):
            continue
        shift = _lists_shift(lens.before.targets[name], after)
        if shift is not Shift.SAME:
            yield Move(name=name, part=Part.TARGETS, before=None, after=None, shift=shift)
    if Property.INBOUND_TRUST not in written:
        for key in FLAGS[Property.INBOUND_TRUST]:
            shift = _flag_move_shift(Property.INBOUND_TRUST, key, lens)
            if shift is not Shift.SAME:
                yield Move(name=Property.INBOUND_TRUST, part=Part.FLAG, key=key, before=None, after=None, shift=shift)


def _lists_shift(before: EffectiveTargets, after: EffectiveTargets) -> Shift:
    """Compare what applies before and after; two values that are not certain are not the same for that."""
    if (before.is_partly_set or after.is_partly_set) and before.certain == after.certain:
        return Shift.UNKNOWN
    return targets_shift(before.certain, after.certain)


def _is_added(lens: Lens) -> bool:
    """Tell whether a plan adds a tenant of another cloud, to which the default did not apply before."""
    was = lens.before.targets[Property.B2B_COLLABORATION_INBOUND].origins
    becomes = lens.after.targets[Property.B2B_COLLABORATION_INBOUND].origins
    return Origin.NOT_ADDED in was and Origin.NOT_ADDED not in becomes


def _flag_moves(name: Property, sides: tuple[Any, Any], lens: Lens) -> Iterator[Move]:
    """One for each flag that either side sets; one for the whole setting where neither does."""
    told = False
    for key in FLAGS[name]:
        before, after = (getattr(side, key, None) for side in sides)
        shift = _flag_move_shift(name, key, lens)
        if before is None and after is None and (shift is Shift.SAME or not _is_added(lens)):
            continue
        told = True
        yield Move(name=name, part=Part.FLAG, key=key, before=before, after=after, shift=shift)
    if not told:
        yield Move(name=name, part=Part.NO_FLAGS, before=None, after=None, shift=Shift.SAME)


def _flag_move_shift(name: Property, key: str, lens: Lens) -> Shift:
    return flag_shift(lens.before.flags[name, key].value, lens.after.flags[name, key].value)


def _blind_shift(change: Change) -> Shift:
    """Judge by the value after alone: what a revocation writes closes, whatever stood there before."""
    if change.before == change.after:
        return Shift.SAME
    closed = {**BLOCK, Property.IDENTITY_SYNCHRONIZATION.value: _OFF}
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
