"""Finds the names of tenants in what people paste: web and mail addresses, chat markup, sentences. Pure.

Nothing is judged here. What comes out still has to be a company's domain (`target`).
"""

import re
from collections.abc import Iterator
from typing import Final

_LINK: Final = re.compile(r"<((?:https?://|mailto:)[^<>|\s]+)(?:\|([^<>]*))?>")
"""A link as a chat writes it: the address, then perhaps the text that is shown for it."""
_SCHEME: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//")
_MAIL: Final = "mailto:"
_APART: Final = re.compile(r"""[\s<>"“”„«»‹›`]+""")
"""What stands between words and inside no address."""
_JOINED: Final = re.compile(r"[,;|()\[\]'‘’]+")
"""What also stands between words, but inside web addresses too."""
_POSSESSIVE: Final = re.compile(r"['’]s$")
_EMPHASIS: Final = re.compile(r"([*_~])([^*_~].*)\1")
_BEHIND: Final = ".,;:!?)]}"
_DOTS: Final = str.maketrans("。．｡", "...")
"""Dots that domain names are typed with in other scripts (UTS #46)."""
_PORT: Final = re.compile(r":\d{1,5}$")
_GUID: Final = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""A closing brace is cut off before."""
_INITIAL: Final = re.compile(r"[^.@]*(?:\.[^.@]+)*\.[a-z]")
"""Like "e.g" or "J.R": no top-level domain has one letter."""


MOST: Final = 1000
"""Characters. A longer text is no name with a few words around it."""


def names_in(text: str) -> tuple[str, ...]:
    """List the hosts of addresses, the domains and the tenant ids in a text, each once, in their order.

    A text without any is given back whole, so that what is wrong with it can be said. The text that a link shows counts
    as part of the text: where it names another domain than the address behind it, both are listed.

    :param text: in lower case, on one line.
    """
    if len(text) > MOST:
        return (text,)
    found = tuple(dict.fromkeys(name for word in _words(text) if (name := _name_of(word))))
    return found or (text,)


def _words(text: str) -> Iterator[str]:
    plain = _LINK.sub(lambda link: f" {link[1]} {_shown(link[2])} ", text).translate(_DOTS)
    # A chat escapes these three and nothing else (source: its "Formatting text for app surfaces").
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for word in (one.removeprefix(_MAIL) for one in _APART.split(plain)):
        parts = [part for part in _JOINED.split(_POSSESSIVE.sub("", word)) if part]
        # A list without spaces. Where a part is no name, "con,toso.com" is one word with a slip of the finger in it.
        is_list = not _SCHEME.match(word) and all(map(_name_of, parts))
        yield from parts if is_list else (word,)


def _shown(label: str | None) -> str:
    """Return the text of a link where an address may stand in it."""
    return label if label and "." in label else ""


def _name_of(word: str) -> str:
    """Return the domain or tenant id that a word is; empty where it is neither."""
    if emphasized := _EMPHASIS.fullmatch(word):
        word = emphasized[2]
    address = _SCHEME.match(word)
    host = re.split(r"[/\\?#]", word[address.end() :] if address else word)[0].rpartition("@")[2].rstrip(_BEHIND)
    host = _PORT.sub("", host)
    if guid := _GUID.fullmatch(host):
        return guid[1]
    return "" if "." not in host or _INITIAL.fullmatch(host) else host
