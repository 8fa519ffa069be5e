"""Find who made a change, in the entries of Entra's audit log. The log is late by some minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import Author, AuthorState, Drift, FoundDrift
from workflows.core.settings.model import M365_CAPABILITIES
from workflows.core.settings.partner_changes import MAX_CLOCK_DIFFERENCE, PartnerChange

LOG_EXPECTED_WITHIN: Final = timedelta(hours=4)
"""After this time a change that the log does not have counts as not in the log."""
LOOKED_BACK: Final = timedelta(days=7)
"""How far back the log is read for drift whose beginning is not known. Entra keeps seven days without a P1 licence."""


LIST_MAY_LAG: Final = timedelta(minutes=10)
"""How old the list of partners may be that a sweep read."""


def first_author(found: FoundDrift) -> Author:
    """Return what is known of the author when drift is found.

    Of capabilities alone the log shows nothing: its reference has no activity about them. An entry that it does have
    is about another change, whose author would be named wrongly (Microsoft: "Audit activity reference", read in
    September 2026). A new partner has an entry of its own.
    """
    is_about_capabilities = bool(found.settings) and all(
        path.partition(".")[0] == M365_CAPABILITIES for path in found.settings
    )
    if is_about_capabilities and found.code is not ConcernCode.UNKNOWN_TO_GATEHOUSE:
        return Author(state=AuthorState.NOT_LOGGED)
    return Author()


def log_needed_since(drift: Drift) -> datetime:
    """Return since when the log must be read to find the author of a drift."""
    longest = drift.found_at - LOOKED_BACK
    return longest if drift.unchanged_at is None else max(drift.unchanged_at - LIST_MAY_LAG, longest)


def author_of(
    drift: Drift, changes: Sequence[PartnerChange] | None, *, own_until: datetime | None, now: datetime
) -> Author:
    """Return the author of a drift according to the audit log.

    The newest entry counts that is later than everything that Gatehouse wrote by a plan, also one of Gatehouse's own
    application. When there is none, the newest entry of somebody else counts.

    :param changes: the log's entries about this partner since `log_needed_since`; None when it could not be read.
    :param own_until: when Gatehouse last wrote this partner by a plan; None when it never did.
    """
    is_over = now - drift.found_at >= LOG_EXPECTED_WITHIN
    if changes is None:
        return Author(state=AuthorState.LOG_UNREADABLE) if is_over else drift.author
    later = [change for change in changes if own_until is None or change.at > own_until + MAX_CLOCK_DIFFERENCE]
    fitting = later or [change for change in changes if not change.is_ours]
    if not fitting:
        return Author(state=AuthorState.NOT_IN_LOG) if is_over else drift.author
    newest = max(fitting, key=lambda change: change.at)
    return Author(
        state=AuthorState.KNOWN,
        name=newest.changed_by,
        account=newest.user_id,
        at=newest.at,
        is_own_application=newest.is_ours,
    )
