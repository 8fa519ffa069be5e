"""The statistics of the benchmarks."""

import pytest

from tests.bench.stage.statistics import Pairs, median, milliseconds, percentile, rounded


def test_the_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, one) for one in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([3.0], 99) == 3.0
    assert percentile([5.0, 1.0], 0) == 1.0


def test_the_ratio_is_that_of_the_medians_and_the_spread_that_of_the_pairs() -> None:
    pairs = Pairs(ours=[2.0, 30.0, 4.0], others=[1.0, 10.0, 4.0])
    assert pairs.ratio == 1.0
    assert pairs.spread == (1.0, 3.0)


def test_nothing_measured_is_no_result() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        median([])
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 99)


def test_numbers_say_no_more_than_was_measured() -> None:
    assert milliseconds(0.0123456) == 12.35
    assert rounded({"ratio": 1.23456, "count": 3, "of": "what"}) == {"ratio": 1.235, "count": 3, "of": "what"}
