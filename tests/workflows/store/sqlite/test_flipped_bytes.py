"""A changed byte in the database's file is noticed or harmless: it never makes an approval that nobody gave."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from tests.workflows.core.builders import NOW, WHOLE_CHAIN, everybody, partnership, request
from tests.workflows.fakes import FixedClock
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.policy.stops.freeze import Freeze, begin
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.records import Commit, FreezeUnreadable, StoreNotWritable, StoreUnusable
from workflows.store.sqlite.store import SqliteStore, open_store

FLIPS: Final = 250
WAITING: Final = request(decisions=WHOLE_CHAIN[:2], version=1)
"""One approval is missing."""
APPROVED: Final = request(RequestState.APPLYING, id=RequestId("R-9999"), version=1)
FROZEN: Final = begin(None, by="Dana", reason="Incident 7", now=NOW)


async def filled(path: Path) -> bytes:
    """Return the file of a store with a request that waits for its last approval, an approved one, and a freeze."""
    store = await open_store(path, FixedClock())
    for one in (WAITING, APPROVED):
        entry = entry_of(f"k:{one.id}", NOW, None, "submit", {}, request_id=one.id)
        await store.commit(Commit(entry=entry, request=one))
    await store.commit(Commit(entry=entry_of("p", NOW, None, "record_applied", {}), partnership=partnership(version=1)))
    await store.commit(Commit(entry=entry_of("f", NOW, None, "freeze", {}), freeze=FROZEN))
    await store.close()
    return read_file(path)


def read_file(path: Path) -> bytes:
    """Read a file."""
    return path.read_bytes()


def may_be_written(one: AccessRequest) -> bool:
    """Return whether its approvals would let it be written, with everybody's usual roles."""
    is_state = one.state in (RequestState.APPLYING, RequestState.UNCONFIRMED, RequestState.SCHEDULED)
    return is_state and one.verdict(everybody()).is_complete


async def require_harmless(store: SqliteStore) -> None:
    """Check what can be read: nothing is approved that was not, and what is approved is what it was."""
    for known in (WAITING, APPROVED):
        try:
            one = await store.request(known.id)
        except (ValidationError, StoreNotWritable, sqlite3.Error, UnicodeDecodeError):
            continue  # noticed: nothing can be done with it
        if one is None:
            continue
        if may_be_written(one):
            assert may_be_written(known)
            assert one.plan.digest == known.plan.digest
            assert {decision.person.id for decision in one.decisions} == {p.person.id for p in known.decisions}
        assert one.verdict(everybody()).missing >= known.verdict(everybody()).missing
        assert one.prepared is not None
        assert one.prepared.excluded >= known.require_prepared().excluded
    try:
        freeze: Freeze | None = await store.freeze()
    except (FreezeUnreadable, sqlite3.Error, UnicodeDecodeError):
        return
    assert freeze is not None
    assert freeze.is_frozen


@pytest.mark.threats("G6")
async def test_a_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chosen, whole = random.Random(seed), await filled(tmp_path / "whole.db")
    refused = 0
    documents = [index for index in range(len(whole)) if whole[index : index + 12] == b'"decisions":']
    places = [chosen.randrange(len(whole)) for _ in range(FLIPS // 2)]
    places += [chosen.randrange(max(0, here - 3000), here + 900) for here in chosen.choices(documents, k=FLIPS // 2)]
    for number, place in enumerate(places):
        torn = bytearray(whole)
        torn[place] ^= 1 << chosen.randrange(8)
        path = tmp_path / f"{number}.db"
        path.write_bytes(torn)
        try:
            store = await open_store(path, FixedClock())
        except StoreUnusable:
            refused += 1
            continue
        try:
            await require_harmless(store)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, byte {place}: {error!r}") from error
        finally:
            await store.close()
            path.unlink()
    assert refused > 0, "damaged pages are noticed at the start"


@pytest.mark.threats("G6")
@pytest.mark.parametrize("replaced", [(b'"quorum":2', b'"quorum":1'), (b'"stage":1', b'"stage":0')])
async def test_a_changed_digit_in_a_record_is_noticed(tmp_path: Path, replaced: tuple[bytes, bytes]) -> None:
    whole = await filled(tmp_path / "whole.db")
    before, after = replaced
    assert before in whole
    (tmp_path / "whole.db").write_bytes(whole.replace(before, after))
    store = await open_store(tmp_path / "whole.db", FixedClock())
    try:
        for known in (WAITING, APPROVED):
            assert await store.request(known.id) is None, "as a record that cannot be read"
    finally:
        await store.close()


@pytest.mark.threats("G6")
@pytest.mark.parametrize("how", ["torn page", "cut file", "lost log"])
async def test_a_torn_page_a_cut_file_and_a_lost_log_refuse_the_start(tmp_path: Path, how: str) -> None:
    path = tmp_path / "whole.db"
    whole = await filled(path)
    if how == "torn page":
        path.write_bytes(whole[:4096] + bytes(2048) + whole[4096 + 2048 :])
    elif how == "cut file":
        path.write_bytes(whole[: len(whole) - 4096])
    else:
        path.unlink()
        path.with_name("whole.db-wal").write_bytes(b"x" * 100)
    with pytest.raises(StoreUnusable, match=r"restore the backup; see docs/operations\.md"):
        await open_store(path, FixedClock())


@pytest.mark.threats("G6")
async def test_a_store_whose_checksum_is_gone_is_read_as_one_of_an_earlier_version(tmp_path: Path) -> None:
    path = tmp_path / "whole.db"
    await filled(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("update requests set doc = json_remove(doc, '$.sum')")
        db.commit()
    store = await open_store(path, FixedClock())
    assert await store.request(WAITING.id) == replace(WAITING)
    await store.close()
