"""What admins read of work that was given up."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.slack.words.alarms import ENDINGS, alarm_advice, alarm_elements, alarm_text, ending_words
from bot.slack.words.drift_buttons import alarm_answers
from bot.words.sentences import minute
from tests.workflows.core.builders import NOW, TENANT
from workflows.app.alarms import new_alarm
from workflows.core.errors.facts import Fact
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId, EndingCode
from workflows.core.requests.effects import Effect, ShowAlarm

KINDS = [one.__dataclass_fields__["kind"].default for one in get_args(Effect) if one is not ShowAlarm]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_has_words(kind: str) -> None:
    values = {"what": kind, "about": "R-1", "reason": "no such channel"}
    alarm = Alarm(
        id=AlarmId("A-1"),
        code=AlarmCode.EFFECT_GIVEN_UP,
        subject="7",
        values=values,
        raised_at=datetime(2026, 11, 26, tzinfo=UTC),
    )
    text = alarm_text(alarm)
    assert "R-1" in text
    assert "no such channel" in text
    assert "_" not in text
    assert f": {kind} (" not in text
    assert "gatehouse doctor" in alarm_advice(alarm)


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Fact(EndingCode.CLICK_ENDED), "the click was refused, or an admin gave it up"),
        (Fact(EndingCode.REPLACED, {"by": "R-2"}), "replaced by R-2"),
        (Fact(EndingCode.REQUEST_ENDED, {"state": "stopped"}), "the request ended as stopped"),
        (Fact(EndingCode.DAY_PASSED), "a day passed without a verified block"),
        (Fact(EndingCode.NOT_ALL_CLOSED), "the block is verified, but something may still be open"),
    ],
)
def test_why_an_alarm_ended_reads_as_always(ended: Fact, said: str) -> None:
    alarm = new_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, "R-1", {"ended": asdict(ended)}, NOW)
    assert ending_words(alarm) == said
    assert set(ENDINGS) == set(EndingCode)


def test_an_alarm_of_an_earlier_version_keeps_its_texts() -> None:
    values = {"ended": "replaced by R-2", "partner": "contoso.com", "request": "R-1", "reason": "No answer."}
    alarm = new_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, "R-1", values, NOW)
    assert ending_words(alarm) == "replaced by R-2"
    assert alarm_text(alarm).endswith("The partner may still be open. No answer.")
    lack = {
        "role": "security",
        "people": "0",
        "needed": "1",
        "requests": "R-1",
        "missing": "The user group @sec is off.",
    }
    assert alarm_text(new_alarm(AlarmCode.ROLE_EMPTY, "security", lack, NOW)).endswith(
        "R-1. The user group @sec is off."
    )


def test_every_time_of_an_alarm_is_in_the_zone_of_its_reader() -> None:
    values = {"request": "R-1", "partner": "contoso.com", "reason": f"No answer since {minute(NOW)}."}
    elements = alarm_elements(new_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, "R-1", values, NOW))
    parts = [part.to_dict() for element in elements for part in element.elements]  # type: ignore[attr-defined]
    assert [part["timestamp"] for part in parts if part["type"] == "date"] == [int(NOW.timestamp())] * 2
    assert "UTC" not in "".join(part["text"] for part in parts if part["type"] == "text")


def test_who_dismisses_a_message_is_told_how_long_nobody_gets_it_and_that_no_access_changes() -> None:
    alarm = new_alarm(AlarmCode.SIGN_INS_DENIED, TENANT, {"dismiss_days": 30}, NOW)
    answers = alarm_answers(alarm, is_admin=True)
    assert answers is not None
    said = json.dumps(answers.to_dict())
    assert "For 30 days no admin gets a message about this. It changes no access." in said
