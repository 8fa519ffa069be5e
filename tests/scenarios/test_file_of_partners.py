"""Stories of one file in many places: planned in a pull request, requested, and written again from what is in force."""

import getpass
import json
import tomllib
from typing import Any

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.test_audit_report import audit_rows
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

FILE = """
[[partners]]
partner = "contoso.com"
template = "guest-collaboration"
duration_days = 90

[[partners]]
partner = "fabrikam.com"
template = "trusted-partner"
duration_days = 180
"""


async def plan(stage: Stage, *options: str, status: int) -> str:
    """Run the command, and return what it printed."""
    found, out, err = await gatehouse(stage, "plan", *options)
    assert found == status, err
    return out


async def test_a_file_of_many_partners_is_planned_in_every_format(stage: Stage) -> None:
    file = stage.data.parent / "partners.toml"
    file.write_text(FILE)
    document: dict[str, Any] = json.loads(await plan(stage, "partners.toml", "--json", status=2))
    assert [one["verdict"] for one in document["partners"]] == ["add", "add"]
    markdown = await plan(stage, "partners.toml", "--format", "markdown", status=2)
    assert "**2 partners: 2 would be added.**" in markdown
    for one in document["partners"]:
        assert one["digest"] in markdown
    single = stage.data.parent / "request.toml"
    single.write_text('partner = "contoso.com"\ntemplate = "guest-collaboration"\nduration_days = 90\n')
    one = json.loads(await plan(stage, "request.toml", "--format", "json", status=2))
    assert one["digest"] == document["partners"][0]["digest"]
    assert "Conditional Access: " in await plan(stage, "request.toml", "--format", "markdown", status=2)
    judged, out, _ = await gatehouse(stage, "import", "request.toml", "--dry-run", "--json")
    assert (judged, json.loads(out)["rows"][0]["digest"]) == (0, one["digest"])
    assert await stage.writes() == []
    assert await stage.messages() == []


async def drafted(stage: Stage, *options: str, status: int = 0) -> dict[str, Any]:
    """Run `gatehouse request`, and return its JSON."""
    found, out, err = await gatehouse(stage, "request", *options, "--json")
    assert found == status, err
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.threats("G20")
async def test_a_file_has_one_open_draft_and_only_as_it_was_planned(stage: Stage) -> None:
    """The command line has no person, so nothing is asked, however often the command runs."""
    file = stage.data.parent / "partners.toml"
    file.write_text(FILE)
    planned = json.loads(await plan(stage, "partners.toml", "--json", status=2))
    first = await drafted(stage, "partners.toml", "--expect", planned["sha256"])
    assert (first["draft"]["is_new"], first["not_asked"]) == (True, [])
    again = await drafted(stage, "partners.toml", "--expect", planned["sha256"])
    assert again["draft"] == {**first["draft"], "is_new": False}
    found, out, _ = await gatehouse(stage, "request", "partners.toml")
    assert found == 0
    [line] = [one for one in out.splitlines() if one.startswith("This file has an open draft already")]
    assert line.endswith("No second one was stored.")
    assert any(line.endswith(first["draft"]["id"]) for line in out.splitlines())
    file.write_text(FILE.replace("90", "180"))
    found, out, err = await gatehouse(stage, "request", "partners.toml", "--expect", planned["sha256"])
    assert (found, out) == (1, "")
    assert "partners.toml" in err
    assert "another file than the expected one" in err
    other = await drafted(stage, "partners.toml")
    assert other["draft"]["id"] != first["draft"]["id"]
    drafted_by = [row["actor"] for row in await audit_rows(stage) if row["command"] == "draft_batch"]
    assert drafted_by == [f"os:{getpass.getuser()}"] * 2
    assert await stage.writes() == []
    assert await stage.messages() == []


async def test_a_row_that_is_not_in_the_draft_is_named_each_time(stage: Stage) -> None:
    file = stage.data.parent / "partners.toml"
    file.write_text(FILE.replace("fabrikam.com", "nobody.example"))
    for is_new in (True, False):
        document = await drafted(stage, "partners.toml", status=3)
        assert document["draft"]["is_new"] is is_new
        (row,) = document["not_asked"]
        assert (row["row"], row["partner"]) == (2, "nobody.example")
        assert "No Microsoft Entra tenant has the domain" in row["text"]
    file.write_text('partner = "nobody.example"\ntemplate = "guest-collaboration"\n')
    document = await drafted(stage, "partners.toml", status=3)
    assert (document["draft"], len(document["not_asked"])) == (None, 1)
    assert await stage.messages() == []


async def test_a_draft_that_no_longer_asks_for_what_the_file_asks_for_is_replaced(stage: Stage) -> None:
    """A partner that had all of it when the draft was stored is revoked: the same file asks for it now."""
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    file = stage.data.parent / "partners.toml"
    file.write_text(FILE)
    first = await drafted(stage, "partners.toml")
    assert (first["draft"]["together"] + first["draft"]["alone"], first["replaced"]) == (1, None)
    await stage.revoke()
    second = await drafted(stage, "partners.toml")
    assert second["replaced"] == first["draft"]["id"] != second["draft"]["id"]
    assert (second["draft"]["is_new"], second["draft"]["together"] + second["draft"]["alone"]) == (True, 2)
    [changed] = second["changed"]
    assert (changed["row"], changed["partner"]) == (1, "contoso.com")
    assert changed["text"] == "Before: not asked for. Now: asked for alone."
    third = await drafted(stage, "partners.toml")
    assert third["draft"] == {**second["draft"], "is_new": False}


async def test_what_is_in_force_is_a_file_that_changes_nothing(stage: Stage) -> None:
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    found, out, err = await gatehouse(stage, "export", "--format", "toml")
    assert found == 0, err
    assert out.startswith("# The partners whose access is in force, as it was approved.")
    file = stage.data.parent / "partners.toml"
    file.write_text(out)
    (row,) = tomllib.loads(out)["partners"]
    assert (row["partner"], row["template"]) == ("contoso.com", "guest-collaboration")
    assert "@" in row["sponsor"]
    assert "1 partner: 1 would stay the same." in (await plan(stage, "partners.toml", status=0)).splitlines()
    document = await drafted(stage, "partners.toml")
    assert (document["draft"], document["not_asked"]) == (None, [])
    rows = [one for one in await audit_rows(stage) if one["command"] == "export"]
    assert [one["details"]["format"] for one in rows] == ["toml"]


async def test_what_cannot_be_planned_ends_with_one(stage: Stage) -> None:
    """Also wrong options and wrong settings: 2 means that something would change."""
    file = stage.data.parent / "partners.toml"
    file.write_text(FILE.replace("fabrikam.com", "nobody.example"))
    out = await plan(stage, "partners.toml", status=1)
    assert "2 partners: 1 would be added; 1 would be refused." in out.splitlines()
    file.write_text(FILE.replace("duration_days", "duration_day"))
    found, out, err = await gatehouse(stage, "plan", "partners.toml")
    assert (found, out) == (1, "")
    assert "duration_day: there is no such key." in err
    for options in (("missing.toml",), ("partners.toml", "--format", "pdf"), ("partners.toml", "--nonsense"), ()):
        await plan(stage, *options, status=1)
    file.write_text('partner = "nobody.example"\ntemplate = "guest-collaboration"\n')
    out = await plan(stage, "partners.toml", "--format", "markdown", status=1)
    assert "| 1 | `nobody.example` | partner: No Microsoft Entra tenant has the domain" in out
