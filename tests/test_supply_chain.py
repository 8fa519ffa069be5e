"""What is installed with the bot: exactly the packages of uv.lock, by their hashes, and without running any of them."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.waiting import LONGEST_WAIT

PROJECT: Final = Path(__file__).parents[1]
SHA256: Final = re.compile(r"sha256:[0-9a-f]{64}")

pytestmark = pytest.mark.threats("G19")


def _packages() -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    return [one for one in packages if one["name"] != "gatehouse"]


def _exported(*options: str) -> str:
    command = ["uv", "export", "-q", "--frozen", "--no-dev", "--no-emit-project", *options]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True, timeout=LONGEST_WAIT).stdout


def test_every_file_of_the_lock_file_has_a_hash_and_comes_from_the_registry() -> None:
    for package in _packages():
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
        assert files, package["name"]
        assert all(SHA256.fullmatch(one["hash"]) for one in files), package["name"]


def test_no_package_runs_code_while_it_is_installed() -> None:
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["uv"]["no-build"] is True
    assert [package["name"] for package in _packages() if not package.get("wheels")] == []


def test_the_exported_requirements_name_one_version_and_its_hashes_for_each_package() -> None:
    requirements = re.split(r"\n(?=[a-z])", _exported("--no-header", "--no-annotate"))
    assert len(requirements) > 50
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==[^ ]+ ", requirement), requirement
        assert SHA256.search(requirement), requirement


@pytest.mark.load
def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    """`idna` is small. Its true requirement installs; with one other digit in each hash it does not."""
    [line] = [one for one in re.split(r"\n(?=[a-z])", _exported("--no-header", "--no-annotate")) if "idna==" in one]
    other = re.sub(r"sha256:(.)", lambda digit: f"sha256:{'0' if digit[1] != '0' else '1'}", line)
    outcomes = []
    for number, requirement in enumerate((line, other)):
        (file := tmp_path / f"{number}.txt").write_text(requirement)
        options = [
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--target",
            str(tmp_path / f"{number}"),
            "-r",
            str(file),
        ]
        outcomes.append(
            subprocess.run(
                ["uv", "pip", "install", "-q", *options],
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST_WAIT,
            )
        )
    assert outcomes[0].returncode == 0, outcomes[0].stderr
    assert outcomes[1].returncode != 0
    assert "hash" in outcomes[1].stderr.lower()
    assert not list((tmp_path / "1").glob("idna*"))


def test_the_bill_of_materials_lists_what_is_installed() -> None:
    listed = json.loads(_exported("--format", "cyclonedx1.5"))
    requirements = _exported("--no-header", "--no-annotate", "--no-hashes").split()
    assert listed["bomFormat"] == "CycloneDX"
    versions = {f"{one['name']}=={one['version']}" for one in listed["components"]}
    assert versions == {one for one in requirements if re.match(r"[a-z0-9][^']*==", one)}
