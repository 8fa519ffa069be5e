"""The plan: the exact Graph operations that are approved, and the state of the tenant before them.

It is long because what the digest covers, and what follows from the operations, are read together.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Self

from workflows.core.errors.call_ids import CallIds as CallIds
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountPlan
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import Digest, JsonObject, computed_once, digest
from workflows.core.settings.capabilities import TYPE, TYPE_PREFIX, with_capability
from workflows.core.settings.documents import is_equivalent
from workflows.core.settings.model import (
    IDENTITY_SYNCHRONIZATION,
    M365_CAPABILITIES,
    USER_SYNC_INBOUND,
    Property,
    TenantId,
    is_guid,
)
from workflows.core.settings.undocumented_members import DEVICES, documented_configuration, with_undocumented_members

PARTNERS_PATH: Final = "/policies/crossTenantAccessPolicy/partners"
"""The address of all partners, relative to the root of Graph v1.0."""
_DIGEST_DOMAIN: Final = "gatehouse/plan/1"
REVOCATION_TEMPLATE: Final = "revoke"
"""Stands for the template in the plan of a revocation, which has none."""


class AtEnd(StrEnum):
    """What happens at the end of the approved access period. The values are stored."""

    ASK = "ask"
    """The sponsor and the admins are asked. The access stays until somebody revokes it."""
    BLOCK = "block"
    """Gatehouse blocks the partner by itself, if it was announced."""


class OnSilence(StrEnum):
    """What happens when nobody answers a review. The values are stored."""

    ESCALATE = "escalate"
    """The admins are asked again and again, and an alarm is open. The access stays until somebody revokes it."""
    SUSPEND = "suspend"
    """Gatehouse suspends the partner by itself, if the sponsor and the admins were told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIdentity:
    """A tenant as Entra names it. `display_name` is chosen by that tenant's admin and is not verified."""

    tenant_id: TenantId
    display_name: str
    default_domain: str
    typed_name: str
    """The normalized text that the requester typed: a domain or a tenant id."""
    is_resolved: bool = True
    """False for a tenant id that Entra does not know. The lookup covers one cloud, and the id may be of another."""

    @classmethod
    def without_names(cls, tenant_id: TenantId, *, is_resolved: bool = False) -> Self:
        """Return the identity of a tenant whose names are not known."""
        return cls(
            tenant_id=tenant_id,
            display_name=tenant_id,
            default_domain="",
            typed_name=tenant_id,
            is_resolved=is_resolved,
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
class SentWrite:
    """One write that Graph accepted, with the ids of the call."""

    method: str
    path: str
    at: datetime
    """When Graph's answer came."""
    ids: CallIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What is approved besides the current settings when they become the record. Nothing is written."""

    owner: PersonId
    """The account of the requester, who becomes the owner."""
    sponsor: PersonId
    equal_template: str = ""
    """The template that gives exactly these settings; empty when there is none."""
    authors: tuple[PersonId, ...] = ()
    """The accounts that Entra's audit log names as authors of the settings. They may not decide."""
    is_author_known: bool = False
    """Whether the log names the author of every setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedSettings:
    """The settings of one partner that its whole approval chain approved. The tenant is compared with them."""

    configuration: JsonObject | None
    """As Graph returns it; None for a partner without its own."""
    inherited: JsonObject | None
    """What the partner inherits with these settings, as the approvers saw it; None when it is not known."""
    is_created: bool
    """Whether the plan that set them added the partner. The service adds members then that nobody saw."""
    was_approved: bool = True
    """False when nothing of the partner was ever approved, or nothing since it was revoked. Then all of it counts as
    blocked."""


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
    """When the access ends, if a day was requested; None: `duration` counts from the last approval, or the start."""
    starts_at: datetime | None = None
    """Nothing is written before this time, if a day was requested; None: the access starts when it is approved."""
    edition: int = 0
    """How many edits the request had when this plan was made. The digest covers it: after an edit, no
    decision on an earlier plan counts."""
    extends: bool = False
    """Whether a plan that reduces access also extends it, so that the whole chain decides; see `extension.extends`."""
    at_end: AtEnd = AtEnd.ASK
    """What happens at the end of the access. Plans of earlier versions ask."""
    on_silence: OnSilence = OnSilence.ESCALATE
    """What happens when nobody answers a review of the access. Plans of earlier versions escalate."""
    adoption: Adoption | None = None
    """Set when the plan writes nothing and makes `before` the record; None for every other plan."""
    left_out: tuple[str, ...] = ()
    """The parts of the template that are not asked for, by their codes, see `policy.left_out`."""
    kept_approval: ApprovedSettings | None = None
    """What counts as approved after a plan that leaves settings as they are which nobody approved.

    None: everything that is set after the plan. See `partners.kept_approval`.
    """
    accounts: AccountPlan | None = None
    """The guest accounts that are disabled or enabled. Such a plan writes no settings of the partner."""

    @property
    def approved_settings(self) -> ApprovedSettings:
        """Return the settings that count as approved after the plan."""
        return self.kept_approval or ApprovedSettings(
            configuration=self.configuration_after(), inherited=self.inherited, is_created=self.before is None
        )

    @property
    @computed_once
    def digest(self) -> Digest:
        """Return the SHA-256 over all fields above. Every button and every decision contains it."""
        approved: dict[str, Any] = {
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
        if self.starts_at is not None:
            approved["startsAt"] = self.starts_at.astimezone(UTC).isoformat()
        if self.edition:
            approved["edition"] = self.edition
        if self.extends:
            approved["extends"] = True
        if self.at_end is not AtEnd.ASK:
            approved["atEnd"] = self.at_end.value
        if self.on_silence is not OnSilence.ESCALATE:
            approved["onSilence"] = self.on_silence.value
        if self.left_out:
            approved["leftOut"] = list(self.left_out)
        if self.adoption is not None:
            approved["adoption"] = asdict(self.adoption)
        if self.kept_approval is not None:
            kept = asdict(self.kept_approval)
            if self.kept_approval.was_approved:
                del kept["was_approved"]  # so that the digests of stored plans stay the same
            approved["keptApproval"] = kept
        if self.accounts is not None:
            approved["accounts"] = self.accounts.as_approved()
        return digest(_DIGEST_DOMAIN, approved)

    def start_if_approved(self, moment: datetime) -> datetime:
        """Return when the access starts if the last approval comes at this moment."""
        return moment if self.starts_at is None else max(moment, self.starts_at)

    def end_if_approved(self, moment: datetime) -> datetime | None:
        """Return when the access ends if the last approval comes at this moment; None when it has no end."""
        if self.ends_at is not None or self.duration is None:
            return self.ends_at
        return self.start_if_approved(moment) + self.duration

    @property
    def is_revocation(self) -> bool:
        """Return whether the plan only closes a partner."""
        return (self.template, self.template_hash, self.duration) == (REVOCATION_TEMPLATE, "", None)

    @property
    def required_operations(self) -> tuple[Operation, ...]:
        """Return the operations that are required for success. They come first."""
        return tuple(operation for operation in self.operations if not operation.may_be_refused)

    @property
    def optional(self) -> tuple[Operation, ...]:
        """Return the operations that Graph may refuse."""
        return tuple(operation for operation in self.operations if operation.may_be_refused)

    def configuration_after(self, count: int | None = None) -> JsonObject | None:
        """Return the expected configuration after the first `count` operations (None: after all).

        It is assumed that a write does not change undocumented members that it does not contain.
        """
        configuration: dict[str, Any] | None = None if self.before is None else dict(self.before)
        for operation in self.operations[:count]:
            known = configuration or {}
            if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
                body: JsonObject = {IDENTITY_SYNCHRONIZATION: _merged_policy(known, operation.body)}
            elif name := written_capability(operation):
                written = with_capability(known.get(M365_CAPABILITIES), name, operation.body)
                body = {M365_CAPABILITIES: written}
            else:
                body = dict(operation.body)
            # NB. that keeps Graph's `devices` of tenant restrictions, too: they are never sent.
            configuration = {**known, **with_undocumented_members(known, body)}
        return configuration


class Change(NamedTuple):
    """One setting before and after a plan, as Graph's documents. None means that it inherits the default."""

    name: str
    before: Any
    after: Any


def changes(plan: Plan) -> tuple[Change, ...]:
    """List every setting that the plan writes, with its value before and after, by Graph's names."""
    after = plan.configuration_after() or {}
    written = [name for operation in plan.operations for name in _written_settings(operation)]
    before = plan.before or {}
    return tuple(Change(name, before.get(name), after.get(name)) for name in dict.fromkeys(written))


def count_written(plan: Plan, observed_configuration: JsonObject | None) -> int | None:
    """Return how many required operations of the plan the observed configuration shows.

    :returns: the number of operations: 0 for the state before, `len(plan.required)` for the state after. None when the
        configuration is no state of the plan, because somebody else changed it.
    """
    for count in range(len(plan.required_operations), -1, -1):
        if is_confirmed(plan, observed_configuration, count):
            return count
    return None


def is_confirmed(plan: Plan, observed_configuration: JsonObject | None, count: int | None = None) -> bool:
    """Return whether a configuration shows the first `count` operations (None: all required) and no more.

    Members that v1.0 does not describe are ignored, because the service may add and change them. A revocation is
    complete when its whole block is set, whatever the other settings are.
    """
    count = len(plan.required_operations) if count is None else count
    if plan.is_revocation and count == len(plan.required_operations):
        return observed_configuration is not None and not unblocked_settings(observed_configuration)
    expected = plan.configuration_after(count)
    if expected is not None and observed_configuration is not None and plan.before is None:
        # Graph returns a created partner with fields that the plan did not send. Unset fields are null and are
        # normalized away. Fields of the service are not compared. Declared fields must be exactly those of the plan.
        observed_configuration = {
            name: value for name, value in observed_configuration.items() if name in expected or name in _KNOWN_NAMES
        }
    return is_equivalent(_compared_part(plan, expected), _compared_part(plan, observed_configuration))


_KNOWN_NAMES: Final = frozenset({"tenantId", *(name.value for name in Property)})


def _compared_part(plan: Plan, configuration: JsonObject | None) -> JsonObject | None:
    """Return the part of a configuration by which it is decided whether a plan was carried out."""
    if configuration is None:
        return None
    compared = documented_configuration(configuration)
    written = {name for operation in plan.operations for name in _written_settings(operation)}
    if any(operation.method == "PUT" for operation in plan.operations) and IDENTITY_SYNCHRONIZATION in compared:
        # The service adds a key and a name to a created policy.
        compared[IDENTITY_SYNCHRONIZATION] = only_synchronization(compared[IDENTITY_SYNCHRONIZATION])
    restrictions = compared.get(Property.TENANT_RESTRICTIONS)
    if Property.TENANT_RESTRICTIONS in written and isinstance(restrictions, Mapping):
        compared[Property.TENANT_RESTRICTIONS.value] = {k: v for k, v in restrictions.items() if k != DEVICES}
    return compared


def only_synchronization(policy: Any) -> Any:
    """Return a synchronization policy with only the member that Gatehouse writes."""
    return {USER_SYNC_INBOUND: policy.get(USER_SYNC_INBOUND)} if isinstance(policy, Mapping) else policy


def partner_address(tenant_id: TenantId) -> str:
    """Return the address of one partner's own configuration. A plan writes only below this address.

    :raises ValueError: when the id is no GUID. Another text could lead to another address.
    """
    if not is_guid(tenant_id):
        raise ValueError(f"not a tenant id: {tenant_id!r}")
    return f"{PARTNERS_PATH}/{tenant_id}"


def written_capability(operation: Operation) -> str:
    """Return the name of the Microsoft 365 capability that an operation writes; empty when it writes none."""
    _, of_a_capability, name = operation.path.partition(f"/{M365_CAPABILITIES}")
    if not of_a_capability:
        return ""
    return name.removeprefix("/") or str(operation.body.get(TYPE)).removeprefix(TYPE_PREFIX)


def _digest_fields(operation: Operation) -> dict[str, Any]:
    """Return the fields of an operation that a digest covers. Older plans had no operations that Graph may refuse."""
    approved = {"method": operation.method, "path": operation.path, "body": operation.body}
    return {**approved, "mayBeRefused": True} if operation.may_be_refused else approved


def _written_settings(operation: Operation) -> tuple[str, ...]:
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return (IDENTITY_SYNCHRONIZATION,)
    if written_capability(operation):
        return (M365_CAPABILITIES,)
    return tuple(name for name in operation.body if name != "tenantId")


def _merged_policy(configuration: JsonObject, body: JsonObject) -> dict[str, Any]:
    policy = configuration.get(IDENTITY_SYNCHRONIZATION)
    return {**(policy if isinstance(policy, Mapping) else {}), **body}
