"""The texts that name Microsoft 365 capabilities, and say whose data the partner sees and how much of it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.settings.model import CapabilityName, Property

CAPABILITY_TITLES: Final[Mapping[str, str]] = {
    CapabilityName.FREE_BUSY: "Free/busy times of our calendars",
    CapabilityName.FREE_BUSY_WITH_DETAILS: "Free/busy times with subject and place",
    CapabilityName.CALENDAR_TIMES: "Shared calendars, times only",
    CapabilityName.CALENDAR_DETAILS: "Shared calendars, with subject and place",
    CapabilityName.CALENDAR_EVERYTHING: "Shared calendars, everything",
    CapabilityName.MAIL_TIPS_LIMITED: "MailTips, some",
    CapabilityName.MAIL_TIPS_ALL: "MailTips, all",
    CapabilityName.PROFILE_CARD: "Profile cards of our people",
    CapabilityName.DESK_BOOKING: "Booking of our desks",
    CapabilityName.ROOM_BOOKING: "Booking of our rooms",
}
CAPABILITY_KIND_TITLES: Final[Mapping[str, str]] = {
    f"{Property.M365_CAPABILITIES}.{name}": title for name, title in CAPABILITY_TITLES.items()
}
"""The titles by the names of kinds of access."""
ONE_WAY: Final = "One direction: we show ours to them. They must open theirs to us."
"""What people expect otherwise of a shared calendar."""
EXCHANGE_UNCHECKED: Final = (
    "Whether an organization relationship in Exchange still shows free times could not be checked."
)
"""Gatehouse cannot read Exchange. A relationship there takes priority, and no block in Entra ends it."""
_SEEN: Final[Mapping[str, str]] = {
    CapabilityName.FREE_BUSY: "see free/busy times",
    CapabilityName.FREE_BUSY_WITH_DETAILS: "see free/busy times with subject and place",
    CapabilityName.CALENDAR_TIMES: "see the times in shared calendars",
    CapabilityName.CALENDAR_DETAILS: "see subject and place in shared calendars",
    CapabilityName.CALENDAR_EVERYTHING: "see everything in shared calendars",
    CapabilityName.MAIL_TIPS_LIMITED: "see some MailTips",
    CapabilityName.MAIL_TIPS_ALL: "see all MailTips",
    CapabilityName.PROFILE_CARD: "see the profile cards",
    CapabilityName.DESK_BOOKING: "book desks",
    CapabilityName.ROOM_BOOKING: "book rooms",
}


def allowed_words(name: str, whose: str) -> str:
    """State what the partner's people may see or book, and of whom: "They see free/busy times of everyone here"."""
    return f"They {_SEEN[name]} of {whose}"


def not_allowed_words(name: str) -> str:
    """State that the partner's people may not see or book it any more."""
    return f"They no longer {_SEEN[name]}"


def perhaps_words(name: str, whose: str) -> str:
    """State that it is not known whether they see more or less than before."""
    return f"They perhaps {_SEEN[name]} of {whose}"
