"""Somebody who has only a keyboard. Nothing here clicks, and nothing sets the focus."""

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

MAX_TAB_STOPS = 90
_STOP = """wanted => {
  const at = document.activeElement;
  if (!at || at === document.body) return {isReached: false, fault: ""};
  const shown = at.closest(".composer") || at;
  const style = getComputedStyle(shown);
  const hasRing = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return {isReached: at === wanted, fault: hasRing ? "" : `no ring: ${at.outerHTML.slice(0, 120)}`};
}"""


@dataclass
class Keyboard:
    """The keys of a page, each stop of the focus checked for its ring."""

    page: Page

    async def press(self, *keys: str) -> None:
        """Press one key after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        """Type a text where the focus is."""
        await self.page.keyboard.type(text)

    async def tab_to(self, wanted: Locator, *, back: bool = False) -> None:
        """Press Tab, or Shift+Tab, until an element has the focus.

        :raises AssertionError: when the element cannot be focused, or a focused element on the way has no focus ring.
        """
        await expect(wanted).to_be_visible()
        for _ in range(MAX_TAB_STOPS):
            stop = await wanted.evaluate(_STOP)
            assert not stop["fault"], stop["fault"]
            if stop["isReached"]:
                return
            await self.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab does not reach {wanted}")

    async def press_on(self, wanted: Locator, key: str = "Enter", *, back: bool = False) -> None:
        """Go to an element and press a key there."""
        await self.tab_to(wanted, back=back)
        await self.press(key)
