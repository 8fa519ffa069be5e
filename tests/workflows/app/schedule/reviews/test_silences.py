"""Reviews that nobody answers, with time passing: every reminder once, and nobody is suspended who was not told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import AMARA, DANA, NOW, RILEY, SAM, TENANT, identity, partnership
from tests.workflows.world import World, restarted
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.schedule.ticker import tick
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import Person, PersonId
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.reviews.silence import AskedAs, ManagerSkipped
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.partner_record import Keep, Revoke
from workflows.core.requests.commands.review_event import RecordReviewReminder
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotAllNotified, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryRefused
from workflows.ports.records import Commit
from workflows.ports.tenant import Account, TenantUnavailable

DAY: Final = timedelta(days=1)
MINUTES: Final = timedelta(minutes=2)
ACCOUNT: Final = Account(id=AMARA.id, name="Amara", mail="amara@woodgrove.com", is_enabled=True, is_member=True)


async def look(world: World, *, but: type | None = None) -> None:
    """Tick, look for what is due about reviews, and let everything follow."""
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.silences.check()
    await world.settle(but=but)


async def passes(world: World, until: datetime, *, but: type | None = None) -> None:
    """Let time pass while the bot runs."""
    world.clock.advance(seconds=(until - world.clock.now()).total_seconds())
    await world.store.save_mark(LAST_TICK, (world.clock.now() - timedelta(seconds=5)).isoformat())
    await look(world, but=but)


async def record(world: World) -> Partnership:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def put(world: World, known: Partnership) -> None:
    """Store a record without the history before it."""
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, partnership=known))


async def silence(world: World, days: Sequence[float] = (0, 3, 10, 24, 38, 52, 57), **more: Any) -> datetime:
    """Let nobody answer: the bot runs, and each reminder is sent at its time.

    :returns: when the review was due.
    """
    due = (await record(world)).next_review_at
    assert due is not None
    for day in days:
        await passes(world, due + day * DAY, **more)
    return due


async def suspensions(world: World) -> list[AccessRequest]:
    return [one for one in await world.store.requests_for(TENANT, 50) if one.fields.kind is RequestKind.REVOCATION]


async def alarms(world: World) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVIEW_SILENT]


def asked(world: World) -> list[tuple[int, bool]]:
    """The number of each question that was sent about Contoso, and whether the admins were asked too."""
    return [
        (one.reminder.number, one.asks_admins)
        for batch in world.notifier.asked
        for one in batch
        if one.record.identity.tenant_id == TENANT
    ]


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open and is suspended when nobody answers; Dana is the admin."""
    for person, roles in ((DANA, "admin"), (SAM, ""), (RILEY, "")):
        world.directory.assign(person, roles)
    await world.opened()
    await look(world)
    known = await record(world)
    assert known.on_silence is OnSilence.SUSPEND
    return world


async def test_sixty_days_of_silence_end_in_a_suspension_that_can_be_lifted(opened: World) -> None:
    due = await silence(opened)
    assert asked(opened) == [(1, False), (2, False), (3, False), (4, True), (5, True), (6, True), (7, True)]
    assert await suspensions(opened) == []
    await passes(opened, due + 60 * DAY - MINUTES)
    assert await suspensions(opened) == []
    await passes(opened, due + 60 * DAY + MINUTES)
    [suspension] = await suspensions(opened)
    assert (suspension.state, suspension.is_suspension, suspension.fields.silent_since) == (
        RequestState.APPLIED,
        True,
        due,
    )
    assert suspension.fields.closing is Closing.SUSPEND
    closed = await record(opened)
    assert (closed.state, closed.suspended_by) == (PartnershipState.SUSPENDED, None)
    assert closed.suspension is not None
    assert [one.number for one in closed.review_reminders] == [1, 2, 3, 4, 5, 6, 7], "who was told stays on record"
    assert opened.notifier.blocks_shown == [suspension]
    assert not [one for one in opened.notifier.told if one[0] == "gatehouse"]
    assert ("gatehouse", "suspend_for_silence", "accepted") in await opened.log(of=suspension.id)
    assert await alarms(opened) == []


async def test_every_question_records_who_got_it_in_which_role(opened: World) -> None:
    opened.tenant.accounts.append(ACCOUNT)
    opened.tenant.manager_of = {SAM.id: AMARA.id}
    await silence(opened, (0, 3, 10, 24))
    told = [
        {one.person: [role.value for role in one.asked_as] for one in reminder.people}
        for reminder in (await record(opened)).review_reminders
    ]
    assert told == [
        {SAM.chat_id: ["sponsor"]},
        {SAM.chat_id: ["sponsor"]},
        {SAM.chat_id: ["sponsor"], AMARA.chat_id: ["manager"]},
        {SAM.chat_id: ["sponsor"], AMARA.chat_id: ["manager"], DANA.chat_id: ["admin"]},
    ]
    await opened.keep(AMARA, "Sam is on leave, and the launch needs the access until July")
    assert (await record(opened)).state is PartnershipState.ACTIVE


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (None, ManagerSkipped.NONE),
        (replace(ACCOUNT, is_enabled=False), ManagerSkipped.DISABLED),
        (replace(ACCOUNT, is_member=False), ManagerSkipped.GUEST),
        (replace(ACCOUNT, id=SAM.id), ManagerSkipped.IS_SPONSOR),
        (replace(ACCOUNT, id=DANA.id), ManagerSkipped.IS_ADMIN),
        (replace(ACCOUNT, id=PersonId("nobody-in-slack")), ManagerSkipped.NOT_IN_CHAT),
    ],
)
async def test_a_manager_who_cannot_be_asked_is_skipped_and_said(
    opened: World, account: Account | None, expected: ManagerSkipped
) -> None:
    if account is not None:
        opened.tenant.accounts = [one for one in opened.tenant.accounts if one.id != account.id]
        opened.tenant.accounts.append(account)
        opened.tenant.manager_of = {SAM.id: account.id}
    await silence(opened, (0, 3, 10))
    last = (await record(opened)).review_reminders[-1]
    assert (last.manager_skipped, last.manager) == (expected, None)
    assert [one.person for one in last.people] == [SAM.chat_id]


async def test_managers_who_cannot_be_read_delay_no_question(opened: World) -> None:
    opened.script.fail("tenant.managers", TenantUnavailable("Graph does not answer"))
    await silence(opened, (0, 3, 10))
    last = (await record(opened)).review_reminders[-1]
    assert (last.manager_skipped, [one.person for one in last.people]) == (ManagerSkipped.UNREADABLE, [SAM.chat_id])


async def test_a_template_that_escalates_suspends_nobody_and_keeps_an_alarm_open(opened: World) -> None:
    known = await record(opened)
    await put(opened, replace(known, version=known.version + 1, on_silence=OnSilence.ESCALATE))
    due = await silence(opened)
    await passes(opened, due + 60 * DAY + MINUTES)
    [alarm] = await alarms(opened)
    assert (alarm.subject, alarm.values) == ("escalate", {"partners": ["contoso.com"], "count": 1})
    await passes(opened, due + 71 * DAY)
    await passes(opened, due + 85 * DAY)
    assert asked(opened)[-2:] == [(8, True), (9, True)], "the admins are asked on"
    assert await suspensions(opened) == []
    assert await alarms(opened) == [alarm]
    await opened.keep(DANA, "The launch moved to July, and they are still needed")
    await passes(opened, due + 85 * DAY + MINUTES)
    assert await alarms(opened) == []


@pytest.mark.parametrize(
    ("gone", "reason"),
    [(SAM, "sponsor_not_reached"), (DANA, "admins_not_reached")],
)
async def test_reminders_that_did_not_reach_them_never_suspend(opened: World, gone: Person, reason: str) -> None:
    due = await silence(opened, (0, 3, 10, 24, 38, 52))
    opened.notifier.gone = {gone.chat_id}
    await passes(opened, due + 57 * DAY)
    await passes(opened, due + 65 * DAY)
    assert await suspensions(opened) == []
    assert [one.subject for one in await alarms(opened)] == [reason]
    opened.notifier.gone = set()
    again = (await record(opened)).next_review_at
    assert again is not None
    await passes(opened, again)
    await passes(opened, again + 3 * DAY + MINUTES)
    assert len(await suspensions(opened)) == 1, "both have had one for three days"
    await passes(opened, again + 3 * DAY + 2 * MINUTES)
    assert await alarms(opened) == []


async def test_where_nobody_is_reached_the_same_question_is_sent_every_day(opened: World) -> None:
    opened.notifier.gone = {SAM.chat_id, DANA.chat_id}
    await silence(opened, (0, 1, 2))
    assert asked(opened) == [(1, False)] * 3
    assert len((await record(opened)).review_reminders) == 1
    opened.notifier.gone = {SAM.chat_id}
    await silence(opened, (0,))
    [last] = (await record(opened)).review_reminders
    assert [one.person for one in last.people] == [DANA.chat_id], "the admins are asked instead"


async def test_a_sponsor_who_is_the_only_admin_counts_for_both_and_is_asked_once(opened: World) -> None:
    opened.directory.assign(DANA, "")
    opened.directory.assign(SAM, "admin")
    due = await silence(opened)
    last = (await record(opened)).review_reminders[-1]
    assert [(one.person, one.asked_as) for one in last.people] == [(SAM.chat_id, (AskedAs.SPONSOR, AskedAs.ADMIN))]
    await passes(opened, due + 60 * DAY + MINUTES)
    assert len(await suspensions(opened)) == 1


async def test_the_sponsor_does_not_count_as_an_admin_while_there_are_others(opened: World) -> None:
    opened.directory.assign(SAM, "admin")
    opened.notifier.gone = {DANA.chat_id}
    due = await silence(opened)
    await passes(opened, due + 60 * DAY + MINUTES)
    assert await suspensions(opened) == []
    assert [one.subject for one in await alarms(opened)] == ["admins_not_reached"]


async def test_a_downtime_and_a_clock_that_jumps_never_suspend(opened: World) -> None:
    due = await silence(opened)
    opened.clock.advance(days=200)
    await look(opened)
    assert await suspensions(opened) == []
    assert asked(opened)[-1] == (8, True), "one question for the whole downtime"
    await passes(opened, due + 257 * DAY + 2 * DAY)
    assert await suspensions(opened) == []
    await passes(opened, due + 257 * DAY + 3 * DAY + timedelta(hours=1))
    assert len(await suspensions(opened)) == 1


async def test_a_jump_over_everything_brings_one_question(opened: World) -> None:
    opened.clock.advance(days=100)
    for _ in range(3):
        await look(opened)
    assert asked(opened) == [(1, False)]


async def test_a_clock_that_jumps_between_the_tick_and_the_check_changes_nothing(opened: World) -> None:
    await silence(opened)
    opened.clock.advance(days=30)
    await opened.silences.check()
    await opened.settle()
    assert await suspensions(opened) == []


async def test_a_clock_that_is_set_back_sends_and_suspends_nothing(opened: World) -> None:
    due = await silence(opened)
    count = len(asked(opened))
    await passes(opened, due + 20 * DAY)
    assert len(asked(opened)) == count
    assert await suspensions(opened) == []


async def test_a_week_without_slack_makes_the_silence_longer(opened: World) -> None:
    due = await silence(opened, (0, 3, 10, 24, 38, 52))
    opened.script.fail("notifier.review_reminders", NotifierUnavailable("Slack does not answer"), times=7)
    for day in range(57, 64):
        await passes(opened, due + day * DAY)
    assert await suspensions(opened) == []
    await passes(opened, due + 64 * DAY)
    assert asked(opened)[-1] == (7, True)
    await passes(opened, due + 67 * DAY - MINUTES)
    assert await suspensions(opened) == []
    await passes(opened, due + 67 * DAY + MINUTES)
    assert len(await suspensions(opened)) == 1
    assert await alarms(opened) == []


async def test_an_error_at_one_partner_leaves_the_others_recorded(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is tried again for the one that is left; nobody gets it twice."""
    due = (await record(opened)).next_review_at
    assert due is not None
    other = another(1, next_review_at=due)
    await put(opened, other)
    advance, failed = type(opened.service).advance_review, list[TenantId]()

    async def fails_once(self: Any, tenant_id: TenantId, command: Any, **more: Any) -> Partnership:
        if isinstance(command, RecordReviewReminder) and not failed:
            failed.append(tenant_id)
            raise RuntimeError("an error")
        return await advance(self, tenant_id, command, **more)

    monkeypatch.setattr(type(opened.service), "advance_review", fails_once)
    with pytest.raises((RuntimeError, ExceptionGroup)):
        await passes(opened, due)
    found = [await opened.store.partnership(one) for one in (TENANT, other.identity.tenant_id)]
    assert len(failed) == 1
    assert sorted(one.review_reminders[-1].is_sent for one in found if one is not None) == [False, True]


async def test_an_answer_while_the_question_is_sent_ends_it(opened: World) -> None:
    async def answered() -> None:
        keep = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July")
        await opened.service.advance_review(TENANT, keep, key=opened.key())

    opened.script.during_next_call("notifier.review_reminders", answered)
    await silence(opened, (0,))
    assert len(asked(opened)) == 1
    known = await record(opened)
    assert (known.state, known.review_reminders) == (PartnershipState.ACTIVE, ())


async def test_an_answer_that_is_not_checked_yet_is_waited_for(opened: World) -> None:
    due = await silence(opened)
    opened.clock.advance(days=3, minutes=1)
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())
    keep = Keep(
        actor=SAM.chat_id,
        tenant_id=TENANT,
        reason="The launch moved to July, they build the bridge",
        attests=AttestedText.EVERYBODY_USES_MFA,
    )
    await opened.service.store_click(keep, key=opened.key())
    await opened.silences.check()
    assert await suspensions(opened) == []
    await opened.settle()
    await passes(opened, due + 61 * DAY)
    assert await suspensions(opened) == []
    assert (await record(opened)).state is PartnershipState.ACTIVE


@pytest.mark.parametrize("is_planned", [False, True], ids=["preparing", "planned"])
async def test_an_answer_before_the_suspension_began_ends_it(opened: World, is_planned: bool) -> None:
    due = await silence(opened)
    opened.clock.advance(seconds=(due + 60 * DAY + MINUTES - opened.clock.now()).total_seconds())
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())
    await opened.silences.check()
    [suspending] = await opened.store.open_requests()
    if is_planned:
        await opened.settle(but=Apply)
    keep = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July")
    await opened.service.advance_review(TENANT, keep, key=opened.key())
    await opened.settle()
    ended = await opened.request(suspending.id)
    assert (ended.state, [one.code for one in ended.note]) == (RequestState.STOPPED, [NoteCode.ANSWERED_MEANWHILE])
    assert (await record(opened)).state is PartnershipState.ACTIVE


async def test_an_open_request_of_the_sponsors_is_waited_for(opened: World) -> None:
    due = await silence(opened)
    await passes(opened, due + 59 * DAY)
    await opened.waiting(requester=SAM, sponsor=RILEY.chat_id)
    await passes(opened, due + 61 * DAY)
    assert await suspensions(opened) == []
    assert await alarms(opened) == []


async def test_a_request_is_waited_for_from_the_day_of_the_suspension_and_not_for_ever(opened: World) -> None:
    """The sponsor got the last reminder two weeks late, so the suspension is on day 74 and not on day 60."""
    due = await silence(opened, (0, 3, 10, 24, 38, 52))
    opened.notifier.gone = {SAM.chat_id}
    await passes(opened, due + 57 * DAY)
    opened.notifier.gone = set()
    await passes(opened, due + 71 * DAY)
    await passes(opened, due + 73 * DAY)
    await opened.waiting(requester=SAM, sponsor=RILEY.chat_id)
    await passes(opened, due + 74 * DAY + MINUTES)
    assert await suspensions(opened) == []
    await passes(opened, due + 88 * DAY + MINUTES)
    assert len(await suspensions(opened)) == 1


async def test_two_months_without_slack_are_no_silence(opened: World) -> None:
    """Only the last reminder is delivered. The sponsor has sixty days from then on, with three more questions."""
    opened.script.fail("notifier.review_reminders", NotifierUnavailable("Slack does not answer"), times=6)
    due = await silence(opened)
    known = await record(opened)
    assert [one.number for one in known.review_reminders if one.delivered_at] == [7]
    await passes(opened, due + 60 * DAY + MINUTES)
    assert (await suspensions(opened), await alarms(opened)) == ([], [])
    for day in (71, 85, 99, 113):
        await passes(opened, due + day * DAY)
    await passes(opened, due + 117 * DAY - MINUTES)
    assert await suspensions(opened) == []
    await passes(opened, due + 117 * DAY + MINUTES)
    assert len(await suspensions(opened)) == 1


async def test_a_revocation_that_is_running_needs_no_suspension(opened: World) -> None:
    due = await silence(opened)
    await opened.revoke(DANA, but=Apply)
    await passes(opened, due + 61 * DAY, but=Apply)
    assert [one.is_suspension for one in await suspensions(opened)] == [False]


async def test_a_suspension_that_ended_without_closing_alarms(opened: World) -> None:
    due = await silence(opened)
    known = await record(opened)
    await put(opened, replace(known, version=known.version + 1, suspended_by=RequestId("R-GONE")))
    await passes(opened, due + 61 * DAY)
    assert [one.subject for one in await alarms(opened)] == ["not_closed"]


def another(number: int, **changes: Any) -> Partnership:
    """Another partner whose review waits for an answer, all reminders sent."""
    tenant_id = TenantId(f"{number:08x}-1c1f-4a8a-9d30-1d2f00c0ffee")
    about = replace(identity(), tenant_id=tenant_id, default_domain=f"p{number:04}.com")
    return replace(partnership(version=1, ends_at=None), identity=about, **changes)


async def test_suspensions_and_blocks_at_the_end_share_one_limit(opened: World) -> None:
    due = await silence(opened)
    last = (await record(opened)).review_reminders
    waiting = {"state": PartnershipState.REVIEW_DUE, "on_silence": OnSilence.SUSPEND, "review_reminders": last}
    for number in range(1, 12):
        await put(opened, another(number, **waiting))
    blocked = AuditEntry(
        key="block", at=due + 60 * DAY, actor="gatehouse", command="block_at_end", outcome="accepted", details={}
    )
    await opened.store.commit(Commit(entry=blocked))
    opened.clock.advance(seconds=(due + 60 * DAY + MINUTES - opened.clock.now()).total_seconds())
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())
    await opened.silences.check()
    assert len(await opened.store.open_requests()) == 9, "ten a day, and one was blocked"
    [alarm] = await alarms(opened)
    assert (alarm.subject, alarm.values["count"]) == ("too_many", 3)
    opened.clock.advance(days=1, minutes=3)
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())
    await opened.silences.check()
    assert len(await opened.store.open_requests()) == 12
    assert await alarms(opened) == []


async def test_an_alarm_is_renewed_once_a_day_when_its_partners_change(opened: World) -> None:
    known = await record(opened)
    await put(opened, replace(known, version=known.version + 1, on_silence=OnSilence.ESCALATE))
    due = await silence(opened)
    await passes(opened, due + 60 * DAY + MINUTES)
    [first] = await alarms(opened)
    reminders = (await record(opened)).review_reminders
    await put(opened, another(1, state=PartnershipState.REVIEW_DUE, review_reminders=reminders))
    await passes(opened, due + 60 * DAY + timedelta(hours=2))
    assert await alarms(opened) == [first]
    await passes(opened, due + 61 * DAY + timedelta(hours=1))
    [second] = await alarms(opened)
    assert (sorted(second.values["partners"]), second.values["count"]) == (["contoso.com", "p0001.com"], 2)
    ended = await opened.store.alarm(first.id)
    assert ended is not None
    assert ended.values["ended"]["code"] == "partners_changed"


# --- kills ---


@pytest.mark.parametrize("is_stored", [False, True], ids=["before", "after"])
async def test_a_kill_while_the_suspension_is_stored_suspends_once(opened: World, is_stored: bool) -> None:
    due = await silence(opened)
    opened.clock.advance(seconds=(due + 60 * DAY + MINUTES - opened.clock.now()).total_seconds())
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())
    opened.script.fail("store.commit", RuntimeError("killed"), after=is_stored)
    await opened.silences.check()
    async with restarted(opened) as later:
        later.clock.advance(minutes=2)
        await later.store.save_mark(LAST_TICK, later.clock.now().isoformat())
        await later.silences.check()
        await later.settle()
        assert len(await suspensions(later)) == 1
        assert (await record(later)).state is PartnershipState.SUSPENDED
        assert [command for _, command, _ in await later.log()].count("suspend_for_silence") == 1


async def test_a_kill_between_the_questions_and_their_message_loses_and_repeats_nothing(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = (await record(opened)).next_review_at
    assert due is not None
    opened.clock.advance(seconds=(due - opened.clock.now()).total_seconds())

    async def killed(*args: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(type(opened.reviews), "_send", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await opened.reviews.check()
    assert asked(opened) == []
    async with restarted(opened) as later:
        for _ in range(3):
            await look(later)
        assert asked(later) == [(1, False)]
        assert (await record(later)).review_reminders[0].delivered_at is not None


async def test_a_kill_after_the_message_was_requested_starts_another_batch(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = (await record(opened)).next_review_at
    assert due is not None
    opened.clock.advance(seconds=(due - opened.clock.now()).total_seconds())
    save_mark = type(opened.store).save_mark

    async def killed_at_the_last_step(self: Any, name: str, value: str) -> None:
        if (name, value) == ("review_reminders", ""):
            raise RuntimeError("killed")
        await save_mark(self, name, value)

    with monkeypatch.context() as patched:
        patched.setattr(type(opened.store), "save_mark", killed_at_the_last_step)
        with pytest.raises(RuntimeError, match="killed"):
            await opened.reviews.check()
    await put(opened, another(1, next_review_at=opened.clock.now()))
    opened.clock.advance(minutes=1)
    async with restarted(opened) as later:
        await look(later)
        assert [len(batch) for batch in later.notifier.asked] == [1, 1]


async def test_a_message_that_one_person_has_not_got_is_sent_again_to_that_one_only(opened: World) -> None:
    """The others count as told after an hour."""
    due = await silence(opened, (0, 3, 10))
    error = NotifierUnavailable("Slack does not answer")
    waits = NotAllNotified(error, {TENANT: (SAM.chat_id,)}, frozenset({TENANT}))
    opened.script.fail("notifier.review_reminders", waits, times=2)
    await passes(opened, due + 24 * DAY)
    assert not (await record(opened)).review_reminders[-1].is_sent
    opened.clock.advance(hours=2)
    await opened.settle()
    last = (await record(opened)).review_reminders[-1]
    assert [one.person for one in last.people] == [SAM.chat_id]


async def test_admins_who_cannot_be_named_delay_no_question(opened: World) -> None:
    opened.script.fail("directory.holders", PeopleDirectoryRefused("usergroups.list", "missing_scope"), times=1)
    await silence(opened, (0,))
    last = (await record(opened)).review_reminders[-1]
    assert [one.person for one in last.people] == [SAM.chat_id]


# --- pointless reviews ---


async def test_pointless_reviews_are_skipped_said_and_the_next_one_is_set(opened: World) -> None:
    known = await record(opened)
    due = known.next_review_at
    assert due is not None
    assert known.review_interval is not None
    answer = Attestation(person=SAM, reason="Needed", at=due - DAY)
    await put(opened, replace(known, version=known.version + 1, attestations=(answer,)))
    await passes(opened, due)
    assert asked(opened) == []
    after = await record(opened)
    assert (after.state, after.next_review_at) == (PartnershipState.ACTIVE, due - DAY + known.review_interval)
    [entry] = [one for one in await opened.store.history() if one.command == "skip_review"]
    assert (entry.details, entry.request_id) == ({"reason": "just_answered"}, known.request_id)


async def test_what_the_whole_chain_has_just_approved_is_not_asked_about(opened: World) -> None:
    known = await record(opened)
    now = opened.clock.now()
    await put(opened, replace(known, version=known.version + 1, next_review_at=now + DAY))
    await passes(opened, now + DAY)
    assert asked(opened) == []
    [entry] = [one for one in await opened.store.history() if one.command == "skip_review"]
    assert entry.details == {"reason": "just_approved"}


async def test_access_that_is_blocked_within_days_is_not_asked_about(opened: World) -> None:
    known = await record(opened)
    due = known.next_review_at
    assert due is not None
    changes = {"at_end": AtEnd.BLOCK, "ends_at": due + 2 * DAY, "end_notices": ()}
    await put(opened, replace(known, version=known.version + 1, **changes))  # type: ignore[arg-type]
    await passes(opened, due)
    assert asked(opened) == []


async def test_a_partner_that_is_being_closed_is_not_asked_about(opened: World) -> None:
    due = (await record(opened)).next_review_at
    assert due is not None
    await opened.click(Revoke(actor=DANA.chat_id, target=TENANT, reason="Contract ended"), but=Apply)
    await passes(opened, due, but=Apply)
    assert asked(opened) == []
    assert (await record(opened)).next_review_at == due + DAY


async def test_many_reviews_at_once_are_one_batch(opened: World) -> None:
    """For example after a downtime."""
    for number in range(1, 31):
        await put(opened, another(number, next_review_at=NOW + number * timedelta(hours=1)))
    opened.clock.advance(days=90)
    for _ in range(3):
        await look(opened)
    assert [len(batch) for batch in opened.notifier.asked] == [31]
