"""The views with the effect of a revocation, its limits, and its confirmation. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, PlainTextInputElement, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, Limit, TextRun, bullets, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, message_view, modal, text_area
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import change_elements, consequence_elements, identity_block, partner_name
from bot.slack.cards.partnership import partner_section_row, partnership_facts
from bot.slack.cards.requests import kind_words
from bot.slack.ids import PartnerSection
from bot.words.plans.changes import ChangeLine, describe_changes
from bot.words.plans.consequences import consequence_words
from bot.words.requests.states import state_words
from bot.words.sentences import counted, minute
from bot.words.settings.open_access import access_kinds_words
from bot.words.settings.values import NO_NAMES
from workflows.core.checks.consequences import consequences
from workflows.core.partners.partnership import CLOSED_STATES, Partnership, PartnershipState
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.requests.request import AccessRequest, Closing
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.open_access import AccessKind, access_kinds, possibly_open

_BLOCKED: Final = "This tenant is already blocked in every respect, so no setting is written."
_NOTHING_TO_WRITE: Final = "Every block is already set, so no setting is changed."
_NOT_SURELY_CLOSED: Final = "Gatehouse has no setting that surely closes these: "
_SETTINGS_NOT_READ: Final = (
    "If you confirm, Gatehouse blocks B2B collaboration and direct connect in both directions as soon as Microsoft "
    "answers. It switches trust, automatic redemption and synchronization off, and reads that back. It tries to close "
    "everything else and names what stays open. Your permission is checked then."
)
_KEPT: Final = (
    "This blocks the partner in both directions now, as a revocation does. The approval policy, sponsor and end of "
    "access are kept, so that it can be lifted. An admin or the sponsor asks for that, and every approver that the "
    "partner needs decides once more. Reviews and reminders stop until then."
)
MAX_STOPPED_REQUESTS: Final = 30


def revoke_view_or_nothing(
    identity: TenantIdentity,
    partnership: Partnership | None,
    plan: Plan,
    default: JsonObject | None,
    stopped_requests: Sequence[AccessRequest] = (),
    names: Mapping[str, str] = NO_NAMES,
    usage_sentences: Sequence[str] = (),
    *,
    read_at: datetime,
    closing: Closing = Closing.REVOKE,
) -> Json:
    """Offer a revocation wherever there is something to close, to record as closed, or to stop; otherwise say why not.

    :param default: the tenant's default configuration; None when it could not be read.
    :param names: the names of the ids in the configuration, from our own directory.
    :param usage_sentences: sentences about who used the partnership recently.
    :param read_at: when the settings that the plan is made from were read.
    :param closing: whether it is a revocation or a suspension. A suspended partner can still be revoked.
    """
    not_closed = possibly_open(access_kinds(plan.before, default, is_cross_cloud=not identity.is_resolved))
    states = CLOSED_STATES if closing is Closing.SUSPEND else {PartnershipState.REVOKED}
    is_closed = partnership is None or partnership.state in states
    if is_closed and not plan.operations and not stopped_requests:
        return already_blocked_view(identity, not_closed, read_at)
    notes = (*map(consequence_words, consequences(plan, default)), *usage_sentences)
    lines = describe_changes(plan, default, names)
    return revoke_view(identity, lines, partnership, notes, stopped_requests, not_closed, closing=closing)


def revoke_view(
    identity: TenantIdentity,
    lines: Sequence[ChangeLine],
    partnership: Partnership | None,
    consequences: Sequence[str],
    stopped_requests: Sequence[AccessRequest] = (),
    access_kinds: Sequence[AccessKind] = (),
    *,
    closing: Closing = Closing.REVOKE,
) -> Json:
    """Return the view with the effects and limits of a revocation, which asks to type the partner's domain.

    :param lines: the settings that the revocation writes; empty when every block is set already.
    :param access_kinds: the kinds of access that are not certainly closed now.
    :param stopped_requests: the open requests that it stops.
    """
    changes = _nothing_to_write_elements(access_kinds)
    if lines:
        changes = change_elements(lines, "What will change", is_closing=True)
    effects = rich_text(*changes, *_stopped_requests_elements(stopped_requests), *consequence_elements(consequences))
    kept = [rich_text(paragraph(fixed_text(_KEPT)))] if closing is Closing.SUSPEND else []
    content: list[Block] = [_current_block(partnership), *kept, effects]
    if len(stopped_requests) > MAX_STOPPED_REQUESTS:
        count_text = f"{counted(len(stopped_requests), 'request')} that this stops"
        content.append(partner_section_row(identity.tenant_id, PartnerSection.STOPPED_BY_REVOCATION, count_text))
    return _revoke_modal(identity, content, closing)


def already_blocked_view(identity: TenantIdentity, access_kinds: Sequence[AccessKind], read_at: datetime) -> Json:
    """Return the view that there is nothing to revoke, with what is still not certainly closed.

    :param read_at: when the settings were read; the view shows this time.
    """
    partner, verified = partner_name(identity), f"(verified {minute(read_at)})"
    if not access_kinds:
        return message_view("Blocked already", f"{partner} is blocked already {verified}. Nothing has to be changed.")
    kinds = access_kinds_words(access_kinds, with_graph_names=True)
    text = f"{partner}: {_NOTHING_TO_WRITE} {verified} {_NOT_SURELY_CLOSED}{kinds}."
    return message_view("Nothing to write", text)


def revoke_without_preview_view(identity: TenantIdentity, closing: Closing = Closing.REVOKE) -> Json:
    """Offer a revocation while nothing can be read: neither the settings nor who asks, so no record is shown either."""
    warning = rich_text(
        paragraph(fixed_text("⚠️ The present settings cannot be read now.", bold=True)),
        paragraph(fixed_text(_SETTINGS_NOT_READ)),
    )
    return _revoke_modal(identity, [warning], closing)


def ask_partner_view() -> Json:
    """Return the view that asks which partner to block."""
    field = PlainTextInputElement(action_id=ids.TARGET, max_length=300)
    hint = "The next step shows what changes, and asks you to confirm. Only admins can block a partner."
    blocks: list[Block] = [input_block("Partner domain or tenant ID", ids.TARGET, field, hint=hint)]
    return modal("Block a partner", blocks, ids.NAME_PARTNER, submit="Continue")


def _revoke_modal(identity: TenantIdentity, content: Sequence[Block], closing: Closing) -> Json:
    is_suspension = closing is Closing.SUSPEND
    blocks: list[Block] = [
        identity_block(identity),
        *content,
        input_block(
            f"Type {clean(ids.confirmation_text(identity), 300)} to confirm",
            ids.CONFIRM,
            PlainTextInputElement(action_id=ids.CONFIRM, max_length=300),
        ),
        input_block("Reason", ids.REASON, text_area(ids.REASON), is_optional=not is_suspension),
    ]
    if is_suspension:
        return modal("Suspend access", blocks, ids.CONFIRM_SUSPEND, submit="Suspend", metadata=identity.tenant_id)
    return modal("Revoke access", blocks, ids.CONFIRM_REVOKE, submit="Revoke", metadata=identity.tenant_id)


def _nothing_to_write_elements(access_kinds: Sequence[AccessKind]) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text(_NOTHING_TO_WRITE if access_kinds else _BLOCKED, bold=True))
    if access_kinds:
        yield paragraph(
            fixed_text(_NOT_SURELY_CLOSED),
            cleaned_text(access_kinds_words(access_kinds, with_graph_names=True), Limit.PLAIN),
        )


def _stopped_requests_elements(stopped_requests: Sequence[AccessRequest]) -> Iterator[RichTextElement]:
    if not stopped_requests:
        return
    yield paragraph(fixed_text("What this stops, so that no later approval changes the partner", bold=True))
    shown_requests = [stopped_request_parts(request) for request in stopped_requests[:MAX_STOPPED_REQUESTS]]
    if more := len(stopped_requests) - len(shown_requests):
        shown_requests.append([fixed_text(f"and {more} more")])
    yield bullets(shown_requests)


def stopped_request_parts(request: AccessRequest) -> list[TextRun]:
    """Return one request that a revocation stops."""
    requester_parts = [fixed_text(" by "), cleaned_text(request.prepared.requester.name)] if request.prepared else []
    return [
        cleaned_text(request.id, bold=True),
        fixed_text(f": {kind_words(request)}"),
        *requester_parts,
        fixed_text(f", {state_words(request)}"),
    ]


def _current_block(partnership: Partnership | None) -> RichTextBlock:
    if partnership is None:
        return rich_text(paragraph(fixed_text("Gatehouse has no record of this partner; it can still be blocked.")))
    return rich_text(paragraph(*partnership_facts(partnership)))
