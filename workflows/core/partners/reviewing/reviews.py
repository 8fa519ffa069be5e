"""Reviews of partners: when one is due, who may answer it, and the effect of the answer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.access_end.notices import AT_THE_END, EndNotice, lowest_issued, must_ask_again, with_result
from workflows.core.partners.lifecycle import is_allowed, require_table_result
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.answers.access_test import access_test_effects, advance_access_test
from workflows.core.partners.reviewing.answers.keeping import attestation_end, attested, next_review, require_keepable
from workflows.core.partners.reviewing.review_events import end_reason, start_review, with_regular_reason
from workflows.core.partners.reviewing.setup_reviews import advance_setup, setup_effects
from workflows.core.partners.reviewing.silence import advance_silence, answered, with_question
from workflows.core.partners.reviewing.sponsor_handover import (
    advance_handover,
    advance_sponsor,
    handover_effects,
    with_new_sponsor,
)
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.requests.commands.partner_record import (
    AskReview,
    BlockAtEnd,
    EndCommand,
    IssueEndNotice,
    Keep,
    PartnershipCommand,
    RecordEndNotice,
    RecordSponsorFound,
    RecordSponsorGone,
    SetupCommand,
    SponsorCommand,
)
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ExpireHandover,
    HandoverCommand,
    ProposeSponsor,
    RemindHandover,
    WithdrawHandover,
)
from workflows.core.requests.commands.review_event import (
    AccessTestCommand,
    AnswerAccessTest,
    AskAccessTest,
    EndReviewReason,
    RecordReviewReminder,
    RequestAccessTest,
    ReviewEventCommand,
    SilenceCommand,
    SkipReview,
    StartReview,
    SuspendForSilence,
)
from workflows.core.requests.effects import Effect, ShowHandover, ShowRequest, ShowReview

_OtherCommand = (
    AskReview
    | SponsorCommand
    | HandoverCommand
    | SetupCommand
    | EndCommand
    | ReviewEventCommand
    | SilenceCommand
    | AccessTestCommand
)
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
            return _ask(partnership, command, now)
        case RecordSponsorGone() | RecordSponsorFound():
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id)
            return ReviewTransition(partnership=advance_sponsor(partnership, command, now=now), effects=(show_review,))
        case (
            ProposeSponsor()
            | AcceptSponsorship()
            | DeclineSponsorship()
            | WithdrawHandover()
            | RemindHandover()
            | ExpireHandover()
        ):
            after = advance_handover(partnership, command, current_roles=current_roles, now=now)
            return ReviewTransition(partnership=after, effects=handover_effects(partnership, after, command))
        case StartReview():
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id)
            return ReviewTransition(partnership=start_review(partnership, command, now), effects=(show_review,))
        case EndReviewReason():
            show_review = ShowReview(tenant_id=partnership.identity.tenant_id)
            return ReviewTransition(partnership=end_reason(partnership, command, now), effects=(show_review,))
        case IssueEndNotice() | RecordEndNotice() | BlockAtEnd():
            has_ended = isinstance(command, IssueEndNotice) and command.days == AT_THE_END
            effects = _updates_at_end(partnership) if has_ended else ()
            return ReviewTransition(partnership=_at_end(partnership, command, now), effects=effects)
        case RecordReviewReminder() | SkipReview() | SuspendForSilence():
            show = (ShowReview(tenant_id=partnership.identity.tenant_id),)
            changed = advance_silence(partnership, command, now)
            return ReviewTransition(partnership=changed, effects=() if isinstance(command, SkipReview) else show)
        case AskAccessTest() | RequestAccessTest() | AnswerAccessTest():
            after = advance_access_test(partnership, command, current_roles=current_roles, now=now)
            return ReviewTransition(partnership=after, effects=access_test_effects(after, command))
        case _:
            partnership = advance_setup(partnership, command, current_roles=current_roles, now=now)
            return ReviewTransition(partnership=partnership, effects=setup_effects(partnership, command))


def _why_not_now(partnership: Partnership, command: PartnershipCommand, current_roles: CurrentRoles) -> Refused:
    if partnership.state is PartnershipState.SUSPENDED:
        return Refused(RefusalCode.SUSPENDED, domain=partnership.identity.default_domain)
    if partnership.state is PartnershipState.REVOKED:
        return Refused(RefusalCode.REVOKED)
    if not isinstance(command, Keep):  # a review waits, or none does
        return Refused(RefusalCode.NOT_DUE_YET, what="review")
    _require_may_keep(partnership, command.actor, current_roles)
    return Refused(RefusalCode.NOT_DUE_YET, what="answered_review")


def may_revoke(partnership: Partnership | None, person: Person, current_roles: CurrentRoles) -> bool:
    """Return whether `person` may revoke: every admin at any time, and whoever is asked in answer to a review."""
    is_due = partnership is not None and partnership.state is PartnershipState.REVIEW_DUE
    is_asked = is_due and partnership is not None and _is_asked(partnership, person)
    return is_asked or current_roles.holds(person.id, ADMIN)


def _is_asked(partnership: Partnership, person: Person) -> bool:
    """Return whether a person is asked in the open review: the sponsor, and the manager who got a reminder."""
    return person.id in {partnership.sponsor.id, *(manager.id for manager in partnership.asked_managers)}


def _ask(partnership: Partnership, command: AskReview, now: datetime) -> ReviewTransition:
    asked = with_question(with_regular_reason(partnership, now), command, now)
    # The requester's message offers to request the access again once its period has ended.
    ended = (ShowRequest(request_id=partnership.request_id),) if partnership.is_past_its_end(now) else ()
    return ReviewTransition(partnership=asked, effects=ended)


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
    kept = replace(
        answered(with_new_sponsor(partnership, command.actor, now)),
        version=partnership.version + 1,
        next_review_at=next_review(partnership.review_interval, partnership.ends_at, now, attested_until),
        review_reasons=(),
        regular_review_at=None,
        attestations=attestations,
    )
    tenant_id = kept.identity.tenant_id
    show_handover = () if kept.handover == partnership.handover else (ShowHandover(tenant_id=tenant_id),)
    return ReviewTransition(partnership=kept, effects=(ShowReview(tenant_id=tenant_id), *show_handover))


def _require_may_keep(partnership: Partnership, actor: Person, current_roles: CurrentRoles) -> None:
    if not _is_asked(partnership, actor) and not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.NOT_THE_SPONSOR, sponsor=partnership.sponsor.name, is_review=True)
