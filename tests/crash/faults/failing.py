"""The calls of Slack and of Microsoft Graph that fail in a story: one of them, or a wave of them.

A call is known by its operation (method and path without ids) and by the how-manieth of that operation it is. A call
in a `$batch` is one of its own.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from bot.sandbox.http.faults import AnyCall, Fault, Faults, Target

PATIENCE: Final = 1.5
"""After so many seconds the bot of a story with late answers takes a call for lost."""
USUAL_PATIENCE: Final = 10.0
"""The same where no answer is late. With less, a slow machine would let calls be lost that are not to fail."""
_HTML: Final = "<html><h1>Not here</h1></html>"
_OTHER_TENANT: Final = "0e0e0e0e-2222-4bbb-8ccc-0123456789ff"
_IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|'[^']*'|(?<=/response/).*")

PASSING: Final[dict[str, dict[str, Any]]] = {
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "500 after commit": {"status": 500, "after_commit": True},
    "503 in HTML": {"status": 503, "body": _HTML},
    "reset": {"reset": True},
    "reset after commit": {"reset": True, "after_commit": True},
    "time-out": {"delay_seconds": 2 * PATIENCE},
    "time-out after commit": {"delay_seconds": 2 * PATIENCE, "after_commit": True},
    "half of a JSON object after commit": {"status": 200, "body": '{"value": [{"id":', "after_commit": True},
}
"""Faults that pass, of both services. After one of them a story ends as without it."""
OF_SLACK: Final[dict[str, dict[str, Any]]] = {
    "200, not ok": {"status": 200, "body": {"ok": False, "error": "fatal_error"}},
    "200 in HTML": {"status": 200, "body": _HTML},
}
"""The same, of Slack. A write in Graph that seems to succeed and has no effect is proved only after ten minutes, by an
empty audit log: tests/workflows/effects/test_fault_matrix.py."""
LASTING: Final[dict[Target, dict[str, dict[str, Any]]]] = {
    "graph": {
        "401": {"status": 401},
        "403": {"status": 403},
        "404": {"status": 404},
        "another tenant's answer": {
            "status": 200,
            "body": {"value": [{"id": _OTHER_TENANT}], "id": _OTHER_TENANT, "tenantId": _OTHER_TENANT},
            "after_commit": True,
        },
        "an empty object": {"status": 200, "body": {}, "after_commit": True},
    },
    "slack": {
        "403": {"status": 403},
        "invalid_auth": {"status": 200, "body": {"ok": False, "error": "invalid_auth"}},
        "not_found": {"status": 200, "body": {"ok": False, "error": "channel_not_found"}},
        "an empty object": {"status": 200, "body": {}, "after_commit": True},
    },
}
"""Answers that say that a call will never succeed, or that are no answer at all. After one of them a story ends as
without it, or it stops and somebody is told why."""


def kinds_of(target: Target) -> dict[str, dict[str, Any]]:
    """Return every kind of fault of a service, by name."""
    return {**PASSING, **(OF_SLACK if target == "slack" else {}), **LASTING[target]}


def _patience_for(target: Target, kind: str) -> float:
    return PATIENCE if "delay_seconds" in kinds_of(target)[kind] else USUAL_PATIENCE


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The k-th call of one operation."""

    target: Target
    operation: str
    number: int

    def __str__(self) -> str:
        return f"{self.target} {self.operation} #{self.number}"


@dataclass(kw_only=True)
class Failing(Faults):
    """Counts the calls of both services while it is armed, and lets some of them fail."""

    is_armed: bool = False
    seen: list[Place] = field(default_factory=list)
    """Every call, in order."""
    failed: list[Place] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()

    def take(self, target: Target, request: AnyCall, body: Any) -> Fault | None:
        """Count a call, also one in a batch, and return its fault."""
        if not self.is_armed:
            return super().take(target, request, body)
        name = f"{request.method} {_IDS.sub('*', request.path).removeprefix('/graph/v1.0').removeprefix('/slack')}"
        self._counts[f"{target} {name}"] += 1
        place = Place(target, name, self._counts[f"{target} {name}"])
        self.seen.append(place)
        fault = self.fault_of(place)
        if fault is not None:
            self.failed.append(place)
        return fault

    def fault_of(self, place: Place) -> Fault | None:
        """Return how a call fails; here no call does."""
        return None

    @property
    def patience(self) -> float:
        """After how many seconds the bot takes a call for lost."""
        return USUAL_PATIENCE


@dataclass(kw_only=True)
class OneCall(Failing):
    """One call fails once."""

    place: Place
    kind: str

    @property
    def target(self) -> Target:
        """Return the service that fails."""
        return self.place.target

    def fault_of(self, place: Place) -> Fault | None:
        """Return how this call fails."""
        return Fault(target=self.target, **kinds_of(self.target)[self.kind]) if place == self.place else None

    @property
    def patience(self) -> float:
        """Return a short time for an answer that comes too late."""
        return _patience_for(self.target, self.kind)

    def __str__(self) -> str:
        return f"{self.kind} at {self.place}"


@dataclass(kw_only=True)
class Wave(Failing):
    """So many calls of one service in a row fail, from one on, whatever they ask for."""

    target: Target
    begins: int
    length: int
    kind: str

    def fault_of(self, place: Place) -> Fault | None:
        """Return how a call of the wave fails."""
        if place.target != self.target or len(self.failed) == self.length:
            return None
        is_inside = sum(one.target == self.target for one in self.seen) >= self.begins
        return Fault(target=self.target, **kinds_of(self.target)[self.kind]) if is_inside else None

    @property
    def patience(self) -> float:
        """Return a short time for answers that come too late."""
        return _patience_for(self.target, self.kind)

    def __str__(self) -> str:
        return f"{self.length} times {self.kind} of {self.target} from call {self.begins} on"
