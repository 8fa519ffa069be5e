"""Make the Graph calls that the partner's administrator may send for the partner setup.

Parts that become commands contain only tenant ids, object ids and texts of Gatehouse. Sources: Graph "Create/Update
crossTenantAccessPolicyConfigurationPartner"; Entra "Configure cross-tenant synchronization using PowerShell or
Microsoft Graph API".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from workflows.core.checks.partner_setup.clouds import Cloud
from workflows.core.checks.partner_setup.confirmations import needed_steps
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.plans.plan import PARTNERS_PATH
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId

SYNCHRONIZATION_TEMPLATE: Final = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7"
"""The gallery application that synchronizes between tenants. Its id is the same in every tenant."""
_POLICY: Final = "/policies/crossTenantAccessPolicy"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurTenant:
    """Our tenant, with the names that the partner's administrator needs to find it."""

    tenant_id: TenantId
    domain: str
    """Empty when it is not known."""
    cloud: Cloud


class GraphCall(NamedTuple):
    """One Graph call that the partner's administrator may send. `path` is relative to the root of Graph v1.0."""

    method: str
    path: str
    body: JsonObject


def groups(steps: Sequence[SetupStep]) -> tuple[tuple[SetupStep, ...], ...]:
    """Group the needed steps by setting: both directions of automatic redemption become one PATCH."""
    steps_by_side: dict[str, list[SetupStep]] = {}
    for step in needed_steps(steps):
        steps_by_side.setdefault(next(iter(step.required_settings), step.key.value), []).append(step)
    return tuple(map(tuple, steps_by_side.values()))


def call_to_add_our_tenant(home: OurTenant) -> GraphCall:
    """Return the call that creates a configuration for our tenant in a tenant that has none."""
    return GraphCall("POST", PARTNERS_PATH, {"tenantId": home.tenant_id})


def call_of(group: Sequence[SetupStep], home: OurTenant) -> GraphCall:
    """Return the one Graph call for the steps of one setting.

    It is not documented how deep Graph merges inside a setting. So both flags of automatic redemption are sent together
    when both are needed.
    """
    match group[0].key:
        case StepKey.MICROSOFT_CLOUD:
            return GraphCall("PATCH", _POLICY, {"allowedCloudEndpoints": [home.cloud.endpoint]})
        case StepKey.PROVISIONING_JOB:
            path = f"/applicationTemplates/{SYNCHRONIZATION_TEMPLATE}/instantiate"
            return GraphCall("POST", path, {"displayName": home.domain or home.tenant_id})
        case _:
            [name] = group[0].required_settings
            body = {key: value for step in group for key, value in step.required_settings[name].items()}
            return GraphCall("PATCH", f"{PARTNERS_PATH}/{home.tenant_id}", {name: body})
