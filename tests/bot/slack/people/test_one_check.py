"""One check reads each person once; the next one reads them again, and so does whatever writes."""

import gc
import weakref
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace.people import usergroup_objects
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members, WindowMembers
from tests.bot.slack.people.test_directory import (
    ADMIN,
    SECURITY,
    FakeTenant,
    asked,
    chat,
    directory,
    person,
    tenant,
    user_info,
)
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.core.errors.raised import Refused
from workflows.core.people import AUDITOR, PersonId
from workflows.intervals import GROUPS_DECIDE_FOR, MAX_AGE_IN_ONE_CHECK
from workflows.ports.people_directory import PeopleDirectoryUnavailable, RoleSource
from workflows.ports.tenant import Account, TenantUnavailable

__all__ = ["directory", "tenant"]


async def test_one_check_reads_each_user_and_the_groups_once(directory: SlackDirectory, world: Sandbox) -> None:
    check = directory.for_one_check()
    actor = await check.identify(chat("approver1"))
    for _ in range(2):
        current_roles = await check.current_roles([actor, person("approver2")])
    assert current_roles.holds(actor.id, SECURITY)
    assert await check.holders(SECURITY) == {chat("approver1")}
    assert (asked(world, "users.info"), asked(world, "usergroups.list")) == (2, 1)


async def test_the_next_check_reads_again(directory: SlackDirectory, world: Sandbox, tenant: FakeTenant) -> None:
    await directory.for_one_check().identify(chat("approver1"))
    user_info(world, deleted=True)
    with pytest.raises(Refused):
        await directory.for_one_check().identify(chat("approver1"))
    assert await directory.for_one_check().current_roles([person("approver1")]) == await directory.current_roles([])


async def test_what_a_check_read_is_discarded_with_it(directory: SlackDirectory) -> None:
    """Nothing else keeps it: neither the directory, nor those who show what was just read."""
    check = directory.for_one_check()
    await check.current_roles([await check.identify(chat("approver1"))])
    read = weakref.ref(check._reads)
    assert check._known
    assert directory._known is None
    del check
    gc.collect()
    assert read() is None


async def test_without_a_check_everything_is_read_every_time(directory: SlackDirectory, world: Sandbox) -> None:
    check = directory.for_one_check()
    actor = await check.identify(chat("approver1"))
    for _ in range(2):
        await directory.current_roles([actor])
    assert (asked(world, "users.info"), asked(world, "usergroups.list")) == (3, 2)


async def test_an_account_is_read_once_in_one_check(
    directory: SlackDirectory, tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[PersonId] = []
    by_id = tenant.accounts_by_id

    async def noted(ids: list[PersonId]) -> object:
        read.extend(ids)
        return await by_id(ids)

    monkeypatch.setattr(FakeTenant, "accounts_by_id", lambda _, ids: noted(ids))
    check = directory.for_one_check()
    actor = await check.identify(chat("admin"))
    assert (await check.current_roles([actor, person("approver2")])).holds(actor.id, ADMIN)
    assert read == [person("approver2").id]
    tenant.change("admin", is_enabled=False)
    assert await directory.for_one_check().current_roles([actor]) == await directory.current_roles([])


async def test_what_a_long_check_read_first_is_read_again(
    directory: SlackDirectory, world: Sandbox, tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = directory.for_one_check()
    actor = await check.identify(chat("approver1"))
    user_info(world, deleted=True)
    tenant.change("approver1", is_enabled=False)
    assert (await check.current_roles([actor])).holds(actor.id, SECURITY)
    for module in ("directory", "reads"):
        monkeypatch.setattr(f"bot.slack.people.{module}.MAX_AGE_IN_ONE_CHECK", timedelta(0))
    assert not (await check.current_roles([actor])).holds(actor.id, SECURITY)


async def test_what_a_check_read_is_shown_without_a_read(directory: SlackDirectory, world: Sandbox) -> None:
    shown = DisplayDirectory(directory, world.clock)
    check = directory.for_one_check()
    await check.current_roles([await check.identify(chat("approver1"))])
    before = asked(world, "users.info"), asked(world, "usergroups.list")
    assert await shown.holders(SECURITY) == {chat("approver1")}
    assert await shown.name_of(chat("approver1"))
    assert (asked(world, "users.info"), asked(world, "usergroups.list")) == before


@pytest.mark.threats("C3")
async def test_the_groups_of_the_last_minute_decide_and_older_ones_do_not(
    directory: SlackDirectory, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await directory.for_one_check().identify(chat("approver1"))
    for _ in range(2):
        assert (await directory.for_one_check().current_roles([actor])).holds(actor.id, SECURITY)
    assert asked(world, "usergroups.list") == 1
    monkeypatch.setattr("bot.slack.people.reads.GROUPS_DECIDE_FOR", timedelta(0))
    assert (await directory.for_one_check().current_roles([actor])).holds(actor.id, SECURITY)
    assert asked(world, "usergroups.list") == 2
    assert timedelta(minutes=1) >= GROUPS_DECIDE_FOR


async def test_without_an_answer_groups_that_are_too_old_decide_nothing(
    directory: SlackDirectory, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await directory.for_one_check().identify(chat("approver1"))
    await directory.for_one_check().current_roles([actor])
    monkeypatch.setattr("bot.slack.people.reads.GROUPS_DECIDE_FOR", timedelta(0))
    world.faults.add(Fault(target="slack", method="usergroups.list", times=1))
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.for_one_check().current_roles([actor])


def put_in_groups(world: Sandbox, **members: str) -> None:
    """Give user groups one member each, from now on."""
    groups = usergroup_objects(world.clock.now(), with_users=True)
    for group in groups:
        if group["handle"].replace("-", "_") in members:
            group["users"] = [chat(members[group["handle"].replace("-", "_")])]
    answer = {"ok": True, "usergroups": groups}
    world.faults.add(Fault(target="slack", method="usergroups.list", times=1000, status=200, body=answer))


async def test_a_new_member_of_a_group_is_known_before_a_refusal(directory: SlackDirectory, world: Sandbox) -> None:
    await directory.for_one_check().current_roles([person("approver1")])
    put_in_groups(world, partner_admins="requester", partner_security="requester")
    check = directory.for_one_check()
    actor = await check.identify(chat("requester"))
    assert not (await check.current_roles([actor])).holds(actor.id, ADMIN)
    before = asked(world, "users.info"), asked(world, "usergroups.list")
    assert check.read_groups_again()
    for _ in range(2):
        assert (await check.current_roles([actor])).holds(actor.id, ADMIN)
        assert await check.known_holders(SECURITY) == await check.holders(SECURITY) == {chat("requester")}
    assert (asked(world, "users.info"), asked(world, "usergroups.list")) == (before[0], before[1] + 1)
    assert not check.read_groups_again(), "read again already"


async def test_groups_that_a_check_has_read_itself_are_not_read_twice(
    directory: SlackDirectory, world: Sandbox
) -> None:
    check = directory.for_one_check()
    await check.current_roles([person("approver1")])
    assert not check.read_groups_again()
    await check.current_roles([person("approver1")])
    assert asked(world, "usergroups.list") == 1
    assert not directory.read_groups_again(), "outside of a check they are read each time"


async def test_who_was_removed_has_no_role_in_a_check_that_reads_again(
    directory: SlackDirectory, world: Sandbox
) -> None:
    """As a revocation is checked."""
    await directory.for_one_check().current_roles([person("admin")])
    put_in_groups(world, partner_admins="requester")
    check = directory.for_one_check()
    check.read_groups_again()
    assert not (await check.current_roles([person("admin")])).holds(person("admin").id, ADMIN)


async def test_a_new_auditor_is_let_in_at_once(directory: SlackDirectory, world: Sandbox) -> None:
    directory._roles = {AUDITOR: RoleSource(role=AUDITOR, title="Auditors", user_groups=("partner-admins",))}
    auditors = AuditLogPermission(directory=directory)
    await auditors.require(chat("admin"))
    put_in_groups(world, partner_admins="requester")
    assert (await auditors.require(chat("requester"))).chat_id == chat("requester")
    before = asked(world, "usergroups.list")
    with pytest.raises(Refused):
        await auditors.require(chat("approver1"))
    assert asked(world, "usergroups.list") == before + 1


async def test_what_was_read_since_the_act_began_is_not_read_again(directory: SlackDirectory, world: Sandbox) -> None:
    await directory.require_member(chat("requester"))
    await directory.for_one_check(timedelta(seconds=3)).identify(chat("requester"))
    assert asked(world, "users.info") == 1
    await directory.for_one_check().identify(chat("requester"))
    assert asked(world, "users.info") == 2


async def test_an_act_that_began_long_ago_uses_nothing_older_than_a_minute(
    directory: SlackDirectory, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await directory.require_member(chat("requester"))
    monkeypatch.setattr("bot.slack.people.reads.MAX_AGE_IN_ONE_CHECK", timedelta(0))
    await directory.for_one_check(timedelta(hours=1)).identify(chat("requester"))
    assert asked(world, "users.info") == 2


async def test_whom_to_ask_is_known_from_the_last_hours_and_who_decides_is_read(
    directory: SlackDirectory, world: Sandbox
) -> None:
    assert await directory.known_holders(SECURITY) == {chat("approver1")}
    user_info(world, deleted=True)
    assert await directory.known_holders(SECURITY) == {chat("approver1")}
    assert await directory.holders(SECURITY) == frozenset()
    assert not (await directory.for_one_check().current_roles([person("approver1")])).holds(
        person("approver1").id, SECURITY
    )


async def test_that_somebody_is_no_active_member_is_not_kept_for_hours(
    directory: SlackDirectory, world: Sandbox
) -> None:
    """Who comes back, or has just got an account, is asked soon."""
    shown = DisplayDirectory(directory, world.clock)
    user_info(world, deleted=True)
    assert await shown.holders(SECURITY) == await directory.known_holders(SECURITY) == frozenset()
    world.faults.clear()
    assert await directory.known_holders(SECURITY) == {chat("approver1")}
    user_info(world, deleted=True)
    await directory.user(chat("approver1"))
    world.faults.clear()
    world.clock.advance(31)
    assert await shown.holders(SECURITY) == {chat("approver1")}


async def test_a_window_reads_who_opened_it_once(directory: SlackDirectory, world: Sandbox) -> None:
    await Members(directory=directory).refuse_known_guests(chat("requester"))
    await WindowMembers(directory=directory).require_member(chat("requester"))
    assert asked(world, "users.info") == 1
    await Members(directory=directory).require_member(chat("requester"))
    assert asked(world, "users.info") == 2


async def test_what_is_shown_decides_nothing(directory: SlackDirectory, world: Sandbox) -> None:
    shown = DisplayDirectory(directory, world.clock)
    await shown.user(chat("approver1"))
    user_info(world, deleted=True)
    with pytest.raises(Refused):
        await shown.for_one_check().identify(chat("approver1"))
    assert timedelta(seconds=60) >= MAX_AGE_IN_ONE_CHECK


async def test_the_accounts_of_earlier_approvers_are_read_with_the_actor_s(
    directory: SlackDirectory, tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id, by_mail, asked = tenant.accounts_by_id, tenant.accounts_by_mail, list[tuple[str, list[str]]]()

    async def noted_ids(ids: Sequence[PersonId]) -> Sequence[Account]:
        asked.append(("ids", list(ids)))
        return await by_id(ids)

    async def noted_mails(mails: Sequence[str]) -> Sequence[Account]:
        asked.append(("mails", list(mails)))
        return await by_mail(mails)

    monkeypatch.setattr(FakeTenant, "accounts_by_id", lambda _, ids: noted_ids(ids))
    monkeypatch.setattr(FakeTenant, "accounts_by_mail", lambda _, mails: noted_mails(mails))
    check = directory.for_one_check()
    earlier = [person("approver2"), person("approver1")]
    actor = await check.identify(chat("admin"), with_accounts_of=earlier)
    assert actor == person("admin")
    assert asked == [("mails", ["admin@woodgrove.com"]), ("ids", sorted(one.id for one in earlier))]
    roles = await check.current_roles([actor, *earlier])
    assert roles.holds(person("approver1").id, SECURITY)
    assert len(asked) == 2, "the roles need no other account"
    # Without a check nothing is kept, so nothing is read in advance.
    asked.clear()
    await directory.identify(chat("admin"), with_accounts_of=earlier)
    assert [what for what, _ in asked] == ["mails"]


async def test_an_earlier_approver_who_is_gone_or_unreadable_is_read_when_the_roles_are_needed(
    directory: SlackDirectory, tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.change("approver1", is_enabled=False)
    check = directory.for_one_check()
    actor = await check.identify(chat("admin"), with_accounts_of=[person("approver1")])
    assert not (await check.current_roles([actor, person("approver1")])).holds(person("approver1").id, SECURITY)
    by_id, failures = tenant.accounts_by_id, [TenantUnavailable("busy"), TenantUnavailable("busy")]

    async def failing(ids: Sequence[PersonId]) -> Sequence[Account]:
        if failures:
            raise failures.pop()
        return await by_id(ids)

    tenant.change("approver1", is_enabled=True)
    monkeypatch.setattr(FakeTenant, "accounts_by_id", lambda _, ids: failing(ids))
    check = directory.for_one_check()
    actor = await check.identify(chat("admin"), with_accounts_of=[person("approver1")])
    with pytest.raises(TenantUnavailable):
        await check.current_roles([actor, person("approver1")])
    assert (await check.current_roles([actor, person("approver1")])).holds(person("approver1").id, SECURITY)
