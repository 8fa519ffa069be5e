"""An alarm that cannot be stored: sent to the admins at once, so that they still get it."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code
from bot.slack.words.alarms import alarm_message
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.alarms import Alarm
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


async def send_directly(alarm: Alarm, *, directory: PeopleDirectory, client: AsyncWebClient) -> list[MessageCopy]:
    """Send an alarm to every admin by direct message. Returns the copies, to be stored later.

    :raises NotifierUnavailable: when the message reached nobody.
    """
    try:
        admins = sorted(await directory.holders(ADMIN))
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused) as error:
        raise NotifierUnavailable(error.facts) from error
    copies, refused = [], "nobody is an admin"
    for admin in admins:
        try:
            copies.append(await _send_direct(alarm, admin, client))
        except SlackApiError as error:
            refused = error_code(error) or "no answer of Slack's"
        except NO_ANSWER:
            refused = "Slack does not answer"
    if not copies:
        raise NotifierUnavailable(f"No admin could be told: {refused}.")
    return copies


async def _send_direct(alarm: Alarm, admin: ChatId, client: AsyncWebClient) -> MessageCopy:
    message = alarm_message(alarm)
    opened = await client.api_call("conversations.open", json={"users": admin})
    channel = str(opened["channel"]["id"])
    arguments = {"channel": channel, "text": message.text, "blocks": message.blocks}
    answer = await client.api_call("chat.postMessage", json=arguments)
    return MessageCopy(
        subject=f"alarm:{alarm.id}",
        channel=channel,
        message_id=str(answer["ts"]),
        audience=admin,
        content="",  # unknown, so that it is updated once the alarm is stored
    )
