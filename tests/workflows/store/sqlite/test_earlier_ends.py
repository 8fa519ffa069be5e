"""Records of earlier versions: they ask at their end, and their next notice is due."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlite_utils import Database

from tests.workflows.core.builders import NOW, TENANT, partnership
from tests.workflows.fakes import FixedClock
from workflows.core.plans.plan import AtEnd
from workflows.store.codec import PARTNERSHIP, dump
from workflows.store.common.rows import text_of
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store


async def test_a_record_of_an_earlier_version_asks_and_its_newest_notice_is_due(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    record = partnership(ends_at=NOW + timedelta(days=10), since=NOW - timedelta(days=80))
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        migrations.apply(db, stop_before="m020_end_of_access")
        for tenant_id, doc in ((TENANT, dump(PARTNERSHIP, record)), ("broken", "{}")):
            db.execute(
                "insert into partnerships (tenant_id, version, state, domain, due_at, ends_at, doc) "
                "values (?, 3, 'active', 'contoso.com', ?, ?, ?)",
                (tenant_id, text_of(NOW + timedelta(days=99)), text_of(NOW + timedelta(days=10)), doc),
            )
        connection.commit()
    store = await open_store(path, FixedClock())
    try:
        assert TENANT in (await store.due(NOW))[1]
        assert await store.ended_partners(NOW + timedelta(days=20)) == []
        known = await store.partnership(TENANT)
        assert known is not None
        assert known.at_end is AtEnd.ASK
    finally:
        await store.close()
