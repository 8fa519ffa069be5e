"""The record of a suspended partner: blocked like a revoked one, with all that was approved before."""

from dataclasses import replace
from datetime import datetime

from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis, Suspension
from workflows.core.requests.request import AccessRequest


def suspended_partnership(request: AccessRequest, earlier: Partnership | None, now: datetime) -> Partnership:
    """Return the record of a partner whose suspension was just read back.

    The approval policy, the sponsor, the template, the end of the access and its confirmations stay. Reviews and
    reminders stop. A partner that is suspended again keeps what it had before the first time.

    :param earlier: the partner's record before; None when there is none. It is not revoked.
    """
    if earlier is None:
        return _without_earlier_access(request, now)
    suspension = earlier.suspension or Suspension(at=now, request_id=earlier.request_id, basis=earlier.basis)
    return replace(
        earlier,
        version=earlier.version + 1,
        state=PartnershipState.SUSPENDED,
        request_id=request.id,
        since=now,
        next_review_at=None,
        reminders=0,
        suspended_by=None,
        setup=(),
        remind_setup_at=None,
        not_closed=request.not_closed,
        basis=SettingsBasis.APPROVED,
        not_applied=(),
        suspension=suspension,
    )


def _without_earlier_access(request: AccessRequest, now: datetime) -> Partnership:
    prepared = request.require_prepared()
    return Partnership(
        identity=prepared.observation.identity,
        version=1,
        state=PartnershipState.SUSPENDED,
        sponsor=prepared.sponsor,
        template=request.fields.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=None,
        review_interval=None,
        next_review_at=None,
        not_closed=request.not_closed,
        suspension=Suspension(at=now, request_id=None),
    )
