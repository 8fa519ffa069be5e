"""Lift a suspension: whether that is possible, and the record after it. Every approver of the partner decides again."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import stricter
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.answers.keeping import next_review
from workflows.core.partners.reviewing.review_events import kept_events
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.requests.request import AccessRequest, RequestId

USUAL_LIFT_WITHIN: Final = timedelta(days=30)
"""How old a suspension may be to be lifted, unless the settings say otherwise."""


class CannotLift(StrEnum):
    """Why a suspension cannot be lifted. The values are stored in refusals."""

    NOT_SUSPENDED = "not_suspended"
    NO_ACCESS_BEFORE = "no_access_before"
    """Gatehouse had no record of the partner before the suspension, or its access has no end."""
    NOT_AS_APPROVED = "not_as_approved"
    """What was in force before was not approved as it was."""
    TOO_OLD = "too_old"
    ENDED = "ended"
    """The approved end of the access has come."""
    DRIFTED = "drifted"
    """Somebody changed the partner since the block was read back."""


def require_may_lift(record: Partnership, person: Person, current_roles: CurrentRoles) -> None:
    """Check that a person is an admin or the sponsor.

    :raises Refused: when the person is neither.
    """
    if person.id != record.sponsor.id and not current_roles.holds(person.id, ADMIN):
        raise Refused(RefusalCode.NOT_THE_SPONSOR, sponsor=record.sponsor.name)


def liftable_request(
    record: Partnership | None, *, now: datetime, within: timedelta, is_drifted: bool
) -> tuple[Partnership, RequestId, datetime]:
    """Check that a suspension can be lifted.

    :param within: how old the suspension may be.
    :param is_drifted: whether the partner is not blocked any more as it was read back.
    :returns: the record, the request whose settings become active again, and the end of the access, which stays.
    :raises Refused: when it cannot. Restoring is then possible as always.
    """
    suspension = None if record is None else record.suspension
    if record is None or suspension is None:
        raise _refused(CannotLift.NOT_SUSPENDED, record)
    if suspension.request_id is None or record.ends_at is None:
        raise _refused(CannotLift.NO_ACCESS_BEFORE, record)
    if suspension.basis is not SettingsBasis.APPROVED:
        raise _refused(CannotLift.NOT_AS_APPROVED, record)
    if record.is_past_its_end(now):
        raise _refused(CannotLift.ENDED, record)
    if now - suspension.at > within:
        raise _refused(CannotLift.TOO_OLD, record, days=within.days)
    if is_drifted:
        raise _refused(CannotLift.DRIFTED, record)
    return record, suspension.request_id, record.ends_at


def is_liftable(record: Partnership | None, *, now: datetime, within: timedelta = USUAL_LIFT_WITHIN) -> bool:
    """Return whether the records say that a suspension can be lifted. The tenant is read when somebody asks for it."""
    try:
        liftable_request(record, now=now, within=within, is_drifted=False)
    except Refused:
        return False
    return True


def lifted_partnership(request: AccessRequest, earlier: Partnership, now: datetime) -> Partnership:
    """Return the record of a partner whose suspension was just lifted and read back: as it was, with a new review.

    The whole approval chain decided. So the review that was open before is over, and an event that happens again starts
    one again.

    :param earlier: the record of the suspended partner.
    """
    return replace(
        earlier,
        version=earlier.version + 1,
        state=PartnershipState.ACTIVE,
        request_id=request.id,
        since=now,
        next_review_at=next_review(earlier.review_interval, earlier.ends_at, now),
        stages=stricter(earlier.stages, request.require_prepared().stages),
        not_closed=None,
        suspension=None,
        review_reasons=(),
        review_events=kept_events(earlier),
        regular_review_at=None,
        reminders=0,
        review_reminders=(),
        asked_since=None,
    )


def _refused(why: CannotLift, record: Partnership | None, **values: int) -> Refused:
    domain = "" if record is None else record.identity.default_domain
    return Refused(RefusalCode.CANNOT_LIFT, why=why.value, domain=domain, **values)
