"""Reach the home tenant through Microsoft Graph: the only file that imports msgraph, kiota and azure.

The SDK gives addresses, tokens and connections. What it does not do here, and why:

- Bodies are read raw: its models turn enum values they do not know into None without a word.
- A write sends the canonical bytes of the approved operation: its models spell nulls wrong and send what was read.
- Answers are judged in `graph_answers`: its adapter takes a redirect for a success.
- Writes are never repeated: its retry handler repeats POST and PATCH by default.
- Every request gets a client of its own: the builders of a shared one keep the argument of `findTenantInformationBy…`
  in a dictionary they share, so that two lookups at a time can get each other's answer.
"""

import asyncio
import re
import ssl
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure.identity.aio import DefaultAzureCredential
from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import ParametersNameDecodingHandler, RetryHandler, UserAgentHandler
from kiota_http.middleware.options import ResponseHandlerOption, RetryHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from workflows.core.canonical import JsonObject, canonical_json
from workflows.core.partner import IDENTITY_SYNCHRONIZATION, TenantId
from workflows.core.people import PersonId
from workflows.core.plan import Operation, TenantIdentity
from workflows.graph_answers import (
    Answer,
    Call,
    account_of,
    chunks,
    doubt,
    failure,
    identity_of,
    is_absent,
    is_guid,
    is_same_service,
    json_object,
    no_credential,
    quoted,
    reading,
    retry_after,
    rows_of,
    token_failure,
    without_annotations,
)
from workflows.ports import Account, TenantRefused, TenantUnavailable

_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0
_WRITE_SECONDS: Final = 15.0
_RETRIES: Final = 2
_LONGEST_WAIT: Final = 4.0
"""A longer Retry-After is the caller's to wait for: two of these still fit into a read's ten seconds."""
_FOUND_FOR_SECONDS: Final = 60.0
_FOUND_KEPT: Final = 500
_FILTER_CLAUSES: Final = 15
"""Graph: "Advanced query capabilities on Microsoft Entra ID objects": more clauses than this are refused."""
_PAGES: Final = 1000
_ACCOUNT: Final = ["id", "displayName", "mail", "userPrincipalName", "accountEnabled", "userType"]
_WRITABLE: Final = re.compile(
    r"/policies/crossTenantAccessPolicy/partners"
    rf"(?:/(?P<tenant>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?P<sync>/{IDENTITY_SYNCHRONIZATION})?)?"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """Where Entra is. Who the bot is, azure-identity reads from its own environment variables (`AZURE_CLIENT_ID`…)."""

    graph_url: str = "https://graph.microsoft.com/v1.0"
    authority_host: str | None = None
    """None: `AZURE_AUTHORITY_HOST`, or the public cloud's."""
    use_environment_proxy: bool = False
    """Whether Graph and the authority are reached through `HTTPS_PROXY`."""


def connect(settings: EntraSettings) -> "Entra":
    """Build the gateway. Nothing is sent before its first call, or `warm`.

    :raises ValueError: when `graph_url` is neither https nor on loopback, or a credential setting cannot be used.
    """
    root = settings.graph_url.rstrip("/")
    host = urlsplit(root).hostname or ""
    if urlsplit(root).scheme != "https" and host not in _LOOPBACK:
        raise ValueError(f"graph_url: {settings.graph_url!r} must be an https address (plain http only on loopback)")
    credential = UnattendedCredential(settings)
    scope = f"https://{host}/.default"
    provider = AzureIdentityAuthenticationProvider(
        credential,
        scopes=[scope],
        # NB. to any other host kiota silently sends no token at all.
        allowed_hosts=[host],
    )
    client = KiotaClientFactory.create_with_custom_middleware(
        [_ReadRetries(), ParametersNameDecodingHandler(), UserAgentHandler()],
        httpx.AsyncClient(
            timeout=httpx.Timeout(_WRITE_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=settings.use_environment_proxy,
            # The machine's certificate store, or SSL_CERT_FILE: the same trust that azure-identity uses.
            verify=ssl.create_default_context(),
        ),
    )
    adapter = GraphRequestAdapter(provider, client)
    adapter.base_url = root
    _load_builders(adapter)
    return Entra(adapter=adapter, client=client, credential=credential, root=root, scope=scope)


class Entra:
    """The home tenant, as `ports.Tenant` describes it."""

    def __init__(
        self,
        *,
        adapter: GraphRequestAdapter,
        client: httpx.AsyncClient,
        credential: "UnattendedCredential",
        root: str,
        scope: str,
    ) -> None:
        self._adapter = adapter
        self._client = client
        self._credential = credential
        self._root = root
        self._scope = scope
        self._home: TenantId | None = None
        self._found: dict[str, tuple[float, TenantIdentity | None]] = {}

    async def warm(self) -> str | None:
        """Get the first token, open the first connection and learn the tenant's id, so that no click waits for them.

        :returns: what is wrong, in words; None when Entra can be used. Never raises for that.
        """
        try:
            await self.home()
        except (TenantUnavailable, TenantRefused) as error:
            return error.reason
        return None

    async def close(self) -> None:
        """Close every connection. The gateway cannot be used afterwards."""
        await self._client.aclose()
        await self._credential.close()

    async def home(self) -> TenantId:
        """Read the tenant's own id, once."""
        if self._home is None:
            call = reading("/organization", "name this tenant", "Organization.Read.All")
            rows = await self._collect(call, _request(Method.GET, self._graph().organization, select=["id"]))
            ids = {str(row.get("id") or "").lower() for row in rows}
            if len(ids) != 1 or not all(map(is_guid, ids)):
                raise TenantUnavailable("Entra did not name this tenant: exactly one organization was expected.")
            self._home = TenantId(ids.pop())
        return self._home

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Resolve a normalized domain or a tenant id; None when there is none. Remembered for a minute."""
        asked = target.lower()
        at, known = self._found.get(asked, (float("-inf"), None))
        if not fresh and time.monotonic() - at < _FOUND_FOR_SECONDS:
            return known
        identity = await self._ask_for_tenant(asked)
        while len(self._found) >= _FOUND_KEPT:
            del self._found[next(iter(self._found))]
        self._found.pop(asked, None)
        self._found[asked] = (time.monotonic(), identity)
        return identity

    async def _ask_for_tenant(self, asked: str) -> TenantIdentity | None:
        relationships = self._graph().tenant_relationships
        by, builder = (
            ("TenantId", relationships.find_tenant_information_by_tenant_id_with_tenant_id(asked))
            if is_guid(asked)
            else (
                "DomainName",
                relationships.find_tenant_information_by_domain_name_with_domain_name(asked.replace("'", "''")),
            )
        )
        call = reading(
            f"/tenantRelationships/findTenantInformationBy{by}",
            f"look up the tenant {asked}",
            "CrossTenantInformation.ReadBasic.All",
        )
        answer = await self._send(call, _request(Method.GET, builder))
        if is_absent(answer):
            return None
        identity = identity_of(_document(call, answer), asked=asked)
        if identity is None or (is_guid(asked) and identity.tenant_id != asked):
            raise TenantUnavailable(f"Entra's answer does not name the tenant when asked to {call.purpose}.")
        return identity

    async def read_partner(self, tenant_id: TenantId) -> JsonObject | None:
        """Read a partner's own configuration with its synchronization policy; None when there is none. Never cached."""
        partners = self._graph().policies.cross_tenant_access_policy.partners
        builder = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(tenant_id)
        call = reading(
            f"/policies/crossTenantAccessPolicy/partners/{tenant_id}",
            f"show the partner configuration of {tenant_id}",
            "Policy.Read.All",
        )
        answer = await self._send(call, _request(Method.GET, builder, expand=[IDENTITY_SYNCHRONIZATION]))
        if is_absent(answer):
            return None
        document = _document(call, answer)
        if str(document.get("tenantId")).lower() != tenant_id.lower():
            # NB. else any JSON object, even an empty one, would pass for a partner that inherits everything.
            raise TenantUnavailable(f"Entra's answer does not name the tenant when asked to {call.purpose}.")
        return document

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration. There is no way to write it."""
        call = reading("/policies/crossTenantAccessPolicy/default", "show the default configuration", "Policy.Read.All")
        builder = self._graph().policies.cross_tenant_access_policy.default
        return _document(call, await self._send(call, _request(Method.GET, builder)))

    async def write(self, operation: Operation) -> None:
        """Perform one operation of a plan: its canonical bytes to its address, at most once.

        :raises ValueError: for any address that is not one partner's own configuration; nothing was sent.
        :raises AlreadyExists: when a POST meets an existing partner.
        :raises TenantUnavailable: when the outcome is unknown; read back before anything else.
        """
        call = Call(
            method=operation.method,
            path=operation.path,
            purpose="change the partner configuration",
            permission="Policy.ReadWrite.CrossTenantAccess",
        )
        request = _request(Method(operation.method), _writable_address(self._graph(), operation))
        request.set_stream_content(canonical_json(operation.body), "application/json")
        answer = await self._send(call, request)
        if not answer.is_success:
            raise failure(call, answer)

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Find every account whose mail or user principal name is one of `mails`."""
        wanted = sorted({mail.strip().lower() for mail in mails if mail.strip()})
        clauses = [f"{name} eq {quoted(mail)}" for mail in wanted for name in ("mail", "userPrincipalName")]
        return await self._accounts([" or ".join(some) for some in chunks(clauses, _FILTER_CLAUSES)])

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Find every account with one of these object ids; absent ones are left out."""
        wanted = sorted({quoted(person.lower()) for person in ids if is_guid(person)})
        return await self._accounts([f"id in ({','.join(some)})" for some in chunks(wanted, _FILTER_CLAUSES)])

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List the users in an Entra group, nested ones included.

        Types are told apart here. Graph's own cast to users answers from an index that lags behind ("List group
        transitive members"), and who was just taken out of a group must not pass for a member.
        """
        call = reading(
            f"/groups/{group_id}/transitiveMembers",
            f"list the members of the group {group_id}",
            "GroupMember.Read.All",
        )
        if not is_guid(group_id):
            raise TenantRefused(404, "", f"{group_id!r} is not a group: an Entra group is named by its object id.")
        builder = self._graph().groups.by_group_id(group_id).transitive_members
        rows = await self._collect(call, _request(Method.GET, builder, select=["id"], top=999))
        if not all("@odata.type" in row for row in rows):
            raise TenantUnavailable(f"Entra did not say which are people when asked to {call.purpose}.")
        return frozenset(PersonId(row["id"].lower()) for row in rows if row["@odata.type"] == "#microsoft.graph.user")

    async def _accounts(self, filters: Sequence[str]) -> Sequence[Account]:
        call = reading("/users", "look up accounts", "User.Read.All")
        accounts: dict[PersonId, Account] = {}
        for clause in filters:
            request = _request(Method.GET, self._graph().users, filter=clause, select=_ACCOUNT)
            accounts |= {account.id: account for account in map(account_of, await self._collect(call, request))}
        return tuple(accounts.values())

    async def _collect(self, call: Call, request: RequestInformation) -> Sequence[JsonObject]:
        """Read a collection to its end, annotations included, or raise: never a part of it."""
        return [row async for page in self._pages(call, request) for row in page]

    async def _pages(self, call: Call, request: RequestInformation) -> AsyncIterator[Sequence[JsonObject]]:
        seen: set[str] = set()
        while True:
            answer = await self._send(call, request)
            if not answer.is_success:
                raise failure(call, answer)
            rows, link = rows_of(call, answer)
            yield rows
            if link is None:
                return
            if link in seen or len(seen) >= _PAGES or not is_same_service(link, self._root):
                raise TenantUnavailable(f"Entra's list did not end, or led elsewhere, when asked to {call.purpose}.")
            seen.add(link)
            request = RequestInformation(Method.GET)
            request.url = link
            request.headers.try_add("Accept", "application/json")

    async def _send(self, call: Call, request: RequestInformation) -> Answer:
        """Send one request and log it: method, path, status, ids and time; never a body, a query or a token.

        :raises TenantUnavailable: when no answer came; unless it says that nothing was sent, a write's outcome is open.
        :raises TenantRefused: when the credentials are.
        """
        own_id = str(uuid.uuid4())
        request.headers.try_add("client-request-id", own_id)
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        started = time.perf_counter()
        answer: Answer | None = None
        is_sent = False
        try:
            async with asyncio.timeout(_WRITE_SECONDS if call.is_write else _READ_SECONDS):
                # The adapter asks again and gets it from the cache; a failure here is known to be before sending.
                await self._credential.get_token(self._scope, enable_cae=True)
                is_sent = True
                answer = await self._exchange(call, request)
            return answer
        except TimeoutError as error:
            raise TenantUnavailable(
                f"Entra took too long to {call.purpose}{doubt(call) if is_sent else '; nothing was sent.'}"
            ) from error
        finally:
            _log.info(
                "graph call",
                method=call.method,
                path=call.path,
                status=None if answer is None else answer.status,
                request_id=None if answer is None else answer.request_id,
                client_request_id=own_id,
                ms=round((time.perf_counter() - started) * 1000),
            )

    async def _exchange(self, call: Call, request: RequestInformation) -> Answer:
        try:
            response: Any = await self._adapter.send_primitive_async(request, "bytes", None)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TenantUnavailable(f"Entra could not be reached to {call.purpose}; nothing was sent.") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # ValueError: the adapter decodes a claims challenge that it could not read.
            raise TenantUnavailable(
                f"The connection to Entra broke on the way to {call.purpose}{doubt(call)}"
            ) from error
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
        )

    def _graph(self) -> GraphServiceClient:
        return GraphServiceClient(request_adapter=self._adapter)


class UnattendedCredential:
    """The first of the environment's, the workload's and the managed identity that is configured, one token at a time.

    DefaultAzureCredential builds the chain; its own `get_token` would turn a wrong secret and an authority out of reach
    into the same text. The lock keeps ten callers of an expired token from asking ten times.
    """

    def __init__(self, settings: EntraSettings) -> None:
        # Reads SSL_CERT_FILE now; aiohttp's own default was read when aiohttp was imported.
        ca_file = ssl.get_default_verify_paths().cafile
        try:
            self._chain = DefaultAzureCredential(
                authority=settings.authority_host,
                disable_instance_discovery=True,
                exclude_shared_token_cache_credential=True,
                exclude_visual_studio_code_credential=True,
                exclude_cli_credential=True,
                exclude_powershell_credential=True,
                exclude_developer_cli_credential=True,
                use_env_settings=settings.use_environment_proxy,
                connection_verify=ca_file or True,
                connection_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retry_total=1,
                retry_backoff_factor=0.2,
            )
        except OSError as error:
            raise ValueError(f"AZURE_CLIENT_CERTIFICATE_PATH: {error.strerror}") from error
        self._credentials: Sequence[Any] = self._chain.credentials
        self._lock = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **options: Any,
    ) -> AccessToken:
        """Return a token, cached until shortly before it expires.

        :raises TenantRefused: when the authority refuses the credential.
        :raises TenantUnavailable: when the authority does not answer, or no credential could be tried: a managed
            identity's endpoint that is silent for a moment looks like one that does not exist.
        """
        missing: list[str] = []
        async with self._lock:
            for credential in self._credentials:
                try:
                    token: AccessToken = await credential.get_token(
                        *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **options
                    )
                except CredentialUnavailableError as error:
                    missing.append(error.message)
                except ClientAuthenticationError as error:
                    status = None if error.response is None else error.response.status_code
                    raise token_failure(error.message, status) from error
                except AzureError as error:
                    raise token_failure(error.message, None) from error
                else:
                    self._credentials = (credential,)
                    return token
        raise no_credential(missing)

    async def close(self) -> None:
        """Close the connections to the authority."""
        await self._chain.close()

    async def __aenter__(self) -> "UnattendedCredential":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _ReadRetries(RetryHandler):
    """Repeats a GET that was throttled or met an unavailable service, unless the service wants a long wait."""

    def __init__(self) -> None:
        super().__init__(RetryHandlerOption(delay=0.0, max_retries=_RETRIES))
        self.allowed_methods = frozenset({"GET"})

    def should_retry(self, request: httpx.Request, options: RetryHandlerOption, response: httpx.Response) -> bool:
        """Tell whether to repeat the request now."""
        wait = retry_after(response.headers)
        return super().should_retry(request, options, response) and (wait is None or wait <= _LONGEST_WAIT)

    def get_delay_time(self, retry_count: int, response: httpx.Response | None = None, delay: float = 0.0) -> float:
        """Seconds until the next try: what the service asks for, else growing and uneven."""
        wait = None if response is None else retry_after(response.headers)
        return wait or self._get_delay_time_exp_backoff(retry_count, delay)


def _request(method: Method, builder: BaseRequestBuilder, **query: str | int | list[str]) -> RequestInformation:
    """Address a request.

    The builder's own methods want a model for a body, and identitySynchronization's has none for PATCH.
    """
    request = RequestInformation(method, builder.url_template, builder.path_parameters)
    request.query_parameters.update({f"%24{name}": value for name, value in query.items()})
    request.headers.try_add("Accept", "application/json")
    return request


def _writable_address(graph: GraphServiceClient, operation: Operation) -> BaseRequestBuilder:
    """Find the builder for an operation: POST to the partners, PATCH to one of them or to its synchronization policy.

    :raises ValueError: for everything else. No other address of the tenant can be written.
    """
    match = _WRITABLE.fullmatch(operation.path)
    if match is None or operation.method != ("PATCH" if match["tenant"] else "POST"):
        raise ValueError(f"{operation.method} {operation.path} is not one partner's own configuration")
    partners = graph.policies.cross_tenant_access_policy.partners
    address: BaseRequestBuilder = partners
    if match["tenant"] is not None:
        partner = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(match["tenant"])
        address = partner.identity_synchronization if match["sync"] else partner
    elif not is_guid(str(operation.body.get("tenantId"))):
        raise ValueError(f"{operation.method} {operation.path} names no partner by its tenant id")
    return address


def _document(call: Call, answer: Answer) -> JsonObject:
    if not answer.is_success:
        raise failure(call, answer)
    document: JsonObject = without_annotations(json_object(call, answer))
    return document


def _load_builders(adapter: GraphRequestAdapter) -> None:
    """Import the builders now: the SDK imports them on first use, in the middle of somebody's click."""
    with warnings.catch_warnings():
        # They warn about their own deprecated inner classes while they are imported.
        warnings.simplefilter("ignore", DeprecationWarning)
        graph = GraphServiceClient(request_adapter=adapter)
        policy = graph.policies.cross_tenant_access_policy
        relationships = graph.tenant_relationships
        for builder in (
            graph.organization,
            graph.users,
            graph.groups.by_group_id("").transitive_members,
            policy.default,
            policy.partners.by_cross_tenant_access_policy_configuration_partner_tenant_id("").identity_synchronization,
            relationships.find_tenant_information_by_domain_name_with_domain_name(""),
            relationships.find_tenant_information_by_tenant_id_with_tenant_id(""),
        ):
            _request(Method.GET, builder)
