"""Gather what every act of a person needs, and tell what came of it."""

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
class Desk:
    """A Slack client with the workspace behind it."""

    workspace: Workspace
    credentials: Credentials
    triggers: Triggers
    response_urls: ResponseUrls
    delivery: Delivery
    settle: Callable[[], Awaitable[None]]
    """Waits a moment for the bot to finish what it began."""
    revision: Revision

    def conversation(self, reference: str, person: Person) -> Conversation:
        """A conversation this person is in.

        :raises Refused: `channel_not_found`.
        """
        found = self.workspace.find(reference)
        if found is None or person.slack_id not in found.members:
            raise Refused(
                "channel_not_found", f"channel: {person.handle} is in no {reference}; see GET /control/channels", 404
            )
        return found

    def any_conversation(self, reference: str, person: Person) -> Conversation:
        """A conversation, whether this person is in it or not.

        :raises Refused: `channel_not_found`.
        """
        found = self.workspace.find(reference)
        return found if found is not None else self.conversation(reference, person)

    def for_command(self, reference: str, person: Person) -> Conversation:
        """Where a command is typed: any channel, which is easier to try things with than in Slack, or own messages.

        :raises Refused: `channel_not_found`, also for another person's direct messages.
        """
        found = self.any_conversation(reference, person)
        return self.conversation(reference, person) if found.kind == "im" else found

    def view(self, view_id: str, person: Person) -> OpenView:
        """A view this person has open (a modal, or their App Home).

        :raises Refused: `view_not_found`.
        """
        found = self.workspace.views.get(view_id)
        if found is None or found.user_id != person.slack_id:
            raise Refused(
                "view_not_found",
                f"view_id: {person.handle} has no view {view_id} open; see GET /control/views",
                404,
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a person saw before an act, to tell what the act brought."""

    views: frozenset[str]
    ephemerals: int
    direct: int
    """How many messages the bot had sent to them directly."""


def look(desk: Desk, person: Person) -> Before:
    """Remember what the person sees now."""
    return Before(
        views=frozenset(one.id for one in desk.workspace.views.modals(person.slack_id)),
        ephemerals=len(desk.workspace.ephemerals(person.slack_id)),
        direct=len(_direct(desk, person)),
    )


def _direct(desk: Desk, person: Person) -> list[dict[str, Any]]:
    channel = direct_message_id(person.slack_id)
    return [{**message, "channel": channel} for message in desk.workspace.messages(channel, person.slack_id)]


async def outcome(
    desk: Desk, person: Person, before: Before, *, place: Conversation | None = None, **more: Any
) -> Outcome:
    """Let the bot finish, then tell what the person sees: open views, and ephemeral messages that came since.

    :param place: where it was done. Slack shows nothing ephemeral to who is not in it: what came directly stands there.
    """
    await desk.settle()
    is_in = place is None or person.slack_id in place.members
    direct = [] if is_in else _direct(desk, person)[before.direct :]
    views = [one.id for one in desk.workspace.views.modals(person.slack_id)]
    return {
        "status": 200,
        "views": views,
        "opened": next((view_id for view_id in reversed(views) if view_id not in before.views), None),
        "ephemeral": [*desk.workspace.ephemerals(person.slack_id)[before.ephemerals :], *direct],
        **more,
    }
