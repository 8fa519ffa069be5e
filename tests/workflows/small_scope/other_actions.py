"""What people do besides deciding: questions, changes, support, reassigning; and a stage that waits long."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.workflows.core.builders import REQUEST
from tests.workflows.small_scope.actions import Broken, approved, given
from tests.workflows.small_scope.world import Action, Outcome, World
from workflows.core.people import ADMIN, Person
from workflows.core.requests.commands.editing import RequestChanges
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import Answer, Approve, Ask, SupportRequest
from workflows.core.requests.deadlines.commands import Escalate
from workflows.core.requests.request import RequestState

LONGEST_STOP: Final = timedelta(days=9)
"""More than five working days with two weekends: no question gives more time than that."""


def approve_for_somebody(world: World) -> Iterator[Outcome]:
    """Everybody approves in place of everybody else. It counts as the approval of who clicked, and once."""
    if world.request.prepared is None:
        return
    for person in world.scope.people:
        for absent in world.scope.people:
            if absent.id != person.id:
                digest = world.request.plan.digest
                command = Approve(actor=person, request_id=REQUEST, digest=digest, on_behalf_of=absent)
                yield f"{person.name} approves for {absent.name}", approved(world, person, digest, command)


def ask(world: World) -> Iterator[Outcome]:
    """Everybody asks the requester one question."""
    if world.request.remarks:
        return
    for person in world.scope.people:
        command = Ask(actor=person, request_id=REQUEST, text="Why?", asked=(world.scope.requester,))
        yield f"{person.name} asks", _longer(given(world, command), person, "question")


def answer(world: World) -> Iterator[Outcome]:
    """Everybody answers the first question."""
    if len(world.request.remarks) != 1:
        return
    for person in world.scope.people:
        command = Answer(actor=person, request_id=REQUEST, question=world.request.remarks[0].id, text="So.")
        after = given(world, command)
        if after is not None and person.id != world.scope.requester.id:
            raise Broken(f"{person.name} was not asked, and the answer was accepted")
        yield f"{person.name} answers", after


def request_changes(world: World) -> Iterator[Outcome]:
    """Everybody asks for changes."""
    if world.request.prepared is None or world.request.remarks:
        return
    for person in world.scope.people:
        command = RequestChanges(actor=person, request_id=REQUEST, digest=world.request.plan.digest, text="Less.")
        yield f"{person.name} requests changes", _longer(given(world, command), person, "request for changes")


def _longer(after: World | None, person: Person, what: str) -> World | None:
    if after is None:
        return None
    if person.id in after.ledger.barred:
        raise Broken(f"{person.name} may never decide, and the {what} was accepted")
    return replace(after, ledger=replace(after.ledger, stopped=LONGEST_STOP))


def support(world: World) -> Iterator[Outcome]:
    """Everybody supports the request, at most one of them."""
    if world.request.supports:
        return
    for person in world.scope.people:
        after = given(world, SupportRequest(actor=person, request_id=REQUEST))
        yield (
            f"{person.name} supports",
            None if after is None else replace(after, ledger=after.ledger.with_barred(person.id)),
        )


def reassign(world: World) -> Iterator[Outcome]:
    """Everybody reassigns an approval from everybody to everybody, once."""
    if world.request.reassignments or world.request.prepared is None:
        return
    people = world.scope.people
    asked, others = people[1:], people[1:]  # the requester holds every role, and is never asked
    for actor, one, other in ((a, b, c) for a in people for b in asked for c in others if b.id != c.id):
        command = Reassign(
            actor=actor,
            request_id=REQUEST,
            digest=world.request.plan.digest,
            from_person=one,
            to_person=other,
            reason="On leave",
        )
        after = given(world, command)
        if after is not None:
            if ADMIN not in world.roles[actor.id]:
                raise Broken(f"{actor.name} is no admin, and the reassignment was accepted")
            if after.request.require_prepared().stages != world.request.require_prepared().stages:
                raise Broken("a reassignment changed the chain")
            after = replace(after, ledger=after.ledger.with_barred(actor.id))
        yield f"{actor.name} reassigns from {one.name} to {other.name}", after


def escalate(world: World) -> Iterator[Outcome]:
    """The check for stages that wait long finds this one."""
    after = given(world, Escalate())
    if after is not None:
        opened = frozenset(after.request.escalated)
        if world.request.state is not RequestState.AWAITING_APPROVAL:
            raise Broken("a stage of a request that does not wait was escalated")
        after = replace(after, ledger=replace(after.ledger, opened_to_alternates=opened))
    yield "escalate", after


OTHER_ACTIONS: Final[tuple[Action, ...]] = (
    approve_for_somebody,
    ask,
    answer,
    request_changes,
    support,
    reassign,
    escalate,
)
