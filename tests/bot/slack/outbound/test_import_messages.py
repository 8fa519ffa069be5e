"""The message about an import: one that is updated, and without its buttons once the draft was confirmed or ended."""

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.words.batches.sheet_imports import ROWS_NOT_SENT
from tests.bot.sample_sheets import EFFECT, imported, sheet_draft
from tests.bot.slack.outbound.scene import Scene, action_ids, person
from tests.scenarios.stage import words
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.effects import JudgeSheet
from workflows.ports.notifier import ImportStep

DRAFT: Final = replace(sheet_draft(), id=EFFECT.draft_id)
CONFIRMED: Final = replace(DRAFT, state=BatchState.PREPARING, confirmed_at=DRAFT.changed_at)
DISCARDED: Final = replace(DRAFT, state=BatchState.WITHDRAWN)
EXPIRED: Final = replace(DRAFT, state=BatchState.EXPIRED)


async def show(scene: Scene, step: ImportStep, **changes: Any) -> None:
    """Show an import of the requester."""
    command = ImportSheet(actor=person("requester").chat_id, file_id="F1")
    usual = {"effect": JudgeSheet(command=command, key=EFFECT.key), "batch": DRAFT, **changes}
    await scene.notifier().show_import(imported(step, **usual))


def cards(scene: Scene) -> list[dict[str, Any]]:
    """The messages about imports, without the files."""
    return [one for one in scene.messages("@requester") if one.get("blocks")]


async def test_an_import_is_one_message_also_when_it_is_performed_again(scene: Scene) -> None:
    await show(scene, ImportStep.READING, batch=None)
    await show(scene, ImportStep.DONE)
    for step, batch in ((ImportStep.READING, None), (ImportStep.DONE, DRAFT)):
        await show(scene, step, batch=batch)
        assert len(cards(scene)) == 1
    assert action_ids(cards(scene)[0]) == ["open_draft", "discard_draft"]


async def test_the_file_of_the_rows_is_below_the_message(scene: Scene) -> None:
    await show(scene, ImportStep.DONE, rows=b"row,partner\r\n")
    card, file = scene.messages("@requester")
    assert file["thread_ts"] == card["ts"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"reset": True}, {"reset": True, "after_commit": True}])
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_the_message_promises_no_file_of_rows_that_slack_did_not_confirm(
    scene: Scene, method: str, fault: dict[str, Any]
) -> None:
    scene.fail(method, **fault)
    await show(scene, ImportStep.DONE, rows=b"row,partner\r\n")
    [card] = cards(scene)
    assert ROWS_NOT_SENT in words(card)
    assert "in the file below" not in words(card)
    assert action_ids(card) == ["open_draft", "discard_draft"], "the draft counts without it"
    await show(scene, ImportStep.DONE, rows=b"row,partner\r\n")
    card, *files = scene.messages("@requester")
    assert files[-1]["thread_ts"] == card["ts"]
    assert ROWS_NOT_SENT not in words(card)


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (CONFIRMED, "partners-2027.xlsx: asked for"),
        (DISCARDED, "partners-2027.xlsx: discarded"),
        (EXPIRED, "partners-2027.xlsx: expired"),
    ],
)
async def test_the_buttons_go_when_the_draft_was_confirmed_or_ended(scene: Scene, batch: Batch, expected: str) -> None:
    await show(scene, ImportStep.READING, batch=None)
    await show(scene, ImportStep.DONE)
    for _ in range(2):
        await scene.notifier().close_import(batch)
        [card] = cards(scene)
        assert action_ids(card) == []
        assert expected in card["text"]
    written = len(scene.written())
    await scene.notifier().close_import(batch)
    assert len(scene.written()) == written, "nothing is left to update"


async def test_the_message_of_another_draft_keeps_its_buttons(scene: Scene) -> None:
    await show(scene, ImportStep.DONE)
    await scene.notifier().close_import(replace(DISCARDED, id=sheet_draft().id))
    assert action_ids(cards(scene)[0]) == ["open_draft", "discard_draft"]
