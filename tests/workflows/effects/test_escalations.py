"""A stage that waits too long: alternates get the right to decide, managers and admins a message, nobody two."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, DANA, MALLORY, RILEY, SAM, STAGES, prepared
from tests.workflows.core.builders import request as built
from tests.workflows.world import World
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId, Person, PersonId, Role
from workflows.core.requests.deadlines.commands import Escalate
from workflows.core.requests.effects import MessageCode, SendEscalationMessage
from workflows.core.requests.request import AccessRequest, EscalationStep, StageTimes
from workflows.ports.tenant import Account

ALTERNATES, MANAGERS, ADMINS = EscalationStep


async def escalated(world: World, *, alternates: str = "") -> AccessRequest:
    """A request whose first stage has waited long enough for one step."""
    now = world.clock.now()
    first = replace(STAGES[0], alternates=Role(alternates) if alternates else None, escalate_after=1)
    times = StageTimes(stage=0, asked_at=now, escalations=(now, now + timedelta(days=30), now + timedelta(days=60)))
    made = await world.put(
        built(
            prepared=prepared(stages=(first, *STAGES[1:])),
            stage_times=times,
            expires_at=now + timedelta(days=90),
            created_at=now,
        )
    )
    await world.service.advance(made.id, Escalate())
    return await world.settled(made.id)


def steps(request: AccessRequest) -> list[tuple[EscalationStep, list[str], list[str]]]:
    return [
        (one.step, [person.name for person in one.told], [fact.code for fact in one.skipped])
        for one in request.escalations
    ]


def manages(world: World, manager: Person, **changes: Any) -> None:
    usual = {"id": manager.id, "name": manager.name, "mail": "m@example.com", "is_enabled": True, "is_member": True}
    world.tenant.accounts.append(Account(**{**usual, **changes}))
    world.tenant.manager_of[AMARA.id] = manager.id


async def test_alternates_are_asked_and_recorded(world: World) -> None:
    world.directory.assign(MALLORY, "deputy")
    request = await escalated(world, alternates="deputy")
    assert steps(request) == [(ALTERNATES, [MALLORY.name], [])]
    assert request.escalated == (0,)


async def test_alternates_that_are_nobody_lead_to_the_admins_at_once(world: World) -> None:
    world.directory.assign(RILEY, "deputy")
    request = await escalated(world, alternates="deputy")
    assert steps(request) == [(ALTERNATES, [], ["role_empty"]), (ADMINS, [DANA.name, SAM.name], [])]


async def test_the_manager_of_an_approver_is_told_without_a_right(world: World) -> None:
    manages(world, MALLORY)
    request = await escalated(world)
    assert steps(request) == [(MANAGERS, [MALLORY.name], [])]
    assert request.escalated == ()


@pytest.mark.parametrize(
    ("manager", "changes", "reason"),
    [
        (MALLORY, {"is_enabled": False}, "disabled"),
        (MALLORY, {"is_member": False}, "guest"),
        (RILEY, {}, "excluded"),
        (SAM, {}, "excluded"),
        (
            Person(id=PersonId("id-nobody"), chat_id=ChatId(""), name="Nobody"),
            {},
            "not_in_chat",
        ),
    ],
)
async def test_a_manager_who_cannot_be_told_is_skipped_with_the_reason(
    world: World, manager: Person, changes: dict[str, Any], reason: str
) -> None:
    manages(world, manager, **changes)
    first, second = steps(await escalated(world))
    assert first == (MANAGERS, [], [reason])
    assert (second[0], DANA.name in second[1]) == (ADMINS, True)


async def test_who_would_be_told_in_the_morning_is_not_told_when_it_was_decided_at_night(world: World) -> None:
    manages(world, MALLORY)
    request = await escalated(world)
    assert len(world.notifier.texts_to(MALLORY.chat_id)) == 1
    later = SendEscalationMessage(
        person=MALLORY.chat_id,
        request_id=request.id,
        round=request.round,
        stage=0,
        step=MANAGERS,
        fact=Fact(MessageCode.CLICK_NOT_CHECKED),
        not_before=world.clock.now(),
    )
    for outdated in (replace(later, stage=1), replace(later, round=1)):
        await world.performer.perform(outdated)
    await world.approve(request, AMARA)
    await world.performer.perform(later)
    assert len(world.notifier.texts_to(MALLORY.chat_id)) == 1


async def test_without_a_manager_or_approvers_the_admins_are_told(world: World) -> None:
    assert steps(await escalated(world))[0] == (MANAGERS, [], ["no_manager"])


async def test_where_the_role_is_empty_the_admins_are_told(world: World) -> None:
    world.directory.assign(AMARA, "")
    assert steps(await escalated(world))[0] == (MANAGERS, [], ["role_empty"])
