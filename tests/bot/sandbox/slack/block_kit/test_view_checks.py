"""What Slack refuses in views is refused with the place."""

from typing import Any

import pytest

from bot.sandbox.slack.block_kit.view_checks import is_too_large, view_problems
from tests.bot.sandbox.slack.samples import modal, plain, text_input

WITHOUT_SUBMIT = {name: value for name, value in modal().items() if name != "submit"}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
        (modal(colour="red"), "invalid additional property: colour [json-pointer:/view]"),
        (modal(text_input(label=plain(""))), "must be more than 0 characters [json-pointer:/view/blocks/0/label/text]"),
        ({"type": "modal", "title": plain("x")}, "missing required field: blocks [json-pointer:/view]"),
        ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
        (WITHOUT_SUBMIT, "missing required field: submit, because the view has input blocks [json-pointer:/view]"),
        ("x", "must be an object [json-pointer:/view]"),
    ],
)
def test_problem_is_named_with_its_place(view: Any, expected: str) -> None:
    assert expected in view_problems(view, "modal")


def test_sound_views_pass() -> None:
    assert view_problems(modal(), "modal") == []
    assert view_problems({"type": "home", "blocks": []}, "home") == []


def test_home_takes_no_title() -> None:
    found = view_problems({"type": "home", "blocks": [], "title": plain("x")}, "home")
    assert found == ["invalid additional property: title [json-pointer:/view]"]


def test_size_counts_bytes() -> None:
    assert not is_too_large(modal())
    assert is_too_large(modal(*[text_input(f"b{n}", hint=plain("ü" * 1990)) for n in range(80)]))
