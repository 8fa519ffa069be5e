"""Commands that run in this process."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_of_this_process() -> Iterator[None]:
    """Restore this process's logs: a command that runs here writes them to a stream that is closed later."""
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)
