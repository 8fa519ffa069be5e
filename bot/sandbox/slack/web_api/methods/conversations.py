"""Answer the Web API's conversations.* methods."""

from bot.sandbox.slack.errors import SlackError, invalid_arguments
from bot.sandbox.slack.web_api.calls import Answer, Call, Method, page_answer
from bot.sandbox.slack.workspace.conversations import Conversation, conversation_object, direct_message_id, everyone_in
from bot.sandbox.slack.workspace.people import find_person

_READ = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
_HISTORY = {"public_channel": "channels:history", "private_channel": "groups:history", "im": "im:history"}


def _require_scope(call: Call, scope: str) -> None:
    """Refuse when the token lacks the scope for this kind of conversation."""
    if scope not in call.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(call.scopes)))


def _readable_conversation(call: Call, needs: dict[str, str] = _READ) -> Conversation:
    conversation = call.conversation()
    _require_scope(call, needs[conversation.kind])
    if conversation.kind != "public_channel" and not conversation.bot_is_member:
        raise SlackError("channel_not_found")
    return conversation


def open_conversation(call: Call) -> Answer:
    """Answer conversations.open: a direct message with one person."""
    if call.maybe("channel"):
        return {"channel": {"id": call.conversation().id}}
    users = call.text("users").split(",")
    if len(users) > 1:
        _require_scope(call, "mpim:write")
        raise invalid_arguments("group direct messages are not part of this workspace [json-pointer:/users]")
    person = find_person(users[0].strip())
    if person is None:
        raise SlackError("user_not_found")
    conversation = call.workspace.conversations[direct_message_id(person.slack_id)]
    whole = call.flag("return_im")
    return {"channel": conversation_object(conversation) if whole else {"id": conversation.id}}


def info(call: Call) -> Answer:
    """Answer conversations.info."""
    return {"channel": conversation_object(_readable_conversation(call))}


def members(call: Call) -> Answer:
    """Answer conversations.members."""
    return page_answer(call, "members", everyone_in(_readable_conversation(call)))


def history(call: Call) -> Answer:
    """Answer conversations.history: newest first, without replies in threads."""
    channel = _readable_conversation(call, _HISTORY)
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    oldest, latest = call.maybe("oldest") or "0", call.maybe("latest") or "9999999999"
    messages = [
        message
        for message in reversed(call.workspace.messages(channel.id))
        if message.get("thread_ts", message["ts"]) == message["ts"]
        and float(oldest) <= float(message["ts"]) <= float(latest)
    ]
    page = page_answer(call, "messages", messages, maximum=999)
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


METHODS = {
    "conversations.open": Method(run=open_conversation, scopes=("im:write",)),
    "conversations.info": Method(run=info),
    "conversations.members": Method(run=members),
    "conversations.history": Method(run=history),
}
