"""The names of Slack's ids for display, and times in the reader's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from bot.sandbox import seed

BOT_NAME = "Gatehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of ids on the page. An unknown id is shown as it is."""

    users: Mapping[str, str]
    channels: Mapping[str, str]
    groups: Mapping[str, str]
    zone: tzinfo | None = None
    """The time zone of shown times; None: the machine's own, where the browser runs too."""
    avatar_colors: Mapping[str, int] = field(default_factory=dict)
    """The avatar colour of each user, as the style sheet names it."""

    def user(self, user_id: str) -> str:
        """Return the person's display name."""
        return self.users.get(user_id, user_id)

    def channel(self, channel_id: str) -> str:
        """Return the channel's name without its #."""
        return self.channels.get(channel_id, channel_id)

    def local(self, moment: datetime) -> datetime:
        """Return the same time in the reader's time zone."""
        return moment.astimezone(self.zone)

    def moment(self, ts: str) -> datetime:
        """Return the time of a Slack `ts` (seconds since 1970, as text); 1970-01-01 when it is no number."""
        try:
            return self.local(datetime.fromtimestamp(float(ts), UTC))
        except (ValueError, OverflowError, OSError):
            return self.local(datetime.fromtimestamp(0, UTC))


def sandbox_names(zone: tzinfo | None = None) -> Names:
    """Return the names of the sandbox's people and channels, which never change."""
    users = {person.slack_id: person.name for person in seed.PEOPLE} | {seed.BOT_USER_ID: BOT_NAME}
    return Names(
        users=users,
        channels={channel.id: channel.name for channel in seed.CHANNELS},
        groups={group[0]: group[1] for group in seed.USER_GROUPS},
        zone=zone,
        avatar_colors={person.slack_id: index for index, person in enumerate(seed.PEOPLE)},
    )
