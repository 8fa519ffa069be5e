"""Compare what a sweep found with what is stored: new, changed and ended drift, and how it is told. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from workflows.core.posture.watch.drift import Author, Drift, DriftSubject, FoundDrift

DIGEST_ABOVE: Final = 5
"""When a sweep finds more changes than this, one message tells of all of them."""


def is_stored_as_open(stored: Drift | None, found: FoundDrift) -> bool:
    """Return whether exactly this drift is stored as open already, so that nothing new is told."""
    return stored is not None and stored.is_open and stored.found.fingerprint == found.fingerprint


def with_found(
    stored: Drift | None,
    subject: DriftSubject,
    found: FoundDrift,
    *,
    partner: str,
    unchanged_at: datetime | None,
    now: datetime,
) -> Drift:
    """Return the record of drift that is new, or that changed since it was stored. Answers to earlier drift are void.

    :param unchanged_at: when the last complete sweep before this one began.
    """
    return Drift(
        subject=subject,
        version=1 if stored is None else stored.version + 1,
        partner=partner,
        found=found,
        unchanged_at=unchanged_at,
        found_at=now,
        author=Author(),
    )


def with_same_found(stored: Drift, found: FoundDrift) -> Drift | None:
    """Return the record of the same drift with what else changed about it; None when nothing did."""
    return None if stored.found == found else replace(stored, version=stored.version + 1, found=found)


def end_drift(stored: Drift, now: datetime) -> Drift:
    """Return the record of drift whose settings are as approved again."""
    return replace(stored, version=stored.version + 1, ended_at=now, acceptances=())
