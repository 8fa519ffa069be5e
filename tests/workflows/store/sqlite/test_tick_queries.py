"""What each tick asks is answered by an index, so that its cost does not grow with partners and their drift."""

from datetime import timedelta
from pathlib import Path

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_home_queries import plans_of, statements
from workflows.store.sqlite.store import open_store


async def test_no_question_of_a_tick_reads_every_partner_or_every_drift(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    await store.due(NOW)
    await store.ended_partners(NOW)
    await store.has_rewritten_drift(NOW - timedelta(hours=1), NOW)
    await store.drifts_to_ask_again(NOW)
    assert len(read) == 4
    found = await plans_of(store, read)
    assert any("partnerships_by_since" in detail for detail in found)
    assert not [detail for detail in found if detail.startswith(("SCAN partnerships", "SCAN drifts", "SCAN requests"))]
    read = await statements(store)
    await store._run(lambda: store._db.conn.set_trace_callback(read.append))  # this one begins with "with"
    await store.stored_work(NOW)
    found = await plans_of(store, [statement for statement in read if "from drifts" in statement])
    assert any("COVERING INDEX drifts_by_code" in detail for detail in found), found
    await store.close()
