"""Answer the Web API's conversations.* methods and reactions.add."""

from dataclasses import replace

from bot.sandbox.seed import BOT_USER_ID
from bot.sandbox.slack.errors import SlackError, invalid_arguments
from bot.sandbox.slack.web_api.calls import Answer, Call, Method, paged
from bot.sandbox.slack.workspace.conversations import Conversation, conversation_object, direct_message_id, everyone_in
from bot.sandbox.slack.workspace.people import find_person

_READ = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
_HISTORY = {"public_channel": "channels:history", "private_channel": "groups:history", "im": "im:history"}


def _need(call: Call, scope: str) -> None:
    """Refuse when the token lacks the scope that this kind of conversation asks for."""
    if scope not in call.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(call.scopes)))


def _visible(call: Call, needs: dict[str, str] = _READ) -> Conversation:
    conversation = call.conversation()
    _need(call, needs[conversation.kind])
    if conversation.kind != "public_channel" and not conversation.bot_is_member:
        raise SlackError("channel_not_found")
    return conversation


def open_conversation(call: Call) -> Answer:
    """conversations.open: a direct message with one person."""
    if call.maybe("channel"):
        return {"channel": {"id": call.conversation().id}}
    users = call.text("users").split(",")
    if len(users) > 1:
        _need(call, "mpim:write")
        raise invalid_arguments("group direct messages are not part of this workspace [json-pointer:/users]")
    person = find_person(users[0].strip())
    if person is None:
        raise SlackError("user_not_found")
    conversation = call.workspace.conversations[direct_message_id(person.slack_id)]
    whole = call.flag("return_im")
    return {"channel": conversation_object(conversation) if whole else {"id": conversation.id}}


def info(call: Call) -> Answer:
    """conversations.info."""
    return {"channel": conversation_object(_visible(call))}


def members(call: Call) -> Answer:
    """conversations.members."""
    return paged(call, "members", everyone_in(_visible(call)))


def listed(call: Call) -> Answer:
    """conversations.list and users.conversations: public channels unless `types` says otherwise."""
    kinds = (call.maybe("types") or "public_channel").split(",")
    if unknown := [kind for kind in kinds if kind not in (*_READ, "mpim")]:
        raise invalid_arguments(f"invalid type: {', '.join(unknown)} [json-pointer:/types]")
    for kind in kinds:
        _need(call, _READ.get(kind, "mpim:read"))
    user = call.maybe("user")
    found = [
        conversation_object(one)
        for one in call.workspace.conversations.values()
        if one.kind in kinds
        and (one.kind == "public_channel" or one.bot_is_member)
        and (user is None or user in everyone_in(one))
    ]
    return paged(call, "channels", found)


def history(call: Call) -> Answer:
    """conversations.history: newest first, replies in threads left out."""
    channel = _visible(call, _HISTORY)
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    oldest, latest = call.maybe("oldest") or "0", call.maybe("latest") or "9999999999"
    messages = [
        message
        for message in reversed(call.workspace.messages(channel.id))
        if message.get("thread_ts", message["ts"]) == message["ts"]
        and float(oldest) <= float(message["ts"]) <= float(latest)
    ]
    page = paged(call, "messages", messages, most=999)
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


def replies(call: Call) -> Answer:
    """conversations.replies: the parent and its replies, oldest first."""
    channel = _visible(call, _HISTORY)
    ts = call.text("ts")
    found = [one for one in call.workspace.messages(channel.id) if ts in (one["ts"], one.get("thread_ts"))]
    if not found:
        raise SlackError("thread_not_found")
    return paged(call, "messages", found)


def join(call: Call) -> Answer:
    """conversations.join: public channels only."""
    channel = call.conversation()
    if channel.kind != "public_channel":
        raise SlackError("method_not_supported_for_channel_type")
    joined = replace(channel, bot_is_member=True)
    call.workspace.conversations[channel.id] = joined
    return {"channel": conversation_object(joined)}


def add_reaction(call: Call) -> Answer:
    """reactions.add."""
    channel, name = call.conversation(), call.text("name").strip(":")
    message = call.workspace.message(channel.id, call.text("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    reactions = list(message.get("reactions", []))
    if any(one["name"] == name for one in reactions):
        raise SlackError("already_reacted")
    reactions.append({"name": name, "users": [BOT_USER_ID], "count": 1})
    call.workspace.keep(channel.id, {**message, "reactions": reactions})
    return {}


METHODS = {
    "conversations.open": Method(run=open_conversation, scopes=("im:write",)),
    "conversations.info": Method(run=info),
    "conversations.members": Method(run=members),
    "conversations.list": Method(run=listed),
    "users.conversations": Method(run=listed),
    "conversations.history": Method(run=history),
    "conversations.replies": Method(run=replies),
    "conversations.join": Method(run=join, scopes=("channels:join",)),
    "reactions.add": Method(run=add_reaction, scopes=("reactions:write",)),
}
