"""Steps 6 and 7: Conditional Access for this person and application, and the switches of SharePoint and Teams."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from workflows.core.checks.conditional_access.controls import PolicyEffect, ReasonCode, Remedy
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.scope import ConditionType
from workflows.core.checks.conditional_access.verdicts import AccessReport, PolicyVerdict, Source
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.home_tenant import sharing_findings
from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.errors.facts import Fact
from workflows.core.posture.diagnosis.facts import (
    SHAREPOINT_APPLICATIONS,
    TEAMS_APPLICATIONS,
    DiagnosisFacts,
    NamedApplication,
)
from workflows.core.posture.diagnosis.offers import accepting_offers, is_application_known, name_of
from workflows.core.posture.diagnosis.settings_steps import allows_all_applications, unreadable
from workflows.core.posture.diagnosis.steps import Cause, Note, Step, StepKey, StepResult

_MFA: Final = frozenset({ControlKind.MFA, ControlKind.STRENGTH})
_SINGLE: Final = frozenset({ConditionType.APPLICATIONS, ConditionType.OTHER_APPLICATIONS})
"""Conditions that a policy does not cover every application."""
_CAPABILITIES: Final = frozenset(
    {"disabled", "externalUserSharingOnly", "externalUserAndGuestSharing", "existingExternalUserSharingOnly"}
)
"""Graph's values of `sharingCapability`."""


_ALSO_SAID: Final = frozenset({Note.POLICY_MAY_APPLY, Note.POLICY_FOR_APPLICATIONS, Note.ESTIMATE})
"""Notes that are said beside a policy that locks them out."""


def conditional_access_step(facts: DiagnosisFacts) -> Step:
    """Say what Conditional Access does to this sign-in, and whether MFA is asked for here after it was done there."""
    key = StepKey.CONDITIONAL_ACCESS
    if facts.access is None:
        return Step(key=key, result=StepResult.NOT_KNOWN, read_at=None, notes=(Fact(Note.TENANT_NOT_KNOWN),))
    report, at = facts.access.value, facts.access.at
    if isinstance(report, UnreadableFact):
        return _unread(report, at)
    if report.unreadable is not None:
        return _unread(report.unreadable, at)
    enforced = [verdict for verdict in report.verdicts if verdict.is_enforced]
    locking = [verdict for verdict in enforced if _locks_out(verdict, facts)]
    doubtful = [verdict for verdict in enforced if verdict not in locking and _is_doubtful(verdict)]
    notes = tuple(_notes(facts, report, enforced, doubtful))
    if locking:
        # NB. how often they do MFA matters to nobody who does not get in.
        notes = tuple(note for note in notes if note.code in _ALSO_SAID)
        demands = dict.fromkeys(reason for verdict in locking for reason in verdict.reasons)
        values = {
            "policies": _names(locking),
            "blocks": any(reason.code is ReasonCode.BLOCKS for reason in demands),
            "demands": [{"control": each.kind.value, "name": each.name} for each in demands if each.kind is not None],
            "accept": _accepted_remedies(locking),
            "remedies": sorted({remedy.value for verdict in locking for remedy in verdict.remedies}),
            "templates": accepting_offers(facts, [verdict.remedies for verdict in locking]),
            "allows_all": allows_all_applications(facts),
            "is_estimate": all(verdict.source is Source.ESTIMATE for verdict in locking),
        }
        return Step(key=key, result=StepResult.STOPS, read_at=at, notes=notes, cause=Fact(Cause.LOCKED_OUT, values))
    is_unanswered = report.is_estimate and not report.answered_count
    account = None if facts.accounts is None else facts.accounts.value
    if isinstance(account, UnreadableFact):
        # NB. policies differ for guests and members, and which of them the person is was not read.
        return Step(key=key, result=StepResult.NOT_KNOWN, read_at=at, notes=(unreadable("account", account), *notes))
    is_unknown = bool(doubtful or is_unanswered or _asks_for_strength_there(enforced))
    result = StepResult.NOT_KNOWN if is_unknown else StepResult.PASSES
    return Step(key=key, result=result, read_at=at, notes=notes)


def _unread(fact: UnreadableFact, at: datetime) -> Step:
    notes = (unreadable("conditional_access", fact),)
    return Step(key=StepKey.CONDITIONAL_ACCESS, result=StepResult.NOT_READABLE, read_at=at, notes=notes)


def _locks_out(verdict: PolicyVerdict, facts: DiagnosisFacts) -> bool:
    """Return whether a policy certainly locks out this person, and not only somebody of the partner."""
    settled = {ConditionType.NOT_EXCLUDED} if facts.is_account_evaluated and verdict.source is Source.ENTRA else set()
    return verdict.effect is PolicyEffect.LOCKED_OUT and all(each.kind in settled for each in verdict.conditions)


def _is_doubtful(verdict: PolicyVerdict) -> bool:
    return verdict.effect in (PolicyEffect.LOCKED_OUT, PolicyEffect.DEPENDS, PolicyEffect.NOT_KNOWN)


def _asks_for_strength_there(enforced: list[PolicyVerdict]) -> list[PolicyVerdict]:
    """Return the policies that ask for a strength of MFA at home. Whether they have such a method is not known here."""
    return [
        verdict
        for verdict in enforced
        if verdict.effect is PolicyEffect.REQUIRED_IN_PARTNER_TENANT
        and any(reason.kind is ControlKind.STRENGTH for reason in verdict.reasons)
    ]


def _notes(
    facts: DiagnosisFacts, report: AccessReport, enforced: list[PolicyVerdict], doubtful: list[PolicyVerdict]
) -> Iterator[Fact]:
    strong = _asks_for_strength_there(enforced)
    single = [] if is_application_known(facts) else [verdict for verdict in enforced if _is_about_applications(verdict)]
    if named := [verdict for verdict in single if verdict in doubtful or verdict in strong]:
        yield Fact(Note.POLICY_FOR_APPLICATIONS, {"policies": _names(named), **_applications(named, facts)})
    if rest := [verdict for verdict in doubtful if verdict not in named]:
        yield Fact(Note.POLICY_MAY_APPLY, {"policies": _names(rest)})
    if report.is_estimate:
        yield Fact(Note.ESTIMATE)
    yield from _mfa_notes([verdict for verdict in enforced if verdict not in single], {})
    for verdict in single:
        if verdict not in named:
            yield from _mfa_notes([verdict], _applications([verdict], facts))
    if strong := [verdict for verdict in strong if verdict not in single]:
        reasons = [reason for verdict in strong for reason in verdict.reasons if reason.kind is ControlKind.STRENGTH]
        strengths = list(dict.fromkeys(reason.name for reason in reasons if reason.name))
        yield Fact(Note.STRENGTH_THERE, {"policies": _names(strong), "strengths": strengths})
    if report.trust is not None and report.trust.mfa is True and any(map(_is_mfa_there, enforced)):
        yield Fact(Note.MFA_REGISTRATION)
    if not enforced and not report.is_estimate:
        yield Fact(Note.NO_POLICY)


def _mfa_notes(enforced: list[PolicyVerdict], applications: Mapping[str, list[str]]) -> Iterator[Fact]:
    """Yield where they do MFA.

    :param applications: the single applications that the policies are about; empty for all.
    """
    here = [one for one in enforced if _asks_mfa(one) and one.effect is PolicyEffect.REQUIRED_IN_OUR_TENANT]
    if here:
        yield Fact(Note.MFA_HERE, {"policies": _names(here), **applications})
    if any(map(_is_mfa_there, enforced)):
        yield Fact(Note.MFA_THERE, dict(applications))


def _asks_mfa(verdict: PolicyVerdict) -> bool:
    return any(reason.kind in _MFA for reason in verdict.reasons)


def _is_mfa_there(verdict: PolicyVerdict) -> bool:
    return _asks_mfa(verdict) and verdict.effect is PolicyEffect.REQUIRED_IN_PARTNER_TENANT


def _applications(verdicts: Iterable[PolicyVerdict], facts: DiagnosisFacts) -> dict[str, list[str]]:
    """Return the single applications that policies are about; none where one of them only leaves some out."""
    ids = [
        tuple(id_ for each in verdict.conditions if each.kind in _SINGLE for id_ in each.values) for verdict in verdicts
    ]
    named = dict.fromkeys(id_.lower() for each in ids for id_ in each) if all(ids) else {}
    return {"applications": [name_of(each, facts) for each in named]}


def _accepted_remedies(locking: list[PolicyVerdict]) -> list[str]:
    """Return what of theirs must be accepted to get in; nothing when that does not suffice for every policy."""
    needed = [set(verdict.remedies) - {Remedy.EXCLUDE, Remedy.OTHER_CONTROL} for verdict in locking]
    return sorted({one.value for each in needed for one in each}) if all(needed) else []


def _is_about_applications(verdict: PolicyVerdict) -> bool:
    return any(each.kind in _SINGLE for each in verdict.conditions)


def _names(verdicts: Iterable[PolicyVerdict]) -> list[str]:
    return list(dict.fromkeys(verdict.policy for verdict in verdicts))


def sharing_step(facts: DiagnosisFacts) -> Step:
    """Say what SharePoint's own switches do. Teams' are not readable here."""
    application = None if facts.application is None else facts.application.value
    app_id = application.id if isinstance(application, NamedApplication) else ""
    is_teams = app_id in TEAMS_APPLICATIONS
    if app_id and not is_teams and app_id not in SHAREPOINT_APPLICATIONS:
        notes = (Fact(Note.OTHER_APPLICATION),)
        return Step(key=StepKey.SHARING, result=StepResult.PASSES, read_at=None, notes=notes)
    settings, at = facts.sharepoint.value, facts.sharepoint.at
    teams = (Fact(Note.TEAMS),) if is_teams or not app_id else ()
    if isinstance(settings, UnreadableFact):
        notes = (unreadable("sharepoint", settings), *teams)
        return Step(key=StepKey.SHARING, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    if not app_id and _excludes_sharepoint(facts):
        # NB. whatever SharePoint allows, it is not what stops people from the applications that are allowed.
        excluded = (Fact(Note.SHARING_NOT_LISTED), *teams)
        return Step(key=StepKey.SHARING, result=StepResult.NOT_KNOWN, read_at=at, notes=excluded)
    domains = {name for name in (facts.domain, facts.subject.rpartition("@")[2]) if "." in name}
    found = {finding.code for finding in sharing_findings(settings, domains)}
    if (cause := _sharing_cause(found, facts)) is not None:
        return Step(key=StepKey.SHARING, result=StepResult.STOPS, read_at=at, notes=teams, cause=cause)
    capability = settings.get("sharingCapability")
    if capability not in _CAPABILITIES:
        notes = (Fact(Note.SHARING_UNKNOWN, {"value": str(capability)}), *teams)
        return Step(key=StepKey.SHARING, result=StepResult.NOT_KNOWN, read_at=at, notes=notes)
    result = StepResult.NOT_READABLE if is_teams else StepResult.PASSES
    return Step(key=StepKey.SHARING, result=result, read_at=at, notes=(Fact(Note.SHARING_ALLOWED), *teams))


def _excludes_sharepoint(facts: DiagnosisFacts) -> bool:
    listed = facts.listed
    names_it = listed is not None and any(each.lower() in SHAREPOINT_APPLICATIONS for each in listed.ids)
    return listed is not None and names_it is not listed.is_allow_list


def _sharing_cause(found: set[FindingCode], facts: DiagnosisFacts) -> Fact | None:
    if FindingCode.SHAREPOINT_DISABLED in found:
        return Fact(Cause.SHARING_OFF)
    if found & {FindingCode.SHAREPOINT_NOT_LISTED, FindingCode.SHAREPOINT_BLOCKED}:
        return Fact(Cause.SHARING_DOMAIN)
    has_no_account = facts.accounts is not None and facts.accounts.value == ()
    if FindingCode.SHAREPOINT_EXISTING_ONLY in found and has_no_account:
        return Fact(Cause.SHARING_EXISTING_ONLY)
    return None
