"""Read who uses our tenant from outside: sign-ins of people of other tenants, and guest accounts, page by page.

For one diagnosis, it reads the newest sign-ins of one tenant and the accounts of one address. Nothing is kept here.
Sign-ins share the limit of reports with what cards read, and leave most of it to them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from workflows.core.checks.tenant_facts import AccountDisabling, AddressAccount, SignInLog
from workflows.core.errors.tenant_problems import Purpose
from workflows.core.partners.reviewing.evidence.guest_state import MEMBER, GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import GraphCall, odata_literal, read_call
from workflows.entra.answers.usage_rows import address_account_of, disabling_of, guest_of, logged_sign_in_of, sign_in_of
from workflows.entra.transport.connection import Connection
from workflows.entra.transport.traffic.rate_limit import RateLimit
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.tenant_settings import AccountPage

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
_PERSON_PAGE: Final = 500
_DISABLINGS_PAGE: Final = 20
_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
_LOGGED: Final = [
    *("id", "userId", "userPrincipalName", "appDisplayName", "createdDateTime", "status", "correlationId")
]
_ACCOUNT: Final = [
    *("id", "displayName", "userPrincipalName", "userType", "accountEnabled", "externalUserState", "identities"),
    "externalUserStateChangeDateTime",
]


class UsageReports:
    """Reads sign-ins and guests for a scan."""

    def __init__(self, connection: Connection, reports: RateLimit, pauses: Pauses = USUAL_PAUSES) -> None:
        """Create the reader.

        :param reports: the limit that all reads of reports share.
        """
        self._connection = connection
        self._reports = reports
        self._share = connection.rate_limit(*pauses.reports_of_a_scan)

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

    async def read_guests(self, take: Callable[[Sequence[GuestAccount]], bool], with_activity: bool) -> bool:
        """Read all guest accounts; see `ports.TenantSettings`."""
        call = _guests_call(with_activity=with_activity)
        request = self._users(_GUESTS_ONLY, with_activity=with_activity)
        async for page in self._connection.pages(call, request, waits=_WAITS):
            if not take([guest_of(row, has_activity=with_activity) for row in page]):
                return False
        return True

    async def guest_page(self, link: str | None, with_activity: bool) -> AccountPage:
        """Read one page of all guest accounts and of invited members; see `ports.TenantSettings`."""
        call = _guests_call(with_activity=with_activity)
        first = self._users(_GUESTS_AND_INVITED, with_activity=with_activity)
        rows, next_link = await self._connection.page(call, first, link, waits=_WAITS)
        return AccountPage(accounts=[guest_of(row, has_activity=with_activity) for row in rows], next_link=next_link)

    async def own_account_page(self, link: str | None, domains: Sequence[str]) -> AccountPage:
        """Read one page of the accounts that are no guests and have an address of a domain; see `ports.TenantSettings`.

        NB. `endsWith` needs an advanced query: with a count, and with a header, which each page needs
        (Graph: "Advanced query capabilities on Microsoft Entra ID objects").
        """
        ends = " or ".join(f"endsWith(mail,{odata_literal(f'@{domain}')})" for domain in domains)
        call = read_call("/users", Purpose.FIND_ACCOUNTS, "User.Read.All")
        first = self._users(f"userType ne 'Guest' and ({ends})", with_activity=False, count="true")
        advanced = {"ConsistencyLevel": "eventual"}
        rows, next_link = await self._connection.page(call, first, link, waits=_WAITS, headers=advanced)
        accounts = [guest_of(row, has_activity=False, usual_type=MEMBER) for row in rows]
        return AccountPage(accounts=accounts, next_link=next_link)

    def _users(self, clause: str, *, with_activity: bool, **options: str) -> RequestInformation:
        return request_to(
            Method.GET,
            self._connection.graph.users,
            filter=clause,
            select=[*_GUEST, _ACTIVITY] if with_activity else _GUEST,
            top=_GUESTS_PAGE,
            **options,
        )

    async def recent_sign_ins(self, home: TenantId, since: datetime) -> SignInLog:
        """List the newest sign-ins of one tenant's people, at most one page; Graph returns the newest first."""
        call = read_call("/auditLogs/signIns", Purpose.COUNT_SIGN_INS, "AuditLog.Read.All")
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.sign_ins,
            filter=f"homeTenantId eq {odata_literal(home)} and createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}",
            select=_LOGGED,
            top=_PERSON_PAGE,
        )
        rows: list[JsonObject] = []
        async for page in self._connection.pages(call, request, take_turn=self._reports.turn):
            if rows:
                return SignInLog(entries=tuple(map(logged_sign_in_of, rows)), is_complete=False)
            rows += page
        return SignInLog(entries=tuple(map(logged_sign_in_of, rows)), is_complete=True)

    async def accounts_of(self, address: str) -> Sequence[AddressAccount]:
        """List every account of a mail address, each once.

        A guest's name contains the address that was invited: `maria_contoso.com#EXT#@…`. It stays if the mail changes.
        """
        text = odata_literal(address)
        name_of_guest = odata_literal(f"{address.replace('@', '_')}#EXT#")
        clauses = (
            f"mail eq {text}",
            f"userPrincipalName eq {text}",
            f"otherMails/any(m:m eq {text})",
            f"proxyAddresses/any(p:p eq {odata_literal(f'smtp:{address}')})",
            f"startswith(userPrincipalName,{name_of_guest})",
        )
        call = read_call("/users", Purpose.FIND_ACCOUNTS, "User.Read.All")
        request = request_to(
            Method.GET, self._connection.graph.users, filter=" or ".join(clauses), select=_ACCOUNT, top=_PERSON_PAGE
        )
        found: dict[str, AddressAccount] = {}
        async for page in self._connection.pages(call, request):
            found |= {one.id: one for one in map(address_account_of, page)}
        return tuple(found.values())

    async def last_disabling(self, account: PersonId) -> AccountDisabling | None:
        """Return who disabled an account last. Graph lists the newest entries first."""
        call = read_call("/auditLogs/directoryAudits", Purpose.FIND_ACCOUNTS, "AuditLog.Read.All")
        is_about_it = f"targetResources/any(t:t/id eq {odata_literal(account)})"
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.directory_audits,
            filter=f"activityDisplayName eq 'Disable account' and {is_about_it}",
            top=_DISABLINGS_PAGE,
        )
        async for page in self._connection.pages(call, request, take_turn=self._reports.turn):
            found = [disabling_of(row) for row in page if row.get("result") != "failure"]
            return max(found, key=lambda one: one.at or _NO_TIME, default=None)
        return None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with self._share.turn(), self._reports.turn(is_patient=True):
            yield


def _guests_call(*, with_activity: bool) -> GraphCall:
    return read_call("/users", Purpose.LIST_GUESTS, "AuditLog.Read.All" if with_activity else "User.Read.All")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
