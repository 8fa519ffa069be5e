"""One headless Chromium for all tests of a process that need one."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IS_OPTIONAL: Final = CHROMIUM is None and not os.environ.get("CI")
SKIP_REASON: Final = "no Chromium on this machine: apt-get install chromium"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
)
PICTURES: Final = os.environ.get("GATEHOUSE_PICTURES")
"""The folder for the README's pictures; None when none are made."""
SHARPNESS: Final = 1.5 if PICTURES else 1
"""Pixels of a picture for each CSS pixel."""
_PROGRAMS: Final = (
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
)
_READ_AT_ONCE: Final = 4_000_000


@asynccontextmanager
async def started_browser() -> AsyncIterator["Browser"]:
    """Start Chromium, and end it afterwards.

    :raises AssertionError: there is none.
    """
    from playwright.async_api import async_playwright

    assert CHROMIUM is not None, "CI needs Chromium; .ci/run installs it"
    await asyncio.to_thread(_read_ahead)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def as_new(page: "Page", width: int, height: int, *, is_still: bool = False) -> AsyncIterator["Page"]:
    """Lend a page that is as good as a new one, and assert afterwards that its script made no error.

    A new page costs Chromium three new processes: more processor time than most tests. What a test can leave behind in
    a page is set again here; Gatehouse's page stores nothing in the browser.

    :param is_still: for a person who wants no animations.
    """
    problems: list[str] = []

    def on_error(error: object) -> None:
        problems.append(str(error))

    def on_note(note: "ConsoleMessage") -> None:
        if "Content Security" in note.text:
            problems.append(note.text)

    await page.context.clear_cookies()
    await page.set_viewport_size({"width": width, "height": height})
    await page.emulate_media(color_scheme="light", reduced_motion="reduce" if is_still else "no-preference")
    await page.mouse.move(0, 0)
    page.on("pageerror", on_error)
    page.on("console", on_note)
    try:
        yield page
        await page.goto("about:blank")
    finally:
        page.remove_listener("pageerror", on_error)
        page.remove_listener("console", on_note)
    assert problems == []


def _read_ahead() -> None:
    """Read the programs from the disk in order, once.

    Otherwise a first start reads 450 MB page by page in the order of use: ten seconds instead of two.
    """
    import playwright

    driver = Path(playwright.__file__).parent / "driver" / "node"
    for program in (driver, *map(Path, _PROGRAMS)):
        if program.is_file():
            with program.open("rb", buffering=0) as file:
                while file.read(_READ_AT_ONCE):
                    pass
