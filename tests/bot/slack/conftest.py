"""A bot that has opened a partner already."""

import pytest

from tests.bot.bot_under_test import BotUnderTest, click
from workflows.core.settings.model import TenantId


@pytest.fixture
async def opened(gatehouse: BotUnderTest) -> BotUnderTest:
    """A bot that has opened Contoso."""
    request = await gatehouse.file_request()
    for approver in ("approver1", "approver2", "approver3"):
        value = f"{request.id}:{request.plan.digest}"
        await gatehouse.interact(click(approver, "approve", value))
        await gatehouse.idle()
    assert await gatehouse.store.partnership(TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")) is not None
    return gatehouse
