"""The people and user groups of the sandbox as Slack's user and usergroup objects."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.seed import APP_ID, BOT_ID, BOT_USER_ID, PEOPLE, TEAM_ID, USER_GROUPS, Person

BOT_NAME = "gatehouse"
_BY_REFERENCE = {key: person for person in PEOPLE for key in (person.handle, person.slack_id)}
_CREATED = 1_700_000_000
_ZONE_LABELS = {
    "Europe/Amsterdam": "Central European Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Tokyo": "Japan Standard Time",
}


def find_person(reference: str) -> Person | None:
    """Find a person by handle (with or without `@`) or Slack id; None when there is none."""
    return _BY_REFERENCE.get(reference.removeprefix("@"))


def user_object(person: Person, *, with_email: bool = True) -> dict[str, Any]:
    """Return a Slack user object. A person of another workspace has fewer properties: no email, no roles."""
    profile = {
        "title": person.title,
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.handle,
        "display_name_normalized": person.handle,
        "team": person.team_id,
    }
    user = {
        "id": person.slack_id,
        "team_id": person.team_id,
        "name": person.handle,
        "deleted": False,
        "real_name": person.name,
        "tz": person.time_zone,
        "tz_label": _ZONE_LABELS[person.time_zone],
        "tz_offset": _seconds_ahead(person.time_zone),
        "profile": profile,
        "is_bot": False,
        "is_app_user": False,
        "updated": _CREATED,
    }
    if person.team_id != TEAM_ID:
        return {**user, "is_stranger": True}
    if with_email:
        profile["email"] = person.mail
    return {
        **user,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
    }


def _seconds_ahead(zone: str) -> int:
    """Return how far a time zone is ahead of UTC when its clocks are not put forward, in seconds."""
    ahead = datetime.fromtimestamp(_CREATED, ZoneInfo(zone)).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())


def bot_user_object() -> dict[str, Any]:
    """Return the app's own user object."""
    return {
        "id": BOT_USER_ID,
        "team_id": TEAM_ID,
        "name": BOT_NAME,
        "deleted": False,
        "real_name": "Gatehouse",
        "profile": {"real_name": "Gatehouse", "api_app_id": APP_ID, "bot_id": BOT_ID, "team": TEAM_ID},
        "is_bot": True,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "updated": _CREATED,
    }


def usergroup_objects(now: datetime, *, with_users: bool) -> list[dict[str, Any]]:
    """Return all user groups, with their members' ids when requested."""
    groups = []
    for group_id, handle, name, members in USER_GROUPS:
        group: dict[str, Any] = {
            "id": group_id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": name,
            "description": "",
            "handle": handle,
            "is_external": False,
            "date_create": _CREATED,
            "date_update": int(now.timestamp()),
            "date_delete": 0,
            "user_count": len(members),
        }
        if with_users:
            group["users"] = member_ids(members)
        groups.append(group)
    return groups


def member_ids(handles: tuple[str, ...]) -> list[str]:
    """Convert handles into Slack ids."""
    return [_BY_REFERENCE[handle].slack_id for handle in handles]
