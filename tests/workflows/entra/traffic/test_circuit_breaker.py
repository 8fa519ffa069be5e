"""A service that does not answer is not called, and is tried with one request at a time."""

from dataclasses import dataclass

import pytest

from workflows.entra.transport.traffic.circuit_breaker import (
    FAILURES_TO_OPEN,
    LONGEST_OPEN_SECONDS,
    OPEN_SECONDS,
    CircuitBreaker,
    CircuitState,
)


@dataclass(slots=True)
class Clock:
    """A clock that is moved by hand."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def opened(clock: Clock) -> CircuitBreaker:
    """Return a circuit breaker that has just opened."""
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.is_passable
        breaker.begin()
        breaker.failed()
    assert (breaker.state, breaker.is_passable) == (CircuitState.OPEN, False)
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    opened(Clock())
    breaker = CircuitBreaker(Clock())
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            breaker.failed()
        breaker.succeeded()
    assert breaker.state is CircuitState.CLOSED


def test_one_request_tries_it_and_a_success_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds = OPEN_SECONDS - 1
    assert not breaker.is_passable
    clock.seconds = OPEN_SECONDS
    assert breaker.is_passable
    breaker.begin()
    assert (breaker.state, breaker.is_passable) == (CircuitState.HALF_OPEN, False)
    breaker.succeeded()
    assert (breaker.state, breaker.is_passable) == (CircuitState.CLOSED, True)


def test_each_try_that_fails_doubles_the_pause_up_to_a_limit() -> None:
    clock = Clock()
    breaker, pauses = opened(clock), []
    for _ in range(4):
        clock.seconds += breaker.seconds_left
        breaker.begin()
        breaker.failed()
        pauses.append(breaker.seconds_left)
    assert pauses == [60.0, 120.0, LONGEST_OPEN_SECONDS, LONGEST_OPEN_SECONDS]


def test_a_try_that_nobody_waited_for_lets_the_next_one_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds = OPEN_SECONDS
    breaker.begin()
    breaker.ended()
    assert breaker.is_passable


@pytest.mark.parametrize("back", [-10 * LONGEST_OPEN_SECONDS, -1e9])
def test_a_clock_that_was_set_back_keeps_no_service_closed(back: float) -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds = back
    assert breaker.is_passable
