"""The complete store: it implements all three ports."""

from typing import Protocol

from workflows.ports.effects_queue import EffectsQueue
from workflows.ports.message_copies import MessageCopies
from workflows.ports.records import RecordStore


class Store(RecordStore, EffectsQueue, MessageCopies, Protocol):
    """Records, effects queue and message copies in one database, so that one transaction covers them."""
