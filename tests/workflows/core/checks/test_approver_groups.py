"""A group that keeps a role: whose members cannot decide, and why."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, RILEY, SAM
from workflows.core.checks.approver_groups import ApproverGroup, GroupProblem, group_problem

GROUP = ApproverGroup(id="g-1", name="On call", is_public=False, shows_owners=True, owners=frozenset({AMARA.id}))


@pytest.mark.parametrize(
    ("group", "problem", "owner"),
    [
        (replace(GROUP, is_public=True), GroupProblem.PUBLIC, ""),
        (replace(GROUP, shows_owners=False), GroupProblem.OWNERS_UNREADABLE, ""),
        (replace(GROUP, owners=frozenset({AMARA.id, SAM.id})), GroupProblem.OWNED, SAM.name),
    ],
)
def test_a_group_that_anybody_of_the_request_could_fill_decides_nothing(
    group: ApproverGroup, problem: GroupProblem, owner: str
) -> None:
    found = group_problem(["g-1"], [group], [RILEY, SAM])
    assert found is not None
    assert found.values == {"group": "On call", "problem": problem, "owner": owner}


KEPT_ELSEWHERE = replace(GROUP, shows_owners=False, is_synchronized=True, owners=frozenset())


def test_a_synchronized_group_decides_only_where_it_was_accepted() -> None:
    assert group_problem(["g-1"], [KEPT_ELSEWHERE], [RILEY], ["g-1"]) is None
    assert group_problem(["g-1"], [KEPT_ELSEWHERE], [RILEY], ["g-2"]) is not None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_public": True}, GroupProblem.PUBLIC),
        ({"is_synchronized": False}, GroupProblem.OWNERS_UNREADABLE),
        ({"owners": frozenset({RILEY.id})}, GroupProblem.OWNED),
    ],
)
def test_nothing_else_is_accepted(changes: dict[str, Any], problem: GroupProblem) -> None:
    """Neither a group that everybody can join, nor a distribution list, nor one that a person of the request owns."""
    found = group_problem(["g-1"], [replace(KEPT_ELSEWHERE, **changes)], [RILEY], ["g-1"])
    assert found is not None
    assert found.values["problem"] == problem


def test_a_group_that_others_own_decides() -> None:
    assert group_problem(["g-1"], [GROUP], [RILEY, SAM]) is None
    assert group_problem([], [], [RILEY]) is None


def test_a_group_that_is_not_there_decides_nothing() -> None:
    found = group_problem(["g-1", "g-2"], [GROUP], [RILEY])
    assert found is not None
    assert found.values == {"group": "g-2", "problem": GroupProblem.MISSING, "owner": ""}
