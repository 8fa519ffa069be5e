"""The check of roles finds soon that somebody has left, and reads few people for that."""

from dataclasses import replace
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import TEAM_ID
from bot.sandbox.server import Sandbox
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.reads import ReadListeners
from tests.bot.slack.people.test_directory import (
    ROLES,
    SECURITY,
    FakeTenant,
    asked,
    chat,
    person,
    tenant,
    user_info,
)
from tests.workflows.core.builders import DATA_OWNER, approval, particulars, prepared, request
from workflows.app.schedule.role_check import role_shortages
from workflows.core.requests.request import RequestState
from workflows.intervals import NAMES_SHOWN_FOR, ROLE_MEMBERS_KNOWN_FOR
from workflows.ports.people_directory import PeopleDirectoryRefused

__all__ = ["tenant"]

_SECONDS = int(ROLE_MEMBERS_KNOWN_FOR.total_seconds())
REQUESTER, SPONSOR = person("requester"), person("admin")
WAITING = request(
    RequestState.AWAITING_APPROVAL,
    fields=replace(particulars(), requester=REQUESTER.chat_id, sponsor=SPONSOR.chat_id),
    prepared=prepared(requester=REQUESTER, sponsor=SPONSOR),
)


@pytest.fixture
def shown(world: Sandbox, tenant: FakeTenant) -> DisplayDirectory:
    """A directory for display, as the scheduled checks have it: everything counts with the same clock."""
    assert world.slack_simulator is not None
    directory = SlackDirectory(
        client=AsyncWebClient(
            token=world.slack_simulator.credentials.bot_token, base_url=f"{world.url}slack/api/", retry_handlers=[]
        ),
        tenant=tenant,  # type: ignore[arg-type]
        team_id=TEAM_ID,
        roles=ROLES,
        listeners=ReadListeners(now=lambda: world.clock.now().timestamp()),
    )
    return DisplayDirectory(directory, world.clock)


async def test_that_the_only_approver_has_left_is_found_within_ten_minutes(
    shown: DisplayDirectory, world: Sandbox
) -> None:
    assert await role_shortages(WAITING, shown) == ()
    user_info(world, deleted=True)
    world.clock.advance(_SECONDS + 1)
    (shortage, *_) = await role_shortages(WAITING, shown)
    assert (shortage.role, shortage.people, shortage.needed) == (SECURITY, 0, 1)
    assert _SECONDS <= 600
    world.clock.advance(31)
    assert await shown.holders(SECURITY) == frozenset(), "what was read is shown, too"


async def test_three_hours_of_checks_read_only_as_many_people_as_are_needed(
    shown: DisplayDirectory, world: Sandbox
) -> None:
    """One person for the stage that decides now. The two of the later stage are known for four hours."""
    await role_shortages(WAITING, shown)
    needed, before = 1, asked(world, "users.info")
    for _ in range(180):
        world.clock.advance(60)
        assert await role_shortages(WAITING, shown) == ()
    assert asked(world, "users.info") - before <= needed * 18


async def test_that_approvers_of_a_later_stage_have_left_is_found_when_it_opens(
    shown: DisplayDirectory, world: Sandbox
) -> None:
    assert await role_shortages(WAITING, shown) == ()
    user_info(world, "approver2", deleted=True)
    world.clock.advance(_SECONDS - 1)
    assert await role_shortages(WAITING, shown) == (), "nobody is asked there yet"
    world.clock.advance(2)
    now_open = replace(WAITING, decisions=(approval(person("approver1"), 0, digest=WAITING.plan.digest),))
    (shortage,) = await role_shortages(now_open, shown)
    assert (shortage.role, shortage.people, shortage.needed) == (DATA_OWNER, 0, 2)


async def test_that_approvers_of_a_later_stage_have_left_is_found_within_four_hours(
    shown: DisplayDirectory, world: Sandbox
) -> None:
    assert await role_shortages(WAITING, shown) == ()
    user_info(world, "approver2", deleted=True)
    world.clock.advance(int(NAMES_SHOWN_FOR.total_seconds()) + 1)
    assert DATA_OWNER in {one.role for one in await role_shortages(WAITING, shown)}
    assert timedelta(hours=4) >= NAMES_SHOWN_FOR


async def test_whoever_clicked_lately_is_not_read_again(shown: DisplayDirectory, world: Sandbox) -> None:
    await role_shortages(WAITING, shown)
    world.clock.advance(_SECONDS + 1)
    await shown.for_one_check().identify(chat("approver1"))
    before = asked(world, "users.info")
    assert await shown.find_active({chat("approver1")}, enough=1, within=ROLE_MEMBERS_KNOWN_FOR)
    assert asked(world, "users.info") == before


async def test_that_slack_refuses_to_say_is_no_shortage(shown: DisplayDirectory, world: Sandbox) -> None:
    await role_shortages(WAITING, shown)
    world.clock.advance(_SECONDS + 1)
    answer = {"ok": False, "error": "deprecated_endpoint"}
    world.faults.add(Fault(target="slack", method="users.info", times=1000, status=200, body=answer))
    with pytest.raises(PeopleDirectoryRefused):
        await role_shortages(WAITING, shown)
