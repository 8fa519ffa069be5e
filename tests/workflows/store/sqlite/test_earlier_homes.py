"""What App Homes list is found in files of an older version, too."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    NOW,
    RILEY,
    SECURITY,
    TENANT,
    prepared,
    request,
)
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_homes import asked_with_manager
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import (
    CheckPermission,
    Effect,
    ShowHome,
    ShowRequest,
)
from workflows.core.requests.request import RequestId
from workflows.ports.pages import START, PartnerFilter
from workflows.store.codec import EFFECT, PARTNERSHIP, REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

HOME = ShowHome(person=RILEY.chat_id)


async def test_a_manager_asked_before_the_column_existed_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        migrations.apply(db, stop_before="m030_asked_managers")
        row = "insert into partnerships (tenant_id, version, state, domain, doc) values (?, 1, 'review_due', 'd', ?)"
        db.execute(row, (TENANT, dump(PARTNERSHIP, asked_with_manager(1))))
        db.execute(row, ("unreadable", "{}"))
        connection.commit()
    store = await open_store(path, FixedClock())
    due = PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}), asked={AMARA.id})
    assert (await store.partners_page(due, limit=10, position=START)).count == 1
    await store.close()


async def test_who_sent_a_request_for_somebody_else_before_the_columns_existed_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    sent = request(prepared=prepared(submitter=DANA))
    sent = replace(sent, fields=replace(sent.fields, submitter=DANA.chat_id))
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        migrations.apply(db, stop_before="m031_requests_by_submitter")
        row = """insert into requests (id, version, state, is_open, requester, created_at, expires_at, sought, doc)
            values (?, 1, 'awaiting_approval', 1, 'U-RILEY', 'd', 'd', '', ?)"""
        db.execute(row, (sent.id, dump(REQUEST, sent)))
        db.execute(row, ("damaged", "{"))
        connection.commit()
    store = await open_store(path, FixedClock())
    for person in (DANA.chat_id, DANA.id):
        assert [one.id for one in (await store.own_page([person], text="", limit=9, position=START)).items] == [sent.id]
    await store.close()


async def test_a_file_of_an_older_version_keeps_everything_and_is_put_in_order(tmp_path: Path) -> None:
    """Effects get a priority, requests say for whom they wait, cards count; an unreadable one stops nothing."""
    path = tmp_path / "gatehouse.db"
    db = Database(path)
    migrations.apply(db, stop_before="m003_effects_rank_and_homes")
    db.close()
    click = CheckPermission(command=Revoke(actor=AMARA.chat_id, target=TENANT, reason="x"), key="click")
    effects: list[tuple[str, Effect]] = [
        ("home:U", HOME),
        ("card:r-1", ShowRequest(request_id=RequestId("r-1"))),
        ("judge:click", click),
    ]
    with closing(sqlite3.connect(path)) as old, old:
        for lane, effect in effects:
            row = (lane, NOW.isoformat(timespec="microseconds"), dump(EFFECT, effect))
            old.execute("insert into effects (lane, due_at, attempts, doc) values (?, ?, 0, ?)", row)
        for request_id, doc in (("r-1", dump(REQUEST, request(version=1))), ("r-2", "{}")):
            old.execute(
                """insert into requests (id, version, state, is_open, requester, created_at, doc)
                values (?, 1, 'awaiting_approval', 1, 'U', '2027', ?)""",
                (request_id, doc),
            )
        old.execute("insert into homes values ('U-RILEY')")
        old.execute("insert into copies values ('C1', '1.1', 'request:r-1', '', 'hash', '')")
    store = await open_store(path, FixedClock())
    try:
        assert [one.lane for one in await store.pending(NOW, 9)] == ["judge:click", "card:r-1", "home:U"]
        listed = await store.requests_waiting([SECURITY], [BRUNO.chat_id], 9)
        assert ([one.id for one in listed.items], listed.count) == (["r-1"], 1)
        (copy,) = await store.copies("request:r-1")
        assert copy.is_live is True
        await store.request_home_updates([ChatId("U-RILEY"), ChatId("U-NOBODY")])
        wanted = [await store.count_home_requests(ChatId(person)) for person in ("U-RILEY", "U-NOBODY")]
        assert wanted == [1, 0]
    finally:
        await store.close()
