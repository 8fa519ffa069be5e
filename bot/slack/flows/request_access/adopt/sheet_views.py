"""The windows of an import: the file, then the sheet and the columns where they are not certain. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import Block, Option, StaticSelectElement
from slack_sdk.models.blocks.block_elements import FileInputElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, message_view, modal, option
from bot.slack.payloads.import_values import import_value
from bot.words.batches.sheet_imports import (
    ABOUT_IMPORT,
    CHOOSE_COLUMNS,
    CHOOSE_SHEET,
    FILE_HINT,
    RECEIVED,
    TEMPLATE_HINT,
    field_title,
)
from workflows.app.batches.importing.opening import SheetChoices
from workflows.core.batches.sheets.columns import Column
from workflows.core.policy.offers import Offer
from workflows.core.requests.commands.batch import ImportSheet

FILE_TYPES: Final = ("csv", "xlsx", "json", "toml")
_MAX_OPTIONS: Final = 100
_TITLE: Final = "Import partners"


def import_view(offers: Sequence[Offer]) -> Json:
    """Return the window that asks for a file and, for rows without one, a template."""
    file = FileInputElement(action_id=ids.SHEET_FILE, filetypes=list(FILE_TYPES), max_files=1)
    blocks: list[Block] = [
        rich_text(paragraph(fixed_text(ABOUT_IMPORT))),
        input_block("File of partners", ids.SHEET_FILE, file, hint=FILE_HINT),
        *_template_block(offers),
    ]
    return modal(_TITLE, blocks, ids.IMPORT_FILE, submit="Check rows")


def _template_block(offers: Sequence[Offer]) -> Iterator[Block]:
    options = [option(one.template.title, one.template.name) for one in offers[:_MAX_OPTIONS]]
    if options:
        template = StaticSelectElement(action_id=ids.TEMPLATE, options=options)
        yield input_block("Access template", ids.TEMPLATE, template, hint=TEMPLATE_HINT, is_optional=True)


def received_view() -> Json:
    """Return what the window becomes: the result comes in a direct message."""
    return message_view(_TITLE, RECEIVED)


def choices_view(command: ImportSheet, choices: SheetChoices, offers: Sequence[Offer]) -> Json:
    """Return the window that asks for the sheet, or for the columns and, where none is named, the template."""
    blocks: list[Block] = [rich_text(paragraph(cleaned_text(choices.name, 100, bold=True)))]
    blocks += _sheet_blocks(choices) if choices.sheets else _column_blocks(choices)
    if choices.needs_template:
        blocks += _template_block(offers)
    metadata = import_value(replace(command, columns={}), run=command.run, sha256=choices.sha256)
    return modal(_TITLE, blocks, ids.IMPORT_CHOICES, submit="Check rows", metadata=metadata)


def _sheet_blocks(choices: SheetChoices) -> Iterator[Block]:
    yield rich_text(paragraph(fixed_text(CHOOSE_SHEET)))
    options = [option(name, name) for name in choices.sheets[:_MAX_OPTIONS]]
    yield input_block("Sheet", ids.SHEET_NAME, StaticSelectElement(action_id=ids.SHEET_NAME, options=options))


def _column_blocks(choices: SheetChoices) -> Iterator[Block]:
    yield rich_text(paragraph(fixed_text(CHOOSE_COLUMNS)))
    options = [option(title, str(place)) for place, title in enumerate(choices.header[:_MAX_OPTIONS])]
    for name in choices.fields:
        chosen = (choices.recognised or {}).get(name)
        yield input_block(
            field_title(name),
            f"{ids.COLUMN_PREFIX}{name}",
            StaticSelectElement(
                action_id=f"{ids.COLUMN_PREFIX}{name}", options=options, initial_option=_initial(options, chosen)
            ),
            is_optional=name != Column.PARTNER,
        )


def _initial(options: Sequence[Option], place: int | None) -> Option | None:
    return None if place is None else next((one for one in options if one.value == str(place)), None)
