"""The windows about a decision: the details of a request, its notes, the reason of a rejection."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, bullets, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, message_view, modal, text_area
from bot.slack.cards.approval.details import details_blocks
from bot.slack.cards.approval.details_actions import details_actions
from bot.slack.cards.approval.details_parts import TITLES, part_blocks, particular_and_general_notes
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.ids import DetailsPart
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers
from workflows.app.reads.found_requests import Replacement
from workflows.core.people import Role
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest
from workflows.ports.audit_log import AuditEntry


def decision_view(
    request: AccessRequest,
    *,
    history: Sequence[AuditEntry],
    now: datetime,
    holders: Mapping[Role, Approvers] = NO_APPROVERS_KNOWN,
    other_requests: Sequence[AccessRequest] = (),
    replacement: Replacement | None = None,
    may_decide: bool = True,
    may_reassign: bool = False,
    note: str = "",
    drift: Drift | None = None,
) -> Json:
    """Return the view with the details of a request, with Approve and Reject while it can be decided.

    :param holders: who has each role of the approval chain now, by name; empty when that is not known.
    :param history: the audit entries of the request, the newest first.
    :param other_requests: see `details_blocks`.
    :param replacement: see `details_blocks`.
    :param may_decide: whether the reader may decide on it, as far as that is known. Each click is checked again.
    :param may_reassign: whether the reader is an admin, as far as that is known.
    :param note: a sentence above the details; empty for none.
    :param drift: see `details_blocks`.
    """
    blocks = details_blocks(
        request,
        holders=holders,
        history=history,
        now=now,
        other_requests=other_requests,
        replacement=replacement,
        names_guests=may_decide or may_reassign,
        drift=drift,
    )
    blocks += details_actions(request, now, may_decide=may_decide, may_reassign=may_reassign)
    above = [rich_text(paragraph(fixed_text(note, bold=True)))] if note else []
    return modal("Details", [*above, *blocks], ids.DECIDE)


def received_note(what: str) -> str:
    """Return the sentence above Details that says that what somebody wrote is stored and not yet checked.

    :param what: for example "comment".
    """
    return f"Your {what} is received, and is being checked. Gatehouse tells you if it does not count."


def notes_view(request: AccessRequest) -> Json:
    """Return the window with the notes that are true of every such change.

    :raises Refused: while the request has no plan yet.
    """
    note_bullets = bullets([fixed_text(sentence)] for sentence in particular_and_general_notes(request)[1])
    identity = request.require_prepared().observation.identity
    return modal("Notes", [identity_block(identity), rich_text(note_bullets)], ids.NOTES)


def part_view(request: AccessRequest, name: DetailsPart, rows: Sequence[RichTextElement], page: int) -> Json:
    """Return the window with one page of a part of Details.

    :param rows: the whole part, see `whole_part`.
    """
    return modal(TITLES[name], part_blocks(request, name, rows, page), ids.DETAILS_PART)


def decision_received_view(decision_word: str) -> Json:
    """Return the view that says that a decision is stored and not yet checked.

    :param decision_word: "approval" or "rejection".
    """
    return message_view(
        "Received",
        f"Your {decision_word} is received. Still checking your permission. Gatehouse tells you if it does not count. "
        "The request's card shows the current state.",
    )


def reject_view(request: AccessRequest) -> Json:
    """Return the view that asks why a request is rejected.

    :raises Refused: while the request has no plan yet.
    """
    blocks: list[Block] = [
        identity_block(request.require_prepared().observation.identity),
        input_block(
            "Reason",
            ids.REASON,
            text_area(ids.REASON),
            hint="The requester reads this. Write what must change.",
        ),
    ]
    return modal("Reject request", blocks, ids.REJECT_REASON, submit="Reject", metadata=ids.decision_value(request))
