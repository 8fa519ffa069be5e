"""The sandbox's page in a real browser, for the stories that people play with mouse and keyboard."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.bot.sandbox.page.accessibility import SIZES
from tests.scenarios.stage import UNLIMITED, Stage, running_stage
from tests.waiting import LONGEST_WAIT
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new

IN_BROWSER: Final = [
    pytest.mark.story,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(IS_OPTIONAL, reason=SKIP_REASON),
]
"""The marks of every such story."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for the stories of a file; each has its own partner."""
    data = tmp_path_factory.mktemp("browser") / "data"
    async with running_stage(Stage(data=data, warm=True, environment=UNLIMITED)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Page, stage: Stage) -> AsyncIterator[Page]:
    """The sandbox's page; an error in its script fails the test."""
    expect.set_options(timeout=1000 * LONGEST_WAIT)
    async with as_new(tab, *SIZES[0], is_still=True) as page:
        await page.goto(stage.url)
        yield page
