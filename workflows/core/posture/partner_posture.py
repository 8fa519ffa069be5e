"""Evaluate one partner for the posture: current settings, risk, our records, concerns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import ComparedRequest, Records, changed_between
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.access_concerns import partner_concerns
from workflows.core.posture.model import Concern, PartnerPosture, RecordState, sorted_concerns
from workflows.core.posture.record_concerns import (
    due_concerns,
    missing_partner_concerns,
    partner_being_changed_concern,
    present_partner_concerns,
    unknown_partner_concerns,
    unreadable_record_concern,
)
from workflows.core.posture.settings_evaluation import SettingsEvaluation, evaluate_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import AccessKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PostureInputs:
    """The data that the evaluation of every partner needs."""

    default: JsonObject | None
    """The tenant's default configuration; None when it could not be read."""
    records: Records | None
    """Our records; None when there are none to read."""
    being_changed: frozenset[TenantId]
    """The tenants that Gatehouse is changing. They are not compared with the records."""
    unfinished: Mapping[TenantId, ComparedRequest]
    """By tenant, a request that began to write it and then failed or was stopped."""
    now: datetime

    @classmethod
    def of(
        cls, default: JsonObject | None, records_at_start: Records | None, records_at_end: Records | None, now: datetime
    ) -> "PostureInputs":
        """Make the inputs from the records that were read before and after the tenant was read."""
        is_read = records_at_start is not None and records_at_end is not None
        return cls(
            default=default,
            records=records_at_end if is_read else None,
            being_changed=changed_between(records_at_start, records_at_end)
            if records_at_start is not None and records_at_end is not None
            else frozenset(),
            unfinished={} if records_at_end is None else records_at_end.unfinished_requests(),
            now=now,
        )


def evaluate_partner(
    tenant_id: TenantId, configuration: JsonObject | None, identity: TenantIdentity | None, inputs: PostureInputs
) -> PartnerPosture:
    """Evaluate one partner.

    :param configuration: the partner's own configuration; None for a partner of our records that has none.
    :param identity: the identity from a lookup of the tenant id; used when our records do not contain it.
    """
    record = None if inputs.records is None else inputs.records.partnerships.get(tenant_id)
    identity = identity if record is None else record.identity
    is_cross_cloud = identity is not None and not identity.is_resolved
    evaluated = evaluate_settings(configuration, inputs.default, is_cross_cloud=is_cross_cloud)
    return PartnerPosture(
        tenant_id=tenant_id,
        identity=identity,
        configuration=configuration,
        b2b_access=evaluated.b2b_access,
        trust=evaluated.trust,
        redemption=evaluated.redemption,
        synchronization=evaluated.synchronization,
        access_kinds=evaluated.access_kinds,
        unmanaged_settings=evaluated.unmanaged_settings,
        risk=evaluated.risk,
        is_risk_certain=evaluated.is_risk_certain,
        record_state=_record_state(tenant_id, record, inputs.records),
        record=record,
        concerns=sorted_concerns(_concerns(tenant_id, configuration, evaluated, record, inputs)),
    )


def _concerns(
    tenant_id: TenantId,
    configuration: JsonObject | None,
    evaluation: SettingsEvaluation,
    record: Partnership | None,
    inputs: PostureInputs,
) -> Iterator[Concern]:
    if tenant_id in inputs.being_changed:
        yield partner_being_changed_concern()
    else:
        yield from _comparison_concerns(tenant_id, configuration, evaluation.access_kinds, record, inputs)
    if configuration is not None:
        yield from partner_concerns(tenant_id, configuration)
        yield from evaluation.concerns
    if record is not None:
        yield from due_concerns(record, inputs.now)


def _comparison_concerns(
    tenant_id: TenantId,
    configuration: JsonObject | None,
    access_kinds: tuple[AccessKind, ...],
    record: Partnership | None,
    inputs: PostureInputs,
) -> Iterator[Concern]:
    if inputs.records is None:
        return
    if tenant_id in inputs.records.unreadable:
        yield unreadable_record_concern()
    elif record is None:
        if configuration is not None:
            yield from unknown_partner_concerns(configuration, inputs.unfinished.get(tenant_id))
    elif configuration is None:
        yield from missing_partner_concerns(record, access_kinds, default_is_read=inputs.default is not None)
    else:
        request = inputs.records.requests.get(record.request_id)
        yield from present_partner_concerns(record, request, configuration, access_kinds)


def _record_state(tenant_id: TenantId, record: Partnership | None, records: Records | None) -> RecordState:
    if records is None:
        return RecordState.NOT_READ
    if record is not None:
        return RecordState.KEPT
    return RecordState.UNREADABLE if tenant_id in records.unreadable else RecordState.NONE
