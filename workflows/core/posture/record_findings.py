"""Differences between a partner's current settings and our records, and what is overdue."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.posture.access import OVERVIEW, said
from workflows.core.posture.difference import differing
from workflows.core.posture.model import Concern, Weight
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import not_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TARGET_PROPERTIES, Property
from workflows.core.settings.openness import Kind, Opening, Way, left_open
from workflows.core.settings.openness_words import ways_words
from workflows.core.text import times_words

RECORDS: Final = "Gatehouse's records"
GRACE: Final = timedelta(hours=1)
"""How late a running bot may be with a question, before it counts as not running."""
COMPARED: Final = "Gatehouse's records, compared with what was just read"
_CLOUDS: Final = "Entra: “Configure Microsoft cloud settings for B2B collaboration”"


def unknown_partner_concerns(configuration: JsonObject, unfinished: AccessRequest | None) -> Iterator[Concern]:
    """State that our records have no partnership for a tenant that is listed as a partner."""
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
        weight=Weight.WARNING if is_set and not_blocked(configuration) else Weight.NOTE,
        text="Gatehouse's records do not know this partner: it was added outside of Gatehouse, or before these "
        "records. It has no sponsor, and nobody is asked whether it is still needed.",
        source=COMPARED,
    )


def listed_partner_concerns(
    partnership: Partnership, request: AccessRequest | None, configuration: JsonObject, found: Sequence[Way]
) -> Iterator[Concern]:
    """Compare the current settings with what was last applied.

    :param found: every kind of access of the partner, with its current state.
    :param request: the request of the partnership; None when it cannot be read.
    """
    if partnership.state is PartnershipState.REVOKED:
        yield from _not_closed_concerns(configuration, found)
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
    partnership: Partnership, found: Sequence[Way], *, default_is_read: bool
) -> Iterator[Concern]:
    """List the concerns about a partner of our records that has no configuration in the tenant.

    :param found: every kind of access that still applies; all closed for a tenant of another cloud.
    """
    left = left_open(found)
    is_revoked = partnership.state is PartnershipState.REVOKED
    recorded = "revoked" if is_revoked else "open"
    is_other_cloud = not partnership.identity.is_resolved
    if is_other_cloud:
        falls = "It is in another Microsoft cloud, so it is blocked until it is added again."
    elif not default_is_read:
        falls = "The tenant's default applies to it instead, which could not be read."
    elif left:
        falls = f"The tenant's default applies to it instead, which leaves open: {ways_words(left)}."
    else:
        falls = "The tenant's default applies to it instead, which is closed today."
    yield Concern(
        code="revoked_but_absent" if is_revoked else "absent",
        weight=Weight.ALERT if is_revoked and left else Weight.WARNING,
        text=f"Recorded as {recorded}, but the tenant has no settings for this partner (any more). {falls}",
        source=f"{COMPARED}; {_CLOUDS if is_other_cloud else OVERVIEW}",
    )


def due_concerns(partnership: Partnership, now: datetime) -> Iterator[Concern]:
    """List what is overdue for a partnership that is not revoked."""
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


def being_changed_concern() -> Concern:
    """State that Gatehouse is changing the partner, so that nothing can be compared."""
    return Concern(
        code="being_written",
        weight=Weight.NOTE,
        text="Gatehouse is changing this partner right now, so what stands was not compared with the records. Look "
        "again in a minute.",
        source=RECORDS,
    )


def unreadable_record_concern() -> Concern:
    """State that there is a record that cannot be read."""
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


def _not_closed_concerns(configuration: JsonObject, found: Sequence[Way]) -> Iterator[Concern]:
    """List what is open for a revoked partner, what is not known, and what is closed without an explicit block."""
    left, missing = left_open(found), not_blocked(configuration)
    opened = [way for way in left if way.opening is not Opening.UNKNOWN]
    unknown = [way for way in left if way.opening is Opening.UNKNOWN and way.kind is not Kind.DEFAULT]
    lost = [way for way in unknown if way.setting in missing]
    perhaps = f" Perhaps open as well: {ways_words(unknown)}." if unknown else ""
    if opened:
        yield _revoked("revoked_but_open", Weight.ALERT, f"but open now: {ways_words(opened)}.{perhaps}")
    elif lost:
        yield _revoked("revoked_but_open", Weight.ALERT, f"but perhaps open now: {ways_words(unknown)}.")
    elif unknown:
        is_set = any(way.is_explicit for way in unknown)
        weight = Weight.WARNING if is_set else Weight.UNCHECKED
        yield _revoked("revoked_not_known", weight, f"but these are not closed for certain: {ways_words(unknown)}.")
    settings = {way.setting for way in left}
    if closed := [name for name in missing if name not in settings]:
        text = f"and closed, but no longer blocked explicitly: {said(closed)}. A change of the default may open it."
        yield _revoked("revoked_not_explicit", Weight.WARNING, text)


def _revoked(code: str, weight: Weight, text: str) -> Concern:
    return Concern(
        code=code,
        weight=weight,
        text=f"Recorded as revoked, {text} Revoke it again.",
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


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
