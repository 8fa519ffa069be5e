"""Whether enough people can complete a chain, each of them in one stage."""

from itertools import permutations, product

import pytest

from workflows.app.approvers.possible_chain import Free, people_left
from workflows.core.people import ChatId


def free(count: int, names: str) -> Free:
    return count, frozenset(map(ChatId, names))


@pytest.mark.parametrize(
    ("stages", "lacking"),
    [
        ([free(1, "a"), free(2, "bc")], None),
        ([free(1, "ab"), free(1, "a")], None),
        ([free(1, "a"), free(1, "a")], (1, 0)),
        ([free(1, "ab"), free(1, "ab"), free(1, "ab")], (2, 0)),
        ([free(2, "a")], (0, 1)),
        ([free(1, "")], (0, 0)),
        ([free(1, "abc"), free(1, "a"), free(1, "b")], None),
        ([free(1, "ab"), free(1, "bc"), free(1, "b")], None),
    ],
)
def test_people_are_moved_to_the_stage_where_they_are_needed(
    stages: list[Free], lacking: tuple[int, int] | None
) -> None:
    assert people_left(stages) == lacking


def test_it_agrees_with_trying_every_order_of_people() -> None:
    """Three people in two stages: whoever can be chosen one after the other completes it."""
    groups = ["", "a", "b", "ab", "bc", "abc"]
    for (one, first), (other, second) in product(product((1, 2), groups), repeat=2):
        stages = [free(one, first), free(other, second)]
        possible = any(
            set(order[:one]) <= set(first) and set(order[one : one + other]) <= set(second)
            for order in permutations("abcd")
            if one + other <= 4
        )
        assert (people_left(stages) is None) is possible, stages
