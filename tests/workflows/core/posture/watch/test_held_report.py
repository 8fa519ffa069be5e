"""What older records lack: partners that differ, what was changed since, and the requests that become void."""

from datetime import timedelta
from typing import Final

import pytest

from tests.workflows.core.builders import NOW, TENANT, partnership, request
from tests.workflows.core.posture.test_record_concerns import APPLIED, AS_APPROVED, judged, kept
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import PartnerPosture, Posture
from workflows.core.posture.watch.held_report import (
    LISTED,
    HeldReport,
    changes_since,
    differences_of,
    void_requests,
)
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange

OTHER: Final = TenantId("9" * 36)


def posture(*partners: PartnerPosture) -> Posture:
    """A posture with these partners."""
    return Posture(
        read_at=NOW,
        home=None,
        default=default_posture(None, ()),
        partners=partners,
        partner_count=len(partners),
        records_are_read=True,
        unanswered=0,
    )


def change(minutes: int, *partners: str, is_ours: bool = True) -> LoggedChange:
    """An entry of the log, so many minutes after the records end."""
    at = NOW + timedelta(minutes=minutes)
    of = PartnerChange(at=at, activity="Update a partner", changed_by="dana", is_ours=is_ours)
    return LoggedChange(change=of, partners=frozenset(partners), is_default=not partners)


@pytest.mark.threats("G8")
def test_partners_that_are_not_as_the_records_say_are_listed_with_the_reason() -> None:
    as_approved = judged(AS_APPROVED, kept(partnership(), APPLIED))
    unknown = judged(AS_APPROVED, kept())
    absent = judged(None, kept(partnership(), APPLIED))
    assert differences_of(posture(as_approved, unknown, absent)) == [
        {"partner": unknown.name, "code": "unknown_to_gatehouse"},
        {"partner": absent.name, "code": "absent"},
    ]


@pytest.mark.threats("G8")
def test_what_was_changed_since_the_records_end_is_listed_in_order_with_names() -> None:
    logged = [change(9, is_ours=False), change(3, TENANT, OTHER), change(-5, TENANT)]
    rows = changes_since(logged, NOW, {TENANT: "contoso.com"})
    assert [(row["partner"], row["is_ours"], row["by"]) for row in rows] == [
        (f"{OTHER}, contoso.com", True, "dana"),
        ("", False, "dana"),
    ]
    assert rows[0]["at"] == (NOW + timedelta(minutes=3)).isoformat()


def test_void_requests_are_named_as_their_people_know_them() -> None:
    unprepared = request(RequestState.PREPARING)
    assert void_requests([request(), unprepared]) == [
        {"id": "r-1", "partner": "contoso.com", "state": "awaiting_approval"},
        {"id": "r-1", "partner": "contoso.com", "state": "preparing"},
    ]


def test_long_lists_are_cut_with_their_number_and_what_was_not_read_is_none() -> None:
    rows = [{"partner": str(number), "code": "absent"} for number in range(LISTED + 5)]
    values = HeldReport(differences=rows, changes=None, requests=[]).as_values()
    assert values["differences"] == {"count": LISTED + 5, "rows": rows[:LISTED]}
    assert (values["changes"], values["requests"]) == (None, {"count": 0, "rows": []})
