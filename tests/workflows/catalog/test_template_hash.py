"""The hash of a template over versions: what open requests keep stays valid until the meaning of the file changes."""

import tomllib
from typing import Any

import pytest

from tests.workflows.catalog.test_catalog import TEMPLATE, with_placeholders
from workflows.catalog.template_files import TemplateFile, _Placeholder, _Stage


class LaterStage(_Stage):
    """A stage of a later version."""

    added: str = ""


class LaterPlaceholder(_Placeholder):
    """A placeholder of a later version."""

    added: str = ""


class LaterFile(TemplateFile):
    """A template's file of a later version, with a new key in each of its tables."""

    added: bool = False
    stages: tuple[LaterStage, ...]
    placeholders: tuple[LaterPlaceholder, ...] = ()


def content_hash(document: dict[str, Any], model: type[TemplateFile] = TemplateFile) -> str:
    """Hash a file's content."""
    return model.model_validate(document).to_domain("open").content_hash


def document() -> dict[str, Any]:
    """Return the content of a file with placeholders."""
    return tomllib.loads(with_placeholders())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEMPLATE, "4d44eb0a699ba892367192e5f9703732734e6b99d0de2fa211346220870d990d"),
        (with_placeholders(), "8ff86131531bfa8698d51c623a1a5e770a53e8271843f1cefe2031870d1c64b1"),
    ],
    ids=["without placeholders", "with placeholders"],
)
def test_an_unchanged_file_has_the_hash_that_earlier_versions_stored(text: str, expected: str) -> None:
    assert content_hash(tomllib.loads(text)) == expected


def test_a_key_that_a_later_version_adds_changes_no_hash_while_it_is_at_its_default() -> None:
    written = document()
    written["added"] = False
    written["stages"][0]["added"] = ""
    written["placeholders"][0]["added"] = ""
    for one in (document(), written):
        assert content_hash(one, LaterFile) == content_hash(document())


@pytest.mark.parametrize("table", ["file", "stages", "placeholders"])
def test_a_key_that_a_file_sets_changes_its_hash(table: str) -> None:
    changed = document()
    if table == "file":
        changed["added"] = True
    else:
        changed[table][0]["added"] = "yes"
    assert content_hash(changed, LaterFile) != content_hash(document())
