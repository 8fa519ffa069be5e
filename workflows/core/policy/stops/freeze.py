"""The freeze of all writes that open access: who may begin it, and how two admins end it. Pure.

The rules are those of docs/decisions/0026. A held start (docs/decisions/0055) is a freeze, too: the bot begins it, and
it ends in the same way. `TABLE` lists every allowed pair of state and step, and where it leads. Any other pair is
refused, and nothing changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, GATEHOUSE, CurrentRoles, Person
from workflows.core.policy.stops.generation import Hold

END_MAY_BE_CONFIRMED_FOR: Final = timedelta(hours=24)
"""How long a second admin can confirm that the freeze ends. Then an admin must ask again."""
ADMINS_TO_END_FREEZE: Final = 2
"""One asks to end it, and another one confirms that."""
MAX_REASON_CHARACTERS: Final = 1000
_MAX_EARLIER: Final = 5
COMMAND_LINE: Final = "os:"
"""What the name begins with when a freeze was begun at the command line."""


class FreezeState(StrEnum):
    """The state of the freeze. The values are stored."""

    FROZEN = "frozen"
    END_ASKED = "end_asked"
    """One admin has asked to end it. It is frozen until another admin confirms that."""
    ENDED = "ended"


class FreezeStep(StrEnum):
    """What people do about the freeze. The values are stored, and are the names in the audit log."""

    FREEZE = "freeze"
    ASK_END = "ask_freeze_end"
    END = "end_freeze"
    """Another admin confirms the request to end it."""
    KEEP = "keep_frozen"
    """An admin takes the request to end it back."""


S = FreezeState

TABLE: Final[Mapping[tuple[FreezeState | None, FreezeStep], FreezeState]] = {
    (None, FreezeStep.FREEZE): S.FROZEN,
    (S.ENDED, FreezeStep.FREEZE): S.FROZEN,
    (S.FROZEN, FreezeStep.ASK_END): S.END_ASKED,
    (S.END_ASKED, FreezeStep.END): S.ENDED,
    (S.END_ASKED, FreezeStep.KEEP): S.FROZEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequest:
    """The request of one admin to end the freeze."""

    person: Person
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """The newest freeze. `version` increases with every stored change; an outdated write is refused."""

    version: int
    state: FreezeState
    since: datetime
    by: str
    """The name of the admin who began it; at the command line `os:` and the operating system's user."""
    reason: str
    end_request: EndRequest | None = None
    """Who asked to end it; after the end, with whose confirmation of `ended_by` it ended."""
    ended_by: Person | None = None
    ended_at: datetime | None = None
    earlier: tuple[datetime, ...] = ()
    """When the freezes right before this one began, the newest last: somebody may not have been told of their end."""
    hold: Hold | None = None
    """Why the bot started held; None for a freeze that people began."""
    voids_before: datetime | None = None
    """When the last hold began. A request from before it never opens anything. Later freezes keep it."""
    released: Hold | None = None
    """The last hold that two admins ended. Later freezes keep it: a start with the same two places is not held again.
    """

    @property
    def is_frozen(self) -> bool:
        """Return whether nothing that opens access may be written."""
        return self.state is not S.ENDED

    def valid_end_request(self, now: datetime) -> EndRequest | None:
        """Return the request to end it that can be confirmed now; None when there is none, or it lapsed.

        NB. the distance in both directions counts: a clock that was set back must not prolong it.
        """
        asked = self.end_request if self.state is S.END_ASKED else None
        return None if asked is None or abs(now - asked.at) >= END_MAY_BE_CONFIRMED_FOR else asked


def is_over_about_records(freeze: Freeze) -> bool:
    """Return whether two admins have ended a freeze that Gatehouse began itself, because of changed records."""
    return not freeze.is_frozen and is_about_records(freeze)


def is_about_records(freeze: Freeze) -> bool:
    """Return whether Gatehouse began a freeze itself, because something else changed its records."""
    return freeze.hold is None and freeze.by == GATEHOUSE.name


def begin(before: Freeze | None, *, by: str, reason: str, now: datetime, version: int = 1) -> Freeze:
    """Return a new freeze. Closing needs no approval, and at the command line no person.

    :param version: the number of the change when there is no earlier record that can be read.
    :raises Refused: when it is frozen already, or the reason is missing or too long.
    """
    _next_state(before, FreezeStep.FREEZE, now)
    text = require_reason(reason)
    number = version if before is None else before.version + 1
    return Freeze(
        version=number,
        state=S.FROZEN,
        since=now,
        by=by,
        reason=text,
        earlier=_earlier(before),
        voids_before=None if before is None else before.voids_before,
        released=None if before is None else before.released,
    )


def begin_hold(before: Freeze | None, hold: Hold, *, now: datetime, version: int = 1) -> Freeze | None:
    """Return the freeze of a held start; None when these records are held for that already, or were released.

    It takes the place of a freeze that people began, and keeps its reason: both end together.

    :param version: as for `begin`.
    """
    if before is not None and before.is_frozen and before.hold is not None and before.hold.is_same_as(hold):
        return None
    if before is not None and before.released is not None and before.released.is_same_as(hold):
        return None
    is_by_people = before is not None and before.is_frozen and before.hold is None
    return Freeze(
        version=version if before is None else before.version + 1,
        state=S.FROZEN,
        since=now,
        by=before.by if before is not None and is_by_people else GATEHOUSE.name,
        reason=before.reason if before is not None and is_by_people else "",
        earlier=_earlier(before),
        hold=hold,
        voids_before=now,
        released=None if before is None else before.released,
    )


def lift_hold(before: Freeze | None, *, now: datetime) -> Freeze | None:
    """Return the freeze after a start that shows that these are the newest records after all; None when none is held.

    A place that was missing is there again, for example. Nothing is void then. A freeze of people that the hold took
    the place of goes on.
    """
    if before is None or not before.is_frozen or before.hold is None:
        return None
    is_by_people = bool(before.reason)
    lifted = replace(before, version=before.version + 1, hold=None, voids_before=None, end_request=None)
    if is_by_people:
        return replace(lifted, state=S.FROZEN)
    return replace(lifted, state=S.ENDED, hold=before.hold, ended_at=now)


def _earlier(before: Freeze | None) -> tuple[datetime, ...]:
    return () if before is None else (*before.earlier, before.since)[-_MAX_EARLIER:]


def require_reason(reason: str) -> str:
    """Return the reason of a freeze without spaces around it. Nothing of it is cut.

    :raises Refused: when it is missing or too long.
    """
    text = reason.strip()
    if not text:
        raise Refused(RefusalCode.FREEZE_REASON_MISSING)
    if len(text) > MAX_REASON_CHARACTERS:
        raise Refused(RefusalCode.FREEZE_REASON_TOO_LONG, length=len(text), limit=MAX_REASON_CHARACTERS)
    return text


def advance(
    before: Freeze | None, step: FreezeStep, actor: Person, *, version: int, current_roles: CurrentRoles, now: datetime
) -> Freeze:
    """Return the freeze after an admin asked to end it, ended it, or keeps it.

    Both who end it must be admins then: a request of somebody who lost the role since does not count.

    :param version: the version that the person saw.
    :param current_roles: the roles of the actor, and of who asked to end it.
    :raises Refused: when the person may not do that, or it is not what they saw; nothing changes.
    """
    require_admin(actor, current_roles)
    state = _next_state(before, step, now, actor)
    if before is None or before.version != version:
        raise Refused(RefusalCode.FREEZE_CHANGED)
    asked = before.valid_end_request(now)
    changed = replace(before, version=before.version + 1, state=state)
    if step is FreezeStep.ASK_END:
        return replace(changed, end_request=EndRequest(person=actor, at=now))
    if step is FreezeStep.KEEP:
        return replace(changed, end_request=None)
    if asked is None or asked.person.id == actor.id:
        raise Refused(RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN)
    if not current_roles.holds(asked.person.id, ADMIN):
        raise Refused(RefusalCode.FREEZE_END_ASKED_BY_FORMER_ADMIN, name=asked.person.name)
    return replace(changed, ended_by=actor, ended_at=now, released=before.hold or before.released)


def require_admin(actor: Person, current_roles: CurrentRoles) -> None:
    """Check that a person may freeze, and take part in its end.

    :raises Refused: for everybody but admins.
    """
    if not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_FREEZE)


def name_of_admin(actor: Person) -> str:
    """Return the name by which a freeze says who began it. It never reads like a user of the command line."""
    name = actor.name.strip() or actor.chat_id
    return f"{name[:2]} {name[2:]}" if name.startswith(COMMAND_LINE) else name


def _next_state(before: Freeze | None, step: FreezeStep, now: datetime, actor: Person | None = None) -> FreezeState:
    """Return the state after a step.

    :raises Refused: when the table does not list it.
    """
    state = None if before is None else before.state
    if before is not None and state is S.END_ASKED and before.valid_end_request(now) is None:
        state = S.FROZEN
    allowed = TABLE.get((state, step))
    if allowed is not None:
        return allowed
    if before is None or not before.is_frozen:
        raise Refused(RefusalCode.NOT_FROZEN)
    if step is FreezeStep.FREEZE:
        raise Refused(RefusalCode.ALREADY_FROZEN, name=before.by, since=before.since.isoformat())
    if step is not FreezeStep.ASK_END or before.end_request is None:
        raise Refused(RefusalCode.FREEZE_END_NOT_ASKED)
    if actor is not None and before.end_request.person.id == actor.id:
        raise Refused(RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN)
    raise Refused(RefusalCode.FREEZE_CHANGED)
