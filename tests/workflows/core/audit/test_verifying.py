"""Any single change of stored rows is found, with the number of the first entry that is wrong."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workflows.core.audit.chains import NEW, OLD, RING, chain, entry, renumbered, signed
from workflows.core.audit.chain import CHAIN_BEGUN, FIELDS, ChainedRow, ChainPoint, KeyRing
from workflows.core.audit.heads import HEAD_POSTED, Head, head_of, head_text
from workflows.core.audit.verifying import MAX_PROBLEMS, ChainProblem, ChainProblemCode, verify

C = ChainProblemCode
AT = datetime(2026, 11, 28, tzinfo=UTC)
MANY = st.integers(2, 40)


def head(row: ChainedRow) -> Head:
    """The head that was posted when this row was the newest."""
    return head_of(ChainPoint(row.seq, row.mac or b""), AT)


def found(rows: Sequence[ChainedRow], ring: KeyRing = RING, posted: Head | None = None, newest: int = 0) -> list[str]:
    """The problems, as `edited:3`."""
    result = verify(rows, ring, head=posted, newest=newest)
    assert result.is_whole == (not result.problems)
    assert result.count == len(rows)
    return [f"{one.code.value}:{one.seq}" for one in result.problems]


@settings(deadline=None, max_examples=60)
@given(MANY)
def test_a_chain_as_it_was_written_is_whole(count: int) -> None:
    rows = chain(count)
    assert found(rows, posted=head(rows[-1]), newest=count) == []
    assert verify(rows, RING).last == ChainPoint(count, rows[-1].mac or b"")
    assert [verify(rows, RING, head=head(row)).has_head for row in (rows[0], rows[-1])] == [True, True]


@pytest.mark.threats("G7")
def test_each_kind_of_change_is_named_with_the_first_wrong_entry() -> None:
    """One example of each: edit, delete, reorder, insert, cut the tail."""
    rows, forged = chain(9), ChainedRow(seq=0, entry=entry(999), key_id=OLD.id, mac=bytes(32))
    assert found([*rows[:3], replace(rows[3], entry=entry(99)), *rows[4:]]) == ["edited:4"]
    assert found([*rows[:3], *rows[4:]]) == ["deleted:4"]
    assert found(renumbered([*rows[:3], *rows[4:]]))[0] == "deleted:4"
    assert found(renumbered([*rows[:3], rows[4], rows[3], *rows[5:]]))[0] == "reordered:4"
    assert found(renumbered([*rows[:3], rows[6], *rows[4:6], rows[3], *rows[7:]]))[0] == "reordered:4"
    assert found(renumbered([*rows[:3], forged, *rows[3:]]))[0] == "inserted:4"
    assert found(rows[:6], posted=head(rows[8])) == ["tail_cut:7"]


def test_an_empty_log_is_whole_and_lacks_a_posted_head() -> None:
    assert found([]) == []
    assert verify([], RING).is_whole
    assert found([], posted=head(chain(1)[0])) == ["tail_cut:1"]


@pytest.mark.threats("G7")
@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_an_edit_of_any_value_is_found(count: int, data: st.DataObject) -> None:
    rows, place = chain(count), data.draw(st.integers(0, count - 1))
    name, text = data.draw(st.sampled_from(FIELDS)), data.draw(st.none() | st.text())
    assume(rows[place].entry[name] != text)
    rows[place] = replace(rows[place], entry={**rows[place].entry, name: text})
    assert found(rows) == [f"edited:{place + 1}"]


@pytest.mark.threats("G7")
@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_a_changed_byte_of_a_stored_text_or_signature_is_found(count: int, data: st.DataObject) -> None:
    rows, place = chain(count), data.draw(st.integers(0, count - 1))
    row, bit = rows[place], 1 << data.draw(st.integers(0, 7))
    name = data.draw(st.sampled_from(["mac", *(field for field in FIELDS if row.entry[field] is not None)]))
    before = row.mac if name == "mac" else (row.entry[name] or "").encode()
    assert before is not None
    at = data.draw(st.integers(0, len(before) - 1))
    flipped = before[:at] + bytes([before[at] ^ bit]) + before[at + 1 :]
    text = flipped.decode("utf-8", "surrogateescape")
    changed = replace(row, mac=flipped) if name == "mac" else replace(row, entry={**row.entry, name: text})
    rows[place] = changed
    assert found(rows)[0] == f"edited:{place + 1}"


@pytest.mark.threats("G7")
@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_a_removed_entry_is_found(count: int, data: st.DataObject) -> None:
    rows = chain(count)
    place = data.draw(st.integers(0, count - 2))
    del rows[place]
    assert found(rows) == [f"deleted:{place + 1}"]
    hidden = found(renumbered(rows))
    assert hidden[0].endswith(f":{place + 1}")
    assert hidden[0].split(":")[0] in ("deleted", "edited")


@pytest.mark.threats("G7")
@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_two_entries_that_changed_places_are_found(count: int, data: st.DataObject) -> None:
    rows = chain(count)
    one, other = sorted(data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)))
    rows[one], rows[other] = rows[other], rows[one]
    first = found(renumbered(rows))[0]
    assert first.endswith(f":{one + 1}")
    if other - one < 20:
        assert first == f"reordered:{one + 1}"


@pytest.mark.threats("G7")
@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_removed_last_entries_are_found_by_the_posted_head(count: int, data: st.DataObject) -> None:
    rows = chain(count)
    kept = data.draw(st.integers(0, count - 1))
    assert found(rows[:kept]) == []  # nothing in the file says so
    assert found(rows[:kept], posted=head(rows[-1])) == [f"tail_cut:{kept + 1}"]
    assert found(rows[:kept], newest=count) == [f"tail_cut:{kept + 1}"]  # the number that the store gave last


@settings(deadline=None, max_examples=60)
@given(MANY, st.data())
def test_an_added_entry_is_found(count: int, data: st.DataObject) -> None:
    rows = chain(count)
    place = data.draw(st.integers(0, count - 1))
    forged = ChainedRow(seq=0, entry=entry(999), key_id=OLD.id, mac=bytes(32))
    added = renumbered([*rows[:place], forged, *rows[place:]])
    assert found(added)[0] == f"inserted:{place + 1}"
    unsigned = replace(forged, seq=count + 1, mac=None, key_id=None)
    assert found([*rows, unsigned]) == [f"not_signed:{count + 1}"]


def test_a_row_with_half_a_signature_is_not_signed() -> None:
    rows = chain(3)
    assert found([rows[0], replace(rows[1], mac=None), rows[2]])[0] == "not_signed:2"
    assert found([rows[0], replace(rows[1], key_id=None), rows[2]]) == ["not_signed:2"]


@pytest.mark.parametrize(("places", "code"), [(32, "reordered"), (33, "edited")])
def test_an_entry_is_looked_for_among_the_next_ones_only(places: int, code: str) -> None:
    """So that a log of any length is verified with little memory."""
    rows = chain(40)
    rows[1], rows[1 + places] = rows[1 + places], rows[1]
    assert found(renumbered(rows))[0] == f"{code}:2"


def test_the_chain_goes_on_after_a_row_that_was_never_signed() -> None:
    rows = chain(3)
    stranger = ChainedRow(seq=4, entry=entry(4), key_id=None, mac=None)
    later = signed([entry(5)], first=5, previous=rows[-1].mac or b"")
    assert found([*rows, stranger, *later]) == ["not_signed:4"]


def test_a_log_written_again_with_the_key_does_not_contain_the_posted_head() -> None:
    rows, others = chain(5), signed([entry(number + 50) for number in range(1, 7)])
    assert found(others) == []
    assert found(others, posted=head(rows[-1])) == ["other_chain:5"]


def test_another_key_verifies_its_own_entries() -> None:
    old = chain(3)
    rows = [*old, *signed([entry(4), entry(5)], NEW, first=4, previous=old[-1].mac or b"")]
    assert found(rows) == []
    assert found(rows, KeyRing((NEW,))) == ["unknown_key:1"]
    result = verify(rows, KeyRing((OLD,)))
    assert result.problems == (ChainProblem(C.UNKNOWN_KEY, 4, NEW.id),)


def test_entries_behind_a_missing_key_are_still_connected() -> None:
    """What the known key signed after them covers them: a change among them breaks the first entry after it."""
    old = chain(3)
    rows = [*old, *signed([entry(4), entry(5)], NEW, first=4, previous=old[-1].mac or b"")]
    assert found([*rows[:1], *rows[2:]], KeyRing((NEW,))) == ["unknown_key:1"]
    assert found([*rows[:2], *rows[3:]], KeyRing((NEW,))) == ["unknown_key:1", "deleted:3"]


def test_a_number_without_an_entry_is_a_removed_entry() -> None:
    """Also where what follows was signed after the entry before it: the last one was removed while the bot ran."""
    rows = signed([entry(1)], first=1)
    rows += signed([entry(4), entry(5)], first=4, previous=rows[-1].mac or b"")
    assert found(rows) == ["deleted:2"]


def test_the_entry_that_began_the_chain_says_what_was_signed_later() -> None:
    rows = signed([entry(1), entry(2), entry(3, CHAIN_BEGUN), entry(4)])
    assert verify(rows, RING).signed_later == 2
    assert verify(chain(4), RING).signed_later == 0
    forged = [rows[0], replace(rows[1], entry=entry(2, CHAIN_BEGUN)), *rows[2:]]
    assert verify(forged[:2], RING).signed_later == 0


def test_a_part_is_verified_from_a_place_that_is_trusted() -> None:
    rows = chain(5)
    start = ChainPoint(3, rows[2].mac or b"")
    assert verify(rows[3:], RING, start=start).is_whole
    assert [one.seq for one in verify(rows[4:], RING, start=start).problems] == [4]


def test_every_problem_is_counted_and_the_first_ones_are_listed() -> None:
    rows = [replace(row, entry=entry(row.seq + 100)) if row.seq % 2 else row for row in chain(100)]
    result = verify(rows, RING)
    assert result.problem_count == 50
    assert [one.seq for one in result.problems] == list(range(1, 2 * MAX_PROBLEMS, 2))


def test_entries_are_not_held() -> None:
    """A million of them are verified in little memory: the rows are taken one by one, and forgotten."""
    held: list[int] = []
    alive = 0

    class Watched(dict[str, str | None]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Iterator[ChainedRow]:
        nonlocal alive
        for row in chain(2000):
            alive += 1
            held.append(alive)
            entry_ = Watched(row.entry)
            if row.seq == 700:
                entry_["actor"] = "x"
            yield replace(row, entry=entry_)

    assert [one.seq for one in verify(rows(), RING).problems] == [700]
    assert max(held) <= 64


def test_random_damage_is_never_accepted() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice, rows = random.Random(seed), chain(50)
    for _ in range(200):
        damaged = list(rows)
        place, other = dice.sample(range(50), 2)
        kind = dice.randrange(3)
        if kind == 0:
            damaged[place] = replace(damaged[other], seq=place + 1)
        elif kind == 1:
            damaged[place] = replace(damaged[place], mac=damaged[other].mac)
        else:
            damaged[place] = replace(damaged[place], entry=damaged[other].entry)
        assert found(damaged)[0].endswith(f":{place + 1}"), (kind, place, other)


def test_a_head_with_the_number_of_the_last_entry_that_is_not_there_is_of_another_chain_and_no_cut() -> None:
    rows = chain(4)
    assert found(rows, posted=replace(head(rows[-1]), mac_start="0" * 32)) == ["other_chain:4"]


def test_an_installation_may_stand_without_the_number_of_its_start() -> None:
    first, own = chain(2), "a" * 32
    posted = {"head": head_text(replace(head(first[-1]), installation=own)), "seq": 2}
    rows = signed([*(dict(row.entry) for row in first), entry(3, HEAD_POSTED) | {"details": json.dumps(posted)}])
    later = replace(head(rows[-1]), seq=9)
    assert found(rows, posted=replace(later, installation=own)) == ["tail_cut:4"]
    assert found(rows, posted=replace(later, installation=f"{own}:2")) == ["tail_cut:4"]
    assert found(rows, posted=replace(later, installation="b" * 32)) == ["other_installation:9"]


def test_a_head_of_another_installation_is_said_to_be_that_and_not_a_cut() -> None:
    """The signed entries about posted heads say of which installation the log is."""
    own, other = "a" * 32, "b" * 32
    first = chain(2)
    posted = {"head": head_text(replace(head(first[-1]), installation=f"{own}:3")), "seq": 2}
    entries = [*(dict(row.entry) for row in first), entry(3, HEAD_POSTED) | {"details": json.dumps(posted)}]
    rows = signed([*entries, entry(4)])
    for seq in (3, 4, 9):
        foreign = replace(head(rows[-1]), seq=seq, mac_start="0" * 32, installation=f"{other}:1")
        assert found(rows, posted=foreign) == [f"other_installation:{seq}"]
        assert found(rows[:3], posted=foreign, newest=4) == [f"other_installation:{seq}", "tail_cut:4"]
    later = replace(head(rows[-1]), seq=9, installation=f"{own}:7")
    assert found(rows, posted=later) == ["tail_cut:5"]
    assert found(rows, posted=replace(later, installation="")) == ["tail_cut:5"]
    assert found(rows, posted=replace(head(rows[-1]), installation=f"{other}:1")) == [], "the entry itself is proof"


@pytest.mark.parametrize("details", [None, "{}", '{"head": 7}', '{"head": "gatehouse-audit-1:1"}'])
def test_an_entry_about_a_posted_head_without_an_installation_says_of_none(details: str | None) -> None:
    rows = signed([entry(1, HEAD_POSTED) | {"details": details}, entry(2)])
    foreign = replace(head(rows[-1]), seq=9, installation=f"{'b' * 32}:1")
    assert found(rows, posted=foreign) == ["tail_cut:3"]
