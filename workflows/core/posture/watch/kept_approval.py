"""Find what counts as approved after a reduction of a partner whose settings are not as approved.

One approver is enough for a reduction. That person does not approve what it leaves as it is. So drift stays drift:
the approved settings are the earlier ones, without what the reduction takes away.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.default_drift import kept_inheritance
from workflows.core.plans.plan import ApprovedSettings, Plan, changes
from workflows.core.posture.differing_settings import differing_settings
from workflows.core.settings.access_change import AccessChange, list_of_both, targets_change
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import entry_of, known_names, parse_capabilities, with_capability
from workflows.core.settings.certainty import blocks_all
from workflows.core.settings.documents import is_same_value, normal_value, parse_setting, parse_targets, to_document
from workflows.core.settings.model import (
    FLAGS,
    IS_SYNC_ALLOWED,
    NOBODY,
    TARGET_PROPERTIES,
    USER_SYNC_INBOUND,
    Capability,
    CapabilityName,
    Property,
    TargetConfiguration,
    TargetSetting,
    blocked_setting,
    lists_of,
    target_setting,
)

_NO_MORE: Final = frozenset({AccessChange.SAME, AccessChange.REDUCES, AccessChange.CLOSES})
NOTHING: Final = ApprovedSettings(configuration=BLOCK, inherited=None, is_created=True, was_approved=False)
"""Nothing counts as approved: the partner has no record, is revoked, or the request of its record cannot be read."""


def with_kept_approval(plan: Plan, record: Partnership | None, recorded_plan: Plan | None) -> Plan:
    """Return the plan with what counts as approved after it, when it leaves settings that nobody approved.

    Plans that the whole approval chain decides are returned unchanged: it approves everything that is set after them.
    A partner that was opened without a record, or after it was revoked, has no approved settings. A partner that sets
    nothing itself has only what every tenant has.

    :param record: the partner's record, if there is one.
    :param recorded_plan: the plan of the record's request; None when it cannot be read.
    """
    if not only_reduces_access(plan) or closes_everything(plan) or (record is None and not _sets_anything(plan.before)):
        return plan
    is_approved = recorded_plan is not None and is_live(record)
    kept = reduced(recorded_plan.approved_settings if recorded_plan and is_approved else NOTHING, plan)
    differs = replace(plan, kept_approval=kept)
    is_all = not differing_settings(differs, plan.configuration_after() or {})
    return plan if is_all and (not kept.inherited or is_same_value(kept.inherited, plan.inherited)) else differs


def _sets_anything(configuration: JsonObject | None) -> bool:
    return any(normal_value((configuration or {}).get(name)) is not None for name in Property)


def reduced(approved: ApprovedSettings, plan: Plan) -> ApprovedSettings:
    """Return approved settings without what a reduction takes away. They never allow more than before.

    Where it is not certain what both allow, such as a list of allowed users and a list of blocked groups, the approved
    value stays.
    """
    before, configuration = plan.before or {}, dict(approved.configuration or {})
    for change in changes(plan):
        if change.name in _NAMES:
            values = _Values(configuration.get(change.name), before.get(change.name), change.after)
            configuration[change.name] = _reduced_setting(Property(change.name), values)
    inherited = None if approved.inherited is None else kept_inheritance(approved.inherited, configuration)
    return replace(approved, configuration=configuration, inherited=inherited)


def kept_approval_findings(plan: Plan) -> tuple[Finding, ...]:
    """Tell the approver which settings a reduction leaves that nobody approved: they stay drift."""
    if plan.kept_approval is None:
        return ()
    names = differing_settings(plan, plan.configuration_after() or {})
    values = {"settings": list(names)}
    return (Finding(code=FindingCode.DRIFT_STAYS, severity=Severity.WARNING, source=Source.RECORDS, values=values),)


_NAMES: Final = frozenset(Property)


class _Values(NamedTuple):
    """One setting, or one part of it: as approved, and before and after the reduction."""

    approved: Any
    before: Any
    after: Any

    def member(self, name: str) -> "_Values":
        return _Values(*(one.get(name) if isinstance(one, Mapping) else None for one in self))


def _reduced_setting(name: Property, values: _Values) -> Any:
    if is_same_value(values.approved, values.before):
        return values.after
    try:
        parse_setting(name, values.approved), parse_setting(name, values.after)
    except UnreadableSetting:
        return values.approved
    if name is Property.M365_CAPABILITIES:
        return _reduced_capabilities(values)
    if name in TARGET_PROPERTIES:
        return _reduced_targets(name, values)
    own = dict(values.approved or {})
    if name is Property.IDENTITY_SYNCHRONIZATION:
        return {**own, USER_SYNC_INBOUND: _reduced_flags(values.member(USER_SYNC_INBOUND), (IS_SYNC_ALLOWED,))}
    return _reduced_flags(values, FLAGS[name].values())


def _reduced_capabilities(values: _Values) -> Any:
    """Return the approved capabilities, each with its reduced entry where that certainly shows no more."""
    reduced_entries = values.approved
    for name in known_names(values.after):
        approved, before, after = (entry_of(one, name) for one in values)
        is_no_more = targets_change(_capability(approved, name), _capability(after, name)) in _NO_MORE
        if not is_same_value(before, after) and is_no_more:
            reduced_entries = with_capability(reduced_entries, name, after)
    return reduced_entries


def _capability(entry: Any, name: CapabilityName) -> Capability:
    """Read one entry. What was not approved is off: nobody approved that the partner sees anything."""
    if entry is None:
        return Capability(name=name, people=NOBODY)
    found = parse_capabilities([entry])
    return found.items[0] if found is not None and found.items else Capability(name=name, people=None)


def _reduced_flags(values: _Values, names: Any) -> dict[str, Any]:
    flags = dict(values.approved or {})
    for name in names:
        flag = values.member(name)
        if flag.after is False and flag.before is not False:
            flags[name] = False
    return flags


def _reduced_targets(name: Property, values: _Values) -> Any:
    """Return the approved lists without what the reduction took away. Their undocumented members stay as approved."""
    own = dict(values.approved or {})
    approved, after = parse_targets(name, values.approved), parse_targets(name, values.after)
    if targets_change(approved, after) in _NO_MORE:
        return {**own, **(to_document(after) or {})}
    sides = approved, _targets(name, values.before), after
    lists = [
        _reduced_list(one.word_for_all, *(getattr(side, one.model_name, None) for side in sides))
        for one in lists_of(name)
    ]
    setting = blocked_setting(name) if any(map(blocks_all, lists)) else target_setting(name, lists)
    return {**own, **(to_document(setting) or {})} if targets_change(approved, setting) in _NO_MORE else values.approved


def _reduced_list(
    everything: str,
    approved: TargetConfiguration | None,
    before: TargetConfiguration | None,
    after: TargetConfiguration | None,
) -> TargetConfiguration | None:
    """Return the approved list without what the reduction took from the list before."""
    if approved is None or after is None or before == after:
        return approved
    return after if approved == before else list_of_both(everything, approved, after) or approved


def _targets(name: Property, document: Any) -> TargetSetting | None:
    """Read a setting as it was before the reduction; None when it cannot be read."""
    try:
        return parse_targets(name, document)
    except UnreadableSetting:
        return None
