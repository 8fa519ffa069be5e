"""What admins read of work that was given up."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.slack.words.alarms import alarm_cure, alarm_text
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
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
    assert "gatehouse doctor" in alarm_cure(alarm)
