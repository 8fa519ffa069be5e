"""How tests are spread over forked workers."""

from collections import deque

from tests.workers.supply import Supply, Unit


def units(*tests: str, whole: str = "") -> list[Unit]:
    """A unit for each word; a test is the code of its letter."""
    made = [Unit(deque(map(ord, word))) for word in tests]
    return [Unit(deque(map(ord, word)), is_whole=True) for word in whole.split()] + made


def taken(supply: Supply, *workers: int) -> str:
    """Let workers take a test each, in this order; a dot where there is none."""
    return "".join("." if (test := supply.next_for(worker)) is None else chr(test) for worker in workers)


def test_a_worker_stays_in_its_file_and_then_takes_the_next_one() -> None:
    assert taken(Supply(units("abc", "de", "f")), 0, 1, 0, 1, 0, 1) == "adbecf"


def test_where_no_file_is_left_a_worker_takes_the_rear_half_of_the_longest() -> None:
    supply = Supply(units("abcdefg", "vw"))
    assert taken(supply, 0, 1) == "av"
    assert taken(supply, 1, 1, 1, 1, 1) == "wefgc", "half of bcdefg, then the larger half of bcd"
    assert taken(supply, 0, 0, 0, 1) == "bd.."


def test_a_group_is_not_divided() -> None:
    supply = Supply(units("xyz", whole="abc"))
    assert taken(supply, 0, 1, 1, 1) == "axyz"
    assert taken(supply, 1, 0, 1, 0, 0, 1) == ".b.c.."


def test_what_a_worker_did_not_run_is_taken_first() -> None:
    supply = Supply(units("abcd", "xy"))
    assert taken(supply, 0, 0) == "ab"
    supply.give_back(0, [ord("b")])
    assert taken(supply, 1, 1, 1, 1, 1) == "bcdxy"


def test_a_worker_without_a_unit_gives_nothing_back() -> None:
    supply = Supply(units("a"))
    assert taken(supply, 0, 1) == "a."
    supply.give_back(0, [])
    assert taken(supply, 2) == "."
