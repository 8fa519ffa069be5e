"""What a template says of its chain."""

from dataclasses import replace

from tests.workflows.core.builders import DATA_OWNER, SECURITY, STAGES
from workflows.core.people import ADMIN
from workflows.core.policy.template import roles_of


def test_alternates_are_roles_of_a_chain_as_well() -> None:
    first, *others = STAGES
    assert roles_of((replace(first, alternates=ADMIN), *others)) == (SECURITY, ADMIN, DATA_OWNER)
