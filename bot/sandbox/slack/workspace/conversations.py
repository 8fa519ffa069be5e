"""The workspace's conversations: its channels, and one direct message channel between the bot and each person."""

from dataclasses import dataclass
from typing import Any, Literal

from bot.sandbox.seed import BOT_USER_ID, CHANNELS, PEOPLE, TEAM_ID
from bot.sandbox.slack.workspace.people import find_person, member_ids

_CREATED = 1_700_000_000
Kind = Literal["public_channel", "private_channel", "im"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A channel or direct message conversation; `members` are Slack ids, without the bot's."""

    id: str
    name: str
    kind: Kind
    topic: str
    members: tuple[str, ...]
    bot_is_member: bool = True
    is_ext_shared: bool = False

    @property
    def payload_name(self) -> str:
        """Return the name in payloads: Slack hides the names of private conversations."""
        return {"public_channel": self.name, "private_channel": "privategroup", "im": "directmessage"}[self.kind]


def direct_message_id(user_id: str) -> str:
    """Return the id of the direct message channel between the bot and a person."""
    return "D" + user_id[1:]


def _initial_conversations() -> dict[str, Conversation]:
    channels = [
        Conversation(
            id=channel.id,
            name=channel.name,
            kind="private_channel" if channel.is_private else "public_channel",
            topic=channel.topic,
            members=tuple(member_ids(channel.members)),
            is_ext_shared=channel.is_ext_shared,
        )
        for channel in CHANNELS
    ]
    direct = [
        Conversation(
            id=direct_message_id(person.slack_id),
            name=person.handle,
            kind="im",
            topic="",
            members=(person.slack_id,),
        )
        for person in PEOPLE
    ]
    return {conversation.id: conversation for conversation in [*channels, *direct]}


def find_conversation(conversations: dict[str, Conversation], reference: str) -> Conversation | None:
    """Find a conversation by id, `name`, `#name`, `@handle`, or a person's Slack id (their direct messages)."""
    if reference in conversations:
        return conversations[reference]
    if not reference.startswith("@"):
        name = reference.removeprefix("#")
        for conversation in conversations.values():
            if conversation.name == name and conversation.kind != "im":
                return conversation
    if reference.startswith(("@", "U")) and (person := find_person(reference)):
        return conversations[direct_message_id(person.slack_id)]
    return None


CONVERSATIONS = _initial_conversations()


def conversation_object(conversation: Conversation) -> dict[str, Any]:
    """Return Slack's conversation object."""
    if conversation.kind == "im":
        return {
            "id": conversation.id,
            "created": _CREATED,
            "is_im": True,
            "is_archived": False,
            "is_org_shared": False,
            "user": conversation.members[0],
            "is_open": True,
        }
    return {
        "id": conversation.id,
        "name": conversation.name,
        "name_normalized": conversation.name,
        "is_channel": conversation.kind == "public_channel",
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": conversation.kind == "private_channel",
        "created": _CREATED,
        "creator": "U0ADMIN0001",
        "is_archived": False,
        "is_general": conversation.name == "general",
        "is_member": conversation.bot_is_member,
        "is_shared": conversation.is_ext_shared,
        "is_ext_shared": conversation.is_ext_shared,
        "is_pending_ext_shared": False,
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
        "topic": {"value": conversation.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(conversation.members) + 1,
    }


def everyone_in(conversation: Conversation) -> list[str]:
    """Return the Slack ids of all members, including the bot."""
    return [*conversation.members, *([BOT_USER_ID] if conversation.bot_is_member else [])]
