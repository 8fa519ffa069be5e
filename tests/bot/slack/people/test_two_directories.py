"""Two bots, each with what it has read itself: what one knows makes nobody an approver for the other."""

from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.seed import TEAM_ID
from bot.sandbox.server import Sandbox
from bot.slack.people.directory import SlackDirectory
from tests.bot.slack.people.test_directory import ROLES, SECURITY, FakeTenant, asked, chat, person, tenant, user_info
from tests.bot.slack.people.test_one_check import put_in_groups
from workflows.core.errors.raised import Refused

__all__ = ["tenant"]


@pytest.fixture
def bots(world: Sandbox, tenant: FakeTenant) -> list[SlackDirectory]:
    """What two bots know of one workspace."""
    assert world.slack_simulator is not None
    token, url = world.slack_simulator.credentials.bot_token, f"{world.url}slack/api/"
    clients = [AsyncWebClient(token=token, base_url=url, retry_handlers=[]) for _ in range(2)]
    return [
        SlackDirectory(client=client, tenant=tenant, team_id=TEAM_ID, roles=ROLES)  # type: ignore[arg-type]
        for client in clients
    ]


async def may_decide(bot: SlackDirectory) -> bool:
    """Whether a click of the first approver would count now, if this bot checked it."""
    return (await bot.for_one_check().current_roles([person("approver1")])).holds(person("approver1").id, SECURITY)


async def test_a_role_that_was_removed_is_read_again_by_each_bot_before_a_decision_counts(
    bots: list[SlackDirectory], world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The members that one bot read a minute ago decide nothing, also when the other one has read them since."""
    first, second = bots
    assert await may_decide(first)
    put_in_groups(world, partner_security="approver2")
    assert not await may_decide(second), "it has not read them before"
    monkeypatch.setattr("bot.slack.people.reads.GROUPS_DECIDE_FOR", timedelta(0))  # a minute later
    before = asked(world, "usergroups.list")
    assert not await may_decide(first)
    assert not await may_decide(second)
    assert asked(world, "usergroups.list") == before + 2, "each has read them itself"


async def test_an_account_that_was_closed_decides_nothing_at_once_in_either_bot(
    bots: list[SlackDirectory], world: Sandbox, tenant: FakeTenant
) -> None:
    """Both have just read that it was open, for a check and to show it."""
    for bot in bots:
        assert await may_decide(bot)
        await bot.for_one_check().identify(chat("approver1"))
    user_info(world, deleted=True)
    tenant.change("approver1", is_enabled=False)
    for bot in bots:
        assert not await may_decide(bot)
        with pytest.raises(Refused):
            await bot.for_one_check().identify(chat("approver1"))
