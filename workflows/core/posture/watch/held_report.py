"""What older records lack: the tenant compared with them, what was changed since, and which requests are void. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Posture
from workflows.core.requests.notes import state_to_display
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import MAX_CLOCK_DIFFERENCE, LoggedChange

LISTED: Final = 20
"""The most of each list that is kept; the numbers say how many there are."""
DIFFERENCES: Final = frozenset(
    {
        ConcernCode.UNKNOWN_TO_GATEHOUSE,
        ConcernCode.UNFINISHED,
        ConcernCode.DIFFERS_FROM_APPROVED,
        ConcernCode.ABSENT,
        ConcernCode.REVOKED_BUT_ABSENT,
        ConcernCode.REVOKED_BUT_OPEN,
        ConcernCode.REVOKED_NOT_EXPLICIT,
        ConcernCode.REVOKED_NOT_KNOWN,
        ConcernCode.RECORD_UNREADABLE,
    }
)
"""The concerns in which the tenant is not as the records say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReport:
    """What was found after a held start. As the values of an alarm it has only what JSON can contain."""

    differences: Sequence[Mapping[str, Any]] | None
    """Partners that are not as the records say: `partner`, `code`. None: the tenant could not be read."""
    changes: Sequence[Mapping[str, Any]] | None
    """What Entra's log has since the records end: `at`, `partner`, `activity`, `by`, `is_ours`. None: not read."""
    requests: Sequence[Mapping[str, Any]]
    """The open requests that are void with the release: `id`, `partner`, `state` (a value of `DisplayedState`)."""

    def as_values(self) -> dict[str, Any]:
        """Return the values of an alarm: each list cut, with its number."""
        lists = {"differences": self.differences, "changes": self.changes, "requests": self.requests}
        return {
            name: None if rows is None else {"count": len(rows), "rows": [dict(row) for row in rows[:LISTED]]}
            for name, rows in lists.items()
        }


def differences_of(posture: Posture) -> list[Mapping[str, Any]]:
    """List the partners that are not as the records say, the most serious first."""
    found: list[Mapping[str, Any]] = []
    for partner in posture.partners:
        code = next((concern.code for concern in partner.concerns if concern.code in DIFFERENCES), None)
        if code is not None:
            found.append({"partner": partner.name, "code": code.value})
    return found


def changes_since(
    logged: Iterable[LoggedChange], since: datetime, names: Mapping[TenantId, str]
) -> list[Mapping[str, Any]]:
    """List what was changed in the tenant after the records end, the oldest first.

    :param names: the names of partners, by tenant id; another partner is named by its id.
    """
    rows = [
        {
            "at": one.change.at.isoformat(),
            "partner": ", ".join(sorted(names.get(TenantId(tenant), tenant) for tenant in one.partners)),
            "activity": one.change.activity,
            "by": one.change.changed_by,
            "is_ours": one.change.is_ours,
        }
        for one in logged
        if one.change.at >= since - MAX_CLOCK_DIFFERENCE
    ]
    return sorted(rows, key=lambda row: str(row["at"]))


def void_requests(requests: Iterable[AccessRequest]) -> list[Mapping[str, Any]]:
    """List requests with what their people know them by."""
    return [
        {
            "id": request.id,
            "partner": request.fields.target
            if request.prepared is None
            else request.prepared.observation.identity.name,
            "state": state_to_display(request).value,
        }
        for request in requests
    ]
