"""What the terminal says of the admins who can end a freeze."""

import shutil
from pathlib import Path

import pytest

from bot.process.settings import TenantSettings
from bot.terminal.freeze_command import _only_one_admin
from bot.words.refusals.freeze import ONLY_ONE_ADMIN
from workflows.catalog.catalog import SHIPPED


@pytest.mark.parametrize(
    ("admins", "is_said"),
    [
        ('people = ["dana@fabrikam.example"]', True),
        ('people = ["dana@fabrikam.example", "amara@fabrikam.example"]', False),
        ('user_groups = ["partner-admins"]', False),
    ],
)
def test_the_terminal_says_when_only_one_admin_is_known(tmp_path: Path, admins: str, is_said: bool) -> None:
    templates = shutil.copytree(SHIPPED, tmp_path / "templates")
    roles = templates / "roles.toml"
    roles.write_text(roles.read_text().replace('user_groups = ["partner-admins"]', admins))
    settings = TenantSettings.model_construct(gatehouse_templates=templates)
    assert _only_one_admin(settings) == (f" {ONLY_ONE_ADMIN}" if is_said else "")


def test_it_is_frozen_also_with_templates_that_cannot_be_read(tmp_path: Path) -> None:
    assert _only_one_admin(TenantSettings.model_construct(gatehouse_templates=tmp_path)) == ""
