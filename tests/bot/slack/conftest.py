"""A bot that has opened a partner already."""

import pytest

from tests.bot.bot_under_test import BotUnderTest, click
from tests.bot.records_file import file_of
from tests.warm.kept_world import KeptWorld, contoso_opened
from workflows.core.settings.model import TenantId

CONTOSO = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")


@pytest.fixture
async def opened(gatehouse: BotUnderTest, kept_world: KeptWorld | None) -> BotUnderTest:
    """A bot that has opened Contoso."""
    if kept_world is None:
        await _open(gatehouse)
        contoso_opened().keep(gatehouse.world.data, file_of(gatehouse.settings))
    await gatehouse.idle()
    assert await gatehouse.store.partnership(CONTOSO) is not None
    return gatehouse


async def _open(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    for approver in ("approver1", "approver2", "approver3"):
        value = f"{request.id}:{request.plan.digest}"
        await gatehouse.interact(click(approver, "approve", value))
        await gatehouse.idle()
