"""The button Approve. The boundary between what a start waits for and the rest of this flow, imported later."""

from collections.abc import Callable

from bot.slack import ids
from bot.slack.flows.entry_point_types import Card, CommandButton
from bot.slack.payloads.button_values import parse_card_value
from bot.slack.payloads.models import Interaction
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import Approve


def approve_button(then: Callable[[Interaction], None]) -> CommandButton:
    """Return the entry point of the button.

    :param then: starts what follows when the click is stored and acknowledged.
    """
    return CommandButton(ids.APPROVE, approval, "want_approve", Card.REQUEST, then)


def approval(click: Interaction) -> Approve[ChatId]:
    """Return the approval that somebody clicked."""
    return approval_of(click, click.action.value)


def approval_of(click: Interaction, value: str) -> Approve[ChatId]:
    """Return the approval of what a button's value names."""
    request_id, digest = parse_card_value(value)
    return Approve(actor=click.actor, request_id=request_id, digest=digest, channel=click.channel)
