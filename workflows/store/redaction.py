"""Records as they are stored: as JSON text without secrets, and otherwise exactly as they are.

What only looks like a secret is taken out of texts that come from errors. Plans, images, names and what people typed
are kept by the letter: a plan's digest depends on them, and a partner's name may look like anything.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from workflows.core.partners.partnership import Partnership
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect, Tell
from workflows.core.requests.request import AccessRequest
from workflows.core.text import redacted
from workflows.store.codec import ALARM, DETAILS, EFFECT, PARTNERSHIP, REQUEST, dump

_FROM_ERRORS: Final = frozenset({"reason", "error", "message", "note", "problem", "refused"})
"""The details of an audit entry that may quote what somebody else answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """Writes records down without secrets."""

    error: Callable[[str], str] = str
    """Takes out of an error's text all that is secret or looks so."""
    known: Callable[[str], str] = str
    """Takes out what is known to be secret, and nothing else."""

    def details(self, details: Mapping[str, Any]) -> str:
        """Write the details of an audit entry."""
        values = json.loads(dump(DETAILS, dict(details)))
        for name in _FROM_ERRORS & values.keys():
            values[name] = redacted(values[name], self.error)
        return self._without_known(dump(DETAILS, values))

    def request(self, request: AccessRequest) -> str:
        """Write a request."""
        refused = tuple(replace(one, reason=self.error(one.reason)) for one in request.refused)
        return self._without_known(dump(REQUEST, replace(request, note=self.error(request.note), refused=refused)))

    def partnership(self, partnership: Partnership) -> str:
        """Write a partnership."""
        return self._without_known(dump(PARTNERSHIP, partnership))

    def effect(self, effect: Effect) -> str:
        """Write an effect."""
        if isinstance(effect, Tell):
            effect = replace(effect, text=self.error(effect.text))
        return self._without_known(dump(EFFECT, effect))

    def alarm(self, alarm: Alarm) -> str:
        """Write an alarm."""
        return self._without_known(dump(ALARM, replace(alarm, values=redacted(alarm.values, self.error))))

    def _without_known(self, doc: str) -> str:
        """Take known secrets out of a document's values. What names them stays."""
        return doc if self.known(doc) == doc else json.dumps(redacted(json.loads(doc), self.known), ensure_ascii=False)
