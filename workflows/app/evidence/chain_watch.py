"""Verify the audit log: its newest entries at the start of the bot, and all of it once a day, in the background.

A problem is an alarm, and freezes everything that opens access; closing goes on. A problem that admins know does not
freeze again: two of them ended the freeze.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from workflows.app.alarms import Alarms
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.watch.sweep import time_of_mark
from workflows.core.audit.chain import FREEZE_KEY
from workflows.core.audit.verifying import ChainCheck, ChainProblem, ChainProblemCode, with_problems
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import AUDIT_VERIFIED_EVERY
from workflows.ports.audit_log import RestsOn
from workflows.ports.clock import Clock
from workflows.ports.store import Store

VERIFIED_AT_START: Final = 1000
"""How many of the newest entries are verified before anything is done: a few hundredths of a second."""
AUDIT_VERIFIED_AT: Final = "audit_verified_at"
"""The name of the mark with the time when the last verification of all entries began."""
_KNOWN: Final = "audit_problems_known"
"""The name of the mark with the problems that already led to a freeze, and with their number."""
_CUT: Final = f"{ChainProblemCode.TAIL_CUT.value}:"
_log = structlog.get_logger()


class Freezing(Protocol):
    """Begins a freeze that no person asked for, see `Freezes.freeze_by_itself`."""

    def __call__(self, *, key: str, reason: str) -> Awaitable[None]:
        """Freeze.

        :raises Refused: when it is frozen already.
        """


@dataclass(slots=True, kw_only=True)
class ChainWatch:
    """Verifies the audit log, and raises and clears the alarm about it."""

    store: Store
    clock: Clock
    alarms: Alarms
    freeze: Freezing
    why: Callable[[ChainProblem], str]
    """Returns the reason of the freeze, in words: it is stored like the reason of an admin."""
    start: Callable[[Coroutine[Any, Any, None]], None]
    """Starts work that may take long, and logs its errors."""
    _is_running: bool = field(default=False, init=False)
    _has_begun: bool = field(default=False, init=False)
    _read_for: set[str] = field(default_factory=set, init=False)
    """The problems of entries for which all entries were read, to say more about them."""

    async def check_newest(self) -> None:
        """Verify the newest entries. A failure to read is logged: closing must go on."""
        try:
            await self._report(await self.store.verify_chain(newest=VERIFIED_AT_START), is_complete=False)
        except Exception:
            _log.exception("audit_log_not_verified")

    async def check(self) -> None:
        """Verify all entries in the background when it is time. Report what was not believed since the last tick."""
        await self.report_unproven()
        now, last = self.clock.now(), await time_of_mark(self.store, AUDIT_VERIFIED_AT)
        if self._is_running or (last is not None and abs(now - last) < AUDIT_VERIFIED_EVERY):
            return
        await self.store.save_mark(AUDIT_VERIFIED_AT, now.isoformat())
        self._is_running = True
        self.start(self._verify_all())

    async def report_unproven(self) -> None:
        """Report what was not believed, and what entries say about the freeze. The first tick does not wait.

        Each process knows what it did not believe itself.
        """
        if self._has_begun:
            await self.store.unproven(RestsOn())
        self._has_begun = True
        found = self.store.take_unproven()
        if not found:
            return
        await self._report(await self._check_of(found), is_complete=False)
        names = {problem.name for problem in found if not problem.record}
        if not names <= self._read_for and not self._is_running:
            self._read_for |= names
            self._is_running = True
            self.start(self._verify_all())

    async def _check_of(self, found: Sequence[ChainProblem]) -> ChainCheck:
        last = await self.store.chain_end()
        return ChainCheck(count=0, last=last, problems=tuple(found), problem_count=len(found))

    async def _verify_all(self) -> None:
        try:
            found = await self.store.verify_chain()
            # NB. what was read while it was written counts as well: a log whose newest entries were cut off is whole.
            seen = [problem for problem in await self.store.unproven(RestsOn()) if not problem.record]
            if found.problem_count == 0 or all(problem.record for problem in found.problems):
                found = with_problems(found, seen)
            await self._report(found, is_complete=True)
        finally:
            self._is_running = False

    async def _report(self, found: ChainCheck, *, is_complete: bool) -> None:
        """Make the alarms equal to what was found, and freeze when a problem is new.

        :param is_complete: whether all entries were verified, so that an alarm can be cleared.
        """
        count, known = await self._known()
        names = [problem.name for problem in found.problems]
        new = [name for name in names if _place(name) not in set(map(_place, known))]
        is_new = bool(new) or (is_complete and found.problem_count > count)
        is_over = is_complete and await self._clear_alarms(found)
        if is_new and names:
            await self._raise_alarm(found, new[0] if new else names[0])
            _log.error("audit_log_changed", problem=names[0], count=found.problem_count)
            await self._freeze(found, known | set(names))
        elif is_complete and names:
            await self._raise_alarm(found, names[0])
        elif is_over and known:
            await self.store.save_mark(_KNOWN, "")

    async def _raise_alarm(self, found: ChainCheck, name: str) -> None:
        """Raise the alarm about a problem, unless there is one about any of them."""
        if not await self._open_subjects() & {problem.name for problem in found.problems}:
            await self.alarms.raise_alarm(AlarmCode.AUDIT_CHAIN, name, _values(found, name))

    async def _clear_alarms(self, found: ChainCheck) -> bool:
        """Clear the alarms about what is repaired. Returns whether nothing is wrong any more.

        Entries that were cut off do not come back, and the log is whole without them. Two admins end that.
        """
        open_subjects = await self._open_subjects()
        kept = {problem.name for problem in found.problems}
        if found.problem_count > len(kept):
            return False  # not all of them are listed
        if await known_freeze(self.store) is not None:
            kept |= {subject for subject in open_subjects if subject.startswith(_CUT)}
        for subject in sorted(open_subjects - kept):
            await self.alarms.clear_alarm(AlarmCode.AUDIT_CHAIN, subject)
        return not kept

    async def _open_subjects(self) -> set[str]:
        return {alarm.subject for alarm in await self.store.open_alarms() if alarm.code is AlarmCode.AUDIT_CHAIN}

    async def _known(self) -> tuple[int, frozenset[str]]:
        text = await self.store.mark(_KNOWN)
        known: dict[str, Any] = json.loads(text) if text else {"count": 0, "names": []}
        return int(known["count"]), frozenset(known["names"])

    async def _freeze(self, found: ChainCheck, names: frozenset[str]) -> None:
        """Freeze, and remember the problems. While it is frozen for another reason, they stay new."""
        key = f"{FREEZE_KEY}{found.problems[0].name}:{self.clock.now().isoformat()}"
        try:
            await self.freeze(key=key, reason=self.why(found.problems[0]))
        except Refused as refused:
            if refused.code is not RefusalCode.ALREADY_FROZEN:
                raise
            return
        known = {"count": max(found.problem_count, len(names)), "names": sorted(names)}
        await self.store.save_mark(_KNOWN, json.dumps(known))


def _place(name: str) -> str:
    """Return what names a problem again when more is known about it: of an entry its number, whatever was done to it.

    Of entries that were cut off it is the whole name, because the number is given again.
    """
    _, _, place = name.partition(":")
    return place if place.isdigit() and not name.startswith(_CUT) else name


def _values(found: ChainCheck, name: str) -> dict[str, Any]:
    first = next((problem for problem in found.problems if problem.name == name), found.problems[0])
    values = {"problem": first.code.value, "seq": first.seq, "key_id": first.key_id, "count": found.problem_count}
    return values | ({"record": first.shown_record} if first.record else {})
