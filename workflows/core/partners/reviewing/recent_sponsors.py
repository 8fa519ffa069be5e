"""Who of a partner's sponsors does not decide on requests about it, and since when that holds for an open request."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Person
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.sponsorship import HandoverState, ended_handover, recent_sponsors, with_former
from workflows.core.requests.request import AccessRequest, RequestState

_UNDECIDED: Final = (RequestState.AWAITING_APPROVAL, RequestState.APPLYING)


def sponsors_of(record: Partnership | None, now: datetime) -> tuple[Person, ...]:
    """Return who is the sponsor of a partner, or was in the last 90 days; empty without a record.

    The sponsor of a revoked partner stopped being one when it was revoked.
    """
    if record is None:
        return ()
    until = record.since if record.state is PartnershipState.REVOKED else None
    return recent_sponsors(record.sponsor, record.former_sponsors, now, until=until)


def with_partner_sponsors(
    request: AccessRequest, record: Partnership | None, now: datetime, *, is_checked_again: bool = False
) -> AccessRequest:
    """Return a request with every present and recent sponsor of its partner, as recorded now.

    So a decision, and the check before the first write, never count a person who has become the sponsor since the
    request was shown. Whoever is named on the request already stays: nobody may decide again because time has passed.

    :param is_checked_again: whether a plan is checked of which a part was written. Otherwise that stays as it was.
    """
    is_written = request.writing_since is not None and not is_checked_again
    if request.prepared is None or request.state not in _UNDECIDED or is_written:
        return request
    named = merged(request.prepared.partner_sponsors, sponsors_of(record, now))
    if not request.prepared.stages or named == request.prepared.partner_sponsors:
        return request
    return replace(request, prepared=replace(request.prepared, partner_sponsors=named))


def sponsor_since_approval(request: AccessRequest, record: Partnership | None) -> Person | None:
    """Return the partner's sponsor who took it over while the request waited, and so stays the sponsor; else None.

    That is so when the sponsor of the record changed after the last approval, or when the sponsor named on the request
    was the partner's and handed it over after the request was filed. Who accepted answers for the partner.
    """
    named = request.require_prepared().sponsor
    if record is None or record.is_closed or record.sponsor.id == named.id:
        return None
    approvals = [decision.at for decision in request.decisions if decision.choice is Choice.APPROVE]
    approved_at = max(approvals, default=request.created_at)
    has_changed = any(
        former.until >= approved_at or (former.person.id == named.id and former.until >= request.created_at)
        for former in record.former_sponsors
    )
    return record.sponsor if has_changed else None


def merged(people: Iterable[Person], others: Iterable[Person]) -> tuple[Person, ...]:
    """Return these people and the others, each once."""
    return tuple({person.id: person for person in (*others, *people)}.values())


def with_earlier_sponsors(record: Partnership, earlier: Partnership | None, now: datetime) -> Partnership:
    """Return a new record with the former sponsors and the hand-over of the earlier one.

    A sponsor who is replaced by a request becomes a former one. The open hand-over ends then, and when the partner is
    closed.
    """
    if earlier is None:
        return record
    former, handover = earlier.former_sponsors, earlier.handover
    if record.sponsor.id != earlier.sponsor.id:
        was_revoked = earlier.state is PartnershipState.REVOKED
        former = with_former(former, earlier.sponsor, earlier.since if was_revoked else now)
    if record.sponsor.id != earlier.sponsor.id or record.is_closed:
        handover = ended_handover(handover, HandoverState.STOPPED, now)
    return replace(record, former_sponsors=former, handover=handover)
