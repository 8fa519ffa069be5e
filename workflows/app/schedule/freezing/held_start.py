"""Take the next generation at each start, or start held. After a release, void what is older, and take it then.

A start that is held takes nothing: while it is held, what is known outside stays as it was, so that the right records
are still known as such. Each step may be interrupted; the next start goes on from there.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.policy.stops.freeze import Freeze, begin_hold, lift_hold
from workflows.core.policy.stops.generation import (
    Generation,
    Hold,
    HoldCause,
    InsideGeneration,
    OutsideGeneration,
    hold_of,
    next_generation,
)
from workflows.core.requests.effects import ShowFreeze
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, FreezeUnreadable
from workflows.ports.store import GenerationPlace, Store

GENERATION: Final = "generation"
"""The name of the mark with the generation of the records."""

_ABOUT_THE_PLACE: Final = frozenset(
    {HoldCause.NOT_HANDED_OVER, HoldCause.FORKED, HoldCause.COPIED, HoldCause.OTHER_INSTALLATION}
)
"""What also is so when the records are right, and a process uses another place than those that run with them."""
_TAKEN_WITHIN_SECONDS: Final = 0.5
"""How long it may take another process to take a generation, so that both places say the same again."""
_log = structlog.get_logger()


class _LeadLost(Exception):
    """Another process leads now, and may have taken a generation. Nothing was written outside."""


class PlaceNotShared(Exception):
    """Other processes run with these records, and the place of this one does not know them. Nothing was stored."""

    def __init__(self, cause: HoldCause) -> None:
        super().__init__(cause.value)
        self.cause = cause


async def generation_of(store: Store) -> Generation | None:
    """Return installation and number of the present start; None before the first one.

    While the bot is held, it is what the records say.
    """
    return _parsed(await store.mark(GENERATION))


def _parsed(text: str | None) -> Generation | None:
    try:
        return None if not text else Generation.parse(text)
    except ValueError:
        _log.error("generation_unreadable", place="records")
        return None


@dataclass(slots=True, kw_only=True)
class HeldStart:
    """Compares the records with what is known outside of them. One for each process."""

    store: Store
    clock: Clock
    place: GenerationPlace
    is_held: bool = False
    """Whether this start was held, and has taken no generation."""
    refuses_before: datetime | None = None
    """When the last hold began. What was sent before it may have been done already, and is refused for some minutes."""
    _is_to_take: bool = False
    """Whether the first check takes the generation of this start."""
    _confirmed: tuple[Generation, str] | None = None
    """The generation and the newest audit entry that are known outside."""

    async def begin(self, *, takes_now: bool = True) -> Hold | None:
        """Compare, and take the next generation; or store that the bot is held. Must be called before the first tick.

        :param takes_now: False: the first `check` takes it, so that a start does not wait for two writes to the disk.
        :returns: why it is held; None when it is not.
        :raises PlaceNotShared: when others run with these records, and only this process's place does not know them.
        :raises StoreNotWritable: when that cannot be stored; repeat it.
        :raises OSError: when the place outside cannot be read or written.
        """
        found, inside, outside = await self._compare_certainly()
        if found is not None and found.cause in _ABOUT_THE_PLACE and await self._are_others_running():
            raise PlaceNotShared(found.cause)
        hold = await self._stored(found)
        self.is_held = hold is not None
        self.refuses_before = _refuses_before(await self._freeze())
        if hold is None:
            await self.place.require_writable()
            self._is_to_take = not takes_now
            if takes_now:
                await self.take(inside, outside)
        else:
            _log.error("started_held", cause=hold.cause.value, inside=hold.inside[:45], outside=hold.outside[:45])
        return hold

    async def _compare_certainly(self) -> tuple[Hold | None, Generation | None, OutsideGeneration | None]:
        """Compare. Where another process may be taking a generation just now, compare again before anything is held."""
        compared = await self.compare()
        if compared[0] is None or self.store.shared_queue is None:
            return compared
        await asyncio.sleep(_TAKEN_WITHIN_SECONDS)
        return await self.compare()

    async def _are_others_running(self) -> bool:
        return self.store.shared_queue is not None and await self.store.shared_queue.has_others()

    async def compare(self) -> tuple[Hold | None, Generation | None, OutsideGeneration | None]:
        """Compare only; returns why it is held or would be, and what the records and the place outside say."""
        inside = await generation_of(self.store)
        outside = await self.place.read("" if inside is None else inside.installation)
        known = InsideGeneration(
            generation=inside,
            has_last_entry=outside is None or await self._has_last_entry(outside),
            is_other_file_there=outside is not None and await self.place.has_other_records(outside),
        )
        ran_at = await self.store.mark(LAST_TICK)
        hold = hold_of(known, outside, last_ran_at=None if ran_at is None else datetime.fromisoformat(ran_at))
        return hold, inside, outside

    async def _stored(self, hold: Hold | None) -> Hold | None:
        """Store that the start is held, or is not any more; returns the hold that is in force."""
        now, version = self.clock.now(), 1
        try:
            before = await self.store.freeze()
        except FreezeUnreadable as error:
            before, version = None, error.version + 1
        changed = lift_hold(before, now=now) if hold is None else begin_hold(before, hold, now=now, version=version)
        if changed is None:
            return before.hold if hold is not None and before is not None and before.is_frozen else None
        command = "start_held" if hold is not None else "lift_hold"
        details = {"version": changed.version} if hold is None else _details(hold)
        entry = entry_of(f"{command}:{now.isoformat()}:{changed.version}", now, None, command, details)
        await self.store.commit(Commit(entry=entry, freeze=changed, effects=(ShowFreeze(),)))
        return hold

    async def take(self, inside: Generation | None, outside: OutsideGeneration | None) -> Generation:
        """Take the next generation: outside first, then in the records. `check` confirms it outside.

        A process that ends in between leaves both as they were, or the taken one in the records, which counts as well.
        """
        installation, token = os.urandom(16).hex(), os.urandom(8).hex()
        taken = next_generation(inside, outside, new_installation=installation, token=token)
        if inside is not None and inside.installation == taken.installation:
            newest, place = await self._newest_entry(), await self._last_place()
            going_on = OutsideGeneration(generation=inside, taking=taken, last_entry=newest, last_place=place)
        elif outside is not None:  # as it was, so that a release counts again if this is interrupted
            going_on = replace(outside, taking=taken, is_handed_over=False)
        else:
            first = Generation(installation=taken.installation, number=0)
            going_on = OutsideGeneration(generation=first, taking=taken)
        await self._save(going_on, inside)
        await self.store.save_mark(GENERATION, taken.stored)
        return taken

    async def _save(self, known: OutsideGeneration, inside: Generation | None) -> None:
        """Write what is known outside, unless this process was suspended, and another one has led since.

        What it would write would be older than the records, and hold every bot.

        :param inside: the generation that the records had when `known` was made.
        :raises _LeadLost: when something else is so now.
        """
        if self.store.shared_queue is not None and (
            await generation_of(self.store) != inside or not await self.store.is_still_mine()
        ):
            raise _LeadLost
        await self.place.save(known)

    async def _freeze(self) -> Freeze | None:
        """Return the newest freeze; None also when it cannot be read, which counts as a freeze."""
        try:
            return await self.store.freeze()
        except FreezeUnreadable:
            return None

    @staticmethod
    def is_frozen_by_hold(freeze: Freeze | None) -> bool:
        """Return whether a hold is in force."""
        return freeze is not None and freeze.is_frozen and freeze.hold is not None

    async def _has_last_entry(self, outside: OutsideGeneration) -> bool:
        """Return whether the log has the entry that is known outside, with the same signature.

        Whoever has the file could take all signatures out of it, and have the log signed anew like one of an earlier
        version. It has the same keys then.
        """
        if outside.last_entry and not await self.store.is_known(outside.last_entry):
            return False
        number, _, signature = outside.last_place.partition(":")
        if not number.isdecimal():
            return True
        rows = await self.store.rows_after(int(number) - 1, limit=1)
        return any((row.seq, (row.mac or b"").hex()) == (int(number), signature) for row in rows)

    async def _last_place(self) -> str:
        point = await self.store.chain_end()
        return f"{point.seq}:{point.mac.hex()}" if point.seq else ""

    async def _newest_entry(self) -> str:
        return next((entry.key for entry in await self.store.history(limit=1)), "")

    async def look(self) -> None:
        """Follow what other processes found: a hold of one is a hold of all, and so is its release."""
        freeze = await self._freeze()
        if freeze is not None:
            was_held, self.is_held = self.is_held, self.is_frozen_by_hold(freeze)
            self._is_to_take = self._is_to_take or (was_held and not self.is_held)
            self.refuses_before = _refuses_before(freeze)

    async def _is_still_whole(self) -> bool:
        """Return whether the records still are those that this process knows; store a hold if not.

        A server's records can be restored while processes run.
        """
        found, _, _ = await self._compare_certainly()
        if found is None or await self._stored(found) is None:
            return True
        self.is_held = True
        await self.look()
        _log.error("held", cause=found.cause.value, inside=found.inside[:45], outside=found.outside[:45])
        return False

    async def check(self) -> None:
        """Have the place outside know the newest entry, so that an older backup of the same start is noticed.

        Nothing outside changes while the bot is held. After a release the next generation is taken.
        """
        with suppress(_LeadLost):
            await self._check()

    async def _check(self) -> None:
        if self.store.shared_queue is not None:
            await self.look()
        if self.is_held:
            freeze = await self._freeze()
            if freeze is None or self.is_frozen_by_hold(freeze):
                return
            self.is_held, self._is_to_take = False, True
        if self._is_to_take:
            # NB. it may be days since `begin` compared: until now this process followed another one.
            if self.store.shared_queue is not None and not await self._is_still_whole():
                return
            _, inside, outside = await self.compare()
            await self.take(inside, outside)
            self._is_to_take = False
        # NB. read before it is written outside: what is known there is certainly in the records.
        newest, taken = await self._newest_entry(), await generation_of(self.store)
        if taken is None or (taken, newest) == self._confirmed:
            return
        if self.store.shared_queue is not None and self._confirmed is not None and not await self._is_still_whole():
            return
        place = await self._last_place()
        await self._save(OutsideGeneration(generation=taken, last_entry=newest, last_place=place), taken)
        self._confirmed = (taken, newest)


def _refuses_before(freeze: Freeze | None) -> datetime | None:
    return None if freeze is None else freeze.voids_before


def _details(hold: Hold) -> dict[str, object]:
    """Return what the audit log says of a held start; tokens are left out."""
    ran_at = None if hold.last_ran_at is None else hold.last_ran_at.isoformat()
    inside, outside = (text.rpartition(":")[0] if text.count(":") > 1 else text for text in (hold.inside, hold.outside))
    return {"cause": hold.cause.value, "inside": inside, "outside": outside, "last_ran_at": ran_at}
