"""Read who uses our tenant from outside: sign-ins of people of other tenants, and guest accounts, page by page.

Nothing is kept here. Sign-ins share the limit of reports with what cards read, and leave most of it to them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.settings.model import TenantId
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import odata_literal, read_call
from workflows.entra.answers.usage_rows import guest_of, sign_in_of
from workflows.entra.transport.connection import Connection
from workflows.entra.transport.rate_limit import RateLimit
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.tenant_problems import Purpose

_SIGN_INS_PAGE: Final = 1000
_GUESTS_PAGE: Final = 500
"""With the last sign-in Graph returns at most so many users on a page ("List users")."""
_WAITS: Final = 5
"""How often a throttled page is requested again."""
_SIGN_IN: Final = ["id", "userId", "homeTenantId", "createdDateTime", "status"]
_GUESTS_ONLY: Final = "userType eq 'Guest'"
_GUESTS_AND_INVITED: Final = f"{_GUESTS_ONLY} or creationType eq 'Invitation'"
_GUEST: Final = [
    "id",
    "displayName",
    "mail",
    "userPrincipalName",
    "identities",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "createdDateTime",
    "userType",
    "accountEnabled",
    "onPremisesSyncEnabled",
]
_ACTIVITY: Final = "signInActivity"


class UsageReports:
    """Reads sign-ins and guests for a scan."""

    def __init__(self, connection: Connection, reports: RateLimit, pauses: Pauses = USUAL_PAUSES) -> None:
        """Create the reader.

        :param reports: the limit that all reads of reports share.
        """
        self._connection = connection
        self._reports = reports
        self._share = RateLimit(*pauses.reports_of_a_scan)

    async def read_foreign_sign_ins(
        self,
        home: TenantId,
        since: datetime,
        take: Callable[[Sequence[SignIn]], bool],
        *,
        partner: TenantId | None = None,
    ) -> bool:
        """Read the sign-ins of people of other tenants since a time; see `ports.TenantSettings`."""
        call = read_call("/auditLogs/signIns", Purpose.COUNT_SIGN_INS, "AuditLog.Read.All")
        whose = f"ne {odata_literal(home)}" if partner is None else f"eq {odata_literal(partner)}"
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.sign_ins,
            filter=f"createdDateTime ge {_stamp(since)} and homeTenantId {whose}",
            select=_SIGN_IN,
            top=_SIGN_INS_PAGE,
        )
        async for page in self._connection.pages(call, request, take_turn=self._turn, waits=_WAITS):
            if not take([sign_in_of(row) for row in page]):
                return False
        return True

    async def has_sign_ins(self, since: datetime, until: datetime) -> bool:
        """Return whether the log has any sign-in between two times; see `ports.TenantSettings`."""
        call = read_call("/auditLogs/signIns", Purpose.COUNT_SIGN_INS, "AuditLog.Read.All")
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.sign_ins,
            filter=f"createdDateTime ge {_stamp(since)} and createdDateTime le {_stamp(until)}",
            select=["id"],
            top=1,
        )
        async for page in self._connection.pages(call, request, take_turn=self._turn, waits=_WAITS):
            if page:
                return True
        return False

    async def read_guests(
        self, take: Callable[[Sequence[GuestAccount]], bool], with_activity: bool, *, also_members: bool = False
    ) -> bool:
        """Read all guest accounts; see `ports.TenantSettings`."""
        permission = "AuditLog.Read.All" if with_activity else "User.Read.All"
        call = read_call("/users", Purpose.LIST_GUESTS, permission)
        request = request_to(
            Method.GET,
            self._connection.graph.users,
            filter=_GUESTS_AND_INVITED if also_members else _GUESTS_ONLY,
            select=[*_GUEST, _ACTIVITY] if with_activity else _GUEST,
            top=_GUESTS_PAGE,
        )
        async for page in self._connection.pages(call, request, waits=_WAITS):
            if not take([guest_of(row, has_activity=with_activity) for row in page]):
                return False
        return True

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with self._share.turn(), self._reports.turn(is_patient=True):
            yield


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
