"""The partner setup in Slack: a refusal is shown once, and recorded."""

import json
from typing import Final

from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click
from workflows.core.settings.model import TenantId

CONTOSO: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")


async def test_a_refusal_in_the_checklists_window_is_said_there_and_not_twice(opened: BotUnderTest) -> None:
    assert opened.world.slack_simulator is not None
    trigger_id = opened.world.slack_simulator.client.triggers.issue(SLACK_IDS["guest"])
    await opened.interact(click("guest", "show_checklist", CONTOSO, trigger_id=trigger_id))
    await opened.idle()
    [view] = (await opened.control.get("views", user="guest"))["views"]
    assert "guest" in json.dumps(view)
    (refused,) = [entry for entry in await opened.history() if entry.command == "/partner checklist"]
    assert refused.tenant_id == CONTOSO
    private = await opened.control.get("messages", channel="@guest", user="guest")
    assert private["messages"] == []
