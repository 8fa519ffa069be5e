"""Create what Slack sends to an app: commands, interactions, events. Source: Slack's "Interaction payloads"."""

import secrets
from datetime import datetime
from typing import Any

from bot.sandbox.seed import APP_ID, BOT_USER_ID, TEAM_ID, TEAM_NAME, Person
from bot.sandbox.slack.workspace.conversations import Conversation
from bot.sandbox.slack.workspace.credentials import Credentials
from bot.sandbox.slack.workspace.views import OpenView

Payload = dict[str, Any]


def action_ts(now: datetime) -> str:
    """Return a time in the form that Slack uses in actions and events."""
    return f"{now.timestamp():.6f}"


def _user(person: Person) -> Payload:
    """Return the user of a payload.

    NB. for a person from another workspace, only this `team_id` shows it in the whole payload.
    """
    return {"id": person.slack_id, "username": person.handle, "name": person.handle, "team_id": person.team_id}


def _interaction(kind: str, person: Person, credentials: Credentials) -> Payload:
    return {
        "type": kind,
        "user": _user(person),
        "api_app_id": APP_ID,
        "token": credentials.verification_token,
        "team": {"id": TEAM_ID, "domain": TEAM_NAME.lower()},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command_payload(
    person: Person,
    credentials: Credentials,
    *,
    command: str,
    text: str,
    channel: Conversation,
    trigger_id: str,
    response_url: str,
) -> dict[str, str]:
    """Return a slash command: form fields, all of them strings."""
    return {
        "token": credentials.verification_token,
        "team_id": person.team_id,
        "team_domain": TEAM_NAME.lower() if person.team_id == TEAM_ID else "outside",
        "channel_id": channel.id,
        "channel_name": channel.payload_name,
        "user_id": person.slack_id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def shortcut_payload(
    person: Person, credentials: Credentials, *, callback_id: str, trigger_id: str, now: datetime
) -> Payload:
    """Return a global shortcut."""
    return {
        **_interaction("shortcut", person, credentials),
        "action_ts": action_ts(now),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
    }


def message_action_payload(
    person: Person,
    credentials: Credentials,
    *,
    channel: Conversation,
    message: Payload,
    values: Payload,
    action: Payload,
    trigger_id: str,
    response_url: str,
) -> Payload:
    """Return a click in a message. An ephemeral message is not in the payload, because Slack does not store it."""
    ephemeral = bool(message.get("is_ephemeral"))
    payload = {
        **_interaction("block_actions", person, credentials),
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
            **({"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}),
        },
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": channel.payload_name},
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }
    return payload if ephemeral else {**payload, "message": message}


def view_action_payload(
    person: Person, credentials: Credentials, *, view: OpenView, action: Payload, trigger_id: str
) -> Payload:
    """Return a click in a modal or in the App Home."""
    return {
        **_interaction("block_actions", person, credentials),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view.to_slack(),
        "actions": [action],
    }


def suggestion_payload(
    person: Person, credentials: Credentials, *, place: Payload, action_id: str, block_id: str, query: str
) -> Payload:
    """Return a request for the options of an external select; `place` is the container with its content."""
    return {
        **_interaction("block_suggestion", person, credentials),
        **place,
        "action_id": action_id,
        "block_id": block_id,
        "value": query,
    }


def submission_payload(person: Person, credentials: Credentials, *, view: OpenView, trigger_id: str) -> Payload:
    """Return the submission of a modal."""
    return {
        **_interaction("view_submission", person, credentials),
        "trigger_id": trigger_id,
        "view": view.to_slack(),
        "response_urls": [],
    }


def closed_payload(person: Person, credentials: Credentials, *, view: OpenView, is_cleared: bool) -> Payload:
    """Return the event that a modal was closed without submitting."""
    return {
        **_interaction("view_closed", person, credentials),
        "view": view.to_slack(),
        "is_cleared": is_cleared,
        "response_urls": [],
    }


def home_opened_payload(
    person: Person, credentials: Credentials, *, channel_id: str, home: OpenView | None, now: datetime
) -> Payload:
    """Return the event `app_home_opened`, with the view that is shown now, if there is one."""
    event = {
        "type": "app_home_opened",
        "user": person.slack_id,
        "channel": channel_id,
        "tab": "home",
        "event_ts": action_ts(now),
        **({"view": home.to_slack()} if home else {}),
    }
    return {
        "token": credentials.verification_token,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(now.timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"1-app_home_opened-{TEAM_ID}-{channel_id}",
    }
