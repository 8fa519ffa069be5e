"""Where what stands for a partner and what our records say of it do not agree, and what is overdue."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.core.canonical import JsonObject
from workflows.core.closing import not_closed
from workflows.core.effective import SYNCHRONIZATION_FLAG, Effective
from workflows.core.partner import B2B_PROPERTIES, TARGET_PROPERTIES, Property
from workflows.core.partnership import Partnership, PartnershipState
from workflows.core.posture import Concern, Door, Opening, Weight
from workflows.core.posture_access import OVERVIEW, doors_of, said
from workflows.core.posture_difference import differing
from workflows.core.request import AccessRequest, RequestState
from workflows.core.wording import times_words

RECORDS: Final = "Gatehouse's records"
GRACE: Final = timedelta(hours=1)
"""How late a running bot may be with asking, before it is taken for one that does not run."""
COMPARED: Final = "Gatehouse's records, compared with what was just read"
_CLOUDS: Final = "Entra: “Configure Microsoft cloud settings for B2B collaboration”"


def unknown_partner_concerns(configuration: JsonObject, unfinished: AccessRequest | None) -> Iterator[Concern]:
    """Say that our records have no partnership of a tenant that the tenant lists as a partner."""
    if unfinished is not None:
        yield Concern(
            code="unfinished",
            weight=Weight.WARNING,
            text=f"Request {unfinished.id} began to write this partner and ended as "
            f"{unfinished.state.value.replace('_', ' ')}, so that no review of it is due. Ask for it again, or revoke.",
            source=COMPARED,
        )
        return
    is_set = any(configuration.get(name) is not None for name in _SETTABLE)
    yield Concern(
        code="unknown_to_gatehouse",
        weight=Weight.WARNING if is_set and not_closed(configuration) else Weight.NOTE,
        text="Gatehouse's records do not know this partner: it was added outside of Gatehouse, or before these "
        "records. It has no sponsor, and nobody is asked whether it is still needed.",
        source=COMPARED,
    )


def listed_partner_concerns(
    partnership: Partnership, request: AccessRequest | None, configuration: JsonObject, applies: Effective
) -> Iterator[Concern]:
    """Compare what stands with what was last applied.

    :param request: the request behind the partnership; None when it cannot be read.
    """
    if partnership.state is PartnershipState.REVOKED:
        yield from _not_closed_concerns(configuration, applies)
    elif request is None:
        yield Concern(
            code="not_compared",
            weight=Weight.UNCHECKED,
            text=f"Whether it is still as approved could not be checked: request {partnership.request_id} cannot be "
            "read.",
            source=RECORDS,
        )
    elif names := differing(request.known.plan, configuration):
        yield _difference(request, names)


def absent_partner_concerns(
    partnership: Partnership, applies: Effective, *, default_is_read: bool
) -> Iterator[Concern]:
    """Say what follows from a partner of our records having no configuration in the tenant.

    :param applies: what applies to it all the same; see `effective` for a tenant of another cloud.
    """
    open_doors = {name: door for name, door in doors_of(applies).items() if door.opening is not Opening.CLOSED}
    is_revoked = partnership.state is PartnershipState.REVOKED
    recorded = "blocked explicitly" if is_revoked else "open"
    is_other_cloud = not partnership.identity.is_resolved
    if is_other_cloud:
        falls = "It is in another Microsoft cloud, so it is blocked until it is added again."
    elif not default_is_read:
        falls = "The tenant's default applies to it instead, which could not be read."
    elif open_doors:
        falls = f"The tenant's default applies to it instead, which leaves open: {_open_words(open_doors)}."
    else:
        falls = "The tenant's default applies to it instead, which is closed today."
    yield Concern(
        code="revoked_but_absent" if is_revoked else "absent",
        weight=Weight.ALERT if is_revoked and open_doors else Weight.WARNING,
        text=f"Recorded as {recorded}, but the tenant has no settings for this partner (any more). {falls}",
        source=f"{COMPARED}; {_CLOUDS if is_other_cloud else OVERVIEW}",
    )


def due_concerns(partnership: Partnership, now: datetime) -> Iterator[Concern]:
    """Say what is overdue for a partnership that is not revoked."""
    if partnership.state is PartnershipState.REVOKED:
        return
    if partnership.ends_at is not None and partnership.is_past_its_end(now):
        yield Concern(
            code="time_is_over",
            weight=Weight.WARNING,
            text=f"The approved time ended on {_day(partnership.ends_at)}. Nothing closes by itself: revoke, or ask "
            "anew.",
            source=RECORDS,
        )
    if partnership.state is PartnershipState.REVIEW_DUE:
        asked = times_words(partnership.reminders)
        yield Concern(
            code="review_overdue",
            weight=Weight.WARNING,
            text=f"A review waits for the answer of {partnership.sponsor.name}, who was asked {asked}.",
            source=RECORDS,
        )
    elif partnership.next_review_at is not None and now >= partnership.next_review_at + GRACE:
        yield Concern(
            code="review_overdue",
            weight=Weight.WARNING,
            text=f"A review was due on {_day(partnership.next_review_at)} and nobody was asked yet. Is the bot "
            "running?",
            source=RECORDS,
        )


def moving_concern() -> Concern:
    """Say that a partner is being changed by us, so that nothing can be compared."""
    return Concern(
        code="being_written",
        weight=Weight.NOTE,
        text="Gatehouse is changing this partner right now, so what stands was not compared with the records. Look "
        "again in a minute.",
        source=RECORDS,
    )


def unreadable_record_concern() -> Concern:
    """Say that there is a record that cannot be read."""
    return Concern(
        code="record_unreadable",
        weight=Weight.UNCHECKED,
        text="Gatehouse has a record of this partner that this version cannot read, so nothing could be compared.",
        source=RECORDS,
    )


_SETTABLE: Final = (
    *TARGET_PROPERTIES,
    Property.INBOUND_TRUST,
    Property.AUTOMATIC_REDEMPTION,
    Property.IDENTITY_SYNCHRONIZATION,
)


def _not_closed_concerns(configuration: JsonObject, applies: Effective) -> Iterator[Concern]:
    names = not_closed(configuration)
    if not names:
        return
    doors = doors_of(applies)
    ways = [name for name in names if name in B2B_PROPERTIES and doors[name].opening is not Opening.CLOSED]
    synchronizes = applies.flags[Property.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].value
    is_open = bool(ways) or synchronizes is not False
    is_certain = synchronizes is True or any(doors[name].opening is not Opening.UNKNOWN for name in ways)
    what = f"{'' if is_certain else 'perhaps '}open now" if is_open else "no longer blocked in every respect"
    yield Concern(
        code="revoked_but_open" if is_open else "revoked_not_explicit",
        weight=Weight.ALERT if is_open else Weight.WARNING,
        text=f"Recorded as revoked and read back as blocked, but {what}: {said(names)}. Revoke it again.",
        source=COMPARED,
    )


def _difference(request: AccessRequest, names: tuple[str, ...]) -> Concern:
    if request.state is RequestState.OVERWRITTEN:
        text = (
            f"What stands was not approved as it is: request {request.id} was sent, and somebody else changed the "
            f"partner. Different from the approved plan: {said(names)}."
        )
    else:
        text = (
            f"Not as it was last approved and read back (request {request.id}): {said(names)}. Have it approved by a "
            "new request, or revoke."
        )
    return Concern(code="differs_from_approved", weight=Weight.WARNING, text=text, source=COMPARED)


def _open_words(doors: Mapping[Property, Door]) -> str:
    return "; ".join(
        f"{said((name,))}{' (not known)' if door.opening is Opening.UNKNOWN else ''}" for name, door in doors.items()
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
