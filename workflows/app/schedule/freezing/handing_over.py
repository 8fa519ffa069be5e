"""Let another place go on with the records: in the same kind of store, or in another. The bot must not run.

A place that is older than what was handed over is noticed; see `held_start`.
"""

from workflows.app.schedule.freezing.held_start import HeldStart, generation_of
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.policy.stops.generation import Generation, OutsideGeneration
from workflows.ports.records import Commit


class HandOverRefused(Exception):
    """The records cannot move to another place. The text says why, for the terminal."""


async def require_newest(held: HeldStart) -> tuple[Generation, OutsideGeneration | None]:
    """Check that these are the newest records, and that a start would not be held. Nothing is changed.

    :returns: what the records say, and what is known outside of them.
    :raises HandOverRefused: when they are not certainly the newest.
    :raises FreezeUnreadable: when it cannot be read whether they are held.
    """
    hold, inside, outside = await held.compare()
    if hold is not None or inside is None or held.is_frozen_by_hold(await held.store.freeze()):
        raise HandOverRefused("a start would be held, or there never was one; see gatehouse generation")
    return inside, outside


async def hand_over(held: HeldStart, *, key: str, user: str) -> Generation:
    """Take one more generation, and note outside that another place goes on. The bot must not run.

    :param key: the key of the audit entry.
    :param user: the operating system's user, as the audit log names it.
    :returns: what the other place needs: records that are older than it are noticed there.
    :raises HandOverRefused: when these are not certainly the newest records.
    """
    inside, outside = await require_newest(held)
    entry = entry_of(key, held.clock.now(), user, "hand_over", {"generation": inside.public})
    await held.store.commit(Commit(entry=entry))
    taken = await held.take(inside, outside)
    await held.place.save(OutsideGeneration(generation=taken, last_entry=key, is_handed_over=True))
    return taken


async def begin_move(held: HeldStart, *, key: str, user: str, to: str) -> Generation:
    """Record that the records move to another kind of store, and take one more generation, so that copies are older.

    Until the move has ended, a start here goes on with them. The bot must not run.

    :param key: the key of the audit entry.
    :param user: the operating system's user, as the audit log names it.
    :param to: the name of the other place, for people.
    :raises HandOverRefused: when these are not certainly the newest records.
    """
    inside, outside = await require_newest(held)
    entry = entry_of(key, held.clock.now(), user, "move_records", {"generation": inside.public, "to": to})
    await held.store.commit(Commit(entry=entry))
    return await held.take(inside, outside)


async def take_over(held: HeldStart, generation: Generation) -> None:
    """Note outside that these records go on here. The bot must not run.

    :raises HandOverRefused: when they are others than were handed over, or older.
    """
    inside = await generation_of(held.store)
    if inside is None or inside.installation != generation.installation or inside.number < generation.number:
        found = "nothing" if inside is None else inside.public
        raise HandOverRefused(f"the records here say {found}; copy the database file again after the hand-over")
    await held.place.save(OutsideGeneration(generation=inside))
