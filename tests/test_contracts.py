"""The import contracts hold what they say; the one that names modules by hand forgets none."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

PROJECT: Final = Path(__file__).parents[1]


def contract(name: str) -> dict[str, Any]:
    """The contract of this name in pyproject.toml."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [found] = [one for one in contracts if one["name"] == name]
    return dict(found)


def members(package: str) -> Iterator[str]:
    """The modules and packages right below a package, all of them dotted."""
    for path in PROJECT.joinpath(*package.split(".")).iterdir():
        if path.suffix == ".py" and not path.stem.startswith("__"):
            yield f"{package}.{path.stem}"
        elif (path / "__init__.py").exists():
            yield f"{package}.{path.name}"


def test_the_sandbox_is_a_stranger_to_every_part_of_the_bot() -> None:
    named = {one for one in contract("the sandbox is a stranger")["forbidden_modules"] if one.startswith("bot")}
    assert named == {*members("bot")} - {"bot.sandbox"}


@pytest.mark.parametrize(
    ("name", "protected", "its_own"),
    [
        ("Microsoft's SDKs live in one package", "msgraph", "workflows.entra"),
        ("the inside of the gateway is imported by nobody else", "workflows.entra.*", "workflows.entra"),
        ("SQL lives in the store", "sqlite3", "workflows.store"),
    ],
)
def test_what_one_package_has_for_itself_is_kept_from_every_other(name: str, protected: str, its_own: str) -> None:
    found = contract(name)
    assert found["type"] == "protected"
    assert protected in found["protected_modules"]
    assert found["allowed_importers"] == [its_own]
