"""Concerns about a partner that follow from its settings and the default alone."""

from collections.abc import Iterator, Sequence
from typing import Final

from workflows.core.checks.partner_rules import check_partner
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.changes import unknown_members
from workflows.core.posture.model import B2BAccess, Concern, Weight
from workflows.core.settings.breadth import is_empty, is_unbounded
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.certainty import REASONS
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.effective import SYNCHRONIZATION_FLAG, Effective, EffectiveFlag, Origin
from workflows.core.settings.model import B2B_PROPERTIES, FLAGS, Property, TenantId, configurations
from workflows.core.settings.openness import Kind, Opening, Way, left_open, opening_of
from workflows.core.settings.openness_words import ways_words
from workflows.core.settings.words import TITLES, title

OVERVIEW: Final = "Graph: “Cross-tenant access settings API overview”"
TRUST_PAGE: Final = "Entra: “Cross-tenant access overview”, trust settings"
SYNCHRONIZATION_PAGE: Final = "Entra: “What is cross-tenant synchronization?”"
INBOUND: Final = (Property.B2B_COLLABORATION_INBOUND, Property.B2B_DIRECT_CONNECT_INBOUND)
DIRECT_CONNECT: Final = (Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND)
_LETS_IN: Final = (Opening.OPEN, Opening.PARTLY)
_SERVICE_TEXTS: Final = {
    "service_provider": "This tenant is a service provider of ours (delegated administration); Gatehouse opens nothing "
    "to it. Its settings belong to that relationship and cannot be removed.",
    "multi_tenant_organization": "This tenant is in our multi-tenant organization, whose own templates write its "
    "settings too and may overwrite them.",
    "microsoft_support": "This is the tenant of Microsoft's own support, which Microsoft adds by itself while a "
    "support case is open. Gatehouse opens nothing to it.",
}


def b2b_access_of(applies: Effective) -> dict[Property, B2BAccess]:
    """Return the current state of the four kinds of access."""
    return {
        name: B2BAccess(opening=opening_of(applies.targets[name]), targets=applies.targets[name])
        for name in B2B_PROPERTIES
    }


def trust_of(applies: Effective) -> dict[str, EffectiveFlag]:
    """Return the effective trust flags by their names in the model."""
    return {key: applies.flags[Property.INBOUND_TRUST, key] for key in FLAGS[Property.INBOUND_TRUST]}


def access_concerns(
    tenant_id: TenantId, configuration: JsonObject, applies: Effective, found: Sequence[Way]
) -> Iterator[Concern]:
    """List the concerns about a listed partner's settings, whatever Gatehouse's records say.

    :param found: every kind of access of the partner.
    """
    b2b_access = b2b_access_of(applies)
    if applies.flags[Property.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].value is True:
        yield _warning(
            "synchronization_on",
            "Identity synchronization is allowed: the partner's administrators can create and change user accounts in "
            "this tenant.",
            SYNCHRONIZATION_PAGE,
        )
    yield from _trust_concerns(applies, b2b_access)
    yield from _inherited_concerns(b2b_access)
    unreadable = unreadable_settings(configuration)
    yield from _other_ways([way for way in found if way.setting not in unreadable])
    for finding in check_partner(tenant_id, configuration):
        yield _warning(finding.code, _SERVICE_TEXTS.get(finding.code, finding.text), finding.source)
    yield from _unclear(applies)
    if unreadable:
        yield Concern(
            code="unreadable",
            weight=Weight.UNCHECKED,
            text=f"Could not be checked, because this version cannot read the values: {said(unreadable)}.",
            source=OVERVIEW,
        )


def _unclear(applies: Effective) -> Iterator[Concern]:
    """List the settings whose lists have a meaning that Microsoft does not document."""
    for name, targets in applies.targets.items():
        if targets.doubts:
            reasons = "; ".join(REASONS[one] for one in targets.doubts)
            yield Concern(
                code="not_certain",
                weight=Weight.UNCHECKED,
                text=f"It is not certain what {title(name)} lets in, so it counts as open: {reasons}.",
                source=OVERVIEW,
            )


def unreadable_settings(configuration: JsonObject) -> tuple[str, ...]:
    """Return the names of the settings whose values this version cannot read, completely or in part."""
    return tuple(name for name in TITLES if _is_unreadable(Property(name), configuration))


def said(names: Sequence[str]) -> str:
    """List settings in words, by Graph's names."""
    return "; ".join(title(name) for name in names)


def inherited_open(direction: B2BAccess) -> bool:
    """Return whether access is certainly open by a default: one of its allowing lists comes from there."""
    lists = zip(configurations(direction.targets.setting), direction.targets.origins, strict=True)
    return direction.opening in _LETS_IN and any(origin.is_inherited and not is_empty(one) for one, origin in lists)


def _trust_concerns(applies: Effective, b2b_access: dict[Property, B2BAccess]) -> Iterator[Concern]:
    mfa, *devices = (flag.value is True for flag in trust_of(applies).values())
    if not (mfa and any(devices)):
        return
    wide = [name for name in INBOUND if _allows_all_applications(b2b_access[name])]
    if wide:
        yield _warning(
            "all_trust_all_applications",
            "Both the partner's MFA and its devices are trusted while its people are not limited to named "
            f"applications ({said(wide)}): what Conditional Access asks of them is then checked by the partner alone.",
            TRUST_PAGE,
        )


def _allows_all_applications(direction: B2BAccess) -> bool:
    applications = configurations(direction.targets.setting)[1]
    return direction.opening in _LETS_IN and applications is not None and is_unbounded(applications)


def _inherited_concerns(b2b_access: dict[Property, B2BAccess]) -> Iterator[Concern]:
    found = [name for name, direction in b2b_access.items() if inherited_open(direction)]
    grave = [name for name in found if name is not Property.B2B_COLLABORATION_OUTBOUND]
    if found:
        origin = "Microsoft's own default" if _is_microsofts(b2b_access[found[0]]) else "the tenant's default"
        yield Concern(
            code="inherits_open_default",
            weight=Weight.WARNING if grave else Weight.NOTE,
            text=f"Not limited for this partner, and open by {origin}: {said(found)}. A change of that default changes "
            "what this partner may do.",
            source=OVERVIEW,
        )


def _other_ways(found: Sequence[Way]) -> Iterator[Concern]:
    """List what is open or unknown besides B2B access, trust, redemption and the synchronization of users."""
    others = [way for way in left_open(found) if way.kind in (Kind.SERVICE, Kind.CAPABILITIES, Kind.UNDESCRIBED)]
    opened = [way for way in others if way.opening is not Opening.UNKNOWN]
    # What an unread default may open is reported once, for the default.
    unknown = [way for way in others if way.opening is Opening.UNKNOWN and way.is_explicit]
    if opened:
        yield _warning("also_open", f"Open as well: {ways_words(opened)}.", OVERVIEW)
    if unknown:
        yield Concern(
            code="not_known_closed",
            weight=Weight.UNCHECKED,
            text=f"Set for this partner, and what it opens is not known: {ways_words(unknown)}.",
            source=OVERVIEW,
        )


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


def _warning(code: str, text: str, source: str) -> Concern:
    return Concern(code=code, weight=Weight.WARNING, text=text, source=source)
