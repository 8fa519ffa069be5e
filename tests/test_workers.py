"""How the tests are spread over the workers."""

import pytest


@pytest.mark.xdist_group("together")
def test_tests_of_a_group_run_in_one_worker(request: pytest.FixtureRequest, worker_id: str) -> None:
    """Otherwise each worker starts the sandbox or the browser that a group shares.

    pytest-xdist tells its scheduler the group by the end of the test's ID. With one process there is nothing to spread.
    """
    assert worker_id == "master" or request.node.nodeid.endswith("@together")
