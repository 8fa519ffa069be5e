"""Medians, high percentiles, and ratios of what was measured. Nothing here knows what a time is of."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def median(values: Sequence[float]) -> float:
    """Return the median.

    :raises ValueError: when there are no values: a benchmark that measured nothing has no result.
    """
    if not values:
        raise ValueError("nothing was measured")
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the values do not exceed (nearest rank).

    :raises ValueError: when there are no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two things took, measured in turn: the n-th of one and the n-th of the other under the same conditions."""

    ours: Sequence[float]
    others: Sequence[float]

    @property
    def ratio(self) -> float:
        """Return the ratio of the medians."""
        return median(self.ours) / median(self.others)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the quartiles of the ratios pair by pair: how much the ratio depends on the moment."""
        ratios = [one / other for one, other in zip(self.ours, self.others, strict=True)]
        return percentile(ratios, 25), percentile(ratios, 75)


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds, to a hundredth."""
    return round(seconds * 1000, 2)


def rounded(result: Mapping[str, object]) -> dict[str, object]:
    """Return a result with numbers that say no more than was measured."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in result.items()}
