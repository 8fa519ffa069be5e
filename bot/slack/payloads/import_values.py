"""What a button and a window keep of an import: the file, and what was chosen. It is unverified when it comes back."""

import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from bot.slack import ids
from bot.slack.payloads.models import Interaction, View
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.batch import ImportSheet

_MAX_COLUMN: Final = 999


class _Import(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    file: Annotated[str, StringConstraints(pattern=r"^F[A-Z0-9]{1,39}$")]
    run: Annotated[str, StringConstraints(max_length=100)] = ""
    template: Annotated[str, StringConstraints(max_length=100)] = ""
    sheet: Annotated[str, StringConstraints(max_length=200)] = ""
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


def import_value(command: ImportSheet, *, run: str, sha256: str) -> str:
    """Return the value of the button that opens the choice of sheet and columns."""
    kept = {"file": command.file_id, "run": run, "sha256": sha256}
    kept |= {"template": command.template} if command.template else {}
    kept |= {"sheet": command.sheet} if command.sheet else {}
    return json.dumps(kept, separators=(",", ":"))


def parse_import_value(value: str, actor: ChatId) -> ImportSheet:
    """Read an import from a button or a window's metadata.

    :raises Refused: for any other text.
    """
    try:
        kept = _Import.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return ImportSheet(
        actor=actor,
        file_id=kept.file,
        template=kept.template,
        sheet=kept.sheet,
        sha256=kept.sha256,
        run=kept.run,
    )


def parse_import_form(click: Interaction) -> ImportSheet | None:
    """Read the window that asks for the file; None when there is not exactly one."""
    view = click.required_view
    files = view.files(ids.SHEET_FILE)
    if len(files) != 1:
        return None
    return ImportSheet(actor=click.actor, file_id=files[0], template=view.value(ids.TEMPLATE))


def parse_choices(click: Interaction) -> tuple[ImportSheet, dict[str, Any]]:
    """Read the window that asks for sheet, columns and template: the import, and what was chosen.

    :raises Refused: when its metadata is none of an import.
    """
    view = click.required_view
    command = parse_import_value(view.private_metadata, click.actor)
    chosen: dict[str, Any] = {"sheet": view.value(ids.SHEET_NAME)} if view.has_input(ids.SHEET_NAME) else {}
    if template := view.value(ids.TEMPLATE):
        chosen["template"] = template
    columns = dict(_columns(view))
    return command, {**chosen, **({"columns": columns} if columns else {})}


def _columns(view: View) -> list[tuple[str, int]]:
    found = []
    for block_id in view.state.values:
        value = view.value(block_id)
        if block_id.startswith(ids.COLUMN_PREFIX) and value.isascii() and value.isdecimal() and len(value) < 4:
            found.append((block_id.removeprefix(ids.COLUMN_PREFIX), min(int(value), _MAX_COLUMN)))
    return found
