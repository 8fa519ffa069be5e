"""A partner whose people have not signed in for 30 days is reviewed, once a silence; unknown is not unused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import SAM, TENANT
from tests.workflows.world import World
from workflows.app.evidence.wanted_scan import WANTED_AT
from workflows.app.schedule.reviews.events.silences import Silences
from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.evidence.usage import WINDOW, PartnerUsage, ScanResult, SourceRead, UsageScan
from workflows.ports.records import Commit

READ = SourceRead(is_complete=True)


@pytest.fixture
def silences(world: World) -> Silences:
    """What compares scans with the partners."""
    return Silences(reviews=EventReviews(service=world.service, store=world.store, clock=world.clock))


async def scanned(world: World, *, people: int = 0, is_complete: bool = True) -> None:
    """Store a scan of now, with so many people of Contoso who signed in today."""
    now = world.clock.now()
    scan = UsageScan(
        taken_at=now,
        since=now - WINDOW,
        sign_ins=replace(READ, is_complete=is_complete),
        guests=READ,
        activity=READ,
        reaches_back_to=now - WINDOW,
    )
    usage = PartnerUsage(tenant_id=TENANT, taken_at=now, people=people, last_sign_in_at=now if people else None)
    entry = entry_of(world.key(), now, "gatehouse", "scan_usage", {})
    assert await world.store.commit(Commit(entry=entry, usage=ScanResult(scan=scan, partners=(usage,))))


async def codes(world: World) -> list[str]:
    return [reason.code.value for reason in (await record(world)).review_reasons]


async def record(world: World) -> Partnership:
    known = await world.store.partnership(TENANT)
    assert known is not None
    return known


async def test_a_silence_of_thirty_days_is_a_reason_once_until_somebody_signs_in(
    world: World, silences: Silences
) -> None:
    await world.opened()
    world.clock.advance(days=29)
    await scanned(world)
    await silences.compare()
    assert await codes(world) == [], "the access is younger than thirty days"
    world.clock.advance(days=1)
    await silences.compare()
    assert await codes(world) == [], "only a new scan says something new"
    await scanned(world)
    await silences.compare()
    assert await codes(world) == ["no_sign_in"]
    await world.keep(SAM)
    for people, expected in ((0, []), (2, []), (0, ["no_sign_in"])):
        world.clock.advance(days=7)
        await scanned(world, people=people)
        await silences.compare()
        assert await codes(world) == expected


async def test_what_the_log_did_not_say_is_no_silence(world: World, silences: Silences) -> None:
    await world.opened()
    await silences.compare()
    world.clock.advance(days=31)
    await scanned(world, is_complete=False)
    await silences.compare()
    known = await record(world)
    assert (known.state, known.review_events) == (PartnershipState.ACTIVE, ())


async def test_a_scan_is_asked_for_once_a_week_and_only_for_partners_that_are_old_enough(
    world: World, silences: Silences
) -> None:
    await silences.ask_for_scan()
    await world.opened()
    world.clock.advance(days=29)
    await silences.ask_for_scan()
    assert await world.store.mark(WANTED_AT) is None
    world.clock.advance(days=1)
    await silences.ask_for_scan()
    assert await world.store.mark(WANTED_AT) == world.clock.now().isoformat()
    await scanned(world)
    world.clock.advance(days=6)
    before = await world.store.mark(WANTED_AT)
    await silences.ask_for_scan()
    assert await world.store.mark(WANTED_AT) == before
    world.clock.advance(days=1)
    await silences.ask_for_scan()
    assert await world.store.mark(WANTED_AT) == world.clock.now().isoformat()
    assert timedelta(days=7) == world.clock.now() - world.clock.now().fromisoformat(before or "")
