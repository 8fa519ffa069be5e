"""The interface to the complete store: all interfaces to stored data in one."""

from typing import Protocol

from workflows.ports.effects_queue import EffectsQueue
from workflows.ports.message_copies import MessageCopies
from workflows.ports.pages import PagedLists
from workflows.ports.records import RecordStore


class Store(RecordStore, PagedLists, EffectsQueue, MessageCopies, Protocol):
    """Records, effects queue and message copies in one database, so that they can be changed in one transaction."""
