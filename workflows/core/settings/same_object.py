"""Remember what was computed from the last few immutable objects, so that one card computes it once.

A plan is asked for its digest and its changes by every part of a card, and by every check of a decision. Objects are
compared by identity: another object, such as one that was read from the store again, is computed again.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

_REMEMBERED: Final = 16
"""How many results are remembered, for each function."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def computed_once(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return a function that computes its result once for each of the last few lists of arguments.

    NB. only for arguments that nothing changes, and for results that nothing changes. With named arguments
    nothing is remembered.
    """
    # Replaced as a whole, so that threads need no lock: at worst one of them computes a result again.
    known: tuple[tuple[tuple[Any, ...], Result], ...] = ()

    @wraps(function)
    def once(*given: Arguments.args, **named: Arguments.kwargs) -> Result:
        nonlocal known
        if named:
            return function(*given, **named)
        for seen, result in known:
            if len(seen) == len(given) and all(one is other for one, other in zip(seen, given, strict=True)):
                return result
        result = function(*given, **named)
        known = ((given, result), *known[: _REMEMBERED - 1])
        return result

    return once
