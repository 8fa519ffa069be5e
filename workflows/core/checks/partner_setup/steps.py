"""The partner setup: what the partner's administrator must set so that our settings take effect.

These must be set in both tenants: B2B collaboration and direct connect, automatic redemption, synchronization, and
enabling each other's cloud. Trust is set in one tenant only (Entra: "Cross-tenant access overview", "B2B direct connect
overview", "Configure cross-tenant synchronization using PowerShell or Microsoft Graph API", "Configure Microsoft cloud
settings").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from workflows.core.plans.plan import Plan
from workflows.core.settings.access_change import has_known_meaning, is_certainly_blocked
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.documents import has_no_value, to_document
from workflows.core.settings.effective import (
    SYNCHRONIZATION_FLAG,
    EffectiveSettings,
    EffectiveTargets,
    Origin,
    effective_settings,
)
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

_DIGEST_DOMAIN: Final = "gatehouse/half/1"
_RESERVED: Final = frozenset({ALL_USERS, ALL_APPLICATIONS, OFFICE_365, ALL_MICROSOFT_APPS})


class StepKey(StrEnum):
    """The kind of step. Inbound and outbound are seen from the partner's tenant. The values are stored."""

    MICROSOFT_CLOUD = "microsoft_cloud"
    AUTOMATIC_REDEMPTION_OUTBOUND = "automatic_redemption_outbound"
    AUTOMATIC_REDEMPTION_INBOUND = "automatic_redemption_inbound"
    B2B_DIRECT_CONNECT_OUTBOUND = "b2b_direct_connect_outbound"
    B2B_DIRECT_CONNECT_INBOUND = "b2b_direct_connect_inbound"
    PROVISIONING_JOB = "provisioning_job"
    B2B_COLLABORATION_OUTBOUND = "b2b_collaboration_outbound"
    B2B_COLLABORATION_INBOUND = "b2b_collaboration_inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One step for the partner's administrator."""

    key: StepKey
    is_needed: bool
    """False when Microsoft's default in the partner's tenant already allows it."""
    required_settings: JsonObject
    """The settings that the partner must set for our tenant, by Graph's names; empty for a step without settings."""

    @property
    def digest(self) -> Digest:
        """Return the digest of the step. Another application or user gives another digest."""
        return digest(_DIGEST_DOMAIN, {"key": self.key.value, "wanted": self.required_settings})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetup:
    """Everything that must be set in the partner's tenant because of our settings."""

    steps: tuple[SetupStep, ...]
    unreadable: tuple[str, ...] = ()
    """Our settings that could not be read, by Graph's names; a flag of redemption is `<setting>.<direction>`.

    It is not known whether the partner must do anything for them.
    """
    partner_object_ids: tuple[str, ...] = ()
    """The ids of the partner's users, groups and applications in our settings. Only the partner can look them up."""
    trusts: tuple[str, ...] = ()
    """The claims of the partner that our tenant accepts, by the flag's name in the model.

    The partner has nothing to set for them, but is responsible for the quality of its MFA and devices.
    """
    opened_by_default: tuple[str, ...] = ()
    """The direct connect settings that our tenant's default opens to this partner.

    Nobody approved them for this partner, so there are no steps for them.
    """
    capabilities: tuple[str, ...] = ()
    """The Microsoft 365 capabilities that we give the partner, by Graph's names.

    They work without a setting of the partner. Only for the opposite direction the partner must set the same.
    """
    unreadable_defaults: tuple[str, ...] = ()
    """The direct connect settings of which it is not known whether our tenant's default opens them."""


class _SettingPair(NamedTuple):
    """A setting of ours, and the setting of the partner that must allow the same people and applications."""

    our_setting: Property
    partner_setting: Property
    key: StepKey
    is_needed: bool


_P = Property
_SETTING_PAIRS: Final = (
    _SettingPair(
        _P.B2B_DIRECT_CONNECT_INBOUND, _P.B2B_DIRECT_CONNECT_OUTBOUND, StepKey.B2B_DIRECT_CONNECT_OUTBOUND, True
    ),
    _SettingPair(
        _P.B2B_DIRECT_CONNECT_OUTBOUND, _P.B2B_DIRECT_CONNECT_INBOUND, StepKey.B2B_DIRECT_CONNECT_INBOUND, True
    ),
    _SettingPair(
        _P.B2B_COLLABORATION_INBOUND, _P.B2B_COLLABORATION_OUTBOUND, StepKey.B2B_COLLABORATION_OUTBOUND, False
    ),
    _SettingPair(_P.B2B_COLLABORATION_OUTBOUND, _P.B2B_COLLABORATION_INBOUND, StepKey.B2B_COLLABORATION_INBOUND, False),
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
    """Return the steps that the partner must do because of our current settings.

    Inherited settings give no steps: the default applies to every tenant, and nobody approved it for this partner. A
    partner of another cloud that is not added in our tenant has no steps either.

    :param configuration: the partner's configuration in our tenant; None when there is none.
    :param default: our default's document; None when it could not be read.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud, where direct connect does not exist.
    """
    effective = effective_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    pairs = [pair for pair in _SETTING_PAIRS if not (is_cross_cloud and pair.our_setting in _DIRECT_CONNECT)]
    steps = {step.key: step for step in _flag_steps(effective)}
    unread = list(_unreadable_flags(effective))
    for pair in pairs:
        targets = effective.targets[pair.our_setting]
        if is_certainly_blocked(targets.certain_setting) or not _is_set(pair, configuration):
            continue
        step = _partner_step(pair, targets)
        if step is None:
            unread.append(pair.our_setting.value)
        else:
            steps[step.key] = step
    if is_cross_cloud and configuration is not None and (steps or _allows_guests(effective)):
        steps[StepKey.MICROSOFT_CLOUD] = SetupStep(key=StepKey.MICROSOFT_CLOUD, is_needed=True, required_settings={})
    inherited, unread_inherited = _inherited_settings(pairs, configuration, effective)
    return PartnerSetup(
        steps=tuple(steps[key] for key in _ORDER if key in steps),
        unreadable=tuple(unread),
        partner_object_ids=tuple(sorted(set(_partner_object_ids(effective)))),
        trusts=tuple(key for key in FLAGS[_P.INBOUND_TRUST] if effective.flags[_P.INBOUND_TRUST, key].value),
        capabilities=tuple(_capabilities_set_here(effective)),
        opened_by_default=tuple(inherited),
        unreadable_defaults=tuple(unread_inherited),
    )


def newly_required_steps(plan: Plan, default: JsonObject | None) -> tuple[SetupStep, ...]:
    """List the steps that a plan newly requires from the partner.

    A tenant of another cloud is blocked until it is added, whatever the default says. So it has no steps before the
    plan (Entra: "Configure Microsoft cloud settings").
    """
    before = setup_of(plan.before, default, is_cross_cloud=plan.is_cross_cloud).steps
    after = setup_of(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    earlier_digests = {step.digest for step in before}
    return tuple(step for step in after.steps if step.digest not in earlier_digests)


def _flag_steps(effective: EffectiveSettings) -> Iterator[SetupStep]:
    flags = {ours: effective.flags[_P.AUTOMATIC_REDEMPTION, ours].value for ours, _, _ in _REDEMPTION}
    is_synchronized = effective.flags[_P.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].value is True
    for ours, key, theirs in _REDEMPTION:
        # Synchronization requires their outbound flag, whatever our flag is at the moment.
        if flags[ours] or (is_synchronized and ours == "inbound"):
            required_settings = {_P.AUTOMATIC_REDEMPTION.value: {FLAGS[_P.AUTOMATIC_REDEMPTION][theirs]: True}}
            yield SetupStep(key=key, is_needed=True, required_settings=required_settings)
    if is_synchronized:
        yield SetupStep(key=StepKey.PROVISIONING_JOB, is_needed=True, required_settings={})


def _capabilities_set_here(effective: EffectiveSettings) -> Iterator[str]:
    """Return the capabilities that the partner's own settings give, or may give."""
    for name, found in effective.capabilities.items():
        if found.origins == (Origin.SET_HERE,) and not is_certainly_blocked(found.setting):
            yield name


def _unreadable_flags(effective: EffectiveSettings) -> Iterator[str]:
    for ours, _, _ in _REDEMPTION:
        if effective.flags[_P.AUTOMATIC_REDEMPTION, ours].origin is Origin.UNREADABLE:
            yield f"{_P.AUTOMATIC_REDEMPTION.value}.{ours}"
    if effective.flags[_P.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG].origin is Origin.UNREADABLE:
        yield _P.IDENTITY_SYNCHRONIZATION.value


def _is_set(pair: _SettingPair, configuration: JsonObject | None) -> bool:
    """Return whether the partner's own document contains a value for a setting, readable or not."""
    return not has_no_value((configuration or {}).get(pair.our_setting))


def _inherited_settings(
    pairs: Sequence[_SettingPair], configuration: JsonObject | None, effective: EffectiveSettings
) -> tuple[list[str], list[str]]:
    """Return the direct connect settings that only our default opens, and those that it may open."""
    inherited = [
        pair.our_setting for pair in pairs if pair.our_setting in _DIRECT_CONNECT and not _is_set(pair, configuration)
    ]
    open_by_name = {name: _is_open(effective.targets[name]) for name in inherited}
    open_names = [name.value for name, is_open in open_by_name.items() if is_open]
    return open_names, [name.value for name, is_open in open_by_name.items() if is_open is None]


def _is_open(targets: EffectiveTargets) -> bool | None:
    """Return whether the effective lists allow anybody; None when that is not known."""
    if is_certainly_blocked(targets.certain_setting):
        return False
    if not has_known_meaning(targets.certain_setting):
        return False if Origin.MICROSOFT_DEFAULT in targets.origins else None
    return True


def _partner_step(pair: _SettingPair, targets: EffectiveTargets) -> SetupStep | None:
    """Make the partner's step from our setting; None when our setting is not completely known.

    The same ids are used on both sides: inbound users are in the partner's directory, and so are outbound applications
    (Graph: "crossTenantAccessPolicyTarget").
    """
    lists = configurations(targets.certain_setting)
    if targets.doubts or not all(_is_known(configuration) for configuration in lists):
        return None
    setting = target_setting(
        pair.partner_setting,
        [None if configuration is None else _in_fixed_order(configuration) for configuration in lists],
    )
    return SetupStep(
        key=pair.key, is_needed=pair.is_needed, required_settings={pair.partner_setting.value: to_document(setting)}
    )


def _is_known(configuration: TargetConfiguration | None) -> bool:
    """Return whether every value of a list is known.

    The partner's administrator runs commands that contain the list, so it must not contain unknown texts.
    """
    if configuration is None or not configuration.targets:
        return False
    return all(target.id in _RESERVED or is_guid(target.id) for target in configuration.targets)


def _in_fixed_order(configuration: TargetConfiguration) -> TargetConfiguration:
    """Return a list in a fixed order, so that the same ids give the same digest."""
    lowered = (
        replace(target, id=target.id.lower()) if is_guid(target.id) else target for target in configuration.targets
    )
    return replace(configuration, targets=tuple(sorted(set(lowered))))


def _partner_object_ids(effective: EffectiveSettings) -> Iterator[str]:
    for pair in _SETTING_PAIRS:
        people, applications = configurations(effective.targets[pair.our_setting].setting)
        partner_lists = people if pair.our_setting in _INBOUND else applications
        for target in () if partner_lists is None else partner_lists.targets:
            if is_guid(target.id):
                yield target.id.lower()


def _allows_guests(effective: EffectiveSettings) -> bool:
    return not all(
        is_certainly_blocked(effective.targets[name].certain_setting)
        for name in (_P.B2B_COLLABORATION_INBOUND, _P.B2B_COLLABORATION_OUTBOUND)
    )
