"""A click is answered by what is stored, whatever happens behind it: an error of ours, or a lock that lasts."""

import asyncio
import sqlite3

import pytest

from bot.slack import ids
from tests.bot.bot_under_test import BotUnderTest, click, eventually
from tests.bot.process.web.test_health import locked
from tests.bot.records_file import file_of
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import AccessRequest
from workflows.effects.permission_check import PermissionCheck
from workflows.store.sqlite.file import BUSY_MILLISECONDS


def approval(request: AccessRequest) -> dict[str, object]:
    """A click on Approve of this request."""
    return click("approver1", ids.APPROVE, f"{request.id}:{request.plan.digest}")


async def names_of_deciders(gatehouse: BotUnderTest, request: AccessRequest) -> list[str]:
    """Return who has decided."""
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    return [one.person.name for one in stored.decisions]


@pytest.mark.threats("G2")
async def test_an_error_behind_a_stored_click_leaves_its_answer_and_is_recorded(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows the click fails each time. Slack has its 200 all the same, and the admins hear of it."""
    request = await gatehouse.file_request()

    async def fail(*_: object) -> None:
        raise RuntimeError("an error of ours")

    monkeypatch.setattr(PermissionCheck, "check_click", fail)
    assert (await gatehouse.interact(approval(request))).status == 200
    assert ("want_approve", "received") in await gatehouse.outcomes("approver1")
    await eventually(lambda: gatehouse.has_alarm(AlarmCode.EFFECT_GIVEN_UP))
    assert ("raise_alarm", "accepted") in await gatehouse.outcomes()


@pytest.mark.threats("G4")
async def test_a_click_while_another_program_locks_the_records_is_answered_in_time_and_not_lost(
    gatehouse: BotUnderTest,
) -> None:
    """The lock lasts for ten seconds. The person is told that nothing was done, clicks again, and it counts once."""
    assert BUSY_MILLISECONDS < 3000, "Slack waits no longer"
    request = await gatehouse.file_request()
    with locked(gatehouse):
        assert (await gatehouse.interact(approval(request))).status == 503
        await asyncio.sleep(10)
        assert not await gatehouse.is_ready()
        other = sqlite3.connect(file_of(gatehouse.settings))
        assert other.execute("select count(*) from audit where command = 'want_approve'").fetchone() == (0,)
        other.close()
    await eventually(gatehouse.is_ready)
    assert (await gatehouse.interact(approval(request))).status == 200
    await gatehouse.idle()
    assert len(await names_of_deciders(gatehouse, request)) == 1
    assert "Gatehouse cannot store anything at the moment" in await gatehouse.told("approver1")
