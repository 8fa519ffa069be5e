"""Read Slack's user object: full membership of our workspace, ids, name and mail address."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.delegation.profiles import Profile
from workflows.intervals import NAMES_SHOWN_FOR, ROLES_SHOWN_FOR
from workflows.ports.tenant import Account

SlackUser = Mapping[str, Any]
_NOT_ACTIVE: Final = ("deleted", "is_restricted", "is_ultra_restricted", "is_stranger")


def require_full_member(user: SlackUser, team_id: str) -> str:
    """Return the mail address of a full, active, human member of our workspace.

    :raises Refused: for guests, bots, deactivated users and users of other workspaces (Slack: "user object").
    """
    teams = (user.get("enterprise_user") or {}).get("teams") or [user.get("team_id")]
    if user.get("deleted"):
        raise Refused(RefusalCode.DEACTIVATED)
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        raise Refused(RefusalCode.NOT_A_PERSON)
    if user.get("is_stranger") or team_id not in teams:
        raise Refused(RefusalCode.OTHER_WORKSPACE)
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        raise Refused(RefusalCode.WORKSPACE_GUEST)
    mail = (user.get("profile") or {}).get("email")
    if not mail:
        raise Refused(RefusalCode.NO_MAIL_ADDRESS)
    return str(mail)


def is_full_member(user: SlackUser, team_id: str) -> bool:
    """Return whether this is a full, active, human member of our workspace with a mail address."""
    try:
        require_full_member(user, team_id)
    except Refused:
        return False
    return True


def time_to_keep(user: SlackUser | None) -> timedelta:
    """Return how long an answer about a user is shown: that somebody is no active member, only for a short time."""
    is_active = user is not None and not any(user.get(name) for name in _NOT_ACTIVE)
    return NAMES_SHOWN_FOR if is_active else ROLES_SHOWN_FOR


def ids_of(user: SlackUser, chat_id: ChatId) -> frozenset[ChatId]:
    """List every id that Slack may use for this user. On an Enterprise Grid a person has two: U… and W…."""
    user_ids = (chat_id, user.get("id"), (user.get("enterprise_user") or {}).get("id"))
    return frozenset(ChatId(str(chat_id)) for chat_id in user_ids if chat_id)


def main_id(user: SlackUser, chat_id: ChatId) -> ChatId:
    """Return the main id of this user: the organization's on an Enterprise Grid, otherwise the workspace's."""
    return ChatId(str((user.get("enterprise_user") or {}).get("id") or user.get("id") or chat_id))


def name_of_user(user: SlackUser, chat_id: ChatId) -> str:
    """Return the user's display name."""
    return str(user.get("real_name") or user.get("name") or chat_id)


def mail_of_user(user: SlackUser) -> str:
    """Return the user's mail address; empty when Slack shows none."""
    return str((user.get("profile") or {}).get("email") or "")


def profile_of_user(user: SlackUser, account: Account, chat_id: ChatId) -> Profile:
    """Return what Slack and Entra say of a person. The zone is empty when Slack names none that exists."""
    return Profile(
        chat_id=chat_id,
        account=account.id,
        chat_mail=mail_of_user(user),
        chat_name=name_of_user(user, chat_id),
        account_mail=account.mail,
        account_name=account.name,
        zone="" if zone_of_user(user) is None else str(user["tz"]),
    )


def zone_of_user(user: SlackUser) -> tzinfo | None:
    """Return the user's time zone; None when Slack names none, or none that exists."""
    name = user.get("tz")
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, not a zone's name, or a folder of zones
        return None
