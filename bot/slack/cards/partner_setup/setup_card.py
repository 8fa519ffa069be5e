"""The partner setup card: the remaining steps of the partner's administrator, the confirmations, and a reminder."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import closed_line, identity_block, notified_partner, partner_name
from bot.slack.cards.partner_setup.setup_steps import step_blocks
from bot.words.partner_setup.state import setup_words
from bot.words.requests.titles import partner_title
from workflows.core.checks.partner_setup.confirmations import needed_steps, open_steps
from workflows.core.partners.partnership import Partnership, PartnershipState

_NEWER: Final = "There is a newer card about this below"
_NOT_CONCERNED: Final = "You need to do nothing here any more"


def setup_card(partnership: Partnership, *, may_confirm: bool, reader: str = "") -> Message:
    """Return the card with the state of the partner setup.

    :param may_confirm: offer to confirm and to be reminded: for the sponsor and the admins.
    :param reader: the chat id of the copy's recipient.
    """
    identity = partnership.identity
    is_live = not partnership.is_closed and bool(partnership.setup)
    is_reminder = may_confirm and _was_reminded(partnership)
    icon, headline = _headline(partnership, is_reminder=is_reminder)
    blocks: list[Block] = [
        header(f"{icon} {clean(partner_name(identity), 90)}: {headline}"),
        identity_block(identity),
        rich_text(paragraph(cleaned_text(partner_title(partnership)), fixed_text(f" · {partnership.request_id}"))),
    ]
    if is_live:
        if is_reminder:
            blocks.append(rich_text(paragraph(*_reminder_parts(partnership, reader))))
        blocks += _body(partnership, may_confirm=may_confirm)
    state = setup_words(partnership.setup, partnership.confirmations) or headline
    start = "reminder of the partner setup" if is_reminder else "partner setup"
    return message(f"{notified_partner(identity)}: {start} ({partnership.request_id}), {state}.", blocks)


def closed_setup_card(partnership: Partnership, *, has_newer: bool) -> Message:
    """Return the text of a card after its reader got a newer card, or is not concerned any more."""
    summary = f"partner setup. {_NEWER if has_newer else _NOT_CONCERNED}"
    return closed_line("🤝", partner_name(partnership.identity), summary, partnership.request_id)


def _was_reminded(partnership: Partnership) -> bool:
    """Return whether a reminder was sent, and a step is still open."""
    is_asked = partnership.setup_reminder_asked_at is not None and partnership.remind_setup_at is None
    return (is_asked or partnership.setup_prompts > 0) and bool(
        open_steps(partnership.setup, partnership.confirmations)
    )


def _headline(partnership: Partnership, *, is_reminder: bool) -> tuple[str, str]:
    if partnership.state is PartnershipState.REVOKED:
        return "🔒", "revoked, nothing is needed from the partner"
    if partnership.state is PartnershipState.SUSPENDED:
        return "⏸️", "suspended, nothing is needed from the partner now"
    if not partnership.setup:
        return "ℹ️", "nothing is needed from the partner any more"
    if not needed_steps(partnership.setup):
        return "ℹ️", "nothing is needed from the partner"
    if not open_steps(partnership.setup, partnership.confirmations):
        return "✅", "the partner setup is confirmed"
    return ("⏰", "reminder of the partner setup") if is_reminder else ("🤝", "partner setup")


def _reminder_parts(partnership: Partnership, reader: str) -> Iterator[TextRun]:
    """State who asked for the reminder, and when; or that it comes by itself."""
    if partnership.setup_reminder_asked_at is None or partnership.remind_setup_at is not None:
        yield fixed_text("Still open since ", bold=True)
        yield local_time(partnership.since)
        yield fixed_text(
            ". Show the checklist has the text for the partner's administrator. This reminder comes again, each time "
            "later, until every step is confirmed."
        )
        return
    asker, sponsor = partnership.setup_reminder_asked_by, partnership.sponsor
    is_sponsor = reader == sponsor.chat_id
    if asker is None or asker.chat_id == reader or (is_sponsor and asker.id == sponsor.id):
        yield fixed_text("You asked to be reminded", bold=True)
    else:
        yield cleaned_text(asker.name, bold=True)
        yield fixed_text(" asked that ", bold=True)
        yield fixed_text("you", bold=True) if is_sponsor else cleaned_text(sponsor.name, bold=True)
        yield fixed_text(" be reminded", bold=True)
    if partnership.setup_reminder_asked_at is not None:
        yield fixed_text(", on ")
        yield local_time(partnership.setup_reminder_asked_at)
    yield fixed_text(".")


def _body(partnership: Partnership, *, may_confirm: bool) -> Iterator[Block]:
    setup, confirmations = partnership.setup, partnership.confirmations
    steps_left = open_steps(setup, confirmations)
    intro = "Our side: done (verified). Gatehouse cannot see the partner's tenant"
    if steps_left:
        intro += ", so somebody here confirms each step."
    elif needed_steps(setup):
        intro += ". Somebody here confirmed every step."
    else:
        intro += ". Nothing is needed there."
    yield rich_text(paragraph(fixed_text(intro)))
    confirmable = {step.digest for step in setup} if may_confirm else set()
    yield from step_blocks(partnership.identity, setup, confirmations, confirmable)
    yield _buttons(partnership, may_remind=may_confirm and bool(steps_left) and partnership.remind_setup_at is None)
    if partnership.remind_setup_at is not None:
        reminded = [
            fixed_text("The sponsor, "),
            cleaned_text(partnership.sponsor.name),
            fixed_text(", is reminded on "),
        ]
        yield rich_text(paragraph(*reminded, local_time(partnership.remind_setup_at)))
    if may_confirm and needed_steps(setup):
        yield small_text(
            "Confirm what the partner told you. It is recorded under your name. If the plan changes, it needs a new "
            "confirmation."
        )


def _buttons(partnership: Partnership, *, may_remind: bool) -> ActionsBlock:
    tenant_id = partnership.identity.tenant_id
    buttons = [button("Show the checklist", ids.SHOW_CHECKLIST, tenant_id, "primary")]
    if may_remind:
        buttons.append(button("Remind me in a week", ids.REMIND_SETUP, tenant_id))
    return actions(f"half:{tenant_id}", *buttons)
