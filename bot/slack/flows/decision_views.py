"""The windows in which somebody decides: a request whole with its two buttons, the reason of a rejection. Pure."""

from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import Json, footnote
from bot.slack.blocks.modal import input_block, message_view, modal, text_area
from bot.slack.cards.cards import request_blocks
from bot.slack.cards.findings import whole_findings
from bot.slack.cards.partners import identity_block
from workflows.core.requests.request import AccessRequest


def decision_view(request: AccessRequest, *, now: datetime) -> Json:
    """Show a request as its card does, with Approve and Reject while it can be decided."""
    blocks = request_blocks(request, holders={}, now=now)
    if request.prepared is not None:
        blocks += whole_findings(request.prepared.findings)
    blocks.append(footnote("As it stands now. Who may decide is checked when you click."))
    return modal("Decide on a request", blocks, ids.DECIDE)


def decided_view(what: str) -> Json:
    """Say that a click is stored, and nothing more than that."""
    return message_view(
        "Stored",
        f"Your {what} is stored. Gatehouse checks now whether you may decide on this request, and tells you if it does "
        "not count. The request's card shows how it stands.",
    )


def reject_view(request: AccessRequest) -> Json:
    """Ask why a request is rejected.

    :raises Refused: while the request has no plan yet.
    """
    blocks: list[Block] = [
        identity_block(request.known.observation.identity),
        input_block(
            "Reason",
            ids.REASON,
            text_area(ids.REASON),
            hint="The requester reads it: say what would have to change.",
        ),
    ]
    return modal("Reject request", blocks, ids.REJECT_REASON, submit="Reject", metadata=ids.decision_value(request))
