"""Reviews of partners: when one is due, who may answer it, and the effect of the answer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.access_end.notices import AT_THE_END, EndNotice, lowest_issued, must_ask_again, with_result
from workflows.core.partners.lifecycle import is_allowed, require_table_result
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.keeping import attestation_end, attested, next_review, require_keepable
from workflows.core.partners.reviewing.review_events import end_reason, start_review, with_regular_reason
from workflows.core.partners.reviewing.setup_reviews import advance_setup, setup_messages
from workflows.core.partners.reviewing.sponsor_handover import advance_sponsor, with_new_sponsor
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.requests.commands.partner_record import (
    AskReview,
    AskSetup,
    BlockAtEnd,
    ConfirmSetup,
    EndCommand,
    IssueEndNotice,
    Keep,
    PartnershipCommand,
    RecordEndNotice,
    RecordSetup,
    RecordSponsorFound,
    RecordSponsorGone,
    RemindSetup,
    SetupCommand,
    SponsorCommand,
    UnconfirmSetup,
)
from workflows.core.requests.commands.review_event import EndReviewReason, ReviewEventCommand, StartReview
from workflows.core.requests.effects import Effect, ShowRequest, ShowReview, ShowSetup
from workflows.core.requests.reminder_times import REVIEW_ASKED_AGAIN_AFTER

_OtherCommand = AskReview | SponsorCommand | SetupCommand | EndCommand | ReviewEventCommand
"""Every command but the answer that keeps the access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTransition:
    """What to store in one transaction, and the effects to perform after it."""

    partnership: Partnership
    effects: tuple[Effect, ...]


def advance_review(
    partnership: Partnership,
    command: PartnershipCommand,
    *,
    current_roles: CurrentRoles,
    now: datetime,
    is_drifted: bool = False,
    attest_mfa_for: timedelta | None = None,
) -> ReviewTransition:
    """Apply a command to a partner's record. Pure.

    :param is_drifted: whether a sweep found that the settings are not as approved; nobody can keep them then.
    :param attest_mfa_for: how long an attestation of the partner's MFA counts; None when the template asks for none.
    :raises Refused: when it is not allowed in this state or for this person; nothing changes.
    """
    if not is_allowed(partnership, command):
        raise _why_not_now(partnership, command, current_roles)
    if is_drifted and isinstance(command, Keep):
        _require_may_keep(partnership, command.actor, current_roles)
        raise Refused(RefusalCode.DRIFTED, domain=partnership.identity.default_domain)
    if isinstance(command, Keep):
        transition = _keep(partnership, command, current_roles, now, attest_mfa_for)
    else:
        transition = _step(partnership, command, current_roles, now)
    require_table_result(partnership, command, transition.partnership)
    return transition


def _step(
    partnership: Partnership, command: _OtherCommand, current_roles: CurrentRoles, now: datetime
) -> ReviewTransition:
    match command:
        case AskReview():
            return _ask(partnership, now)
        case RecordSponsorGone() | RecordSponsorFound():
            is_gone = isinstance(command, RecordSponsorGone)
            partnership = advance_sponsor(partnership, command, now=now, ask_again_at=now + REVIEW_ASKED_AGAIN_AFTER)
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id, remind=is_gone)
            return ReviewTransition(partnership=partnership, effects=(show_review,))
        case StartReview():
            begins = partnership.state is PartnershipState.ACTIVE and not command.is_told
            partnership = start_review(partnership, command, now, REVIEW_ASKED_AGAIN_AFTER)
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id, remind=begins)
            return ReviewTransition(partnership=partnership, effects=(show_review,))
        case EndReviewReason():
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id)
            return ReviewTransition(partnership=end_reason(partnership, command, now), effects=(show_review,))
        case ConfirmSetup() | UnconfirmSetup() | RemindSetup() | AskSetup() | RecordSetup():
            partnership = advance_setup(partnership, command, current_roles=current_roles, now=now)
            show_setup = ShowSetup(tenant_id=partnership.identity.tenant_id, remind=isinstance(command, AskSetup))
            return ReviewTransition(
                partnership=partnership, effects=(show_setup, *setup_messages(partnership, command))
            )
        case IssueEndNotice() | RecordEndNotice() | BlockAtEnd():
            has_ended = isinstance(command, IssueEndNotice) and command.days == AT_THE_END
            effects = _updates_at_end(partnership) if has_ended else ()
            return ReviewTransition(partnership=_at_end(partnership, command, now), effects=effects)
        case _:
            assert_never(command)


def _why_not_now(partnership: Partnership, command: PartnershipCommand, current_roles: CurrentRoles) -> Refused:
    # In every other state the table allows every command except the answer to a review.
    if partnership.state is PartnershipState.REVOKED or not isinstance(command, Keep):
        return Refused(RefusalCode.REVOKED)
    _require_may_keep(partnership, command.actor, current_roles)
    return Refused(RefusalCode.NOT_DUE_YET, what="answered_review")


def may_revoke(partnership: Partnership | None, person: Person, current_roles: CurrentRoles) -> bool:
    """Return whether `person` may revoke: every admin at any time, the sponsor in answer to a review."""
    is_asked = (
        partnership is not None
        and partnership.state is PartnershipState.REVIEW_DUE
        and partnership.sponsor.id == person.id
    )
    return is_asked or current_roles.holds(person.id, ADMIN)


def _ask(partnership: Partnership, now: datetime) -> ReviewTransition:
    if partnership.review_due_at is None or now < partnership.review_due_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="review")
    partnership = replace(
        with_regular_reason(partnership, now),
        version=partnership.version + 1,
        state=PartnershipState.REVIEW_DUE,
        next_review_at=now + REVIEW_ASKED_AGAIN_AFTER,
        reminders=partnership.reminders + 1,
    )
    # The requester's message offers to request the access again once its period has ended.
    ended = (ShowRequest(request_id=partnership.request_id),) if partnership.is_past_its_end(now) else ()
    show_review = ShowReview(tenant_id=partnership.identity.tenant_id, remind=True)
    return ReviewTransition(partnership=partnership, effects=(show_review, *ended))


def _updates_at_end(partnership: Partnership) -> tuple[Effect, ...]:
    """Return the updates of messages that change when the access period has ended.

    The requester's message offers to request the access again. The card of an open review does not offer Keep any more.
    """
    is_asked = partnership.state is PartnershipState.REVIEW_DUE
    show_review = (ShowReview(tenant_id=partnership.identity.tenant_id),) if is_asked else ()
    return ShowRequest(request_id=partnership.request_id), *show_review


def _at_end(partnership: Partnership, command: EndCommand, now: datetime) -> Partnership:
    """Return the record with the result of a step of the end of access.

    :raises Refused: when the end has changed since, or the step was done already.
    """
    notices, version = partnership.end_notices, partnership.version + 1
    match command:
        case IssueEndNotice(days=days, ends_at=ends_at):
            is_repeated = days == AT_THE_END and must_ask_again(ends_at, notices, now)
            if partnership.ends_at != ends_at or (lowest_issued(ends_at, notices) <= days and not is_repeated):
                raise Refused(RefusalCode.NOT_DUE_YET, what="end_notice")
            issued = EndNotice(
                ends_at=ends_at, days=days, issued_at=now, batch=command.batch, is_sent=command.is_too_late
            )
            other_notices = tuple(
                notice for notice in notices if not is_repeated or (notice.ends_at, notice.days) != (ends_at, days)
            )
            return replace(partnership, version=version, end_notices=(*other_notices, issued))
        case RecordEndNotice():
            recorded = with_result(notices, command.batch, delivered_at=now if command.people else None)
            if recorded == notices:
                raise Refused(RefusalCode.NOT_DUE_YET, what="end_notice")
            return replace(partnership, version=version, end_notices=recorded)
        case BlockAtEnd():
            if partnership.ends_at != command.ends_at or now < command.ends_at or partnership.blocked_by is not None:
                raise Refused(RefusalCode.NOT_DUE_YET, what="end_of_access")
            return replace(partnership, version=version, blocked_by=command.request_id)
        case _:
            assert_never(command)


def _keep(
    partnership: Partnership,
    command: Keep[Person],
    current_roles: CurrentRoles,
    now: datetime,
    attest_mfa_for: timedelta | None,
) -> ReviewTransition:
    _require_may_keep(partnership, command.actor, current_roles)
    require_keepable(
        partnership, reason=command.reason, attests=command.attests, attest_mfa_for=attest_mfa_for, now=now
    )
    mfa = attested(command.attests, attest_mfa_for, now)
    attestations = (
        *partnership.attestations,
        Attestation(person=command.actor, reason=command.reason.strip(), at=now, mfa=mfa),
    )
    attested_until = None if attest_mfa_for is None else attestation_end(attestations, now)
    partnership = replace(
        with_new_sponsor(partnership, command.actor),
        version=partnership.version + 1,
        state=PartnershipState.ACTIVE,
        next_review_at=next_review(partnership.review_interval, partnership.ends_at, now, attested_until),
        reminders=0,
        review_reasons=(),
        regular_review_at=None,
        attestations=attestations,
    )
    return ReviewTransition(partnership=partnership, effects=(ShowReview(tenant_id=partnership.identity.tenant_id),))


def _require_may_keep(partnership: Partnership, actor: Person, current_roles: CurrentRoles) -> None:
    if actor.id != partnership.sponsor.id and not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.NOT_THE_SPONSOR, sponsor=partnership.sponsor.name, is_review=True)
