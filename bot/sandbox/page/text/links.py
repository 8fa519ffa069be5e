"""Show links: those that leave the page, and Slack's own that lead to a place in the workspace."""

import re
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup, escape

from bot.sandbox import seed
from bot.sandbox.page.text.emoji import with_emoji

LINKABLE = frozenset({"http", "https", "mailto"})

_BARE = re.compile(r"https?://[^\s<>|\"'`*~]+", re.IGNORECASE)
_ENDS_A_SENTENCE = ".,;:!?)]}"
_LINK_IN_NEW_TAB = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
_LINK_ON_PAGE = Markup('<a href="/?channel={}" data-open="{}">{}</a>')
_CHANNELS = {channel.id: channel.name for channel in seed.CHANNELS}


def link(url: str, label: Markup) -> Markup:
    """Return a link, or only its label when the address is not an allowed link.

    An http, https or mailto address opens in another tab; a slack address opens its place on this page.
    """
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return label
    if any(ord(character) < 33 for character in url):
        return label
    if place := location_of_link(url):
        return _LINK_ON_PAGE.format(place, place, label)
    return _LINK_IN_NEW_TAB.format(url, label) if scheme in LINKABLE else label


def location_of_link(url: str) -> str:
    """Return the page location for a `slack://` address; blank when the page has no such location.

    Slack: "Deep linking into Slack". Places: an app's home and messages, the direct messages with it, a channel.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    place_id = query.get("id", "")
    if parts.scheme.lower() != "slack" or query.get("team") != seed.TEAM_ID:
        return ""
    match parts.netloc:
        case "app" if place_id == seed.APP_ID:
            return "dm" if query.get("tab") == "messages" else "home"
        case "user" if place_id == seed.BOT_USER_ID:
            return "dm"
        case "channel":
            return _CHANNELS.get(place_id, "")
        case _:
            return ""


def with_links(text: str) -> Markup:
    """Return text, escaped, with its http and https addresses as links, as Slack shows mrkdwn."""
    pieces: list[Markup] = []
    at = 0
    for match in _BARE.finditer(text):
        url = match[0].rstrip(_ENDS_A_SENTENCE)
        pieces += [escape(with_emoji(text[at : match.start()])), link(url, escape(url))]
        at = match.start() + len(url)
    pieces.append(escape(with_emoji(text[at:])))
    return Markup("").join(pieces)
