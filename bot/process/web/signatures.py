"""Verify Slack's signature over the raw bytes, with the present signing secret and, for some time, with the old one.

Bolt parses before it verifies, so this is done before Bolt sees anything (Slack: "Verifying requests from Slack").
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from multidict import CIMultiDictProxy

_TIMESTAMP: Final = re.compile(r"[0-9]{10}")
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")
WINDOW_SECONDS: Final = 300
"""How far a timestamp may be from our clock, either way."""


@dataclass(slots=True)
class SigningSecrets:
    """The signing secrets that are accepted now. They are replaced while the bot runs."""

    current: str
    old: str = ""
    """The secret before; empty when there is none."""
    old_until: datetime | None = None
    """From this moment on the old secret is refused."""

    def accepted_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that count at a moment; empty when there is none."""
        is_old_accepted = self.old_until is not None and now < self.old_until
        return tuple(secret for secret in (self.current, self.old if is_old_accepted else "") if secret)

    def replace(self, current: str, old: str, old_until: datetime | None) -> None:
        """Accept these secrets from now on."""
        self.current, self.old, self.old_until = current, old, old_until

    def has_signed(self, headers: CIMultiDictProxy[str], body: bytes, *, now: datetime) -> bool:
        """Return whether the raw bytes were signed with an accepted secret within five minutes before or after now."""
        timestamps = headers.getall("X-Slack-Request-Timestamp", [])
        signatures = headers.getall("X-Slack-Signature", [])
        if len(timestamps) != 1 or len(signatures) != 1:
            return False
        if not _TIMESTAMP.fullmatch(timestamps[0]) or not _SIGNATURE.fullmatch(signatures[0]):
            return False
        if abs(now.timestamp() - int(timestamps[0])) > WINDOW_SECONDS:
            return False
        signed = b"v0:" + timestamps[0].encode() + b":" + body
        return any(
            hmac.compare_digest("v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), signatures[0])
            for secret in self.accepted_at(now)
        )
