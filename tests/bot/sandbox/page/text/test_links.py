"""Slack's own links lead to a place on the page; every other address that may be linked leaves it."""

import pytest
from markupsafe import Markup

from bot.sandbox.page.text.links import link, location_of_link, with_links

TEAM = "team=T0WOODGROVE"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"slack://app?{TEAM}&id=A0GATEHOUSE&tab=home", "home"),
        (f"slack://app?{TEAM}&id=A0GATEHOUSE", "home"),
        (f"SLACK://app?{TEAM}&id=A0GATEHOUSE&tab=messages", "dm"),
        (f"slack://user?{TEAM}&id=U0GATEHOUSE", "dm"),
        (f"slack://channel?{TEAM}&id=C0PARTNERAC", "partner-access"),
        (f"slack://channel?{TEAM}&id=C0NOWHERE00", ""),
        (f"slack://user?{TEAM}&id=U0ADMIN0001", ""),
        (f"slack://app?{TEAM}&id=A0OTHERAPP0", ""),
        ("slack://app?team=T0OUTSIDE1&id=A0GATEHOUSE", ""),
        ("slack://open", ""),
        ("slack://[", ""),
        (f"https://app?{TEAM}&id=A0GATEHOUSE", ""),
    ],
)
def test_the_place_of_a_link(url: str, place: str) -> None:
    assert location_of_link(url) == place


def test_a_place_that_is_not_here_is_shown_as_the_label() -> None:
    assert link("slack://open", Markup("Open Slack")) == "Open Slack"
    assert link("javascript:alert(1)", Markup("press")) == "press"
    assert link(f"slack://app?{TEAM}&id=A0GATEHOUSE\n", Markup("x")) == "x"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("no address: example.com", []),
        ("(https://x.example/a).", ["https://x.example/a"]),
        ("HTTP://x.example, http://y.example!", ["HTTP://x.example", "http://y.example"]),
        ("https://x.example/<b>", ["https://x.example/"]),
        ("javascript://x.example", []),
    ],
)
def test_addresses_in_a_text_are_links(text: str, urls: list[str]) -> None:
    shown = with_links(text)
    assert shown.count("<a ") == len(urls)
    assert all(f'<a href="{url}" ' in shown for url in urls)
    assert shown.striptags() == text
