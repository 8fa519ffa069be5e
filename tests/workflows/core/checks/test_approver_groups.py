"""A group that keeps a role: whose members cannot decide, and why."""

from dataclasses import replace

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


def test_a_group_that_others_own_decides() -> None:
    assert group_problem(["g-1"], [GROUP], [RILEY, SAM]) is None
    assert group_problem([], [], [RILEY]) is None


def test_a_group_that_is_not_there_decides_nothing() -> None:
    found = group_problem(["g-1", "g-2"], [GROUP], [RILEY])
    assert found is not None
    assert found.values == {"group": "g-2", "problem": GroupProblem.MISSING, "owner": ""}
