"""Stamp windows and App Homes for the person to whom they go, so that what comes back was delivered to that person.

Slack's signature proves that Slack sent a payload, or somebody who has the signing secret. Such a person can write
anything into a payload, but cannot compute a stamp: its key comes from the key of the audit log, and stamps are only
in what Slack gives to the one person. A boundary: nothing else knows how stamps look.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from workflows.core.people import ChatId
from workflows.intervals import WINDOW_STAMPED_FOR

if TYPE_CHECKING:
    from bot.slack.payloads.models import View
    from workflows.ports.audit_log import AuditKeys

HOME: Final = "home"
"""The type of an App Home. It may be shown for months, so its stamp has no time."""
_KEY_DOMAIN: Final = b"gatehouse/stamp-key/1\n"
_WINDOW, _BUTTON = "gatehouse/window/1", "gatehouse/button/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """Makes and checks stamps: HMAC-SHA256 with a key that is derived from each key of the audit log.

    The oldest key stamps, because each bot of an installation has it: while a new one is added, some have only the old.
    """

    keys: "AuditKeys"
    now: Callable[[], datetime]

    def stamped(self, view: Mapping[str, Any], person: ChatId) -> dict[str, Any]:
        """Return a view with the stamp in its metadata, for one person. It is deterministic for an App Home."""
        kind, metadata = str(view["type"]), str(view.get("private_metadata") or "")
        at = 0 if kind == HOME else int(self.now().timestamp())
        code = self._codes(_WINDOW, person, kind, str(view.get("callback_id") or ""), at, metadata)[0]
        return {**view, "private_metadata": f"{metadata}\n{at:x}.{code}"}

    def is_stamped(self, view: "View", person: ChatId) -> bool:
        """Return whether a view was given to this person, and not too long ago."""
        at, _, code = view.stamp.partition(".")
        try:
            seconds = int(at, 16)
            given_at = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return False
        if view.type != HOME and self.now() - given_at > WINDOW_STAMPED_FOR:
            return False
        known = self._codes(_WINDOW, person, view.type, view.callback_id, seconds, view.private_metadata)
        return _is_one_of(code, known)

    def button_code(self, value: str, person: ChatId) -> str:
        """Return what proves that a button with this value was sent to this person alone."""
        return self._codes(_BUTTON, person, value)[0]

    def is_button_of(self, value: str, code: str, person: ChatId) -> bool:
        """Return whether a button with this value was sent to this person."""
        return _is_one_of(code, self._codes(_BUTTON, person, value))

    def _codes(self, *parts: str | int) -> list[str]:
        """Return the code with each key; that with the oldest key is the first."""
        text = json.dumps(parts).encode()
        ring = self.keys.ring(may_create=False)
        keys = [hmac.digest(key.secret, _KEY_DOMAIN, "sha256") for key in ring.keys]
        return [base64.urlsafe_b64encode(hmac.digest(key, text, "sha256")).decode().rstrip("=") for key in keys]


def _is_one_of(code: str, known: list[str]) -> bool:
    """Compare each code in constant time."""
    given = code.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(given, one.encode()) for one in known)
