"""A sponsor without an account: the admins are asked, and the one who keeps the access becomes the sponsor."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import DANA, RILEY, SAM, TENANT, identity, partnership
from tests.workflows.world import World
from workflows.app.alarms import Alarms
from workflows.app.schedule.sponsor_check import check_sponsors
from workflows.app.service import Service
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.partner_record import GoneReason
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable

SAMS = Account(id=SAM.id, name="Sam", mail="sam@woodgrove.com", is_enabled=True, is_member=True)


async def check(world: World, *, hours: float = 1.1) -> None:
    """Let some time pass, look after the sponsors, and let everything follow."""
    world.clock.advance(hours=hours)
    alarms = Alarms(store=world.store, clock=world.clock, wake=lambda: None)
    await check_sponsors(
        store=world.store, tenant=world.tenant, alarms=alarms, service=world.service, clock=world.clock
    )
    await world.settle()


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open and its sponsor is there."""
    world.tenant.accounts = [SAMS]
    await world.opened()
    await check(world)
    return world


async def record(world: World) -> Partnership:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def alarms(world: World) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is AlarmCode.SPONSOR_GONE]


async def test_a_sponsor_who_is_there_changes_nothing(opened: World) -> None:
    assert (await record(opened)).state is PartnershipState.ACTIVE
    assert await alarms(opened) == []


@pytest.mark.parametrize(
    "accounts",
    [[], [replace(SAMS, is_enabled=False)], [replace(SAMS, is_member=False)]],
    ids=["gone", "disabled", "guest"],
)
async def test_the_next_look_starts_a_hand_over(opened: World, accounts: list[Account]) -> None:
    opened.tenant.accounts = accounts
    await check(opened)
    known = await record(opened)
    assert known.state is PartnershipState.REVIEW_DUE
    assert known.sponsor_gone_at == opened.clock.now()
    (alarm,) = await alarms(opened)
    assert (alarm.subject, alarm.values["sponsor"]) == (TENANT, "Sam")
    await opened.reviews.check()
    await opened.settle()
    [asked] = opened.notifier.asked[-1]
    assert (asked.sponsor, asked.asks_admins) == (None, True), "the review is asked now"
    entries = await opened.store.history()
    (entry,) = [one for one in entries if one.command == "record_sponsor_gone"]
    assert (entry.tenant_id, entry.outcome) == (TENANT, "accepted")
    assert entry.details["reason"] in set(GoneReason)


@pytest.mark.parametrize(
    ("manager", "offered"),
    [
        (Account(id=DANA.id, name="Dana", mail="dana@woodgrove.com", is_enabled=True, is_member=True), "Dana"),
        (Account(id=DANA.id, name="Dana", mail="dana@woodgrove.com", is_enabled=False, is_member=True), ""),
        (Account(id=DANA.id, name="Dana", mail="dana@agency.example", is_enabled=True, is_member=False), ""),
        (None, ""),
    ],
    ids=["a member", "disabled", "a guest", "none"],
)
async def test_the_manager_of_a_sponsor_who_left_is_offered(
    opened: World, manager: Account | None, offered: str
) -> None:
    opened.tenant.accounts = [replace(SAMS, is_enabled=False), *([] if manager is None else [manager])]
    opened.tenant.manager_of = {SAM.id: DANA.id}
    for _ in range(2):
        await check(opened)
    (alarm,) = await alarms(opened)
    assert alarm.values.get("manager", "") == offered == (await record(opened)).sponsor_manager
    assert opened.script.calls.count("tenant.managers") == 1, "read when the sponsor is found to be gone"
    opened.tenant.accounts = [SAMS]
    await check(opened)
    assert (await record(opened)).sponsor_manager == ""


async def test_a_manager_who_cannot_be_read_does_not_hide_that_the_sponsor_is_gone(opened: World) -> None:
    opened.tenant.accounts = []
    opened.script.fail("tenant.managers", TenantUnavailable("Entra does not answer."))
    await check(opened)
    assert (await record(opened)).sponsor_gone_at is not None


async def test_it_is_asked_once(opened: World) -> None:
    opened.tenant.accounts = []
    for _ in range(3):
        await check(opened)
    commands = [command for _, command, _ in await opened.log()]
    assert commands.count("record_sponsor_gone") == 1


async def test_the_admin_who_keeps_it_becomes_the_sponsor(opened: World) -> None:
    opened.tenant.accounts = []
    await check(opened)
    await opened.keep(DANA)
    known = await record(opened)
    assert (known.sponsor, known.sponsor_gone_at, known.state) == (DANA, None, PartnershipState.ACTIVE)
    opened.tenant.accounts = [replace(SAMS, id=DANA.id)]
    await check(opened, hours=0.1)
    assert await alarms(opened) == []


async def test_an_admin_who_keeps_a_partner_whose_sponsor_is_there_does_not_become_sponsor(opened: World) -> None:
    await opened.review()
    await opened.keep(DANA)
    assert (await record(opened)).sponsor == SAM


async def test_somebody_else_cannot_take_over(opened: World) -> None:
    opened.tenant.accounts = []
    await check(opened)
    opened.directory.assign(RILEY, "security")
    await opened.keep(RILEY)
    assert (RILEY.chat_id, "not_the_sponsor") in await opened.refusals()


async def test_a_sponsor_with_an_account_again_ends_the_hand_over(opened: World) -> None:
    opened.tenant.accounts = [replace(SAMS, is_enabled=False)]
    await check(opened)
    opened.tenant.accounts = [SAMS]
    await check(opened)
    assert (await record(opened)).sponsor_gone_at is None
    assert await alarms(opened) == []


@pytest.mark.parametrize("error", [TenantUnavailable("Entra does not answer."), TenantRefused(403, "", "Not allowed.")])
async def test_what_cannot_be_read_is_never_gone(opened: World, error: Exception) -> None:
    opened.tenant.accounts = []
    opened.script.fail("tenant.accounts_by_id", error)
    await check(opened)
    assert (await record(opened)).sponsor_gone_at is None
    await check(opened)
    assert (await record(opened)).sponsor_gone_at is not None, "it is looked at again in an hour"


async def test_entra_is_asked_once_an_hour_and_for_all_at_once(opened: World) -> None:
    opened.script.calls.clear()
    await check(opened, hours=0.5)
    assert opened.script.calls.count("tenant.accounts_by_id") == 0
    await check(opened, hours=0.6)
    assert opened.script.calls.count("tenant.accounts_by_id") == 1


async def test_a_revoked_partner_needs_no_sponsor(opened: World) -> None:
    opened.tenant.accounts = []
    await check(opened)
    await opened.revoke(DANA)
    await check(opened, hours=0.1)
    assert await alarms(opened) == []


async def test_a_sponsor_who_cannot_be_recorded_stops_no_other(opened: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error at one partner delays only this one, until the next look."""
    advance, failed = type(opened.service).advance_review, list[TenantId]()

    async def advance_but_first(self: Service, tenant_id: TenantId, *args: Any, **more: Any) -> Partnership:
        if not failed:
            failed.append(tenant_id)
            raise RuntimeError("an error")
        return await advance(self, tenant_id, *args, **more)

    about = replace(identity(), tenant_id=TenantId("00000000-0000-4000-8000-000000000009"), default_domain="p9.com")
    entry = AuditEntry(key="p9", at=opened.clock.now(), actor="t", command="put", outcome="accepted", details={})
    other = partnership(version=1, identity=about)
    assert await opened.store.commit(Commit(entry=entry, partnership=other))
    opened.tenant.accounts = []
    monkeypatch.setattr(type(opened.service), "advance_review", advance_but_first)
    await check(opened)
    records = [await opened.store.partnership(one) for one in (TENANT, about.tenant_id)]
    assert len(failed) == 1
    assert sorted(one is not None and one.sponsor_gone_at is not None for one in records) == [False, True]


async def moves(world: World) -> list[dict[str, str]]:
    """What the open review says about a sponsor who moved."""
    reasons = (await record(world)).review_reasons
    return [dict(one.values) for one in reasons if one.code is ReviewReasonCode.SPONSOR_MOVED]


async def in_department(world: World, department: str) -> None:
    world.tenant.accounts = [replace(SAMS, department=department)]
    await check(world)


async def test_a_sponsor_who_moved_is_asked_once(opened: World) -> None:
    """The first department that is read is no move, and upper case is none. The same move is a reason once."""
    await in_department(opened, "Sales")
    await in_department(opened, "SALES")
    assert (await record(opened)).state is PartnershipState.ACTIVE
    await in_department(opened, "Legal")
    assert await moves(opened) == [{"sponsor": "Sam", "before": "SALES", "after": "Legal"}]
    assert (await record(opened)).state is PartnershipState.REVIEW_DUE
    await opened.reviews.check()
    await opened.settle()
    [asked] = opened.notifier.asked[-1]
    assert (asked.sponsor, asked.asks_admins) == (SAM.chat_id, False), "the sponsor answers"
    await opened.keep(SAM)
    await in_department(opened, "Legal")
    assert (await record(opened)).state is PartnershipState.ACTIVE
    await in_department(opened, "Research")
    assert await moves(opened) == [{"sponsor": "Sam", "before": "Legal", "after": "Research"}]


async def test_a_department_that_is_not_known_is_no_move(opened: World) -> None:
    """It also replaces nothing: a move that shows up after the gap counts."""
    await in_department(opened, "Sales")
    await in_department(opened, "")
    opened.tenant.accounts = [SAMS, replace(SAMS, id=DANA.id, department="Legal")]
    await check(opened)
    await in_department(opened, "Sales")
    assert (await record(opened)).state is PartnershipState.ACTIVE
    await in_department(opened, "")
    await in_department(opened, "Legal")
    assert len(await moves(opened)) == 1


async def test_a_move_that_could_not_be_recorded_is_found_again(opened: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await in_department(opened, "Sales")
    with monkeypatch.context() as broken:
        broken.setattr(type(opened.service), "advance_review", _fail)
        await in_department(opened, "Legal")
    assert await moves(opened) == []
    await in_department(opened, "Legal")
    assert len(await moves(opened)) == 1


async def _fail(*_: object, **__: object) -> None:
    raise OSError("the disk is full")
