"""Answer the Web API's methods about the app itself: api.test, auth.test, bots.info, apps.connections.open.

A boundary: each family of Slack's methods has its own file.
"""

from bot.sandbox.seed import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID, TEAM_NAME
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.web_api.calls import Answer, Call, Method
from bot.sandbox.slack.workspace.people import BOT_NAME


def auth_test(call: Call) -> Answer:
    """Answer auth.test."""
    return {
        "url": call.base_url,
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def api_test(_: Call) -> Answer:
    """Answer api.test."""
    return {}


def bots_info(call: Call) -> Answer:
    """Answer bots.info for the app's own bot."""
    if call.arguments.get("bot") != BOT_ID:
        raise SlackError("bot_not_found")
    return {"bot": {"id": BOT_ID, "deleted": False, "name": BOT_NAME, "app_id": APP_ID, "user_id": BOT_USER_ID}}


def open_connection(call: Call) -> Answer:
    """Answer apps.connections.open with an address for one Socket Mode connection."""
    return {"url": call.socket_url()}


METHODS = {
    "api.test": Method(run=api_test),
    "bots.info": Method(run=bots_info, scopes=("users:read",)),
    "auth.test": Method(run=auth_test),
    "apps.connections.open": Method(run=open_connection, app_level=True),
}
