"""An auditor searches among very many stored requests: only the documents of one page are read.

Printed is how long each search takes (`pytest -s`). Asserted is only what does not depend on the machine.
"""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.workflows.core.builders import NOW, request
from tests.workflows.fakes import FixedClock
from tests.workflows.world import QuickStore
from workflows.core.requests.request import RequestState
from workflows.ports.pages import START, RequestFilter
from workflows.store.codec import REQUEST, dump
from workflows.store.common.rows import text_of

pytestmark = pytest.mark.load

COUNT: Final = int(os.environ.get("BENCH_REQUESTS", "20000"))
"""Set BENCH_REQUESTS for more; 100000 take some seconds."""
_INSERT: Final = """insert into requests (id, version, state, is_open, requester, created_at, doc, sought,
    requester_sought, deciders, template) values (?, 1, 'applied', 0, 'U', ?, ?, ?, ?, ?, 'trusted-partner')"""


async def test_a_search_among_very_many_requests_reads_one_page(tmp_path: Path) -> None:
    store = QuickStore(tmp_path / "gatehouse.db", FixedClock())
    await store.open()
    # Every other document is unreadable: a search that reads one of them logs it and counts fewer.
    readable = dump(REQUEST, request(RequestState.APPLIED))
    rows = [
        (
            f"R-{number:010}",
            text_of(NOW + timedelta(minutes=number)),
            readable if number % 1000 == 7 else "{}",
            f"r-{number:010}\npartner{number % 1000:04}.example",
            "riley park\nu0requester",
            f"amara okafor\nperson{number % 1000:04}",
        )
        for number in range(COUNT)
    ]
    await store._run(lambda: store._db.conn.executemany(_INSERT, rows))
    searches = {
        RequestFilter(text="partner0007"): COUNT // 1000,
        RequestFilter(approver="person0007", requester="riley"): COUNT // 1000,
        RequestFilter(text="r-0000001007"): 1,
        RequestFilter(requester="nobody"): 0,
    }
    for wanted, count in searches.items():
        began = time.perf_counter()
        page = await store.requests_page(wanted, limit=20, position=START)
        print(f"{COUNT:,} requests, {page.count} found: {1000 * (time.perf_counter() - began):.0f} ms")
        assert (page.count, len(page.items)) == (count, min(count, 20)), "no other document was read"
    await store.close()
