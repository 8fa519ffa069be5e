"""The message about an import says how far it is, what must be chosen, and what became of the rows."""

import json
from dataclasses import replace
from typing import Final

import pytest

from bot.slack import ids
from bot.slack.cards.batches.import_card import closed_import_card, import_card
from bot.slack.payloads.import_values import import_value, parse_import_form, parse_import_value
from bot.slack.payloads.models import Interaction
from tests.bot.bot_under_test import SLACK_IDS, submission
from tests.bot.sample_sheets import FILE, NO_COLUMN, imported, sheet_draft, sheet_row
from tests.bot.surfaces import MARK, assert_sound_message, buttons, shown
from workflows.core.batches.batch import BatchState, RowCode, RowState
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.batch import ImportSheet
from workflows.ports.notifier import ImportStep

RILEY: Final = ChatId(SLACK_IDS["requester"])
WHOLE: Final = ImportSheet(
    actor=RILEY, file_id="F1", template="guest-collaboration", sheet="Partners", sha256="5e" * 32, run="verdict:1"
)


@pytest.mark.parametrize("step", list(ImportStep))
def test_only_a_draft_and_a_choice_have_buttons(step: ImportStep) -> None:
    card = import_card(imported(step, facts=(NO_COLUMN,)))
    assert_sound_message(card)
    expected = {ImportStep.DONE: {ids.OPEN_DRAFT, ids.DISCARD_DRAFT}, ImportStep.CHOICE: {ids.CHOOSE_COLUMNS}}
    assert set(buttons(card.blocks)) == expected.get(step, set())


def test_a_draft_without_rows_that_can_be_asked_for_has_no_button() -> None:
    card = import_card(imported(batch=None))
    assert buttons(card.blocks) == {}
    assert "Nothing can be asked for any row" in shown(card.blocks)


def test_the_first_reasons_are_shown_and_the_others_are_counted() -> None:
    reasons = [Fact(RowCode.CELL, {"column": name, "problem": Fact(RowCode.UNCHANGED).as_value()}) for name in "abcde"]
    rows = tuple(sheet_row(number, RowState.NOT_ASKED, reason=(one,)) for number, one in enumerate(reasons * 2))
    said = shown(import_card(imported(batch=replace(sheet_draft(), rows=rows))).blocks)
    assert said.count("Not asked: ") == 4
    assert "4 more, for other reasons" in said


def test_names_and_titles_from_outside_are_texts_only() -> None:
    name = f"<!channel> *{MARK}* <https://evil.example|x> " + "x" * 500
    draft = sheet_draft()
    assert draft.sheet is not None
    card = import_card(imported(name=name, header=(name,) * 7))
    closed = closed_import_card(replace(draft, sheet=replace(draft.sheet, name=name), state=BatchState.WITHDRAWN))
    for one in (card, closed):
        assert_sound_message(one)
        assert "<!channel>" not in one.text


@pytest.mark.parametrize("command", [WHOLE, ImportSheet(actor=RILEY, file_id="F1")])
def test_an_import_survives_its_button(command: ImportSheet) -> None:
    value = import_value(command, run=command.run, sha256=command.sha256)
    assert parse_import_value(value, RILEY) == command


@pytest.mark.parametrize(
    "value",
    ["", "[]", "{}", '{"file": "f1"}', '{"file": "../F1"}', '{"file": "F1", "sha256": "5E"}', '{"file": "F1", "x": 1}'],
)
def test_any_other_value_of_the_button_is_refused(value: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_import_value(value, RILEY)
    assert refused.value.code == RefusalCode.BUTTON_VALUE_UNREADABLE


@pytest.mark.parametrize(("files", "is_given"), [([], False), (["F1"], True), (["F1", "F2"], False)])
def test_the_window_takes_exactly_one_file(files: list[str], is_given: bool) -> None:
    values = {ids.SHEET_FILE: {ids.SHEET_FILE: {"type": "file_input", "files": [{"id": one} for one in files]}}}
    click = Interaction.model_validate(submission("requester", ids.IMPORT_FILE, "", values))
    found = parse_import_form(click)
    assert found == (ImportSheet(actor=RILEY, file_id="F1") if is_given else None)


def test_the_hash_of_the_file_is_short_on_the_card_and_whole_in_its_button() -> None:
    card = import_card(imported(ImportStep.CHOICE, facts=(NO_COLUMN,)))
    assert json.loads(buttons(card.blocks)[ids.CHOOSE_COLUMNS])["sha256"] == FILE.sha256
    assert FILE.sha256 not in shown(import_card(imported()).blocks)
