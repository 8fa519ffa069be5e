"""Reviews of live partnerships: when one is due, who may answer it, what an answer does."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar, assert_never

from workflows.core.approval_policy import is_live, stricter
from workflows.core.canonical import JsonObject
from workflows.core.closing import only_narrows
from workflows.core.commands import (
    AskHalf,
    AskReview,
    ConfirmHalf,
    Keep,
    PartnershipCommand,
    RecordHalf,
    RecordSponsorFound,
    RecordSponsorGone,
    RemindHalf,
    UnconfirmHalf,
)
from workflows.core.effects import Effect, ShowHalf, ShowReview
from workflows.core.errors import Refused
from workflows.core.half_reviews import advance_half, told_of_half
from workflows.core.half_state import open_steps, still_wanted
from workflows.core.partner_half import half_of
from workflows.core.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ADMIN, Person, Roster
from workflows.core.request import AccessRequest, Prepared
from workflows.core.risk import chain_is_enough, risk_of_result
from workflows.core.sponsor_handover import advance_sponsor, taken_over
from workflows.core.template import Stage

REMIND_AGAIN_AFTER: Final = timedelta(days=3)
"""How long an unanswered review rests before the sponsor is asked once more."""
KEEP_REASON_MISSING: Final = "Say why the access is still needed."


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
        raise Refused(
            "revoked",
            "This partner is already revoked; there is nothing left to review. "
            "Ask with /partner request if it is needed.",
        )
    match command:
        case AskReview():
            return _ask(partnership, now)
        case Keep():
            return _keep(partnership, command, roster, now)
        case RecordSponsorGone() | RecordSponsorFound():
            is_gone = isinstance(command, RecordSponsorGone)
            partnership = advance_sponsor(partnership, command, now=now, ask_again_at=now + REMIND_AGAIN_AFTER)
            asked = ShowReview(tenant_id=partnership.identity.tenant_id, remind=is_gone)
            return ReviewTransition(partnership=partnership, effects=(asked,))
        case ConfirmHalf() | UnconfirmHalf() | RemindHalf() | AskHalf() | RecordHalf():
            partnership = advance_half(partnership, command, roster=roster, now=now)
            shown = ShowHalf(tenant_id=partnership.identity.tenant_id, remind=isinstance(command, AskHalf))
            return ReviewTransition(partnership=partnership, effects=(shown, *told_of_half(partnership, command)))
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


def opened_partnership(
    request: AccessRequest, known: Partnership | None, now: datetime, *, image: JsonObject | None = None
) -> Partnership:
    """Make the record of a partner whose access was just applied and read back.

    Only a chain that could open all that stands, anew, may say for how long, when it is looked at and who answers for
    it. A weaker one (what only narrows needs one approver, see `stages_for`) leaves all of that to the record that
    there is, its open review included. What was confirmed of the partner's half counts on where exactly the same is
    still wanted.

    :param image: what stands in the tenant, where that is not what the plan leads to: nobody approved it.
    """
    prepared = request.known
    duration = prepared.plan.duration
    ends_at = now if image is not None else None if duration is None else now + duration
    record = Partnership(
        identity=prepared.observation.identity,
        version=1 if known is None else known.version + 1,
        state=PartnershipState.ACTIVE,
        sponsor=prepared.sponsor,
        template=prepared.plan.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=ends_at,
        review_interval=prepared.review_interval,
        next_review_at=_next_review(prepared.review_interval, ends_at, now),
        attestations=() if known is None else known.attestations,
        stages=_stands_under(prepared, known),
    )
    if known is not None and is_live(known) and (image is not None or not _may_prolong(prepared)):
        record = _kept(known, record)
    stands = prepared.plan.image_after() if image is None else image
    return _with_half(record, known, stands, prepared)


def _kept(known: Partnership, new: Partnership) -> Partnership:
    """Give what a weaker chain leaves of a record: it may only be looked at sooner, and end sooner."""
    return replace(
        known,
        version=new.version,
        request_id=new.request_id,
        ends_at=_earlier(known.ends_at, new.ends_at),
        review_interval=_earlier(known.review_interval, new.review_interval),
        next_review_at=_earlier(known.next_review_at, new.next_review_at),
        stages=new.stages,
    )


def _stands_under(prepared: Prepared, known: Partnership | None) -> tuple[Stage, ...]:
    """Give the approval policy under which a partner stands from now on: it may grow, and one approver keeps it."""
    if known is None or not is_live(known):
        return prepared.stages
    return known.stages if only_narrows(prepared.plan) else stricter(known.stages, prepared.stages)


def _with_half(
    record: Partnership, known: Partnership | None, stands: JsonObject | None, prepared: Prepared
) -> Partnership:
    observed = prepared.observation
    half = half_of(stands, observed.default, is_cross_cloud=not observed.identity.is_resolved).steps
    confirmations = () if known is None else still_wanted(half, known.confirmations)
    is_set = known is not None and known.remind_half_at is not None and open_steps(half, confirmations)
    reminded = known if is_set else None
    return replace(
        record,
        half=half,
        confirmations=confirmations,
        remind_half_at=reminded.remind_half_at if reminded else None,
        half_reminder_asked_by=reminded.half_reminder_asked_by if reminded else None,
        half_reminder_asked_at=reminded.half_reminder_asked_at if reminded else None,
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
        not_closed=request.not_closed,
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
            "not_the_sponsor",
            f"Only the sponsor, {partnership.sponsor.name}, or an admin can keep this access. Ask one of them.",
        )
    if partnership.state is not PartnershipState.REVIEW_DUE:
        raise Refused("not_due", "No review is waiting: somebody has answered it already. You need to do nothing.")
    if not command.reason.strip():
        raise Refused("reason_missing", KEEP_REASON_MISSING)
    if partnership.is_past_its_end(now):
        raise Refused(
            "past_its_end",
            "The approved time is over, so one person cannot prolong it. File a new request with /partner request "
            f"{partnership.identity.default_domain}, or revoke.",
        )
    attestation = Attestation(person=command.actor, reason=command.reason.strip(), at=now)
    partnership = replace(
        taken_over(partnership, command.actor),
        version=partnership.version + 1,
        state=PartnershipState.ACTIVE,
        next_review_at=_next_review(partnership.review_interval, partnership.ends_at, now),
        reminders=0,
        attestations=(*partnership.attestations, attestation),
    )
    return ReviewTransition(partnership=partnership, effects=(ShowReview(tenant_id=partnership.identity.tenant_id),))


def _may_prolong(prepared: Prepared) -> bool:
    if only_narrows(prepared.plan):
        return False
    whole = risk_of_result(prepared.plan, prepared.observation.default)
    return not chain_is_enough(prepared.stages, whole.level)


_Moment = TypeVar("_Moment", datetime, timedelta)


def _earlier(known: _Moment | None, new: _Moment | None) -> _Moment | None:
    """Give the earlier or shorter of what stood and what is new, as far as there is any."""
    return min((one for one in (known, new) if one is not None), default=None)


def _next_review(interval: timedelta | None, ends_at: datetime | None, now: datetime) -> datetime | None:
    """Give the earlier of the next interval and the end of what was approved."""
    return min((moment for moment in (interval and now + interval, ends_at) if moment), default=None)
