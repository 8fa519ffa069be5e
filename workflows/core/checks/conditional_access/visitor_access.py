"""Which of the partner's people can get access under the effective settings, and which of their claims are trusted."""

from collections.abc import Iterable, Mapping

from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import InboundTrustFlags, VisitorType
from workflows.core.checks.conditional_access.questions import VisitorAccess
from workflows.core.settings.access_change import allows_nothing, is_certainly_blocked, is_unbounded
from workflows.core.settings.effective import EffectiveFlag, EffectiveSettings
from workflows.core.settings.model import Property, TargetSetting, configurations
from workflows.core.settings.open_access import AccessKind, synchronization_of


def visitor_access_under(
    effective: EffectiveSettings, access_kinds: Iterable[AccessKind] = ()
) -> tuple[VisitorAccess, ...]:
    """Return each kind of visitor that can get access under the effective settings. Uncertain access counts as open.

    :param access_kinds: every kind of access under these settings; it shows whether objects other than
        users are synchronized.
    """
    return visitor_access_of(
        collaboration=effective.targets[Property.B2B_COLLABORATION_INBOUND].certain_setting,
        direct_connect=effective.targets[Property.B2B_DIRECT_CONNECT_INBOUND].certain_setting,
        synchronizes=synchronization_of(effective, access_kinds).value,
    )


def visitor_access_of(
    *, collaboration: TargetSetting, direct_connect: TargetSetting, synchronizes: bool | None
) -> tuple[VisitorAccess, ...]:
    """Return each kind of visitor that can get access. Unknown access counts as open.

    Synchronized users get access by B2B collaboration, as members.
    """
    accesses: list[VisitorAccess] = []
    if not is_certainly_blocked(collaboration):
        applications = _applications(collaboration)
        accesses.append(VisitorAccess(visitor=VisitorType.GUEST, applications=applications))
        if synchronizes is not False:
            accesses.append(VisitorAccess(visitor=VisitorType.MEMBER, applications=applications))
    if not is_certainly_blocked(direct_connect):
        accesses.append(VisitorAccess(visitor=VisitorType.DIRECT_CONNECT, applications=_applications(direct_connect)))
    return tuple(accesses)


def trust_under(effective: EffectiveSettings) -> InboundTrustFlags:
    """Return which claims of a partner are trusted."""
    keys = ("mfa", "compliant_device", "hybrid_joined_device")
    return trust_of({key: effective.flags[Property.INBOUND_TRUST, key] for key in keys})


def trust_of(flags: Mapping[str, EffectiveFlag]) -> InboundTrustFlags:
    """Return which claims are trusted, from the flags by their names in the model."""
    return InboundTrustFlags(
        mfa=flags["mfa"].value,
        compliant_device=flags["compliant_device"].value,
        hybrid_joined_device=flags["hybrid_joined_device"].value,
    )


def _applications(setting: TargetSetting) -> tuple[str, ...]:
    """Return the applications by Conditional Access's names. A list of exceptions or an unknown list counts as all.

    A block of all applications while people are allowed also counts as all: its effect is not documented.
    """
    applications = configurations(setting)[1]
    if applications is None or is_unbounded(applications) or allows_nothing(applications):
        return (ALL,)
    return tuple(sorted({target.id for target in applications.targets}))
