"""The checklist for the partner's administrator as a message and as a window: text for copying."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    bullets,
    fixed_text,
    header,
    paragraph,
    preformatted_text,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.modal import modal
from bot.slack.blocks.untrusted import clean, cut
from bot.slack.cards.partner_and_plan import identity_block, notified_partner, partner_name
from bot.slack.cards.partner_setup.setup_steps import NO_PARTNER_STEPS, setup_note_elements, step_blocks
from bot.slack.cards.partnership import partner_section_row
from bot.slack.ids import PartnerSection
from bot.words.partner_setup.checklist import first_section, partner_notes, step_sections
from bot.words.sentences import counted
from workflows.app.reads.partner_setup import CurrentSetup
from workflows.core.checks.partner_setup.confirmations import needed_steps
from workflows.core.settings.canonical import Digest

MAX_CHUNK_CHARACTERS: Final = 2900
"""The most characters in one preformatted block; a longer checklist continues in the next one."""
_BREAKS: Final = (",", ";")
"""A line that is too long may end after these: JSON and PowerShell can both continue on the next line."""
MAX_CHUNKS: Final = 12
"""More than any checklist of a few hundred ids needs. The others are counted, and a button shows all of them."""


def checklist_message(
    current_setup: CurrentSetup, *, may_confirm: bool, received_steps: Collection[Digest] = ()
) -> Message:
    """Return the checklist as a message.

    :param may_confirm: offer to confirm the steps of Gatehouse's record: for the sponsor and the admins.
    :param received_steps: see `step_blocks`.
    """
    name = clean(partner_name(current_setup.identity), 90)
    blocks = [
        header(f"🤝 {name}: partner setup"),
        *_blocks(current_setup, may_confirm=may_confirm, received_steps=received_steps),
    ]
    needed = needed_steps(current_setup.setup.steps)
    steps = counted(len(needed), "step") if needed else "nothing"
    return message(f"{notified_partner(current_setup.identity)}: {steps} for the partner's administrator.", blocks)


def checklist_view(current_setup: CurrentSetup) -> Json:
    """Return the checklist as a window."""
    return modal("Partner setup", [*_blocks(current_setup, may_confirm=False)], ids.CHECKLIST)


def checklist_text(current_setup: CurrentSetup) -> list[str]:
    """Return the whole checklist in as few pieces as Slack accepts.

    Each piece ends with a step. A step that is too long continues in the next piece, after a line or a comma.
    """
    if not current_setup.setup.steps:
        return []
    home, is_abroad = current_setup.home, current_setup.is_cross_cloud
    has_calls = bool(needed_steps(current_setup.setup.steps))
    record = current_setup.partnership
    reference = "" if record is None or record.is_closed else record.request_id
    partner = current_setup.identity.tenant_id
    all_sections = [first_section(home, partner, is_cross_cloud=is_abroad, has_calls=has_calls, reference=reference)]
    all_sections += step_sections(current_setup.setup, home, is_cross_cloud=is_abroad)
    texts = [section.text for section in all_sections]
    texts += ["\n".join(("Notes", *partner_notes(current_setup.setup)))] if partner_notes(current_setup.setup) else []
    return _packed([clean(piece, MAX_CHUNK_CHARACTERS, lines=True) for text in texts for piece in _pieces(text)])


def _blocks(
    current_setup: CurrentSetup, *, may_confirm: bool, received_steps: Collection[Digest] = ()
) -> Iterator[Block]:
    setup, partnership = current_setup.setup, current_setup.partnership
    confirmations = () if partnership is None else partnership.confirmations
    yield identity_block(current_setup.identity)
    if setup.steps:
        recorded = {step.digest for step in partnership.setup} if partnership is not None and may_confirm else set()
        yield rich_text(paragraph(fixed_text("Current state. Gatehouse cannot see the partner's tenant.")))
        yield from step_blocks(current_setup.identity, setup.steps, confirmations, recorded, received_steps)
    elif not setup.unreadable and not setup.unreadable_defaults:
        yield rich_text(paragraph(fixed_text(NO_PARTNER_STEPS)), *_remarks(partner_notes(setup)))
    if remarked := list(setup_note_elements(setup)):
        yield rich_text(*remarked)
    chunks = checklist_text(current_setup)
    yield from _text_blocks(chunks)
    if len(chunks) > MAX_CHUNKS:
        rest_text = f"and {counted(len(chunks) - MAX_CHUNKS, 'more part')}, {len(chunks)} in all"
        yield partner_section_row(current_setup.identity.tenant_id, PartnerSection.CHECKLIST, rest_text)
    yield small_text("From the current settings in our tenant, read just now.")


def _text_blocks(chunks: Sequence[str]) -> Iterator[Block]:
    for number, chunk in enumerate(chunks[:MAX_CHUNKS], start=1):
        label = "For the partner's administrator"
        if len(chunks) > 1:
            label += f", part {number} of {len(chunks)}, belongs together"
        elements = [fixed_text(f"{label}: copy it as it is", bold=True)]
        if chunk.endswith(_BREAKS):
            elements.append(fixed_text(" (its last line goes on in the next part)"))
        yield rich_text(paragraph(*elements), preformatted_text(chunk))


def _remarks(sentences: Sequence[str]) -> Iterator[RichTextElement]:
    if sentences:
        yield bullets([fixed_text(cut(sentence, MAX_CHUNK_CHARACTERS))] for sentence in sentences)


def _pieces(text: str) -> Iterator[str]:
    """Split a text that is too long for one block: after a line or a comma, never inside a value."""
    piece = ""
    for line in text.split("\n"):
        while len(line) > MAX_CHUNK_CHARACTERS:
            if piece:
                yield piece
            end = (
                max(line.rfind(f"{mark} ", 0, MAX_CHUNK_CHARACTERS + 1) for mark in _BREAKS) + 1 or MAX_CHUNK_CHARACTERS
            )
            yield line[:end]
            piece, line = "", line[end:].lstrip(" ")
        if piece and len(piece) + 1 + len(line) > MAX_CHUNK_CHARACTERS:
            yield piece
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    yield piece


def _packed(pieces: Sequence[str]) -> list[str]:
    """Join pieces as long as they fit, with an empty line between them."""
    packed: list[str] = []
    for piece in pieces:
        if packed and len(packed[-1]) + 2 + len(piece) <= MAX_CHUNK_CHARACTERS:
            packed[-1] += f"\n\n{piece}"
        else:
            packed.append(piece)
    return packed
