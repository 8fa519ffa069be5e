"""One reading of the log serves reviews and notices; each notice is told once, and only on what was really read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.app.evidence.reviews.test_scan import FORBIDDEN, THROTTLED, scanner
from tests.workflows.core.builders import AMARA, DANA, NOW, TENANT, identity, partnership
from tests.workflows.store.test_contract import put
from tests.workflows.world import World
from workflows.app.evidence.denied.denied_sign_ins import TOO_MANY_TENANTS_AT, DeniedSignIns
from workflows.app.evidence.wanted_scan import WANTED_AT
from workflows.core.checks.partner_rules import MICROSOFT_SUPPORT
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import ADMIN, PersonId
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, NoticeSubject
from workflows.core.posture.watch.denied_sign_ins.counting import MAX_TENANTS, Thresholds
from workflows.core.posture.watch.denied_sign_ins.notices import ChangeKind, NoticeChange
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.watch import DismissDenied
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.target import CONSUMER_TENANTS
from workflows.ports.tenant import TenantUnavailable

DAY = timedelta(days=1)
UNKNOWN = TenantId("99999999-0000-4000-8000-000000000001")
DENIED = (AlarmCode.SIGN_INS_DENIED, AlarmCode.SIGN_INS_DENIED_TO_MANY)
SUBJECT = NoticeSubject(UNKNOWN)


def denials(home: TenantId = UNKNOWN, count: int = 6, *, before: int = 0) -> list[SignIn]:
    """So many denied sign-ins of two people, one a day."""
    return [
        SignIn(
            user_id=PersonId(f"person-{number % 2}"),
            home=home,
            at=NOW - (before + number) * DAY,
            is_success=False,
            code=500213,
        )
        for number in range(count)
    ]


async def scan(world: World) -> None:
    """Read the log once, and let everything follow."""
    await replace(scanner(world), denied=world.denied).scan(due_before=world.clock.now() + DAY)
    await world.settle()


async def alarms(world: World) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code in DENIED]


async def notice(world: World, subject: NoticeSubject = SUBJECT) -> DeniedNotice:
    stored = await world.store.denied_notice(subject)
    assert stored is not None
    return stored


async def commands(world: World) -> list[str]:
    return [command for _, command, _ in await world.log() if "denied_sign_ins" in command]


@pytest.fixture
async def denied(world: World) -> World:
    """A tenant without an entry was denied, and the admins were told."""
    world.tenant.add_tenant(replace(identity(), tenant_id=UNKNOWN, default_domain="tailspin.com"))
    world.directory.assign(DANA, ADMIN)
    world.tenant.tenant_settings.sign_in_pages = [denials()]
    await scan(world)
    return world


async def test_one_reading_tells_the_admins_once(denied: World) -> None:
    calls = denied.script.calls
    assert calls.count("surroundings.read_foreign_sign_ins") == 1
    (alarm,) = await alarms(denied)
    assert (alarm.code, alarm.subject, alarm.also_to) == (AlarmCode.SIGN_INS_DENIED, UNKNOWN, ())
    (shown,) = alarm.values["tenants"]
    assert shown == {
        "tenant": UNKNOWN,
        "domain": "tailspin.com",
        "sign_ins": 6,
        "people": 2,
        "more_people": False,
        "codes": [500213],
    }
    assert "Contoso" not in str(alarm.values), "no name that the tenant has chosen"
    assert (await notice(denied)).tenants[0].display_name == identity().display_name
    await scan(denied)
    assert [one.id for one in await alarms(denied)] == [alarm.id]
    assert await commands(denied) == ["tell_denied_sign_ins"]
    assert len(denied.notifier.alarms) == 1


async def test_more_sign_ins_update_the_same_alarm(denied: World) -> None:
    (before,) = await alarms(denied)
    denied.tenant.tenant_settings.sign_in_pages = [denials(count=9)]
    await scan(denied)
    (after,) = await alarms(denied)
    assert (after.id, after.values["sign_ins"]) == (before.id, 9)
    assert await commands(denied) == ["tell_denied_sign_ins", "update_denied_sign_ins"]


@pytest.mark.parametrize("error", [FORBIDDEN, THROTTLED, TenantUnavailable("No answer.")])
async def test_an_unreadable_log_says_nothing_and_ends_nothing(denied: World, error: Exception) -> None:
    denied.tenant.tenant_settings.sign_in_pages = []
    denied.script.fail("surroundings.read_foreign_sign_ins", error)
    await scan(denied)
    assert len(await alarms(denied)) == 1
    assert (await notice(denied)).is_open


async def test_an_unreadable_log_tells_nobody_and_the_next_reading_does(world: World) -> None:
    world.directory.assign(DANA, ADMIN)
    world.tenant.tenant_settings.sign_in_pages = [denials()]
    world.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("No answer."))
    await scan(world)
    assert await alarms(world) == []
    await scan(world)
    assert len(await alarms(world)) == 1


async def test_a_part_of_the_log_is_at_least(world: World) -> None:
    world.directory.assign(DANA, ADMIN)
    world.tenant.tenant_settings.sign_in_pages = [denials(), denials(count=1)]
    world.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("No answer."), on=2)
    await scan(world)
    (alarm,) = await alarms(world)
    assert alarm.values["at_least"] is True


async def test_without_the_list_of_partners_nobody_is_told(world: World) -> None:
    """Any of these tenants may have an entry."""
    world.directory.assign(DANA, ADMIN)
    world.tenant.tenant_settings.sign_in_pages = [denials()]
    world.script.fail("tenant.partner_pages", TenantUnavailable("No answer."))
    await scan(world)
    assert (await alarms(world), await commands(world)) == ([], [])


async def test_tenants_that_are_no_strangers_are_never_told(world: World) -> None:
    """Partners by record, by an entry alone (also of a service provider), our own, consumer accounts, support."""
    await put(world.store, partnership(version=1))
    entry = TenantId("99999999-0000-4000-8000-000000000002")
    world.tenant.partners[entry] = {"tenantId": entry.upper(), "isServiceProvider": True}
    others = [TENANT, entry, await world.tenant.home(), TenantId(MICROSOFT_SUPPORT), *CONSUMER_TENANTS]
    world.tenant.tenant_settings.sign_in_pages = [denials(one) for one in others]
    await scan(world)
    assert await alarms(world) == []


async def test_a_flood_is_one_message_and_an_unnamed_tenant_is_told_by_its_id(world: World) -> None:
    world.directory.assign(DANA, ADMIN)
    flood = [TenantId(f"99999999-0000-4000-8000-{number:012}") for number in range(1_200)]
    world.tenant.tenant_settings.sign_in_pages = [denials(one) for one in flood]
    world.script.fail("tenant.find", TenantUnavailable("No answer."))
    await scan(world)
    (alarm,) = await alarms(world)
    assert (alarm.code, alarm.subject, alarm.values["count"]) == (AlarmCode.SIGN_INS_DENIED_TO_MANY, MANY, 1_000)
    assert alarm.values["at_least"] is True, "200 more tenants were not told apart"
    assert [one["domain"] for one in alarm.values["tenants"]] == [""] * 5
    assert world.script.calls.count("tenant.find") == 5
    await scan(world)
    assert len(world.notifier.alarms) == 1


async def test_a_recorded_partner_ends_the_notice_within_a_minute(denied: World) -> None:
    await denied.denied.check()
    assert len(await alarms(denied)) == 1
    await put(denied.store, partnership(version=1, identity=replace(identity(), tenant_id=UNKNOWN)))
    await denied.denied.check()
    assert len(await alarms(denied)) == 1, "it was checked just now"
    denied.clock.advance(minutes=1)
    await denied.denied.check()
    await denied.settle()
    assert await alarms(denied) == []
    ended = denied.notifier.alarms[-1]
    assert (ended.values["ended"]["code"], ended.cleared_at) == ("entry_added", denied.clock.now())


async def test_an_entry_that_a_sweep_or_a_reading_finds_ends_the_notice(denied: World) -> None:
    denied.tenant.partners[UNKNOWN] = {"tenantId": UNKNOWN, "inboundTrust": {"isMfaAccepted": True}}
    await denied.sweep()
    await denied.denied.check()
    assert await alarms(denied) == []
    assert (await commands(denied))[-1] == "end_denied_sign_ins_entry"


async def test_a_reading_finds_the_entry_too(denied: World) -> None:
    denied.tenant.partners[UNKNOWN] = {"tenantId": UNKNOWN}
    denied.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("No answer."))
    await scan(denied)
    assert await alarms(denied) == []


async def test_nothing_more_in_the_whole_log_ends_the_notice(denied: World) -> None:
    denied.tenant.tenant_settings.sign_in_pages = []
    await scan(denied)
    assert await alarms(denied) == []
    assert denied.notifier.alarms[-1].values["ended"]["code"] == "not_repeated"


async def dismiss(world: World, subject: NoticeSubject = SUBJECT) -> None:
    stored = await notice(world, subject)
    await world.click(DismissDenied(actor=DANA.chat_id, subject=subject, alarm_id=stored.alarm_id))


async def test_a_dismissal_is_recorded_and_holds_until_it_happens_again(denied: World) -> None:
    await dismiss(denied)
    assert await alarms(denied) == []
    ended = denied.notifier.alarms[-1].values["ended"]
    assert (ended["code"], ended["values"]["by"]) == ("dismissed", DANA.name)
    assert (DANA.chat_id, "dismiss_denied_sign_ins", "accepted") in await denied.log()
    denied.clock.advance(days=31)
    await scan(denied)
    assert await alarms(denied) == [], "everything in the log is older than the dismissal"
    denied.tenant.tenant_settings.sign_in_pages = [denials(before=-31)]
    await scan(denied)
    (again,) = await alarms(denied)
    assert again.values["sign_ins"] == 6


async def test_only_admins_dismiss_and_only_once(denied: World) -> None:
    stored = await notice(denied)
    denied.directory.assign(AMARA, "security")
    click = DismissDenied(actor=AMARA.chat_id, subject=SUBJECT, alarm_id=stored.alarm_id)
    await denied.click(click)
    await dismiss(denied)
    await denied.click(replace(click, actor=DANA.chat_id))
    assert [code for _, code in await denied.refusals()] == [RefusalCode.ONLY_ADMINS_DISMISS, RefusalCode.NOTICE_OVER]


async def test_a_kill_while_telling_leaves_one_notice(world: World) -> None:
    """The next reading tells what was not stored, and nothing twice."""
    world.directory.assign(DANA, ADMIN)
    others = [UNKNOWN, TenantId("99999999-0000-4000-8000-000000000002")]
    world.tenant.tenant_settings.sign_in_pages = [denials(one) for one in others]
    world.script.fail("store.commit", RuntimeError("killed"), on=3, after=True)
    with pytest.raises(RuntimeError, match="killed"):
        await scan(world)
    assert len(await alarms(world)) == 2, "it was killed right after the second was stored"
    for _ in range(2):
        await scan(world)
    assert sorted(one.subject for one in world.notifier.alarms) == sorted(others)
    assert await commands(world) == ["tell_denied_sign_ins"] * 2


async def test_two_readings_at_once_tell_once(denied: World) -> None:
    stored = await notice(denied)
    records = denied.denied.records
    again = NoticeChange(kind=ChangeKind.TELL, notice=replace(stored, version=1))
    assert not await records.save(again)
    assert len(await alarms(denied)) == 1


async def test_a_scan_is_asked_for_once_a_day_and_not_on_the_first(world: World) -> None:
    async def is_wanted() -> bool:
        await world.denied.check()
        return await world.store.mark(WANTED_AT) is not None

    assert not await is_wanted(), "a new installation waits a day"
    world.clock.advance(hours=23)
    assert not await is_wanted()
    world.clock.advance(hours=1)
    assert await is_wanted()
    wanted = await world.store.mark(WANTED_AT)
    await scan(world)
    world.clock.advance(hours=11)
    await is_wanted()
    assert await world.store.mark(WANTED_AT) == wanted, "the last scan is young enough"


async def test_without_thresholds_no_scan_is_asked_for(world: World) -> None:
    off = DeniedSignIns(
        records=world.denied.records,
        tenant=world.tenant,
        thresholds=Thresholds(sign_ins=0, days=1, people=1),
        days_offered=30,
    )
    for _ in range(3):
        await off.check()
        world.clock.advance(days=2)
    assert (off.is_on, await world.store.mark(WANTED_AT)) == (False, None)


async def test_that_some_tenants_were_left_out_is_stored_until_a_reading_has_all(world: World) -> None:
    """Also when nobody is told."""
    flood = [denials(TenantId(f"99999999-0000-4000-8000-{number:012}"), 1) for number in range(MAX_TENANTS + 1)]
    for pages, is_too_many in ((flood[:-1], False), (flood, True), (flood[:-1], False)):
        world.tenant.tenant_settings.sign_in_pages = pages
        await scan(world)
        assert bool(await world.store.mark(TOO_MANY_TENANTS_AT)) is is_too_many
    assert await alarms(world) == []


async def test_a_flood_of_tenants_that_try_once_hides_nobody(world: World) -> None:
    flood = [denials(TenantId(f"99999999-0000-4000-8000-1{number:011}"), 1) for number in range(MAX_TENANTS)]
    world.tenant.tenant_settings.sign_in_pages = [*flood, denials()]
    await scan(world)
    assert (await notice(world)).is_at_least
    assert len(await alarms(world)) == 1
