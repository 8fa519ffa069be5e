"""The README's pictures, made while a story is played: `GATEHOUSE_PICTURES` names their folder, else there are none."""

import os
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Locator, Page

FOLDER: Final = os.environ.get("GATEHOUSE_PICTURES")
SHARPNESS: Final = 1.5 if FOLDER else 1
"""Pixels of a picture for each CSS pixel."""
_COLOURS: Final = 128
_CARD: Final = (1400, 900)
_WIDE: Final = (1320, 800)


class Pictures:
    """Takes pictures of a page; without a folder for them it does nothing."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def card(self, name: str) -> None:
        """Take a picture of the newest message."""
        await self._taken(name, _CARD, self._page.get_by_test_id("message").last)

    async def home(self, name: str) -> None:
        """Take a picture of the home."""
        await self._taken(name, _CARD, self._page.get_by_test_id("home-view"))

    async def workspace_and_tenant(self, name: str) -> None:
        """Take a picture of the conversation with the tenant beside it."""
        await self._taken(name, _WIDE, self._page.locator(".stage"))

    async def _taken(self, name: str, size: tuple[int, int], part: Locator) -> None:
        if FOLDER is None:
            return
        before = self._page.viewport_size
        await self._page.set_viewport_size({"width": size[0], "height": size[1]})
        await self._page.get_by_test_id("tenant").evaluate("node => node.scrollTo(0, 0)")
        await self._page.mouse.move(0, 0)
        await self._page.wait_for_timeout(300)
        _save(await part.screenshot(), Path(FOLDER) / f"{name}.png")
        if before is not None:
            await self._page.set_viewport_size(before)


def _save(shot: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(BytesIO(shot)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
