"""The end of access with a moved clock: notices, the block that they announce, and restoring the access."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.scenarios.stage import DAY, UNLIMITED, Stage, buttons, running_stage, words
from tests.scenarios.test_posture import gatehouse

pytestmark = [pytest.mark.story]

QUICK = {**UNLIMITED, "GATEHOUSE_TICK_SECONDS": "0.05"}
STEP = 800
"""Less than a gap, also where a step itself takes a minute: the bot runs all the time."""
STEPS: Final = 50
"""So many in one call to the sandbox. A step takes a second on a machine with much other work, and a call that takes
five minutes is ended."""
PERIOD = 180 * DAY


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox of its own, whose bot looks often for what is due."""
    async with running_stage(Stage(data=tmp_path / "data", environment=QUICK, warm=True)) as running:
        yield running


async def days_pass(stage: Stage, days: float) -> None:
    """Let days pass while the bot runs. The clock stops while the bot does not follow, as on a slow machine."""
    begun = (await stage.see("clock"))["offset_seconds"]
    passed, seconds = 0, int(days * DAY)
    while passed < seconds:
        answer = await stage.do("clock", advance_seconds=min(seconds - passed, STEPS * STEP), step_seconds=STEP)
        passed = answer["offset_seconds"] - begun
        if not answer["picked_up"]:
            await stage.tick()
    await stage.tick()


async def told(stage: Stage, user: str, text: str) -> list[dict[str, Any]]:
    return [message for message in await stage.direct(user) if text in f"{message['text']} {words(message)}"]


async def is_blocked(stage: Stage) -> bool:
    partner = await stage.partner()
    assert partner is not None
    return bool(partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked")


async def opened(stage: Stage) -> None:
    """Open Contoso for the requester, who sponsors it."""
    await stage.open_access()
    assert not await is_blocked(stage)


async def test_an_announced_end_blocks_at_its_moment_and_the_access_is_restored_by_the_chain(stage: Stage) -> None:
    await opened(stage)
    await stage.later(PERIOD - 30 * DAY + 60)
    await stage.kill_the_bot()
    await stage.tick()
    [notice] = await told(stage, "requester", "ends soon")
    assert "Blocked automatically on" in words(notice)
    assert buttons(notice) == ["request_again", "close_early"]
    assert await told(stage, "admin", "ends soon") == [], "the admins get the last ones"
    await stage.later(27 * DAY)
    assert len(await told(stage, "requester", "ends soon")) == 2, "of those that were missed only the newest"
    assert len(await told(stage, "admin", "ends soon")) == 1
    await days_pass(stage, 2.9)
    assert len(await told(stage, "requester", "ends soon")) == 3
    assert not await is_blocked(stage)
    await days_pass(stage, 0.2)
    assert await is_blocked(stage)
    for user, offered in (("requester", []), ("admin", ["accounts_disable"])):
        [result] = await told(stage, user, "blocked at the end")
        assert "Issued tokens usually work for up to one more hour" in words(result)
        assert buttons(result) == ["restore_partner", *offered]
    [result] = await told(stage, "requester", "blocked at the end")
    await stage.do("click", user="requester", action_id="restore_partner", channel="@requester", ts=result["ts"])
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    values = {
        "restores": {"restores": first_option(view, "restores")},
        "justification": {"justification": "The bridge is not finished"},
        "sponsor": {"sponsor": "requester"},
        "duration": {"duration": "180"},
    }
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values)
    assert answer["errors"] == {}, answer
    await stage.rest()
    card = await stage.card()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert not await is_blocked(stage)


def first_option(view: dict[str, Any], name: str) -> str:
    """Return the first value that a select of a window offers."""
    [block] = [block for block in view["blocks"] if block.get("block_id") == name]
    element = block.get("element") or block["accessory"]
    options = element.get("options") or element["option_groups"][0]["options"]
    return str(options[0]["value"])


async def test_a_clock_that_jumps_over_the_end_asks_and_an_admin_blocks_now(stage: Stage) -> None:
    await opened(stage)
    await stage.later(PERIOD + DAY)
    assert not await is_blocked(stage)
    [asked] = await told(stage, "admin", "ended, not blocked yet")
    assert "no notice was delivered in time" in words(asked)
    assert buttons(asked) == ["request_again", "revoke_partner"]
    [mine] = await told(stage, "requester", "ended, not blocked yet")
    assert buttons(mine) == ["request_again", "close_early"]
    await stage.do("click", user="admin", action_id="request_again", channel="@admin", ts=asked["ts"])
    await stage.rest()
    assert "Trusted partner" in words((await stage.see("views", user="admin"))["views"][-1]), "the same access"
    await stage.later(30 * DAY)
    assert not await is_blocked(stage), "the bot has not run for three days since the question"
    assert len(await told(stage, "admin", "ended, not blocked yet")) == 1
    await stage.do("click", user="admin", action_id="revoke_partner", channel="@admin", ts=asked["ts"])
    await stage.rest()
    view = (await stage.see("views", user="admin"))["views"][-1]
    await stage.do(
        "submit",
        user="admin",
        view_id=view["id"],
        values={"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}},
    )
    await stage.rest()
    assert await is_blocked(stage)


async def test_a_notice_that_cannot_be_delivered_is_none_and_extending_keeps_the_access(stage: Stage) -> None:
    await opened(stage)
    await stage.do(
        "faults", target="slack", method="conversations.open", times=100, body={"ok": False, "error": "user_disabled"}
    )
    await stage.later(PERIOD - 3 * DAY + 60)
    assert await told(stage, "requester", "ends soon") == []
    assert await told(stage, "admin", "ends soon") == []
    await stage.call("DELETE", "faults")
    await stage.later(3 * DAY)
    assert not await is_blocked(stage)
    [asked] = await told(stage, "requester", "ended, not blocked yet")
    await stage.do("click", user="requester", action_id="request_again", channel="@requester", ts=asked["ts"])
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    assert "contoso.com" in words(view)
    answer = await stage.fill_in(view_id=view["id"])
    assert answer["errors"] == {}, answer
    await stage.rest()
    card = await stage.card()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert not await is_blocked(stage)
    shown = await stage.do("command", user="requester", text="/partner show contoso.com")
    assert shown


async def test_extend_on_a_delivered_notice_moves_the_end(stage: Stage) -> None:
    """The form is filled in. Approved by the usual chain, the access outlives its old end, with new notices."""
    await opened(stage)
    await stage.later(PERIOD - 30 * DAY + 60)
    [notice] = await told(stage, "requester", "ends soon")
    await stage.do("click", user="requester", action_id="request_again", channel="@requester", ts=notice["ts"])
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    filled = view["state"]["values"]
    assert filled["target"]["target"]["value"] == "contoso.com"
    assert filled["template"]["template"]["selected_option"]["value"] == "trusted-partner"
    answer = await stage.fill_in(view_id=view["id"], duration="365")
    assert answer["errors"] == {}, answer
    await stage.rest()
    card = await stage.card()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert "active (verified" in (await stage.card())["text"]
    status, out, err = await gatehouse(stage, "export", "--format", "json")
    assert status == 0, err
    (record,) = json.loads(out)["partners"]
    now = datetime.fromisoformat((await stage.see("clock"))["now"])
    left = datetime.fromisoformat(record["access_ends_at"]) - now
    assert timedelta(days=364) < left < timedelta(days=366), left
    await stage.later(31 * DAY)
    assert not await is_blocked(stage), "the old end has passed"
    assert await told(stage, "requester", "ended, not blocked yet") == []
    assert len(await told(stage, "requester", "ends soon")) == 1
    await stage.later((365 - 30 - 31) * DAY + DAY)
    assert len(await told(stage, "requester", "ends soon")) == 2, "of the new end"
