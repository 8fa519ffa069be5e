"""What is noted in records that move to another store.

A boundary: a move writes it, and whatever opens records reads it, so that two bots never write.
"""

from typing import Final

MOVED_TO: Final = "moved_to"
"""The mark of records that are in another place now: its name, for people."""
BEING_MOVED: Final = "being_moved"
"""The mark of a place that is being filled: the installation and the name of where its records come from."""


def moved_text(named: str, place: str) -> str:
    """Return why records that were moved are not used any more."""
    return f"{named} was moved to {place}; name that database in DATABASE_URL. This one is only an archive now"


def being_moved_text(named: str) -> str:
    """Return why records that are not complete are not used yet."""
    return f"{named} is being filled by gatehouse migrate; run that command again, until it says that all is moved"
