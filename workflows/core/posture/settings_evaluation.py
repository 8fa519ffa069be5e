"""Evaluate a partner's settings and the tenant's default alone, once for all partners with the same settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.policy.risk import Risk
from workflows.core.posture.access_concerns import access_concerns, b2b_access_of, trust_of, unreadable_settings
from workflows.core.posture.current_risk import current_risk
from workflows.core.posture.model import B2BAccess, Concern
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveFlag, EffectiveSettings, effective_settings
from workflows.core.settings.model import FLAGS, Property
from workflows.core.settings.open_access import (
    AccessCategory,
    AccessKind,
    AccessState,
    access_kinds,
    possibly_open,
    synchronization_of,
)

_MAX_CACHED_RESULTS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsEvaluation:
    """The evaluation of a partner's settings and the default; see `PartnerPosture` for the fields."""

    b2b_access: Mapping[Property, B2BAccess]
    trust: Mapping[str, EffectiveFlag]
    redemption: Mapping[str, EffectiveFlag]
    synchronization: EffectiveFlag
    access_kinds: tuple[AccessKind, ...]
    unmanaged_settings: tuple[str, ...]
    risk: Risk
    is_risk_certain: bool
    concerns: tuple[Concern, ...]
    """Empty without a configuration."""


def evaluate_settings(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool
) -> SettingsEvaluation:
    """Evaluate a partner's settings. Partners of one template share the result.

    :param configuration: the partner's own configuration; None when it has none.
    :param default: the tenant's default configuration; None when it could not be read.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud.
    """
    settings = None if configuration is None else {k: v for k, v in configuration.items() if k != "tenantId"}
    return _evaluate(_Inputs(settings, default, is_cross_cloud, repr((settings, default))))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The arguments of `evaluate_settings`, compared by the text of the documents, which can be changed."""

    settings: JsonObject | None = field(compare=False)
    default: JsonObject | None = field(compare=False)
    is_cross_cloud: bool
    cache_key: str


@lru_cache(maxsize=_MAX_CACHED_RESULTS)
def _evaluate(inputs: _Inputs) -> SettingsEvaluation:
    settings, default, is_cross_cloud = inputs.settings, inputs.default, inputs.is_cross_cloud
    effective = effective_settings(settings, default, is_cross_cloud=is_cross_cloud)
    flags, found = effective.flags, access_kinds(settings, default, is_cross_cloud=is_cross_cloud)
    return SettingsEvaluation(
        b2b_access=b2b_access_of(effective),
        trust=trust_of(effective),
        redemption={key: flags[Property.AUTOMATIC_REDEMPTION, key] for key in FLAGS[Property.AUTOMATIC_REDEMPTION]},
        synchronization=synchronization_of(effective, found),
        access_kinds=found,
        unmanaged_settings=unmanaged_settings(settings),
        risk=current_risk(settings, default, is_cross_cloud=is_cross_cloud),
        is_risk_certain=_is_known(effective, found) and not unreadable_settings(settings or {}),
        concerns=() if settings is None else tuple(access_concerns(settings, effective, found)),
    )


def _is_known(effective: EffectiveSettings, access_kinds: tuple[AccessKind, ...]) -> bool:
    b2b_access = b2b_access_of(effective).values()
    has_unknown = any(kind.category is AccessCategory.UNDOCUMENTED for kind in possibly_open(access_kinds))
    return (
        not has_unknown
        and all(direction.opening is not AccessState.UNKNOWN for direction in b2b_access)
        and all(flag.value is not None for flag in effective.flags.values())
    )
