"""Why the records cannot be written, in words: an alarm's reason, an error, and what was stored earlier."""

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from bot.words.unavailable.storage import TROUBLES, trouble_words
from workflows.core.errors.facts import Fact
from workflows.core.requests.request import RequestId
from workflows.ports.effects_queue import QueueCode
from workflows.ports.records import OtherOpenRequest, StoreNotWritable, StoreTrouble

WORDS = {
    StoreTrouble.DISK_FULL: "the disk is full",
    StoreTrouble.LOCKED: "another program locks the database",
    StoreTrouble.READ_ONLY: "the database is read-only",
    StoreTrouble.FILE_BESIDE: "a file next to the database cannot be opened",
    StoreTrouble.DISK_ERROR: "the disk reports an error",
    StoreTrouble.DAMAGED: "the database is damaged",
    StoreTrouble.AWAY: "the database does not answer",
    StoreTrouble.OTHER_VERSION: "a newer version of Gatehouse changed the database; start that version here too",
    StoreTrouble.CANCELED: "the database ended a statement before it was done",
}


@pytest.mark.parametrize("trouble", StoreTrouble)
def test_each_trouble_has_words(trouble: StoreTrouble) -> None:
    assert trouble_words(trouble.value) == TROUBLES[trouble] == WORDS[trouble]
    assert refusal_words(StoreNotWritable(trouble)) == f"The records cannot be written: {WORDS[trouble]}."
    assert str(StoreNotWritable(trouble)) == trouble.value


def test_what_an_earlier_version_stored_stays_as_it_is() -> None:
    assert trouble_words("the disk is full") == "the disk is full"


def test_another_open_request_is_named() -> None:
    assert refusal_words(OtherOpenRequest(RequestId("R-1"))) == "R-1 is open for the same tenant."


def test_an_effect_that_cannot_be_read_says_so() -> None:
    assert fact_words(Fact(QueueCode.UNREADABLE, {"problems": 3})) == "unreadable: 3 problems"
