"""Answer the Web API's users.*, usergroups.* and team.* methods."""

from bot.sandbox.seed import BOT_USER_ID, PEOPLE, TEAM_ID, TEAM_NAME
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.web_api.calls import Answer, Call, Method, page_answer
from bot.sandbox.slack.workspace.people import bot_user_object, find_person, user_object, usergroup_objects


def _sees_email(call: Call) -> bool:
    return "users:read.email" in call.scopes


def info(call: Call) -> Answer:
    """Answer users.info; it accepts ids only, as in Slack."""
    user_id = call.text("user")
    if user_id == BOT_USER_ID:
        return {"user": bot_user_object()}
    person = find_person(user_id)
    if person is None or person.slack_id != user_id:
        raise SlackError("user_not_found")
    return {"user": user_object(person, with_email=_sees_email(call))}


def list_users(call: Call) -> Answer:
    """Answer users.list: the workspace's own people and the bot, without people of other workspaces."""
    own = [user_object(person, with_email=_sees_email(call)) for person in PEOPLE if person.team_id == TEAM_ID]
    return {
        "cache_ts": int(call.workspace.now().timestamp()),
        **page_answer(call, "members", [*own, bot_user_object()]),
    }


def lookup_by_email(call: Call) -> Answer:
    """Answer users.lookupByEmail."""
    email = call.text("email").lower()
    for person in PEOPLE:
        if person.mail.lower() == email and person.team_id == TEAM_ID:
            return {"user": user_object(person)}
    raise SlackError("users_not_found")


def usergroups(call: Call) -> Answer:
    """Answer usergroups.list."""
    return {"usergroups": usergroup_objects(call.workspace.now(), with_users=call.flag("include_users"))}


def usergroup_users(call: Call) -> Answer:
    """Answer usergroups.users.list."""
    group_id = call.text("usergroup")
    for group in usergroup_objects(call.workspace.now(), with_users=True):
        if group["id"] == group_id:
            return {"users": group["users"]}
    raise SlackError("no_such_subteam")


def team_info(call: Call) -> Answer:
    """Answer team.info."""
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_NAME.lower(), "url": call.base_url}}


METHODS = {
    "users.info": Method(run=info, scopes=("users:read",)),
    "users.list": Method(run=list_users, scopes=("users:read",)),
    "users.lookupByEmail": Method(run=lookup_by_email, scopes=("users:read.email",)),
    "usergroups.list": Method(run=usergroups, scopes=("usergroups:read",)),
    "usergroups.users.list": Method(run=usergroup_users, scopes=("usergroups:read",)),
    "team.info": Method(run=team_info, scopes=("team:read",)),
}
