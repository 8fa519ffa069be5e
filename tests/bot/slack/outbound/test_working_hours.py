"""Fourteen days of silence: each person is reminded on the template's days, in the hours of their own time zone."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from bot.slack.outbound.recipients import Outbound
from bot.slack.outbound.reminders import Reminders
from bot.slack.people.users import zone_of_user
from tests.workflows.core.builders import prepared, request, situation
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.automatic import Expire, RecordPrepared
from workflows.core.requests.commands.request import RemindApprovers, RequestCommand
from workflows.core.requests.deadlines.commands import AnnounceExpiry
from workflows.core.requests.effects import Effect, RemindPerson, SendReminders
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestState

ZONES: dict[ChatId, tzinfo] = {
    ChatId("U-BERLIN"): ZoneInfo("Europe/Berlin"),
    ChatId("U-NEW-YORK"): ZoneInfo("America/New_York"),
    ChatId("U-TOKYO"): ZoneInfo("Asia/Tokyo"),
}
BEGIN = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOLIDAY = date(2027, 3, 5)
CALENDAR = WorkingCalendar(holidays=frozenset({HOLIDAY}))
HOUR = timedelta(hours=1)


@dataclass
class Silence(Reminders):
    """The real rule of who is reminded when, with a clock, a store and a message that only remember."""

    at: datetime = BEGIN
    later: dict[ChatId, datetime] = field(default_factory=dict)
    sent: dict[ChatId, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._outbound: Any = self
        self.clock = self.directory = self.store = self
        self.calendar = CALENDAR

    async def works_next_at(self, person: ChatId, latest: datetime | None = None) -> datetime | None:
        return await Outbound.works_next_at(cast(Outbound, self), person, latest)

    def now(self) -> datetime:
        return self.at

    async def zone_of(self, person: ChatId) -> tzinfo:
        return ZONES[person]

    async def perform_later(self, effect: RemindPerson, at: datetime) -> None:
        self.later.setdefault(effect.person, at)

    async def _remind(self, person: ChatId, today: str) -> None:
        local = self.at.astimezone(ZONES[person])
        assert f"{local:%Y-%m-%d}" == today
        self.sent.setdefault(person, []).append(f"{local:%a %d %H:%M}")


def accepted(known: AccessRequest, command: RequestCommand, at: datetime) -> tuple[AccessRequest, tuple[Effect, ...]]:
    try:
        transition = advance(known, command, situation(at))
    except Refused:
        return known, ()
    return transition.request, transition.effects


async def test_fourteen_days_of_silence_in_three_time_zones_with_a_holiday() -> None:
    lifetime = timedelta(days=14)
    preparing = request(RequestState.PREPARING, expires_at=BEGIN + lifetime, lifetime=lifetime, prepared=None)
    asked = RecordPrepared(prepared=prepared(remind_after=(1, 2, 4)))
    moment = situation(BEGIN)
    waiting = advance(preparing, asked, type(moment)(now=BEGIN, calendar=CALENDAR)).request
    silence = Silence()
    while silence.at <= BEGIN + timedelta(days=15):
        for person in [one for one, due in silence.later.items() if due <= silence.at]:
            del silence.later[person]
            if waiting.state is RequestState.AWAITING_APPROVAL:
                await silence.remind([person])
        for command in (RemindApprovers(), AnnounceExpiry(), Expire()):
            waiting, effects = accepted(waiting, command, silence.at)
            if any(isinstance(effect, SendReminders) for effect in effects):
                latest = waiting.expires_at if waiting.expiry_told_at else None
                await silence.remind(ZONES, latest=latest)
        silence.at += HOUR
    assert waiting.state is RequestState.EXPIRED
    assert silence.sent == {
        "U-BERLIN": ["Tue 02 10:00", "Wed 03 10:00", "Mon 08 10:00", "Thu 11 10:00"],
        "U-NEW-YORK": ["Tue 02 09:00", "Wed 03 09:00", "Mon 08 09:00", "Thu 11 09:00"],
        "U-TOKYO": ["Wed 03 09:00", "Thu 04 09:00", "Tue 09 09:00", "Fri 12 09:00"],
    }, "after 1, 2 and 4 working days, and once before it expires"


@pytest.mark.parametrize("tz", [None, "", "Europe/Atlantis", "../etc", 7, "Europe"])
def test_a_time_zone_that_does_not_exist_is_none(tz: object) -> None:
    assert zone_of_user({"tz": tz}) is None
    assert zone_of_user({"tz": "Asia/Tokyo"}) == ZoneInfo("Asia/Tokyo")
