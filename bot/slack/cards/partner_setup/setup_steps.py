"""The parts about the partner setup that its card, the checklist and /partner show share."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import partner_name
from bot.words.partner_setup.state import LABELS, NOT_VISIBLE, SHORT_NAMES, missing_until, usually_open_words
from bot.words.settings.values import part_title
from workflows.core.checks.partner_setup.confirmations import Confirmation, confirmation_of, needed_steps
from workflows.core.checks.partner_setup.steps import PartnerSetup, SetupStep, setup_of
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import Digest, JsonObject

NO_PARTNER_STEPS: Final = "Nothing to do on the partner's side."

_NOT_LISTED: Final = "Not listed, because the last sweep found settings that are not the approved ones."
_RECEIVED: Final = "⏳ Your click is received. /partner checklist shows its result."


def step_parts(step: SetupStep, steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> list[TextRun]:
    """Return a needed step's name, the state of both sides, and what does not work until then."""
    confirmation = confirmation_of(step, confirmations)
    label = cleaned_text(LABELS[step.key], bold=True)
    if confirmation is None:
        return [
            fixed_text("❔ "),
            label,
            fixed_text(f": Our side: done. Partner's side: not confirmed. {missing_until(step, steps)}"),
        ]
    parts = [
        fixed_text("✅ "),
        label,
        fixed_text(": Our side: done. Partner's side: confirmed by "),
        cleaned_text(confirmation.person.name),
        fixed_text(" on "),
    ]
    return [*parts, local_time(confirmation.at), fixed_text(f" ({NOT_VISIBLE})")]


def step_blocks(
    identity: TenantIdentity,
    steps: Sequence[SetupStep],
    confirmations: Sequence[Confirmation],
    may_confirm: Collection[Digest],
    received_steps: Collection[Digest] = (),
) -> Iterator[Block]:
    """Return every needed step with its own button, and in one line what Microsoft's default opens.

    :param may_confirm: the digests of the steps that have a button.
    :param received_steps: the digests of the steps whose button was just used; they have none.
    """
    for step in needed_steps(steps):
        yield rich_text(paragraph(*step_parts(step, steps, confirmations)))
        if step.digest in may_confirm and step.digest in received_steps:
            yield small_text(_RECEIVED)
        elif step.digest in may_confirm:
            yield _step_button(identity, step, confirmations)
    yield from (rich_text(paragraph(usual)) for usual in usually_open_parts(steps))


def usually_open_parts(steps: Sequence[SetupStep]) -> list[TextRun]:
    """State in one line what nobody needs to set; empty when there is nothing of that kind."""
    text = usually_open_words(steps)
    return [fixed_text(text)] if text else []


def _step_button(identity: TenantIdentity, step: SetupStep, confirmations: Sequence[Confirmation]) -> ActionsBlock:
    """Return the button that confirms a step, or takes that back. Slack asks for confirmation with the step's name."""
    value, block_id, name = ids.setup_value(identity.tenant_id, step), f"half:{step.key.value}", SHORT_NAMES[step.key]
    partner = clean(partner_name(identity), 100)
    if confirmation_of(step, confirmations) is None:
        question = f"Did the administrator of {partner} confirm this setting: {name}? It is recorded under your name."
        sure = confirm_dialog(f"Confirm: {name}?", question, "Confirm")
        return actions(block_id, button(f"Confirm: {name}", ids.CONFIRM_SETUP, value, confirm=sure))
    sure = confirm_dialog(
        f"Not confirmed: {name}?", (f"For {partner} this step is not confirmed any more."), "Take it back"
    )
    return actions(block_id, button(f"Not confirmed after all: {name}", ids.UNCONFIRM_SETUP, value, confirm=sure))


def setup_elements(
    configuration: JsonObject | None,
    default: JsonObject | None,
    identity: TenantIdentity,
    partnership: Partnership | None,
    *,
    has_drifted: bool = False,
) -> Iterator[RichTextElement]:
    """Return the partner setup that follows from the current settings, step by step.

    :param has_drifted: whether the last sweep found others than the approved ones. Nobody is to open the partner's
        side for those.
    """
    if has_drifted:
        yield paragraph(fixed_text("Partner setup", bold=True))
        yield paragraph(fixed_text(_NOT_LISTED))
        return
    setup = setup_of(configuration, default, is_cross_cloud=not identity.is_resolved)
    confirmations = () if partnership is None else partnership.confirmations
    yield paragraph(fixed_text("Partner setup", bold=True))
    if setup.steps:
        if needed := needed_steps(setup.steps):
            yield bullets(step_parts(step, setup.steps, confirmations) for step in needed)
        yield from (paragraph(usual) for usual in usually_open_parts(setup.steps))
        yield paragraph(
            fixed_text("The checklist for its administrator: "), cleaned_text(_command(identity), 300, code=True)
        )
    elif not setup.unreadable and not setup.unreadable_defaults:
        yield paragraph(fixed_text(NO_PARTNER_STEPS))
    yield from setup_note_elements(setup)


def setup_note_elements(setup: PartnerSetup) -> Iterator[RichTextElement]:
    """State which settings could not be checked, and which access is open although nobody approved it."""
    if setup.unreadable:
        yield paragraph(
            fixed_text("Could not be checked, because it cannot be read: whether the partner has to do anything for "),
            cleaned_text("; ".join(map(part_title, setup.unreadable)), 500),
            fixed_text("."),
        )
    if setup.opened_by_default:
        yield paragraph(
            fixed_text("For us: "),
            fixed_text("; ".join(map(part_title, setup.opened_by_default))),
            fixed_text(
                " is open to this partner by our default. Nobody approved that for this partner, and the partner is "
                "asked for nothing."
            ),
        )
    if setup.unreadable_defaults:
        yield paragraph(
            fixed_text("Could not be checked: whether our default opens to this partner "),
            fixed_text("; ".join(map(part_title, setup.unreadable_defaults))),
            fixed_text("."),
        )


def _command(identity: TenantIdentity) -> str:
    return f"/partner checklist {identity.name}"
