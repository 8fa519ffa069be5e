"""The plan: the exact Graph operations that an approval is about, and the state of the tenant they start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple, Self

from workflows.core.errors import NothingToChange
from workflows.core.plans.further_writes import further_writes
from workflows.core.settings.block import BLOCK, is_synchronization_allowed, not_blocked
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.described import DEVICES, described_part, only_described, with_undescribed
from workflows.core.settings.documents import is_same_value, means_the_same, to_document
from workflows.core.settings.model import (
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    IdentitySynchronization,
    Property,
    Setting,
    TenantId,
    is_guid,
)

_PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"
_DIGEST_DOMAIN: Final = "gatehouse/plan/1"
_SYNC: Final = "userSyncInbound"
_SYNC_ALLOWED: Final = "isSyncAllowed"
_REVOCATION: Final = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIdentity:
    """A tenant as Entra names it. `display_name` is chosen by that tenant's admin and proves nothing."""

    tenant_id: TenantId
    display_name: str
    default_domain: str
    asked: str
    """What the requester typed, normalized: the domain or tenant id that led here."""
    is_resolved: bool = True
    """False for a tenant id that Entra does not know: its lookup sees one cloud, and the id may be of another."""

    @classmethod
    def nameless(cls, tenant_id: TenantId, *, is_resolved: bool = False) -> Self:
        """Stand for a tenant of which nothing but the id is known."""
        return cls(
            tenant_id=tenant_id, display_name=tenant_id, default_domain="", asked=tenant_id, is_resolved=is_resolved
        )

    @property
    def name(self) -> str:
        """What it is called in a command: its default domain, or its tenant id where it has none."""
        return self.default_domain.strip() or self.tenant_id

    @property
    def full_name(self) -> str:
        """Its own name, then the domain where it has one."""
        return f"{self.display_name} ({self.default_domain})" if self.default_domain else self.display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write to Graph. `path` is relative to the service root; `body` is what is sent, byte for byte canonical."""

    method: Literal["POST", "PATCH", "PUT"]
    path: str
    body: JsonObject
    may_be_refused: bool = False
    """Stands after every other write. A refusal of it is named, and delays or undoes nothing that came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is approved: operations in order, the image before them, and the promises made to the approvers."""

    tenant_id: TenantId
    operations: tuple[Operation, ...]
    before: JsonObject | None
    """The partner's own configuration as it was read, undeclared fields included; None where there is none."""
    template: str
    template_hash: str
    duration: timedelta | None
    """How long the access is meant to last; None for a revocation."""
    inherited: JsonObject | None = None
    """What the partner takes from the tenant's default after the plan, as it was shown; None where nothing is known."""
    is_cross_cloud: bool = False
    """Whether the partner is in another Microsoft cloud: without a configuration it is blocked, whatever the default
    says."""

    @property
    def digest(self) -> Digest:
        """The SHA-256 over everything above; stands in every button and every decision."""
        approved = {
            "tenantId": self.tenant_id,
            "operations": [_approved(operation) for operation in self.operations],
            "before": self.before,
            "template": self.template,
            "templateHash": self.template_hash,
            "durationSeconds": None if self.duration is None else int(self.duration.total_seconds()),
        }
        if self.inherited is not None:
            approved["inherited"] = self.inherited
        if self.is_cross_cloud:
            # Only where it is so: the digests of plans that are stored already stay as they are.
            approved["isCrossCloud"] = True
        return digest(_DIGEST_DOMAIN, approved)

    @property
    def is_revocation(self) -> bool:
        """Tell whether it closes a partner and does nothing else."""
        return (self.template, self.template_hash, self.duration) == (_REVOCATION, "", None)

    @property
    def required(self) -> tuple[Operation, ...]:
        """The operations without which the plan is not carried out; they stand first."""
        return tuple(operation for operation in self.operations if not operation.may_be_refused)

    @property
    def further(self) -> tuple[Operation, ...]:
        """The operations that may be refused."""
        return tuple(operation for operation in self.operations if operation.may_be_refused)

    def image_after(self, count: int | None = None) -> JsonObject | None:
        """Compute the partner's configuration after the first `count` operations (None: after all).

        Undescribed members that a write does not name are taken to stay.
        """
        image: dict[str, Any] | None = None if self.before is None else dict(self.before)
        for operation in self.operations[:count]:
            known = image or {}
            if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
                body: JsonObject = {IDENTITY_SYNCHRONIZATION: _merge(known, operation.body)}
            else:
                body = {**operation.body, **_untouched(known, operation.body)}
            image = {**known, **with_undescribed(known, body)}
        return image


class Change(NamedTuple):
    """One setting, before and after, as Graph documents; None means "inherits the default"."""

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
    """Compute the operations that bring a partner from `before` to the settings of a template.

    Writes only what `settings` names and what differs. Flags that a template does not name keep the value they have.
    Closing comes first and the widest last: synchronization is switched off before the partner is written, and on only
    after it, because it requires automatic redemption (Microsoft: "Configure cross-tenant synchronization using
    PowerShell or Microsoft Graph API"). Everything else is one write, which Graph takes whole or not at all.

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
        raise NothingToChange(
            f"This tenant is already a partner with the settings of “{template}”. Choose another one."
        )
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
    """Give the writes of a plan: closing first, the widest last. A partner without a configuration is created.

    :param body: the settings to write, without synchronization, which has an address of its own.
    :param synchronizes: whether synchronization is to be on; None leaves it alone.
    """
    address = partner_address(tenant_id)
    operations = []
    if before is None:
        operations.append(Operation(method="POST", path=_PARTNERS, body={"tenantId": tenant_id, **body}))
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

    Every setting of the block is written, also those that look closed already. After it comes, as writes that may be
    refused, what else is not closed for certain (see `further_closing`).
    A partner is never deleted: without a configuration of its own the tenant's defaults would apply, which usually
    allow (Graph: "Cross-tenant access settings API overview").

    :param default: the tenant's default configuration; None when it could not be read.
    :returns: a plan without operations when nothing is left to write: there is only reading back to do.
    """
    address = partner_address(tenant_id)
    if before is None:
        operations = [Operation(method="POST", path=_PARTNERS, body={"tenantId": tenant_id, **BLOCK})]
    else:
        operations = []
        missing = not_blocked(before)
        if any(name in BLOCK for name in missing):
            operations.append(Operation(method="PATCH", path=address, body=dict(BLOCK)))
        if IDENTITY_SYNCHRONIZATION in missing:
            operations.append(_synchronization_write("PATCH", tenant_id, is_on=False))
    for is_synchronization, body in further_writes(before, default):
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
    """List every setting that the plan writes, with its value before and after, in Graph's names."""
    after = plan.image_after() or {}
    written = [name for operation in plan.operations for name in _written(operation)]
    before = plan.before or {}
    return tuple(Change(name, before.get(name), after.get(name)) for name in dict.fromkeys(written))


def steps_done(plan: Plan, observed: JsonObject | None) -> int | None:
    """Tell how many of the plan's required operations the observed configuration already shows.

    :returns: 0 for the image before, `len(plan.required)` for the image after, None when it is neither of the images
        the plan passes through: somebody else changed it.
    """
    for count in range(len(plan.required), -1, -1):
        if is_confirmed(plan, observed, count):
            return count
    return None


def is_confirmed(plan: Plan, observed: JsonObject | None, count: int | None = None) -> bool:
    """Tell whether a configuration that was read shows the first `count` operations (None: all required) and no more.

    Members that v1.0 does not describe are left out: they may appear and change, and nobody is blamed for it. A
    revocation is carried out when its whole block stands, whatever else does.
    """
    count = len(plan.required) if count is None else count
    if plan.is_revocation and count == len(plan.required):
        return observed is not None and not not_blocked(observed)
    expected = plan.image_after(count)
    if expected is not None and observed is not None and plan.before is None:
        # A created partner comes back with fields the plan did not send: unset ones are null (normalized away), and
        # what the service says of the partner is not ours to judge. What the model declares must be exactly the plan.
        observed = {name: value for name, value in observed.items() if name in expected or name in _DECLARED}
    return means_the_same(_judged(plan, expected), _judged(plan, observed))


_DECLARED: Final = frozenset({"tenantId", *(name.value for name in Property)})


def _synchronization(tenant_id: TenantId, before: JsonObject | None, *, is_on: bool) -> list[Operation]:
    """Give the write that switches synchronization on or off, if one is needed. Only a PUT creates a policy."""
    current = (before or {}).get(IDENTITY_SYNCHRONIZATION)
    if not is_on:
        is_needed = before is not None and is_synchronization_allowed(before)
        return [_synchronization_write("PATCH", tenant_id, is_on=False)] if is_needed else []
    if current is None:
        return [_synchronization_write("PUT", tenant_id, is_on=True)]
    if means_the_same({_SYNC: {_SYNC_ALLOWED: True}}, _only_synchronization(current)):
        return []
    return [_synchronization_write("PATCH", tenant_id, is_on=True)]


def _synchronization_write(method: Literal["PATCH", "PUT"], tenant_id: TenantId, *, is_on: bool) -> Operation:
    path = f"{partner_address(tenant_id)}/{IDENTITY_SYNCHRONIZATION}"
    return Operation(method=method, path=path, body={_SYNC: {_SYNC_ALLOWED: is_on}})


def _judged(plan: Plan, image: JsonObject | None) -> JsonObject | None:
    """Give the part of an image by which a plan is held to have been carried out."""
    if image is None:
        return None
    judged = only_described(image)
    written = {name for operation in plan.operations for name in _written(operation)}
    if any(operation.method == "PUT" for operation in plan.operations) and IDENTITY_SYNCHRONIZATION in judged:
        # A created policy comes back with its key and a name of the service's choosing.
        judged[IDENTITY_SYNCHRONIZATION] = _only_synchronization(judged[IDENTITY_SYNCHRONIZATION])
    restrictions = judged.get(Property.TENANT_RESTRICTIONS)
    if Property.TENANT_RESTRICTIONS in written and isinstance(restrictions, Mapping):
        judged[Property.TENANT_RESTRICTIONS.value] = {k: v for k, v in restrictions.items() if k != DEVICES}
    return judged


def _only_synchronization(policy: Any) -> Any:
    return {_SYNC: policy.get(_SYNC)} if isinstance(policy, Mapping) else policy


def _untouched(image: JsonObject, body: JsonObject) -> dict[str, Any]:
    """Keep what a write of tenant restrictions does not say: Graph's `devices` is never sent."""
    name = Property.TENANT_RESTRICTIONS.value
    old, new = image.get(name), body.get(name)
    if not isinstance(new, Mapping) or not isinstance(old, Mapping) or DEVICES not in old:
        return {}
    return {name: {**new, DEVICES: old[DEVICES]}}


def partner_address(tenant_id: TenantId) -> str:
    """Give the address of one partner's own configuration: the only place a plan can write to.

    :raises ValueError: for anything but a GUID, which could lead somewhere else.
    """
    if not is_guid(tenant_id):
        raise ValueError(f"not a tenant id: {tenant_id!r}")
    return f"{_PARTNERS}/{tenant_id}"


def _differences(before: JsonObject | None, settings: Mapping[Property, Setting]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, setting in settings.items():
        wanted = to_document(setting)
        current = (before or {}).get(name.value)
        if wanted is not None and name in FLAGS and isinstance(current, Mapping):
            # How deep Graph merges inside a setting is not documented: send the whole setting, other flags as they are.
            # NB. no undescribed member: Graph may refuse the whole body for its name.
            wanted = {**described_part(name, current), **wanted}
        current = described_part(name, current)
        if name is Property.TENANT_RESTRICTIONS and isinstance(current, Mapping):
            current = {key: value for key, value in current.items() if key != DEVICES}
        if not is_same_value(wanted, current):
            body[name.value] = wanted
    return body


def _approved(operation: Operation) -> dict[str, Any]:
    """Give what a digest covers of an operation. Plans of before had no writes that may be refused."""
    approved = {"method": operation.method, "path": operation.path, "body": operation.body}
    return {**approved, "mayBeRefused": True} if operation.may_be_refused else approved


def _written(operation: Operation) -> tuple[str, ...]:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return (IDENTITY_SYNCHRONIZATION,)
    return tuple(name for name in operation.body if name != "tenantId")


def _merge(image: JsonObject, body: JsonObject) -> dict[str, Any]:
    policy = image.get(IDENTITY_SYNCHRONIZATION)
    return {**(policy if isinstance(policy, Mapping) else {}), **body}
