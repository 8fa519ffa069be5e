"""Stories of one file in many places: planned in a pull request, requested, and written again from what is in force."""

import json
from typing import Any

import pytest

from tests.scenarios.stage import Stage
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
    assert "asked; see the checks." in await plan(stage, "request.toml", "--format", "markdown", status=2)
    judged, out, _ = await gatehouse(stage, "import", "request.toml", "--dry-run", "--json")
    assert (judged, json.loads(out)["rows"][0]["digest"]) == (0, one["digest"])
    assert await stage.writes() == []
    assert await stage.messages() == []


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
