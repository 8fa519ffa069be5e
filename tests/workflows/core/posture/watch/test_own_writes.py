"""Our writes and the entries of Entra's audit log: what is a match, and what explains an entry."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import NOW, TENANT, request
from workflows.core.errors.call_ids import CallIds
from workflows.core.plans.plan import SentWrite
from workflows.core.posture.watch.own_writes import (
    MATCHED_WITHIN,
    entry_of_write,
    is_logged,
    not_explained,
    writing_times,
)
from workflows.core.requests.request import RequestState
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange

PARTNERS = "/policies/crossTenantAccessPolicy/partners"
SECOND = timedelta(seconds=1)


def write(path: str = PARTNERS, at: datetime = NOW) -> SentWrite:
    return SentWrite(method="PATCH", path=path, at=at, ids=CallIds(request_id="r"))


def entry(at: datetime, name: str = "e", *, is_ours: bool = True, partner: str = TENANT) -> LoggedChange:
    change = PartnerChange(at=at, activity="Update", changed_by="x", is_ours=is_ours)
    return LoggedChange(change=change, partners=frozenset({partner.lower()}), is_default=False, id=name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PARTNERS, True),
        (f"{PARTNERS}/{TENANT}", True),
        (f"{PARTNERS}/{TENANT}/identitySynchronization".upper(), True),
        (f"{PARTNERS}/{TENANT}/m365Capabilities", False),
        (f"{PARTNERS}/{TENANT}/m365Capabilities/calendar", False),
        ("/users/1", False),
    ],
)
def test_partners_and_their_synchronization_are_logged_and_capabilities_are_not(path: str, expected: bool) -> None:
    assert is_logged(write(path)) is expected


def test_a_write_is_the_nearest_entry_of_our_application_about_that_partner() -> None:
    log = [
        entry(NOW + MATCHED_WITHIN, "late"),
        entry(NOW - SECOND, "near"),
        entry(NOW, "other author", is_ours=False),
        entry(NOW, "other partner", partner="t-2"),
    ]
    found = entry_of_write(write(), TENANT.upper(), log)
    assert found is not None
    assert found.id == "near"
    assert entry_of_write(write(at=NOW + 2 * MATCHED_WITHIN + SECOND), TENANT, log) is None


def test_an_entry_is_explained_from_the_first_write_to_what_was_recorded_last() -> None:
    hour = timedelta(hours=1)
    done = replace(request(), state=RequestState.APPLIED, writing_since=NOW, changed_at=NOW + hour)
    times = writing_times([done, replace(done, writing_since=None)])
    assert len(times) == 1, "a request that sent nothing explains nothing"
    before, after = entry(NOW - MATCHED_WITHIN - SECOND), entry(NOW + hour + MATCHED_WITHIN + SECOND)
    inside = [entry(NOW - MATCHED_WITHIN), entry(NOW + hour + MATCHED_WITHIN)]
    others = entry(NOW - 2 * hour, is_ours=False)
    assert not_explained([before, *inside, after, others], times) == (before, after)
    open_times = writing_times([replace(done, state=RequestState.UNCONFIRMED)])
    assert not_explained([before, *inside, after], open_times) == (before,)
    earlier = writing_times([replace(done, earlier_write_at=NOW - hour)])
    assert not_explained([before], earlier) == ()
