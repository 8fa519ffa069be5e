"""Requests that waited when reminders came: the first start of the new version sets when the next one is due."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import NOW, request
from tests.workflows.fakes import FixedClock
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.store.codec import REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

DAY = timedelta(days=1)


def insert(db: Database, record: AccessRequest, doc: str) -> None:
    db.table("requests").insert(
        {
            "id": record.id,
            "version": record.version,
            "state": record.state.value,
            "is_open": 1,
            "requester": record.fields.requester,
            "due_at": (NOW + 14 * DAY).isoformat(timespec="microseconds"),
            "created_at": "2027",
            "doc": doc,
        }
    )


@pytest.mark.parametrize(("after", "is_due"), [(DAY - timedelta(seconds=1), False), (DAY, True)])
async def test_a_request_that_waited_before_the_upgrade_gets_its_reminder(
    tmp_path: Path, after: timedelta, is_due: bool
) -> None:
    waits = request(RequestState.AWAITING_APPROVAL, expires_at=NOW + 14 * DAY, lifetime=14 * DAY)
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m015_reminders_of_waiting_requests")
    insert(db, waits, dump(REQUEST, waits))
    insert(db, request(RequestState.AWAITING_APPROVAL, id="r-broken"), "not JSON")
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        requests, _ = await store.due(NOW + after)
        assert (waits.id in requests) is is_due
    finally:
        await store.close()
