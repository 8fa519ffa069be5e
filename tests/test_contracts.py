"""The import contracts enforce their rules, and name packages, never lists of modules."""

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


def test_the_sandbox_shares_nothing_with_any_part_of_the_bot() -> None:
    forbidden = contract("the sandbox shares nothing with the bot")["forbidden_modules"]
    named = {one for one in forbidden if one.startswith("bot")}
    assert named == {*members("bot")} - {"bot.sandbox"}


def test_contracts_stay_short_enough_to_read() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for one in contracts:
        for key, value in one.items():
            assert len(str(value)) <= 400, f"{one['name']}: {key} is a list of modules"


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
