"""What a contributor reads and what runs for them: the files that are named exist, and CI runs the one command."""

import importlib.metadata
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.release import NotReleased, with_release

PROJECT: Final = Path(__file__).parents[1]
DAY: Final = date(2026, 12, 1)
CHANGELOG: Final = "# Changelog\n\n## [Unreleased]\n\n### Added\n- New.\n\n## [0.1.0] - 2026-11-01\n\n- Old.\n"
PAGES: Final = ("CONTRIBUTING.md", "SECURITY.md", "docs/releasing.md")


def read(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text())


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text, folder = (PROJECT / page).read_text(), (PROJECT / page).parent
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (folder / link).exists(), link
    named = [one for one in re.findall(r"`([\w./-]+/[\w./-]*)`", text) if not one.startswith("/")]
    for one in named:
        assert (PROJECT / one).exists(), one
    assert named or page != "CONTRIBUTING.md"


def test_ci_runs_the_one_command_with_pinned_actions_and_no_rights() -> None:
    for path in sorted((PROJECT / ".github" / "workflows").glob("*.yml")):
        workflow = read(str(path.relative_to(PROJECT)))
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert job["permissions"] == {"contents": "read"}
            for step in job["steps"]:
                assert "uses" not in step or re.search(r"@[0-9a-f]{40}$", step["uses"]), step
                if str(step.get("uses")).startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False
    steps = read(".github/workflows/check.yml")["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    text = (PROJECT / ".ci" / "run").read_text()
    assert "\npip install uv && uv run poe check\n" in text
    tasks = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]
    parts = [*tasks["check-long"]["sequence"], *tasks["check-postgres"]["sequence"]]
    assert f"\nfor part in {' '.join(parts)}; do\n" in text


def test_the_checks_before_a_commit_are_among_those_of_ci() -> None:
    tasks = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]
    programs = {str(one).split()[0] for one in (tasks["lint"], tasks["types"], tasks["contracts"], tasks["format"])}
    [repository] = read(".pre-commit-config.yaml")["repos"]
    assert {hook["entry"].split()[2] for hook in repository["hooks"]} == programs
    assert all(hook["language"] == "system" for hook in repository["hooks"])


def test_updates_and_forms_can_be_read() -> None:
    assert {one["package-ecosystem"] for one in read(".github/dependabot.yml")["updates"]} == {"uv", "github-actions"}
    for path in sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")):
        form = read(str(path.relative_to(PROJECT)))
        assert path.stem == "config" or {"name", "description", "body"} <= form.keys()


def test_the_version_is_that_of_the_project_file() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert importlib.metadata.version("gatehouse") == project["version"]


def test_a_release_puts_version_and_day_above_what_was_unreleased() -> None:
    written = with_release(CHANGELOG, "0.2.0", DAY)
    assert written.startswith(
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n### Added\n- New.\n\n## [0.1.0]"
    )
    assert with_release((PROJECT / "CHANGELOG.md").read_text(), "99.0.0", DAY).count("## [Unreleased]") == 1


@pytest.mark.parametrize(
    ("changelog", "version", "why"),
    [
        (CHANGELOG, "0.2", "three numbers"),
        (CHANGELOG, "0.1.0", "not newer than 0.1.0"),
        (CHANGELOG, "0.0.9", "not newer"),
        (CHANGELOG.replace("- New.\n", ""), "0.2.0", "nothing is under Unreleased"),
        (CHANGELOG.replace("## [Unreleased]", ""), "0.2.0", "no heading"),
    ],
)
def test_a_wrong_release_is_refused_with_the_reason(changelog: str, version: str, why: str) -> None:
    with pytest.raises(NotReleased, match=why):
        with_release(changelog, version, DAY)
