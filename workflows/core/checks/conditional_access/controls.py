"""The effect of a policy's controls on a visitor, with the trust flags after the plan.

The table is Microsoft's (Entra: "Authentication and Conditional Access for B2B users", grant and session controls for
B2B collaboration and B2B direct connect; authentication strengths; risk).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Final

from workflows.core.checks.conditional_access.policy import Control, ControlKind, Policy
from workflows.core.checks.conditional_access.strengths import SignInTenant, is_satisfiable


class VisitorType(StrEnum):
    """The kind of account that the partner's people use in our tenant. The values are those of Conditional Access."""

    GUEST = "b2bCollaborationGuest"
    MEMBER = "b2bCollaborationMember"
    """Synchronized users usually have this kind of account."""
    DIRECT_CONNECT = "b2bDirectConnectUser"


class PolicyEffect(StrEnum):
    """The effect of a policy on a visitor, from the best to the worst."""

    WORKS = "works"
    REQUIRED_IN_PARTNER_TENANT = "asked_there"
    """They must satisfy it in the partner's tenant."""
    REQUIRED_IN_OUR_TENANT = "asked_here"
    """They must satisfy it in our tenant."""
    DEPENDS = "depends"
    """It can lock them out, on a condition that cannot be known in advance."""
    NOT_KNOWN = "not_known"
    LOCKED_OUT = "locked_out"


_ORDER: Final = tuple(PolicyEffect)


class ReasonCode(StrEnum):
    """Why a control has its effect."""

    BLOCKS = "blocks"
    SUPPORTED = "supported"
    TRUSTED = "trusted"
    """Our tenant accepts MFA or device claims of their own tenant."""
    DONE_HERE = "done_here"
    NOT_TRUSTED = "not_trusted"
    """Only the partner's tenant can confirm it, and our tenant does not accept that."""
    TRUST_NOT_READ = "trust_not_read"
    NOT_SUPPORTED = "not_supported"
    """Microsoft does not support it for any visitor of this kind."""
    NO_METHOD = "no_method"
    """No combination that the strength allows is possible for people from outside."""
    METHODS_NOT_KNOWN = "methods_not_known"
    RISK_REGISTRATION = "risk_registration"
    """A person at risk who has not registered MFA in this tenant before is blocked."""
    CUSTOM_CONTROL = "custom_control"
    """Trust flags have no effect on custom controls."""
    NOT_UNDERSTOOD = "not_understood"
    OPERATOR_NOT_UNDERSTOOD = "operator_not_understood"
    STATE_NOT_UNDERSTOOD = "state_not_understood"
    NOT_ENOUGH_INFORMATION = "not_enough_information"
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood"
    TENANTS_NOT_UNDERSTOOD = "tenants_not_understood"
    """It treats some tenants differently, and Entra was asked about another one."""


class Remedy(StrEnum):
    """A change after which somebody is no longer locked out."""

    ACCEPT_MFA = "accept_mfa"
    ACCEPT_COMPLIANT_DEVICES = "accept_compliant_devices"
    ACCEPT_HYBRID_DEVICES = "accept_hybrid_joined_devices"
    EXCLUDE = "exclude"
    OTHER_CONTROL = "other_control"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrustFlags:
    """Which claims of the partner's tenant are accepted; None: not known."""

    mfa: bool | None
    compliant_device: bool | None
    hybrid_joined_device: bool | None


_FLAGS: Final = {
    "mfa": Remedy.ACCEPT_MFA,
    "compliant_device": Remedy.ACCEPT_COMPLIANT_DEVICES,
    "hybrid_joined_device": Remedy.ACCEPT_HYBRID_DEVICES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReason:
    """One reason for an effect, and the control that it is about."""

    code: ReasonCode
    kind: ControlKind | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutcome:
    """The effect of a control or of a whole policy on a visitor to whom it applies."""

    effect: PolicyEffect
    reasons: tuple[PolicyReason, ...] = ()


def outcome_of(policy: Policy, visitor: VisitorType, trust: InboundTrustFlags) -> PolicyOutcome:
    """Return the effect of a policy on a visitor to whom it applies."""
    grants = [_control(control, visitor, trust, policy) for control in policy.grants]
    blocking = [grant for grant in grants if ReasonCode.BLOCKS in {reason.code for reason in grant.reasons}]
    sessions = [_control(control, visitor, trust, policy) for control in policy.sessions]
    granted = blocking[0] if blocking else _combine_grants(grants, policy.operator)
    return _all_of([granted, *sessions])


def remedies(policy: Policy, visitor: VisitorType, trust: InboundTrustFlags) -> tuple[Remedy, ...]:
    """Return the changes after which a policy no longer locks out a visitor.

    These are the smallest sets of trust flags that suffice, and the changes that always suffice.
    """
    missing_flags = [flag for flag in _FLAGS if getattr(trust, flag) is not True]
    for count in range(1, len(missing_flags) + 1):
        for chosen in combinations(missing_flags, count):
            with_them = replace(trust, **dict.fromkeys(chosen, True))
            if outcome_of(policy, visitor, with_them).effect in (
                PolicyEffect.WORKS,
                PolicyEffect.REQUIRED_IN_PARTNER_TENANT,
                PolicyEffect.REQUIRED_IN_OUR_TENANT,
            ):
                return (*(_FLAGS[flag] for flag in chosen), Remedy.EXCLUDE)
    return (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)


def is_worse(effect: PolicyEffect, other: PolicyEffect) -> bool:
    """Return whether `effect` is a worse effect than `other`."""
    return _ORDER.index(effect) > _ORDER.index(other)


def _combine_grants(grants: Sequence[PolicyOutcome], operator: str) -> PolicyOutcome:
    if len(grants) <= 1 or operator.upper() == "AND":
        return _all_of(grants)
    if operator.upper() == "OR":
        return _any_of(grants)
    all_required, any_sufficient = _all_of(grants), _any_of(grants)
    if all_required.effect is any_sufficient.effect:
        return all_required
    return PolicyOutcome(
        effect=PolicyEffect.NOT_KNOWN,
        reasons=(PolicyReason(code=ReasonCode.OPERATOR_NOT_UNDERSTOOD, name=operator),),
    )


def _all_of(parts: Sequence[PolicyOutcome]) -> PolicyOutcome:
    """Combine controls that are all required: the worst effect is the result."""
    return _outcome_with_reasons(
        parts, max((part.effect for part in parts), key=_ORDER.index, default=PolicyEffect.WORKS)
    )


def _any_of(parts: Sequence[PolicyOutcome]) -> PolicyOutcome:
    """Combine controls of which one suffices: the best effect is the result."""
    return _outcome_with_reasons(parts, min((part.effect for part in parts), key=_ORDER.index))


def _outcome_with_reasons(parts: Iterable[PolicyOutcome], effect: PolicyEffect) -> PolicyOutcome:
    reasons = dict.fromkeys(reason for part in parts if part.effect is effect for reason in part.reasons)
    return PolicyOutcome(effect=effect, reasons=tuple(reasons))


def _control(control: Control, visitor: VisitorType, trust: InboundTrustFlags, policy: Policy) -> PolicyOutcome:
    has_account = visitor is not VisitorType.DIRECT_CONNECT

    def outcome(effect: PolicyEffect, code: ReasonCode) -> PolicyOutcome:
        name = control.name if control.kind in (ControlKind.STRENGTH, ControlKind.CUSTOM, ControlKind.UNKNOWN) else ""
        return PolicyOutcome(effect=effect, reasons=(PolicyReason(code=code, kind=control.kind, name=name),))

    match control.kind:
        case ControlKind.BLOCK:
            return outcome(PolicyEffect.LOCKED_OUT, ReasonCode.BLOCKS)
        case ControlKind.MFA | ControlKind.STRENGTH:
            effect, because = _mfa(control, trust.mfa, has_account=has_account)
            if policy.is_about_risk and not is_worse(effect, PolicyEffect.REQUIRED_IN_OUR_TENANT):
                return outcome(PolicyEffect.DEPENDS, ReasonCode.RISK_REGISTRATION)
            return outcome(effect, because)
        case ControlKind.COMPLIANT_DEVICE:
            return outcome(*_device(trust.compliant_device))
        case ControlKind.HYBRID_DEVICE:
            return outcome(*_device(trust.hybrid_joined_device))
        case ControlKind.APPROVED_APP | ControlKind.APP_PROTECTION | ControlKind.PASSWORD_CHANGE:
            return outcome(PolicyEffect.LOCKED_OUT, ReasonCode.NOT_SUPPORTED)
        case ControlKind.TERMS_OF_USE if has_account:
            return outcome(PolicyEffect.WORKS, ReasonCode.SUPPORTED)
        case ControlKind.TERMS_OF_USE:
            # A grant control that they cannot satisfy: they have no account here that could accept terms.
            return outcome(PolicyEffect.LOCKED_OUT, ReasonCode.NOT_SUPPORTED)
        case ControlKind.CUSTOM:
            return outcome(PolicyEffect.NOT_KNOWN, ReasonCode.CUSTOM_CONTROL)
        case ControlKind.UNKNOWN:
            return outcome(PolicyEffect.NOT_KNOWN, ReasonCode.NOT_UNDERSTOOD)
        case _ if has_account:
            return outcome(PolicyEffect.WORKS, ReasonCode.SUPPORTED)
        case _:
            # Microsoft's table says "not supported". It does not say whether people get in without it.
            return outcome(PolicyEffect.NOT_KNOWN, ReasonCode.NOT_SUPPORTED)


def _device(trusted: bool | None) -> tuple[PolicyEffect, ReasonCode]:
    """Return the effect of a device control.

    The partner's tenant manages the device, so our tenant must trust its device claim.
    """
    if trusted is None:
        return PolicyEffect.NOT_KNOWN, ReasonCode.TRUST_NOT_READ
    return (
        (PolicyEffect.REQUIRED_IN_PARTNER_TENANT, ReasonCode.TRUSTED)
        if trusted
        else (PolicyEffect.LOCKED_OUT, ReasonCode.NOT_TRUSTED)
    )


def _mfa(control: Control, trusted: bool | None, *, has_account: bool) -> tuple[PolicyEffect, ReasonCode]:
    """Return the effect of a control that requires MFA.

    :param trusted: whether our tenant trusts the MFA of the partner's tenant; None: not known.
    :param has_account: whether the visitor has an account in our tenant, and so can do MFA here.
    """
    with_trust = _with_methods(control, SignInTenant.HOME, PolicyEffect.REQUIRED_IN_PARTNER_TENANT, ReasonCode.TRUSTED)
    without_trust = (
        _with_methods(control, SignInTenant.RESOURCE, PolicyEffect.REQUIRED_IN_OUR_TENANT, ReasonCode.DONE_HERE)
        if has_account
        else (PolicyEffect.LOCKED_OUT, ReasonCode.NOT_TRUSTED)
    )
    if trusted is None:
        # The visitor is locked out in both cases, so the result is known.
        return (
            without_trust if with_trust[0] is without_trust[0] else (PolicyEffect.NOT_KNOWN, ReasonCode.TRUST_NOT_READ)
        )
    return with_trust if trusted else without_trust


def _with_methods(
    control: Control, sign_in_tenant: SignInTenant, effect: PolicyEffect, code: ReasonCode
) -> tuple[PolicyEffect, ReasonCode]:
    satisfiable = True if control.strength is None else is_satisfiable(control.strength, sign_in_tenant)
    if satisfiable is None:
        return PolicyEffect.NOT_KNOWN, ReasonCode.METHODS_NOT_KNOWN
    return (effect, code) if satisfiable else (PolicyEffect.LOCKED_OUT, ReasonCode.NO_METHOD)
