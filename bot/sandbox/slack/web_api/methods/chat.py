"""Answer the Web API's chat.* methods and blocks.validate."""

from typing import Any

from bot.sandbox.seed import BOT_USER_ID
from bot.sandbox.slack.block_kit.blocks import problems
from bot.sandbox.slack.errors import SlackError, invalid_blocks
from bot.sandbox.slack.web_api.calls import Answer, Call, Method, page_answer, parent_of
from bot.sandbox.slack.web_api.message_content import MAX_UPDATED_TEXT_CHARACTERS, message_content
from bot.sandbox.slack.workspace.conversations import Conversation
from bot.sandbox.slack.workspace.people import find_person


def _channel_to_post_in(call: Call) -> Conversation:
    conversation = call.conversation()
    if not conversation.bot_is_member:
        raise SlackError("not_in_channel")
    return conversation


def post_message(call: Call) -> Answer:
    """Answer chat.postMessage."""
    channel = _channel_to_post_in(call)
    content = message_content(call)
    metadata = call.json_argument("metadata", "invalid_metadata_format")
    metadata_part = {"metadata": metadata} if metadata else {}
    message = call.workspace.post(channel.id, {"text": "", **content, **parent_of(call, channel), **metadata_part})
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def post_ephemeral(call: Call) -> Answer:
    """Answer chat.postEphemeral."""
    channel = _channel_to_post_in(call)
    person = find_person(call.text("user"))
    if person is None or person.slack_id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = message_content(call)
    message = call.workspace.post(
        channel.id, {"text": "", **content, **parent_of(call, channel)}, only_for=person.slack_id
    )
    return {"message_ts": message["ts"]}


def update(call: Call) -> Answer:
    """Answer chat.update; parts that are not named stay unchanged. Unlike a new message, it needs the channel's id."""
    channel = call.workspace.conversations.get(call.text("channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    message = _own_message(call, channel, "cant_update_message")
    content = message_content(call, longest=MAX_UPDATED_TEXT_CHARACTERS)
    edited = {"user": BOT_USER_ID, "ts": call.workspace.next_ts()}
    changed = {**message, **content, "edited": edited}
    call.workspace.keep(channel.id, changed)
    return {"channel": channel.id, "ts": changed["ts"], "text": changed.get("text", ""), "message": changed}


def delete(call: Call) -> Answer:
    """Answer chat.delete."""
    channel = call.conversation()
    message = _own_message(call, channel, "cant_delete_message")
    call.workspace.remove(channel.id, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def _own_message(call: Call, channel: Conversation, refusal: str) -> dict[str, Any]:
    message = call.workspace.message(channel.id, call.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message["user"] != BOT_USER_ID:
        raise SlackError(refusal)
    return message


def get_permalink(call: Call) -> Answer:
    """Answer chat.getPermalink."""
    channel = call.conversation()
    ts = call.text("message_ts")
    if call.workspace.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": f"{call.base_url}archives/{channel.id}/p{ts.replace('.', '')}"}


def scheduled_messages(call: Call) -> Answer:
    """Answer chat.scheduledMessages.list: always empty. A channel is named by its id only."""
    if call.maybe("channel") is not None:
        channel = call.workspace.conversations.get(call.text("channel"))
        if channel is None or not channel.bot_is_member:
            raise SlackError("invalid_channel")
    return page_answer(call, "scheduled_messages", [])


def validate_blocks(call: Call) -> Answer:
    """Answer blocks.validate: it needs no scope and stores nothing."""
    if found := problems(call.json_argument("blocks", "invalid_blocks_format"), "message"):
        raise invalid_blocks(found)
    return {}


METHODS = {
    "chat.postMessage": Method(run=post_message, scopes=("chat:write",)),
    "chat.postEphemeral": Method(run=post_ephemeral, scopes=("chat:write",)),
    "chat.update": Method(run=update, scopes=("chat:write",)),
    "chat.delete": Method(run=delete, scopes=("chat:write",)),
    "chat.getPermalink": Method(run=get_permalink),
    "chat.scheduledMessages.list": Method(run=scheduled_messages),
    "blocks.validate": Method(run=validate_blocks),
}
