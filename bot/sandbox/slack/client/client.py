"""What every action of a person needs, and what the person sees afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.revision import Revision
from bot.sandbox.seed import Person
from bot.sandbox.slack.delivery.delivery import Delivery
from bot.sandbox.slack.web_api.response_urls import ResponseUrls
from bot.sandbox.slack.workspace.conversations import Conversation, direct_message_id
from bot.sandbox.slack.workspace.credentials import Credentials
from bot.sandbox.slack.workspace.triggers import Triggers
from bot.sandbox.slack.workspace.views import OpenView
from bot.sandbox.slack.workspace.workspace import Workspace

Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A Slack client and its workspace."""

    workspace: Workspace
    credentials: Credentials
    triggers: Triggers
    response_urls: ResponseUrls
    delivery: Delivery
    wait_until_idle: Callable[[], Awaitable[None]]
    """Waits a moment for the bot to finish its work."""
    revision: Revision

    def conversation(self, reference: str, person: Person) -> Conversation:
        """Return a conversation that this person is a member of.

        :raises Refused: `channel_not_found`.
        """
        conversation = self.workspace.find(reference)
        if conversation is None or person.slack_id not in conversation.members:
            raise Refused(
                "channel_not_found", f"channel: {person.handle} is in no {reference}; see GET /control/channels", 404
            )
        return conversation

    def any_conversation(self, reference: str, person: Person) -> Conversation:
        """Return a conversation, whether this person is a member or not.

        :raises Refused: `channel_not_found`.
        """
        conversation = self.workspace.find(reference)
        return conversation if conversation is not None else self.conversation(reference, person)

    def for_command(self, reference: str, person: Person) -> Conversation:
        """Return the conversation where a command is typed: any channel, or the person's own direct messages.

        Slack itself would require membership of the channel.

        :raises Refused: `channel_not_found`, also for another person's direct messages.
        """
        conversation = self.any_conversation(reference, person)
        return self.conversation(reference, person) if conversation.kind == "im" else conversation

    def view(self, view_id: str, person: Person) -> OpenView:
        """Return a view that this person has open (a modal, or their App Home).

        :raises Refused: `view_not_found`.
        """
        open_view = self.workspace.views.get(view_id)
        if open_view is None or open_view.user_id != person.slack_id:
            raise Refused(
                "view_not_found",
                f"view_id: {person.handle} has no view {view_id} open; see GET /control/views",
                404,
            )
        return open_view


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientState:
    """What a person saw before an action, to find out what is new afterwards."""

    views: frozenset[str]
    ephemerals: int
    direct: int
    """The number of direct messages from the bot."""


def read_client_state(client: Client, person: Person) -> ClientState:
    """Return the views and messages that the person sees now, to be compared later."""
    return ClientState(
        views=frozenset(modal.id for modal in client.workspace.views.modals(person.slack_id)),
        ephemerals=len(client.workspace.ephemerals(person.slack_id)),
        direct=len(_direct_messages(client, person)),
    )


def _direct_messages(client: Client, person: Person) -> list[dict[str, Any]]:
    channel = direct_message_id(person.slack_id)
    return [{**message, "channel": channel} for message in client.workspace.messages(channel, person.slack_id)]


async def outcome(
    client: Client, person: Person, before: ClientState, *, place: Conversation | None = None, **more: Any
) -> Outcome:
    """Wait for the bot to finish; return what the person sees: open views, and new ephemeral messages.

    :param before: the views and messages that the person saw before the action.
    :param place: where it was done. Slack shows no ephemeral message to a person who is not a member there: new direct
        messages are returned instead.
    """
    await client.wait_until_idle()
    is_in = place is None or person.slack_id in place.members
    direct = [] if is_in else _direct_messages(client, person)[before.direct :]
    views = [modal.id for modal in client.workspace.views.modals(person.slack_id)]
    return {
        "status": 200,
        "views": views,
        "opened": next((view_id for view_id in reversed(views) if view_id not in before.views), None),
        "ephemeral": [*client.workspace.ephemerals(person.slack_id)[before.ephemerals :], *direct],
        **more,
    }
