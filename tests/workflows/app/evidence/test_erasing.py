"""Who left is erased a term after the account is gone: the log stays whole, and nothing of them is in the records."""

import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, SAM
from tests.workflows.core.builders import request as usual
from tests.workflows.store.stores import KINDS
from tests.workflows.store.worlds import change, in_records, on_server, open_world_of, remove_work
from tests.workflows.world import World
from workflows.app.evidence.erasing import Forgetting, Kept, find_person
from workflows.core.audit.personal import ERASED, read_members, written_members
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.request import RequestKind, RequestState
from workflows.ports.audit_log import AuditEntry, KnownPerson
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.tenant import Account, TenantUnavailable

ZOE = Person(id=PersonId("5f0c1e7a-0000-4000-8000-00000000face"), chat_id=ChatId("UZOE0001"), name="Zoë O'Neil-Brandt")
TERM = timedelta(days=90)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world over each kind of store."""
    async with open_world_of(request.param, tmp_path) as made:
        yield made


def accounts(*people: Person) -> list[Account]:
    return [Account(id=one.id, name=one.name, mail="", is_enabled=True, is_member=True) for one in people]


async def run_now(world: World) -> list[str]:
    """Look who is gone, and wait for what that leads to. Returns the pseudonyms that were erased until now."""
    work: list[Coroutine[Any, Any, None]] = []
    forgetting = Forgetting(
        store=world.store,
        tenant=world.tenant,
        directory=world.directory,
        clock=world.clock,
        roles=world.catalog.roles,
        term=TERM,
        start=work.append,
    )
    await forgetting.check()
    for one in work:
        await one
    return [one.details["person"] for one in reversed(await world.store.history(limit=1000)) if one.command == ERASED]


async def rejected_by(world: World, person: Person, reason: str) -> None:
    """A closed request that names a person many times, and entries by them and about them."""
    decided = usual(RequestState.REJECTED, RequestKind.ACCESS)
    fields = replace(decided.fields, requester=person.chat_id, justification=f"{reason} says {person.name}")
    await world.put(replace(decided, fields=fields, submitter=person))
    for number, (actor, account) in enumerate(((person.chat_id, None), (person.chat_id, person.id), ("U-AMARA", None))):
        entry = AuditEntry(
            key=f"{person.id}:{number}",
            at=world.clock.now(),
            actor=actor,
            command="reject",
            outcome="accepted",
            account=account,
            details={"digest": "d1", "reason": f"{reason}\n{person.name}", "asked": [person.name, "Bruno"]},
        )
        assert await world.store.commit(Commit(entry=entry))


async def person_of(world: World, identifier: str) -> KnownPerson:
    found = await world.store.personal_data.known_person(identifier)
    assert found is not None
    return found


async def test_a_person_is_erased_a_term_after_the_account_is_gone(world: World) -> None:
    await rejected_by(world, ZOE, "Too wide")
    await world.store.save_home(ZOE.chat_id)
    await world.store.save_mark(f"setup_prompt_sent:{ZOE.id}", "x")
    world.tenant.accounts = accounts(AMARA, ZOE)
    assert await run_now(world) == []
    world.tenant.accounts = accounts(AMARA)
    world.clock.advance(days=1)
    assert await run_now(world) == [], "the term begins with the first reading that finds it gone"
    world.clock.advance(days=89)
    assert await run_now(world) == []
    number = (await person_of(world, ZOE.id)).number
    for text in (ZOE.id, ZOE.chat_id, "Brandt", "Too wide"):
        assert in_records(world, text) != []
    world.clock.advance(days=1)
    assert await run_now(world) == [f"person-{number}"]
    for text in (ZOE.id, ZOE.chat_id, "Brandt", "Too wide"):
        assert in_records(world, text) == [], text
    check = await world.store.verify_chain()
    assert (check.is_whole, check.problems) == (True, ())
    assert check.erased == sum(one.details["texts"] for one in await world.store.history() if one.command == ERASED)
    entries = [one for one in await world.store.history() if one.command == "reject"]
    assert [(one.actor, one.account) for one in entries] == [
        ("U-AMARA", None),
        (f"person-{number}", f"person-{number}"),
        (f"person-{number}", None),
    ]
    assert [one.details["digest"] for one in entries] == ["d1", "d1", "d1"]
    assert entries[0].details["asked"] == ["erased", "Bruno"]
    (record,) = await world.store.requests_of(ChatId(f"person-{number}"), 10)
    assert record.fields.justification == f"person-{number}"
    world.clock.advance(days=1)
    assert await run_now(world) == [f"person-{number}"], "it is done once"


async def test_an_account_that_comes_back_begins_a_new_term_and_what_cannot_be_read_is_there(world: World) -> None:
    await rejected_by(world, ZOE, "Too wide")
    world.tenant.accounts = accounts(AMARA)
    await run_now(world)
    world.clock.advance(days=60)
    world.tenant.accounts = accounts(AMARA, ZOE)
    await run_now(world)
    assert (await person_of(world, ZOE.id)).gone_since is None
    world.clock.advance(days=60)
    world.tenant.accounts = accounts(AMARA)
    await run_now(world)
    world.clock.advance(days=60)
    assert await run_now(world) == []
    world.clock.advance(days=40)
    world.script.fail("tenant.accounts_by_id", TenantUnavailable("down"))
    assert await run_now(world) == []
    world.clock.advance(days=1)
    assert len(await run_now(world)) == 1


async def test_an_answer_without_anybody_is_not_believed(world: World) -> None:
    await rejected_by(world, ZOE, "Too wide")
    for _ in range(3):
        assert await run_now(world) == []
        world.clock.advance(days=200)
    assert (await person_of(world, ZOE.id)).gone_since is None


async def test_who_is_named_by_what_is_in_force_or_has_a_role_stays(world: World) -> None:
    """The sponsor, the requester and the approvers of a partner in force; and who holds a role now."""
    await world.opened()
    for one in (RILEY, SAM, AMARA, BRUNO):
        world.directory.roles.pop(one.id, None)
    world.tenant.accounts = accounts(BRUNO)
    await run_now(world)
    world.clock.advance(days=91)
    assert await run_now(world) == []
    for one in (RILEY, SAM, AMARA):
        found = await find_person(one.id, store=world.store, tenant=world.tenant)
        assert found.kept is Kept.IN_FORCE, one.name
        assert any(place.startswith(("partnerships", "requests")) for place in found.in_force)
        assert found.person is not None
        with pytest.raises(StaleVersion):
            await world.store.personal_data.erase(found.person, key="k", actor="os:dana")
    await world.revoke(DANA)
    await world.store.execute("update alarms set is_open = 0")
    remove_work(world)
    chie, sam = await person_of(world, CHIE.id), await person_of(world, SAM.id)
    assert list(await world.store.personal_data.records_in_force(sam)) == []
    world.clock.advance(days=1)
    erased = await run_now(world)
    assert f"person-{sam.number}" in erased
    assert f"person-{chie.number}" not in erased, "she holds a role"
    assert (await world.store.verify_chain()).problems == ()
    approvals = [one for one in await world.store.history(limit=500) if one.command == "approve"]
    assert len({one.account for one in approvals}) == 3, "three people approved, each once"


async def test_an_open_request_keeps_its_requester(world: World) -> None:
    request = await world.waiting()
    found = await find_person(RILEY.id, store=world.store, tenant=world.tenant)
    assert (found.kept, f"requests {request.id}" in found.in_force) == (Kept.IN_FORCE, True)


async def test_what_an_admin_asks_for_says_why_it_is_not_possible(world: World) -> None:
    await rejected_by(world, ZOE, "Too wide")
    entry = AuditEntry(key="k1", at=world.clock.now(), actor="os:pat", command="x", outcome="accepted", details={})
    await world.store.commit(Commit(entry=entry))
    await world.store.commit(Commit(entry=replace(entry, key="k2", actor="ULOOKS")))
    world.tenant.accounts = accounts(ZOE)

    async def kept(identifier: str) -> Kept | None:
        return (await find_person(identifier, store=world.store, tenant=world.tenant)).kept

    assert await kept("nobody") is Kept.UNKNOWN
    assert await kept("ULOOKS") is Kept.NO_ACCOUNT_KNOWN
    assert await kept("os:pat") is None
    assert await kept(ZOE.chat_id) is Kept.IS_THERE
    world.tenant.accounts = []
    found = await find_person(ZOE.chat_id, store=world.store, tenant=world.tenant)
    assert found.kept is None
    assert found.person is not None
    assert (found.count.entries, found.count.records, found.count.older) == (3, 1, 0)
    before = await world.store.rows_after(0, limit=100)
    assert await world.store.rows_after(0, limit=100) == before, "a preview changes nothing"
    count = await world.store.personal_data.erase(found.person, key="cli", actor="os:dana")
    assert count == found.count
    assert await kept(ZOE.id) is Kept.UNKNOWN
    assert await kept(f"person-{found.person.number}") is Kept.ERASED
    (entry,) = await world.store.history(limit=1)
    assert (entry.actor, entry.command) == ("os:dana", ERASED)
    assert entry.details == {"person": f"person-{found.person.number}", **count.as_details()}


async def found_in(world: World) -> list[str]:
    return [f"{one.code.value}:{one.seq}" for one in (await world.store.verify_chain()).problems]


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'UOTHER' where seq = 2",
        "update audit set actor = 'person-1' where seq = 2",
        "update audit set details = replace(details, 'Too wide', 'Fine') where seq = 2",
        "update audit set details = replace(details, 'd1', 'd2') where seq = 2",
        "update audit set personal = replace(personal, 'erased:', 'person-1:') where seq = 2",
        "update audit set personal = null where seq = 2",
        "update audit set personal = '[]' where seq = 2",
        "update audit set salts = '{}' where seq = 2",
        "update audit set salts = 'x' where seq = 2",
        "update audit set salts = replace(salts, 'actor', 'key') where seq = 2",
        """update audit set salts = replace(salts, '"actor":"', '"actor":"zz') where seq = 2""",
    ],
)
async def test_a_changed_personal_text_is_found_and_its_entry_named(world: World, statement: str) -> None:
    await rejected_by(world, ZOE, "Too wide")
    assert await found_in(world) == []
    change(world, statement)
    assert await found_in(world) == ["edited:2"]


async def test_texts_that_somebody_else_erased_are_found(world: World) -> None:
    """Nobody needs the key to remove a text and its salt. So each erasure is an entry with the number of texts."""
    await rejected_by(world, ZOE, "Too wide")
    number = (await person_of(world, ZOE.id)).number
    [(salts,)] = change(world, "select salts from audit where seq = 3")
    kept = {place: salt for place, salt in (read_members(salts) or {}).items() if place != "actor"}
    sql = "update audit set actor = ?, salts = ? where seq = 3"
    change(world, sql, f"person-{number}", written_members(kept))
    assert await found_in(world) == ["texts_missing:3"]
    world.tenant.accounts = []
    await world.store.personal_data.erase(await person_of(world, ZOE.id), key="k", actor="gatehouse")
    assert await found_in(world) == ["texts_missing:2"], "an erasure does not count for more than it says"


async def test_an_erasure_that_is_killed_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any transaction: the next time finds the person, and the counts of all entries are those of the texts."""
    from workflows.store.common import erasing

    monkeypatch.setattr(erasing, "ENTRIES_TOGETHER", 1)
    await rejected_by(world, ZOE, "Too wide")
    person, write, left = await person_of(world, ZOE.id), world.store._run_write, 0

    async def killed(work: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("killed")
        return await write(work)

    monkeypatch.setattr(world.store, "_run_write", killed)
    times = 0
    while (again := await world.store.personal_data.known_person(ZOE.id)) is not None:
        left, times = 2, times + 1
        with suppress(RuntimeError):
            await world.store.personal_data.erase(again, key=f"k{times}", actor="gatehouse")
        assert await found_in(world) == []
        assert again == person
    assert times == 3
    if on_server(world) is None:
        await world.store._run(lambda: world.store._db.conn.execute("pragma wal_checkpoint(truncate)").fetchall())
    assert in_records(world, "Brandt") == []
    assert in_records(world, ZOE.id) == []
    check = await world.store.verify_chain()
    entries = [one for one in await world.store.history(limit=100) if one.command == ERASED]
    assert (check.problems, check.erased) == ((), sum(one.details["texts"] for one in entries))


async def test_entries_of_an_earlier_version_are_named_and_kept(world: World) -> None:
    """Their texts are signed themselves. What is erased beside them says how many there are."""
    await rejected_by(world, ZOE, "Too wide")
    rows = await world.store.rows_after(0, limit=10)
    change(world, "update audit set personal = null, salts = null where seq = 2")
    await world.store.execute("update audit set key = key || 'x' where seq = 99")
    found = await find_person(ZOE.id, store=world.store, tenant=world.tenant)
    assert found.count.older == 1
    assert rows[1].references is not None


async def test_the_log_is_whole_after_any_commits_and_erasures(world: World) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    people = [
        Person(
            id=PersonId(f"account-{number:04}"), chat_id=ChatId(f"UCHAT{number:04}"), name=f"Given{number} Sur{number}"
        )
        for number in range(6)
    ]
    words = ["Too wide", 'a "quoted" text', "person-3", "erased", "{[}]:,", "line\nbreak", "ümläut \\ back", ""]
    for one in people:
        first = AuditEntry(
            key=f"first{one.name}", at=world.clock.now(), actor=one.chat_id, command="x", outcome="accepted", details={}
        )
        await world.store.commit(Commit(entry=first))
        await world.store.commit(Commit(entry=replace(first, key=f"second{one.name}", account=one.id)))
    for step in range(80):
        actor, other = dice.choice(people), dice.choice(people)
        if dice.random() < 0.12:
            person = await world.store.personal_data.known_person(actor.id)
            if person is not None:
                await world.store.personal_data.erase(person, key=f"e{step}", actor="gatehouse")
        else:
            is_gone = await world.store.personal_data.known_person(actor.id) is None
            text = f"{dice.choice(words)} {dice.choice(['', other.name, other.id])}"
            details = {
                dice.choice(["reason", "text", "note", "digest2"]): text,
                "people": {other.chat_id: ["sponsor"]},
                "list": [{"account": other.id, "n": step}, other.name, None],
            }
            entry = AuditEntry(
                key=f"k{step}" if is_gone else dice.choice([f"k{step}", f"week:{actor.id}:{step}"]),
                at=world.clock.now(),
                actor=dice.choice([actor.chat_id, "gatehouse"]),
                command="reject",
                outcome="accepted",
                account=dice.choice([None, actor.id]),
                details=details,
            )
            assert await world.store.commit(Commit(entry=entry))
            assert (await world.store.history(limit=1))[0] == entry
        check = await world.store.verify_chain()
        assert check.problems == (), (seed, step)
    for one in people:
        if (person := await world.store.personal_data.known_person(one.id)) is not None:
            await world.store.personal_data.erase(person, key=f"end{one.name}", actor="gatehouse")
        if person is not None:
            # A chat id that acted alone after an erasure is not known to be theirs.
            assert [text for text in person.ids if in_records(world, text)] == [], (seed, one)
    assert (await world.store.verify_chain()).problems == ()
