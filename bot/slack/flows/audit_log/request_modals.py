"""The windows of an auditor about one request: its details, and its audit history page by page. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import StringConstraints, ValidationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    mention,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.modal import modal
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.closed_card import closed_headline
from bot.slack.cards.approval.details import details_blocks
from bot.slack.cards.approval.details_parts import replacement_parts
from bot.slack.cards.requests import identity_of
from bot.slack.payloads.button_values import REQUEST_ID
from bot.slack.payloads.models import Payload
from bot.slack.people.approvers import Approvers
from bot.words.requests.audit_history import audit_entry_words, edit_words, reason_label, reason_words, recorded_names
from bot.words.sentences import range_words
from workflows.app.reads.found_requests import Replacement
from workflows.app.storing.new_audit_entry import GATEHOUSE
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Role
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.audit_log import RECEIVED, AuditEntry
from workflows.ports.pages import START, Page, PagePosition

HISTORY_PAGE_SIZE: Final = 30
"""Audit entries on a page."""
MAX_REASON_CHARACTERS: Final = 1500
MAX_VALUE_CHARACTERS: Final = 300
"""Characters of a changed field's value; a longer one is cut with its length, and the audit log has it whole."""
_EDIT: Final = "edit"
_USER: Final = re.compile(r"[UW][A-Z0-9]+", re.ASCII)


class _Step(Payload):
    cursor: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")], ...]
    is_before: bool


def audit_details_view(
    request: AccessRequest,
    *,
    successor: AccessRequest | None,
    holders: Mapping[Role, Approvers],
    history: Sequence[AuditEntry],
    now: datetime,
    replacement: Replacement | None = None,
) -> Json:
    """Return everything about a request, without a button that decides.

    :param successor: the later request that replaced the result of this one; None where the partner still has that.
    :param holders: who has each role of the approval chain now, by name.
    :param history: the audit entries of the request, the newest first.
    :param replacement: see `details_blocks`.
    """
    buttons = [button("Audit history", ids.READ_HISTORY, request.id)]
    if (identity := identity_of(request)) is not None:
        buttons.append(button("Show partner", ids.READ_PARTNER, identity.tenant_id))
    blocks = [
        header(closed_headline(request, successor)),
        actions(f"audit:{request.id}", *buttons),
        *details_blocks(request, holders=holders, history=history, now=now, replacement=replacement),
    ]
    return modal("Details", blocks, ids.AUDIT_DETAILS)


def history_view(
    request: AccessRequest,
    page: Page[AuditEntry],
    *,
    successor: AccessRequest | None,
    replacement: Replacement | None = None,
) -> Json:
    """Return one page of the audit history of a request: who did what when, and on which plan.

    :param successor: the later request that replaced the result of this one; the headline names it.
    :param replacement: `successor` with the time at which it replaced this one, for a line between the entries. That
        line does not count as an entry. None also when an earlier page shows it already.
    """
    last = page.count_before + page.size
    range_text = f"{page.count:,}" if page.size == page.count else range_words(page.count_before + 1, last, page.count)
    blocks: list[Block] = [
        header(closed_headline(request, successor)),
        rich_text(
            paragraph(fixed_text("Audit entries, oldest first", bold=True), fixed_text(f": {range_text}\n{request.id}"))
        ),
        *_entry_blocks(request, page, replacement),
    ]
    buttons = []
    if page.count_before:
        buttons.append(button(f"Earlier {page.count_before:,}", ids.HISTORY_EARLIER, _value(request.id, page, True)))
    if page.count_after:
        buttons.append(button(f"Later {page.count_after:,}", ids.HISTORY_LATER, _value(request.id, page, False)))
    if buttons:
        blocks.append(actions("turn", *buttons))
    blocks.append(small_text("Names are those that were recorded. A Change ID names exactly one plan."))
    return modal("Audit history", blocks, ids.AUDIT_HISTORY)


def parse_history(value: str) -> tuple[RequestId, PagePosition]:
    """Read the request and the place from a page button.

    :raises Refused: for any other text.
    """
    request_id, _, step = value.partition(":")
    try:
        parsed = _Step.model_validate_json(step)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    if not re.fullmatch(REQUEST_ID, request_id):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return RequestId(request_id), PagePosition(
        cursor=parsed.cursor, is_before=parsed.is_before
    ) if parsed.cursor else START


def _value(request_id: RequestId, page: Page[AuditEntry], is_before: bool) -> str:
    step = {"cursor": page.first_cursor if is_before else page.last_cursor, "is_before": is_before}
    return f"{request_id}:{json.dumps(step, separators=(',', ':'))}"


def _entry_blocks(request: AccessRequest, page: Page[AuditEntry], replacement: Replacement | None) -> Iterator[Block]:
    """Return the entries of a page. What replaced the result stands before the first later entry, or at the end."""
    previous_digest, replacement_index, names = "", _place_of(replacement, page), recorded_names(request)
    for index, entry in enumerate(page.items):
        if replacement is not None and index == replacement_index:
            yield rich_text(paragraph(*replacement_parts(request, replacement)))
        yield rich_text(*_entry_elements(entry, names, digest_above=previous_digest))
        previous_digest = _digest(entry) or previous_digest
    if replacement is not None and replacement_index == len(page.items):
        yield rich_text(paragraph(*replacement_parts(request, replacement)))


def _place_of(replacement: Replacement | None, page: Page[AuditEntry]) -> int | None:
    """Return before which entry of a page the replacement stands; None when it stands on another page."""
    if replacement is None:
        return None
    earlier = sum(entry.at <= replacement.at for entry in page.items)
    return None if earlier == len(page.items) and page.count_after else earlier


def _digest(entry: AuditEntry) -> str:
    """Return the digest of the plan that an entry decides on or makes; empty when it does neither.

    For an edit it is empty, because its entry names the plan that it replaces.
    """
    digest = entry.details.get("digest")
    return digest if isinstance(digest, str) and entry.command != _EDIT else ""


def _entry_elements(entry: AuditEntry, names: Mapping[str, str], *, digest_above: str) -> Iterator[RichTextElement]:
    """Return one audit entry.

    :param digest_above: the last Change ID in the entries before this one; it is not repeated.
    """
    is_result = entry.outcome != RECEIVED
    parts: list[TextRun] = [
        local_time(entry.at),
        fixed_text(": "),
        cleaned_text(audit_entry_words(entry), 200, bold=is_result),
        *_by(entry, names),
    ]
    if digest := _digest(entry):
        same = [fixed_text(", same Change ID")]
        parts += same if digest == digest_above else [fixed_text("\nChange ID: "), cleaned_text(digest, code=True)]
    if reason := reason_words(entry):
        parts += [fixed_text(f"\n{reason_label(entry)}: "), cleaned_text(reason, MAX_REASON_CHARACTERS)]
    yield paragraph(*parts)
    if edits := list(edit_words(entry, names)):
        yield bullets(
            [fixed_text(f"{label}: "), _value_part(before), fixed_text(" → "), _value_part(after)]
            for label, before, after in edits
        )


def _value_part(value: str) -> TextRun:
    """Return a value, or its beginning and how much more there is."""
    more = len(value) - MAX_VALUE_CHARACTERS
    return cleaned_text(
        value if more <= 0 else f"{clean(value, MAX_VALUE_CHARACTERS)} ({more:,} more characters)",
        MAX_VALUE_CHARACTERS + 60,
    )


def _by(entry: AuditEntry, names: Mapping[str, str]) -> Iterator[TextRun]:
    """Name who did it: the recorded name with the chat id; where none was recorded, who has the id now."""
    if entry.actor == GATEHOUSE:
        return
    yield fixed_text(" by ")
    name = names.get(entry.account or "") or names.get(entry.actor)
    if name:
        yield cleaned_text(name)
        yield fixed_text(" (")
        yield cleaned_text(entry.actor)
        yield fixed_text(")")
    elif _USER.fullmatch(entry.actor):
        yield mention(entry.actor)
    else:
        yield cleaned_text(entry.actor)
