"""Steps 1 to 3: the home tenant, our settings for it, and what is recorded of theirs."""

from dataclasses import dataclass
from typing import Any, Final

from workflows.core.checks.application_access import (
    AccessRule,
    ApplicationAccess,
    Capability,
    Direction,
    application_access,
)
from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.errors.facts import Fact, Facts
from workflows.core.posture.diagnosis.facts import (
    TEAMS_APPLICATIONS,
    DiagnosisFacts,
    HomeKind,
    ListedApplications,
    NamedApplication,
)
from workflows.core.posture.diagnosis.offers import (
    is_application_known,
    keeping_offers,
    nearest_offer,
    opening_offers,
)
from workflows.core.posture.diagnosis.steps import Cause, Note, Step, StepKey, StepResult
from workflows.core.settings.effective import EffectiveSettings, Origin, effective_settings
from workflows.core.settings.model import ALL_APPLICATIONS, AccessType, Property, configurations

_PEOPLE: Final = "people"


def unreadable(what: str, fact: UnreadableFact) -> Fact:
    """Return the note that a fact could not be read."""
    return Fact(Note.UNREADABLE, {"what": what, "why": fact.reason.value})


def home_step(facts: DiagnosisFacts) -> Step:
    """Say which tenant it is, in which cloud, or what kind of account people of this domain have."""
    home, at = facts.home.value, facts.home.at

    def step(result: StepResult, code: Note, **values: Any) -> Step:
        return Step(key=StepKey.HOME, result=result, read_at=at, notes=(Fact(code, values),))

    if isinstance(home, UnreadableFact):
        notes = (unreadable("home", home),)
        return Step(key=StepKey.HOME, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    if home.kind is HomeKind.ORGANIZATION and home.identity is not None:
        identity = home.identity
        values = {"name": identity.display_name, "domain": identity.default_domain, "tenant_id": identity.tenant_id}
        return step(StepResult.PASSES, Note.ORGANIZATION, **values)
    if home.kind is HomeKind.PERSONAL:
        return step(StepResult.PASSES, Note.PERSONAL_ACCOUNT)
    clouds = list(home.clouds)
    if home.kind is HomeKind.OTHER_CLOUD and clouds:
        return step(StepResult.PASSES, Note.OTHER_CLOUD, clouds=clouds)
    if home.kind is HomeKind.OTHER_CLOUD:
        return Step(key=StepKey.HOME, result=StepResult.STOPS, read_at=at, cause=Fact(Cause.CLOUD_OFF))
    accounts = None if facts.accounts is None else facts.accounts.value
    if home.similar and not (isinstance(accounts, tuple) and accounts):
        # NB. who has an account of this address did not mistype it.
        return step(StepResult.NOT_KNOWN, Note.DOMAIN_MEANT, domains=list(home.similar))
    if clouds:
        return step(StepResult.NOT_KNOWN, Note.MAYBE_OTHER_CLOUD, clouds=clouds)
    return step(StepResult.PASSES, Note.NO_ORGANIZATION)


def settings_step(facts: DiagnosisFacts) -> Step:
    """Say what our settings and the default give this person for this application, by which rule."""
    if facts.configuration is None:
        is_unread = isinstance(facts.home.value, UnreadableFact)
        code = Note.TENANT_NOT_KNOWN if is_unread else Note.DOES_NOT_APPLY
        result = StepResult.NOT_KNOWN if is_unread else StepResult.PASSES
        return Step(key=StepKey.OUR_SETTINGS, result=result, read_at=None, notes=(Fact(code),))
    configuration, at = facts.configuration.value, facts.configuration.at
    if isinstance(configuration, UnreadableFact):
        unread = (unreadable("partner", configuration),)
        return Step(key=StepKey.OUR_SETTINGS, result=StepResult.NOT_READABLE, read_at=at, notes=unread)
    result, notes, cause = _answer(facts, effective_of(facts))
    return Step(key=StepKey.OUR_SETTINGS, result=result, read_at=at, notes=notes, cause=cause)


def effective_of(facts: DiagnosisFacts) -> EffectiveSettings:
    """Return our effective settings for the partner. What was not read is not known."""
    home, default = facts.home.value, facts.default.value
    own = None if facts.configuration is None else facts.configuration.value
    is_other_cloud = not isinstance(home, UnreadableFact) and home.kind is HomeKind.OTHER_CLOUD
    return effective_settings(
        None if isinstance(own, UnreadableFact) else own,
        None if isinstance(default, UnreadableFact) else default,
        is_cross_cloud=is_other_cloud,
    )


def opens_direct_connect(facts: DiagnosisFacts) -> bool:
    """Return whether direct connect certainly lets somebody in: shared channels then need no account here."""
    if facts.configuration is None or isinstance(facts.configuration.value, UnreadableFact):
        return False
    judged = _access(effective_of(facts), Capability.B2B_DIRECT_CONNECT, "")
    return judged.best.allowed and judged.best.is_certain


def _opens_channels_only(facts: DiagnosisFacts, application: object) -> bool:
    """Return whether they may mean shared channels, which are open although guests are not let in."""
    has_account = facts.accounts is not None and isinstance(facts.accounts.value, tuple) and bool(facts.accounts.value)
    is_named = isinstance(application, NamedApplication) and not application.is_unknown_name
    is_other = isinstance(application, NamedApplication) and is_named and application.id not in TEAMS_APPLICATIONS
    return not has_account and not is_other and opens_direct_connect(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Access:
    """The access of the most and of the least favoured person of the partner: whose id is named is not known."""

    best: ApplicationAccess
    worst: ApplicationAccess


def _access(effective: EffectiveSettings, capability: Capability, application: str) -> _Access:
    name = {
        Capability.B2B_COLLABORATION: Property.B2B_COLLABORATION_INBOUND,
        Capability.B2B_DIRECT_CONNECT: Property.B2B_DIRECT_CONNECT_INBOUND,
    }[capability]
    people, applications = configurations(effective.targets[name].setting)
    listed = frozenset(target.id for target in people.targets) if people is not None else frozenset()
    allows_listed = people is not None and people.access is AccessType.ALLOWED
    chosen = application
    if not chosen:
        # Without an application, any that the settings let in is enough.
        has_list = applications is not None and applications.access is AccessType.ALLOWED and applications.targets
        chosen = applications.targets[0].id if applications is not None and has_list else ALL_APPLICATIONS

    def of(user: frozenset[str]) -> ApplicationAccess:
        return application_access(
            effective, direction=Direction.INBOUND, capability=capability, user=user, application=chosen
        )

    nobody: frozenset[str] = frozenset()
    return _Access(best=of(listed if allows_listed else nobody), worst=of(nobody if allows_listed else listed))


_Answer = tuple[StepResult, Facts, Fact | None]


def _answer(facts: DiagnosisFacts, effective: EffectiveSettings) -> _Answer:
    application = None if facts.application is None else facts.application.value
    is_named = isinstance(application, NamedApplication) and bool(application.id)
    judged = _access(
        effective, Capability.B2B_COLLABORATION, application.id if isinstance(application, NamedApplication) else ""
    )
    notes = _application_notes(application, facts)
    if not judged.best.allowed and _opens_channels_only(facts, application):
        return StepResult.NOT_KNOWN, (Fact(Note.CHANNELS_ONLY), *notes), None
    if not judged.best.allowed:
        # Where no application is let in, it does not matter that none was named.
        return StepResult.STOPS, notes if application is not None else (), _cause(facts, judged.best)
    is_missing = isinstance(application, NamedApplication) and not (is_named or application.is_unknown_name)
    if isinstance(application, NamedApplication) and is_missing and not application.others:
        return StepResult.STOPS, notes, Fact(Cause.APPLICATION_NOT_OURS, {"application": application.typed})
    rules = [rule.as_value() for rule in judged.best.rules]
    if not (judged.best.is_certain and judged.worst.is_certain):
        default = facts.default.value
        if judged.best.origin is Origin.UNREADABLE and isinstance(default, UnreadableFact):
            return StepResult.NOT_READABLE, (*notes, unreadable("default", default)), None
        return StepResult.NOT_KNOWN, (*notes, Fact(Note.NOT_CERTAIN, {"rules": rules})), None
    if not judged.worst.allowed:
        rule = judged.worst.rules[0].as_value()
        return StepResult.NOT_KNOWN, (*notes, Fact(Note.PERSON_MAYBE_LISTED, {"rule": rule})), None
    name = application.name if isinstance(application, NamedApplication) else ""
    allowed = Fact(Note.ALLOWED, {"origin": judged.best.origin.value, "rules": rules, "application": name})
    if isinstance(application, UnreadableFact):
        return StepResult.NOT_READABLE, (allowed, *notes), None
    result = StepResult.NOT_KNOWN if application is not None and not is_named else StepResult.PASSES
    return result, (allowed, *notes), None


def listed_applications(facts: DiagnosisFacts) -> ListedApplications | None:
    """Return the single applications that our settings for guests name; None when they name none, or are not known."""
    if facts.configuration is None or isinstance(facts.configuration.value, UnreadableFact):
        return None
    _, applications = configurations(effective_of(facts).targets[Property.B2B_COLLABORATION_INBOUND].setting)
    ids = () if applications is None else tuple(target.id for target in applications.targets)
    if applications is None or not ids or ALL_APPLICATIONS in ids:
        return None
    return ListedApplications(is_allow_list=applications.access is AccessType.ALLOWED, ids=ids)


def allows_all_applications(facts: DiagnosisFacts) -> bool:
    """Return whether our settings let guests in to every application now, as far as they are known."""
    if facts.configuration is None:
        return False
    _, applications = configurations(effective_of(facts).targets[Property.B2B_COLLABORATION_INBOUND].setting)
    if applications is None or applications.access is not AccessType.ALLOWED:
        return False
    return ALL_APPLICATIONS in [target.id for target in applications.targets]


def _some_applications(facts: DiagnosisFacts) -> Facts:
    if facts.listed is None:
        return ()
    listed = facts.listed
    values = {"names": list(listed.names), "count": len(listed.ids), "is_allow_list": listed.is_allow_list}
    return (Fact(Note.SOME_APPLICATIONS, values),)


def _application_notes(application: NamedApplication | UnreadableFact | None, facts: DiagnosisFacts) -> Facts:
    if application is None:
        return _some_applications(facts) or (Fact(Note.ANY_APPLICATION),)
    if isinstance(application, UnreadableFact):
        return (unreadable("application", application),)
    if application.is_unknown_name:
        values = {"application": application.typed, "similar": list(application.similar)}
        return (Fact(Note.UNKNOWN_APPLICATION, values), *_some_applications(facts))
    return (Fact(Note.SEVERAL_APPLICATIONS, {"names": list(application.others)}),) if application.others else ()


def _names_application(facts: DiagnosisFacts) -> bool:
    application = None if facts.application is None else facts.application.value
    return application is not None and not (isinstance(application, NamedApplication) and application.is_unknown_name)


def _cause(facts: DiagnosisFacts, access: ApplicationAccess) -> Fact:
    if access.origin is Origin.NOT_ADDED:
        return Fact(Cause.NOT_ADDED)
    if facts.record is not None and facts.record.closed_state:
        return Fact(Cause.CLOSED, {"state": facts.record.closed_state})
    rule = access.rules[0]
    values: dict[str, Any] = {"rule": str(rule.code), "list": rule.values.get("list", "")}
    has_drifted = facts.record is not None and facts.record.has_drifted and access.origin is Origin.SET_HERE
    values |= {"origin": access.origin.value, "drifted": has_drifted}
    if facts.listed is not None and facts.listed.is_allow_list and facts.listed.names:
        values["allowed"] = list(facts.listed.names)
    is_by_default = access.origin.is_inherited and facts.listed is None
    if values["list"] == _PEOPLE or not _names_application(facts):
        offers = keeping_offers if is_application_known(facts) else opening_offers
        is_closed = rule.code == AccessRule.ALL_BLOCKED
        values |= {"templates": offers(facts, is_closed=is_closed)} if is_by_default else {}
        return Fact(Cause.BLOCKED, values)
    if is_by_default or (facts.listed is not None and facts.listed.is_allow_list):
        values |= {"templates": keeping_offers(facts), "nearest": nearest_offer(facts)}
    return Fact(Cause.APPLICATION_BLOCKED, values)


def partner_side_step(facts: DiagnosisFacts) -> Step:
    """Say what is recorded of the partner's side. Only the partner can see it, so it is known at most by word."""
    record, at = facts.record, facts.home.at
    home = facts.home.value
    if not isinstance(home, UnreadableFact) and home.kind in (HomeKind.NO_TENANT, HomeKind.PERSONAL):
        return Step(
            key=StepKey.THEIR_SETTINGS, result=StepResult.PASSES, read_at=None, notes=(Fact(Note.DOES_NOT_APPLY),)
        )
    if record is not None and record.outbound_confirmed_at is not None:
        values = {"by": record.outbound_confirmed_by, "at": record.outbound_confirmed_at.isoformat()}
        note = Fact(Note.SETUP_CONFIRMED, values)
        return Step(key=StepKey.THEIR_SETTINGS, result=StepResult.PASSES, read_at=at, notes=(note,))
    note = Fact(Note.NOTHING_RECORDED)
    if record is not None and record.needed_steps:
        note = Fact(Note.SETUP_OPEN, {"confirmed": record.confirmed_steps, "needed": record.needed_steps})
    return Step(key=StepKey.THEIR_SETTINGS, result=StepResult.NOT_KNOWN, read_at=at, notes=(note,))
