"""Remember what each person has read, so that unread messages can be counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.sandbox import seed
from bot.sandbox.page.place import CHANNELS, DIRECT
from bot.sandbox.page.ports import Workspace

Json = Mapping[str, Any]
Unread = Mapping[tuple[str, str], int]
"""By (handle, conversation), only where there is something."""


def messages_of(slack: Workspace, person: seed.Person, conversation: str) -> Sequence[Json]:
    """What a person sees in a conversation of the page, oldest first."""
    found = slack.find(f"@{person.handle}" if conversation == DIRECT else conversation)
    return slack.messages(found.id, person.slack_id) if found else ()


def conversations() -> Iterator[tuple[seed.Person, str]]:
    """Everybody with every conversation they have."""
    for person in seed.PEOPLE:
        for conversation in (*CHANNELS, DIRECT):
            yield person, conversation


class ReadMarks:
    """Keeps, per person and conversation, the `ts` read last. What was there before the first look counts as read."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], str] | None = None

    def unread(self, slack: Workspace, person: seed.Person, conversation: str) -> Unread:
        """Mark the conversation as read by the person who looks at it, and count what everybody has not read."""
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
