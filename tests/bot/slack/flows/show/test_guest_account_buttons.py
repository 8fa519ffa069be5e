"""Admins are offered to disable and enable accounts beside the list of guests, where the credential for it is set."""

from typing import Final

import pytest

from bot.process.settings import Settings, load_settings
from tests.bot.bot_under_test import BotUnderTest
from tests.bot.slack.flows.partner_setup.test_flow import CONTOSO
from tests.bot.slack.flows.show.test_guests import answer
from tests.bot.surfaces import buttons, shown

OFFERED: Final = {"accounts_disable": CONTOSO, "accounts_enable": CONTOSO}


@pytest.fixture
def without_credential() -> None:
    """Ask for a bot whose credential for guest accounts is not set."""


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings, for some tests without that credential."""
    if "without_credential" not in request.fixturenames:
        return settings
    for name in ("GUESTS_AZURE_CLIENT_ID", "GUESTS_AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    return load_settings()


def accounts_of(blocks: list[dict[str, object]]) -> dict[str, str]:
    """Return the buttons about accounts."""
    return {name: value for name, value in buttons(blocks).items() if name.startswith("accounts_")}


async def test_an_admin_is_offered_both_and_the_sponsor_none(opened: BotUnderTest) -> None:
    assert accounts_of((await answer(opened, "guests contoso.com", "admin"))["blocks"]) == OFFERED
    assert accounts_of((await answer(opened, "guests contoso.com", "requester"))["blocks"]) == {}


@pytest.mark.usefixtures("without_credential")
async def test_without_the_credential_nothing_is_offered_and_the_list_is_the_same(opened: BotUnderTest) -> None:
    message = await answer(opened, "guests contoso.com", "admin")
    assert accounts_of(message["blocks"]) == {}
    assert "Maria Lindqvist" in shown(message["blocks"])
