"""What else in the home tenant bears on a partner, as `ports.Surroundings` describes it: read only, one read each."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption

from workflows.core.canonical import JsonObject
from workflows.core.conditional_access.questions import Question
from workflows.core.partner import Target, TargetType, TenantId
from workflows.core.preflight_facts import SignIns
from workflows.entra.addresses import request_to
from workflows.entra.answers import Call, is_absent, is_guid, quoted, reading, sign_ins_of, verified_domains
from workflows.entra.connection import Connection, document_of
from workflows.entra.evaluation import evaluate
from workflows.entra.lately import Lately
from workflows.entra.pace import Pace
from workflows.ports import TenantUnavailable

_REMEMBERED_SECONDS: Final = 60.0
"""Tenant-wide policies: several requests prepared at once read them once."""
_NAMED_SECONDS: Final = 60.0
_ABSENT_SECONDS: Final = 10.0
"""Shorter: who has just made the group that was missing looks again at once."""
_NAMES_KEPT: Final = 500
_EVALUATIONS_KEPT: Final = 500
_SIGN_IN_PAGE: Final = 1000
_SIGN_IN_PAGES: Final = 3
"""Reports take five requests in ten seconds: further pages are not counted, and that is said."""
_SIGN_IN: Final = ["id", "userId", "appDisplayName", "status"]


class GraphSurroundings:
    """Reads of the tenant's other settings and logs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._policies: tuple[float, Sequence[JsonObject]] = (float("-inf"), ())
        self._reading = asyncio.Lock()
        self._pace = Pace()
        self._evaluations: Lately[Question, Sequence[JsonObject]] = Lately(
            read=partial(evaluate, connection, self._pace),
            seconds=lambda _: _REMEMBERED_SECONDS,
            most=_EVALUATIONS_KEPT,
        )
        self._names: Lately[Target, str | None] = Lately(
            read=self._ask_for_name,
            seconds=lambda name: _ABSENT_SECONDS if name is None else _NAMED_SECONDS,
            most=_NAMES_KEPT,
        )

    async def verified_domains(self) -> Sequence[str]:
        """List the tenant's own verified domains, lower case."""
        call = reading("/organization", "list this tenant's own domains", "Organization.Read.All")
        request = request_to(Method.GET, self._connection.graph.organization, select=["id", "verifiedDomains"])
        return verified_domains(await self._connection.collect(call, request))

    async def read_access_policy(self) -> JsonObject:
        """Read the cross-tenant access policy itself: `allowedCloudEndpoints`."""
        call = reading("/policies/crossTenantAccessPolicy", "show the cross-tenant access policy", "Policy.Read.All")
        builder = self._connection.graph.policies.cross_tenant_access_policy
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_authorization(self) -> JsonObject:
        """Read the authorization policy: who may invite, what guests see."""
        call = reading("/policies/authorizationPolicy", "show the authorization policy", "Policy.Read.All")
        builder = self._connection.graph.policies.authorization_policy
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_sharepoint(self) -> JsonObject:
        """Read SharePoint's sharing settings."""
        call = reading("/admin/sharepoint/settings", "show SharePoint's settings", "SharePointTenantSettings.Read.All")
        builder = self._connection.graph.admin.sharepoint.settings
        return await self._connection.document(call, request_to(Method.GET, builder))

    async def read_conditional_access(self) -> Sequence[JsonObject]:
        """Read every Conditional Access policy, at most once a minute and once a second."""
        async with self._reading:
            at, known = self._policies
            if time.monotonic() - at < _REMEMBERED_SECONDS:
                return known
            async with self._pace.turn(goes_first=True):
                found = await self._all_conditional_access()
            self._policies = (time.monotonic(), found)
            return found

    async def _all_conditional_access(self) -> Sequence[JsonObject]:
        call = reading("/identity/conditionalAccess/policies", "list Conditional Access policies", "Policy.Read.All")
        request = _unrepeated(request_to(Method.GET, self._connection.graph.identity.conditional_access.policies))
        pages = self._connection.pages(call, request, between=self._pace.rest_again)
        return [row async for page in pages for row in page]

    async def evaluate_access(self, question: Question) -> Sequence[JsonObject]:
        """Ask which policies apply to a sign-in; remembered for a minute, and once a second for all questions."""
        return await self._evaluations.ask(question)

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime) -> SignIns:
        """Count who of a partner's people signed in to which applications since then; "at least" beyond a few pages."""
        call = reading("/auditLogs/signIns", "count the partner's sign-ins", "AuditLog.Read.All")
        request = request_to(
            Method.GET,
            self._connection.graph.audit_logs.sign_ins,
            filter=f"homeTenantId eq {quoted(tenant_id)} and createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}",
            select=_SIGN_IN,
            top=_SIGN_IN_PAGE,
        )
        rows: list[JsonObject] = []
        pages = 0
        async for page in self._connection.pages(call, request):
            rows += page
            pages += 1
            if pages == _SIGN_IN_PAGES:
                # NB. even where this was the last one: "at least" stays true, and the next page is not asked for.
                return sign_ins_of(rows, is_complete=False)
        return sign_ins_of(rows, is_complete=True)

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        """Give the name of a user, a group or an application of our own; None when there is none of this kind and id.

        Remembered for a minute, absence for ten seconds: whoever may look at a partner cannot make Graph be asked
        again and again. What could not be read is not remembered.

        :param fresh: ask now, whatever is remembered.
        """
        if not is_guid(target.id):
            return None
        return await (self._names.ask_now(target) if fresh else self._names.ask(target))

    async def _ask_for_name(self, target: Target) -> str | None:
        """Read by key.

        A filtered list leaves out what the bot may not see, which would pass for absent (Graph: "Use the $filter query
        parameter").
        """
        call, builder = self._address_of(target)
        answer = await self._connection.send(call, request_to(Method.GET, builder, select=["id", "displayName"]))
        if is_absent(answer):
            return None
        document = document_of(call, answer)
        if not document.get("id"):
            raise TenantUnavailable(f"Entra's answer names nothing when asked to {call.purpose}.")
        return str(document.get("displayName") or "(no name)")

    def _address_of(self, target: Target) -> tuple[Call, BaseRequestBuilder]:
        graph, purpose = self._connection.graph, f"name the {target.type.value} {target.id}"
        match target.type:
            case TargetType.GROUP:
                call = reading(f"/groups/{target.id}", purpose, "GroupMember.Read.All")
                return call, graph.groups.by_group_id(target.id)
            case TargetType.USER:
                return reading(f"/users/{target.id}", purpose, "User.Read.All"), graph.users.by_user_id(target.id)
            case TargetType.APPLICATION:
                call = reading(f"/servicePrincipals(appId='{target.id}')", purpose, "Application.Read.All")
                return call, graph.service_principals_with_app_id(target.id)


def _unrepeated(request: RequestInformation) -> RequestInformation:
    request.add_request_options([RetryHandlerOption(max_retries=0, should_retry=False)])
    return request
