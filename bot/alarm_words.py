"""Alarms in words, for admins: what is wrong, since when, and what to do."""

from collections.abc import Mapping
from typing import Final

from bot.blocks import paragraph, part, rich, when, words
from bot.messages import Message, message
from workflows.core.alarms import Alarm, AlarmCode

_MOST_TEXT: Final = 1500
_WORDS: Final[Mapping[AlarmCode, tuple[str, str]]] = {
    AlarmCode.EFFECT_GIVEN_UP: (
        "Gatehouse gave up a piece of work: {what}. Reason: {reason}",
        "Look at the reason, mend it, then choose Try again on your App Home or run gatehouse doctor.",
    ),
    AlarmCode.WRITE_NOT_SHOWN: (
        "Microsoft accepted the change for {partner} ({request}) and does not show it.",
        "Gatehouse keeps reading. Check the partner in the Microsoft Entra admin center.",
    ),
    AlarmCode.REVOCATION_WAITS: (
        "The revocation of {partner} ({request}) is not confirmed. The partner may still be open. {reason}",
        "Gatehouse keeps trying. Until it succeeds, block the partner in the Microsoft Entra admin center.",
    ),
    AlarmCode.ROLE_EMPTY: (
        "The role “{role}” has too few people: {people} can decide, {needed} must. "
        "Requests that wait for it: {requests}. {missing}",
        "Add people to {where}. Where a user group is missing, restore it in Slack or correct roles.toml.",
    ),
    AlarmCode.SPONSOR_GONE: (
        "The sponsor of {partner}, {sponsor}, has no enabled account in Entra any more.",
        "Answer the partner's review: Keep makes you the sponsor, Revoke blocks the partner.",
    ),
    AlarmCode.CHANNEL_NOT_PRIVATE: (
        "The approval channel {channel} cannot be used: {reason}. No approval card is posted there.",
        "Make it a private channel of this workspace only, or set SLACK_CHANNEL to such a channel.",
    ),
    AlarmCode.CARD_NOT_POSTED: (
        "Slack does not take the approval card of {partner} ({request}): {reason}.",
        "Mend the channel. Gatehouse tries again by itself.",
    ),
    AlarmCode.STORE_NOT_WRITABLE: (
        "The records cannot be written: {reason}. Clicks are not accepted.",
        "Free space on the disk, or end what locks the database file.",
    ),
    AlarmCode.SOCKET_SILENT: (
        "The connection to Slack is silent: {reason}. Clicks may not arrive.",
        "Gatehouse connects again by itself. If this stays, check the network and SLACK_APP_TOKEN.",
    ),
    AlarmCode.WRONG_TENANT: (
        "Microsoft Graph answers for the tenant {found}, not for {expected}. Nothing is written.",
        "Set AZURE_TENANT_ID and the credentials of one and the same tenant.",
    ),
    AlarmCode.LIMIT_REACHED: (
        "{person} reached the limit of {limit} {what} an hour.",
        "Ask the person whether this was meant. The limits are settings, see docs/operations.md.",
    ),
}


def alarm_text(alarm: Alarm) -> str:
    """Say what is wrong. May hold text from outside: show it as plain text."""
    text = _WORDS[alarm.code][0].format_map(_Values(alarm.values))
    return text.strip()


def alarm_cure(alarm: Alarm) -> str:
    """Say what an admin can do."""
    return _WORDS[alarm.code][1].format_map(_Values(alarm.values))


def alarm_message(alarm: Alarm) -> Message:
    """Make the direct message that an admin gets, and what it becomes when the alarm is cleared."""
    state = "Alarm: " if alarm.cleared_at is None else "Mended: "
    lines = [paragraph(words(state, bold=True), part(alarm_text(alarm), _MOST_TEXT))]
    if alarm.cleared_at is None:
        lines += [paragraph(part(alarm_cure(alarm), _MOST_TEXT)), paragraph(words("Since "), when(alarm.raised_at))]
    else:
        lines += [paragraph(words("Mended "), when(alarm.cleared_at))]
    return message(f"{state}{alarm_text(alarm)}", [rich(*lines)])


class _Values(dict[str, str]):
    """An alarm's values; one that an older version did not store is shown as unknown."""

    def __missing__(self, key: str) -> str:
        return f"({key} not known)"
