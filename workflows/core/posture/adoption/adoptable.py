"""Decide whether the current settings of a partner can be adopted: made the record by approval, without a write."""

from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.extension import may_be_renewed
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import MIN_EXTENSION
from workflows.core.posture.differing_settings import differing_settings
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject

FIELD: Final = "adopts"
"""The name under which the form shows why the settings cannot be adopted."""


def require_adoptable(
    observation: ObservedPartner,
    record: Partnership | None,
    recorded_request: AccessRequest | None,
    period: timedelta | None,
    now: datetime,
) -> JsonObject:
    """Check that what stands can be adopted, and return it.

    :param record: the partner's record; None when there is none.
    :param recorded_request: the request of the record; None when there is no record, or when it cannot be read.
    :param period: how long the adoption is approved; None when nobody chose yet.
    :returns: the partner's own configuration, exactly as it was read.
    :raises InvalidField: when it cannot be adopted; the error says why.
    """
    identity, configuration = observation.identity, observation.configuration
    if configuration is None:
        raise InvalidField(FIELD, RefusalCode.NOTHING_TO_ADOPT, is_recorded=record is not None)
    if not identity.is_resolved:
        raise InvalidField(FIELD, RefusalCode.ADOPTS_OTHER_CLOUD, tenant_id=identity.tenant_id)
    if not unblocked_settings(configuration):
        is_recorded = record is not None and record.is_closed
        raise InvalidField(FIELD, RefusalCode.ADOPTS_A_BLOCK, is_recorded=is_recorded)
    if record is not None and not record.is_closed:
        if recorded_request is None or recorded_request.prepared is None:
            raise InvalidField(FIELD, RefusalCode.ADOPTION_RECORD_UNREADABLE)
        if _is_as_approved(record, recorded_request.plan, configuration) and not _extends(record, period, now):
            _require_other_duration(record, period)
            ends_at = None if record.ends_at is None else record.ends_at.isoformat()
            raise InvalidField(FIELD, RefusalCode.ALREADY_AS_APPROVED, title=record.template_title, ends_at=ends_at)
    return configuration


def _is_as_approved(record: Partnership, plan: Plan, configuration: JsonObject) -> bool:
    return record.is_as_approved and not differing_settings(plan, configuration)


def _extends(record: Partnership, period: timedelta | None, now: datetime) -> bool:
    """Return whether adopting the settings again extends them. No request can: they are those of no template."""
    return is_extended_by_adoption(record) and (period is None or may_be_renewed(record, period, now))


def is_extended_by_adoption(record: Partnership) -> bool:
    """Return whether the settings of a partner are those of no template, so that only an adoption extends them."""
    return not record.is_closed and record.is_adopted and not record.template


def _require_other_duration(record: Partnership, period: timedelta | None) -> None:
    """Refuse a duration that would not extend settings that could be adopted for longer, and say which would.

    :raises InvalidField: for such a duration.
    """
    if is_extended_by_adoption(record) and record.ends_at is not None and period is not None:
        raise InvalidField(
            "duration",
            RefusalCode.ADOPTION_TOO_SHORT,
            days=period.days,
            ends_at=record.ends_at.isoformat(),
            asked_from=(record.ends_at - period + MIN_EXTENSION).isoformat(),
        )


def approved_until(record: Partnership | None, recorded_request: AccessRequest | None) -> datetime | None:
    """Return until when the settings were certainly as approved; None for a partner that was never recorded.

    :param recorded_request: see `require_adoptable`.
    """
    if record is None:
        return None
    if record.is_as_approved or recorded_request is None:
        return record.since
    # Somebody changed it while that request was sent, before the record says so.
    return recorded_request.writing_since or recorded_request.created_at
