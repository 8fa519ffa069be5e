"""What /partner answers: what it offers follows from who asks, whatever id Slack names them by."""

from dataclasses import replace
from typing import Any

from tests.bot.bot_under_test import BotUnderTest
from tests.bot.slack.flows.partner_setup.test_flow import CONTOSO
from workflows.core.people import ChatId, PersonId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def sponsored_by(gatehouse: BotUnderTest, **changes: Any) -> None:
    """Record another sponsor of Contoso."""
    found = await gatehouse.store.partnership(CONTOSO)
    assert found is not None
    changed = replace(found, version=found.version + 1, sponsor=replace(found.sponsor, **changes))
    entry = AuditEntry(
        key=f"put-{changed.version}",
        at=gatehouse.world.clock.now(),
        actor="test",
        command="put",
        outcome="accepted",
        details={},
    )
    assert await gatehouse.store.commit(Commit(entry=entry, partnership=changed))


async def may_confirm(gatehouse: BotUnderTest, user: str) -> bool:
    """Tell whether the checklist offers somebody to confirm."""
    answer = await gatehouse.control.post("command", user=user, text="checklist contoso.com")
    await gatehouse.idle()
    (message,) = answer["ephemeral"]
    return "confirm_half" in str(message["blocks"])


async def test_the_checklist_asks_the_sponsor_under_every_id_and_the_admins_and_nobody_else(
    opened: BotUnderTest,
) -> None:
    """The record may contain another Slack id of the sponsor: the Entra account decides, as for a click."""
    assert await may_confirm(opened, "requester")
    assert await may_confirm(opened, "admin")
    assert not await may_confirm(opened, "approver1")
    await sponsored_by(opened, chat_id=ChatId("W0SPONSOR"))
    assert await may_confirm(opened, "requester")
    await sponsored_by(opened, id=PersonId("somebody-else"))
    assert not await may_confirm(opened, "requester")
