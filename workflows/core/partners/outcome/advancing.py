"""Advance a request, and the record of its partner when something was written. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeGuard

from workflows.core.errors.facts import Fact
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.lifecycle import require_table_result
from workflows.core.partners.outcome.messages import closed_message, message_about, messages_to_people, opened_message
from workflows.core.partners.outcome.new_records import closed_partnership, opened_partnership, unapproved_partnership
from workflows.core.partners.partnership import Partnership, SettingsBasis
from workflows.core.partners.reviewing.answers.access_test import show_replaced_test, with_access_test
from workflows.core.partners.reviewing.recent_sponsors import sponsor_since_approval, with_partner_sponsors
from workflows.core.people import Person
from workflows.core.plans.closing import writes_only_reductions
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed, RecordOverwritten, Stop
from workflows.core.requests.commands.request import RequestCommand
from workflows.core.requests.effects import (
    Effect,
    MessageCode,
    ShowBlockAtEnd,
    ShowHandover,
    ShowRequest,
    ShowReview,
    ShowSetup,
)
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import Situation
from workflows.core.requests.transitions.writes import closes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerOutcome:
    """What to store in one transaction: the new records, and the effects to perform after it."""

    request: AccessRequest
    effects: tuple[Effect, ...]
    partnership: Partnership | None = None
    """Set when the partner's record changes too."""


def advance_request_and_record(
    request: AccessRequest | None, command: RequestCommand, situation: Situation, earlier: Partnership | None = None
) -> PartnerOutcome:
    """Apply a command to a request, and to the record of its partner. Pure.

    :param earlier: the partner's record, if there is one.
    :raises Refused: when the command is not allowed in this state or for this person; nothing changes.
    """
    # NB. before anything is decided: who became the sponsor meanwhile does not decide, and their approval is void.
    named = None if request is None else with_partner_sponsors(request, earlier, situation.now)
    transition = advance(named, command, situation)
    if not _changes_record(command):
        answered = _show_answered_review(request, transition.request)
        return PartnerOutcome(request=transition.request, effects=(*transition.effects, *answered))
    after, now = transition.request, situation.now
    sponsor = None if closes(after) else sponsor_since_approval(after, earlier)
    if sponsor is not None:
        after = _with_kept_sponsor(after, sponsor)
    show_review: tuple[Effect, ...] = _show_answered_review(request, after)
    message: Fact | None = None
    if isinstance(command, RecordOverwritten):
        record = unapproved_partnership(
            after, earlier, now, configuration=command.configuration, basis=SettingsBasis.OVERWRITTEN
        )
        message = message_about(after, MessageCode.OVERWRITTEN)
    elif not isinstance(command, RecordApplied):  # the requester hears of it as of any other end
        basis = SettingsBasis.PARTLY_REDUCED if is_reduction(after, earlier) else SettingsBasis.PARTLY_APPLIED
        record = unapproved_partnership(after, earlier, now, configuration=command.configuration, basis=basis)
    else:
        record = _applied_partnership(after, earlier, now, command)
        message = closed_message(after) if closes(after) else opened_message(after, record)
        show_review = (ShowReview(tenant_id=record.identity.tenant_id),)
        if after.is_own_closing:
            message, show_review = None, (*show_review, ShowBlockAtEnd(request_id=after.id))
    record = with_access_test(record, earlier, after)
    shown = (*show_review, *_show_handover(record, earlier), *_show_replaced(after, earlier, record))
    own = (*shown, *_show_setup(record, earlier), *messages_to_people(after, message, sponsor))
    of_batch = () if earlier is None else shown
    effects: tuple[Effect, ...] = (*transition.effects, *(own if after.batch is None else of_batch))
    return PartnerOutcome(request=after, effects=effects, partnership=require_table_result(earlier, command, record))


def _with_kept_sponsor(request: AccessRequest, sponsor: Person) -> AccessRequest:
    """Return the request with the note that the partner's new sponsor stays it."""
    names = {"sponsor": sponsor.name, "named": request.require_prepared().sponsor.name}
    return replace(request, note=(*request.note, Fact(NoteCode.SPONSOR_HANDED_OVER, names)))


def _applied_partnership(
    request: AccessRequest, earlier: Partnership | None, now: datetime, command: RecordApplied
) -> Partnership:
    if closes(request):
        return closed_partnership(request, earlier, now)
    return opened_partnership(request, earlier, now, asks_attestation=command.asks_attestation)


def _show_answered_review(before: AccessRequest | None, after: AccessRequest) -> tuple[ShowReview, ...]:
    """Return the update of the review that a request answers: its card says that a reduction is requested, or is not
    any more.
    """
    tenant_id = after.fields.answers_review_of
    if tenant_id is None or (before is not None and before.state is after.state):
        return ()
    return (ShowReview(tenant_id=tenant_id),)


def _changes_record(
    command: RequestCommand,
) -> TypeGuard[RecordApplied | RecordOverwritten | Stop | RecordApplyFailed]:
    """Return whether a command changes the partner's record: the result of a written plan, or of a part of it."""
    if isinstance(command, Stop | RecordApplyFailed):
        return command.configuration is not None
    return isinstance(command, RecordApplied | RecordOverwritten)


def is_reduction(request: AccessRequest, earlier: Partnership | None) -> bool:
    """Return whether a request only reduces the approved access of a partner, so that a part of it opens nothing."""
    is_approved = earlier is not None and is_live(earlier) and earlier.is_as_approved
    return is_approved and writes_only_reductions(request.plan)


def _show_replaced(request: AccessRequest, earlier: Partnership | None, record: Partnership) -> tuple[Effect, ...]:
    """Update the cards of the request that was in effect before, and the question whether it works."""
    is_replaced = earlier is not None and earlier.request_id != request.id
    cards = (ShowRequest(request_id=earlier.request_id),) if earlier is not None and is_replaced else ()
    return (*cards, *show_replaced_test(record, earlier))


def _show_setup(partnership: Partnership, earlier: Partnership | None) -> tuple[ShowSetup, ...]:
    """Return the effect that shows the partner setup card; none when there are no steps and no earlier card."""
    earlier_setup = () if earlier is None else earlier.setup
    return (ShowSetup(tenant_id=partnership.identity.tenant_id),) if partnership.setup or earlier_setup else ()


def _show_handover(record: Partnership, earlier: Partnership | None) -> tuple[ShowHandover, ...]:
    """Update the messages of a hand-over that ended because the partner was closed or got another sponsor."""
    if earlier is None or record.handover == earlier.handover:
        return ()
    return (ShowHandover(tenant_id=record.identity.tenant_id),)
