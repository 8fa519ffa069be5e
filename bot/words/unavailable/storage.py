"""Why the records cannot be written, in a few words. A boundary: alarms, refusals and the health page share it."""

from collections.abc import Mapping
from typing import Final

from workflows.ports.records import StoreTrouble

TROUBLES: Final[Mapping[StoreTrouble, str]] = {
    StoreTrouble.DISK_FULL: "the disk is full",
    StoreTrouble.LOCKED: "another program locks the database",
    StoreTrouble.READ_ONLY: "the database is read-only",
    StoreTrouble.FILE_BESIDE: "a file next to the database cannot be opened",
    StoreTrouble.DISK_ERROR: "the disk reports an error",
    StoreTrouble.DAMAGED: "the database is damaged",
    StoreTrouble.AWAY: "the database does not answer",
    StoreTrouble.OTHER_VERSION: "a newer version of Gatehouse changed the database; start that version here too",
    StoreTrouble.CANCELED: "the database ended a statement before it was done",
}
"""Completes "The records cannot be written: …"."""


def trouble_words(trouble: str) -> str:
    """Return why records cannot be written. An earlier version stored the words themselves."""
    return TROUBLES[StoreTrouble(trouble)] if trouble in set(StoreTrouble) else trouble
