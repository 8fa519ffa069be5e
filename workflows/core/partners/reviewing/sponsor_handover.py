"""The sponsor of a partner: found without an account, handed over to another person, or replaced by who keeps it.

Until the proposed person accepts, the sponsor stays the one who answers. If the sponsor has no account, the admins
answer meanwhile, and an admin who keeps the access becomes the sponsor.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import with_reason
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person
from workflows.core.policy.reviews.sponsorship import (
    HANDOVER_EXPIRES_AFTER,
    HANDOVER_REMINDED_AFTER,
    Handover,
    HandoverState,
    ended_handover,
    with_former,
)
from workflows.core.requests.commands.partner_record import RecordSponsorGone, SponsorCommand
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ExpireHandover,
    HandoverAnswer,
    HandoverCommand,
    ProposeSponsor,
    RemindHandover,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowHandover, ShowReview, ShowSetup


def advance_sponsor(partnership: Partnership, command: SponsorCommand, *, now: datetime) -> Partnership:
    """Record that the sponsor has no account, or has one again. Without an account, a review is due at once. Pure.

    :raises Refused: when this is recorded already, or the partner has another sponsor now.
    """
    is_gone = isinstance(command, RecordSponsorGone)
    if partnership.sponsor.id != command.sponsor or (partnership.sponsor_gone_at is not None) is is_gone:
        raise Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, sponsor=partnership.sponsor.name)
    manager = command.manager if isinstance(command, RecordSponsorGone) else ""
    updated = replace(
        partnership,
        version=partnership.version + 1,
        sponsor_gone_at=now if is_gone else None,
        sponsor_manager=manager,
    )
    if isinstance(command, RecordSponsorGone):
        updated = with_reason(updated, ReviewReasonCode.SPONSOR_GONE, now, cause=command.reason.value)
        updated = replace(updated, state=PartnershipState.REVIEW_DUE, next_review_at=now)
    return updated


def with_new_sponsor(partnership: Partnership, new_sponsor: Person, now: datetime) -> Partnership:
    """Return the record with a new sponsor: the person who kept the access while the sponsor had no account."""
    if partnership.sponsor_gone_at is None:
        return partnership
    handover = partnership.handover
    if handover is not None and handover.proposed.id == new_sponsor.id:
        handover = ended_handover(handover, HandoverState.STOPPED, now)
    return replace(_with_sponsor(partnership, new_sponsor, now), handover=handover)


def may_propose_sponsor(
    partnership: Partnership, person: Person, current_roles: CurrentRoles, *, is_manager: bool
) -> bool:
    """Return whether a person may propose another sponsor: the sponsor, the sponsor's manager, and every admin.

    :param is_manager: whether Entra names the person as the sponsor's manager.
    """
    is_sponsor = person.id == partnership.sponsor.id
    return is_sponsor or is_manager or current_roles.holds(person.id, ADMIN)


def advance_handover(
    partnership: Partnership, command: HandoverCommand, *, current_roles: CurrentRoles, now: datetime
) -> Partnership:
    """Apply a command about the hand-over of the sponsorship. Pure.

    :raises Refused: when it is not possible now or for this person; nothing changes.
    """
    match command:
        case ProposeSponsor():
            changes = _propose(partnership, command, current_roles, now)
        case AcceptSponsorship():
            handover = _answered(partnership, command, HandoverState.ACCEPTED, now)
            # The new sponsor was asked nothing yet, so a suspension because of the former one's silence is not sent.
            accepted = replace(_with_sponsor(partnership, command.actor, now), handover=handover, suspended_by=None)
            changes = _asked_now(accepted, now)
        case DeclineSponsorship():
            changes = replace(partnership, handover=_answered(partnership, command, HandoverState.DECLINED, now))
        case WithdrawHandover():
            changes = replace(partnership, handover=_withdrawn(partnership, command, now))
        case RemindHandover() | ExpireHandover():
            changes = replace(partnership, handover=_due(partnership, command, now))
        case _:
            assert_never(command)
    return replace(changes, version=partnership.version + 1)


def handover_effects(before: Partnership, after: Partnership, command: HandoverCommand) -> tuple[Effect, ...]:
    """Return the effects of a command about the hand-over: the question to the proposed person, and who is told.

    A new sponsor gets what waits for an answer: the open review, and the open steps of the partner setup.
    """
    tenant_id = after.identity.tenant_id
    shown: tuple[Effect, ...] = (ShowHandover(tenant_id=tenant_id),)
    match command:
        case AcceptSponsorship():
            cards = (ShowReview(tenant_id=tenant_id), ShowSetup(tenant_id=tenant_id))
            return (*shown, *cards, *_messages(before, after, MessageCode.HANDOVER_ACCEPTED))
        case ProposeSponsor():
            return (*shown, *_messages(before, after, MessageCode.HANDOVER_ASKED))
        case DeclineSponsorship():
            return (*shown, *_messages(before, after, MessageCode.HANDOVER_DECLINED))
        case WithdrawHandover():
            return (*shown, *_messages(before, after, MessageCode.HANDOVER_WITHDRAWN))
        case ExpireHandover():
            return (*shown, *_messages(before, after, MessageCode.HANDOVER_EXPIRED))
        case RemindHandover():
            return shown
        case _:
            assert_never(command)


def _asked_now(partnership: Partnership, now: datetime) -> Partnership:
    """Return the record of a new sponsor, who is asked at once when a review waits for an answer."""
    is_due = partnership.state is PartnershipState.REVIEW_DUE
    return replace(partnership, next_review_at=now) if is_due else partnership


def _propose(
    partnership: Partnership, command: ProposeSponsor[Person], current_roles: CurrentRoles, now: datetime
) -> Partnership:
    proposed, open_handover = command.proposed, partnership.handover
    if not may_propose_sponsor(partnership, command.actor, current_roles, is_manager=command.is_manager):
        raise Refused(RefusalCode.MAY_NOT_PROPOSE_SPONSOR, sponsor=partnership.sponsor.name)
    if proposed.id == partnership.sponsor.id:
        raise Refused(RefusalCode.ALREADY_THE_SPONSOR, sponsor=proposed.name)
    if open_handover is not None and open_handover.is_open and open_handover.proposed.id == proposed.id:
        values = {"proposed": proposed.name, "expires_at": open_handover.expires_at.isoformat()}
        raise Refused(RefusalCode.ALREADY_PROPOSED, **values)
    handover = Handover(
        number=1 if open_handover is None else open_handover.number + 1,
        proposed=proposed,
        proposed_by=command.actor,
        proposed_at=now,
        expires_at=now + HANDOVER_EXPIRES_AFTER,
    )
    return replace(partnership, handover=handover)


def _answered(partnership: Partnership, command: HandoverAnswer, state: HandoverState, now: datetime) -> Handover:
    """Return the hand-over with the answer of the proposed person.

    :raises Refused: for an answer of anybody else, to an earlier hand-over, or too late.
    """
    handover = partnership.handover
    if handover is None or handover.number != command.number:
        raise Refused(RefusalCode.NO_OPEN_HANDOVER)
    if command.actor.id != handover.proposed.id:
        raise Refused(RefusalCode.NOT_THE_PROPOSED, proposed=handover.proposed.name)
    if not handover.is_open or now >= handover.expires_at:
        ended = handover.state if not handover.is_open else HandoverState.EXPIRED
        raise Refused(RefusalCode.NO_OPEN_HANDOVER, state=ended.value)
    return replace(handover, state=state, ended_at=now)


def _withdrawn(partnership: Partnership, command: WithdrawHandover[Person], now: datetime) -> Handover:
    """Return the hand-over that whoever proposed it takes back.

    :raises Refused: for anybody else, for an earlier hand-over, and when it has ended.
    """
    handover = partnership.handover
    if handover is None or handover.number != command.number or not handover.is_open:
        raise Refused(RefusalCode.HANDOVER_ENDED)
    if command.actor.id != handover.proposed_by.id:
        raise Refused(RefusalCode.NOT_THE_PROPOSER, proposed_by=handover.proposed_by.name)
    return replace(handover, state=HandoverState.WITHDRAWN, ended_at=now)


def _due(partnership: Partnership, command: RemindHandover | ExpireHandover, now: datetime) -> Handover:
    """Return the hand-over after the step that is due.

    :raises Refused: when another step is due, or none.
    """
    handover = partnership.handover
    if handover is not None and handover.is_open:
        has_expired = now >= handover.expires_at
        if isinstance(command, ExpireHandover) and has_expired:
            return replace(handover, state=HandoverState.EXPIRED, ended_at=now)
        is_due = handover.reminded_at is None and now >= handover.proposed_at + HANDOVER_REMINDED_AFTER
        if isinstance(command, RemindHandover) and is_due and not has_expired:
            return replace(handover, reminded_at=now)
    raise Refused(RefusalCode.NOT_DUE_YET, what="handover")


def _with_sponsor(partnership: Partnership, sponsor: Person, now: datetime) -> Partnership:
    former = with_former(partnership.former_sponsors, partnership.sponsor, now)
    return replace(partnership, sponsor=sponsor, sponsor_gone_at=None, sponsor_manager="", former_sponsors=former)


def _messages(before: Partnership, after: Partnership, code: MessageCode) -> tuple[SendMessage, ...]:
    """Tell the sponsor, and who proposed the new one, what became of the hand-over. The proposed person has a card."""
    handover = after.handover
    if handover is None:
        return ()
    values: dict[str, Any] = {
        "partner": after.identity.name,
        "proposed": handover.proposed.name,
        "proposed_by": handover.proposed_by.name,
        "sponsor": before.sponsor.name,
        "expires_at": handover.expires_at.isoformat(),
    }
    people: dict[ChatId, None] = {handover.proposed_by.chat_id: None}
    if before.sponsor_gone_at is None:
        people[before.sponsor.chat_id] = None
    people.pop(handover.proposed.chat_id, None)
    subject = CommandSubject(tenant_id=after.identity.tenant_id)
    return tuple(SendMessage(person=person, subject=subject, fact=Fact(code, values)) for person in people)
