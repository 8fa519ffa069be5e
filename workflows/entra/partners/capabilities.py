"""Read Microsoft 365 capabilities, and know whether this tenant has them and whether the bot may use them.

Microsoft gives the addresses to one tenant after another, and the permission is optional. Both are told apart from a
read that failed. What cannot be read is never an empty list.
"""

from collections.abc import Sequence
from typing import Any, Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method

from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.entra.addresses import CAPABILITY_PERMISSION, request_to
from workflows.entra.answers.answers import GraphCall, read_call, rows_of, unavailable, without_annotations
from workflows.entra.answers.failed_calls import failure
from workflows.entra.transport.connection import Connection
from workflows.intervals import CAPABILITIES_ASKED_AGAIN_AFTER
from workflows.ports.tenant import TenantRefused
from workflows.tasks import Cache

_TYPE: Final = "@odata.type"
_CHANGED_AT: Final = "lastModifiedDateTime"
_NO_SUCH_ADDRESS: Final = frozenset({400, 404})
"""Graph's answers about an address that it does not have. A 404 may also be about the partner."""


class PartnerCapabilities:
    """Reads Microsoft 365 capabilities. Why they cannot be read is kept for some minutes; they themselves never are."""

    def __init__(self, connection: Connection) -> None:
        """Create the reader. Nothing is sent."""
        self._connection = connection
        self._access: Cache[None, CapabilityAccess] = Cache(
            read=lambda _: self._ask(), kept_for=lambda _: CAPABILITIES_ASKED_AGAIN_AFTER, max_entries=1
        )

    async def access(self) -> CapabilityAccess:
        """Return whether capabilities can be read and written. The answer is at most some minutes old.

        :raises TenantUnavailable, TenantRefused: when it cannot be found out.
        """
        return await self._access.get(None) if await self._is_granted() else CapabilityAccess.NOT_GRANTED

    async def may_be_read(self) -> bool:
        """Return whether it is worth asking. Nothing is sent, but for a token when there is none."""
        known = self._access.recent(None, CAPABILITIES_ASKED_AGAIN_AFTER)
        return known in (None, CapabilityAccess.AVAILABLE) and await self._is_granted()

    async def of_partner(self, tenant_id: TenantId) -> Sequence[JsonObject]:
        """Read a partner's capabilities, in the order of their names. Never cached.

        :raises TenantRefused: also when there is no such partner, or this tenant does not have them; see
            `after_refusal`.
        """
        partners = self._connection.graph.policies.cross_tenant_access_policy.partners
        builder = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(tenant_id).m365_capabilities
        return await self._read(_call(f"partners/{tenant_id}", of=tenant_id), builder)

    async def of_default(self) -> Sequence[JsonObject]:
        """Read those of the tenant's default configuration, in the same way. They apply where a partner has no own."""
        builder = self._connection.graph.policies.cross_tenant_access_policy.default.m365_capabilities
        return await self._read(_call("default"), builder)

    async def after_refusal(self, error: TenantRefused) -> None:
        """Find out what the refusal of a read means. Returns when the bot cannot read them in this tenant at all.

        The caller knows that the partner exists.

        :raises TenantRefused, TenantUnavailable: for a refusal that is about this partner alone.
        """
        if error.status != 403 and error.status not in _NO_SUCH_ADDRESS:
            raise error
        # The reads of many partners fail at the same moment. They share one question.
        self._access.forget_all()
        if await self._access.get(None) is not CapabilityAccess.AVAILABLE:
            return
        if error.status == 404:
            raise unavailable(TenantCode.PARTNERS_CHANGED) from error
        raise error

    async def _read(self, call: GraphCall, builder: BaseRequestBuilder) -> Sequence[JsonObject]:
        return _in_order(call, await self._connection.collect(call, request_to(Method.GET, builder), key="name"))

    async def _is_granted(self) -> bool:
        """Return whether the token has the permission. A token that cannot be read may have it."""
        granted = await self._connection.granted_permissions()
        return granted is None or CAPABILITY_PERMISSION in granted

    async def _ask(self) -> CapabilityAccess:
        """Read those of the default configuration, which every tenant has that has the addresses.

        So no answer has to be told from another by its text, which Microsoft changes.
        """
        call = _call("default")
        builder = self._connection.graph.policies.cross_tenant_access_policy.default.m365_capabilities
        answer = await self._connection.send(call, request_to(Method.GET, builder))
        if answer.is_success:
            rows_of(call, answer, key="name")
            return CapabilityAccess.AVAILABLE
        error = failure(call, answer)
        if isinstance(error, TenantRefused) and error.status in _NO_SUCH_ADDRESS:
            return CapabilityAccess.NOT_AVAILABLE
        if isinstance(error, TenantRefused) and error.status == 403:
            return CapabilityAccess.NOT_GRANTED
        raise error


def _call(place: str, *, of: str = "") -> GraphCall:
    path = f"/policies/crossTenantAccessPolicy/{place}/m365Capabilities"
    return read_call(path, Purpose.READ_CAPABILITIES, CAPABILITY_PERMISSION, object_name=of)


def _in_order(call: GraphCall, rows: Sequence[JsonObject]) -> Sequence[JsonObject]:
    """Return capabilities with their types, in the order of their names.

    :raises TenantUnavailable: when two have the same name: which of them counts is not known.
    """
    capabilities = {row["name"]: _without_time(row) for row in rows}
    if len(capabilities) != len(rows):
        raise unavailable(TenantCode.UNREADABLE_LIST, call=call.as_value, request_id="")
    return [capabilities[name] for name in sorted(capabilities)]


def _without_time(row: JsonObject) -> dict[str, Any]:
    """Return a capability without the time of its last change, and without annotations but for its type."""
    kind = {_TYPE: row[_TYPE]} if _TYPE in row else {}
    return kind | {name: value for name, value in without_annotations(row).items() if name != _CHANGED_AT}
