"""An access that starts on a later day: approved today, nothing written before, and everything judged again then."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import Stage, buttons, running_stage, words
from tests.scenarios.test_delegation import today
from tests.scenarios.test_end_of_access import QUICK, days_pass

pytestmark = pytest.mark.story

APPROVERS: Final = ("approver1", "approver2", "approver3")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox of its own, whose bot looks often for what is due."""
    async with running_stage(Stage(data=tmp_path / "data", environment=QUICK, warm=True)) as running:
        await running.tick()
        yield running


async def with_template(stage: Stage) -> str:
    """Open the request form and choose the template, so that it shows the field for the start."""
    view_id: str = (await stage.do("command", user="requester", text="/partner request"))["view_id"]
    await stage.do("click", user="requester", action_id="template", view_id=view_id, selected="trusted-partner")
    await stage.rest()
    return view_id


async def approved(stage: Stage) -> str:
    """Ask for an access that starts in five days, and approve it; returns the card."""
    start = await today(stage, 5)
    ts = await stage.ask(view_id=await with_template(stage), start_date=start)
    card = words(await stage.card_of(ts))
    assert "Starts " in card
    assert "180 days" in card
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", ts) == []
    assert "approved, starts" in words(await stage.card_of(ts))
    assert await stage.writes() == []
    return ts


async def test_it_is_written_on_its_day_and_not_before_whatever_happens_to_the_bot(stage: Stage) -> None:
    for days, said in ((-1, "has passed"), (91, "at the latest")):
        refused = await stage.fill_in(view_id=await with_template(stage), start_date=await today(stage, days))
        assert said in refused["errors"]["start_date"]
    ts = await approved(stage)
    await days_pass(stage, 3)
    await stage.kill_the_bot()
    await stage.tick()
    assert await stage.writes() == []
    [mine] = [one for one in await stage.direct("requester") if "withdraw" in buttons(one)]
    assert "Nothing is written before" in words(mine)
    listed = await stage.do("command", user="requester", text="/partner show contoso.com")
    assert "approved, starts" in str(listed)
    await days_pass(stage, 2.1)
    assert "active (verified" in words(await stage.card_of(ts))
    count = len(await stage.writes())
    assert count > 0
    partner = await stage.partner()
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is True
    await stage.kill_the_bot()
    await stage.tick()
    assert len(await stage.writes()) == count, "exactly once"


async def test_it_is_withdrawn_while_it_waits(stage: Stage) -> None:
    ts = await approved(stage)
    [mine] = [one for one in await stage.direct("requester") if "withdraw" in buttons(one)]
    await stage.press("requester", "withdraw", mine["ts"], channel="@requester")
    assert "withdrawn" in words(await stage.card_of(ts)).lower()
    await days_pass(stage, 5.1)
    assert await stage.writes() == []


async def test_an_admin_who_revokes_the_partner_stops_it(stage: Stage) -> None:
    ts = await approved(stage)
    await stage.revoke()
    assert "stopped" in words(await stage.card_of(ts))
    await days_pass(stage, 5.1)
    partner = await stage.partner()
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_an_approver_who_lost_the_role_in_between_does_not_count(stage: Stage) -> None:
    ts = await approved(stage)
    await days_pass(stage, 4)
    groups = {
        "partner-security": ("approver1",),
        "partner-data-owners": ("approver2", "admin"),
        "partner-admins": ("admin",),
    }
    listed = [{"handle": handle, "users": [SLACK_IDS[who] for who in people]} for handle, people in groups.items()]
    body = {"ok": True, "usergroups": listed}
    await stage.do("faults", target="slack", method="usergroups.list", times=100_000, body=body)
    await days_pass(stage, 1.1)
    assert await stage.writes() == []
    card = words(await stage.card())
    assert "no longer has the role" in card
    ts = str((await stage.card())["ts"])
    assert await stage.press("admin", "approve", ts) == []
    assert "active (verified" in words(await stage.card_of(ts)), "its day has come, so it begins at once"
