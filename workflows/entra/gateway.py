"""Our tenant in Graph (implements `ports.Tenant`): organization, partners, people, and the only write."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.checks.approver_groups import ApproverGroup
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId, mail_in_lower_case
from workflows.core.plans.plan import CallIds, Operation, TenantIdentity
from workflows.core.settings.canonical import JsonObject, SharedValues, canonical_json
from workflows.core.settings.model import TenantId, is_guid
from workflows.entra.addresses import request_to, writable_address
from workflows.entra.answers.answers import (
    ACCOUNT_PROPERTIES,
    account_of,
    chunks,
    identity_of,
    is_not_found,
    odata_literal,
    read_call,
    unavailable,
)
from workflows.entra.answers.failed_calls import failure
from workflows.entra.directory.managers_and_owners import read_groups, read_managers
from workflows.entra.partners.configurations import PartnerConfigurations
from workflows.entra.settings import EntraSettings
from workflows.entra.tenant_settings import GraphTenantSettings
from workflows.entra.transport.batched_writes import BatchedWrites, write_call
from workflows.entra.transport.connection import Connection, document_of, own_id_of
from workflows.entra.transport.opening import open_connection
from workflows.entra.transport.own_tenant_guard import OwnTenantGuard, read_home
from workflows.entra.transport.traffic.traffic import Traffic
from workflows.entra.transport.write_guard import write_guard
from workflows.intervals import TENANTS_KEPT_FOR, USUAL_PAUSES, Pauses
from workflows.ports.tenant import (
    Account,
    ReadsTogether,
    SurplusPermissions,
    TenantRefused,
    TenantUnavailable,
    WriteResult,
)
from workflows.tasks import Cache

_FOUND_KEPT: Final = 500
_FILTER_CLAUSES: Final = 15
"""The most clauses in a filter that Graph accepts ("Advanced query capabilities on Microsoft Entra ID objects")."""


def connect(settings: EntraSettings, traffic: Traffic | None = None) -> "Entra":
    """Create the gateway. Nothing is sent before its first call.

    :param traffic: what it shares with other connections to Graph; None: it shares nothing.
    :raises ValueError: when `graph_url` is neither https nor on loopback, or a credential setting cannot be used.
    """
    expected = None if settings.tenant_id is None else TenantId(settings.tenant_id.lower())
    return Entra(
        open_connection(settings, write_guard(settings.graph_url.rstrip("/"), expected), traffic),
        expected=expected,
        client_id=settings.client_id,
        permissions=settings.permissions,
        pauses=settings.pauses,
    )


class Entra:
    """Our tenant in Graph. Implements `ports.Tenant`."""

    def __init__(
        self,
        connection: Connection,
        *,
        expected: TenantId | None = None,
        client_id: str | None = None,
        permissions: frozenset[str] | None = None,
        pauses: Pauses = USUAL_PAUSES,
    ) -> None:
        self._connection = connection
        self._permissions = permissions
        self._home: TenantId | None = None
        self._guard = OwnTenantGuard(read=partial(read_home, connection), expected=expected)
        self._writes = BatchedWrites(connection, self.write)
        self._tenants_by_name: Cache[str, TenantIdentity | None] = Cache(
            read=self._ask_for_tenant, kept_for=lambda _: TENANTS_KEPT_FOR, max_entries=_FOUND_KEPT
        )
        self._partners = PartnerConfigurations(connection, pauses)
        self._tenant_settings = GraphTenantSettings(connection, client_id=client_id, pauses=pauses)

    @property
    def tenant_settings(self) -> GraphTenantSettings:
        """Return the reader of the tenant's other settings."""
        return self._tenant_settings

    def together(self) -> ReadsTogether:
        """Return a new group of reads. Those that are ready at the same time are sent in one `$batch`."""
        return self._connection.together()

    async def warm(self) -> TenantUnavailable | TenantRefused | None:
        """Get a token, open a connection and read the tenant's id, so that no click waits for them.

        :returns: the problem, which is not raised; None when Entra can be used.
        """
        try:
            await self.home()
        except (TenantUnavailable, TenantRefused) as error:
            return error
        return None

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the bot's token; None when they cannot be read."""
        return await self._connection.granted_permissions()

    async def close(self) -> None:
        """Close every connection. The gateway cannot be used afterwards."""
        await self._connection.close()

    async def home(self) -> TenantId:
        """Return the tenant's own id. It is read once."""
        if self._home is None:
            self._home = await read_home(self._connection)
            self._guard.note(self._home)
        return self._home

    async def verify_home(self, *, must_be_known: bool = False) -> None:
        """Check every few minutes that this is still the configured tenant.

        :raises WrongTenant: while Graph answers for another tenant.
        :raises TenantUnavailable: while there was never an answer, when one is required.
        """
        await self._guard.verify(must_be_known=must_be_known)

    async def verify_permissions(self) -> None:
        """Check that the token has no permission that it does not need; see `ports.Tenant`.

        :raises SurplusPermissions: when it has one that no setting allows by name.
        """
        if surplus := await self._connection.surplus_permissions(self._permissions):
            raise SurplusPermissions(surplus)

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Return the tenant of a normalized domain or a tenant id; None when there is none. Cached for a minute."""
        typed_name = target.lower()
        return await (self._tenants_by_name.read_now(typed_name) if fresh else self._tenants_by_name.get(typed_name))

    async def _ask_for_tenant(self, typed_name: str) -> TenantIdentity | None:
        relationships = self._connection.graph.tenant_relationships
        key_name, builder = (
            ("TenantId", relationships.find_tenant_information_by_tenant_id_with_tenant_id(typed_name))
            if is_guid(typed_name)
            else (
                "DomainName",
                relationships.find_tenant_information_by_domain_name_with_domain_name(typed_name.replace("'", "''")),
            )
        )
        call = read_call(
            f"/tenantRelationships/findTenantInformationBy{key_name}",
            Purpose.FIND_TENANT,
            "CrossTenantInformation.ReadBasic.All",
            object_name=typed_name,
        )
        answer = await self._connection.send(call, request_to(Method.GET, builder))
        if is_not_found(answer):
            return None
        identity = identity_of(document_of(call, answer), typed_name=typed_name)
        if identity is None or (is_guid(typed_name) and identity.tenant_id != typed_name):
            raise unavailable(TenantCode.NAMES_NO_TENANT, call=call.as_value)
        return identity

    async def read_partner(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read a partner's own configuration; None when there is none. See `PartnerConfigurations`."""
        return await self._partners.read(tenant_id, is_to_close=is_to_close)

    async def read_partners(self) -> Sequence[JsonObject]:
        """List every partner's own configuration. Never cached."""
        shared = SharedValues()
        return [shared(row) async for page in self.partner_pages() for row in page]

    def partner_pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """Read the list of partners page by page."""
        return self._partners.pages()

    async def capability_access(self) -> CapabilityAccess:
        """Return whether Microsoft 365 capabilities can be read and written in this tenant; see `ports.Tenant`."""
        return await self._partners.capabilities.access()

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration. The gateway cannot write it."""
        return await self._partners.read_default()

    async def write(self, operation: Operation) -> CallIds:
        """Perform one operation of a plan: send its canonical bytes to its address, at most once.

        :returns: the ids of the accepted call.
        :raises ValueError: for any address that is not one partner's own configuration; nothing was sent.
        :raises AlreadyExists: when the object of a POST or a PUT exists already.
        :raises WrongTenant: while Graph answers for another tenant; nothing was sent.
        :raises TenantRefused: when Graph refuses the write.
        :raises TenantUnavailable: when the result is not known. The caller must read the partner before anything else.
        """
        call = write_call(operation)
        request = request_to(Method(operation.method), writable_address(self._connection.graph, operation))
        request.set_stream_content(canonical_json(operation.body), "application/json")
        await self._guard.verify()
        answer = await self._connection.send(call, request)
        if not answer.is_success:
            raise failure(call, answer)
        return CallIds(request_id=answer.request_id, client_request_id=own_id_of(request))

    async def write_together(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Perform operations about different partners in one `$batch`; see `BatchedWrites`.

        :raises ValueError: for any address that is not one partner's own configuration; nothing was sent.
        """
        for operation in operations:
            writable_address(self._connection.graph, operation)
        try:
            await self._guard.verify()
        except TenantUnavailable as error:
            return [error for _ in operations]
        return await self._writes.send(operations)

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Return every account whose mail or user principal name is one of `mails`."""
        lower_mails = sorted({mail_in_lower_case(mail.strip()) for mail in mails if mail.strip()})
        clauses = [f"{name} eq {odata_literal(mail)}" for mail in lower_mails for name in ("mail", "userPrincipalName")]
        return await self._accounts([" or ".join(chunk) for chunk in chunks(clauses, _FILTER_CLAUSES)])

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Return every account with one of these object ids; missing ones are left out."""
        quoted_ids = sorted({odata_literal(person.lower()) for person in ids if is_guid(person)})
        return await self._accounts([f"id in ({','.join(chunk)})" for chunk in chunks(quoted_ids, _FILTER_CLAUSES)])

    async def managers(self, ids: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each of these accounts; None for one that has none, or is not there."""
        return await read_managers(self._connection, ids)

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List the users in an Entra group, nested ones included.

        Users are selected here, and not by Graph's cast to users, which uses an index with a delay ("List group
        transitive members"). A person who was just removed from a group must not count as a member.
        """
        call = read_call(
            f"/groups/{group_id}/transitiveMembers",
            Purpose.LIST_MEMBERS,
            "GroupMember.Read.All",
            object_name=group_id,
        )
        if not is_guid(group_id):
            raise TenantRefused(404, "", (Fact(TenantCode.NO_SUCH_GROUP, {"group": group_id}),))
        builder = self._connection.graph.groups.by_group_id(group_id).transitive_members
        rows = await self._connection.collect(call, request_to(Method.GET, builder, select=["id"], top=999))
        if not all("@odata.type" in row for row in rows):
            raise unavailable(TenantCode.MEMBERS_WITHOUT_KIND, call=call.as_value)
        return frozenset(PersonId(row["id"].lower()) for row in rows if row["@odata.type"] == "#microsoft.graph.user")

    async def approver_groups(self, ids: Sequence[str]) -> Sequence[ApproverGroup]:
        """Return these groups with their owners; missing ones are left out."""
        return await read_groups(self._connection, ids)

    async def _accounts(self, filters: Sequence[str]) -> Sequence[Account]:
        call = read_call("/users", Purpose.FIND_ACCOUNTS, "User.Read.All")
        accounts: dict[PersonId, Account] = {}
        for clause in filters:
            request = request_to(
                Method.GET, self._connection.graph.users, filter=clause, select=list(ACCOUNT_PROPERTIES)
            )
            rows = await self._connection.collect(call, request)
            accounts |= {account.id: account for account in map(account_of, rows)}
        return tuple(accounts.values())
