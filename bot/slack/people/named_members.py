"""Find the one full member of the workspace with a name that somebody typed."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from bot.slack.people.directory import SlackDirectory
from bot.slack.people.users import SlackUser, mail_of_user, main_id
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId

MAX_PAGES: Final = 10
"""Pages of users that are read for one name. Slack answers about 20 a minute (Slack: "users.list", tier 2)."""
_MAX_NAME: Final = 80
"""Characters of a typed name in a refusal."""
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


async def find_member(name: str, directory: SlackDirectory) -> ChatId:
    """Return the one full member with a name.

    :raises Refused: when there is none, or more than one, or the workspace has too many users to read.
    """
    members: list[SlackUser] = []
    cursor = ""
    for _ in range(MAX_PAGES):
        page, cursor = await directory.members_page(cursor)
        members += page
        if not cursor:
            return member_named(name, members)
    raise Refused(RefusalCode.TOO_MANY_MEMBERS_TO_SEARCH)


def member_named(name: str, members: Iterable[SlackUser]) -> ChatId:
    """Return the one member with a name, as Slack shows it or as somebody types it.

    :raises Refused: when there is none, or more than one.
    """
    found = {main_id(user, ChatId("")) for user in members if is_called(user, name)}
    if len(found) > 1:
        raise Refused(RefusalCode.SEVERAL_MEMBERS_OF_THIS_NAME, name=name[:_MAX_NAME], count=len(found))
    if not found:
        raise Refused(RefusalCode.NO_MEMBER_OF_THIS_NAME, name=name[:_MAX_NAME])
    return found.pop()


def is_called(user: SlackUser, name: str) -> bool:
    """Return whether a user has this name or mail address, in any case, with or without an @.

    A mail address is compared only with the user's own: people choose their names, and could take another's address.
    """
    profile, wanted = user.get("profile") or {}, _comparable(name)
    if _MAIL.fullmatch(wanted):
        return wanted == _comparable(mail_of_user(user))
    names = (user.get("name"), user.get("real_name"), *map(profile.get, ("real_name", "display_name")))
    return wanted != "" and wanted in {_comparable(str(one or "")) for one in names}


def _comparable(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().removeprefix("@").split())
