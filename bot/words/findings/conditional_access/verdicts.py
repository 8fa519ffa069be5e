"""The effect of policies on visitors in words: one line about several policies, and one line for each policy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.words.findings.conditional_access.stated_verdict import StatedCondition, StatedVerdict
from bot.words.sentences import counted
from workflows.core.checks.conditional_access.controls import (
    PolicyEffect,
    PolicyReason,
    ReasonCode,
    Remedy,
    VisitorType,
)
from workflows.core.checks.conditional_access.findings import group_by
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.scope import ClientApp, ConditionType
from workflows.core.checks.conditional_access.verdicts import AccessReport, Source

MAX_POLICY_GROUPS: Final = 3
"""Groups of policies that one line on a card names. The rest is counted; the details show all."""
MAX_POLICIES: Final = 2
_MAX_NAME_CHARACTERS: Final = 60
_MAX_VALUES: Final = 3

VISITORS: Final[Mapping[VisitorType, str]] = {
    VisitorType.GUEST: "guests",
    VisitorType.MEMBER: "synchronized members",
    VisitorType.DIRECT_CONNECT: "B2B direct connect users",
}
MEANINGS: Final[Mapping[PolicyEffect, str]] = {
    PolicyEffect.LOCKED_OUT: "Locked out",
    PolicyEffect.REQUIRED_IN_OUR_TENANT: "Required in this tenant",
    PolicyEffect.REQUIRED_IN_PARTNER_TENANT: "Required in the partner's tenant",
    PolicyEffect.DEPENDS: "Depends on conditions",
    PolicyEffect.NOT_KNOWN: "Not known",
    PolicyEffect.WORKS: "Works, with conditions",
}
_CONTROL_WORDS: Final[Mapping[ControlKind, str]] = {
    ControlKind.BLOCK: "blocks access",
    ControlKind.MFA: "MFA",
    ControlKind.STRENGTH: "authentication strength",
    ControlKind.COMPLIANT_DEVICE: "compliant device",
    ControlKind.HYBRID_DEVICE: "hybrid joined device",
    ControlKind.APPROVED_APP: "approved client app",
    ControlKind.APP_PROTECTION: "app protection policy",
    ControlKind.PASSWORD_CHANGE: "password change",
    ControlKind.TERMS_OF_USE: "terms of use",
    ControlKind.CUSTOM: "custom control",
    ControlKind.APP_RESTRICTIONS: "app enforced restrictions",
    ControlKind.APP_CONTROL: "Conditional Access App Control",
    ControlKind.SIGN_IN_FREQUENCY: "sign-in frequency",
    ControlKind.PERSISTENT_BROWSER: "persistent browser session",
    ControlKind.UNKNOWN: "a control that Gatehouse does not know",
}
_REASON_WORDS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.BLOCKS: "",
    ReasonCode.SUPPORTED: "",
    ReasonCode.TRUSTED: "theirs is accepted",
    ReasonCode.DONE_HERE: "they register and use it in this tenant",
    ReasonCode.NOT_TRUSTED: "theirs is not accepted, and they cannot satisfy it here",
    ReasonCode.TRUST_NOT_READ: "whether theirs is accepted could not be read",
    ReasonCode.NOT_SUPPORTED: "not supported for them",
    ReasonCode.NO_METHOD: "people from outside can use none of its methods",
    ReasonCode.METHODS_NOT_KNOWN: "whether people from outside can use its methods is not known",
    ReasonCode.RISK_REGISTRATION: "people at risk who never registered MFA in this tenant are blocked",
    ReasonCode.CUSTOM_CONTROL: "trust settings do not cover custom controls",
    ReasonCode.NOT_UNDERSTOOD: "",
    ReasonCode.OPERATOR_NOT_UNDERSTOOD: "whether one control suffices or all are required could not be read",
    ReasonCode.STATE_NOT_UNDERSTOOD: "whether it is enforced could not be read",
    ReasonCode.NOT_ENOUGH_INFORMATION: "Entra does not have enough information to evaluate it",
    ReasonCode.ANSWER_NOT_UNDERSTOOD: "Entra's answer about it could not be read",
    ReasonCode.TENANTS_NOT_UNDERSTOOD: "whether it names this tenant is not known",
}
_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.ACCEPT_MFA: "accept their MFA",
    Remedy.ACCEPT_COMPLIANT_DEVICES: "accept compliant devices",
    Remedy.ACCEPT_HYBRID_DEVICES: "accept hybrid joined devices",
    Remedy.EXCLUDE: "exclude them",
    Remedy.OTHER_CONTROL: "require another control",
}
CLIENTS: Final = {ClientApp.BROWSER.value: "browsers", ClientApp.APPS.value: "mobile apps and desktop clients"}


def verdict_words(verdicts: Sequence[StatedVerdict]) -> str:
    """Describe completely the effect of one policy on several kinds of visitor."""
    first = verdicts[0]
    reasons = "; ".join(filter(None, map(_reason_words, first.reasons)))
    where = _conditions_words(first.conditions)
    cure = remedy_words(first.remedies)
    sentence = f"{_meaning_words(first)}: {_visitor_words(verdicts)}, by {quoted_name(first.policy)}"
    sentence += f" ({reasons})" if reasons else ""
    sentence += f", {where}" if where else ""
    sentence += f". To fix: {cure}" if cure else ""
    sentence += ". This is an estimate" if first.source is Source.ESTIMATE else ""
    return f"{sentence}."


def quoted_name(policy: str) -> str:
    """Quote a policy's name on one line, shortened when it is long."""
    line = " ".join(policy.split()) or "a policy without a name"
    return f"“{line if len(line) <= _MAX_NAME_CHARACTERS else f'{line[: _MAX_NAME_CHARACTERS - 1]}…'}”"


def policy_lines(verdicts: Sequence[StatedVerdict]) -> list[str]:
    """Describe completely every policy, one line for each."""
    alike = group_by(
        verdicts,
        lambda verdict: (verdict.policy_id, verdict.policy, verdict.effect, verdict.reasons, verdict.conditions),
    )
    return [verdict_words(group) for group in alike]


def summary_words(verdicts: Sequence[StatedVerdict]) -> str:
    """State on one line who is affected by which policies, and what changes it."""
    by_policy = group_by(
        verdicts, lambda verdict: (verdict.policy_id, verdict.policy, verdict.remedies, verdict.conditions)
    )
    rows: dict[tuple[object, ...], list[Sequence[StatedVerdict]]] = {}
    for group in by_policy:
        whens = tuple(dict.fromkeys(condition.kind for condition in group[0].conditions))
        rows.setdefault((tuple(verdict.visitor for verdict in group), group[0].remedies, whens), []).append(group)
    parts = [_group_words(some) for some in list(rows.values())[:MAX_POLICY_GROUPS]]
    left_out_count = sum(len(some) for some in list(rows.values())[MAX_POLICY_GROUPS:])
    if left_out_count:
        parts.append(f"and by {counted(left_out_count, 'more policy', 'more policies')}")
    return "; ".join(parts)


def _group_words(policies: Sequence[Sequence[StatedVerdict]]) -> str:
    first = policies[0][0]
    names = list_words([quoted_name(group[0].policy) for group in policies], MAX_POLICIES)
    where = _conditions_words(first.conditions) if len(policies) == 1 else _condition_types_words(first.conditions)
    reasons = "" if len(policies) > 1 or first.remedies else "; ".join(filter(None, map(_reason_words, first.reasons)))
    cure = remedy_words(first.remedies)
    return (
        f"{_visitor_words(policies[0])}, by {names}"
        f"{f' ({reasons})' if reasons else ''}{f', {where}' if where else ''}{f' (to fix: {cure})' if cure else ''}"
    )


def _meaning_words(verdict: StatedVerdict) -> str:
    label = MEANINGS[verdict.effect]
    if verdict.effect is PolicyEffect.DEPENDS and verdict.effect_where_applied is not PolicyEffect.DEPENDS:
        label = f"{label} ({MEANINGS[verdict.effect_where_applied].lower()} where it applies)"
    return label if verdict.is_enforced else f"Report-only, not enforced: {label.lower()}"


def _visitor_words(verdicts: Sequence[StatedVerdict]) -> str:
    present = {verdict.visitor for verdict in verdicts}
    names = [words for visitor, words in VISITORS.items() if visitor in present]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def worst_words(report: AccessReport, visitor: VisitorType) -> str:
    """Return the worst effect on a kind of visitor, with what the policies with that effect ask for."""
    worst = report.worst(visitor)
    reasons = [
        reason
        for verdict in report.verdicts
        if verdict.is_enforced and verdict.visitor is visitor and verdict.effect is worst
        for reason in verdict.reasons
    ]
    controls = dict.fromkeys(_CONTROL_WORDS[one.kind] for one in reasons if one.kind is not None)
    named = f" ({list_words(list(controls), _MAX_VALUES)})" if controls and worst is not PolicyEffect.WORKS else ""
    return f"{MEANINGS[worst].lower()}{named}"


def _reason_words(reason: PolicyReason) -> str:
    control = "" if reason.kind is None else _CONTROL_WORDS[reason.kind]
    if reason.name:
        control = f"{control} {quoted_name(reason.name)}".strip()
    why = _REASON_WORDS[reason.code]
    return f"{control}: {why}" if control and why else control or why


def remedy_words(remedies: Sequence[Remedy]) -> str:
    """Return the changes after which a policy locks nobody out; empty when none is known."""
    if not remedies:
        return ""
    accepted = [_REMEDIES[remedy] for remedy in remedies if remedy not in (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)]
    others = [_REMEDIES[remedy] for remedy in remedies if remedy in (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)]
    return ", or ".join([" and ".join(accepted), *others] if accepted else others)


def _conditions_words(conditions: Iterable[StatedCondition]) -> str:
    return ", ".join(map(_condition_words, conditions))


def _condition_types_words(conditions: Iterable[StatedCondition]) -> str:
    return ", ".join(
        dict.fromkeys(_condition_words(StatedCondition(condition.kind, (), 0)) for condition in conditions)
    )


_CONDITION_WORDS: Final[Mapping[ConditionType, tuple[str, str]]] = {
    ConditionType.APPLICATIONS: ("for some applications", "for the applications {}"),
    ConditionType.OTHER_APPLICATIONS: (
        "if an application that it names is used",
        "if one of these applications is used: {}",
    ),
    ConditionType.PLATFORMS: ("on some platforms", "on some platforms ({})"),
    ConditionType.LOCATIONS: ("in some locations", "in some locations ({})"),
    ConditionType.DEVICES: ("for some devices", "for some devices"),
    ConditionType.FLOWS: ("in some authentication flows", "in some authentication flows"),
    ConditionType.INSIDER_RISK: ("at some insider risk", "at {} insider risk"),
    ConditionType.AUTHENTICATION_CONTEXT: (
        "where an application asks for an authentication context",
        "where an application asks for the authentication context {}",
    ),
    ConditionType.REGISTRATION: ("when they register MFA here", "when they register MFA here"),
    ConditionType.OTHER: (
        "on a condition that Gatehouse does not know",
        "on a condition that Gatehouse does not know ({})",
    ),
    ConditionType.USER_RISK: ("at user risk", "at {} user risk"),
    ConditionType.SIGN_IN_RISK: ("at sign-in risk", "at {} sign-in risk"),
}


def _condition_words(condition: StatedCondition) -> str:
    match condition.kind:
        case ConditionType.CLIENTS:
            return f"in {' and '.join(CLIENTS.get(value, value) for value in condition.values) or 'some clients'}"
        case ConditionType.MEMBERSHIP:
            return "if it names their account, group or role"
        case ConditionType.NOT_EXCLUDED:
            return "except people whom it excludes"
        case _:
            short, long = _CONDITION_WORDS[condition.kind]
            return (
                long.format(list_words([_one_line(value) for value in condition.values], _MAX_VALUES, condition.total))
                if condition.values
                else short
            )


def _one_line(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _MAX_NAME_CHARACTERS else f"{line[: _MAX_NAME_CHARACTERS - 1]}…"


def list_words(items: Sequence[str], max_named: int, count: int | None = None) -> str:
    """List a few items and count the rest.

    :param count: how many there are, when `items` does not contain all of them.
    """
    total = len(items) if count is None else count
    listed = items if total <= max_named + 1 else items[:max_named]
    more = total - len(listed)
    if more:
        return f"{', '.join(listed)} and {more} more"
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else "".join(listed)
