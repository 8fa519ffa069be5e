"""Reviews of live partnerships: when one is due, who may answer it, what an answer does."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from workflows.core.closing import only_narrows
from workflows.core.commands import AskReview, Keep, PartnershipCommand
from workflows.core.effects import Effect, ShowReview
from workflows.core.errors import Refused
from workflows.core.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ADMIN, Person, Roster
from workflows.core.request import AccessRequest

REMIND_AGAIN_AFTER: Final = timedelta(days=3)
"""How long an unanswered review rests before the sponsor is asked once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTransition:
    """What to store in one transaction, and the effects to perform after it."""

    partnership: Partnership
    effects: tuple[Effect, ...]


def advance_review(
    partnership: Partnership, command: PartnershipCommand, *, roster: Roster, now: datetime
) -> ReviewTransition:
    """Decide what `command` does to `partnership`. Pure.

    :raises Refused: when it is not taken now or this person may not give it; nothing changes.
    """
    if partnership.state is PartnershipState.REVOKED:
        raise Refused("revoked", "This partner is already revoked; there is nothing left to review.")
    match command:
        case AskReview():
            return _ask(partnership, now)
        case Keep():
            return _keep(partnership, command, roster, now)
        case _:
            assert_never(command)


def may_close(partnership: Partnership | None, person: Person, roster: Roster) -> bool:
    """Tell whether `person` may revoke: every admin at any time, the sponsor in answer to a review."""
    is_asked = (
        partnership is not None
        and partnership.state is PartnershipState.REVIEW_DUE
        and partnership.sponsor.id == person.id
    )
    return is_asked or roster.holds(person.id, ADMIN)


def opened_partnership(request: AccessRequest, known: Partnership | None, now: datetime) -> Partnership:
    """Make the record of a partner whose access was just applied and read back.

    What only narrows needs one approver (`stages_for`), so it does not prolong what was approved by a whole chain.
    """
    prepared = request.known
    ends_at = None if prepared.plan.duration is None else now + prepared.plan.duration
    if known is not None and only_narrows(prepared.plan):
        ends_at = min((end for end in (known.ends_at, ends_at) if end), default=None)
    return Partnership(
        identity=prepared.observation.identity,
        version=1 if known is None else known.version + 1,
        state=PartnershipState.ACTIVE,
        sponsor=prepared.sponsor,
        template=request.particulars.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=ends_at,
        review_interval=prepared.review_interval,
        next_review_at=_next_review(prepared.review_interval, ends_at, now),
        attestations=() if known is None else known.attestations,
    )


def closed_partnership(request: AccessRequest, known: Partnership | None, now: datetime) -> Partnership:
    """Make the record of a partner that was just blocked and read back."""
    prepared = request.known
    return Partnership(
        identity=prepared.observation.identity,
        version=1 if known is None else known.version + 1,
        state=PartnershipState.REVOKED,
        sponsor=prepared.sponsor if known is None else known.sponsor,
        template=request.particulars.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=None,
        review_interval=None,
        next_review_at=None,
        attestations=() if known is None else known.attestations,
    )


def _ask(partnership: Partnership, now: datetime) -> ReviewTransition:
    if partnership.next_review_at is None or now < partnership.next_review_at:
        raise Refused("not_due", "The review is not due yet.")
    partnership = replace(
        partnership,
        version=partnership.version + 1,
        state=PartnershipState.REVIEW_DUE,
        next_review_at=now + REMIND_AGAIN_AFTER,
        reminders=partnership.reminders + 1,
    )
    return ReviewTransition(
        partnership=partnership, effects=(ShowReview(tenant_id=partnership.identity.tenant_id, remind=True),)
    )


def _keep(partnership: Partnership, command: Keep, roster: Roster, now: datetime) -> ReviewTransition:
    if command.actor.id != partnership.sponsor.id and not roster.holds(command.actor.id, ADMIN):
        raise Refused(
            "not_the_sponsor", f"Only the sponsor, {partnership.sponsor.name}, or an admin can keep this access."
        )
    if partnership.state is not PartnershipState.REVIEW_DUE:
        raise Refused("not_due", "No review is waiting: somebody has answered it already.")
    if not command.reason.strip():
        raise Refused("reason_missing", "Say why the access is still needed.")
    if partnership.is_past_its_end(now):
        raise Refused(
            "past_its_end",
            "The approved time is over, so one person cannot prolong it. File a new request with /partner request "
            f"{partnership.identity.default_domain}, or revoke.",
        )
    attestation = Attestation(person=command.actor, reason=command.reason.strip(), at=now)
    partnership = replace(
        partnership,
        version=partnership.version + 1,
        state=PartnershipState.ACTIVE,
        next_review_at=_next_review(partnership.review_interval, partnership.ends_at, now),
        reminders=0,
        attestations=(*partnership.attestations, attestation),
    )
    return ReviewTransition(partnership=partnership, effects=(ShowReview(tenant_id=partnership.identity.tenant_id),))


def _next_review(interval: timedelta | None, ends_at: datetime | None, now: datetime) -> datetime | None:
    """Give the earlier of the next interval and the end of what was approved."""
    return min((moment for moment in (interval and now + interval, ends_at) if moment), default=None)
