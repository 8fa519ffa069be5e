"""A database of the earlier version: its clicks have their own names, and are checked."""

from pathlib import Path
from typing import Final

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import AMARA, NOW, REDEEM_STEP, REQUEST, TENANT, request
from tests.workflows.fakes import FixedClock
from tests.workflows.world import open_world
from workflows.core.people import ChatId
from workflows.core.requests.commands.clicks import Click, DropEffect, RetryEffect
from workflows.core.requests.commands.partner_record import ConfirmSetup, Keep, RemindSetup, Revoke, UnconfirmSetup
from workflows.core.requests.commands.request import Approve, Reject, Withdraw
from workflows.core.requests.effects import CheckPermission
from workflows.core.settings.canonical import Digest
from workflows.store.codec import REQUEST as REQUEST_CODEC
from workflows.store.codec import dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

BEFORE: Final = "m006_clicks_are_commands"
DIGEST: Final = request().plan.digest
ACTOR: Final = ChatId("U-AMARA")
STEP: Final = REDEEM_STEP.key

CLICKS: Final[tuple[tuple[str, Click], ...]] = (
    (
        f'"name":"want_approve","actor":"U-AMARA","request_id":"r-1","digest":"{DIGEST}","channel":"C1"',
        Approve(actor=ACTOR, request_id=REQUEST, digest=DIGEST, channel="C1"),
    ),
    (
        '"name":"want_reject","actor":"U-AMARA","request_id":"r-1","digest":"d","reason":"Zu „weit“\\n","channel":""',
        Reject(actor=ACTOR, request_id=REQUEST, digest=Digest("d"), reason="Zu „weit“\n"),
    ),
    (
        '"name":"want_withdraw","actor":"U-AMARA","request_id":"r-1","channel":"C1"',
        Withdraw(actor=ACTOR, request_id=REQUEST, channel="C1"),
    ),
    (
        f'"name":"want_keep","actor":"U-AMARA","tenant_id":"{TENANT}","reason":"want_this","channel":""',
        Keep(actor=ACTOR, tenant_id=TENANT, reason="want_this"),
    ),
    (
        '"name":"want_revoke","actor":"U-AMARA","target":"contoso.com","reason":"Ended","channel":""',
        Revoke(actor=ACTOR, target="contoso.com", reason="Ended"),
    ),
    (
        f'"name":"want_confirm_half","actor":"U-AMARA","tenant_id":"{TENANT}","step":"{STEP}","wanted":"d","channel":"C1"',
        ConfirmSetup(actor=ACTOR, tenant_id=TENANT, step=STEP, step_digest=Digest("d"), channel="C1"),
    ),
    (
        f'"name":"want_unconfirm_half","actor":"U-AMARA","tenant_id":"{TENANT}","step":"{STEP}","channel":""',
        UnconfirmSetup(actor=ACTOR, tenant_id=TENANT, step=STEP),
    ),
    (
        f'"name":"want_remind_half","actor":"U-AMARA","tenant_id":"{TENANT}","channel":""',
        RemindSetup(actor=ACTOR, tenant_id=TENANT),
    ),
    (
        '"name":"want_retry_effect","actor":"U-AMARA","effect_id":7,"channel":""',
        RetryEffect(actor=ACTOR, effect_id=7),
    ),
    (
        '"name":"want_drop_effect","actor":"U-AMARA","effect_id":7,"channel":""',
        DropEffect(actor=ACTOR, effect_id=7),
    ),
)
"""What the version before stored inside a Judge, each with the command that it means today."""


def earlier_database(path: Path) -> Database:
    """Make a database with the tables of the version before."""
    db = Database(path)
    migrations.apply(db, stop_before=BEFORE)
    return db


def put_click(db: Database, key: str, intent: str, *, is_parked: bool = False) -> None:
    """Store a click as the version before did: the effect, and its audit entry."""
    doc = f'{{"kind":"judge","intent":{{{intent}}},"key":"{key}","received_at":"2027-03-01T09:00:00Z"}}'
    put_effect(db, f"judge:{key}", doc, is_parked=is_parked)


def put_effect(db: Database, lane: str, doc: str, *, is_parked: bool = False) -> None:
    """Store an effect as text."""
    db.execute(
        "insert into effects (lane, due_at, attempts, is_parked, rank, doc) values (?, ?, 0, ?, 0, ?)",
        (lane, NOW.isoformat(timespec="microseconds"), is_parked, doc),
    )
    db.conn.commit()


@pytest.mark.threats("G10")
@pytest.mark.parametrize(("intent", "command"), CLICKS, ids=[click.name for _, click in CLICKS])
async def test_a_click_of_the_version_before_is_the_command_that_it_means(
    tmp_path: Path, intent: str, command: Click
) -> None:
    db = earlier_database(tmp_path / "gatehouse.db")
    put_click(db, "k-1", intent)
    put_click(db, "k-2", intent, is_parked=True)
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        (pending,) = await store.pending(NOW, 9)
        assert pending.effect == CheckPermission(command=command, key="k-1", received_at=NOW)
        assert isinstance(pending.effect, CheckPermission)
        assert type(pending.effect.command) is type(command)
        (given_up,) = await store.given_up_effects()
        assert given_up.effect == CheckPermission(command=command, key="k-2", received_at=NOW)
    finally:
        await store.close()


async def test_what_is_no_click_of_the_version_before_stays_as_it_is(tmp_path: Path) -> None:
    docs = ("not JSON", "{}", '{"kind":"judge","intent":{"name":"grant"},"key":"k"}', '{"kind":"judge","intent":null}')
    db = earlier_database(tmp_path / "gatehouse.db")
    for doc in docs:
        put_effect(db, "judge:k", doc, is_parked=True)
    elsewhere = '{"kind":"tell","intent":{"name":"want_approve"}}'
    put_effect(db, "tell:U1", elsewhere)
    migrations.apply(db)
    assert [row[0] for row in db.execute("select doc from effects order by id")] == [*docs, elsewhere]
    db.close()


@pytest.mark.threats("G10")
async def test_a_click_that_waits_in_a_database_of_the_version_before_is_checked(tmp_path: Path) -> None:
    """It counts once, under the name that it was stored with; the log stays unchanged."""
    path = tmp_path / "gatehouse.db"
    db = earlier_database(path)
    db.execute(
        """insert into requests (id, version, state, is_open, requester, tenant_id, due_at, created_at, waits_for, doc)
        values ('r-1', 1, 'awaiting_approval', 1, 'U-RILEY', ?, ?, ?, 'security', ?)""",
        (TENANT, "2027-03-08T09:00:00.000000+00:00", NOW.isoformat(), dump(REQUEST_CODEC, request(version=1))),
    )
    put_click(db, "k-1", CLICKS[0][0])
    entry = ("k-1", NOW.isoformat(), ACTOR, "want_approve", "received", "r-1", f'{{"digest":"{DIGEST}"}}')
    db.execute(
        "insert into audit (key, at, actor, command, outcome, request_id, details) values (?, ?, ?, ?, ?, ?, ?)", entry
    )
    db.conn.commit()
    db.close()
    async with open_world(path) as world:
        assert [click.key for click in await world.store.unchecked_clicks()] == ["k-1"]
        judged = await world.settled(REQUEST)
        assert [decision.person for decision in judged.decisions] == [AMARA]
        assert await world.log(of=REQUEST) == [
            (AMARA.chat_id, "want_approve", "received"),
            (AMARA.chat_id, "approve", "accepted"),
        ]
        first = (await world.store.history(request_id=REQUEST))[-1]
        assert (first.key, first.details) == ("k-1", {"digest": DIGEST})
        assert await world.store.unchecked_clicks() == []
