"""What a person's chat user and account said when they were last read, and what has changed since then. Pure.

Who takes over a chat user often changes its mail address or name first. Such a change proves nothing, so nothing is
blocked: the other approvers see it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.people import ChatId, PersonId

MAX_CHANGES: Final = 20
"""How many changes of one person are kept, the newest."""


class ProfilePart(StrEnum):
    """A part of a profile. The values are stored."""

    CHAT_MAIL = "chat_mail"
    CHAT_NAME = "chat_name"
    CHAT_USER = "chat_user"
    """The chat user that belongs to the account."""
    ACCOUNT = "account"
    """The account that belongs to the chat user."""
    ACCOUNT_MAIL = "account_mail"
    ACCOUNT_NAME = "account_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the chat system and Entra say of a person at one moment."""

    chat_id: ChatId
    account: PersonId
    chat_mail: str
    chat_name: str
    account_mail: str
    account_name: str
    zone: str = ""
    """The name of the person's time zone, as `Europe/Berlin`; empty when the chat system names none."""

    @property
    def parts(self) -> Mapping[ProfilePart, str]:
        """Return what is compared. A change of the time zone is no change of the profile."""
        return {
            ProfilePart.CHAT_MAIL: self.chat_mail,
            ProfilePart.CHAT_NAME: self.chat_name,
            ProfilePart.CHAT_USER: self.chat_id,
            ProfilePart.ACCOUNT: self.account,
            ProfilePart.ACCOUNT_MAIL: self.account_mail,
            ProfilePart.ACCOUNT_NAME: self.account_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """A part that was read with another value than before. It changed between two moments."""

    part: ProfilePart
    before: str
    after: str
    unchanged_at: datetime
    """When the earlier value was last read."""
    noticed_at: datetime
    """When the later value was first read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProfile:
    """The profile of a person as last read, and the changes that were noticed, oldest first."""

    profile: Profile
    read_at: datetime
    changes: tuple[ProfileChange, ...] = ()


def known_after(earlier: Iterable[KnownProfile], profile: Profile, now: datetime) -> KnownProfile:
    """Return what is known of a person after their profile was read again.

    :param earlier: what was stored under this chat id, or under this account. Nothing: it is read for the first time,
        which is no change.
    """
    newest = max(earlier, key=lambda known: known.read_at, default=None)
    if newest is None:
        return KnownProfile(profile=profile, read_at=now)
    before = newest.profile.parts
    changes = tuple(
        ProfileChange(
            part=part,
            before=before[part],
            after=value,
            unchanged_at=newest.read_at,
            noticed_at=max(now, newest.read_at),
        )
        for part, value in profile.parts.items()
        if before[part] != value
    )
    return KnownProfile(profile=profile, read_at=now, changes=(*newest.changes, *changes)[-MAX_CHANGES:])


def recent_changes(known: KnownProfile, now: datetime, within: timedelta) -> tuple[ProfileChange, ...]:
    """Return the newest change of each part that was noticed at most `within` ago. It may have happened earlier.

    A part that has its earlier value again is listed as well: it was another one in between.
    """
    newest = {change.part: change for change in known.changes if now - change.noticed_at <= within}
    return tuple(newest.values())
