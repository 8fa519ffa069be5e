"""The README's pictures, made while a story is played: `GATEHOUSE_PICTURES` names their folder, else there are none."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps
from playwright.async_api import Locator, Page

from tests.warm.browser import PICTURES

_COLOURS: Final = 128
_FRAME: Final = 2
_FRAME_COLOUR: Final = "#c3ccc8"
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
        if PICTURES is None:
            return
        before = self._page.viewport_size
        await self._page.set_viewport_size({"width": size[0], "height": size[1]})
        await self._page.get_by_test_id("tenant").evaluate("node => node.scrollTo(0, 0)")
        await self._page.mouse.move(0, 0)
        await self._page.wait_for_timeout(300)
        _save(await part.screenshot(), Path(PICTURES) / f"{name}.png")
        if before is not None:
            await self._page.set_viewport_size(before)


def _save(shot: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    framed = ImageOps.expand(Image.open(BytesIO(shot)).convert("RGB"), border=_FRAME, fill=_FRAME_COLOUR)
    framed.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
