"""Find drift in what the posture says about a partner, and in the tenant's default."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.errors.raised import NothingToChange, UnreadableSetting
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.closing import writes_only_reductions
from workflows.core.plans.default_drift import inherited_values
from workflows.core.plans.plan import Plan
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity, PartnerPosture
from workflows.core.posture.watch.drift import FoundDrift
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.capabilities import entries, has_list, without_switched_off
from workflows.core.settings.documents import is_same_value, normal_value
from workflows.core.settings.model import M365_CAPABILITIES, Property, TenantId

_FINGERPRINT: Final = "gatehouse/drift/1"
MAX_VALUES_CHARACTERS: Final = 4_000
"""How long both values of a setting may be together to be kept. A list of targets may be very long."""
_NO_TENANT: Final = TenantId("00000000-0000-0000-0000-000000000000")
_NOT_COMPARED: Final = frozenset(
    {
        ConcernCode.BEING_WRITTEN,
        ConcernCode.RECORD_UNREADABLE,
        ConcernCode.NOT_COMPARED,
        ConcernCode.CAPABILITIES_NOT_READ,
    }
)
_DRIFT: Final = (
    ConcernCode.REVOKED_BUT_OPEN,
    ConcernCode.REVOKED_BUT_ABSENT,
    ConcernCode.REVOKED_NOT_KNOWN,
    ConcernCode.REVOKED_NOT_EXPLICIT,
    ConcernCode.DIFFERS_FROM_APPROVED,
    ConcernCode.ABSENT,
    ConcernCode.UNFINISHED,
    ConcernCode.UNKNOWN_TO_GATEHOUSE,
)
"""The concerns that are drift. When a partner has several, the first one here counts."""
DRIFT_CODES: Final = (*_DRIFT, ConcernCode.DEFAULT_CHANGED)
"""The codes of all drift."""
_WRITERS: Final = (
    ConcernCode.MICROSOFT_SUPPORT,
    ConcernCode.MULTI_TENANT_ORGANIZATION,
    ConcernCode.SERVICE_PROVIDER,
)
_NO_ACCESS_VALUES: Final = {
    ConcernCode.REVOKED_BUT_OPEN: ("open", "unknown"),
    ConcernCode.REVOKED_NOT_KNOWN: ("unknown",),
    ConcernCode.REVOKED_BUT_ABSENT: ("ways",),
    ConcernCode.ABSENT: ("ways",),
}
"""The values of these concerns that list kinds of access."""


def is_compared(partner: PartnerPosture) -> bool:
    """Return whether the partner could be compared with what was approved. Otherwise nothing is known about its drift.

    It could not while Gatehouse writes it, or when its record, its request or its remaining access cannot be read.
    """
    return not any(
        one.code in _NOT_COMPARED
        or (one.code is ConcernCode.REVOKED_NOT_KNOWN and one.severity is ConcernSeverity.UNCHECKED)
        for one in partner.concerns
    )


def drift_of(partner: PartnerPosture, approved: Plan | None) -> FoundDrift | None:
    """Return how a partner differs from what was approved; None when it does not, or when it was not compared.

    :param approved: the plan that was applied last; None when there is no record, or it cannot be read.
    """
    if not is_compared(partner):
        return None
    concerns = {one.code: one for one in partner.concerns}
    concern = next((concerns[code] for code in _DRIFT if code in concerns), None)
    if concern is None or _is_no_drift(concern, partner.record):
        return None
    settings = _settings_of(concern)
    expected = _expected(concern, approved)
    approved_values, current_values = _values(settings, expected, partner.configuration)
    return FoundDrift(
        code=concern.code,
        settings=settings,
        opens=_opens(concern, settings, partner.configuration, expected),
        fingerprint=_fingerprint(concern.code, settings, partner.configuration),
        writers=tuple(code for code in _WRITERS if code in concerns),
        was_approved=approved is None or approved.approved_settings.was_approved,
        is_suspended=concern.values.get("is_suspended") is True,
        is_told=concern.values.get("is_part") is True and (approved is None or approved.kept_approval is None),
        approved_values=approved_values,
        current_values=current_values,
        restores_less=_restores_less(settings, expected, partner.configuration),
    )


def default_drift_of(
    before: JsonObject, now: JsonObject, *, approved_plans: Mapping[str, Plan] | None = None
) -> FoundDrift | None:
    """Return how the tenant's default differs from an earlier one; None when it does not.

    Microsoft 365 capabilities that are not read any more are no difference, and neither are those that are off.

    :param before: the default as it was first read.
    :param approved_plans: the plan of each live partner, by the partner's name. The result names the partners that
        inherit a changed value.
    """
    setting_names = tuple(
        name
        for name in sorted({*before, *now} - _NO_SETTINGS)
        if "@" not in name and not _is_same_default(name, before, now)
    )
    if not setting_names:
        return None
    touched = [name for name, plan in (approved_plans or {}).items() if inherits_other_values(plan, now)]
    capabilities = tuple(name for name in setting_names if name == M365_CAPABILITIES)
    approved_values, current_values = _values(capabilities, before, now)
    return FoundDrift(
        code=ConcernCode.DEFAULT_CHANGED,
        settings=setting_names,
        opens=_gives_more(before, now, setting_names),
        fingerprint=_fingerprint(ConcernCode.DEFAULT_CHANGED, setting_names, now),
        touches=tuple(sorted(touched)),
        approved_values=approved_values,
        current_values=current_values,
    )


def _is_same_default(name: str, before: JsonObject, now: JsonObject) -> bool:
    if name != M365_CAPABILITIES:
        return is_same_value(before.get(name), now.get(name))
    lists = (without_switched_off(one.get(name)) for one in (before, now))
    return is_same_value(*lists) or (has_list(before) and not has_list(now))


def inherits_other_values(plan: Plan, default: JsonObject) -> bool:
    """Return whether a partner inherits other values from the default now than its approvers saw."""
    approved = plan.approved_settings
    shown = approved.inherited
    if shown and not has_list(default):
        shown = {name: value for name, value in shown.items() if name != M365_CAPABILITIES}
    if not shown:
        return False
    return not is_same_value(inherited_values(approved.configuration, shown, default), shown)


_NO_SETTINGS: Final = frozenset({"isServiceDefault", "id"})


def _is_no_drift(concern: Concern, record: Partnership | None) -> bool:
    """Return whether a concern needs no answer: nothing is set, or the access was left open by a known revocation."""
    if concern.code is ConcernCode.UNKNOWN_TO_GATEHOUSE:
        return concern.severity is ConcernSeverity.NOTE
    if concern.code in (ConcernCode.REVOKED_BUT_OPEN, ConcernCode.REVOKED_NOT_KNOWN) and record is not None:
        known = {kind.name for kind in record.not_closed or ()}
        return set(_access_names(concern)) <= known
    return False


def _settings_of(concern: Concern) -> tuple[str, ...]:
    if concern.code in _NO_ACCESS_VALUES:
        return _access_names(concern)
    return tuple(concern.values.get("settings", ()))


def _access_names(concern: Concern) -> tuple[str, ...]:
    found = [kind["name"] for name in _NO_ACCESS_VALUES[concern.code] for kind in concern.values[name]]
    return tuple(dict.fromkeys(found))


def _expected(concern: Concern, approved: Plan | None) -> JsonObject | None:
    """Return the approved settings that the current ones are compared with, value by value; None when they are not."""
    if concern.code is not ConcernCode.DIFFERS_FROM_APPROVED or approved is None:
        return None
    return approved.approved_settings.configuration


def _values(
    settings: tuple[str, ...], expected: JsonObject | None, configuration: JsonObject | None
) -> tuple[JsonObject, JsonObject]:
    """Return the approved and the current values of settings. Long ones and annotations are left out.

    Of the list of capabilities, only those that differ.
    """
    if expected is None or configuration is None:
        return {}, {}
    approved_values: dict[str, Any] = {}
    current_values: dict[str, Any] = {}
    for name in dict.fromkeys(path.partition(".")[0] for path in settings):
        approved, current = expected.get(name), configuration.get(name)
        if name == M365_CAPABILITIES:
            approved, current = _different_capabilities(approved, current)
        else:
            approved, current = normal_value(approved), normal_value(current)
        if "@" in name or len(repr((approved, current))) > MAX_VALUES_CHARACTERS:
            continue
        approved_values |= {} if approved is None else {name: approved}
        current_values |= {} if current is None else {name: current}
    return approved_values, current_values


def _different_capabilities(approved: Any, current: Any) -> tuple[list[Any] | None, list[Any] | None]:
    """Return the entries of both lists that differ; None for a list without one. New ones that are off are none."""
    before, now = (
        {entry.name: entry.document for entry in entries(listed)} if isinstance(listed, list | tuple) else {}
        for listed in (approved, current)
    )
    names = [
        name
        for name in sorted({*before, *now})
        if not is_same_value(before.get(name), now.get(name)) and (name in before or without_switched_off([now[name]]))
    ]
    found = ([listed[name] for name in names if name in listed] for listed in (before, now))
    approved_entries, current_entries = (listed or None for listed in found)
    return approved_entries, current_entries


def _restores_less(settings: tuple[str, ...], expected: JsonObject | None, configuration: JsonObject | None) -> bool:
    """Return whether it certainly gives less access to set the approved values again."""
    if expected is None or configuration is None:
        return False
    return not _gives_more(configuration, expected, settings)


def _opens(
    concern: Concern, settings: tuple[str, ...], configuration: JsonObject | None, expected: JsonObject | None
) -> bool:
    """Return whether drift may give more access than was approved. What is not certain counts as more."""
    if concern.code in (ConcernCode.ABSENT, ConcernCode.REVOKED_BUT_ABSENT):
        return bool(settings)
    if concern.code is ConcernCode.REVOKED_NOT_EXPLICIT:
        return False  # everything is closed; only the block is not explicit any more
    if expected is None or configuration is None:
        return True
    return _gives_more(expected, configuration, settings)


def _gives_more(before: JsonObject, now: JsonObject, names: tuple[str, ...]) -> bool:
    if any(name not in _DESCRIBED for name in names):
        return True
    try:
        change = plan_restoration(tenant_id=_NO_TENANT, current_configuration=before, earlier_configuration=now)
    except (NothingToChange, UnreadableSetting):
        return True
    return not writes_only_reductions(change)


_DESCRIBED: Final = frozenset(name.value for name in Property)


def _fingerprint(code: ConcernCode, settings: tuple[str, ...], configuration: JsonObject | None) -> Digest:
    """Return a digest that identifies the drift: it changes when the code, a compared path or a value changes.

    It covers the code, the paths of `settings`, and values. For `DIFFERS_FROM_APPROVED` and `DEFAULT_CHANGED` these are
    the values of `settings`; for the other codes, the values of all settings in the configuration.
    """
    document = configuration or {}
    is_about_named_settings = code in (ConcernCode.DIFFERS_FROM_APPROVED, ConcernCode.DEFAULT_CHANGED)
    compared_paths = settings if is_about_named_settings else sorted(document)
    values: dict[str, Any] = {}
    for property_name in sorted({path.partition(".")[0] for path in compared_paths}):
        if "@" not in property_name:  # OData annotations, such as `@odata.context`, are not settings
            values[property_name] = normal_value(document.get(property_name))
    # Without a configuration the partner has the values of the default. A change of the default is reported as drift of
    # the default, so it must not change the fingerprint of the partner's drift.
    setting_paths = [] if configuration is None else sorted(settings)
    try:
        return digest(_FINGERPRINT, {"code": code.value, "settings": setting_paths, "values": values})
    except UnreadableSetting:  # a number or a text that canonical JSON cannot represent
        return digest(_FINGERPRINT, {"code": code.value, "settings": ascii(setting_paths), "values": ascii(values)})
