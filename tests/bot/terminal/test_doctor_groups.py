"""The doctor names the Entra groups of roles.toml whose members cannot decide."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.process.settings import Settings
from bot.sandbox import seed
from bot.sandbox.server import Sandbox
from tests.bot.terminal.test_doctor import examined, finding
from workflows.catalog.catalog import SHIPPED

GROUP = "6a000000-0000-4000-8000-00000000000a"
AMARA = seed.PEOPLE[1].entra_id


@pytest.fixture
def by_group(settings: Settings, tmp_path: Path) -> Settings:
    """The settings with templates of which one role is kept by an Entra group."""
    folder = tmp_path / "templates"
    shutil.copytree(SHIPPED, folder)
    roles = folder / "roles.toml"
    roles.write_text(roles.read_text().replace("[security]\n", f'[security]\nentra_groups = ["{GROUP}"]\n'))
    return settings.model_copy(update={"gatehouse_templates": folder})


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({}, None),
        ({"groupTypes": ["Unified"], "visibility": "Public"}, "Everybody can join the group On call"),
        ({"onPremisesSyncEnabled": True}, "Microsoft Graph does not show who owns the group On call"),
    ],
)
async def test_a_group_that_cannot_decide_is_named(
    by_group: Settings, world: Sandbox, group: dict[str, Any], said: str | None
) -> None:
    assert world.entra is not None
    world.entra.merge({"groups": {GROUP: {"displayName": "On call", "members": [AMARA], **group}}})
    status, text = await examined(by_group)
    if said is None:
        assert status == 0, text
        assert "Entra: groups of roles" not in text
    else:
        assert status == 1
        assert said in finding(text, "Entra: groups of roles")


async def test_a_synchronized_group_that_was_accepted_is_named_and_is_no_problem(
    by_group: Settings, world: Sandbox
) -> None:
    assert world.entra is not None
    folder = by_group.gatehouse_templates
    assert folder is not None
    roles, named = folder / "roles.toml", f'entra_groups = ["{GROUP}"]\n'
    roles.write_text(roles.read_text().replace(named, f'{named}accept_synchronized_groups = ["{GROUP}"]\n'))
    group = {"displayName": "On call", "members": [AMARA], "onPremisesSyncEnabled": True}
    world.entra.merge({"groups": {GROUP: group}})
    status, text = await examined(by_group)
    assert status == 0, text
    said = finding(text, "Entra: groups of roles")
    assert "The group On call is synchronized from a directory of your own, and roles.toml accepts it" in said


async def test_a_group_that_is_gone_is_named(by_group: Settings, world: Sandbox) -> None:
    _, text = await examined(by_group)
    assert f"The group {GROUP} is not in Entra any more" in finding(text, "Entra: groups of roles")
