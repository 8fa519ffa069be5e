"""A sweep over the store and the fake tenant: what is stored, told and ended, and what is not concluded."""

import asyncio
import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.slack.flows.home.rows import found_row
from bot.slack.flows.home.view import home_view
from bot.slack.words.alarms import alarm_advice, alarm_message, alarm_text
from bot.words.sentences import minute
from tests.bot.surfaces import shown
from tests.waiting import LONGEST_WAIT
from tests.workflows.app.reads.test_app_home import home_of
from tests.workflows.core.builders import AMARA, DANA, MALLORY, RILEY, SAM, TENANT
from tests.workflows.effects.test_held import hold
from tests.workflows.fakes import HOME
from tests.workflows.world import World, restarted
from workflows.app.reads.found_requests import find_requests, read_open_drift, read_partner_drift
from workflows.app.watch.not_adopted import NotAdopted, read_not_adopted
from workflows.app.watch.sweep import INCOMPLETE_SINCE, Sweeper, SweepResult
from workflows.app.watch.telling import DriftRecords
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import DEFAULT, Acceptance, AuthorState, Drift, DriftSubject
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.watch import AcceptDrift
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.pages import EMPTY, START, RequestFilter
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.store.codec import DRIFT, dump, with_checksum

OPEN: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
SUBJECT: Final = DriftSubject(TENANT)


def other(number: int) -> TenantId:
    """The tenant id of another partner."""
    return TenantId(f"00000000-0000-0000-0000-{number:012d}")


async def alarms(world: World, code: AlarmCode = AlarmCode.DRIFT) -> list[Alarm]:
    """The open alarms of one code."""
    return [one for one in await world.store.open_alarms() if one.code is code]


async def told(world: World) -> list[str]:
    """The ids of every alarm that was raised, in the audit log."""
    entries = reversed(await world.store.history(limit=1000))
    return [entry.command for entry in entries if entry.command in ("raise_alarm", "record_drift")]


async def stored(world: World, subject: DriftSubject = SUBJECT) -> Drift:
    """The record of a partner's drift."""
    found = await world.store.drift(subject)
    assert found is not None
    return found


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open, and the first sweep found it so."""
    await world.opened()
    result = await world.sweep()
    assert (result.is_complete, result.partners, result.drifts, result.told) == (True, 1, 0, 0)
    return world


async def test_a_partner_that_is_as_approved_is_told_nobody(opened: World) -> None:
    assert await opened.store.open_drifts() == []
    assert await alarms(opened) == []


@pytest.mark.threats("G17")
async def test_a_change_is_told_once_to_admins_and_sponsor(opened: World) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    for _ in range(3):
        await opened.sweep()
    (drift,) = await opened.store.open_drifts()
    assert (drift.found.code, drift.found.opens, drift.partner) == (
        ConcernCode.DIFFERS_FROM_APPROVED,
        True,
        "contoso.com",
    )
    (alarm,) = await alarms(opened)
    assert (alarm.id, alarm.subject, alarm.also_to) == (drift.alarm_id, TENANT, (SAM.chat_id,))
    assert alarm.values["settings"] == ["b2bDirectConnectInbound"]
    assert await told(opened) == ["record_drift"]
    assert [one.id for one in opened.notifier.alarms] == [alarm.id]


async def test_another_change_is_another_alarm_and_the_repair_ends_it(opened: World) -> None:
    before = dict(opened.tenant.partners[TENANT])
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    (first,) = await alarms(opened)
    opened.tenant.edit(TENANT, b2bDirectConnectOutbound=OPEN)
    await opened.sweep()
    (second,) = await alarms(opened)
    assert second.id != first.id
    opened.tenant.partners[TENANT] = before
    await opened.sweep()
    assert await alarms(opened) == []
    assert await opened.store.open_drifts() == []
    ended = await opened.store.alarm(second.id)
    assert ended is not None
    assert "ended" not in ended.values, "it was repaired"
    assert (await stored(opened)).ended_at is not None


async def test_order_letter_case_and_annotations_are_no_drift(opened: World) -> None:
    opened.tenant.edit(TENANT, **{"inboundTrust@odata.context": "x", "somethingNew": None})
    assert (await opened.sweep()).drifts == 0


async def test_a_partner_deleted_by_hand_is_absent(opened: World) -> None:
    opened.tenant.delete(TENANT)
    assert (await opened.sweep()).drifts == 1
    assert (await stored(opened)).found.code is ConcernCode.ABSENT


@pytest.mark.threats("G17")
async def test_a_partner_added_by_hand_is_told_and_ends_when_it_is_deleted(opened: World) -> None:
    opened.tenant.edit(other(1), b2bCollaborationInbound=OPEN)
    await opened.sweep()
    found = await stored(opened, DriftSubject(other(1)))
    assert (found.found.code, found.partner) == (ConcernCode.UNKNOWN_TO_GATEHOUSE, other(1))
    (alarm,) = await alarms(opened)
    assert alarm.also_to == ()
    not_adopted = await read_not_adopted(store=opened.store)
    assert not_adopted is not None
    assert not_adopted.tenant_ids == (other(1),)
    opened.tenant.delete(other(1))
    await opened.sweep()
    assert await read_not_adopted(store=opened.store) == NotAdopted(tenant_ids=(), read_at=opened.clock.now())
    assert await alarms(opened) == []


@pytest.mark.parametrize("error", [TenantUnavailable("throttled"), TenantRefused(403, "Forbidden", "no")])
async def test_a_page_that_fails_concludes_neither_absent_nor_clean(opened: World, error: Exception) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    opened.tenant.edit(other(1), b2bCollaborationInbound=OPEN)
    await opened.sweep()
    for tenant_id in (TENANT, other(1)):
        opened.tenant.delete(tenant_id)
    opened.tenant.page_size = 1
    for number in range(2, 5):
        opened.tenant.edit(other(number), b2bCollaborationInbound=OPEN)
    opened.script.fail("tenant.partner_pages", error, on=2)
    result = await opened.sweep()
    assert not result.is_complete
    assert result.reasons
    codes = {str(one.subject): one.found.code for one in await opened.store.open_drifts()}
    assert codes[TENANT] is ConcernCode.DIFFERS_FROM_APPROVED, "not absent"
    assert other(1) in codes, "not over"
    assert other(2) in codes, "what was read counts"
    assert (await opened.store.stored_work(opened.clock.now())).incomplete_sweeps == 1
    await opened.sweep()
    codes = {str(one.subject): one.found.code for one in await opened.store.open_drifts()}
    assert codes[TENANT] is ConcernCode.ABSENT
    assert other(1) not in codes
    assert (await opened.store.stored_work(opened.clock.now())).incomplete_sweeps == 0


async def test_an_unread_default_is_incomplete_and_ends_no_change_of_it(opened: World) -> None:
    opened.tenant.default = {"isServiceDefault": False, "b2bDirectConnectInbound": OPEN}
    await opened.sweep()
    found = await stored(opened, DEFAULT)
    assert (found.found.code, found.found.opens, found.partner) == (ConcernCode.DEFAULT_CHANGED, True, "")
    assert found.found.touches == ("contoso.com",)
    opened.tenant.delete(TENANT)
    await opened.sweep()
    before = await stored(opened)
    opened.tenant.default = {"isServiceDefault": True}
    opened.script.fail("tenant.read_default", TenantUnavailable("throttled"))
    assert not (await opened.sweep()).is_complete
    assert await stored(opened) == before, "what depends on the default stays as it was found"
    assert (await stored(opened, DEFAULT)).is_open
    await opened.sweep()
    assert not (await stored(opened, DEFAULT)).is_open


async def test_another_tenants_list_proves_nothing(opened: World) -> None:
    opened.tenant.found = HOME
    opened.tenant.partners.clear()
    result = await opened.sweep()
    assert (result.is_complete, result.drifts) == (False, 0)


async def test_a_write_in_flight_is_no_drift(world: World) -> None:
    """A sweep at the moment when Graph has the change and Gatehouse does not know it yet."""
    request = await world.approved()
    during: list[SweepResult] = []

    async def sweep() -> None:
        world.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
        during.append(await world.sweeper.sweep())
        world.tenant.partners.pop(TENANT)

    world.script.during_next_call("tenant.write", sweep)
    await world.settled(request.id)
    assert [(one.is_complete, one.drifts, one.not_compared) for one in during] == [(True, 0, 1)]


async def test_a_partner_that_drifts_while_its_request_is_decided_is_told_and_the_request_is_asked_again(
    opened: World,
) -> None:
    request = await opened.waiting(template="trusted-partner", days=365)
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    assert len(await alarms(opened)) == 1
    assert not (await opened.request(request.id)).is_terminal


async def test_a_partner_without_a_record_is_named_by_the_domain_that_an_open_request_has_from_entra(
    world: World,
) -> None:
    """The ID alone tells an admin nothing. What the requester typed is not used, only what Entra answered."""
    request = await world.waiting()
    world.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await world.sweep()
    found = await stored(world, DriftSubject(TENANT))
    observation = (await world.request(request.id)).require_prepared().observation
    assert found.partner == observation.identity.default_domain != TENANT
    (alarm,) = await alarms(world)
    assert (alarm.values["partner"], alarm.values["tenant_id"]) == (found.partner, TENANT)
    assert alarm_text(alarm).startswith(f"{found.partner}: ")
    assert f"Tenant ID: {TENANT}." in alarm_text(alarm)
    assert TENANT not in alarm_message(alarm).text


async def test_many_changes_are_one_digest(opened: World) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    for number in range(1, 100):
        opened.tenant.edit(other(number), b2bCollaborationInbound=OPEN)
    result = await opened.sweep()
    assert (result.told, result.drifts) == (100, 100)
    assert await alarms(opened) == []
    (digest,) = await alarms(opened, AlarmCode.DRIFT_DIGEST)
    assert (digest.values["count"], digest.values["opening"]) == (100, 100)
    assert len(digest.values["partners"]) == 20
    assert len([text for text in opened.notifier.texts_to(SAM.chat_id) if "sweep" in text]) == 1, "the sponsor, once"
    await opened.sweep()
    assert [one.id for one in await alarms(opened, AlarmCode.DRIFT_DIGEST)] == [digest.id]
    for tenant_id in list(opened.tenant.partners):
        if tenant_id != TENANT:
            opened.tenant.delete(tenant_id)
    await opened.sweep()
    assert len(await alarms(opened, AlarmCode.DRIFT_DIGEST)) == 1, "Contoso is not answered yet"


@pytest.mark.parametrize("minutes", [1, 30], ids=["at once", "a sweep that lasts long"])
async def test_a_digest_counts_everything_although_another_sweep_looks_at_it_before_its_end(
    opened: World, minutes: int
) -> None:
    """Another sweep finds some of its records. The message must not say that these are all."""
    for number in range(1, 9):
        opened.tenant.edit(other(number), b2bCollaborationInbound=OPEN)
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    opened.clock.advance(hours=1)
    slow, drifts = opened.sweeper, opened.drift_answers.drifts
    stored_so_far = 0

    class Interrupted(DriftRecords):
        """Lets another sweep run after the third record."""

        async def save(self, *args: Any, **kwargs: Any) -> bool:
            nonlocal stored_so_far
            is_new = await super().save(*args, **kwargs)
            stored_so_far += 1
            if stored_so_far == 3:
                opened.clock.advance(minutes=minutes)
                await drifts.raise_digests(None)
            return is_new

    records = Interrupted(store=drifts.store, clock=drifts.clock, wake=drifts.wake)
    await replace(slow, drifts=records).sweep()
    await opened.settle()
    (digest,) = await alarms(opened, AlarmCode.DRIFT_DIGEST)
    assert (digest.values["count"], digest.values["opening"]) == (9, 9)
    said = [text for text in opened.notifier.texts_to(SAM.chat_id) if "sweep" in text]
    assert said, "the sponsor of Contoso"


async def test_two_sweeps_at_once_tell_once(opened: World) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    opened.clock.advance(hours=1)
    await asyncio.gather(*(opened.sweeper.sweep() for _ in range(3)))
    await opened.settle()
    assert await told(opened) == ["record_drift"]
    assert len(await alarms(opened)) == 1
    assert len(opened.notifier.alarms) == 1


@pytest.mark.parametrize("minutes", [0, 60], ids=["at once", "and the clock jumps"])
async def test_many_changes_that_sweeps_at_once_find_are_one_digest(opened: World, minutes: int) -> None:
    """Each sweep stores some of them; who was late to the first record tells of the rest in the other's digest."""
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    for number in range(1, 30):
        opened.tenant.edit(other(number), b2bCollaborationInbound=OPEN)
    opened.clock.advance(hours=1)
    drifts = opened.drift_answers.drifts
    stored: dict[str, asyncio.Event] = {}
    is_begun = asyncio.Event()

    def sweep(number: int) -> asyncio.Task[Any]:
        class Taking(DriftRecords):
            """Stores every third record, and comes after another sweep with the others, as processes may."""

            async def save(self, drift: Drift, *args: Any, **kwargs: Any) -> bool:
                is_stored = stored.setdefault(drift.subject, asyncio.Event())
                if list(stored).index(drift.subject) % 3 != number:
                    await asyncio.wait_for(is_stored.wait(), LONGEST_WAIT)
                    assert not await super().save(drift, *args, **kwargs)
                    return False
                assert await super().save(drift, *args, **kwargs)
                is_stored.set()
                is_begun.set()
                return True

        records = Taking(store=drifts.store, clock=drifts.clock, wake=drifts.wake)
        return asyncio.create_task(replace(opened.sweeper, drifts=records).sweep())

    sweeps = [sweep(0), sweep(1)]
    await asyncio.wait_for(is_begun.wait(), LONGEST_WAIT)
    opened.clock.advance(minutes=minutes)
    await asyncio.gather(*sweeps, sweep(2))
    await opened.settle()
    (digest,) = await alarms(opened, AlarmCode.DRIFT_DIGEST)
    assert (digest.values["count"], digest.values["opening"]) == (30, 30)
    assert await alarms(opened) == [], "no change has an alarm of its own"
    assert len([text for text in opened.notifier.texts_to(SAM.chat_id) if "sweep" in text]) == 1, "the sponsor, once"


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("stops_at", range(1, 11))
async def test_a_sweep_that_is_killed_is_repeated_and_tells_once(opened: World, stops_at: int, is_after: bool) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    first = await alarms(opened)
    opened.tenant.edit(TENANT, b2bDirectConnectOutbound=OPEN)
    for number in range(1, 8):
        opened.tenant.edit(other(number), b2bCollaborationInbound=OPEN)
    opened.clock.advance(hours=1)
    opened.script.fail("store.commit", asyncio.CancelledError(), on=stops_at, after=is_after)
    with pytest.raises(asyncio.CancelledError):
        await opened.sweeper.sweep()
    async with restarted(opened) as again:
        await again.sweep()
        await again.sweep()
        open_drifts = await again.store.open_drifts()
        assert len(open_drifts) == 8
        open_alarms = {one.id for one in await again.store.open_alarms()}
        assert {one.alarm_id for one in open_drifts} == open_alarms, "each is told by one open alarm"
        assert not open_alarms & {one.id for one in first}
        assert {one.id for one in again.notifier.alarms if one.is_open} <= open_alarms | {one.id for one in first}


async def test_no_complete_sweep_for_hours_is_an_alarm_until_one_is(opened: World) -> None:
    opened.script.fail("tenant.partner_pages", TenantUnavailable("throttled"), times=5)
    for _ in range(4):
        await opened.sweep()
    assert await alarms(opened, AlarmCode.SWEEP_INCOMPLETE) == []
    await opened.sweep()
    (alarm,) = await alarms(opened, AlarmCode.SWEEP_INCOMPLETE)
    assert alarm.values["reason"]
    await opened.sweep()
    assert await alarms(opened, AlarmCode.SWEEP_INCOMPLETE) == []
    assert await opened.store.mark(INCOMPLETE_SINCE) == ""


async def test_a_clock_that_jumps_changes_no_finding(opened: World) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep(hours=24 * 400)
    await opened.sweep(hours=-24 * 800)
    assert len(await alarms(opened)) == 1
    assert await told(opened) == ["record_drift"]


async def test_a_list_that_is_older_than_the_last_write_is_read_again(opened: World) -> None:
    """A partner of the list differs, but not when it is read alone."""
    sweeper: Any = opened.sweeper
    now = dict(opened.tenant.partners[TENANT])

    class OldList:
        def __getattr__(self, name: str) -> Any:
            return getattr(opened.tenant, name)

        async def partner_pages(self) -> Any:
            yield [{**now, "b2bDirectConnectInbound": OPEN}]

    result = await Sweeper(tenant=OldList(), alarms=sweeper.alarms, drifts=sweeper.drifts).sweep()
    assert (result.is_complete, result.drifts) == (True, 0)


async def test_the_app_home_and_details_are_told_of_the_drift_of_the_request_in_force_only(opened: World) -> None:
    [request] = await opened.store.requests_of(RILEY.chat_id, 5, RILEY.id)
    record = await opened.store.partnership(TENANT)
    assert (await home_of(opened, RILEY)).drifted == frozenset()
    assert await read_open_drift(request, record, opened.store) is None
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    assert (await home_of(opened, SAM)).drifted == {TENANT}
    assert await read_open_drift(request, record, opened.store) == await stored(opened)
    [marked] = [one.drift for one in (await home_of(opened, RILEY)).today.values()]
    assert marked == await stored(opened)
    opened.clock.advance(minutes=1)
    await opened.revoke(DANA)
    closed = await opened.store.partnership(TENANT)
    assert await read_open_drift(request, closed, opened.store) is None, "it is replaced"
    assert (await stored(opened)).is_open, "no sweep came since"
    assert await read_partner_drift(TENANT, closed, opened.store) is None, "the block was read after it was found"
    for person in (RILEY, SAM, DANA):
        home = await home_of(opened, person, text="contoso")
        assert home.drifted == frozenset()
        assert not [one for one in home.today.values() if one.drift is not None]


async def test_a_partner_without_a_record_has_the_drift_of_the_last_sweep(opened: World) -> None:
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    assert await read_partner_drift(TENANT, None, opened.store) == await stored(opened)


async def test_every_list_of_the_app_home_marks_the_same_partner(opened: World) -> None:
    record = await opened.store.partnership(TENANT)
    assert record is not None
    assert record.ends_at is not None
    opened.clock.moment = record.ends_at - timedelta(days=3)
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    sponsor, admin = await home_of(opened, SAM), await home_of(opened, DANA, text="contoso")
    assert [one.identity.tenant_id for one in sponsor.ending.items] == [TENANT]
    assert [one.identity.tenant_id for one in admin.partners.items] == [TENANT]
    assert sponsor.drifted == admin.drifted == {TENANT}
    only_admin = replace(admin, mine=EMPTY, sponsored=EMPTY, ending=EMPTY, overdue=EMPTY)
    only_ending = replace(sponsor, mine=EMPTY, sponsored=EMPTY)
    for home in (only_admin, only_ending):
        assert shown(home_view(home, now=opened.clock.now())["blocks"]).count("⚠️ Not as approved") == 1
    found = await find_requests(RequestFilter(), limit=5, position=START, store=opened.store, now=opened.clock.now())
    [request] = found.page.items
    said = shown([block.to_dict() for block in found_row(request, found.today[request.id])])
    assert "active, not as approved" in said
    assert "(verified" not in said


async def test_a_drifted_partner_cannot_be_kept(opened: World) -> None:
    await opened.review()
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    await opened.sweep()
    await opened.keep(SAM)
    assert (await opened.refusals())[-1] == (SAM.chat_id, RefusalCode.DRIFTED)
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=None)
    await opened.sweep()
    await opened.keep(SAM)
    assert (await opened.log())[-1][1:] == ("keep", "accepted")


def change(
    world: World, *, by: str = "mallory@woodgrove.com", account: str = "id-mallory", **more: Any
) -> PartnerChange:
    """An entry of the audit log, of a minute ago."""
    at = world.clock.now() - timedelta(minutes=1)
    return PartnerChange(at=at, activity="Update", changed_by=by, user_id=account, **{"is_ours": False, **more})


@pytest.fixture
async def drifted(opened: World) -> World:
    """A world in which a sweep told that Contoso is open to more than was approved."""
    for person in (DANA, AMARA):
        opened.directory.assign(person, f"security {ADMIN}")
    opened.clock.advance(minutes=10)
    opened.tenant.edit(TENANT, b2bDirectConnectInbound=OPEN)
    opened.tenant.tenant_settings.changes[TENANT] = [change(opened)]
    await opened.sweep(hours=0)
    return opened


async def accept(world: World, person: Any, *, days: int = 3, subject: str = TENANT) -> None:
    """Click Accept, and let everything follow."""
    drift = await stored(world, DriftSubject(subject))
    await world.click(
        AcceptDrift(
            actor=person.chat_id, subject=subject, fingerprint=drift.found.fingerprint, days=days, reason="Known"
        )
    )


async def test_the_author_is_named_in_the_same_alarm_once_the_log_has_it(drifted: World) -> None:
    (before,) = await alarms(drifted)
    assert before.values["author"]["state"] == "pending"
    await drifted.drift_answers.find_authors()
    (after,) = await alarms(drifted)
    assert after.id == before.id
    assert after.values["author"]["name"] == "mallory@woodgrove.com"
    await drifted.drift_answers.find_authors()
    commands = [command for _, command, _ in await drifted.log()]
    assert commands.count("record_drift_author") == 1


async def test_a_throttled_log_is_asked_again_and_said_truthfully(drifted: World) -> None:
    drifted.script.fail("surroundings.read_access_changes", TenantUnavailable("throttled"), times=2)
    await drifted.drift_answers.find_authors()
    assert (await stored(drifted)).author.state is AuthorState.PENDING
    drifted.clock.advance(hours=5)
    await drifted.drift_answers.find_authors()
    assert (await stored(drifted)).author.state is AuthorState.LOG_UNREADABLE
    assert await drifted.store.drifts_without_author() == []
    await drifted.drift_answers.find_authors()


async def test_a_change_by_our_own_application_that_no_plan_holds_is_critical(drifted: World) -> None:
    """An entry as old as a write by a plan is that write. A later one has no plan."""
    record = await drifted.store.partnership(TENANT)
    assert record is not None
    log = drifted.tenant.tenant_settings.changes
    log[TENANT] = [replace(change(drifted, by="Gatehouse", account="", is_ours=True), at=record.since)]
    await drifted.drift_answers.find_authors()
    assert (await stored(drifted)).author.state is AuthorState.PENDING
    log[TENANT] += [change(drifted, by="Gatehouse", account="", is_ours=True)]
    for _ in range(2):
        await drifted.drift_answers.find_authors()
        (alarm,) = await alarms(drifted, AlarmCode.OWN_CHANGE)
        assert alarm.subject == TENANT
    drifted.tenant.edit(TENANT, b2bDirectConnectInbound=None)
    await drifted.sweep()
    assert await alarms(drifted, AlarmCode.OWN_CHANGE) == []


async def test_while_held_the_alarms_say_when_the_records_end(drifted: World) -> None:
    """Gatehouse may have made the change after the backup: nobody is accused."""
    ran_at = drifted.clock.now()
    await hold(drifted)
    drifted.tenant.tenant_settings.changes[TENANT] = [change(drifted, by="Gatehouse", account="", is_ours=True)]
    await drifted.drift_answers.find_authors()
    (alarm,) = await alarms(drifted, AlarmCode.OWN_CHANGE)
    assert alarm.values["records_end"] == ran_at.isoformat()
    (drift_alarm,) = await alarms(drifted, AlarmCode.DRIFT)
    assert drift_alarm.values["records_end"] == ran_at.isoformat()
    said = f"{alarm_text(alarm)} {alarm_advice(alarm)}"
    assert f"These records end at {minute(ran_at)}. Gatehouse may have made this after that." in said
    assert "CRITICAL" not in said


async def test_two_admins_accept_and_are_asked_again_when_the_date_passes(drifted: World) -> None:
    await accept(drifted, DANA)
    (alarm,) = await alarms(drifted)
    assert alarm.values["accepted_by"] == ["Dana"]
    await accept(drifted, AMARA, days=7)
    assert await alarms(drifted) == []
    ended = await drifted.store.alarm(alarm.id)
    assert ended is not None
    assert ended.values["ended"]["code"] == "drift_accepted"
    await drifted.sweep()
    assert await alarms(drifted) == [], "the same drift is accepted"
    drifted.clock.advance(days=3)
    await drifted.drift_answers.ask_again()
    await drifted.drift_answers.ask_again()
    (again,) = await alarms(drifted)
    assert again.id != alarm.id
    assert again.values["asked_again"] == 1
    commands = [command for _, command, _ in await drifted.log()]
    assert (commands.count("accept_drift"), commands.count("ask_drift_again")) == (2, 1)


def forge_acceptances(world: World, drift: Drift, *people: Person) -> None:
    """Write acceptances in the file, with the checksum of the text."""
    until = world.clock.now() + timedelta(days=3)
    forged = tuple(Acceptance(person=one, at=world.clock.now(), until=until, reason="Known") for one in people)
    doc = with_checksum(dump(DRIFT, replace(drift, acceptances=forged)))
    with closing(sqlite3.connect(world.store.path)) as db:
        db.execute("update drifts set doc = ?", (doc,))
        db.commit()


@pytest.mark.threats("G7")
async def test_a_forged_acceptance_does_not_make_one_admin_enough(drifted: World) -> None:
    forge_acceptances(drifted, await stored(drifted), AMARA)
    (alarm,) = await alarms(drifted)
    await accept(drifted, DANA)
    assert (await drifted.refusals())[-1] == (DANA.chat_id, RefusalCode.NOT_AS_SIGNED)
    assert await alarms(drifted) == [alarm]
    assert [one.name for one in drifted.store.take_unproven()] == [f"record_changed:drifts/{TENANT}"]


@pytest.mark.threats("G7")
async def test_acceptances_that_are_all_forged_end_no_alarm(drifted: World) -> None:
    forge_acceptances(drifted, await stored(drifted), AMARA, DANA)
    (alarm,) = await alarms(drifted)
    await drifted.drift_answers.end_alarms_of_accepted()
    assert await alarms(drifted) == [alarm]


async def test_another_change_voids_an_acceptance(drifted: World) -> None:
    await accept(drifted, DANA)
    await accept(drifted, AMARA)
    drifted.tenant.edit(TENANT, b2bDirectConnectOutbound=OPEN)
    await drifted.sweep()
    assert len(await alarms(drifted)) == 1
    assert (await stored(drifted)).acceptances == ()


async def test_the_author_does_not_accept_also_when_the_log_is_late(drifted: World) -> None:
    await accept(drifted, DANA)
    await accept(drifted, AMARA)
    assert await alarms(drifted) == []
    drifted.tenant.tenant_settings.changes[TENANT] = [change(drifted, by="dana@woodgrove.com", account=DANA.id)]
    drifted.clock.advance(minutes=2)
    await drifted.drift_answers.find_authors()
    (again,) = await alarms(drifted)
    assert again.values["accepted_by"] == ["Amara"]
    await accept(drifted, DANA)
    assert (await drifted.refusals())[-1] == (DANA.chat_id, RefusalCode.AUTHOR_MAY_NOT_ACCEPT)


@pytest.mark.parametrize("is_readable", [True, False], ids=["not in the log", "log unreadable"])
async def test_an_author_whom_the_log_names_days_later_did_not_accept(drifted: World, is_readable: bool) -> None:
    """Nobody looks for the author any more, but two people accepted the change, and one of them made it."""
    drifted.tenant.tenant_settings.changes[TENANT] = []
    if not is_readable:
        drifted.script.fail("surroundings.read_access_changes", TenantUnavailable("throttled"), times=3)
    await accept(drifted, DANA)
    await accept(drifted, AMARA)
    drifted.clock.advance(hours=5)
    await drifted.drift_answers.find_authors()
    late = await stored(drifted)
    assert late.author.state is (AuthorState.NOT_IN_LOG if is_readable else AuthorState.LOG_UNREADABLE)
    for _ in range(2):
        await drifted.drift_answers.find_authors(also_accepted=True)
    assert (await stored(drifted)).version == late.version, "nothing is stored while the log says nothing"
    assert await alarms(drifted) == []
    drifted.tenant.tenant_settings.changes[TENANT] = [
        replace(change(drifted, by="dana@woodgrove.com", account=DANA.id.upper()), at=late.found_at)
    ]
    await drifted.drift_answers.find_authors()
    assert await alarms(drifted) == [], "only pending changes are asked every two minutes"
    await drifted.drift_answers.find_authors(also_accepted=True)
    await drifted.settle()
    (again,) = await alarms(drifted)
    assert (again.values["accepted_by"], again.values["voided"]) == (["Amara"], ["Dana"])
    assert again.id in {one.id for one in drifted.notifier.alarms}
    await accept(drifted, DANA)
    assert (await drifted.refusals())[-1] == (DANA.chat_id, RefusalCode.AUTHOR_MAY_NOT_ACCEPT)
    drifted.directory.assign(MALLORY, f"security {ADMIN}")
    await accept(drifted, MALLORY)
    assert await alarms(drifted) == []


async def test_who_is_no_admin_is_refused_and_a_repeated_click_counts_once(drifted: World) -> None:
    await accept(drifted, MALLORY)
    assert (await drifted.refusals())[-1] == (MALLORY.chat_id, RefusalCode.ONLY_ADMINS_ACCEPT_DRIFT)
    drift = await stored(drifted)
    click = AcceptDrift(actor=DANA.chat_id, subject=TENANT, fingerprint=drift.found.fingerprint, days=3, reason="Known")
    for _ in range(2):
        await drifted.click(click, key="one click")
    assert len((await stored(drifted)).acceptances) == 1


async def test_the_default_can_be_accepted_too(opened: World) -> None:
    for person in (DANA, AMARA):
        opened.directory.assign(person, f"security {ADMIN}")
    opened.tenant.default = {"isServiceDefault": False, "b2bDirectConnectInbound": OPEN}
    opened.tenant.tenant_settings.changes["default"] = [change(opened)]  # type: ignore[index]
    await opened.sweep()
    await opened.drift_answers.find_authors()
    await accept(opened, DANA, subject=DEFAULT)
    await accept(opened, AMARA, subject=DEFAULT)
    assert await alarms(opened) == []


async def test_a_partner_that_gatehouse_wrote_since_is_swept_again_at_once(drifted: World) -> None:
    now = drifted.clock.now()
    assert not await drifted.store.has_rewritten_drift(now, now)
    drifted.clock.advance(minutes=1)
    await drifted.revoke(DANA)
    later = drifted.clock.now()
    assert await drifted.store.has_rewritten_drift(now, later)
    result = await drifted.sweep(hours=0)
    assert result.drifts == 0


async def test_an_unknown_name_is_a_tenant(world: World) -> None:
    assert TenantIdentity.without_names(other(1)).name == other(1)


@pytest.mark.load
async def test_a_sweep_of_a_thousand_reads_the_pages_and_two_more_in_flat_memory(opened: World) -> None:
    """Nothing of a partner is kept: ten times as many partners without drift need no ten times as much memory."""
    blocked = dict(BLOCK)

    async def peak(count: int) -> int:
        for number in range(1, count):
            opened.tenant.partners[other(number)] = {"tenantId": other(number), **blocked}
        await opened.sweep()
        opened.script.calls.clear()
        tracemalloc.start()
        try:
            result = await opened.sweep()
            assert (result.partners, result.drifts) == (count, 0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    opened.tenant.page_size = 50
    small, large = await peak(100), await peak(1000)
    calls = [one for one in opened.script.calls if one.startswith("tenant.")]
    assert calls.count("tenant.partner_pages") == 20
    assert len(calls) - 20 <= 2, calls
    assert large - small < 900 * 500, "no more than an id of each, and the page at hand"


async def test_an_alarm_that_a_sweep_has_ended_is_not_opened_again_by_a_late_copy_of_it(drifted: World) -> None:
    """Whoever read it as open before, and stores it afterwards, would leave an alarm that never ends."""
    (alarm,) = await alarms(drifted)
    drift = await stored(drifted)
    await drifted.alarms.clear_alarm(AlarmCode.DRIFT, drift.subject)
    await drifted.drift_answers.drifts.save(replace(drift, version=drift.version + 1), "record_drift", alarm=alarm)
    assert await alarms(drifted) == []


CAPABILITY: Final = {
    "@odata.type": "#microsoft.graph.crossTenantCalendarAvailabilityBasic",
    "name": "crossTenantCalendarAvailabilityBasic",
    "inboundAccess": {
        "isAllowed": True,
        "resourceScopes": {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []},
    },
}


async def test_drift_of_capabilities_stays_while_their_list_is_not_read(opened: World) -> None:
    opened.tenant.edit(TENANT, m365Capabilities=[CAPABILITY])
    await opened.sweep()
    before, alarm = await stored(opened), await alarms(opened)
    assert before.found.settings == ("m365Capabilities",)
    opened.tenant.edit(TENANT, m365Capabilities=None)
    await opened.sweep()
    assert (await stored(opened), await alarms(opened)) == (before, alarm), "it may still stand"
    opened.tenant.edit(TENANT, m365Capabilities=[CAPABILITY])
    await opened.sweep()
    assert await stored(opened) == before
    opened.tenant.edit(TENANT, m365Capabilities=[])
    await opened.sweep()
    assert not (await stored(opened)).is_open


async def test_what_a_capability_was_and_is_reaches_the_alarm_and_the_log_is_not_asked_for_its_author(
    opened: World,
) -> None:
    opened.tenant.edit(TENANT, m365Capabilities=[CAPABILITY])
    await opened.sweep()
    (alarm,) = await alarms(opened)
    assert alarm.values["capabilities"] == {"approved": [], "current": [CAPABILITY]}
    assert alarm.values["author"]["state"] == "not_logged"
    assert await opened.store.drifts_without_author() == []


@pytest.mark.parametrize("is_readable", [True, False])
async def test_an_unknown_partner_with_capabilities_alone_is_told_until_its_list_is_read_without_them(
    opened: World, is_readable: bool
) -> None:
    """Also where no list can be read, as without the permission: then that of the default is not read either."""
    default = opened.tenant.default
    opened.tenant.default = {**default, "m365Capabilities": []}
    await opened.sweep()
    opened.tenant.edit(other(1), m365Capabilities=[CAPABILITY])
    await opened.sweep()
    before, alarm = await stored(opened, DriftSubject(other(1))), await alarms(opened)
    assert (before.found.code, len(alarm)) == (ConcernCode.UNKNOWN_TO_GATEHOUSE, 1)
    assert before.author.state is AuthorState.PENDING, "the log has an entry for a new partner"
    opened.tenant.edit(other(1), m365Capabilities=None)
    opened.tenant.default = {**default, "m365Capabilities": []} if is_readable else default
    await opened.sweep()
    assert (await stored(opened, DriftSubject(other(1))), await alarms(opened)) == (before, alarm)
    opened.tenant.edit(other(1), m365Capabilities=[])
    await opened.sweep()
    assert await alarms(opened) == []


async def test_a_partner_without_its_list_is_not_compared_and_the_others_are(opened: World) -> None:
    opened.tenant.default = {**opened.tenant.default, "m365Capabilities": []}
    opened.tenant.edit(TENANT, m365Capabilities=None)
    opened.tenant.edit(other(1), m365Capabilities=[CAPABILITY])
    opened.tenant.edit(other(2), m365Capabilities=None)
    result = await opened.sweep()
    assert (result.partners, result.not_compared, result.is_complete) == (3, 2, True)
    assert (await stored(opened, DriftSubject(other(1)))).is_open


async def test_drift_of_the_defaults_capabilities_stays_while_their_list_is_not_read(opened: World) -> None:
    default = opened.tenant.default
    opened.tenant.default = {**default, "m365Capabilities": [CAPABILITY]}
    await opened.sweep()
    before = await stored(opened, DEFAULT)
    opened.tenant.default = default
    await opened.sweep()
    assert await stored(opened, DEFAULT) == before
    opened.tenant.default = {**default, "m365Capabilities": []}
    await opened.sweep()
    assert not (await stored(opened, DEFAULT)).is_open
