"""The parts about the partner setup that its card, the checklist and /partner show share."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import Part, actions, bullets, button, confirm_dialog, paragraph, part, rich, when, words
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partners import partner_name
from bot.words.partner_setup.state import LABELS, SHORT_NAMES, UNSEEN, missing_until, usual_words
from bot.words.settings.values import part_title
from workflows.core.partner_setup.confirmations import Confirmation, confirmation_of, needed_steps
from workflows.core.partner_setup.steps import PartnerSetup, SetupStep, setup_of
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import Digest, JsonObject

NOTHING: Final = "Nothing that is set here for this partner needs a setting on its side."


def step_parts(step: SetupStep, steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> list[Part]:
    """Return a needed step's name, the state of both sides, and what does not work until then."""
    known = confirmation_of(step, confirmations)
    label = part(LABELS[step.key], bold=True)
    if known is None:
        return [
            words("❔ "),
            label,
            words(f": Our side: done. Partner's side: not confirmed. {missing_until(step, steps)}"),
        ]
    said = [
        words("✅ "),
        label,
        words(": Our side: done. Partner's side: confirmed by "),
        part(known.person.name),
        words(" on "),
    ]
    return [*said, when(known.at), words(f" ({UNSEEN})")]


def step_blocks(
    identity: TenantIdentity,
    steps: Sequence[SetupStep],
    confirmations: Sequence[Confirmation],
    may_confirm: Collection[Digest],
) -> Iterator[Block]:
    """Return every needed step with its own button, and in one line what Microsoft's default opens.

    :param may_confirm: the digests of the steps that have a button.
    """
    for step in needed_steps(steps):
        yield rich(paragraph(*step_parts(step, steps, confirmations)))
        if step.digest in may_confirm:
            yield _step_button(identity, step, confirmations)
    yield from (rich(paragraph(usual)) for usual in usual_parts(steps))


def usual_parts(steps: Sequence[SetupStep]) -> list[Part]:
    """State in one line what nobody needs to set; empty when there is nothing of that kind."""
    said = usual_words(steps)
    return [words(said)] if said else []


def _step_button(identity: TenantIdentity, step: SetupStep, confirmations: Sequence[Confirmation]) -> ActionsBlock:
    """Return the button that confirms a step, or takes that back. Slack asks for confirmation with the step's name."""
    value, block_id, name = ids.setup_value(identity.tenant_id, step), f"half:{step.key.value}", SHORT_NAMES[step.key]
    partner = clean(partner_name(identity), 100)
    if confirmation_of(step, confirmations) is None:
        told = f"Did the administrator of {partner} confirm this setting: {name}? It is recorded under your name."
        sure = confirm_dialog(f"Confirm: {name}?", told, "Confirm")
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
) -> Iterator[RichTextElement]:
    """Return the partner setup that follows from the current settings, step by step."""
    setup = setup_of(configuration, default, is_cross_cloud=not identity.is_resolved)
    confirmations = () if partnership is None else partnership.confirmations
    yield paragraph(words("Partner setup", bold=True))
    if setup.steps:
        if needed := needed_steps(setup.steps):
            yield bullets(step_parts(step, setup.steps, confirmations) for step in needed)
        yield from (paragraph(usual) for usual in usual_parts(setup.steps))
        yield paragraph(words("The checklist for its administrator: "), part(_command(identity), 300, code=True))
    elif not setup.unreadable and not setup.unreadable_inherited:
        yield paragraph(words(NOTHING))
    yield from remark_elements(setup)


def remark_elements(setup: PartnerSetup) -> Iterator[RichTextElement]:
    """State what could not be checked, and what is open to the partner although nobody approved it."""
    if setup.unreadable:
        yield paragraph(
            words("Could not be checked, because it cannot be read: whether the partner has to do anything for "),
            part("; ".join(map(part_title, setup.unreadable)), 500),
            words("."),
        )
    if setup.inherited:
        yield paragraph(
            words("For us: "),
            words("; ".join(map(part_title, setup.inherited))),
            words(
                " is open to this partner by our default. Nobody approved that for this partner, and the partner is "
                "asked for nothing."
            ),
        )
    if setup.unreadable_inherited:
        yield paragraph(
            words("Could not be checked: whether our default opens to this partner "),
            words("; ".join(map(part_title, setup.unreadable_inherited))),
            words("."),
        )


def _command(identity: TenantIdentity) -> str:
    return f"/partner checklist {identity.name}"
