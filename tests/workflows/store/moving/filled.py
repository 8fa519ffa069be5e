"""Fill a file of SQLite through its store, with every kind of record and of waiting work."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.bench.denied_surfaces import ONE
from tests.bot.slack.flows.alarms.test_campaign_views import campaign
from tests.workflows.core.batches.examples import batch
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    NOW,
    RILEY,
    SAM,
    access_plan,
    identity,
    partnership,
    person,
    prepared,
    request,
    text_message,
)
from tests.workflows.core.partners.evidence.test_partner_evidence import USAGE, scan
from tests.workflows.core.posture.watch.drifts import drift
from tests.workflows.fakes import FixedClock
from tests.workflows.world import QuickStore
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.batches.batch import BatchState
from workflows.core.errors.facts import text_fact
from workflows.core.partners.reviewing.evidence.usage import ScanResult
from workflows.core.people import ChatId, Person
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.core.policy.delegation.profiles import KnownProfile, Profile
from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.commands.request import Approve, CommandSubject
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    RemindPerson,
    SendMessage,
    ShowAlarm,
    ShowHome,
    ShowRequest,
)
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.message_copies import MessageCopy
from workflows.ports.records import Commit
from workflows.ports.store import GenerationPlace
from workflows.store.sqlite.store import SqliteStore

_TOGETHER: Final = 100
ZOE: Final = person("Zoe")
"""Somebody whose texts were erased."""
_PEOPLE: Final = (RILEY, AMARA, BRUNO, CHIE, SAM)


def entry(key: str, **changes: object) -> AuditEntry:
    """One line of the audit log, with letters that are no ASCII."""
    usual = AuditEntry(
        key=key, at=NOW, actor=RILEY.chat_id, command="submit", outcome="accepted", details={"é": "ü 🚪"}
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def tenant(number: int) -> TenantId:
    """The tenant of a request."""
    return TenantId(f"5a5e1f50-1c1f-4a8a-9d30-{number:012x}")


async def filled_file(
    path: Path, place: GenerationPlace, *, requests: int = 60, clock: FixedClock | None = None
) -> None:
    """Make a file with records, of which a bot has run once."""
    clock = clock or FixedClock()
    store = QuickStore(path, clock)
    await store.open()
    await HeldStart(store=store, clock=clock, place=place).begin()
    await put_requests(store, requests)
    await put_others(store)
    await put_work(store, clock)
    await store.close()


async def put_requests(store: SqliteStore, count: int) -> None:
    """Store requests in every state, each in several versions, and the partners of those that are applied."""
    for start in range(0, count, _TOGETHER):
        await asyncio.gather(*(_put_request(store, number) for number in range(start, min(count, start + _TOGETHER))))


async def _put_request(store: SqliteStore, number: int) -> None:
    state, who = list(RequestState)[number % len(RequestState)], _PEOPLE[number % len(_PEOPLE)]
    named = replace(identity(f"partner{number}.example"), tenant_id=tenant(number), display_name=f"Pärtner {number} ☃")
    known = prepared()
    known = replace(
        known,
        requester=who,
        plan=replace(known.plan, tenant_id=named.tenant_id),
        observation=replace(known.observation, identity=named),
    )
    created = NOW - timedelta(minutes=number)
    one = request(
        state,
        id=RequestId(f"R-{number:05}"),
        version=1,
        created_at=created,
        changed_at=created,
        fields=replace(request().fields, requester=who.chat_id, target=f"partner{number}.example"),
        prepared=None if state is RequestState.PREPARING else known,
    )
    first = replace(one, state=RequestState.PREPARING, prepared=None, decisions=())
    await _commit(store, f"submit-{number}", first, Prepare(request_id=one.id))
    await _commit(store, f"next-{number}", replace(one, version=2), ShowRequest(request_id=one.id))
    if state is RequestState.APPLIED:
        active = partnership(identity=named, version=1, sponsor=who, request_id=one.id)
        assert await store.commit(
            Commit(entry=entry(f"active-{number}", tenant_id=named.tenant_id), partnership=active)
        )
    copy = MessageCopy(
        subject=f"request:{one.id}", channel="C0", message_id=f"{number}.0", audience="", content="a" * 64
    )
    await store.save_copy(copy)


async def _commit(store: SqliteStore, key: str, one: AccessRequest, *effects: Effect) -> None:
    described = entry(key, request_id=one.id, account=RILEY.id)
    assert await store.commit(Commit(entry=described, request=one, effects=effects))


async def put_others(store: SqliteStore) -> None:
    """Store one or more of everything that is no request."""
    absence = Absence(
        id=absence_id(AMARA.id, 1),
        version=1,
        person=AMARA,
        delegate=BRUNO,
        from_=NOW,
        until=NOW + timedelta(days=7),
        set_by=AMARA,
        set_at=NOW,
        note="At the sea",
    )
    ended = Freeze(version=1, state=FreezeState.FROZEN, since=NOW, by="os:root", reason="Incident 7")
    alarm = Alarm(id=AlarmId("A-1"), code=AlarmCode.EFFECT_GIVEN_UP, subject="17", raised_at=NOW)
    for number, commit in enumerate(
        (
            {"absence": absence},
            {"freeze": ended},
            {"freeze": replace(ended, version=2, state=FreezeState.ENDED, ended_by=BRUNO, ended_at=NOW)},
            {"alarm": alarm},
            {"drift": drift()},
            {"denied": ONE},
            {"batch": replace(batch(BatchState.AWAITING_APPROVAL), version=1)},
            {"campaign": campaign()},
            {"usage": ScanResult(scan=scan(), partners=(USAGE,))},
        )
    ):
        assert await store.commit(Commit(entry=entry(f"other-{number}"), **commit))  # type: ignore[arg-type]
    for who in _PEOPLE:
        await store.save_home(who.chat_id)
        await store.save_home_position(who.chat_id, "requests:2")
        profile = Profile(
            chat_id=who.chat_id,
            account=who.id,
            chat_mail="a@example.com",
            chat_name=who.name,
            account_mail="b@example.com",
            account_name=who.name,
            zone="Europe/Berlin",
        )
        await store.save_profile(KnownProfile(profile=profile, read_at=NOW))
    await store.request_home_updates([RILEY.chat_id, ChatId("U0NOBODY")])
    found = {"contoso.com": identity(), "fabrikam.com": identity("fabrikam.com")}
    await store.keep_lookups(tenant(0), found, NOW, forget_before=NOW - timedelta(days=1))
    await store.save_mark("last_tick", NOW.isoformat())
    named = entry("zoe", actor=ZOE.chat_id, account=ZOE.id, details={"reason": "Because I like it"})
    assert await store.commit(Commit(entry=named))
    erased = await store.personal_data.known_person(ZOE.id)
    assert erased is not None
    await store.personal_data.erase(erased, key="erase", actor="os:root")
    gone = await store.personal_data.known_person(RILEY.id)
    assert gone is not None
    await store.personal_data.save_gone(gone.number, NOW)


def click(key: str, who: Person) -> CheckPermission:
    """A click that was not checked yet."""
    command = Approve(actor=who.chat_id, request_id=RequestId("R-00001"), digest=access_plan().digest)
    return CheckPermission(command=command, key=key, received_at=NOW)


def waiting_effects() -> Sequence[Effect]:
    """Work of every kind: clicks of one person and of others, writes, cards, messages, and what has its own time."""
    clicks = [click(f"click-{number}", who) for number, who in enumerate((RILEY, RILEY, AMARA, RILEY, BRUNO))]
    return (
        *clicks,
        Apply(request_id=RequestId("R-00001"), tenant_id=tenant(1)),
        Apply(request_id=RequestId("R-00002"), tenant_id=tenant(1), closes=True),
        ShowRequest(request_id=RequestId("R-00003"), not_before=NOW + timedelta(days=2)),
        ShowHome(person=SAM.chat_id),
        SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message("Ready — 100 %")),
        ShowAlarm(alarm_id=AlarmId("A-1")),
        AdvanceBatch(batch_id=BATCH),
    )


async def put_work(store: SqliteStore, clock: FixedClock) -> None:
    """Store waiting work: new, tried before, given up, left for later, and some that cannot be read."""
    for number, effect in enumerate(waiting_effects()):
        assert await store.commit(Commit(entry=entry(f"work-{number}"), effects=(effect,)))
    await store.request_card_update(RequestId("R-00009"), after=timedelta(seconds=5))
    await store.perform_later(RemindPerson(person=RILEY.chat_id, not_before=NOW), NOW + timedelta(hours=3))
    known = await store.pending(clock.now(), 1000)
    for number, pending in enumerate(known[:9]):
        if number % 3 == 0:
            for _ in range(number + 1):
                await store.retry(pending.id, NOW + timedelta(minutes=number), (text_fact("Slack does not answer"),))
        elif number % 3 == 1:
            await store.give_up(pending.id, (text_fact("invalid_blocks"),))
        else:
            await store.mark_done(pending.id)
    await store.mark_done(max(one.id for one in known))


def break_some(path: Path) -> None:
    """Damage a request, a partner and a piece of work, as a flipped byte does. They must move as they are."""
    with closing(sqlite3.connect(path)) as db, db:
        for table, key in (("requests", "id"), ("partnerships", "tenant_id"), ("effects", "id")):
            sql = f"update {table} set doc = replace(doc, 'R-0', 'X-0') where {key} = (select max({key}) from {table})"
            db.execute(sql)
        db.execute("update effects set doc = '{' where id = (select min(id) from effects where is_parked = 0)")
