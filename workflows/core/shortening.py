"""Find where a long text may be cut: never inside an ID, whose rest nobody could guess."""

import re
from typing import Final

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LENGTH: Final = 36


def place_to_cut(text: str, most: int) -> int:
    """Give the last place, at `most` or before it, that is not inside an ID."""
    for found in _ID.finditer(text, max(0, most - _LENGTH), most + _LENGTH):
        if found.start() < most < found.end():
            return found.start()
    return most
