"""How many effects of each kind of work a process performs at the same time.

What only closes access has its own places, which nothing else can use. None of the others can use all places. So many
cards do not delay an approval, and a slow Microsoft Graph delays neither the cards nor an approved write, and many new
requests delay no click. Few of the files that people give are judged at the same time.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

from workflows.core.requests.effects import WorkKind

MAX_PARALLEL: Final = 16
"""The most effects at the same time, without those that close access: these have their own places."""
_MAX_OF_ONE_KIND: Final = 12
"""The most of each at the same time: what closes access; other checks, preparations and writes; messages."""
_MAX_BEFORE_WRITES: Final = 10
"""The most permission checks and preparations at the same time, so that they leave room for approved writes."""
_MAX_PREPARING: Final = 8
"""The most preparations at the same time, so that they leave room for permission checks."""
_MAX_HOMES: Final = 4
_MAX_HOMES_BEFORE_OTHERS: Final = 1
"""The most App Homes at the same time while something more important finds no room."""
_MAX_SHEETS: Final = 2
"""The most files of partners at the same time: each takes minutes of look-ups, and cards have the same places."""

_DECIDING: Final = (WorkKind.WRITE, WorkKind.CHECK, WorkKind.PREPARE)


def has_room(kind: WorkKind, running: Collection[WorkKind], *, others_wait: bool = False) -> bool:
    """Return whether one more effect of this kind can be performed now.

    :param running: the kind of each running effect.
    :param others_wait: whether something more important finds no room.
    """
    count = Counter(running)
    if kind is WorkKind.CLOSE:
        return count[WorkKind.CLOSE] < _MAX_OF_ONE_KIND
    others = len(running) - count[WorkKind.CLOSE]
    max_homes = _MAX_HOMES_BEFORE_OTHERS if others_wait else _MAX_HOMES
    if others >= MAX_PARALLEL or (kind is WorkKind.HOME and count[WorkKind.HOME] >= max_homes):
        return False
    if kind is WorkKind.SHEET and count[WorkKind.SHEET] >= _MAX_SHEETS:
        return False
    deciding = sum(count[one] for one in _DECIDING)
    if kind not in _DECIDING:
        return others - deciding < _MAX_OF_ONE_KIND
    if kind is WorkKind.PREPARE and count[WorkKind.PREPARE] >= _MAX_PREPARING:
        return False
    if kind is not WorkKind.WRITE and count[WorkKind.PREPARE] + count[WorkKind.CHECK] >= _MAX_BEFORE_WRITES:
        return False
    return deciding < _MAX_OF_ONE_KIND
