"""Members of groups that were read before refuse nobody, and revoke nothing."""

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.workflows.core.builders import AMARA, DANA, MALLORY, RILEY, SAM, SECURITY
from tests.workflows.fakes import FakeDirectory
from tests.workflows.world import World
from workflows.app.approvers.possible_chain import require_chain
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.people import AUDITOR, PersonId, Role
from workflows.core.policy.template import Stage
from workflows.ports.people_directory import PeopleDirectoryUnavailable


@dataclass(slots=True)
class KnownGroups:
    """The members of groups that every check knows from before, and how often one has read them anew."""

    roles: dict[PersonId, frozenset[Role]] = field(default_factory=dict)
    read: int = 0
    error: Exception | None = None


@pytest.fixture
def known(world: World, monkeypatch: pytest.MonkeyPatch) -> KnownGroups:
    """Let each check begin with the roles as they are now, as `OneCheckReads` may for a minute."""
    groups = KnownGroups(roles=dict(world.directory.roles))

    def for_one_check(directory: FakeDirectory, began_ago: timedelta = timedelta(0)) -> FakeDirectory:
        one = copy(directory)
        one.roles = dict(groups.roles)
        return one

    def read_groups_again(directory: FakeDirectory) -> bool:
        if directory is world.directory or directory.roles is world.directory.roles:
            return False
        groups.read += 1
        directory.roles = world.directory.roles
        if groups.error is not None:
            directory.script.fail("directory.current_roles", groups.error)
            groups.error = None
        return True

    monkeypatch.setattr(FakeDirectory, "for_one_check", for_one_check)
    monkeypatch.setattr(FakeDirectory, "read_groups_again", read_groups_again)
    return groups


@pytest.mark.threats("C3")
async def test_a_new_approver_is_not_refused(world: World, known: KnownGroups) -> None:
    request = await world.waiting()
    world.directory.assign(MALLORY, "security")
    await world.approve(request, MALLORY)
    assert [one.person for one in (await world.request(request.id)).decisions] == [MALLORY]
    assert (await world.refusals(), known.read) == ([], 1)


async def test_whoever_has_the_role_costs_no_read(world: World, known: KnownGroups) -> None:
    await world.approve(await world.waiting(), AMARA)
    assert (await world.refusals(), known.read) == ([], 0)


async def test_a_refusal_reads_the_groups_once(world: World, known: KnownGroups) -> None:
    await world.approve(await world.waiting(), MALLORY)
    assert (await world.refusals(), known.read) == ([(MALLORY.chat_id, "not_an_approver")], 1)


async def test_that_a_role_is_empty_is_said_with_new_groups(world: World, known: KnownGroups) -> None:
    """Somebody else was just added: the role has people, and only who clicked is refused."""
    request = await world.waiting()
    known.roles[AMARA.id] = frozenset()
    await world.approve(request, MALLORY)
    assert (await world.refusals(), known.read) == ([(MALLORY.chat_id, "not_an_approver")], 1)


async def test_a_refusal_for_another_reason_reads_no_groups(world: World, known: KnownGroups) -> None:
    await world.approve(await world.waiting(), RILEY)
    assert (await world.refusals(), known.read) == ([(RILEY.chat_id, "own_request")], 0)


async def test_without_an_answer_nobody_is_refused(world: World, known: KnownGroups) -> None:
    request = await world.waiting()
    world.directory.assign(MALLORY, "security")
    known.error = PeopleDirectoryUnavailable("Slack does not answer.")
    await world.approve(request, MALLORY)
    assert await world.refusals() == []
    world.clock.advance(minutes=2)
    await world.settle()
    assert [one.person for one in (await world.request(request.id)).decisions] == [MALLORY]


async def test_a_new_admin_revokes_and_a_former_one_does_not(world: World, known: KnownGroups) -> None:
    await world.opened()
    world.directory.assign(DANA, "")
    world.directory.assign(MALLORY, "admin")
    await world.revoke(DANA)
    assert (await world.refusals(), known.read) == ([(DANA.chat_id, "not_an_admin")], 1)
    await world.revoke(MALLORY)
    assert (len(await world.refusals()), known.read) == (1, 2)


async def test_a_new_auditor_searches(world: World, known: KnownGroups) -> None:
    auditors = AuditLogPermission(directory=world.directory)
    with pytest.raises(Refused):
        await auditors.require(MALLORY.chat_id)
    assert known.read == 1
    world.directory.assign(MALLORY, "auditor")
    assert await auditors.require(MALLORY.chat_id) == MALLORY
    known.roles[MALLORY.id] = frozenset({AUDITOR})
    assert await auditors.require(MALLORY.chat_id) == MALLORY
    assert known.read == 2


@pytest.mark.threats("C7")
async def test_a_chain_without_people_is_refused_with_new_groups(world: World, known: KnownGroups) -> None:
    stages = (Stage(title="Security", role=SECURITY, quorum=1),)
    known.roles[AMARA.id] = frozenset()
    check = world.directory.for_one_check()
    await require_chain(check, stages, {RILEY.chat_id, SAM.chat_id}, relations=None)
    assert known.read == 1
    world.directory.assign(AMARA, "")
    with pytest.raises(InvalidField):
        await require_chain(world.directory.for_one_check(), stages, {RILEY.chat_id, SAM.chat_id}, relations=None)
    assert known.read == 2
