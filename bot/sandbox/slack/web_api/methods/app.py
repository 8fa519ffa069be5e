"""Answer the Web API's methods about the app itself: auth.test, apps.connections.open.

A boundary: each family of Slack's methods has its own file.
"""

from bot.sandbox.seed import BOT_ID, BOT_USER_ID, TEAM_ID, TEAM_NAME
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


def open_connection(call: Call) -> Answer:
    """Answer apps.connections.open with an address for one Socket Mode connection."""
    return {"url": call.socket_url()}


METHODS = {
    "auth.test": Method(run=auth_test),
    "apps.connections.open": Method(run=open_connection, app_level=True),
}
