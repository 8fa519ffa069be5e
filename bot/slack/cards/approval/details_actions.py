"""The buttons at the end of Details: the decision, and what people do with a request besides deciding on it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import actions, button, small_text
from bot.slack.cards.approval.approval_card import decision_row
from bot.slack.cards.requests import can_be_rejected, reject_element
from workflows.core.requests.commands.editing import is_editable
from workflows.core.requests.deciding import is_approved_and_unwritten
from workflows.core.requests.notes import is_believed
from workflows.core.requests.request import AccessRequest, RequestState

_CHECKED: Final = "Your permission is checked when you click."


def details_actions(
    request: AccessRequest, now: datetime, *, may_decide: bool, may_reassign: bool = False
) -> Iterator[Block]:
    """Return the rows of buttons of Details; nothing when nothing is possible now. Each click is checked again.

    :param may_decide: whether the reader may decide on the request, as far as that is known.
    :param may_reassign: whether the reader is an admin, as far as that is known.
    """
    if not can_be_rejected(request, now):
        return
    if is_approved_and_unwritten(request) or not is_believed(request):
        if may_decide or may_reassign:
            yield actions(f"decide:{request.id}", reject_element(request))
            yield small_text(_CHECKED)
        return
    if may_decide:
        yield decision_row(request, can_decide=True, with_details=False)
    if others := list(_other_buttons(request, may_decide=may_decide, may_reassign=may_reassign)):
        yield actions(f"more:{request.id}", *others)
    yield small_text(_CHECKED)


def _other_buttons(request: AccessRequest, *, may_decide: bool, may_reassign: bool) -> Iterator[ButtonElement]:
    """Return the buttons for everything but the decision: one row, in this order.

    Slack accepts 25 buttons in a row. A phone shows two or three beside each other.
    Ask stands here for an admin who does not decide.

    :param may_decide: whether the row of the decision, which has Ask, is shown.
    """
    value = ids.decision_value(request)
    if not may_decide:
        yield button("Ask", ids.ASK, value)
    elif is_editable(request):
        yield button("Request changes", ids.REQUEST_CHANGES, value)
        yield button("Propose less", ids.PROPOSE_LESS, value)
    yield button("Comment", ids.COMMENT, value)
    if may_reassign and request.state is RequestState.AWAITING_APPROVAL:
        yield button("Reassign", ids.REASSIGN, value)
