"""Find differences between a partner's current settings and our records, and what is overdue."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.records import ComparedRequest
from workflows.core.plans.plan import AtEnd
from workflows.core.posture.access_concerns import access_kind_values
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.differing_settings import are_capabilities_unread, differing_settings
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.requests.request import RequestState
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import without_switched_off
from workflows.core.settings.model import TARGET_PROPERTIES, Property
from workflows.core.settings.open_access import AccessCategory, AccessKind, AccessState, possibly_open

GRACE: Final = timedelta(hours=1)
"""How late a review question may be. After that the bot counts as not running."""


def unknown_partner_concerns(configuration: JsonObject, unfinished: ComparedRequest | None) -> Iterator[Concern]:
    """Report a partner in the tenant that our records do not contain.

    :param unfinished: a request that began to write it and then failed or was stopped; None when there is none.
    """
    if unfinished is not None:
        values = {"request_id": unfinished.id, "state": unfinished.state.value}
        yield Concern(code=ConcernCode.UNFINISHED, severity=ConcernSeverity.WARNING, values=values)
        return
    has_capabilities = bool(without_switched_off(configuration.get(Property.M365_CAPABILITIES)))
    is_set = bool(configuration.get(Property.M365_CAPABILITIES)) or any(
        configuration.get(name) is not None for name in _SETTABLE
    )
    severity = ConcernSeverity.WARNING if is_set and unblocked_settings(configuration) else ConcernSeverity.NOTE
    # So it stays known that there were some while their list cannot be read.
    found: dict[str, Any] = {"settings": (Property.M365_CAPABILITIES.value,)} if has_capabilities else {}
    yield Concern(code=ConcernCode.UNKNOWN_TO_GATEHOUSE, severity=severity, values=found)


def present_partner_concerns(
    partnership: Partnership,
    request: ComparedRequest | None,
    configuration: JsonObject,
    access_kinds: Sequence[AccessKind],
) -> Iterator[Concern]:
    """Compare the current settings with what was last applied.

    :param access_kinds: every kind of access of the partner, with its current state.
    :param request: the request of the partnership; None when it cannot be read.
    """
    if partnership.is_closed:
        yield from (_about(partnership, one) for one in _not_closed_concerns(configuration, access_kinds))
    elif request is None:
        values = {"request_id": partnership.request_id}
        yield Concern(code=ConcernCode.NOT_COMPARED, severity=ConcernSeverity.UNCHECKED, values=values)
    else:
        if names := differing_settings(request.plan, configuration):
            yield _difference(request, names)
        if are_capabilities_unread(request.plan, configuration):
            yield Concern(code=ConcernCode.CAPABILITIES_NOT_READ, severity=ConcernSeverity.UNCHECKED)


def missing_partner_concerns(
    partnership: Partnership, access_kinds: Sequence[AccessKind], *, default_is_read: bool
) -> Iterator[Concern]:
    """Report a partner of our records that has no configuration in the tenant.

    :param access_kinds: every kind of access that still applies; all closed for a tenant of another cloud.
    """
    open_access = possibly_open(access_kinds)
    is_closed = partnership.is_closed
    absent = Concern(
        code=ConcernCode.REVOKED_BUT_ABSENT if is_closed else ConcernCode.ABSENT,
        severity=ConcernSeverity.ALERT if is_closed and open_access else ConcernSeverity.WARNING,
        values={
            "is_other_cloud": not partnership.identity.is_resolved,
            "is_default_read": default_is_read,
            "ways": access_kind_values(open_access),
        },
    )
    yield _about(partnership, absent)


def due_concerns(partnership: Partnership, now: datetime) -> Iterator[Concern]:
    """List what is overdue for a partnership that is not blocked."""
    if partnership.is_closed:
        return
    # Where nobody approved the settings, the difference says so. Their end is only the moment when that was found.
    if partnership.ends_at is not None and partnership.is_past_its_end(now) and partnership.is_as_approved:
        values = {"ended_at": partnership.ends_at.isoformat()}
        if partnership.at_end is AtEnd.BLOCK:
            values["at_end"] = partnership.at_end.value
        yield Concern(code=ConcernCode.TIME_IS_OVER, severity=ConcernSeverity.WARNING, values=values)
    if partnership.state is PartnershipState.REVIEW_DUE and partnership.reminders:
        yield _review_overdue(sponsor=partnership.sponsor.name, reminders=partnership.reminders)
    elif partnership.review_due_at is not None and now >= partnership.review_due_at + GRACE:
        yield _review_overdue(due_at=partnership.review_due_at.isoformat())


def partner_being_changed_concern() -> Concern:
    """Return the concern that Gatehouse is changing the partner, so that nothing can be compared."""
    return Concern(code=ConcernCode.BEING_WRITTEN, severity=ConcernSeverity.NOTE)


def unreadable_record_concern() -> Concern:
    """Return the concern that the partner's record cannot be read."""
    return Concern(code=ConcernCode.RECORD_UNREADABLE, severity=ConcernSeverity.UNCHECKED)


_SETTABLE: Final = (
    *TARGET_PROPERTIES,
    Property.INBOUND_TRUST,
    Property.AUTOMATIC_REDEMPTION,
    Property.IDENTITY_SYNCHRONIZATION,
)


def _not_closed_concerns(configuration: JsonObject, access_kinds: Sequence[AccessKind]) -> Iterator[Concern]:
    """Report access of a blocked partner that is open, not known, or closed without an explicit block."""
    left, missing = possibly_open(access_kinds), unblocked_settings(configuration)
    open_kinds = [kind for kind in left if kind.opening is not AccessState.UNKNOWN]
    unknown = [
        kind for kind in left if kind.opening is AccessState.UNKNOWN and kind.category is not AccessCategory.DEFAULT
    ]
    missing_kinds = [kind for kind in unknown if kind.setting in missing]
    if open_kinds or missing_kinds:
        values = {"open": access_kind_values(open_kinds), "unknown": access_kind_values(unknown)}
        yield Concern(code=ConcernCode.REVOKED_BUT_OPEN, severity=ConcernSeverity.ALERT, values=values)
    elif unknown:
        severity = ConcernSeverity.WARNING if any(kind.is_explicit for kind in unknown) else ConcernSeverity.UNCHECKED
        yield Concern(
            code=ConcernCode.REVOKED_NOT_KNOWN, severity=severity, values={"unknown": access_kind_values(unknown)}
        )
    settings = {kind.setting for kind in left}
    if closed := [name for name in missing if name not in settings]:
        yield Concern(
            code=ConcernCode.REVOKED_NOT_EXPLICIT,
            severity=ConcernSeverity.WARNING,
            values={"settings": [name.value for name in closed]},
        )


def _about(partnership: Partnership, concern: Concern) -> Concern:
    """Return the concern, marked when the partner is suspended and not revoked."""
    if partnership.state is not PartnershipState.SUSPENDED:
        return concern
    return replace(concern, values={**concern.values, "is_suspended": True})


def _review_overdue(*, sponsor: str | None = None, reminders: int | None = None, due_at: str | None = None) -> Concern:
    values = {"sponsor": sponsor, "reminders": reminders, "due_at": due_at}
    return Concern(code=ConcernCode.REVIEW_OVERDUE, severity=ConcernSeverity.WARNING, values=values)


def _difference(request: ComparedRequest, names: tuple[str, ...]) -> Concern:
    return Concern(
        code=ConcernCode.DIFFERS_FROM_APPROVED,
        severity=ConcernSeverity.WARNING,
        values={
            "request_id": request.id,
            "is_overwritten": request.state is RequestState.OVERWRITTEN,
            "is_part": request.applied_part > 0,
            "settings": list(names),
        },
    )
