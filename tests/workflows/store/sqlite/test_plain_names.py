"""Records that an earlier version stored under other field names are read, and nothing of them is lost."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from tests.workflows.core.builders import DANA, NOW, REDEEM_STEP, TENANT, partnership, request
from tests.workflows.fakes import FixedClock
from workflows.store.codec import PARTNERSHIP, REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

EARLIER_PARTNER: Final = {
    "setup": "half",
    "remind_setup_at": "remind_half_at",
    "setup_reminders": "half_reminders",
    "setup_reminder_asked_by": "half_reminder_asked_by",
    "setup_reminder_asked_at": "half_reminder_asked_at",
}


def earlier(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The document as the version before wrote it."""
    assert names.keys() <= document.keys()
    return {names.get(name, name): value for name, value in document.items()}


async def test_a_database_of_the_version_before_opens_and_continues(tmp_path: Path) -> None:
    partner = partnership(
        setup=(REDEEM_STEP,),
        remind_setup_at=NOW + timedelta(days=7),
        setup_reminders=2,
        setup_reminder_asked_by=DANA,
        setup_reminder_asked_at=NOW,
    )
    asked = request()
    asked = replace(asked, fields=replace(asked.fields, placeholders={"pilot": "an id “of ours”"}))
    stored = json.loads(dump(REQUEST, asked))
    stored["particulars"] = earlier(stored["particulars"], {"placeholders": "holes"})
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m008_plain_names")
    db.table("partnerships").insert(
        {
            "tenant_id": TENANT,
            "version": partner.version,
            "state": partner.state.value,
            "domain": "contoso.com",
            "doc": json.dumps(earlier(json.loads(dump(PARTNERSHIP, partner)), EARLIER_PARTNER)),
        }
    )
    db.table("partnerships").insert(
        {"tenant_id": "another", "version": 1, "state": "active", "domain": "x.com", "doc": "not JSON"}
    )
    db.table("requests").insert(
        {
            "id": asked.id,
            "version": asked.version,
            "state": asked.state.value,
            "is_open": 1,
            "requester": asked.fields.requester,
            "created_at": "2027",
            "doc": json.dumps(stored),
        }
    )
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        assert await store.partnership(TENANT) == partner
        assert await store.request(asked.id) == asked
    finally:
        await store.close()
