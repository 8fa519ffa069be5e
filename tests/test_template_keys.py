"""docs/templates.md names every key of a template and of a role, as required or with its default."""

import re

import pytest

from tests.template_keys import MODELS, PAGE, keys, written_page
from workflows.catalog.template_files import TemplateFile


def test_the_page_is_that_of_the_models() -> None:
    assert written_page(PAGE.read_text()) == PAGE.read_text(), "write it again: uv run poe keys"


def test_a_key_without_a_meaning_is_noticed() -> None:
    page = re.sub(r"^\| `on_behalf_of` .*\n", "", PAGE.read_text(), flags=re.MULTILINE)
    with pytest.raises(KeyError, match="on_behalf_of"):
        written_page(page)


def test_another_default_is_noticed() -> None:
    page = PAGE.read_text().replace('| `on_behalf_of` | `"nobody"` |', '| `on_behalf_of` | `"members"` |')
    assert page != PAGE.read_text()
    assert written_page(page) == PAGE.read_text()


def test_nested_keys_and_both_files_are_there() -> None:
    found = dict(keys(TemplateFile))
    assert found["stages"] == found["stages.role"] == "required"
    assert (found["may_request"], found["end_date"], found["at_end"]) == ("none", "`true`", '`"ask"`')
    assert set(MODELS) == {"template", "role"}
