"""The queue worker: closing goes first, preparations take turns, and each kind of work leaves places for the others."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from tests.workflows.core.builders import RILEY, SAM, TENANT
from tests.workflows.effects.test_queue_worker import Rig, check, make_worker, quiet, rig, running, tell
from tests.workflows.world import QuickStore
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import Apply, CheckPermission, Effect, Prepare, SendMessage
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId

__all__ = ["quiet", "rig"]


def revoke_click(person: Person, number: int = 1) -> CheckPermission:
    """The check of a click that revokes a partner."""
    command = Revoke(actor=person.chat_id, target="contoso.com", reason="Incident")
    return CheckPermission(command=command, key=f"revoke:{person.chat_id}:{number}")


def prepare(person: Person | None, number: int) -> Prepare:
    """The preparation of a request of this person; None: it was stored by an earlier version."""
    return Prepare(request_id=RequestId(f"r-{number}"), asked_by=person.chat_id if person else "")


@dataclass(slots=True)
class Held:
    """A performer whose effects do not end until the gate opens, as while Graph does not answer."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[Effect] = field(default_factory=list)

    async def perform(self, effect: Effect) -> None:
        """Remember the effect, then wait."""
        self.begun.append(effect)
        await self.gate.wait()

    def count(self, kind: type[Effect]) -> int:
        """Count what was begun."""
        return sum(isinstance(one, kind) for one in self.begun)


@pytest.fixture
def held(rig: Rig) -> Held:
    """Let the queue worker perform what never ends."""
    held = Held()
    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=held.perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    return held


@pytest.mark.parametrize("requester", [RILEY, None])
async def test_a_revocation_waits_for_no_preparation(rig: Rig, held: Held, requester: Person | None) -> None:
    """Each of its steps gets a place at once, whatever was filed before or after it, and whatever Graph does."""
    await rig.put(*(prepare(requester, number) for number in range(120)))
    async with running(rig.queue_worker):
        await rig.until(lambda: held.count(Prepare) >= 8)
        await rig.put(*(check(RILEY, number) for number in range(40)), key="clicks")
        opening = (Apply(request_id=RequestId("r"), tenant_id=TenantId(f"t-{number}")) for number in range(40))
        await rig.put(*opening, key="writes")
        await rig.put(*(tell(ChatId(f"U{number}"), str(number)) for number in range(40)), key="messages")
        await rig.until(lambda: len(held.begun) >= 16)
        closing: tuple[Effect, ...] = (
            revoke_click(SAM),
            Prepare(request_id=RequestId("r-close"), asked_by=SAM.chat_id, closes=True),
            Apply(request_id=RequestId("r-close"), tenant_id=TenantId(TENANT), closes=True),
        )
        for number, effect in enumerate(closing):
            await rig.put(effect, prepare(requester, 200 + number), key=f"closing {number}")
            await rig.until(lambda effect=effect: effect in held.begun)  # type: ignore[misc]
        assert len(held.begun) == 16 + len(closing)


async def test_a_revocation_that_was_stored_last_is_begun_first(rig: Rig, held: Held) -> None:
    await rig.put(*(prepare(RILEY, number) for number in range(120)), check(SAM, 1), revoke_click(SAM))
    async with running(rig.queue_worker):
        await rig.until(lambda: len(held.begun) >= 9)
    assert held.begun[0] == revoke_click(SAM)


async def test_preparations_leave_places_for_checks_and_both_leave_places_for_writes(rig: Rig, held: Held) -> None:
    people = [replace(RILEY, chat_id=ChatId(f"U{number}")) for number in range(120)]
    await rig.put(*(prepare(person, number) for number, person in enumerate(people)))
    await rig.put(*(check(person, 1) for person in people), key="clicks")
    async with running(rig.queue_worker):
        await rig.until(lambda: len(held.begun) >= 10)
        await rig.pass_turns()
        assert (held.count(Prepare), held.count(CheckPermission)) == (8, 2)
        await rig.put(Apply(request_id=RequestId("r"), tenant_id=TenantId(TENANT)), key="write")
        await rig.until(lambda: held.count(Apply) == 1)


async def test_requests_of_one_person_do_not_delay_those_of_another(rig: Rig, held: Held) -> None:
    await rig.put(*(prepare(RILEY, number) for number in range(120)), prepare(SAM, 200))
    async with running(rig.queue_worker):
        await rig.until(lambda: len(held.begun) >= 8)
    assert prepare(SAM, 200) in held.begun[:2]


async def test_revocations_that_hang_leave_places_for_everything_else(rig: Rig, held: Held) -> None:
    """So alarms and cards can tell of them. Admins take turns with their revocations, too."""
    await rig.put(*(revoke_click(RILEY, number) for number in range(40)), revoke_click(SAM))
    await rig.put(tell(RILEY.chat_id, "told"), prepare(RILEY, 1), key="others")
    async with running(rig.queue_worker):
        await rig.until(lambda: len(held.begun) >= 14)
        await rig.pass_turns()
        assert held.begun[:2] == [revoke_click(RILEY, 0), revoke_click(SAM)]
        assert (held.count(CheckPermission), held.count(SendMessage), held.count(Prepare)) == (12, 1, 1)


async def test_a_write_that_closes_goes_before_an_earlier_one_to_the_same_partner(rig: Rig, held: Held) -> None:
    """Its revocation has stopped the earlier one, which finds that when its turn comes."""
    opening = Apply(request_id=RequestId("r-1"), tenant_id=TenantId(TENANT))
    await rig.put(opening, replace(opening, request_id=RequestId("r-2"), closes=True))
    held.gate.set()
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 0)
    assert [one.request_id for one in held.begun if isinstance(one, Apply)] == ["r-2", "r-1"]


async def test_a_revocation_that_an_earlier_version_stored_is_begun_at_once(rig: Rig, held: Held) -> None:
    """It was stored with the rank of every other click, behind requests without a person."""
    await rig.put(*(prepare(None, number) for number in range(120)), revoke_click(SAM))
    assert isinstance(rig.store, QuickStore)
    await rig.store._write("update effects set rank = 0")
    async with running(rig.queue_worker):
        await rig.until(lambda: revoke_click(SAM) in held.begun)
        await rig.until(lambda: held.count(Prepare) == 8)
