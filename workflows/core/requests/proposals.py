"""Proposals to ask for less: what proves that a plan gives less than another, and which proposal may be answered. Pure.

"Less" is never declared. The settings that would stand after each plan are compared, with the default as it was read,
and the end of the access. What cannot be proven is not less.
"""

from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import PersonId
from workflows.core.plans.changes import overall_change, setting_changes
from workflows.core.plans.plan import AtEnd, OnSilence, Plan
from workflows.core.plans.renewal import plan_of_all_settings
from workflows.core.requests.commands.editing import MAX_EDITS
from workflows.core.requests.request import AccessRequest, Proposal, RequestKind
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject

SETTINGS: Final = "settings"
"""The name of the window's field that shows problems with the settings."""
DURATION: Final = "duration"
TEMPLATE: Final = "template"

_NOT_MORE: Final = (AccessChange.SAME, AccessChange.REDUCES, AccessChange.CLOSES)


def settings_difference(plan: Plan, proposed: Plan, default: JsonObject | None) -> AccessChange:
    """Return what the settings after `proposed` give, compared with those after `plan`: more, less, the same, unknown.

    :param default: the tenant's default as it was read for both; without it, inherited values are not known.
    """
    after = plan.configuration_after()
    compared = plan_of_all_settings(proposed, after)
    return overall_change(setting_changes(compared, default))


def ends_no_later(plan: Plan, proposed: Plan, now: datetime) -> bool:
    """Return whether the access certainly ends no later. A duration counts from the last approval, which is not known.

    So a duration is never certainly earlier than a chosen day. Both must start on the same day.
    """
    if proposed.starts_at != plan.starts_at:
        return False
    if proposed.duration is None or plan.duration is None:
        return proposed.duration == plan.duration
    if plan.ends_at is not None:
        return proposed.ends_at is not None and proposed.ends_at <= plan.ends_at
    if proposed.ends_at is not None:
        return proposed.ends_at <= plan.start_if_approved(now) + plan.duration
    return proposed.duration <= plan.duration


def is_watched_as_well(plan: Plan, proposed: Plan) -> bool:
    """Return whether Gatehouse closes the access by itself wherever the present plan makes it do so."""
    is_closed_at_end = plan.at_end is not AtEnd.BLOCK or proposed.at_end is AtEnd.BLOCK
    return is_closed_at_end and (plan.on_silence is not OnSilence.SUSPEND or proposed.on_silence is OnSilence.SUSPEND)


def require_less(request: AccessRequest, proposed: Plan, review_interval: timedelta | None, now: datetime) -> None:
    """Check that a plan certainly gives less than the request's present plan.

    :param review_interval: how often the proposed access would be reviewed.
    :raises InvalidField: otherwise; the error names the field of the window.
    """
    prepared = request.require_prepared()
    plan = prepared.plan
    change = settings_difference(plan, proposed, prepared.observation.default)
    if change not in _NOT_MORE:
        code = RefusalCode.PROPOSAL_GIVES_MORE if change is AccessChange.OPENS else RefusalCode.PROPOSAL_NOT_PROVEN
        raise InvalidField(SETTINGS if proposed.template == plan.template else TEMPLATE, code)
    if not ends_no_later(plan, proposed, now):
        raise InvalidField(DURATION, RefusalCode.PROPOSAL_ENDS_LATER, has_day=plan.ends_at is not None)
    is_reviewed = prepared.review_interval is None or (
        review_interval is not None and review_interval <= prepared.review_interval
    )
    if not is_reviewed or not is_watched_as_well(plan, proposed):
        raise InvalidField(TEMPLATE, RefusalCode.PROPOSAL_WATCHED_LESS)
    is_same_end = (proposed.duration, proposed.ends_at) == (plan.duration, plan.ends_at)
    if change is AccessChange.SAME and is_same_end:
        raise InvalidField(SETTINGS, RefusalCode.PROPOSAL_EMPTY)


def require_can_be_changed(request: AccessRequest) -> None:
    """Check that somebody may ask for changes of a request: that its requester can edit it at all.

    :raises Refused: for every other kind of request, which can only be approved, rejected or withdrawn, and for one
        that was edited as often as possible.
    """
    if request.fields.kind is not RequestKind.ACCESS:
        raise Refused(RefusalCode.CANNOT_BE_CHANGED, kind=request.fields.kind.value)
    if len(request.edits) >= MAX_EDITS:
        raise Refused(RefusalCode.EDITED_TOO_OFTEN, limit=MAX_EDITS)


def require_open_proposal(
    request: AccessRequest, account: PersonId, digest: str, number: int, now: datetime
) -> Proposal:
    """Return the proposal that its requester, or who sent the request for them, answers now.

    :param digest: the plan for which the answered proposal was made.
    :param number: the number of the answered proposal.
    :raises Refused: when somebody else answers, the request has expired, or the proposal is out of date.
    """
    if not request.is_filed_by(None, account):
        raise Refused(RefusalCode.ONLY_REQUESTER_ANSWERS)
    if now >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    proposal = request.proposal
    if proposal is None or (proposal.digest, proposal.number) != (digest, number) or request.plan.digest != digest:
        raise Refused(RefusalCode.PROPOSAL_OUT_OF_DATE, is_replaced=proposal is not None)
    return proposal
