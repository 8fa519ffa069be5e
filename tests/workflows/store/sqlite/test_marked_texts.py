"""Texts with marked facts and actions, which an earlier version stored, are read as facts: no mark is ever shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlite_utils import Database

from bot.slack.words.alarms import alarm_text
from bot.words.requests.messages import message_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import NOW, RILEY, noted, request, text_message
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_earlier_texts import insert
from workflows.app.alarms import new_alarm
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.facts import Fact, text_fact
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import SendMessage
from workflows.core.requests.request import RequestState
from workflows.store.codec import ALARM, EFFECT, REQUEST, dump
from workflows.store.sqlite.earlier_texts import EarlierTexts
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.other_process.read_only import read_given_up
from workflows.store.sqlite.store import open_store

BEFORE: Final = "m013_no_marked_texts"
MARK: Final = '‹directory_refused {"method": "users.info", "answer": "token_revoked"}›'
REFUSED: Final = Fact("directory_refused", {"method": "users.info", "answer": "token_revoked"})


async def test_a_database_of_the_version_before_opens_without_a_mark(tmp_path: Path) -> None:
    finding = Finding(
        code=FindingCode.TEXT, severity=Severity.NOTE, source=Source.RECORDS, values={"text": "See ‹show partner›."}
    )
    one = request(RequestState.STOPPED, note=noted(f"It waits: {MARK} Look at it with ‹show partner›."))
    one = replace(one, prepared=replace(one.require_prepared(), findings=(finding,)))
    typed = replace(one.fields, justification="So that ‹list partners› and ‹expired› work")
    one = replace(one, fields=typed)
    tell = SendMessage(
        person=RILEY.chat_id, subject=CommandSubject(), fact=text_message(f"{MARK} See ‹list partners›.")
    )
    alarm = new_alarm(
        AlarmCode.EFFECT_GIVEN_UP, "1", {"what": "tell", "about": "U1", "reason": f"{MARK} It is tried again."}, NOW
    )
    path = tmp_path / "gatehouse.db"
    db = Database(path)
    migrations.apply(db, stop_before=BEFORE)
    insert(db, one, dump(REQUEST, one))
    row = {"lane": "tell:U-RILEY", "due_at": "2027", "attempts": 1, "doc": dump(EFFECT, tell), "rank": 3}
    db.table("effects").insert({**row, "error": f"{MARK}", "is_parked": 1})
    db.table("effects").insert({**row, "error": "", "doc": json.dumps(json.loads(dump(EFFECT, tell)))})
    db.table("effects").insert({**row, "error": "chat.postMessage: not_in_channel", "is_parked": 1})
    row = {"id": alarm.id, "code": alarm.code.value, "subject": "1", "is_open": 1, "raised_at": "2027"}
    db.table("alarms").insert({**row, "doc": dump(ALARM, alarm)})
    db.close()
    assert read_given_up(path)[1].error == (text_fact("chat.postMessage: not_in_channel"),), "also before it is opened"
    store = await open_store(path, FixedClock())
    try:
        read = await store.request(one.id)
        assert read is not None
        waits = "It waits: The chat system refuses to say who people are (users.info: token_revoked)."
        assert note_words(read.note).startswith(waits)
        assert note_words(read.note).endswith("Look at it with /partner show.")
        assert read.require_prepared().findings[0].values == {"text": "See /partner show."}
        assert read.fields == typed, "what people typed stays"
        (pending,) = await store.pending(NOW.replace(year=2999), 9)
        assert isinstance(pending.effect, SendMessage)
        assert message_words(pending.effect.fact).endswith("See /partner list.")
        assert "token_revoked" in message_words(pending.effect.fact)
        assert [given_up.error for given_up in await store.given_up_effects()] == [
            (REFUSED,),
            (text_fact("chat.postMessage: not_in_channel"),),
        ]
        (kept,) = await store.open_alarms()
        assert "The chat system refuses to say who people are" in alarm_text(kept)
        assert "‹" not in alarm_text(kept)
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("No answer.", [{"code": "text", "values": {"text": "No answer."}}]),
        ("", []),
        ("‹expired›", [{"code": "expired", "values": {}}]),
        ("A ‹expired› B", [{"code": "text", "values": {"text": "A"}}, {"code": "expired", "values": {}}, None]),
        ("‹not_now {no JSON}›", [{"code": "text", "values": {"text": "‹not_now {no JSON}›"}}]),
        ('‹not_now {"a":' + "[" * 9999 + "]" * 9999 + "}›", [None]),
    ],
    ids=["plain", "empty", "one", "within", "no JSON", "too deep"],
)
def test_the_facts_of_a_marked_text(text: str, facts: list[dict[str, Any] | None]) -> None:
    found = EarlierTexts({}).facts_of_text(text)
    assert len(found) == len(facts)
    assert all(fact is None or fact == one for fact, one in zip(facts, found, strict=True))
