"""What people and time can do in a world. Each action yields what it tried and the world after it.

An accepted command is written into the ledger, and what must never happen is asserted at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests.workflows.core.builders import REQUEST, noted
from tests.workflows.small_scope.world import TIMES, Action, Outcome, World
from workflows.core.errors.raised import Refused
from workflows.core.people import Person
from workflows.core.requests.commands.automatic import Expire, RecordPrepared, RecordWriting, Reopen
from workflows.core.requests.commands.request import Approve, Edit, Reject
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import RequestState
from workflows.core.settings.canonical import Digest


class Broken(AssertionError):
    """A rule was broken. The text names the rule, and the path is added by the search."""


def given(world: World, command: Any) -> World | None:
    """Return the world after a command; None when it was refused. What was refused changed nothing."""
    try:
        request = advance(world.request, command, world.situation).request
    except Refused:
        return None
    return replace(world, request=request, last=command)


def approve(world: World) -> Iterator[Outcome]:
    """Everybody clicks Approve on every card that they may still see."""
    for person in world.scope.people:
        for digest in world.shown:
            command = Approve(actor=person, request_id=REQUEST, digest=Digest(digest))
            yield f"{person.name} approves {digest[:4]}", approved(world, person, digest, command)


def approved(world: World, person: Person, digest: str, command: Approve[Person]) -> World | None:
    """Return the world after an approval, which is written into the ledger; None when it was refused."""
    after = given(world, command)
    if after is None:
        return None
    if world.request.state is not RequestState.AWAITING_APPROVAL:
        raise Broken("an approval was accepted of a request that does not wait for approvals")
    if person.id in world.ledger.barred:
        raise Broken(f"{person.name} may never decide, and the approval was accepted")
    if digest != world.request.plan.digest:
        raise Broken("an approval of an earlier plan was accepted")
    if world.now >= world.ledger.deadline:
        raise Broken("an approval after the deadline was accepted")
    adds = len(after.request.decisions) > len(world.request.decisions)
    ledger = world.ledger.approved(person.id, digest, world.now) if adds else world.ledger
    if adds and ledger == world.ledger:
        raise Broken(f"{person.name} approved twice in one round")
    return checked(replace(after, ledger=ledger))


def checked(world: World) -> World:
    """Check a world in which the plan may be written next."""
    if world.request.state is RequestState.APPLYING:
        stages, digest = world.request.require_prepared().stages, world.request.plan.digest
        if not world.ledger.is_whole(stages, digest, world.roles):
            raise Broken("the plan counts as approved without its whole chain")
    return world


def reject(world: World) -> Iterator[Outcome]:
    """Everybody rejects the newest plan."""
    if world.request.prepared is None:
        return
    for person in world.scope.people:
        command = Reject(actor=person, request_id=REQUEST, digest=world.request.plan.digest, reason="Too wide")
        after = given(world, command)
        if after is not None and person.id in world.ledger.barred:
            raise Broken(f"{person.name} may never decide, and the rejection was accepted")
        yield f"{person.name} rejects", after


def edit(world: World) -> Iterator[Outcome]:
    """Everybody tries to edit the request; its plan is made again at once."""
    if world.request.prepared is None or len(world.request.edits) >= world.scope.most_edits:
        return
    for person in world.scope.people:
        fields = replace(world.request.fields, justification=f"Edit {len(world.request.edits) + 1}")
        command = Edit(
            actor=person,
            request_id=REQUEST,
            digest=world.request.plan.digest,
            new_fields=fields,
            observation=world.request.require_prepared().observation,
            lifetime=world.scope.lifetime,
        )
        after = given(world, command)
        if after is not None:
            if person.id != world.scope.requester.id:
                raise Broken(f"{person.name} did not ask for it, and the edit was accepted")
            ledger = world.ledger.edited(person.id, world.now + world.scope.lifetime)
            after = planned(replace(after, ledger=ledger))
        yield f"{person.name} edits", after


def planned(world: World) -> World:
    """Prepare the request: the plan follows from what is asked for."""
    plan = world.scope.plan_of(world.request.fields, len(world.request.edits))
    after = given(world, RecordPrepared(prepared=plan))
    if after is None:
        raise Broken("a plan of the newest edition was refused")
    digest = plan.plan.digest
    return replace(after, shown=(*(shown for shown in world.shown if shown != digest), digest))


def change_roles(world: World) -> Iterator[Outcome]:
    """Somebody leaves every group, or comes back."""
    for person in world.scope.people:
        usual, now = world.scope.roles[person.id], world.roles[person.id]
        changed = frozenset() if now else usual
        if changed != now:
            roles = {**world.roles, person.id: changed}
            yield f"{person.name} {'leaves' if now else 'comes back'}", replace(world, roles=roles)


def pass_time(world: World) -> Iterator[Outcome]:
    """Time passes, up to the next of the four times, and what is due by then is done."""
    if world.time + 1 < len(TIMES):
        yield "time passes", replace(world, time=world.time + 1)


def expire(world: World) -> Iterator[Outcome]:
    """The check for requests that expired finds this one."""
    after = given(world, Expire())
    if after is None and world.request.state is RequestState.AWAITING_APPROVAL and world.now >= TIMES[-1]:
        raise Broken("a request waits after every deadline")
    yield "expire", after


def write(world: World) -> Iterator[Outcome]:
    """The plan is about to be written: the approvals are counted again with the roles of now."""
    if world.request.state is not RequestState.APPLYING or world.request.writing_since is not None:
        return
    verdict = world.request.verdict(world.situation.current_roles)
    if not verdict.is_complete:
        opened = given(world, Reopen(reason=noted("An approver left.")))
        yield "reopen", None if opened is None else replace(opened, ledger=world.ledger.reopened(world.roles))
        return
    after = given(world, RecordWriting())
    if after is not None:
        stages, digest = world.request.require_prepared().stages, world.request.plan.digest
        if not world.ledger.is_whole(stages, digest, world.roles):
            raise Broken("the plan is written without its whole chain")
    yield "write", after


def replay(world: World) -> Iterator[Outcome]:
    """The last command arrives once more, as it does when an answer was lost."""
    if world.last is None:
        return
    after = given(world, world.last)
    if (
        after is not None
        and isinstance(world.last, Approve)
        and len(after.request.decisions) > len(world.request.decisions)
    ):
        raise Broken("an approval that arrived twice counted twice")
    if after is not None and after.request.state is RequestState.PREPARING:
        raise Broken("an edit that arrived twice was done twice")
    if after is not None and world.request.state is not RequestState.APPLYING:
        after = checked(after)
    yield "replay", after


ACTIONS: Final[tuple[Action, ...]] = (approve, reject, edit, change_roles, pass_time, expire, write, replay)
