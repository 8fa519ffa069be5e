"""The row of buttons in Details for what people do with a request besides approving and rejecting it."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import actions, button
from bot.slack.cards.requests import can_be_decided
from workflows.core.requests.request import AccessRequest


def details_actions(request: AccessRequest, now: datetime) -> list[Block]:
    """Return the row of buttons; nothing when none is possible now. Each click is checked again."""
    buttons = list(_buttons(request, now))
    return [actions(f"more:{request.id}", *buttons)] if buttons else []


def _buttons(request: AccessRequest, now: datetime) -> Iterator[ButtonElement]:
    if can_be_decided(request, now):
        yield button("Comment", ids.COMMENT, ids.decision_value(request))
