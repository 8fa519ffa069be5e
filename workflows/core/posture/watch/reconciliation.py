"""Compare what a sweep found with what is stored: new, changed and ended drift, and how it is told. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from workflows.core.posture.watch.authors import first_author
from workflows.core.posture.watch.drift import Drift, DriftSubject, FoundDrift
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import has_list
from workflows.core.settings.model import M365_CAPABILITIES

DIGEST_ABOVE: Final = 5
"""When a sweep finds more changes than this, one message tells of all of them."""


def is_stored_as_open(stored: Drift | None, found: FoundDrift) -> bool:
    """Return whether exactly this drift is stored as open already, so that nothing new is told."""
    return stored is not None and stored.is_open and stored.found.fingerprint == found.fingerprint


def with_last_known(stored: Drift | None, found: FoundDrift | None, configuration: JsonObject) -> FoundDrift | None:
    """Return what was found, with the stored drift of Microsoft 365 capabilities while their list is not read.

    What could not be read may still stand. So the drift neither ends nor gets smaller.

    :param found: the drift without the capabilities; None when there is no other.
    :param configuration: the partner's configuration, or the default, as it was read now.
    """
    if stored is None or not stored.is_open or has_list(configuration):
        return found
    known = [name for name in stored.found.settings if name.partition(".")[0] == M365_CAPABILITIES]
    if not known:
        return found
    last = stored.found
    if found is None:
        return last
    if found.code is not last.code:
        return found
    values = last.current_values
    is_same = all(name in values and values[name] == value for name, value in found.current_values.items())
    if is_same and set(found.settings) <= set(last.settings):
        return last
    return replace(found, settings=tuple(dict.fromkeys((*found.settings, *known))), opens=found.opens or last.opens)


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
        author=first_author(found),
    )


def with_same_found(stored: Drift, found: FoundDrift) -> Drift | None:
    """Return the record of the same drift with what else changed about it; None when nothing did."""
    return None if stored.found == found else replace(stored, version=stored.version + 1, found=found)


def end_drift(stored: Drift, now: datetime) -> Drift:
    """Return the record of drift whose settings are as approved again."""
    return replace(stored, version=stored.version + 1, ended_at=now, acceptances=())
