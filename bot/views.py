"""Modal views that tell something, or ask for a reason or a confirmation. Pure."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    Block,
    PlainTextInputElement,
    RichTextBlock,
)

from bot import ids
from bot.blocks import Json, Limit, paragraph, part, rich, words
from bot.modal_parts import input_block, modal, text_area
from bot.partner_parts import change_elements, consequence_elements, identity_block
from bot.review_parts import partnership_facts
from bot.untrusted import clean
from workflows.core.partnership import Partnership
from workflows.core.plan import TenantIdentity
from workflows.core.request import AccessRequest
from workflows.core.wording import Line


def loading_view(title: str = "One moment") -> Json:
    """Say that something is being read. Opened at once, because a trigger lives three seconds; updated afterwards."""
    return modal(title, [rich(paragraph(words("⏳ Reading from Microsoft Entra…")))], ids.REQUEST_ACCESS_LOADING)


def message_view(title: str, text: str) -> Json:
    """Say something in a modal that asks for nothing."""
    return modal(title, [rich(paragraph(part(text, Limit.PLAIN, lines=True)))], ids.MESSAGE_VIEW)


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


def keep_view(partnership: Partnership) -> Json:
    """Ask why access is still needed."""
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich(paragraph(*partnership_facts(partnership))),
        input_block("Why is the access still needed?", ids.REASON, text_area(ids.REASON)),
    ]
    return modal("Keep access", blocks, ids.KEEP_REASON, submit="Keep", metadata=partnership.identity.tenant_id)


def revoke_view(
    identity: TenantIdentity,
    lines: Sequence[Line],
    partnership: Partnership | None,
    consequences: Sequence[str],
) -> Json:
    """Show what a revocation will do and what it will not, and ask for the partner's domain to be typed."""
    changes = rich(*change_elements(lines, "What will change"), *consequence_elements(consequences))
    return _revoke_modal(identity, [_standing_block(partnership), changes])


def revoke_unread_view(identity: TenantIdentity) -> Json:
    """Offer a revocation while nothing can be read: neither the settings nor who asks, so no record is shown either."""
    said = rich(
        paragraph(words("⚠️ The present settings cannot be read now.", bold=True)),
        paragraph(
            words(
                "If you confirm, Gatehouse blocks this partner in every direction as soon as Microsoft answers, and "
                "reads the blocks back. Whether you may revoke is checked then."
            )
        ),
    )
    return _revoke_modal(identity, [said])


def _revoke_modal(identity: TenantIdentity, told: Sequence[Block]) -> Json:
    blocks: list[Block] = [
        identity_block(identity),
        *told,
        input_block(
            f"Type {clean(ids.confirmation(identity), 300)} to confirm",
            ids.CONFIRM,
            PlainTextInputElement(action_id=ids.CONFIRM, max_length=300),
        ),
        input_block("Reason", ids.REASON, text_area(ids.REASON), is_optional=True),
    ]
    return modal("Revoke access", blocks, ids.CONFIRM_REVOKE, submit="Revoke", metadata=identity.tenant_id)


def _standing_block(partnership: Partnership | None) -> RichTextBlock:
    if partnership is None:
        return rich(paragraph(words("Gatehouse has no record of this partner; it can be closed all the same.")))
    return rich(paragraph(*partnership_facts(partnership)))
