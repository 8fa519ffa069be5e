"""README.md says what the product needs and offers."""

import re
from pathlib import Path
from typing import Final

from bot.terminal.cli import app
from workflows.catalog.catalog import SHIPPED, load_catalog

PROJECT: Final = Path(__file__).parents[1]
README: Final = (PROJECT / "README.md").read_text()
PICTURES: Final = tuple((PROJECT / "docs" / "pictures").glob("*"))
MAX_BYTES: Final = 200_000


def test_the_permissions_are_those_that_the_calls_name() -> None:
    """No permission that a call needs is missing, and none is asked for that no call needs."""
    files = sorted((PROJECT / "workflows" / "entra").rglob("*.py"))
    code = "".join(path.read_text() for path in files if path.parent.name != "guest_accounts")
    named = set(re.findall(r'"((?:[A-Z]\w+)(?:\.\w+)*\.(?:All|CrossTenantAccess|CrossTenantCapability))"', code))
    assert set(re.findall(r"^ +\| `([A-Z]\w+\.[\w.]+)` \|", README, re.M)) == named


def test_every_page_that_it_leads_to_is_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (PROJECT / link).exists(), link


def test_its_pictures_are_small_and_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    assert sorted(path for _, path in pictures) == sorted(f"docs/pictures/{one.name}" for one in PICTURES)
    assert all(len(words) > 20 for words, _ in pictures)
    assert {one.name: one.stat().st_size for one in PICTURES if one.stat().st_size > MAX_BYTES} == {}


def test_it_names_every_shipped_template_and_no_command_that_there_is_not() -> None:
    for template in load_catalog(SHIPPED).templates.values():
        assert template.title.removesuffix(", synchronized") in " ".join(README.split())
    commands = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    groups = {one.name for one in app.registered_groups}
    assert set(re.findall(r"gatehouse ([a-z]+)", README)) <= commands | groups


def test_its_two_commands_are_these() -> None:
    assert re.findall(r"^pip install .*$", README, re.M) == [
        "pip install uv && uv run gatehouse sandbox",
        "pip install uv && uv run poe check",
    ]
