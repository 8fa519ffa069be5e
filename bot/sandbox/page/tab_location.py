"""The place of a browser tab: which person, which conversation, and which requests are listed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import urlencode

from bot.sandbox import seed
from bot.sandbox.page.request_list import LogFilter

CHANNELS = tuple(channel.name for channel in seed.CHANNELS)
DIRECT = "dm"
HOME = "home"
_PEOPLE = {person.handle: person for person in seed.PEOPLE}
_FILTERS = ("graph", "slack", "all")


def channels_of(person: seed.Person) -> tuple[seed.Channel, ...]:
    """Return the channels that a person is a member of."""
    return tuple(channel for channel in seed.CHANNELS if person.handle in channel.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class TabLocation:
    """The place of one tab. All of it is in the address, so that several tabs can be several people."""

    person: seed.Person
    channel: str
    log: LogFilter

    @property
    def kind(self) -> Literal["channel", "dm", "home"]:
        """Return the kind of content in the middle of the page."""
        return "dm" if self.channel == DIRECT else "home" if self.channel == HOME else "channel"

    @property
    def control_channel(self) -> str:
        """Return the control API's name of this conversation."""
        return f"@{self.person.handle}" if self.kind == "dm" else self.channel

    def url(self, person: str = "", channel: str = "", log: str = "") -> str:
        """Return the address of this place with the given values changed."""
        query = {"as": person or self.person.handle, "channel": channel or self.channel}
        return "/?" + urlencode(query | ({"log": log or self.log} if (log or self.log) != "graph" else {}))


def parse_location(query: Mapping[str, str]) -> TabLocation:
    """Return the place that an address names; a missing or wrong value is replaced by the guide's first place."""
    start = TabLocation(person=seed.PEOPLE[0], channel="partner-access", log="graph")
    person = _PEOPLE.get(query.get("as", ""), start.person)
    channels = [channel.name for channel in channels_of(person)]
    first = start.channel if start.channel in channels else channels[-1]
    channel = query.get("channel", "")
    log = query.get("log", "")
    return replace(
        start,
        person=person,
        channel=channel if channel in (*channels, DIRECT, HOME) else first,
        log=cast(LogFilter, log) if log in _FILTERS else start.log,
    )
