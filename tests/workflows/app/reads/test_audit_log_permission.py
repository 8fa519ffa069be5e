"""Auditors search all requests and read them. Everything else is refused to them as to everybody."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.app.reads.test_app_home import home_of
from tests.workflows.core.builders import AMARA, DANA, MALLORY, RILEY, TENANT
from tests.workflows.world import World
from workflows.app.reads.app_home import AppHome, HomePosition, read_home
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.app.reads.found_requests import Today, find_requests, read_today
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import SettingsBasis
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.request import Reject, Withdraw
from workflows.core.requests.request import RequestKind, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import START, RequestFilter
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.records import Commit
from workflows.ports.tenant import TenantRefused, TenantUnavailable

UNREADABLE = [
    PeopleDirectoryUnavailable("Slack does not answer."),
    TenantUnavailable("Graph does not answer."),
    TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges"),
]


@pytest.fixture(autouse=True)
def one_auditor(world: World) -> None:
    """Mallory is an auditor and nothing else."""
    world.directory.assign(MALLORY, "auditor")


async def refused(world: World, person: Person) -> RefusalCode:
    with pytest.raises(Refused) as error:
        await AuditLogPermission(directory=world.directory).require(person.chat_id)
    return error.value.code


async def searching(world: World, person: Person, wanted: RequestFilter, known: bool = True) -> AppHome:
    """The App Home of somebody whose stored place has a search."""
    return await read_home(
        person.chat_id,
        identified_person=person if known else None,
        position=HomePosition(request_filter=wanted),
        store=world.store,
        directory=world.directory,
        now=world.clock.now(),
    )


async def test_only_an_auditor_may_search(world: World) -> None:
    assert await AuditLogPermission(directory=world.directory).require(MALLORY.chat_id) == MALLORY
    for someone in (DANA, AMARA, RILEY):
        assert await refused(world, someone) == RefusalCode.NOT_AN_AUDITOR
    world.directory.refusals[MALLORY.chat_id] = Refused(RefusalCode.ACCOUNT_NOT_A_MEMBER)
    assert await refused(world, MALLORY) == RefusalCode.ACCOUNT_NOT_A_MEMBER, "the account is disabled"


async def test_without_the_role_nobody_is_an_auditor(world: World) -> None:
    world.directory.assign(MALLORY, "")
    assert await refused(world, MALLORY) == RefusalCode.NOT_AN_AUDITOR
    assert (await home_of(world, MALLORY, "contoso")).is_auditor is False


@pytest.mark.parametrize("method", ["directory.identify", "directory.current_roles"])
@pytest.mark.parametrize("error", UNREADABLE, ids=lambda one: type(one).__name__)
async def test_what_cannot_be_read_is_no_permission(world: World, method: str, error: Exception) -> None:
    world.script.fail(method, error)
    assert await refused(world, MALLORY) == RefusalCode.AUDITOR_UNKNOWN


async def test_the_right_to_read_gives_no_right_to_decide(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, MALLORY)
    reject = Reject(actor=MALLORY.chat_id, request_id=request.id, digest=request.plan.digest, reason="No")
    await world.click(reject)
    await world.click(Withdraw(actor=MALLORY.chat_id, request_id=request.id))
    unchanged = await world.request(request.id)
    assert (unchanged.state, unchanged.decisions) == (RequestState.AWAITING_APPROVAL, ())
    await world.revoke(MALLORY)
    assert [code for actor, code in await world.refusals() if actor == MALLORY.chat_id] == [
        "not_an_approver",
        "not_an_approver",
        "not_the_requester",
        "not_an_admin",
    ]
    assert world.tenant.writes == []


async def test_an_auditor_asks_in_their_own_name_and_keeps_no_partner(world: World) -> None:
    mine = await world.waiting(requester=MALLORY)
    assert mine.fields.requester == MALLORY.chat_id, "like every member"
    assert mine.require_prepared().requester == MALLORY
    await world.click(Withdraw(actor=MALLORY.chat_id, request_id=mine.id))
    await world.opened()
    await world.review()
    await world.keep(MALLORY)
    assert (await world.refusals())[-1] == (MALLORY.chat_id, "not_the_sponsor")


async def test_an_auditor_finds_partners_and_requests_of_everybody(world: World) -> None:
    request = await world.opened()
    found = await home_of(world, MALLORY, "contoso")
    assert ([one.id for one in found.found_requests.page.items], found.partners.count) == ([request.id], 1)
    assert (found.is_auditor, found.is_admin, found.overdue.count, found.alarms.count) == (True, False, 0, 0)
    assert [one.id for one in (await home_of(world, MALLORY, request.id[:6].lower())).found_requests.page.items] == [
        request.id
    ]
    for someone in (DANA, AMARA, RILEY):
        other = await home_of(world, someone, "contoso")
        assert (other.is_auditor, other.found_requests.page.count) == (False, 0), someone.name
    assert (await home_of(world, MALLORY)).found_requests.page.count == 0, "nothing is listed before a search"


async def test_a_search_replaces_the_other_lists_for_auditors_only(world: World) -> None:
    request = await world.opened()
    wanted = RequestFilter(requester="riley")
    found = await searching(world, MALLORY, wanted)
    assert (found.request_filter, [one.id for one in found.found_requests.page.items]) == (wanted, [request.id])
    other = await searching(world, RILEY, wanted)
    assert (other.request_filter, other.found_requests.page.count, other.mine.count) == (None, 0, 1), (
        "a stored place gives no right"
    )


@pytest.mark.parametrize("by_text", [True, False], ids=["text", "form"])
async def test_a_search_reads_the_right_again(world: World, by_text: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The members that are kept for display still have somebody who has just lost the role."""

    async def kept(*_: object) -> frozenset[ChatId]:
        return frozenset({MALLORY.chat_id})

    async def shown() -> AppHome:
        return await (home_of(world, MALLORY, "contoso") if by_text else searching(world, MALLORY, RequestFilter()))

    await world.opened()
    monkeypatch.setattr(type(world.directory), "holders", kept)
    assert ((await shown()).is_auditor, (await shown()).found_requests.page.count) == (True, 1)
    world.script.fail("directory.current_roles", TenantUnavailable("Graph does not answer."))
    unknown = await shown()
    assert (unknown.is_auditor, unknown.found_requests.page.count) == (None, 0)
    world.directory.assign(MALLORY, "")
    lost = await shown()
    assert (lost.is_auditor, lost.found_requests.page.count) == (False, 0)


async def test_a_home_says_when_the_right_cannot_be_read(world: World) -> None:
    await world.opened()
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."))
    unknown = await searching(world, MALLORY, RequestFilter(), known=False)
    assert (unknown.is_auditor, unknown.found_requests.page.count) == (None, 0)
    world.directory.refusals[MALLORY.chat_id] = Refused(RefusalCode.ACCOUNT_NOT_A_MEMBER)
    assert (await searching(world, MALLORY, RequestFilter(), known=False)).is_auditor is False


@pytest.mark.parametrize("error", [*UNREADABLE, PeopleDirectoryRefused("usergroups.list", "missing_scope")])
async def test_a_home_without_the_members_of_the_role_is_shown_without_the_search(
    world: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An admin needs the Home to revoke, also while nobody can tell who is an auditor."""
    read = type(world.directory).holders

    async def holders(directory: Any, role: str) -> Any:
        if role == "auditor":
            raise error
        return await read(directory, role)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.directory), "holders", holders)
    shown = await home_of(world, DANA)
    assert (shown.is_admin, shown.is_auditor) == (True, None)


@pytest.mark.parametrize(
    ("state", "part", "basis"),
    [(RequestState.FAILED, 1, SettingsBasis.PARTLY_APPLIED), (RequestState.OVERWRITTEN, 0, SettingsBasis.OVERWRITTEN)],
)
async def test_what_was_not_applied_as_approved_is_revoked_later_too(
    world: World, state: RequestState, part: int, basis: SettingsBasis
) -> None:
    """Until then it has no access period: its end in the record is the moment when that was found."""
    opened = await world.opened()
    request = replace(opened, state=state, applied_part=part, confirmed_at=None)
    record = await world.store.partnership(TENANT)
    assert record is not None
    now = world.clock.now()
    entry = AuditEntry(key=world.key(), at=now, actor="test", command="put", outcome="accepted", details={})
    found = replace(record, version=record.version + 1, basis=basis, ends_at=now)
    assert await world.store.commit(Commit(entry=entry, partnership=found))
    assert await read_today(request, store=world.store, now=now) == Today()
    await world.revoke(DANA)
    closing = (await read_today(request, store=world.store, now=world.clock.now())).successor
    assert closing is not None
    assert closing.fields.kind is RequestKind.REVOCATION
    assert (
        await read_today(replace(request, state=RequestState.FAILED, applied_part=0), store=world.store, now=now)
        == Today()
    )


async def test_each_found_request_has_its_state_of_today(world: World) -> None:
    request = await world.opened()
    now = world.clock.now()
    assert await read_today(request, store=world.store, now=now) == Today()
    world.clock.advance(days=400)
    late = await read_today(request, store=world.store, now=world.clock.now())
    assert (late.successor, late.is_past_its_end) == (None, True)
    await world.revoke(DANA)
    found = await find_requests(RequestFilter(), limit=9, position=START, store=world.store, now=world.clock.now())
    closing, opening = found.page.items
    assert (closing.fields.kind, opening.id) == (RequestKind.REVOCATION, request.id)
    assert found.today == {closing.id: Today(), request.id: Today(successor=closing)}
    assert await read_today(replace(request, state=RequestState.REJECTED), store=world.store, now=now) == Today()
    assert closing.plan.tenant_id == TENANT
