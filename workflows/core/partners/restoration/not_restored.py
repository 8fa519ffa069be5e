"""List what a restoration does not restore, as names of settings and as findings for approvers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.partners.restoration.restorable import ended_while_writing
from workflows.core.partners.restoration.restoration_plan import previous_members
from workflows.core.plans.plan import Plan
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value
from workflows.core.settings.model import Property
from workflows.core.settings.undocumented_members import DEVICES, undocumented_members

_DELETE: Final = "Graph: “Delete crossTenantAccessPolicyConfigurationPartner”"
_UPDATE: Final = "Graph: “Update crossTenantAccessPolicyConfigurationPartner”"


def restoration_findings(
    change: AccessRequest, current_configuration: JsonObject | None, *, is_result: bool = False
) -> tuple[Finding, ...]:
    """List the findings about what is not restored when a change is undone.

    :param change: the request whose change is undone.
    :param is_result: whether the settings after it are restored.
    :param current_configuration: the partner's current configuration; None when it has none.
    :raises Refused: while the request has no plan.
    """
    if is_result:
        return tuple(_not_restored(change, change.plan.approved_settings.configuration, current_configuration, None))
    return tuple(_findings(change, change.plan.before, current_configuration))


def settings_not_restored(
    current_configuration: JsonObject | None, earlier_configuration: JsonObject | None, undone_plan: Plan | None = None
) -> tuple[str, ...]:
    """Return Graph's names of the settings that differ from `earlier_configuration` and are not written.

    :param undone_plan: the plan of the change that is undone; see `plan_restoration`.
    """
    current_members, earlier_members = (
        undocumented_members(current_configuration),
        undocumented_members(earlier_configuration),
    )
    written = previous_members(current_configuration, earlier_configuration, undone_plan)
    different = [
        ".".join(path)
        for path in dict.fromkeys((*earlier_members, *current_members))
        if path not in written and not is_same_value(current_members.get(path), earlier_members.get(path))
    ]
    restrictions = Property.TENANT_RESTRICTIONS.value
    devices = [
        _devices((configuration or {}).get(restrictions))
        for configuration in (current_configuration, earlier_configuration)
    ]
    if not is_same_value(devices[0], devices[1]):
        different.append(f"{restrictions}.{DEVICES}")
    return tuple(different)


def _findings(
    change: AccessRequest, earlier_configuration: JsonObject | None, current_configuration: JsonObject | None
) -> Iterator[Finding]:
    about = {"request_id": change.id}
    if ended_while_writing(change):
        yield Finding(code=FindingCode.RESTORES_A_PART, severity=Severity.NOTE, source=_UPDATE, values=about)
    if earlier_configuration is None:
        yield Finding(code=FindingCode.RESTORES_INHERITANCE, severity=Severity.NOTE, source=_DELETE, values=about)
    yield from _not_restored(change, earlier_configuration, current_configuration, change.plan)


def _not_restored(
    change: AccessRequest,
    restored_configuration: JsonObject | None,
    current_configuration: JsonObject | None,
    undone_plan: Plan | None,
) -> Iterator[Finding]:
    if names := settings_not_restored(current_configuration, restored_configuration, undone_plan):
        values = {"request_id": change.id, "names": list(names)}
        yield Finding(code=FindingCode.NOT_RESTORED, severity=Severity.WARNING, source=_UPDATE, values=values)


def _devices(restrictions: Any) -> Any:
    return restrictions.get(DEVICES) if isinstance(restrictions, Mapping) else None
