"""The effect of a policy's controls on a visitor, under the trust after the plan.

The table is Microsoft's (Entra: "Authentication and Conditional Access for B2B users", grant and session controls for
B2B collaboration and B2B direct connect; authentication strengths; risk).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Final

from workflows.core.checks.conditional_access.policy import Control, Kind, Policy
from workflows.core.checks.conditional_access.strengths import Place, is_satisfiable


class Visitor(StrEnum):
    """The kind of account that the partner's people use here. The values are those of Conditional Access."""

    GUEST = "b2bCollaborationGuest"
    MEMBER = "b2bCollaborationMember"
    """A synchronized person usually has this kind."""
    DIRECT_CONNECT = "b2bDirectConnectUser"


class Meaning(StrEnum):
    """The effect of a policy on a visitor, from the best to the worst."""

    WORKS = "works"
    ASKED_THERE = "asked_there"
    """They satisfy it in the partner's tenant."""
    ASKED_HERE = "asked_here"
    """They satisfy it in our tenant."""
    DEPENDS = "depends"
    """It can lock out, on a condition that cannot be known in advance."""
    NOT_KNOWN = "not_known"
    LOCKED_OUT = "locked_out"


_ORDER: Final = tuple(Meaning)


class Because(StrEnum):
    """Why a control has its effect."""

    BLOCKS = "blocks"
    SUPPORTED = "supported"
    TRUSTED = "trusted"
    """MFA or devices of their own tenant are accepted here."""
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


class Remedy(StrEnum):
    """A change after which somebody is no longer locked out."""

    ACCEPT_MFA = "accept_mfa"
    ACCEPT_COMPLIANT_DEVICES = "accept_compliant_devices"
    ACCEPT_HYBRID_DEVICES = "accept_hybrid_joined_devices"
    EXCLUDE = "exclude"
    OTHER_CONTROL = "other_control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
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
class Reason:
    """One reason, and the control that it belongs to."""

    because: Because
    kind: Kind | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The effect of a control or of a whole policy on a visitor to whom it applies."""

    meaning: Meaning
    reasons: tuple[Reason, ...] = ()


def outcome_of(policy: Policy, visitor: Visitor, trust: Trust) -> Outcome:
    """Return the effect of a policy on a visitor to whom it applies."""
    grants = [_control(control, visitor, trust, policy) for control in policy.grants]
    blocking = [one for one in grants if Because.BLOCKS in {reason.because for reason in one.reasons}]
    sessions = [_control(control, visitor, trust, policy) for control in policy.sessions]
    granted = blocking[0] if blocking else _granted(grants, policy.operator)
    return _all_of([granted, *sessions])


def remedies(policy: Policy, visitor: Visitor, trust: Trust) -> tuple[Remedy, ...]:
    """Return the changes that would let a locked-out visitor in.

    These are the smallest sets of trust flags that suffice, and the changes that always suffice.
    """
    off = [flag for flag in _FLAGS if getattr(trust, flag) is not True]
    for count in range(1, len(off) + 1):
        for chosen in combinations(off, count):
            with_them = replace(trust, **dict.fromkeys(chosen, True))
            if outcome_of(policy, visitor, with_them).meaning in (
                Meaning.WORKS,
                Meaning.ASKED_THERE,
                Meaning.ASKED_HERE,
            ):
                return (*(_FLAGS[flag] for flag in chosen), Remedy.EXCLUDE)
    return (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)


def is_worse(one: Meaning, other: Meaning) -> bool:
    """Return whether `one` is a worse effect than `other`."""
    return _ORDER.index(one) > _ORDER.index(other)


def _granted(grants: Sequence[Outcome], operator: str) -> Outcome:
    if len(grants) <= 1 or operator.upper() == "AND":
        return _all_of(grants)
    if operator.upper() == "OR":
        return _any_of(grants)
    strict, mild = _all_of(grants), _any_of(grants)
    if strict.meaning is mild.meaning:
        return strict
    return Outcome(meaning=Meaning.NOT_KNOWN, reasons=(Reason(because=Because.OPERATOR_NOT_UNDERSTOOD, name=operator),))


def _all_of(parts: Sequence[Outcome]) -> Outcome:
    """Combine controls that are all required: the worst decides."""
    return _decided_by(parts, max((part.meaning for part in parts), key=_ORDER.index, default=Meaning.WORKS))


def _any_of(parts: Sequence[Outcome]) -> Outcome:
    """Combine controls of which one suffices: the best decides."""
    return _decided_by(parts, min((part.meaning for part in parts), key=_ORDER.index))


def _decided_by(parts: Iterable[Outcome], meaning: Meaning) -> Outcome:
    reasons = dict.fromkeys(reason for part in parts if part.meaning is meaning for reason in part.reasons)
    return Outcome(meaning=meaning, reasons=tuple(reasons))


def _control(control: Control, visitor: Visitor, trust: Trust, policy: Policy) -> Outcome:
    has_account = visitor is not Visitor.DIRECT_CONNECT

    def found(meaning: Meaning, because: Because) -> Outcome:
        name = control.name if control.kind in (Kind.STRENGTH, Kind.CUSTOM, Kind.UNKNOWN) else ""
        return Outcome(meaning=meaning, reasons=(Reason(because=because, kind=control.kind, name=name),))

    match control.kind:
        case Kind.BLOCK:
            return found(Meaning.LOCKED_OUT, Because.BLOCKS)
        case Kind.MFA | Kind.STRENGTH:
            meaning, because = _mfa(control, trust.mfa, has_account=has_account)
            if policy.is_about_risk and not is_worse(meaning, Meaning.ASKED_HERE):
                return found(Meaning.DEPENDS, Because.RISK_REGISTRATION)
            return found(meaning, because)
        case Kind.COMPLIANT_DEVICE:
            return found(*_device(trust.compliant_device))
        case Kind.HYBRID_DEVICE:
            return found(*_device(trust.hybrid_joined_device))
        case Kind.APPROVED_APP | Kind.APP_PROTECTION | Kind.PASSWORD_CHANGE:
            return found(Meaning.LOCKED_OUT, Because.NOT_SUPPORTED)
        case Kind.TERMS_OF_USE if has_account:
            return found(Meaning.WORKS, Because.SUPPORTED)
        case Kind.TERMS_OF_USE:
            # A grant control that they cannot satisfy: they have no account here that could accept terms.
            return found(Meaning.LOCKED_OUT, Because.NOT_SUPPORTED)
        case Kind.CUSTOM:
            return found(Meaning.NOT_KNOWN, Because.CUSTOM_CONTROL)
        case Kind.UNKNOWN:
            return found(Meaning.NOT_KNOWN, Because.NOT_UNDERSTOOD)
        case _ if has_account:
            return found(Meaning.WORKS, Because.SUPPORTED)
        case _:
            # Microsoft's table says "not supported". It does not say whether people get in without it.
            return found(Meaning.NOT_KNOWN, Because.NOT_SUPPORTED)


def _device(trusted: bool | None) -> tuple[Meaning, Because]:
    """Return the effect of a device control.

    Only one tenant manages a device, so a partner's device needs trust here.
    """
    if trusted is None:
        return Meaning.NOT_KNOWN, Because.TRUST_NOT_READ
    return (Meaning.ASKED_THERE, Because.TRUSTED) if trusted else (Meaning.LOCKED_OUT, Because.NOT_TRUSTED)


def _mfa(control: Control, trusted: bool | None, *, has_account: bool) -> tuple[Meaning, Because]:
    there = _with_methods(control, Place.HOME, Meaning.ASKED_THERE, Because.TRUSTED)
    here = (
        _with_methods(control, Place.RESOURCE, Meaning.ASKED_HERE, Because.DONE_HERE)
        if has_account
        else (Meaning.LOCKED_OUT, Because.NOT_TRUSTED)
    )
    if trusted is None:
        # Locked out in both cases, so the result is known.
        return here if there[0] is here[0] else (Meaning.NOT_KNOWN, Because.TRUST_NOT_READ)
    return there if trusted else here


def _with_methods(control: Control, place: Place, meaning: Meaning, because: Because) -> tuple[Meaning, Because]:
    satisfiable = True if control.strength is None else is_satisfiable(control.strength, place)
    if satisfiable is None:
        return Meaning.NOT_KNOWN, Because.METHODS_NOT_KNOWN
    return (meaning, because) if satisfiable else (Meaning.LOCKED_OUT, Because.NO_METHOD)
