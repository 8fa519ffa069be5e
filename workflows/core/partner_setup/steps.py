"""The partner's half: what its administrator has to set in its own tenant for what stands in ours to work.

Two-sided are B2B collaboration and direct connect, automatic redemption, synchronization, and enabling each other's
cloud (Entra: "Cross-tenant access overview", "B2B direct connect overview", "Configure cross-tenant synchronization
using PowerShell or Microsoft Graph API", "Configure Microsoft cloud settings"). Trust is not: it is inbound only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from workflows.core.plans.plan import Plan
from workflows.core.settings.breadth import is_clear, is_shut
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.documents import says_nothing, to_document
from workflows.core.settings.effective import SYNCHRONIZATION_FLAG, Effective, EffectiveTargets, Origin, effective
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    FLAGS,
    OFFICE_365,
    Property,
    TargetConfiguration,
    configurations,
    is_guid,
    target_setting,
)
from workflows.core.settings.words import REDEMPTION_TITLES, title

_DIGEST_DOMAIN: Final = "gatehouse/half/1"
_RESERVED: Final = frozenset({ALL_USERS, ALL_APPLICATIONS, OFFICE_365, ALL_MICROSOFT_APPS})


class StepKey(StrEnum):
    """What the partner sets, from its own point of view; the values are stored."""

    MICROSOFT_CLOUD = "microsoft_cloud"
    AUTOMATIC_REDEMPTION_OUTBOUND = "automatic_redemption_outbound"
    AUTOMATIC_REDEMPTION_INBOUND = "automatic_redemption_inbound"
    B2B_DIRECT_CONNECT_OUTBOUND = "b2b_direct_connect_outbound"
    B2B_DIRECT_CONNECT_INBOUND = "b2b_direct_connect_inbound"
    PROVISIONING_JOB = "provisioning_job"
    B2B_COLLABORATION_OUTBOUND = "b2b_collaboration_outbound"
    B2B_COLLABORATION_INBOUND = "b2b_collaboration_inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing for the partner's administrator."""

    key: StepKey
    is_needed: bool
    """False where Microsoft's default over there already allows it, and only a setting of theirs can be in the way."""
    wanted: JsonObject
    """The settings of their partner configuration for us, in Graph's names; empty where it is none of these."""

    @property
    def digest(self) -> Digest:
        """Name exactly what is wanted: another application or user makes another digest."""
        return digest(_DIGEST_DOMAIN, {"key": self.key.value, "wanted": self.wanted})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetup:
    """Everything about the partner's side that follows from ours."""

    steps: tuple[Step, ...]
    unread: tuple[str, ...] = ()
    """Settings of ours that could not be read: whether the partner has to do anything for them is not known."""
    ids_of_theirs: tuple[str, ...] = ()
    """Users, groups and applications of their directory that our settings name: only they can say what these are."""
    trusts: tuple[str, ...] = ()
    """Which claims of theirs count here, by the flag's name in the model: one-sided, but theirs to deserve."""
    inherited: tuple[str, ...] = ()
    """Direct connect that our default opens to this partner too: nobody approved it, so it asks the partner nothing."""
    unread_inherited: tuple[str, ...] = ()
    """Direct connect of which it is not known whether our default opens it to this partner."""


class _Mirror(NamedTuple):
    """A setting of ours and the one of theirs that has to let the same people to the same applications."""

    ours: Property
    theirs: Property
    key: StepKey
    is_needed: bool


_P = Property
_MIRRORS: Final = (
    _Mirror(_P.B2B_DIRECT_CONNECT_INBOUND, _P.B2B_DIRECT_CONNECT_OUTBOUND, StepKey.B2B_DIRECT_CONNECT_OUTBOUND, True),
    _Mirror(_P.B2B_DIRECT_CONNECT_OUTBOUND, _P.B2B_DIRECT_CONNECT_INBOUND, StepKey.B2B_DIRECT_CONNECT_INBOUND, True),
    _Mirror(_P.B2B_COLLABORATION_INBOUND, _P.B2B_COLLABORATION_OUTBOUND, StepKey.B2B_COLLABORATION_OUTBOUND, False),
    _Mirror(_P.B2B_COLLABORATION_OUTBOUND, _P.B2B_COLLABORATION_INBOUND, StepKey.B2B_COLLABORATION_INBOUND, False),
)
_DIRECT_CONNECT: Final = frozenset({_P.B2B_DIRECT_CONNECT_INBOUND, _P.B2B_DIRECT_CONNECT_OUTBOUND})
_INBOUND: Final = frozenset({_P.B2B_COLLABORATION_INBOUND, _P.B2B_DIRECT_CONNECT_INBOUND})
_REDEMPTION: Final = (
    ("inbound", StepKey.AUTOMATIC_REDEMPTION_OUTBOUND, "outbound"),
    ("outbound", StepKey.AUTOMATIC_REDEMPTION_INBOUND, "inbound"),
)
_ORDER: Final = tuple(StepKey)


def setup_of(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> PartnerSetup:
    """Return what the partner has to do for what stands in our tenant.

    Only what is set for this partner counts: what it inherits is open to the whole world, nobody approved it for this
    partner, and nobody asks this partner for anything. A partner of another cloud that is not added has nothing to do.

    :param configuration: the partner's own document here; None when it has none.
    :param default: our default's document; None when it could not be read.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud, where direct connect does not exist.
    """
    applies = effective(configuration, default, is_cross_cloud=is_cross_cloud)
    mirrors = [one for one in _MIRRORS if not (is_cross_cloud and one.ours in _DIRECT_CONNECT)]
    steps = {step.key: step for step in _flag_steps(applies)}
    unread = list(_unread_flags(applies))
    for mirror in mirrors:
        targets = applies.targets[mirror.ours]
        if is_shut(targets.certain) or not _is_set(mirror, configuration):
            continue
        step = _mirrored(mirror, targets)
        if step is None:
            unread.append(title(mirror.ours))
        else:
            steps[step.key] = step
    if is_cross_cloud and configuration is not None and (steps or _lets_guests_through(applies)):
        steps[StepKey.MICROSOFT_CLOUD] = Step(key=StepKey.MICROSOFT_CLOUD, is_needed=True, wanted={})
    inherited, unread_inherited = _inherited(mirrors, configuration, applies)
    return PartnerSetup(
        steps=tuple(steps[key] for key in _ORDER if key in steps),
        unread=tuple(unread),
        ids_of_theirs=tuple(sorted(set(_ids_of_theirs(applies)))),
        trusts=tuple(key for key in FLAGS[_P.INBOUND_TRUST] if applies.flags[_P.INBOUND_TRUST, key].value),
        inherited=tuple(inherited),
        unread_inherited=tuple(unread_inherited),
    )


def asked_by(plan: Plan, default: JsonObject | None) -> tuple[Step, ...]:
    """List what a plan newly wants from the partner.

    A tenant of another cloud is blocked until it is added, so before that nothing is wanted of it, whatever the default
    says (Entra: "Configure Microsoft cloud settings").
    """
    before = setup_of(plan.before, default, is_cross_cloud=plan.is_cross_cloud).steps
    after = setup_of(plan.image_after(), default, is_cross_cloud=plan.is_cross_cloud)
    known = {step.digest for step in before}
    return tuple(step for step in after.steps if step.digest not in known)


def _flag_steps(applies: Effective) -> Iterator[Step]:
    flags = {ours: applies.flags[_P.AUTOMATIC_REDEMPTION, ours].value for ours, _, _ in _REDEMPTION}
    is_synchronized = applies.flags[_P.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].value is True
    for ours, key, theirs in _REDEMPTION:
        # Synchronization requires their outbound half, whatever ours says at the moment.
        if flags[ours] or (is_synchronized and ours == "inbound"):
            wanted = {_P.AUTOMATIC_REDEMPTION.value: {FLAGS[_P.AUTOMATIC_REDEMPTION][theirs]: True}}
            yield Step(key=key, is_needed=True, wanted=wanted)
    if is_synchronized:
        yield Step(key=StepKey.PROVISIONING_JOB, is_needed=True, wanted={})


def _unread_flags(applies: Effective) -> Iterator[str]:
    for ours, words in REDEMPTION_TITLES.items():
        if applies.flags[_P.AUTOMATIC_REDEMPTION, ours].origin is Origin.UNREAD:
            yield words
    if applies.flags[_P.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].origin is Origin.UNREAD:
        yield title(_P.IDENTITY_SYNCHRONIZATION)


def _is_set(mirror: _Mirror, configuration: JsonObject | None) -> bool:
    """Return whether the partner's own document says anything about a setting, readable or not."""
    return not says_nothing((configuration or {}).get(mirror.ours))


def _inherited(
    mirrors: Sequence[_Mirror], configuration: JsonObject | None, applies: Effective
) -> tuple[list[str], list[str]]:
    """Return which direct connect only our default opens, and which it may open: Microsoft's own default blocks it."""
    ways = [one.ours for one in mirrors if one.ours in _DIRECT_CONNECT and not _is_set(one, configuration)]
    found = {name: _is_open(applies.targets[name]) for name in ways}
    opened = [title(name) for name, is_open in found.items() if is_open]
    return opened, [title(name) for name, is_open in found.items() if is_open is None]


def _is_open(targets: EffectiveTargets) -> bool | None:
    """Return whether what applies lets anybody through; None where that is not known."""
    if is_shut(targets.certain):
        return False
    if not is_clear(targets.certain):
        return False if Origin.MICROSOFT_DEFAULT in targets.origins else None
    return True


def _mirrored(mirror: _Mirror, targets: EffectiveTargets) -> Step | None:
    """Turn our setting into theirs; None when it is not wholly known.

    What is named on our side stands for the same there: inbound users are of their directory, and so are outbound
    applications (Graph: "crossTenantAccessPolicyTarget").
    """
    lists = configurations(targets.certain)
    if targets.doubts or not all(_is_known(one) for one in lists):
        return None
    setting = target_setting(mirror.theirs, [None if one is None else _ordered(one) for one in lists])
    return Step(key=mirror.key, is_needed=mirror.is_needed, wanted={mirror.theirs.value: to_document(setting)})


def _is_known(configuration: TargetConfiguration | None) -> bool:
    """Return whether a list can be handed on: it becomes commands that somebody else runs, so nothing odd gets in."""
    if configuration is None or not configuration.targets:
        return False
    return all(target.id in _RESERVED or is_guid(target.id) for target in configuration.targets)


def _ordered(configuration: TargetConfiguration) -> TargetConfiguration:
    """Return one list the same form however it was written: the same ids make the same digest."""
    lowered = (replace(one, id=one.id.lower()) if is_guid(one.id) else one for one in configuration.targets)
    return replace(configuration, targets=tuple(sorted(set(lowered))))


def _ids_of_theirs(applies: Effective) -> Iterator[str]:
    for mirror in _MIRRORS:
        people, applications = configurations(applies.targets[mirror.ours].setting)
        theirs = people if mirror.ours in _INBOUND else applications
        for target in () if theirs is None else theirs.targets:
            if is_guid(target.id):
                yield target.id.lower()


def _lets_guests_through(applies: Effective) -> bool:
    return not all(
        is_shut(applies.targets[name].certain) for name in (_P.B2B_COLLABORATION_INBOUND, _P.B2B_COLLABORATION_OUTBOUND)
    )
