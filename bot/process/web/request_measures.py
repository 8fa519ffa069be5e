"""What happened to requests since this process started, as Prometheus' counters and histograms.

A boundary: the domain tells `ports.store.Measurements`, and does not know Prometheus. The numbers begin at 0 with
each process, as Prometheus expects of counters; it adds those of several processes.
"""

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.writes import closes

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WAIT_BUCKETS: Final = (_MINUTE, 10 * _MINUTE, _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY)
_APPLY_BUCKETS: Final = (1, 2, 5, 10, 30, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR)
_BEING_WRITTEN: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})


class RequestMeasures:
    """Implements `Measurements`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Create everything with 0.

        :param registry: where it is listed for the page.
        """
        decisions = Counter(
            "gatehouse_decisions", "Decisions of approvers that counted when made", ["choice"], registry=registry
        )
        self._decisions = {choice: decisions.labels(choice.value) for choice in Choice}
        self._waited = Histogram(
            "gatehouse_approval_wait_seconds",
            "From the request to the decision that ended its approval, approved or rejected",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        applied = Histogram(
            "gatehouse_apply_seconds",
            "From the last approval, or the request to close, until the settings were read back",
            ["direction"],
            buckets=_APPLY_BUCKETS,
            registry=registry,
        )
        self._opened, self._closed = applied.labels("open"), applied.labels("close")
        self.changes = 0
        """How often a number has changed."""

    def advanced(self, before: AccessRequest, after: AccessRequest) -> None:
        """Count what a change of a request says; see `ports.store`."""
        for decision in after.decisions:
            if decision not in before.decisions:
                self._decisions[decision.choice].inc()
                self.changes += 1
        if before.state is RequestState.AWAITING_APPROVAL and _is_decided(after):
            self._waited.observe(_seconds(before.created_at, after.changed_at))
            self.changes += 1
        # A later start waits for its day: that is no time of writing.
        if before.state in _BEING_WRITTEN and after.state is RequestState.APPLIED and after.fields.starts_at is None:
            times = [decision.at for decision in after.decisions if decision.choice is Choice.APPROVE]
            into = self._closed if closes(after) else self._opened
            into.observe(_seconds(max(times, default=after.created_at), after.changed_at))
            self.changes += 1


def _is_decided(request: AccessRequest) -> bool:
    return request.state in _BEING_WRITTEN | {
        RequestState.SCHEDULED,
        RequestState.APPLIED,
        RequestState.REJECTED,
    }


def _seconds(start: datetime, end: datetime) -> float:
    """Return the seconds between two times; 0 when the clock was set back meanwhile."""
    return max(0.0, (end - start).total_seconds())
