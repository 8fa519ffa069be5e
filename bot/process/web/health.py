"""Whether clicks can be received and stored: checked every few seconds, reported by /readyz and by alarms.

Nothing else makes the bot unready. When another system is unreachable, the bot waits for it and accepts clicks.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.process.web.server import WINDOW_SECONDS
from bot.words.unavailable.storage import trouble_words
from workflows.app.alarms import Alarms, new_alarm
from workflows.core.errors.raised import DomainError
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.intervals import CLOCK_ALARM_FROM, CLOCK_ALARM_UNTIL, CLOCK_HOLDS_FROM, HEALTH_CHECKED_EVERY
from workflows.ports.clock import Clock, ClockComparison
from workflows.ports.message_copies import MessageCopy
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.ports.store import Store

if TYPE_CHECKING:
    from bot.slack.inbound.socket import SlackSocket

CHECK_SECONDS: Final = HEALTH_CHECKED_EVERY.total_seconds()
_CHECKS_UNTIL_ALARM: Final = 2
"""Failed checks until the alarm: a backup may lock the database for a moment."""

_OWN_PROBLEM_KEPT: Final = 4 * HEALTH_CHECKED_EVERY
"""How long the others know what a process found of itself, when it says nothing more."""

_log = structlog.get_logger()

SendAlarm = Callable[[Alarm], Awaitable[Sequence[MessageCopy]]]
"""Sends an alarm to the admins without storing anything. Returns the copies, to be stored later."""


class Health:
    """The health of this process: whether records can be written, and whether Slack is heard."""

    def __init__(
        self,
        *,
        store: Store,
        alarms: Alarms,
        clock: Clock,
        send: SendAlarm,
        socket: "SlackSocket | None" = None,
        comparison: ClockComparison | None = None,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._send = send
        self._socket = socket
        self._comparison = comparison
        self._is_clock_alarmed = False
        self._check_seconds = check_seconds
        self._failed_checks = 0
        self._unstored: Alarm | None = None
        self._copies: Sequence[MessageCopy] | None = None
        self._is_first = True
        self._name = secrets.token_hex(4)
        """How this process is called among those that share the store."""
        self._noted: set[str] = set()
        """The notes of this process that are stored."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why clicks cannot be received or stored now; empty when they can."""
        problems = []
        if self._store.last_write_error:
            problems.append(f"the records cannot be written: {trouble_words(self._store.last_write_error)}")
        if self._socket is not None and self._socket.silence:
            problems.append(f"Slack is not heard: {self._socket.silence}")
        # Over Socket Mode nothing is signed.
        if self._socket is None and self._clock_is_wrong_by(timedelta(seconds=WINDOW_SECONDS)):
            problems.append(f"every click is refused: {self.warnings[0]}")
        return tuple(problems)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is wrong while clicks can be received."""
        wrong_by = None if self._comparison is None else self._comparison.wrong_by()
        if wrong_by is None or abs(wrong_by) < CLOCK_ALARM_FROM:
            return ()
        return (clock_words(wrong_by),)

    def _clock_is_wrong_by(self, least: timedelta) -> bool:
        wrong_by = None if self._comparison is None else self._comparison.wrong_by()
        return wrong_by is not None and abs(wrong_by) >= least

    async def run(self) -> None:
        """Repeat the check until cancelled."""
        while True:
            try:
                await self.check()
            except Exception:
                _log.exception("health_not_known")
            await asyncio.sleep(self._check_seconds)

    async def check(self) -> None:
        """Check once, and raise or clear the alarms."""
        if trouble := await self._store.probe():
            await self._alarm_about_store(trouble)
            return
        await self._clear_store_alarm()
        await self._update_socket_alarm()
        await self._update_clock_alarm()

    async def _alarm_about_store(self, trouble: StoreTrouble) -> None:
        """Tell the admins once. The alarm cannot be stored now, so it is stored later."""
        if trouble is StoreTrouble.OTHER_VERSION:
            return  # bots of the newer version serve; this one is about to be replaced
        self._failed_checks += 1
        if self._failed_checks < _CHECKS_UNTIL_ALARM:
            return
        if self._unstored is None:
            # Each of several processes has told the admins, so each has an alarm: its messages change at its end.
            subject, values = "" if self._store.shared_notes is None else self._name, {"reason": trouble.value}
            self._unstored = new_alarm(AlarmCode.STORE_NOT_WRITABLE, subject, values, self._clock.now())
        if self._copies is None:
            try:
                self._copies = await self._send(self._unstored)
            except DomainError as error:
                _log.warning("alarm_not_sent", code=self._unstored.code.value, reason=str(error))

    async def _clear_store_alarm(self) -> None:
        """Store the alarm that could not be stored, and that the store works again."""
        self._failed_checks = 0
        if self._unstored is not None:
            for copy in self._copies or ():
                await self._store.save_copy(copy)
            await self._alarms.store_alarm(self._unstored)
            self._unstored, self._copies, self._is_first = None, None, True
        if self._is_first:  # also when an earlier process ended before it could do so
            await self._alarms.update_alarms(AlarmCode.STORE_NOT_WRITABLE, {})
            self._is_first = False

    async def _update_socket_alarm(self) -> None:
        if self._socket is None:
            return
        try:
            reasons = await self._of_all(AlarmCode.SOCKET_SILENT, self._socket.silence)
            alarm_values = {"": {"reason": reasons[0]}} if reasons else {}
            await self._alarms.update_alarms(AlarmCode.SOCKET_SILENT, alarm_values)
        except StoreNotWritable:
            _log.warning("alarm_not_stored", code=AlarmCode.SOCKET_SILENT.value)

    async def _update_clock_alarm(self) -> None:
        """Alarm while the clock is wrong. While nothing can be compared, an open alarm stays."""
        wrong_by = None if self._comparison is None else self._comparison.wrong_by()
        if wrong_by is None:
            return
        is_wrong = abs(wrong_by) >= (CLOCK_ALARM_UNTIL if self._is_clock_alarmed else CLOCK_ALARM_FROM)
        seconds = str(int(abs(wrong_by).total_seconds())) if is_wrong else ""
        try:
            wrong = await self._of_all(AlarmCode.CLOCK_WRONG, seconds)
            await self._alarms.update_alarms(AlarmCode.CLOCK_WRONG, {"": {"seconds": wrong[0]}} if wrong else {})
        except StoreNotWritable:
            _log.warning("alarm_not_stored", code=AlarmCode.CLOCK_WRONG.value)
        else:
            self._is_clock_alarmed = is_wrong

    async def _of_all(self, code: AlarmCode, found: str) -> Sequence[str]:
        """Tell the processes that share the store what this one finds of itself; return what all of them find.

        So a process without a problem does not clear the alarm of another one. What a process said that died is
        forgotten after its time.

        :param found: what is wrong with this process; empty when nothing is.
        """
        notes = self._store.shared_notes
        if notes is None:
            return [found] if found else []
        mine = f"{code.value}:{self._name}"
        if found:
            await notes.put(mine, found, kept_for=_OWN_PROBLEM_KEPT)
            self._noted.add(mine)
        elif mine in self._noted:
            await notes.forget(mine)
            self._noted.discard(mine)
        return [text for _, text in sorted((await notes.read(f"{code.value}:")).items())]


def clock_words(wrong_by: timedelta) -> str:
    """Return how far our clock is wrong, and what follows."""
    seconds, side = int(abs(wrong_by).total_seconds()), "ahead of" if wrong_by > timedelta() else "behind"
    held = "; nothing that opens access is written" if abs(wrong_by) >= CLOCK_HOLDS_FROM else ""
    return f"the clock is {seconds} seconds {side} Slack's and Microsoft's{held}"
