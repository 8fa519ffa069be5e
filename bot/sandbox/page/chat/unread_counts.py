"""Store what each person has read, so that unread messages can be counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.sandbox import seed
from bot.sandbox.page.ports import Workspace
from bot.sandbox.page.tab_location import CHANNELS, DIRECT

Json = Mapping[str, Any]
Unread = Mapping[tuple[str, str], int]
"""The number of unread messages by (handle, conversation); zeros are left out."""


def messages_of(slack: Workspace, person: seed.Person, conversation: str) -> Sequence[Json]:
    """Return the messages that a person sees in a conversation of the page, oldest first."""
    opened_conversation = slack.find(f"@{person.handle}" if conversation == DIRECT else conversation)
    return slack.messages(opened_conversation.id, person.slack_id) if opened_conversation else ()


def conversations() -> Iterator[tuple[seed.Person, str]]:
    """Return every person with each of their conversations."""
    for person in seed.PEOPLE:
        for conversation in (*CHANNELS, DIRECT):
            yield person, conversation


class ReadMarks:
    """The `ts` that each person read last in each conversation. Messages before the first visit count as read."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], str] | None = None

    def unread(self, slack: Workspace, person: seed.Person, conversation: str) -> Unread:
        """Mark a conversation as read by this person, and return the number of unread messages of everybody."""
        first = self._read is None
        read = self._read = self._read or {}
        counts = {}
        for somebody, place in conversations():
            key = (somebody.handle, place)
            messages = messages_of(slack, somebody, place)
            if first or key == (person.handle, conversation):
                read[key] = str(messages[-1]["ts"]) if messages else ""
            count = sum(1 for message in messages if str(message["ts"]) > read.get(key, ""))
            if count:
                counts[key] = count
        return counts
