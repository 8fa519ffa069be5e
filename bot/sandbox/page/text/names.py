"""Turn Slack's ids into the names a person reads, and moments into that person's time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from bot.sandbox import seed

BOT_NAME = "Gatehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What ids are called on the page. An id that is not here is shown as it is."""

    users: Mapping[str, str]
    channels: Mapping[str, str]
    groups: Mapping[str, str]
    zone: tzinfo | None = None
    """The time zone moments are shown in; None is the machine's own, where the browser runs too."""
    tints: Mapping[str, int] = field(default_factory=dict)
    """Which of the style sheet's avatar colours a user has."""

    def user(self, user_id: str) -> str:
        """The person's display name."""
        return self.users.get(user_id, user_id)

    def channel(self, channel_id: str) -> str:
        """The channel's name without its #."""
        return self.channels.get(channel_id, channel_id)

    def local(self, moment: datetime) -> datetime:
        """The same moment in the zone of the reader."""
        return moment.astimezone(self.zone)

    def moment(self, ts: str) -> datetime:
        """The time of a Slack `ts`, which counts seconds since 1970 as text; the epoch itself if it is no number."""
        try:
            return self.local(datetime.fromtimestamp(float(ts), UTC))
        except (ValueError, OverflowError, OSError):
            return self.local(datetime.fromtimestamp(0, UTC))


def seeded_names(zone: tzinfo | None = None) -> Names:
    """The names of the sandbox's people and channels; its people and channels do not change."""
    users = {person.slack_id: person.name for person in seed.PEOPLE} | {seed.BOT_USER_ID: BOT_NAME}
    return Names(
        users=users,
        channels={channel.id: channel.name for channel in seed.CHANNELS},
        groups={group[0]: group[1] for group in seed.USER_GROUPS},
        zone=zone,
        tints={person.slack_id: index for index, person in enumerate(seed.PEOPLE)},
    )
