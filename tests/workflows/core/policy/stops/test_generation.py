"""Which records these are: what is told apart when they are compared with what is known outside of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import NOW
from workflows.core.policy.stops.generation import (
    OLD_CLICKS_REFUSED_FOR,
    Generation,
    Hold,
    HoldCause,
    InsideGeneration,
    OutsideGeneration,
    hold_of,
    is_installation,
    is_sent_before_hold,
    next_generation,
)

HERE, THERE = "a" * 32, "b" * 32


def generation(number: int, token: str = "1", installation: str = HERE) -> Generation:
    """One start, with a token of 16 equal digits; none for an empty one."""
    return Generation(installation=installation, number=number, token=token * 16)


def inside(of: Generation | None, *, has_last_entry: bool = True, is_other_there: bool = False) -> InsideGeneration:
    """What the records say."""
    return InsideGeneration(generation=of, has_last_entry=has_last_entry, is_other_file_there=is_other_there)


def outside(number: int, token: str = "1", **more: object) -> OutsideGeneration:
    """What is known outside."""
    known = OutsideGeneration(generation=generation(number, token))
    return replace(known, **more)  # type: ignore[arg-type]


def cause(records: InsideGeneration, known: OutsideGeneration | None) -> HoldCause | None:
    """Why a start is held."""
    hold = hold_of(records, known, last_ran_at=NOW)
    return None if hold is None else hold.cause


@pytest.mark.threats("G8")
@pytest.mark.parametrize(
    ("records", "known", "expected"),
    [
        (inside(None), None, None),
        (inside(generation(5)), outside(5), None),
        (inside(generation(6)), outside(5, taking=generation(6)), None),
        (inside(generation(5)), outside(5, taking=generation(6, "2")), None),
        (inside(generation(9)), outside(5, "", is_fixed=True), None),
        (inside(generation(5)), outside(5, ""), None),
        (inside(None), outside(0), None),
        (inside(generation(4)), outside(5), HoldCause.RESTORED),
        (inside(generation(5), has_last_entry=False), outside(5), HoldCause.RESTORED),
        (inside(generation(4)), outside(5, "", is_fixed=True), HoldCause.RESTORED),
        (inside(generation(5, "2")), outside(5), HoldCause.FORKED),
        (inside(generation(6)), outside(5), HoldCause.FORKED),
        (inside(generation(6, "2")), outside(5, taking=generation(6)), HoldCause.FORKED),
        (inside(generation(5), is_other_there=True), outside(5), HoldCause.COPIED),
        (inside(generation(5)), outside(5, is_handed_over=True), HoldCause.HANDED_OVER),
        (inside(generation(5, installation=THERE)), outside(5), HoldCause.OTHER_INSTALLATION),
        (inside(generation(5)), None, HoldCause.NOT_HANDED_OVER),
        (inside(None), outside(5), HoldCause.RECORDS_LOST),
        (inside(None), outside(0, last_entry="k"), HoldCause.RECORDS_LOST),
        (inside(None), outside(0, is_handed_over=True), HoldCause.RECORDS_LOST),
    ],
)
def test_a_restore_a_copy_a_fork_and_other_records_are_told_apart(
    records: InsideGeneration, known: OutsideGeneration | None, expected: HoldCause | None
) -> None:
    assert cause(records, known) is expected


def test_a_hold_says_what_was_compared_and_a_release_counts_for_the_same_two_places() -> None:
    hold = hold_of(inside(generation(4)), outside(5, last_entry="k"), last_ran_at=NOW)
    assert hold == Hold(
        cause=HoldCause.RESTORED,
        inside=f"{HERE}:4:{'1' * 16}",
        outside=f"{HERE}:5:{'1' * 16}",
        last_entry="k",
        last_ran_at=NOW,
    )
    assert hold is not None
    assert hold.is_same_as(replace(hold, last_ran_at=None))
    for other in ({"cause": HoldCause.FORKED}, {"inside": "x"}, {"outside": "x"}, {"last_entry": "x"}):
        assert not hold.is_same_as(replace(hold, **other))
    empty = hold_of(inside(generation(1)), None, last_ran_at=None)
    assert empty is not None
    assert (empty.outside, empty.last_entry, empty.last_ran_at) == ("", "", None)
    lost = hold_of(inside(None), outside(1), last_ran_at=None)
    assert lost is not None
    assert lost.inside == ""


def test_each_start_takes_a_number_that_no_place_has() -> None:
    def taken(records: Generation | None, known: OutsideGeneration | None) -> str:
        return next_generation(records, known, new_installation=THERE, token="3" * 16).stored

    assert taken(None, None) == f"{THERE}:1:{'3' * 16}"
    assert taken(generation(5), outside(5)) == f"{HERE}:6:{'3' * 16}"
    assert taken(generation(5), outside(5, taking=generation(6))) == f"{HERE}:7:{'3' * 16}"
    assert taken(generation(4), outside(9)) == f"{HERE}:10:{'3' * 16}"
    assert taken(generation(4), None) == f"{HERE}:5:{'3' * 16}"
    assert taken(None, outside(3)) == f"{HERE}:4:{'3' * 16}"
    assert taken(generation(8, installation=THERE), outside(3)) == f"{HERE}:4:{'3' * 16}", "of what was here"


def test_a_generation_is_written_and_read_again() -> None:
    for one in (generation(0, ""), generation(7), generation(123_456_789_012, "")):
        assert Generation.parse(f" {one.stored}\n") == one
    assert generation(7).public == f"{HERE}:7"
    assert generation(7, "").stored == generation(7).public
    assert (is_installation(HERE), is_installation("A" * 32), is_installation("a" * 31)) == (True, False, False)
    for wrong in ("", HERE, f"{HERE}:", f"{HERE}:-1", f"{HERE}:01", f"{HERE[1:]}:1", f"{HERE}:1:abc", f"x{HERE}:1"):
        with pytest.raises(ValueError, match="must look like"):
            Generation.parse(wrong)


@pytest.mark.threats("G8")
def test_what_was_sent_before_a_held_start_is_refused_for_ten_minutes() -> None:
    before, minute = NOW - timedelta(seconds=1), timedelta(minutes=1)
    assert timedelta(minutes=10) == OLD_CLICKS_REFUSED_FOR
    assert is_sent_before_hold(before, NOW, NOW)
    assert is_sent_before_hold(before, NOW, NOW + 10 * minute - timedelta(seconds=1))
    assert not is_sent_before_hold(before, NOW, NOW + 10 * minute)
    assert not is_sent_before_hold(NOW, NOW, NOW + minute)
    assert not is_sent_before_hold(before, NOW, NOW - minute), "the clock was set back: its signature is too old then"
