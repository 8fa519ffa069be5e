"""The head of the chain as a short text: it is posted each day, and later compared with the stored entries."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from workflows.core.audit.chain import ChainPoint

HEAD_POSTED: Final = "post_audit_head"
"""The stored name of the entry that says which head was posted. Details: `head`, `seq`."""

_SHOWN_HEX: Final = 32
"""The shown digits of the signature: 128 bits, so that no other chain with the same digits can be found."""
_PATTERN: Final = re.compile(
    r"gatehouse-audit-1:(?P<seq>[1-9][0-9]{0,17}):(?P<mac>[0-9a-f]{32}):(?P<at>[0-9]{8}T[0-9]{6}Z)"
    r"(?::(?P<installation>[A-Za-z0-9-]{1,64}(?::[0-9]{1,18})?))?"
)
_TIME: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry at some time. Whoever keeps it can find out later whether anything up to it was changed."""

    seq: int
    mac_start: str
    """The first 32 hexadecimal digits of the signature."""
    at: datetime
    """When it was read, to the second."""
    installation: str = ""
    """The id of the installation and the number of its start, with a colon between; empty where there is none."""

    def is_of(self, mac: bytes | None) -> bool:
        """Return whether this is the signature that the head shows."""
        return mac is not None and mac.hex()[:_SHOWN_HEX] == self.mac_start


def head_of(point: ChainPoint, at: datetime, installation: str = "") -> Head:
    """Return the head of a chain that ends at a place."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return Head(seq=point.seq, mac_start=point.mac.hex()[:_SHOWN_HEX], at=whole, installation=installation)


def head_text(head: Head) -> str:
    """Return the head as one word, which can be posted and pasted."""
    parts = ("gatehouse-audit-1", str(head.seq), head.mac_start, head.at.strftime(_TIME), head.installation)
    return ":".join(filter(None, parts))


def parse_head(text: str) -> Head | None:
    """Read a head as it was posted, with or without marks around it; None when it is none."""
    found = _PATTERN.fullmatch(text.strip().strip("`"))
    if found is None:
        return None
    try:
        at = datetime.strptime(found["at"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Head(seq=int(found["seq"]), mac_start=found["mac"], at=at, installation=found["installation"] or "")
