"""The window in which another sponsor is proposed. Pure."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import Block, UserSelectElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    TextRun,
    actions,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.modal import input_block, modal
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.cards.partnership import withdraw_handover_buttons
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId, PersonId

_HINT: Final = "A full member, no guest. They get a message, and are the sponsor when they accept."
_CANNOT_DECIDE: Final = (
    "The sponsor cannot decide on requests about this partner. A former sponsor cannot for 90 days. If the new sponsor "
    "has approved an open request, that approval does not count any more."
)


def change_sponsor_view(partnership: Partnership, *, reader: PersonId, manager: ChatId | None) -> Json:
    """Return the window that asks who shall be the sponsor.

    :param reader: the account of who sees it. Whoever has asked somebody already can withdraw that.
    :param manager: the chat id of the sponsor's manager, offered while the sponsor has no account; None: nobody.
    """
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich_text(paragraph(*_sponsor_parts(partnership))),
        *_withdraw(partnership, reader),
        input_block(
            "New sponsor",
            ids.NEW_SPONSOR,
            UserSelectElement(action_id=ids.NEW_SPONSOR, initial_user=manager),
            hint=_HINT,
        ),
        rich_text(paragraph(fixed_text(_CANNOT_DECIDE))),
    ]
    tenant_id = partnership.identity.tenant_id
    return modal("Change sponsor", blocks, ids.PROPOSE_SPONSOR, submit="Ask", metadata=tenant_id)


def _withdraw(partnership: Partnership, reader: PersonId) -> Iterator[Block]:
    if buttons := withdraw_handover_buttons(partnership, [reader]):
        yield actions(f"withdraw:{partnership.identity.tenant_id}", *buttons)


def _sponsor_parts(partnership: Partnership) -> Iterator[TextRun]:
    yield fixed_text("Sponsor: ")
    yield cleaned_text(partnership.sponsor.name, bold=True)
    if partnership.sponsor_gone_at is None:
        yield fixed_text(", until the new one accepts.")
    else:
        yield fixed_text(", who has no enabled account any more. The admins answer until the new one accepts.")
    handover = partnership.handover
    if handover is not None and handover.is_open:
        yield fixed_text("\n")
        yield cleaned_text(handover.proposed.name, bold=True)
        yield fixed_text(" was asked on ")
        yield local_time(handover.proposed_at)
        yield fixed_text(" and has not answered. If you ask somebody else, that question ends.")
