"""Accept drift until a date: who may do it, for how long, and when it counts.

Drift that opens access needs two admins, for seven days at most. Other drift needs one. Whoever made the change accepts
nothing. The rules are those of docs/decisions/0022.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.posture.watch.drift import Acceptance, Author, AuthorState, Drift
from workflows.core.requests.commands.watch import AcceptDrift

OPENING_DAYS: Final = (1, 3, 7)
"""For how many days drift that opens access can be accepted."""
OTHER_DAYS: Final = (7, 30, 90)
"""The same for drift that opens nothing."""


def offered_days(drift: Drift) -> tuple[int, ...]:
    """Return for how many days this drift can be accepted."""
    return OPENING_DAYS if drift.found.opens else OTHER_DAYS


def needed_admins(drift: Drift) -> int:
    """Return how many admins must accept this drift."""
    return 2 if drift.found.opens else 1


def accepted_until(drift: Drift) -> datetime | None:
    """Return until when the drift is accepted; None while too few admins have accepted it."""
    if len(drift.acceptances) < needed_admins(drift):
        return None
    return min(acceptance.until for acceptance in drift.acceptances)


def is_accepted(drift: Drift, now: datetime) -> bool:
    """Return whether enough admins have accepted the drift, and the date has not passed."""
    until = accepted_until(drift)
    return drift.is_open and until is not None and now < until


def ask_again_at(drift: Drift) -> datetime | None:
    """Return when an acceptance, also one of several, ends; None without one."""
    return min((acceptance.until for acceptance in drift.acceptances), default=None) if drift.is_open else None


def accept(
    drift: Drift | None, command: AcceptDrift, actor: Person, *, current_roles: CurrentRoles, now: datetime
) -> Drift:
    """Return the drift with one more acceptance. Pure.

    :raises Refused: when the person may not accept it, or it is not the drift that was shown; nothing changes.
    """
    if not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_ACCEPT_DRIFT)
    if drift is None or not drift.is_open:
        raise Refused(RefusalCode.NO_DRIFT)
    if drift.found.fingerprint != command.fingerprint:
        raise Refused(RefusalCode.DRIFT_CHANGED)
    if is_author(drift.author, actor):
        raise Refused(RefusalCode.AUTHOR_MAY_NOT_ACCEPT, partner=drift.partner)
    if is_accepted(drift, now) or any(one.person.id == actor.id for one in drift.acceptances):
        raise Refused(RefusalCode.DRIFT_ALREADY_ACCEPTED, partner=drift.partner)
    if not command.reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, is_review=True)
    if command.days not in offered_days(drift):
        raise Refused(RefusalCode.DRIFT_DAYS_NOT_OFFERED, days=list(offered_days(drift)))
    accepted = Acceptance(person=actor, until=now + timedelta(days=command.days), reason=command.reason.strip(), at=now)
    return replace(drift, version=drift.version + 1, acceptances=(*drift.acceptances, accepted))


def is_author(author: Author, person: Person) -> bool:
    """Return whether Entra's audit log names this person as the author."""
    return author.state is AuthorState.KNOWN and author.account != "" and author.account == person.id


def with_author(drift: Drift, author: Author) -> Drift:
    """Return the drift with its author. An acceptance of that person does not count any more."""
    acceptances = tuple(acceptance for acceptance in drift.acceptances if not is_author(author, acceptance.person))
    return replace(drift, version=drift.version + 1, author=author, acceptances=acceptances)


def end_acceptance(drift: Drift) -> Drift:
    """Return the drift after its acceptance ended: admins are asked again.

    An acceptance that waited for a second admin is not counted as one that was over.
    """
    was_accepted = len(drift.acceptances) >= needed_admins(drift)
    return replace(drift, version=drift.version + 1, acceptances=(), asked_again=drift.asked_again + was_accepted)
