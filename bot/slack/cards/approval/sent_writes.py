"""The correlation IDs of a request in its Details: by what Microsoft's logs name the writes that Graph accepted."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, local_time, paragraph
from bot.words.plans.sent_writes import SENT_HINT, sent_ids
from bot.words.sentences import counted
from workflows.core.plans.plan import SentWrite

MAX_SENT: Final = 10
"""Accepted writes that are shown; more are counted."""
_MAX_ID_CHARACTERS: Final = 100


def sent_write_elements(sent: Sequence[SentWrite]) -> Iterator[RichTextElement]:
    """Return the ids of the accepted writes, the newest last."""
    shown = sent[-MAX_SENT:]
    yield paragraph(fixed_text("Correlation IDs", bold=True), fixed_text(f". {SENT_HINT}"))
    yield bullets(_parts(one) for one in shown)
    if (more := len(sent) - len(shown)) > 0:
        yield paragraph(fixed_text(f"and {counted(more, 'earlier write')}"))


def _parts(sent: SentWrite) -> list[TextRun]:
    parts: list[TextRun] = [fixed_text(f"{sent.method}, "), local_time(sent.at)]
    for name, value in sent_ids(sent):
        parts += [fixed_text(f"; {name}: "), cleaned_text(value, _MAX_ID_CHARACTERS, code=True)]
    return parts
