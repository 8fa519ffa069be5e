"""A request in a file: every problem at once, each with its key and the cure."""

from datetime import date
from pathlib import Path

import pytest

from workflows.catalog.request_files import MAX_BYTES, RequestFile, RequestFileProblems, load_request_file


def load(folder: Path, content: str | bytes) -> RequestFile:
    """Load a file with this content."""
    path = folder / "request.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_request_file(path)


def problems(folder: Path, content: str | bytes) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(RequestFileProblems) as caught:
        load(folder, content)
    return list(caught.value.problems)


def test_a_whole_request(tmp_path: Path) -> None:
    text = 'partner = " contoso.com "\ntemplate = "x"\nduration_days = 90\n[placeholders]\ngroup = "1"\n'
    assert load(tmp_path, text) == RequestFile(
        partner="contoso.com", template="x", duration_days=90, placeholders={"group": "1"}
    )


def test_duration_and_placeholders_may_be_left_out(tmp_path: Path) -> None:
    assert load(tmp_path, 'partner = "a.com"\ntemplate = "x"\n').duration_days is None


def test_the_first_day_is_a_day(tmp_path: Path) -> None:
    whole = 'partner = "a.com"\ntemplate = "x"\nstarts_on = '
    assert load(tmp_path, f"{whole}2026-12-15\n").starts_on == date(2026, 12, 15)
    (found,) = problems(tmp_path, f'{whole}"soon"\n')
    assert found.startswith("request.toml: starts_on: ")
    assert found.endswith("as in starts_on = 2026-12-15")


def test_everything_wrong_is_said_at_once_with_key_and_cure(tmp_path: Path) -> None:
    found = problems(tmp_path, 'partner = 3\ntemplat = "merger"\nduration_days = true\n[placeholders]\ngroup = 7\n')
    assert [one.split(": ")[1] for one in found] == [
        "partner",
        "template",
        "duration_days",
        "placeholders.group",
        "templat",
    ]
    assert all(one.startswith("request.toml: ") for one in found)
    assert "contoso.com" in found[0]
    assert "missing" in found[1]
    assert "remove it, or write one of partner, template, duration_days, ends_on, starts_on, placeholders" in found[-1]


def test_the_former_key_of_placeholders_is_refused_with_the_new_one(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, 'partner = "a.com"\ntemplate = "x"\n[holes]\ngroup = "1"\n')
    assert found == "request.toml: holes: this key is called placeholders now; write [placeholders] in place of [holes]"


@pytest.mark.parametrize("days", ["0", "-1", "3651", '"90"', "90.0"])
def test_a_duration_is_a_whole_number_of_days(tmp_path: Path, days: str) -> None:
    (found,) = problems(tmp_path, f'partner = "a.com"\ntemplate = "x"\nduration_days = {days}\n')
    assert found.startswith("request.toml: duration_days: ")


@pytest.mark.parametrize(
    "content",
    [
        "partner = ",
        b"\xff\xfe",
        "a" * (MAX_BYTES + 1),
        "x = " + "[" * 5000 + "]" * 5000,
        f"duration_days = {'9' * 5000}",
    ],
)
def test_what_is_no_toml_is_said(tmp_path: Path, content: str | bytes) -> None:
    (found,) = problems(tmp_path, content)
    assert found.startswith("request.toml: ")


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(RequestFileProblems, match="cannot be read"):
            load_request_file(path)


@pytest.mark.parametrize(
    "content",
    [
        '{"b2bCollaborationInbound": {"usersAndGroups": {"accessType": "allowed", "targets": '
        '[{"target": "allusers", "targetType": "user"}]}}}',
        '[b2bCollaborationInbound.usersAndGroups]\naccessType = "allowed"\n'
        'targets = [{target = "allusers", targetType = "user"}]\n',
    ],
    ids=["JSON", "TOML"],
)
def test_a_pasted_example_of_graph_is_recognised_and_corrected(tmp_path: Path, content: str) -> None:
    opening, cure = problems(tmp_path, content)
    assert "settings of Microsoft Graph, not a request" in opening
    assert cure == "b2bCollaborationInbound.usersAndGroups.targets.0.target: 'allusers': write “AllUsers”"


def test_json_that_is_no_example_is_no_toml_either(tmp_path: Path) -> None:
    assert "not readable as TOML" in problems(tmp_path, '{"partner": "contoso.com"}')[0]
    right = '{"b2bDirectConnectInbound": null}'
    assert problems(tmp_path, right)[1] == "nothing"
