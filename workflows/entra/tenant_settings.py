"""Read our tenant's other settings and logs from Graph (implements `ports.TenantSettings`).

It is long because every method of that interface is here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption

from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.tenant_facts import AccountDisabling, AddressAccount, SignInLog, SignIns
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target, TargetType, TenantId, is_guid
from workflows.core.settings.partner_changes import MAX_CLOCK_DIFFERENCE, ChangesByPartner, LoggedChange, PartnerChange
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import (
    GraphCall,
    is_not_found,
    odata_literal,
    read_call,
    sign_ins_of,
    unavailable,
    verified_domains,
)
from workflows.entra.directory.name_search import SELECTED, found_objects, prefix_filter, word_search
from workflows.entra.entra_audit_log import AUDITED, logged_changes, partner_changes
from workflows.entra.evaluation import evaluate
from workflows.entra.transport.connection import Connection, document_of
from workflows.entra.usage_reports import UsageReports
from workflows.intervals import (
    ABSENCE_KEPT_FOR,
    LOG_KEPT_FOR,
    OBJECT_NAMES_KEPT_FOR,
    POLICIES_KEPT_FOR,
    USUAL_PAUSES,
    Pauses,
)
from workflows.ports.tenant_settings import AccountPage, FoundObject
from workflows.tasks import Cache

_NAMES_KEPT: Final = 500
_EVALUATIONS_KEPT: Final = 500
_SEARCH_PAGE: Final = 25
"""More than are shown, because groups with hidden membership are removed."""
_SIGN_IN_PAGE: Final = 1000
_SIGN_IN_PAGES: Final = 2
"""The most pages that are read for each direction. When there are more, the result says "at least"."""
_REPORTS_WAIT: Final = 2.0
"""The most seconds that a report waits for this limit, because a card waits for the report."""
_AUDIT_PAGE: Final = 500
_AUDITS_READ: Final = 2000
_SIGN_IN: Final = ["id", "userId", "appDisplayName", "status"]


class GraphTenantSettings:
    """Reads the tenant's other settings and logs. Implements `ports.TenantSettings`."""

    def __init__(self, connection: Connection, *, client_id: str | None = None, pauses: Pauses = USUAL_PAUSES) -> None:
        self._connection = connection
        self._client_id = client_id
        self._reports = connection.rate_limit(*pauses.reports, longest_wait=_REPORTS_WAIT)
        self._usage = UsageReports(connection, self._reports, pauses)
        self._conditional_access = connection.rate_limit(*pauses.conditional_access)
        self._policies: Cache[None, Sequence[JsonObject]] = Cache(
            read=lambda _: self._all_conditional_access(), kept_for=lambda _: POLICIES_KEPT_FOR, max_entries=1
        )
        self._evaluations: Cache[Question, Sequence[JsonObject]] = Cache(
            read=self._ask_whether_policies_apply,
            kept_for=lambda _: POLICIES_KEPT_FOR,
            max_entries=_EVALUATIONS_KEPT,
        )
        self._recent_changes: Cache[datetime, ChangesByPartner] = Cache(
            read=self._read_recent_changes, kept_for=lambda _: LOG_KEPT_FOR, max_entries=1
        )
        self._names: Cache[Target, str | None] = Cache(
            read=self._ask_for_name,
            kept_for=lambda name: ABSENCE_KEPT_FOR if name is None else OBJECT_NAMES_KEPT_FOR,
            max_entries=_NAMES_KEPT,
        )

    async def verified_domains(self) -> Sequence[str]:
        """List the tenant's own verified domains, lower case."""
        call = read_call("/organization", Purpose.LIST_OWN_DOMAINS, "Organization.Read.All")
        request = request_to(Method.GET, self._connection.graph.organization, select=["id", "verifiedDomains"])
        return verified_domains(await self._connection.collect(call, request))

    async def read_access_policy(self) -> JsonObject:
        """Read the cross-tenant access policy itself: `allowedCloudEndpoints`."""
        call = read_call("/policies/crossTenantAccessPolicy", Purpose.SHOW_ACCESS_POLICY, "Policy.Read.All")
        builder = self._connection.graph.policies.cross_tenant_access_policy
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_authorization(self) -> JsonObject:
        """Read the authorization policy: who may invite, what guests see."""
        call = read_call("/policies/authorizationPolicy", Purpose.SHOW_AUTHORIZATION, "Policy.Read.All")
        builder = self._connection.graph.policies.authorization_policy
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_sharepoint(self) -> JsonObject:
        """Read SharePoint's sharing settings."""
        call = read_call("/admin/sharepoint/settings", Purpose.SHOW_SHAREPOINT, "SharePointTenantSettings.Read.All")
        builder = self._connection.graph.admin.sharepoint.settings
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_conditional_access(self, *, fresh: bool = False) -> Sequence[JsonObject]:
        """Read every Conditional Access policy, at most once a second; unless `fresh`, once a minute."""
        return await (self._policies.read_now(None) if fresh else self._policies.get(None))

    async def _all_conditional_access(self) -> Sequence[JsonObject]:
        call = read_call("/identity/conditionalAccess/policies", Purpose.LIST_CONDITIONAL_ACCESS, "Policy.Read.All")
        request = _without_retries(request_to(Method.GET, self._connection.graph.identity.conditional_access.policies))
        pages = self._connection.pages(call, request, take_turn=partial(self._conditional_access.turn, goes_first=True))
        return [row async for page in pages for row in page]

    async def evaluate_access(self, question: Question, *, fresh: bool = False) -> Sequence[JsonObject]:
        """Ask which policies apply to a sign-in, once a second in total; unless `fresh`, cached for a minute."""
        return await (self._evaluations.read_now(question) if fresh else self._evaluations.get(question))

    async def _ask_whether_policies_apply(self, question: Question) -> Sequence[JsonObject]:
        async with self._conditional_access.turn():
            return await evaluate(self._connection, question)

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime, *, home: TenantId | None = None) -> SignIns:
        """Count the people, and list the applications, of the sign-ins since a time.

        When there are more than `_SIGN_IN_PAGES` pages, `is_complete` is False.

        :param home: None for the partner's people in our tenant; our tenant id for our people in the partner's tenant.
        """
        call = read_call("/auditLogs/signIns", Purpose.COUNT_SIGN_INS, "AuditLog.Read.All")
        tenant_condition = f"homeTenantId eq {odata_literal(home or tenant_id)}"
        where = "" if home is None else f" and resourceTenantId eq {odata_literal(tenant_id)}"
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.sign_ins,
            filter=f"{tenant_condition}{where} and createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}",
            select=_SIGN_IN,
            top=_SIGN_IN_PAGE,
        )
        rows: list[JsonObject] = []
        pages = 0
        async for page in self._connection.pages(call, request, take_turn=self._reports.turn):
            rows += page
            pages += 1
            if pages == _SIGN_IN_PAGES:
                # NB. this may have been the last page. "At least" is then also true.
                return sign_ins_of(rows, is_complete=False)
        return sign_ins_of(rows, is_complete=True)

    async def recent_sign_ins(self, home: TenantId, since: datetime) -> SignInLog:
        """List the newest sign-ins of one tenant's people; see `ports.TenantSettings`."""
        return await self._usage.recent_sign_ins(home, since)

    async def accounts_of(self, address: str) -> Sequence[AddressAccount]:
        """List the accounts of a mail address; see `ports.TenantSettings`."""
        return await self._usage.accounts_of(address)

    async def last_disabling(self, account: PersonId) -> AccountDisabling | None:
        """Return who disabled an account last; see `ports.TenantSettings`."""
        return await self._usage.last_disabling(account)

    async def read_foreign_sign_ins(
        self,
        home: TenantId,
        since: datetime,
        take: Callable[[Sequence[SignIn]], bool],
        *,
        partner: TenantId | None = None,
    ) -> bool:
        """Read the sign-ins of people of other tenants, page by page; see `ports.TenantSettings`."""
        return await self._usage.read_foreign_sign_ins(home, since, take, partner=partner)

    async def has_sign_ins(self, since: datetime, until: datetime) -> bool:
        """Return whether the log has any sign-in between two times."""
        return await self._usage.has_sign_ins(since, until)

    async def read_guests(self, take: Callable[[Sequence[GuestAccount]], bool], with_activity: bool) -> bool:
        """Read all guest accounts, page by page; see `ports.TenantSettings`."""
        return await self._usage.read_guests(take, with_activity=with_activity)

    async def guest_page(self, link: str | None, with_activity: bool) -> AccountPage:
        """Read one page of all guest accounts; see `ports.TenantSettings`."""
        return await self._usage.guest_page(link, with_activity=with_activity)

    async def own_account_page(self, link: str | None, domains: Sequence[str]) -> AccountPage:
        """Read one page of own accounts with an address of some domains; see `ports.TenantSettings`."""
        return await self._usage.own_account_page(link, domains=domains)

    async def read_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the changes of one partner's own configuration since a time, newest first, from Entra's audit log.

        :raises TenantUnavailable: also when there are more entries than are read.
        """
        return partner_changes(await self._newest_audits_since(since), tenant_id, own_ids=self._own_ids())

    async def recent_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the same, at most a minute old: one read for all partners that are planned at about the same time."""
        changes = await self._recent_changes.get(since.replace(minute=0, second=0, microsecond=0))
        return changes.about(tenant_id.lower())

    async def read_access_changes(self, since: datetime) -> Sequence[LoggedChange]:
        """List the changes of all partners and of the default since a time; see `read_partner_changes`."""
        return logged_changes(await self._newest_audits_since(since), own_ids=self._own_ids())

    async def _newest_audits_since(self, since: datetime) -> Sequence[JsonObject]:
        """Read the log now. Nothing is planned any more with what was read before.

        Otherwise a plan that is made again because of a new entry would not know that entry.
        """
        rows = await self._audits_since(since)
        self._recent_changes.forget_all()
        return rows

    async def _read_recent_changes(self, since: datetime) -> ChangesByPartner:
        return ChangesByPartner(logged_changes(await self._audits_since(since), own_ids=self._own_ids()))

    def _own_ids(self) -> frozenset[str]:
        ours = {name for name in (self._client_id, *self._connection.own_ids()) if name}
        return frozenset(name.lower() for name in ours)

    async def _audits_since(self, since: datetime) -> Sequence[JsonObject]:
        """Read the entries about cross-tenant access since a time, newest first.

        :raises TenantUnavailable: also when there are more entries than are read.
        """
        call = read_call("/auditLogs/directoryAudits", Purpose.READ_PARTNER_CHANGES, "AuditLog.Read.All")
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.directory_audits,
            filter=f"({AUDITED}) and activityDateTime ge {since - MAX_CLOCK_DIFFERENCE:%Y-%m-%dT%H:%M:%SZ}",
            top=_AUDIT_PAGE,
        )
        rows: list[JsonObject] = []
        take_turn = partial(self._reports.turn, is_patient=True)
        async for page in self._connection.pages(call, request, take_turn=take_turn):
            rows += page
            if len(rows) > _AUDITS_READ:
                raise unavailable(TenantCode.TOO_MANY_CHANGES)
        return rows

    async def find_by_prefix(self, kind: TargetType, prefix: str, limit: int) -> Sequence[FoundObject]:
        """List our own objects whose name begins with a text. Never cached."""
        return found_objects(kind, await self._search(kind, prefix_filter(kind, prefix)))[:limit]

    async def applications_with(self, words: Sequence[str]) -> Sequence[FoundObject]:
        """List our own applications with one of these words in their name. Never cached."""
        call = read_call("/servicePrincipals", Purpose.FIND_BY_NAME, "Application.Read.All", object_kind="application")
        request = request_to(
            Method.GET,
            self._connection.graph.service_principals,
            search=word_search(words),
            select=SELECTED[TargetType.APPLICATION],
            top=_SEARCH_PAGE,
        )
        rows, _ = await self._connection.page(call, request, None, headers={"ConsistencyLevel": "eventual"})
        return found_objects(TargetType.APPLICATION, rows)

    async def _search(self, kind: TargetType, clause: str) -> Sequence[JsonObject]:
        """Read one page of results. More results would be too many to choose from."""
        graph = self._connection.graph
        path, builder, permission = {
            TargetType.GROUP: ("/groups", graph.groups, "GroupMember.Read.All"),
            TargetType.USER: ("/users", graph.users, "User.Read.All"),
            TargetType.APPLICATION: ("/servicePrincipals", graph.service_principals, "Application.Read.All"),
        }[kind]
        call = read_call(path, Purpose.FIND_BY_NAME, permission, object_kind=kind.value)
        query = request_to(Method.GET, builder, filter=clause, select=SELECTED[kind], top=_SEARCH_PAGE)
        async for page in self._connection.pages(call, query):
            if page:
                return page
        return []

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        """Return the name of one of our users, groups or applications; None when there is no such object.

        A name is cached for a minute, and a missing object for ten seconds. So people cannot cause many Graph calls. A
        failed read is not cached.

        :param fresh: read now, without the cache.
        """
        if not is_guid(target.id):
            return None
        return await (self._names.read_now(target) if fresh else self._names.get(target))

    async def _ask_for_name(self, target: Target) -> str | None:
        """Read the object by its key.

        A list with a filter leaves out objects that the bot may not read, which would then count as missing (Graph:
        "Use the $filter query parameter").
        """
        call, builder = self._address_of(target)
        answer = await self._connection.send(call, request_to(Method.GET, builder, select=["id", "displayName"]))
        if is_not_found(answer):
            return None
        document = document_of(call, answer)
        if not document.get("id"):
            raise unavailable(TenantCode.NAMES_NOTHING, call=call.as_value)
        return str(document.get("displayName") or "")

    def _address_of(self, target: Target) -> tuple[GraphCall, BaseRequestBuilder]:
        graph = self._connection.graph
        path, permission, builder = {
            TargetType.GROUP: (f"/groups/{target.id}", "GroupMember.Read.All", graph.groups.by_group_id),
            TargetType.USER: (f"/users/{target.id}", "User.Read.All", graph.users.by_user_id),
            TargetType.APPLICATION: (
                f"/servicePrincipals(appId='{target.id}')",
                "Application.Read.All",
                graph.service_principals_with_app_id,
            ),
        }[target.type]
        call = read_call(path, Purpose.NAME_OBJECT, permission, object_name=target.id, object_kind=target.type.value)
        return call, builder(target.id)


def _without_retries(request: RequestInformation) -> RequestInformation:
    request.add_request_options([RetryHandlerOption(max_retries=0, should_retry=False)])
    return request
