"""Which Latin letters a character looks like, by Unicode's list of similar characters (UTS #39).

The package confusable-homoglyphs keeps its whole list in memory, seven megabytes, from its import on. Only the
characters that look like a Latin letter or a digit are needed. They are read once, at the first question or by
`load_prototypes`.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from confusable_homoglyphs import categories

_LIST: Final = Path(categories.__file__).with_name("confusables.json")


@cache
def load_prototypes() -> Mapping[str, str]:
    """Return the letters for each character that looks like some, the same object each time."""
    everything: Mapping[str, Sequence[Mapping[str, str]]] = json.loads(_LIST.read_text("utf-8"))
    others = {text: alike for text, alike in everything.items() if len(text) == 1 and not text.isascii()}
    similar = {character: _latin(alike) for character, alike in others.items()}
    return {character: latin for character, latin in similar.items() if latin}


def _latin(alike: Sequence[Mapping[str, str]]) -> str:
    """Return the first Latin letters or digits of those that look alike; empty when there are none."""
    texts = (character["c"] for character in alike)
    return min((text for text in texts if text.isascii() and text.isalnum()), default="").lower()
