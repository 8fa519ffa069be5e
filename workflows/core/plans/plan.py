"""The plan: the exact Graph operations that are approved, and the state of the tenant before them.

This file is long because a plan, its digest and its expected states belong together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, Self

from workflows.core.errors.raised import NothingToChange
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.optional_writes import optional_writes
from workflows.core.settings.block import BLOCK, is_synchronization_allowed, not_blocked
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.documents import is_equivalent, is_same_value, to_document
from workflows.core.settings.model import (
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    IS_SYNC_ALLOWED,
    USER_SYNC_INBOUND,
    IdentitySynchronization,
    Property,
    Setting,
    TenantId,
    is_guid,
)
from workflows.core.settings.undescribed_members import (
    DEVICES,
    described_configuration,
    with_undescribed_members,
    without_undescribed_members,
)

PARTNERS_PATH: Final = "/policies/crossTenantAccessPolicy/partners"
"""The address of all partners, relative to the root of Graph v1.0."""
_DIGEST_DOMAIN: Final = "gatehouse/plan/1"
_REVOCATION: Final = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIdentity:
    """A tenant as Entra names it. `display_name` is chosen by that tenant's admin and is not verified."""

    tenant_id: TenantId
    display_name: str
    default_domain: str
    asked: str
    """The normalized text that the requester typed: a domain or a tenant id."""
    is_resolved: bool = True
    """False for a tenant id that Entra does not know. The lookup covers one cloud, and the id may be of another."""

    @classmethod
    def without_names(cls, tenant_id: TenantId, *, is_resolved: bool = False) -> Self:
        """Return the identity of a tenant whose names are not known."""
        return cls(
            tenant_id=tenant_id, display_name=tenant_id, default_domain="", asked=tenant_id, is_resolved=is_resolved
        )

    @property
    def name(self) -> str:
        """Return the name to type in a command: the default domain, or the tenant id when there is no domain."""
        return self.default_domain.strip() or self.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write to Graph. `path` is relative to the service root. `body` is sent exactly, as canonical JSON."""

    method: Literal["POST", "PATCH", "PUT"]
    path: str
    body: JsonObject
    may_be_refused: bool = False
    """Whether the plan also succeeds when Graph refuses this operation. Such operations come last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is approved: the operations in order, the state before them, and what the approvers were shown."""

    tenant_id: TenantId
    operations: tuple[Operation, ...]
    before: JsonObject | None
    """The partner's own configuration as read, with undeclared members; None when there is none."""
    template: str
    template_hash: str
    duration: timedelta | None
    """How long the access shall last; None for a revocation."""
    inherited: JsonObject | None = None
    """The values that the partner inherits after the plan, as the approvers saw them; None when they are not known."""
    is_cross_cloud: bool = False
    """Whether the partner is in another Microsoft cloud. Without its own configuration such a tenant is blocked."""
    ends_at: datetime | None = None
    """When the access ends, if a day was requested; None: `duration` counts from the last approval."""
    edition: int = 0
    """How often the request was edited before this plan was made, so that no decision on an earlier text counts."""

    @property
    def digest(self) -> Digest:
        """Return the SHA-256 over all fields above. Every button and every decision contains it."""
        approved = {
            "tenantId": self.tenant_id,
            "operations": [_digest_fields(operation) for operation in self.operations],
            "before": self.before,
            "template": self.template,
            "templateHash": self.template_hash,
            "durationSeconds": None if self.duration is None else int(self.duration.total_seconds()),
        }
        if self.inherited is not None:
            approved["inherited"] = self.inherited
        if self.is_cross_cloud:
            # Included only when true, so that the digests of stored plans stay the same.
            approved["isCrossCloud"] = True
        if self.ends_at is not None:
            approved["endsAt"] = self.ends_at.astimezone(UTC).isoformat()
        if self.edition:
            approved["edition"] = self.edition
        return digest(_DIGEST_DOMAIN, approved)

    @property
    def is_revocation(self) -> bool:
        """Return whether the plan only closes a partner."""
        return (self.template, self.template_hash, self.duration) == (_REVOCATION, "", None)

    @property
    def required(self) -> tuple[Operation, ...]:
        """Return the operations that are required for success. They come first."""
        return tuple(operation for operation in self.operations if not operation.may_be_refused)

    @property
    def optional(self) -> tuple[Operation, ...]:
        """Return the operations that Graph may refuse."""
        return tuple(operation for operation in self.operations if operation.may_be_refused)

    def configuration_after(self, count: int | None = None) -> JsonObject | None:
        """Return the expected configuration after the first `count` operations (None: after all).

        It is assumed that a write does not change undescribed members that it does not contain.
        """
        image: dict[str, Any] | None = None if self.before is None else dict(self.before)
        for operation in self.operations[:count]:
            known = image or {}
            if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
                body: JsonObject = {IDENTITY_SYNCHRONIZATION: _merged_policy(known, operation.body)}
            else:
                body = {**operation.body, **_kept_devices(known, operation.body)}
            image = {**known, **with_undescribed_members(known, body)}
        return image


class Change(NamedTuple):
    """One setting before and after a plan, as Graph's documents. None means that it inherits the default."""

    name: str
    before: Any
    after: Any


def plan_access(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    settings: Mapping[Property, Setting],
    template: str,
    template_hash: str,
    duration: timedelta,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that change a partner from `before` to the settings of a template.

    Only settings that are in `settings` and that differ are written. Flags that a template does not name keep their
    value.
    Operations that close access come first. The one that opens the most comes last. Synchronization is switched off
    before the partner is written. It is switched on after that, because it requires automatic redemption (Microsoft:
    "Configure cross-tenant synchronization using PowerShell or Microsoft Graph API"). All other settings are one
    write, which Graph applies completely or not at all.

    :raises NothingToChange: when the partner already has every setting.
    """
    own: dict[Property, Setting] = {
        name: setting for name, setting in settings.items() if name != Property.IDENTITY_SYNCHRONIZATION
    }
    synchronizes = None
    if Property.IDENTITY_SYNCHRONIZATION in settings:
        wanted = settings[Property.IDENTITY_SYNCHRONIZATION]
        synchronizes = isinstance(wanted, IdentitySynchronization) and wanted.is_allowed is True
    operations = operations_in_order(tenant_id, before, _differences(before, own), synchronizes=synchronizes)
    if not operations:
        raise NothingToChange(RefusalCode.ALREADY_A_PARTNER, template=template)
    return Plan(
        tenant_id=tenant_id,
        operations=operations,
        before=before,
        template=template,
        template_hash=template_hash,
        duration=duration,
        is_cross_cloud=is_cross_cloud,
    )


def operations_in_order(
    tenant_id: TenantId, before: JsonObject | None, body: JsonObject, *, synchronizes: bool | None
) -> tuple[Operation, ...]:
    """Return the writes of a plan: those that close access first. A missing partner is created.

    :param body: the settings to write, without synchronization, which has its own endpoint.
    :param synchronizes: whether synchronization shall be on; None does not change it.
    """
    address = partner_address(tenant_id)
    operations = []
    if before is None:
        operations.append(Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": tenant_id, **body}))
    elif body:
        operations.append(Operation(method="PATCH", path=address, body=body))
    if synchronizes is not None:
        place = len(operations) if synchronizes else 0
        operations[place:place] = _synchronization(tenant_id, before, is_on=synchronizes)
    return tuple(operations)


def plan_revocation(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    default: JsonObject | None = None,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that close a partner: explicit blocks, no trust, no consent, no synchronization.

    Every setting of the block is written, even when it seems closed already. Operations for everything else that is not
    certainly closed follow; Graph may refuse these (see `optional_writes`). A partner is never deleted. Without its own
    configuration the tenant's defaults would apply, which usually allow access (Graph: "Cross-tenant access settings
    API overview").

    :param default: the tenant's default configuration; None when it could not be read.
    :returns: the plan. It has no operations when everything is closed already and only has to be read back.
    """
    address = partner_address(tenant_id)
    if before is None:
        operations = [Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": tenant_id, **BLOCK})]
    else:
        operations = []
        missing = not_blocked(before)
        if any(name in BLOCK for name in missing):
            operations.append(Operation(method="PATCH", path=address, body=dict(BLOCK)))
        if IDENTITY_SYNCHRONIZATION in missing:
            operations.append(_synchronization_write("PATCH", tenant_id, is_on=False))
    for is_synchronization, body in optional_writes(before, default):
        path = f"{address}/{IDENTITY_SYNCHRONIZATION}" if is_synchronization else address
        operations.append(Operation(method="PATCH", path=path, body=body, may_be_refused=True))
    return Plan(
        tenant_id=tenant_id,
        operations=tuple(operations),
        before=before,
        template=_REVOCATION,
        template_hash="",
        duration=None,
        is_cross_cloud=is_cross_cloud,
    )


def changes(plan: Plan) -> tuple[Change, ...]:
    """List every setting that the plan writes, with its value before and after, by Graph's names."""
    after = plan.configuration_after() or {}
    written = [name for operation in plan.operations for name in _written_settings(operation)]
    before = plan.before or {}
    return tuple(Change(name, before.get(name), after.get(name)) for name in dict.fromkeys(written))


def count_written(plan: Plan, observed: JsonObject | None) -> int | None:
    """Return how many required operations of the plan the observed configuration shows.

    :returns: the number of operations: 0 for the state before, `len(plan.required)` for the state after. None when the
        configuration is no state of the plan, because somebody else changed it.
    """
    for count in range(len(plan.required), -1, -1):
        if is_confirmed(plan, observed, count):
            return count
    return None


def is_confirmed(plan: Plan, observed: JsonObject | None, count: int | None = None) -> bool:
    """Return whether a configuration shows the first `count` operations (None: all required) and no more.

    Members that v1.0 does not describe are ignored, because the service may add and change them. A revocation is
    complete when its whole block is set, whatever the other settings are.
    """
    count = len(plan.required) if count is None else count
    if plan.is_revocation and count == len(plan.required):
        return observed is not None and not not_blocked(observed)
    expected = plan.configuration_after(count)
    if expected is not None and observed is not None and plan.before is None:
        # Graph returns a created partner with fields that the plan did not send. Unset fields are null and are
        # normalized away. Fields of the service are not compared. Declared fields must be exactly those of the plan.
        observed = {name: value for name, value in observed.items() if name in expected or name in _KNOWN_NAMES}
    return is_equivalent(_compared_part(plan, expected), _compared_part(plan, observed))


_KNOWN_NAMES: Final = frozenset({"tenantId", *(name.value for name in Property)})


def _synchronization(tenant_id: TenantId, before: JsonObject | None, *, is_on: bool) -> list[Operation]:
    """Return the write that switches synchronization on or off, if one is needed. Only a PUT creates a policy."""
    current = (before or {}).get(IDENTITY_SYNCHRONIZATION)
    if not is_on:
        is_needed = before is not None and is_synchronization_allowed(before)
        return [_synchronization_write("PATCH", tenant_id, is_on=False)] if is_needed else []
    if current is None:
        return [_synchronization_write("PUT", tenant_id, is_on=True)]
    if is_equivalent({USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: True}}, _only_synchronization(current)):
        return []
    return [_synchronization_write("PATCH", tenant_id, is_on=True)]


def _synchronization_write(method: Literal["PATCH", "PUT"], tenant_id: TenantId, *, is_on: bool) -> Operation:
    path = f"{partner_address(tenant_id)}/{IDENTITY_SYNCHRONIZATION}"
    return Operation(method=method, path=path, body={USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: is_on}})


def _compared_part(plan: Plan, image: JsonObject | None) -> JsonObject | None:
    """Return the part of a configuration by which it is decided whether a plan was carried out."""
    if image is None:
        return None
    compared = described_configuration(image)
    written = {name for operation in plan.operations for name in _written_settings(operation)}
    if any(operation.method == "PUT" for operation in plan.operations) and IDENTITY_SYNCHRONIZATION in compared:
        # The service adds a key and a name to a created policy.
        compared[IDENTITY_SYNCHRONIZATION] = _only_synchronization(compared[IDENTITY_SYNCHRONIZATION])
    restrictions = compared.get(Property.TENANT_RESTRICTIONS)
    if Property.TENANT_RESTRICTIONS in written and isinstance(restrictions, Mapping):
        compared[Property.TENANT_RESTRICTIONS.value] = {k: v for k, v in restrictions.items() if k != DEVICES}
    return compared


def _only_synchronization(policy: Any) -> Any:
    return {USER_SYNC_INBOUND: policy.get(USER_SYNC_INBOUND)} if isinstance(policy, Mapping) else policy


def _kept_devices(image: JsonObject, body: JsonObject) -> dict[str, Any]:
    """Return the members that a write of tenant restrictions does not change: Graph's `devices` is never sent."""
    name = Property.TENANT_RESTRICTIONS.value
    old, new = image.get(name), body.get(name)
    if not isinstance(new, Mapping) or not isinstance(old, Mapping) or DEVICES not in old:
        return {}
    return {name: {**new, DEVICES: old[DEVICES]}}


def partner_address(tenant_id: TenantId) -> str:
    """Return the address of one partner's own configuration. A plan writes only below this address.

    :raises ValueError: when the id is no GUID. Another text could lead to another address.
    """
    if not is_guid(tenant_id):
        raise ValueError(f"not a tenant id: {tenant_id!r}")
    return f"{PARTNERS_PATH}/{tenant_id}"


def _differences(before: JsonObject | None, settings: Mapping[Property, Setting]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, setting in settings.items():
        wanted = to_document(setting)
        current = (before or {}).get(name.value)
        if wanted is not None and name in FLAGS and isinstance(current, Mapping):
            # It is not documented how deep Graph merges inside a setting. So the whole setting is sent, with the
            # current value of other flags. NB. without undescribed members: Graph may refuse the whole body because of
            # such a name.
            wanted = {**without_undescribed_members(name, current), **wanted}
        current = without_undescribed_members(name, current)
        if name is Property.TENANT_RESTRICTIONS and isinstance(current, Mapping):
            current = {key: value for key, value in current.items() if key != DEVICES}
        if not is_same_value(wanted, current):
            body[name.value] = wanted
    return body


def _digest_fields(operation: Operation) -> dict[str, Any]:
    """Return the fields of an operation that a digest covers. Older plans had no operations that Graph may refuse."""
    approved = {"method": operation.method, "path": operation.path, "body": operation.body}
    return {**approved, "mayBeRefused": True} if operation.may_be_refused else approved


def _written_settings(operation: Operation) -> tuple[str, ...]:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return (IDENTITY_SYNCHRONIZATION,)
    return tuple(name for name in operation.body if name != "tenantId")


def _merged_policy(image: JsonObject, body: JsonObject) -> dict[str, Any]:
    policy = image.get(IDENTITY_SYNCHRONIZATION)
    return {**(policy if isinstance(policy, Mapping) else {}), **body}
