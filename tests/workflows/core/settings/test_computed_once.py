"""What is computed from one immutable object is computed once; another object is computed anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import rfc8785

from tests.workflows.core.builders import request
from workflows.core.plans import changes
from workflows.core.plans.changes import plan_access_change, setting_changes
from workflows.core.policy.risk import risk_for_approval, risk_of
from workflows.core.settings.canonical import computed_once


@pytest.fixture
def counted() -> tuple[list[object], Callable[[object], int]]:
    """A function that is computed once, and what it was computed from."""
    seen: list[object] = []

    @computed_once
    def length(subject: object) -> int:
        seen.append(subject)
        return len(str(subject))

    return seen, length


def test_the_same_object_is_computed_once(counted: tuple[list[object], Callable[[object], int]]) -> None:
    seen, length = counted
    subject = [1, 2]
    assert (length(subject), length(subject)) == (6, 6)
    assert len(seen) == 1


def test_an_equal_object_is_another_one(counted: tuple[list[object], Callable[[object], int]]) -> None:
    """A record that was read again from the store may have been changed there."""
    seen, length = counted
    assert length([1]) == length([1])
    assert len(seen) == 2


def test_few_objects_are_remembered(counted: tuple[list[object], Callable[[object], int]]) -> None:
    seen, length = counted
    subjects = [[number] for number in range(100)]
    for subject in subjects:
        length(subject)
    length(subjects[-1])
    assert len(seen) == 100
    length(subjects[0])
    assert len(seen) == 101


def test_as_many_as_are_made_at_the_same_time_are_remembered(
    counted: tuple[list[object], Callable[[object], int]],
) -> None:
    seen, length = counted
    subjects = [[number] for number in range(50)]
    for subject in (*subjects, *subjects):
        length(subject)
    assert len(seen) == 50


def test_with_another_second_argument_it_is_computed_again() -> None:
    seen = []

    @computed_once
    def both(one: object, other: object = None) -> None:
        seen.append((one, other))

    one = object()
    for _ in range(2):
        both(one)
        both(one, seen)
    both(one, other=seen)
    both(one, other=seen)
    assert len(seen) == 4


def test_an_error_is_not_remembered() -> None:
    tries = []

    @computed_once
    def fails(one: object) -> None:
        tries.append(one)
        raise ValueError("not possible")

    for _ in range(2):
        with pytest.raises(ValueError, match="not possible"):
            fails(tries)
    assert len(tries) == 2


def test_the_parts_of_a_card_compute_the_digest_and_the_changes_of_a_plan_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(request().plan)
    made, compared = [], []
    dumps, of = rfc8785.dumps, changes.BeforeAfter.of
    monkeypatch.setattr(rfc8785, "dumps", lambda document: made.append(document) or dumps(document))  # type: ignore[func-returns-value]
    monkeypatch.setattr(
        changes.BeforeAfter,
        "of",
        lambda plan, default: compared.append(plan) or of(plan, default),  # type: ignore[func-returns-value]
    )
    default = {"a": 1}
    for _ in range(5):
        assert plan.digest
        setting_changes(plan, default)
        risk_of(plan, default)
        risk_for_approval(plan, default)
        plan_access_change(plan, default)
    # Compared once with the default, and once without it, for the question whether the plan only reduces access.
    assert (len(made), sum(one is plan for one in compared)) == (1, 2)
    assert replace(plan, edition=plan.edition + 1).digest != plan.digest
