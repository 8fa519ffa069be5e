"""The exit statuses of `gatehouse revoke` and `gatehouse suspend`. docs/closing.md lists them."""

from typing import Final

CLOSED: Final = 0
"""The block was read back, and nothing else is open. Of a dry run and a drill: every step worked."""
NOT_DONE: Final = 1
"""Refused, not confirmed by typing, or not possible: nothing was stored or written. Or the request ended otherwise."""
NOT_CONFIRMED: Final = 3
"""Stored, and perhaps sent; not read back yet. It goes on."""
BY_HAND: Final = 4
"""The records cannot be used, so nothing was written. The calls to close the partner by hand were printed."""
NOT_ALL_CLOSED: Final = 5
"""The block was read back, and other access is open or not known."""
