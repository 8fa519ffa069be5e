"""The texts about Conditional Access, used for cards, terminals and the posture.

This file is long because it words every outcome, for cards, plan and posture.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from workflows.core.checks.conditional_access.controls import Because, Meaning, Reason, Remedy, Visitor
from workflows.core.checks.conditional_access.policy import NO_RISK, Kind
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import ALL, Client, Condition, When
from workflows.core.checks.conditional_access.verdicts import AccessReport, Source, Verdict
from workflows.core.checks.findings import Finding, Severity
from workflows.core.checks.unchecked import CONDITIONAL_ACCESS, unread
from workflows.core.text import counted

WHAT_IF: Final = "Graph: “conditionalAccessRoot: evaluate”"
MOST_GROUPS: Final = 3
"""Groups of policies that one line on a card names. The rest is counted; the details show all."""
MOST_POLICIES: Final = 2
MOST_LINES: Final = 100
"""Lines of details that one finding keeps. The rest is counted."""
_MOST_NAME: Final = 60
_MOST_VALUES: Final = 3

VISITORS: Final[Mapping[Visitor, str]] = {
    Visitor.GUEST: "guests",
    Visitor.MEMBER: "synchronized members",
    Visitor.DIRECT_CONNECT: "B2B direct connect users",
}
MEANINGS: Final[Mapping[Meaning, str]] = {
    Meaning.LOCKED_OUT: "Locked out",
    Meaning.ASKED_HERE: "Asked here",
    Meaning.ASKED_THERE: "Asked in the partner's tenant",
    Meaning.DEPENDS: "Depends",
    Meaning.NOT_KNOWN: "Not known",
    Meaning.WORKS: "Works, with conditions",
}
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.BLOCK: "blocks access",
    Kind.MFA: "MFA",
    Kind.STRENGTH: "authentication strength",
    Kind.COMPLIANT_DEVICE: "compliant device",
    Kind.HYBRID_DEVICE: "hybrid joined device",
    Kind.APPROVED_APP: "approved client app",
    Kind.APP_PROTECTION: "app protection policy",
    Kind.PASSWORD_CHANGE: "password change",
    Kind.TERMS_OF_USE: "terms of use",
    Kind.CUSTOM: "custom control",
    Kind.APP_RESTRICTIONS: "app enforced restrictions",
    Kind.APP_CONTROL: "Conditional Access App Control",
    Kind.SIGN_IN_FREQUENCY: "sign-in frequency",
    Kind.PERSISTENT_BROWSER: "persistent browser session",
    Kind.UNKNOWN: "a control that Gatehouse does not know",
}
_BECAUSE: Final[Mapping[Because, str]] = {
    Because.BLOCKS: "",
    Because.SUPPORTED: "",
    Because.TRUSTED: "theirs is accepted",
    Because.DONE_HERE: "they register and do it in this tenant",
    Because.NOT_TRUSTED: "theirs is not accepted, and they cannot satisfy it here",
    Because.TRUST_NOT_READ: "whether theirs is accepted could not be read",
    Because.NOT_SUPPORTED: "not supported for them",
    Because.NO_METHOD: "people from outside can use none of its methods",
    Because.METHODS_NOT_KNOWN: "whether people from outside can use its methods is not known",
    Because.RISK_REGISTRATION: "at risk, who never registered MFA in this tenant is blocked",
    Because.CUSTOM_CONTROL: "no trust covers custom controls",
    Because.NOT_UNDERSTOOD: "",
    Because.OPERATOR_NOT_UNDERSTOOD: "whether one control suffices or all are required could not be read",
    Because.STATE_NOT_UNDERSTOOD: "whether it is enforced could not be read",
    Because.NOT_ENOUGH_INFORMATION: "Entra says that it lacks information to evaluate it",
    Because.ANSWER_NOT_UNDERSTOOD: "Entra's answer about it could not be read",
}
_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.ACCEPT_MFA: "accept their MFA",
    Remedy.ACCEPT_COMPLIANT_DEVICES: "accept compliant devices",
    Remedy.ACCEPT_HYBRID_DEVICES: "accept hybrid joined devices",
    Remedy.EXCLUDE: "exclude them",
    Remedy.OTHER_CONTROL: "require another control",
}
_CLIENTS: Final = {Client.BROWSER.value: "browsers", Client.APPS.value: "mobile apps and desktop clients"}
_SEVERITIES: Final[Mapping[Meaning, Severity]] = {
    Meaning.LOCKED_OUT: Severity.WARNING,
    Meaning.ASKED_HERE: Severity.WARNING,
    Meaning.DEPENDS: Severity.UNCHECKED,
    Meaning.NOT_KNOWN: Severity.UNCHECKED,
    Meaning.ASKED_THERE: Severity.NOTE,
    Meaning.WORKS: Severity.NOTE,
}
_LINE_ORDER: Final = (
    *(Meaning.LOCKED_OUT, Meaning.NOT_KNOWN, Meaning.DEPENDS),
    *(Meaning.ASKED_HERE, Meaning.ASKED_THERE, Meaning.WORKS),
)


def access_findings(report: AccessReport) -> tuple[Finding, ...]:
    """Describe a report: one finding for each effect, for report-only policies, and for what was not checked."""
    if report.unread is not None:
        return tuple(unread("conditional_access", report.unread))
    enforced = [one for one in report.verdicts if one.is_enforced]
    found = [
        _finding(f"ca_{meaning}", _SEVERITIES[meaning], MEANINGS[meaning], verdicts)
        for meaning in _LINE_ORDER
        if (verdicts := [one for one in enforced if one.meaning is meaning])
    ]
    if reporting := [one for one in report.verdicts if not one.is_enforced]:
        found.append(_report_only(reporting))
    return (*found, *_not_checked(report))


def verdict_words(verdicts: Sequence[Verdict]) -> str:
    """Describe completely the effect of one policy on several kinds of visitor."""
    one = verdicts[0]
    what = "; ".join(filter(None, map(_reason_words, one.reasons)))
    where = _conditions_words(one.conditions)
    cure = _cures(one.remedies)
    sentence = f"{_meaning_words(one)}: {_who(verdicts)}, by {named(one.policy)}"
    sentence += f" ({what})" if what else ""
    sentence += f", {where}" if where else ""
    sentence += f" – {cure}" if cure else ""
    sentence += ". An estimate" if one.source is Source.ESTIMATE else ""
    return f"{sentence}."


def locked_out_words(report: AccessReport) -> str:
    """State on one line whom enforced policies lock out; empty when nobody is certainly locked out."""
    verdicts = [one for one in report.verdicts if one.is_enforced and one.meaning is Meaning.LOCKED_OUT]
    return _line(verdicts) if verdicts else ""


def unasked_words(report: AccessReport) -> str:
    """State that part of a report is an estimate, and why; empty when no part is."""
    if not report.is_estimate:
        return ""
    if report.unasked is not None:
        return (
            f"Entra did not evaluate every sign-in ({report.unasked.why}). Conditional Access policies were read "
            "instead: what is said of them is an estimate."
        )
    count = report.asked + len(report.left_out)
    return (
        f"{len(report.left_out)} of {count} kinds of sign-in were not checked with Entra, which takes one request a "
        "second. For them Conditional Access policies were read: that is an estimate."
    )


def question_words(question: Question) -> str:
    """Describe a sign-in that was not evaluated."""
    risks = [
        f"at {level} {what} risk"
        for level, what in ((question.user_risk, "user"), (question.sign_in_risk, "sign-in"))
        if level != NO_RISK
    ]
    application = "all applications" if question.application == ALL else question.application
    return " ".join([VISITORS[question.visitor], "in", _CLIENTS[question.client.value], "to", application, *risks])


def named(policy: str) -> str:
    """Quote a policy's name on one line, shortened when it is long."""
    line = " ".join(policy.split()) or "a policy without a name"
    return f"“{line if len(line) <= _MOST_NAME else f'{line[: _MOST_NAME - 1]}…'}”"


def _finding(code: str, severity: Severity, label: str, verdicts: Sequence[Verdict]) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        text=f"{label}: {_line(verdicts)}.",
        source=CONDITIONAL_ACCESS,
        lines=_whole(verdicts),
    )


def _report_only(verdicts: Sequence[Verdict]) -> Finding:
    parts = [
        f"{MEANINGS[meaning].lower()} {_line(some)}"
        for meaning in _LINE_ORDER
        if (some := [one for one in verdicts if one.meaning is meaning])
    ]
    return Finding(
        code="ca_report_only",
        severity=Severity.NOTE,
        text=f"Report-only policies, not enforced, would mean: {'. '.join(parts)}.",
        source=CONDITIONAL_ACCESS,
        lines=_whole(verdicts),
    )


def _not_checked(report: AccessReport) -> Iterator[Finding]:
    if words := unasked_words(report):
        yield Finding(
            code="ca_estimate",
            severity=Severity.UNCHECKED,
            text=words,
            source=WHAT_IF,
            lines=_cut([f"Not checked: {question_words(one)}." for one in report.left_out]),
        )
    if report.unlisted:
        names = _some([named(name) for name in report.unlisted], MOST_GROUPS)
        yield Finding(
            code="ca_unlisted",
            severity=Severity.UNCHECKED,
            text=f"Entra's evaluation names policies that its list of policies does not have: {names}.",
            source=WHAT_IF,
        )


def _whole(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    alike = _grouped(verdicts, lambda one: (one.policy_id, one.policy, one.meaning, one.reasons, one.conditions))
    return _cut([verdict_words(some) for some in alike])


def _cut(lines: list[str]) -> tuple[str, ...]:
    return tuple(lines) if len(lines) <= MOST_LINES else (*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more.")


def _line(verdicts: Sequence[Verdict]) -> str:
    """State on one line who is affected by which policies, and what changes it."""
    by_policy = _grouped(verdicts, lambda one: (one.policy_id, one.policy, one.remedies, one.conditions))
    rows: dict[tuple[object, ...], list[Sequence[Verdict]]] = {}
    for some in by_policy:
        whens = tuple(dict.fromkeys(condition.when for condition in some[0].conditions))
        rows.setdefault((tuple(one.visitor for one in some), some[0].remedies, whens), []).append(some)
    parts = [_row(some) for some in list(rows.values())[:MOST_GROUPS]]
    left = sum(len(some) for some in list(rows.values())[MOST_GROUPS:])
    if left:
        parts.append(f"and by {counted(left, 'more policy', 'more policies')}")
    return "; ".join(parts)


def _row(policies: Sequence[Sequence[Verdict]]) -> str:
    first = policies[0][0]
    names = _some([named(some[0].policy) for some in policies], MOST_POLICIES)
    where = _conditions_words(first.conditions) if len(policies) == 1 else _whens_words(first.conditions)
    what = "" if len(policies) > 1 or first.remedies else "; ".join(filter(None, map(_reason_words, first.reasons)))
    cure = _cures(first.remedies)
    return (
        f"{_who(policies[0])}, by {names}"
        f"{f' ({what})' if what else ''}{f', {where}' if where else ''}{f' – {cure}' if cure else ''}"
    )


def _meaning_words(one: Verdict) -> str:
    label = MEANINGS[one.meaning]
    if one.meaning is Meaning.DEPENDS and one.where_it_applies is not Meaning.DEPENDS:
        label = f"{label} ({MEANINGS[one.where_it_applies].lower()} where it applies)"
    return label if one.is_enforced else f"Report-only, not enforced: {label.lower()}"


def _who(verdicts: Sequence[Verdict]) -> str:
    present = {one.visitor for one in verdicts}
    names = [words for visitor, words in VISITORS.items() if visitor in present]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _reason_words(reason: Reason) -> str:
    what = "" if reason.kind is None else _KINDS[reason.kind]
    if reason.name:
        what = f"{what} {named(reason.name)}".strip()
    why = _BECAUSE[reason.because]
    return f"{what}: {why}" if what and why else what or why


def _cures(remedies: Sequence[Remedy]) -> str:
    if not remedies:
        return ""
    accepted = [_REMEDIES[one] for one in remedies if one not in (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)]
    others = [_REMEDIES[one] for one in remedies if one in (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)]
    return ", or ".join([" and ".join(accepted), *others] if accepted else others)


def _conditions_words(conditions: Iterable[Condition]) -> str:
    return ", ".join(map(_condition_words, conditions))


def _whens_words(conditions: Iterable[Condition]) -> str:
    return ", ".join(dict.fromkeys(_condition_words(Condition(when=one.when)) for one in conditions))


_NAMED: Final[Mapping[When, tuple[str, str]]] = {
    When.APPLICATIONS: ("for some applications", "for the applications {}"),
    When.OTHER_APPLICATIONS: ("if an application that it names is used", "if one of these applications is used: {}"),
    When.PLATFORMS: ("on some platforms", "on some platforms ({})"),
    When.LOCATIONS: ("in some locations", "in some locations ({})"),
    When.DEVICES: ("for some devices", "for some devices"),
    When.FLOWS: ("in some authentication flows", "in some authentication flows"),
    When.INSIDER_RISK: ("at some insider risk", "at {} insider risk"),
    When.AUTHENTICATION_CONTEXT: (
        "where an application asks for an authentication context",
        "where an application asks for the authentication context {}",
    ),
    When.REGISTRATION: ("when they register MFA here", "when they register MFA here"),
    When.OTHER: ("on a condition that Gatehouse does not know", "on a condition that Gatehouse does not know ({})"),
    When.USER_RISK: ("at user risk", "at {} user risk"),
    When.SIGN_IN_RISK: ("at sign-in risk", "at {} sign-in risk"),
}


def _condition_words(condition: Condition) -> str:
    match condition.when:
        case When.CLIENTS:
            return f"in {' and '.join(_CLIENTS.get(one, one) for one in condition.values) or 'some clients'}"
        case When.MEMBERSHIP:
            return "if they are in a group or role, or are an account, that it names"
        case When.NOT_EXCLUDED:
            return "except who is in what it excludes"
        case _:
            short, long = _NAMED[condition.when]
            return (
                long.format(_some([_plain(one) for one in condition.values], _MOST_VALUES))
                if condition.values
                else short
            )


def _plain(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _MOST_NAME else f"{line[: _MOST_NAME - 1]}…"


def _some(items: Sequence[str], most: int) -> str:
    kept = items if len(items) <= most + 1 else items[:most]
    more = len(items) - len(kept)
    if more:
        return f"{', '.join(kept)} and {more} more"
    return f"{', '.join(kept[:-1])} and {kept[-1]}" if len(kept) > 1 else "".join(kept)


def _grouped(verdicts: Sequence[Verdict], key: Callable[[Verdict], object]) -> list[Sequence[Verdict]]:
    groups: dict[object, list[Verdict]] = {}
    for one in verdicts:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())
