"""Find the domains and tenant ids in pasted text: web addresses, mail addresses, chat markup, sentences. Pure.

The results are not validated here; `target` does that.
"""

import re
from collections.abc import Iterator
from typing import Final

_LINK: Final = re.compile(r"<((?:https?://|mailto:)[^<>|\s]+)(?:\|([^<>]*))?>")
"""A link in chat markup: the address, and optionally its displayed text."""
_SCHEME: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//")
_MAIL: Final = "mailto:"
_APART: Final = re.compile(r"""[\s<>"“”„«»‹›`]+""")
"""Characters between words that no address contains."""
_JOINED: Final = re.compile(r"[,;|()\[\]'‘’]+")
"""Characters between words that web addresses can contain too."""
_POSSESSIVE: Final = re.compile(r"['’]s$")
_EMPHASIS: Final = re.compile(r"([*_~])([^*_~].*)\1")
_BEHIND: Final = ".,;:!?)]}"
_DOTS: Final = str.maketrans("。．｡", "...")
"""Dots of other scripts in domain names (UTS #46)."""
_HYPHEN: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
"""Other hyphens and dashes, as word processors and chats write them."""
_PORT: Final = re.compile(r":\d{1,5}$")
_GUID: Final = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""A closing brace is removed before."""
_INITIAL: Final = re.compile(r"[^.@]*(?:\.[^.@]+)*\.[a-z]")
"""Words like "e.g" or "J.R", which are no domains: no top-level domain has only one letter."""


MAX_CHARACTERS: Final = 1000
"""The most characters of a text in which names are searched."""


def names_in(text: str) -> tuple[str, ...]:
    """List the hosts of addresses, the domains and the tenant ids in a text, each once, in order.

    A text without any is returned unchanged, so that its problem can be reported. When the displayed text of a link
    contains another domain than its address, both are listed.

    :param text: the text, in lower case and on one line.
    """
    if len(text) > MAX_CHARACTERS:
        return (text,)
    names = tuple(dict.fromkeys(name for word in _words(text) if (name := _name_of(word))))
    return names or (text,)


def _words(text: str) -> Iterator[str]:
    plain = _LINK.sub(lambda link: f" {link[1]} {_displayed_text(link[2])} ", text).translate(_DOTS)
    # Only these three characters are escaped in a chat (source: "Formatting text for app surfaces").
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for word in (piece.removeprefix(_MAIL) for piece in _APART.split(plain)):
        parts = [part for part in _JOINED.split(_POSSESSIVE.sub("", word)) if part]
        # A list without spaces, if every part is a name. Otherwise, as in "con,toso.com", it is a typing error.
        is_list = not _SCHEME.match(word) and all(map(_name_of, parts))
        yield from parts if is_list else (word,)


def _displayed_text(label: str | None) -> str:
    """Return the displayed text of a link when it may contain an address."""
    return label if label and "." in label else ""


def _name_of(word: str) -> str:
    """Return the domain or tenant id of a word; empty when it is neither."""
    if emphasized := _EMPHASIS.fullmatch(word):
        word = emphasized[2]
    address = _SCHEME.match(word)
    host = re.split(r"[/\\?#]", word[address.end() :] if address else word)[0].rpartition("@")[2].rstrip(_BEHIND)
    host = _PORT.sub("", host)
    if guid := _GUID.fullmatch(_HYPHEN.sub("-", host)):  # not in a domain, where it would be another one
        return guid[1]
    return "" if "." not in host or _INITIAL.fullmatch(host) else host
