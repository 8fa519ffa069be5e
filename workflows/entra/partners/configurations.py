"""Read partners' own configurations and the default, both with their Microsoft 365 capabilities."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import structlog
from kiota_abstractions.method import Method

from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, M365_CAPABILITIES, Property, TenantId, is_guid
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import chunks, is_not_found, read_call, unavailable, without_annotations
from workflows.entra.partners.capabilities import PartnerCapabilities
from workflows.entra.transport.batch import reads_beside
from workflows.entra.transport.connection import Connection, document_of
from workflows.intervals import Pauses
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_DEFAULT: Final = ("isServiceDefault", *(name.value for name in Property))
_TOGETHER: Final = 20
"""How many reads fit in one `$batch`."""

_log = structlog.get_logger(__name__)


class PartnerConfigurations:
    """Reads partners' own configurations and the default. Nothing of them is cached."""

    def __init__(self, connection: Connection, pauses: Pauses) -> None:
        """Create the reader. Nothing is sent."""
        self._connection = connection
        self._capabilities = PartnerCapabilities(connection)
        self._turns = connection.rate_limit(*pauses.capability_reads)

    @property
    def capabilities(self) -> PartnerCapabilities:
        """Return the reader of Microsoft 365 capabilities."""
        return self._capabilities

    async def read(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read one partner; None when there is none. Its capabilities are read in the same request, where possible.

        :param is_to_close: whether a failed read of the capabilities alone leaves them out.
        """
        if not await self._capabilities.may_be_read():
            return await self._configuration(tenant_id)
        async with reads_beside(self._connection.together) as reads:
            configuration = reads.start(self._configuration(tenant_id))
            capabilities = reads.start(self._capabilities.of_partner(tenant_id))
            document = await configuration
            if document is None:
                return None
            try:
                return _with_capabilities(document, await self._settled(capabilities))
            except (TenantRefused, TenantUnavailable):
                if not is_to_close:
                    raise
                return _with_capabilities(document, None)

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration, with its capabilities in the same request. It cannot be written."""
        if not await self._capabilities.may_be_read():
            return await self._default()
        async with reads_beside(self._connection.together) as reads:
            configuration, capabilities = reads.start(self._default()), reads.start(self._capabilities.of_default())
            return _with_capabilities(await configuration, await self._settled(capabilities))

    async def _settled(self, capabilities: Awaitable[Sequence[JsonObject]]) -> Sequence[JsonObject] | None:
        """Return what was read about an object that exists; None when nothing can be read about any."""
        try:
            return await capabilities
        except TenantRefused as error:
            await self._capabilities.after_refusal(error)
            return None

    async def _default(self) -> JsonObject:
        call = read_call("/policies/crossTenantAccessPolicy/default", Purpose.SHOW_DEFAULT, "Policy.Read.All")
        builder = self._connection.graph.policies.cross_tenant_access_policy.default
        document = document_of(call, await self._connection.send(call, request_to(Method.GET, builder)))
        if not any(name in document for name in _DEFAULT):
            # NB. otherwise every JSON object would count as a default that sets nothing. Approval would then be
            # requested again.
            raise unavailable(TenantCode.NO_DEFAULT, call=call.as_value)
        return document

    async def _configuration(self, tenant_id: TenantId) -> JsonObject | None:
        partners = self._connection.graph.policies.cross_tenant_access_policy.partners
        builder = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(tenant_id)
        call = read_call(
            f"/policies/crossTenantAccessPolicy/partners/{tenant_id}",
            Purpose.SHOW_PARTNER,
            "Policy.Read.All",
            object_name=tenant_id,
        )
        answer = await self._connection.send(call, request_to(Method.GET, builder, expand=[IDENTITY_SYNCHRONIZATION]))
        if is_not_found(answer):
            return None
        document = document_of(call, answer)
        if str(document.get("tenantId")).lower() != tenant_id.lower():
            # NB. otherwise every JSON object, even an empty one, would count as a partner that inherits everything.
            raise unavailable(TenantCode.NAMES_NO_TENANT, call=call.as_value)
        return document

    async def pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """Read the list of partners page by page. Of earlier pages only a digest of each row is kept.

        The list has no filter, and the service chooses the size of its pages (Graph: "List
        crossTenantAccessPolicyConfigurationPartners").
        """
        call = read_call("/policies/crossTenantAccessPolicy/partners", Purpose.LIST_PARTNERS, "Policy.Read.All")
        request = request_to(
            Method.GET,
            self._connection.graph.policies.cross_tenant_access_policy.partners,
            expand=[IDENTITY_SYNCHRONIZATION],
        )
        found: dict[str, bytes] = {}
        async for page in self._connection.pages(call, request, key="tenantId"):
            rows: list[JsonObject] = []
            for row in map(without_annotations, page):
                tenant_id = row["tenantId"].lower()
                if not is_guid(tenant_id):
                    raise unavailable(TenantCode.PARTNER_IS_NO_TENANT)
                content = sha256(json.dumps(row, sort_keys=True).encode()).digest()
                if tenant_id not in found:
                    rows.append(row)
                if found.setdefault(tenant_id, content) != content:
                    # A list that grows while it is read may repeat a row. With two rows about one tenant, neither is
                    # used.
                    raise unavailable(TenantCode.PARTNERS_CHANGED)
            capabilities = await self._capabilities_of([row["tenantId"] for row in rows])
            yield [_with_capabilities(row, capabilities.get(row["tenantId"])) for row in rows]

    async def _capabilities_of(self, partners: Sequence[str]) -> Mapping[str, Sequence[JsonObject]]:
        """Read the capabilities of the partners of one page, twenty in a request; empty when they cannot be read.

        A partner whose read alone fails is missing: of it nothing is known, and of the others all is.

        :raises TenantRefused, TenantUnavailable: when no read of a request with several partners succeeds.
        """
        found: dict[str, Sequence[JsonObject] | None] = {}
        for chunk in chunks(partners, _TOGETHER):
            if not await self._capabilities.may_be_read():
                break
            async with self._turns.turn(is_patient=True), self._connection.together() as reads:
                started = {
                    one: reads.start(self._settled(self._capabilities.of_partner(TenantId(one)))) for one in chunk
                }
                answers = await asyncio.gather(*started.values(), return_exceptions=True)
            found |= dict(zip(started, _where_read(answers), strict=True))
        return {one: rows for one, rows in found.items() if rows is not None}


def _where_read(
    answers: Sequence[Sequence[JsonObject] | BaseException | None],
) -> Iterator[Sequence[JsonObject] | None]:
    """Return the answers; None for a read that failed.

    :raises TenantRefused, TenantUnavailable: when several failed and none succeeded. Then it is not about a partner.
    """
    errors = [one for one in answers if isinstance(one, BaseException)]
    for error in errors:
        if not isinstance(error, TenantRefused | TenantUnavailable) or len(errors) == len(answers) > 1:
            raise error
        _log.warning("capabilities_not_read", reason=str(error))
    return (None if isinstance(one, BaseException) else one for one in answers)


def _with_capabilities(configuration: JsonObject, capabilities: Sequence[JsonObject] | None) -> dict[str, Any]:
    """Return a configuration with its capabilities. Without them, whether there are any is not known."""
    return {**configuration} if capabilities is None else {**configuration, M365_CAPABILITIES: list(capabilities)}
