"""Texts that an earlier version stored in requests and effects are read as notes, word for word."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlite_utils import Database

from bot.words.requests.messages import message_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import NOW, RILEY, noted, request, text_message
from tests.workflows.fakes import FixedClock
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import SendMessage
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.store.codec import EFFECT, REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

BEFORE: Final = "m012_notes_are_facts"
WAITS: Final = "Graph said „nein“ {503}. Gatehouse keeps trying."
AGAIN: Final = "The template changed after this request was shown. So it is planned and asked again."
NOT_TAKEN: Final = "Not licensed."
TOLD: Final = "Your request for contoso.com waits: No answer."


def stored_text(record: AccessRequest) -> dict[str, Any]:
    """The document as the version before wrote it: sentences in place of codes and values."""
    document: dict[str, Any] = json.loads(dump(REQUEST, record))
    for name in ("note", "asked_again"):
        document[name] = " ".join(fact["values"]["text"] for fact in document[name])
    for row in document["refused"]:
        row["reason"] = row["reason"][0]["values"]["text"]
    return document


def insert(db: Database, record: AccessRequest, doc: str) -> None:
    db.table("requests").insert(
        {
            "id": record.id,
            "version": record.version,
            "state": record.state.value,
            "is_open": 1,
            "requester": record.fields.requester,
            "created_at": "2027",
            "doc": doc,
        }
    )


@pytest.mark.threats("G10")
@pytest.mark.parametrize("stop_before", [BEFORE, "m007_barred_accounts"])
async def test_a_database_of_the_version_before_opens_and_says_the_same(tmp_path: Path, stop_before: str) -> None:
    refused = (RefusedWrite(names=("places",), reason=noted(NOT_TAKEN)),)
    waits = replace(request(), note=noted(WAITS), asked_again=noted(AGAIN), refused=refused)
    plain = replace(request(RequestState.APPLIED), id=RequestId("r-2"), confirmed_at=NOW)
    tell = SendMessage(
        person=RILEY.chat_id, subject=CommandSubject(request_id=waits.id), fact=text_message(TOLD), channel="C1"
    )
    effect = json.loads(dump(EFFECT, tell))
    effect["text"] = effect.pop("said")["values"]["text"]
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before=stop_before)
    insert(db, waits, json.dumps(stored_text(waits)))
    insert(db, plain, json.dumps(stored_text(plain)))
    insert(db, replace(plain, id=RequestId("r-3")), "not JSON")
    insert(db, replace(plain, id=RequestId("r-4")), "[1]")
    for doc in (json.dumps(effect), '{"kind":"show_home","person":"U-SAM"}', "not JSON"):
        db.table("effects").insert({"lane": "tell:U-RILEY", "due_at": "2027", "attempts": 0, "doc": doc})
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        read = await store.request(waits.id)
        assert read == waits
        assert read is not None
        assert note_words(read.note) == WAITS
        assert await store.request(plain.id) == plain
        first = next(one for one in await store.pending(NOW, 10) if isinstance(one.effect, SendMessage))
        assert first.effect == tell
        assert isinstance(first.effect, SendMessage)
        assert message_words(first.effect.fact) == TOLD
    finally:
        await store.close()
    db = Database(tmp_path / "gatehouse.db")
    (waits_for,) = db.execute("select waits_for from requests where id = ?", (waits.id,)).fetchone()
    assert (waits_for is not None) is (stop_before == "m007_barred_accounts")
    db.close()
