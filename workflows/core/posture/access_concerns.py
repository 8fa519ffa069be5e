"""Find the concerns about a partner that follow from its settings, the tenant's default, and Conditional Access."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from workflows.core.checks.conditional_access.findings import estimate_values, locked_out_values
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.partner_rules import check_partner
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.changes import unknown_members
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import B2BAccess, Concern, ConcernSeverity
from workflows.core.settings.access_change import allows_nothing, is_unbounded
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.effective import SYNCHRONIZATION_FLAG, EffectiveFlag, EffectiveSettings, Origin
from workflows.core.settings.model import B2B_PROPERTIES, FLAGS, Property, TenantId, configurations
from workflows.core.settings.open_access import AccessCategory, AccessKind, AccessState, access_state_of, possibly_open

INBOUND: Final = (Property.B2B_COLLABORATION_INBOUND, Property.B2B_DIRECT_CONNECT_INBOUND)
DIRECT_CONNECT: Final = (Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND)
_OPEN_OR_PARTLY: Final = (AccessState.OPEN, AccessState.PARTLY)


def b2b_access_of(effective: EffectiveSettings) -> dict[Property, B2BAccess]:
    """Return how open each of the four kinds of B2B access is, by property."""
    return {
        name: B2BAccess(opening=access_state_of(effective.targets[name]), targets=effective.targets[name])
        for name in B2B_PROPERTIES
    }


def trust_of(effective: EffectiveSettings) -> dict[str, EffectiveFlag]:
    """Return the effective trust flags by their names in the model."""
    return {key: effective.flags[Property.INBOUND_TRUST, key] for key in FLAGS[Property.INBOUND_TRUST]}


def partner_concerns(tenant_id: TenantId, configuration: JsonObject) -> Iterator[Concern]:
    """List the concerns about a tenant as a partner; see `check_partner`."""
    for finding in check_partner(tenant_id, configuration):
        yield Concern(code=ConcernCode(finding.code), severity=ConcernSeverity.WARNING)


def access_concerns(
    configuration: JsonObject, effective: EffectiveSettings, access_kinds: Sequence[AccessKind]
) -> Iterator[Concern]:
    """List the concerns about a partner's settings. Gatehouse's records are not used.

    :param access_kinds: every kind of access of the partner.
    """
    b2b_access = b2b_access_of(effective)
    if effective.flags[Property.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].value is True:
        yield Concern(code=ConcernCode.SYNCHRONIZATION_ON, severity=ConcernSeverity.WARNING)
    yield from _trust_concerns(effective, b2b_access)
    yield from _inherited_concerns(b2b_access)
    unreadable = unreadable_settings(configuration)
    yield from _other_access([kind for kind in access_kinds if kind.setting not in unreadable])
    yield from _unclear(effective)
    if unreadable:
        values = {"settings": list(unreadable)}
        yield Concern(code=ConcernCode.UNREADABLE, severity=ConcernSeverity.UNCHECKED, values=values)


def _unclear(effective: EffectiveSettings) -> Iterator[Concern]:
    """List the settings with target lists whose meaning Microsoft does not document."""
    for name, targets in effective.targets.items():
        if targets.doubts:
            values = {"setting": name.value, "doubts": [doubt.value for doubt in targets.doubts]}
            yield Concern(code=ConcernCode.NOT_CERTAIN, severity=ConcernSeverity.UNCHECKED, values=values)


def access_kind_values(access_kinds: Iterable[AccessKind]) -> list[dict[str, str]]:
    """Return kinds of access as JSON values of a concern."""
    return [{"name": kind.name, "opening": kind.opening.value} for kind in access_kinds]


def unreadable_settings(configuration: JsonObject) -> tuple[str, ...]:
    """Return the names of the settings whose values this version cannot read, completely or in part."""
    return tuple(name.value for name in Property if _is_unreadable(name, configuration))


def inherited_open(direction: B2BAccess) -> bool:
    """Return whether access is certainly open, and one of the lists that allow it comes from a default."""
    lists = zip(configurations(direction.targets.setting), direction.targets.origins, strict=True)
    return direction.opening in _OPEN_OR_PARTLY and any(
        origin.is_inherited and not allows_nothing(configuration) for configuration, origin in lists
    )


def _trust_concerns(effective: EffectiveSettings, b2b_access: dict[Property, B2BAccess]) -> Iterator[Concern]:
    mfa, *devices = (flag.value is True for flag in trust_of(effective).values())
    if not (mfa and any(devices)):
        return
    wide = [name for name in INBOUND if _allows_all_applications(b2b_access[name])]
    if wide:
        values = {"settings": [name.value for name in wide]}
        yield Concern(code=ConcernCode.ALL_TRUST_ALL_APPLICATIONS, severity=ConcernSeverity.WARNING, values=values)


def _allows_all_applications(direction: B2BAccess) -> bool:
    applications = configurations(direction.targets.setting)[1]
    return direction.opening in _OPEN_OR_PARTLY and applications is not None and is_unbounded(applications)


def _inherited_concerns(b2b_access: dict[Property, B2BAccess]) -> Iterator[Concern]:
    inherited_names = [name for name, direction in b2b_access.items() if inherited_open(direction)]
    more_serious = [name for name in inherited_names if name is not Property.B2B_COLLABORATION_OUTBOUND]
    if inherited_names:
        yield Concern(
            code=ConcernCode.INHERITS_OPEN_DEFAULT,
            severity=ConcernSeverity.WARNING if more_serious else ConcernSeverity.NOTE,
            values={
                "settings": [name.value for name in inherited_names],
                "is_microsofts": _is_microsofts(b2b_access[inherited_names[0]]),
            },
        )


def _other_access(access_kinds: Sequence[AccessKind]) -> Iterator[Concern]:
    """List other access that is open or not known: all but B2B, trust, redemption and synchronization of users."""
    others = [
        kind
        for kind in possibly_open(access_kinds)
        if kind.category in (AccessCategory.SERVICE, AccessCategory.CAPABILITIES, AccessCategory.UNDOCUMENTED)
    ]
    open_kinds = [kind for kind in others if kind.opening is not AccessState.UNKNOWN]
    # Access that an unreadable default may open is reported once, as a concern about the default.
    unknown = [kind for kind in others if kind.opening is AccessState.UNKNOWN and kind.is_explicit]
    if open_kinds:
        values = {"ways": access_kind_values(open_kinds)}
        yield Concern(code=ConcernCode.ALSO_OPEN, severity=ConcernSeverity.WARNING, values=values)
    if unknown:
        values = {"ways": access_kind_values(unknown)}
        yield Concern(code=ConcernCode.NOT_KNOWN_CLOSED, severity=ConcernSeverity.UNCHECKED, values=values)


def _is_microsofts(direction: B2BAccess) -> bool:
    return Origin.MICROSOFT_DEFAULT in direction.targets.origins


def _is_unreadable(name: Property, configuration: JsonObject) -> bool:
    document = configuration.get(name)
    try:
        parse_setting(name, document)
    except UnreadableSetting:
        return True
    # Graph's `devices` of tenant restrictions is known, and "not supported on the server side yet".
    return bool(unknown_members(name, document).keys() - {"devices"})


def lockout_concerns(report: AccessReport) -> Iterator[Concern]:
    """List the concerns about people who are locked out, and about what is not known.

    Report-only policies lock nobody out.
    """
    if report.unreadable is not None:
        why = {"why": report.unreadable.reason.value}
        yield Concern(code=ConcernCode.CONDITIONAL_ACCESS_UNREADABLE, severity=ConcernSeverity.UNCHECKED, values=why)
    if (locked_out := locked_out_values(report)) is not None:
        yield Concern(code=ConcernCode.LOCKED_OUT, severity=ConcernSeverity.WARNING, values=locked_out)
    if (estimate := estimate_values(report)) is not None:
        yield Concern(code=ConcernCode.ESTIMATE, severity=ConcernSeverity.UNCHECKED, values=estimate)
