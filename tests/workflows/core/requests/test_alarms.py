"""An alarm is open until it was found repaired."""

from dataclasses import replace

from tests.workflows.core.builders import NOW
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId


def test_an_alarm_is_open_until_it_is_cleared() -> None:
    alarm = Alarm(id=AlarmId("a-1"), code=AlarmCode.ROLE_EMPTY, subject="security", raised_at=NOW)
    assert alarm.is_open
    assert not replace(alarm, cleared_at=NOW).is_open
