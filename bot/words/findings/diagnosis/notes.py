"""The sentence for each thing that a diagnosis found, and for each cause.

It is long because every code that a diagnosis can give has its sentence here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.words.findings.diagnosis.sign_in_codes import CODE_WORDS, GONE, code_name
from bot.words.sentences import Sentence, and_list, counted, day, fill_in, minute, or_list
from bot.words.settings.values import ORIGINS
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.application_access import AccessRule
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Fact, Values
from workflows.core.posture.diagnosis.steps import Cause, Note
from workflows.core.settings.effective import Origin
from workflows.core.settings.model import is_guid

_RULES: Final[Mapping[AccessRule, str]] = {
    AccessRule.NOT_KNOWN: "the list of {list} is not known",
    AccessRule.ALL_ALLOWED: "all {list} are allowed",
    AccessRule.ALL_BLOCKED: "all {list} are blocked",
    AccessRule.NAMED_ALLOWED: "on the list of allowed {list}",
    AccessRule.NOT_NAMED_ALLOWED: "not on the list of allowed {list}",
    AccessRule.NAMED_BLOCKED: "on the list of blocked {list}",
    AccessRule.NOT_NAMED_BLOCKED: "not on the list of blocked {list}",
    AccessRule.SUITE: "Microsoft does not list what belongs to {suites}",
    AccessRule.TWO_DENY_LISTS: "both lists contain exceptions",
}
_PEOPLE: Final[Mapping[AccessRule | None, str]] = {
    AccessRule.ALL_ALLOWED: "Everybody",
    AccessRule.NAMED_ALLOWED: "People on the list of allowed people",
    AccessRule.NOT_NAMED_BLOCKED: "Everybody but the blocked people",
}
_APPLICATIONS: Final[Mapping[AccessRule | None, str]] = {
    AccessRule.ALL_ALLOWED: "every application",
    AccessRule.NAMED_ALLOWED: "an application of the list of allowed ones",
    AccessRule.NOT_NAMED_BLOCKED: "every application but the blocked ones",
}
_WHERE: Final[Mapping[str, tuple[str, str]]] = {
    "home": ("Their tenant", "Entra admin center, Cross-tenant access settings, Add organization"),
    "partner": ("The partner's settings", "Entra admin center, Cross-tenant access settings"),
    "default": ("The default", "Entra admin center, Cross-tenant access settings, Default settings"),
    "application": ("The application", "Entra admin center, Enterprise applications"),
    "account": ("The account", "Entra admin center, Users"),
    "invitations": ("Who may invite", "Entra admin center, External collaboration settings"),
    "conditional_access": ("Conditional Access", "Entra admin center, Conditional Access, What If"),
    "sharepoint": ("SharePoint's settings", "SharePoint admin center, Policies, Sharing"),
    "sign_ins": ("The sign-in log", "Entra admin center, Sign-in logs, filtered by the address"),
}
_INVITERS: Final[Mapping[str, str]] = {
    "none": "Nobody.",
    "adminsAndGuestInviters": "Admins, and people with the Entra role Guest Inviter.",
    "adminsGuestInvitersAndAllMembers": "All members.",
    "everyone": "Everybody, guests too.",
}
_IDENTITIES: Final[Mapping[str, str]] = {
    "personal": "a personal Microsoft account",
    "passcode": "a one-time passcode by mail",
    "social": "an account of Google or Facebook",
}
_DEMANDS: Final[Mapping[ControlKind, str]] = {
    ControlKind.MFA: "MFA",
    ControlKind.STRENGTH: "MFA of a certain strength",
    ControlKind.COMPLIANT_DEVICE: "a compliant device",
    ControlKind.HYBRID_DEVICE: "a hybrid joined device",
    ControlKind.APPROVED_APP: "an approved client app",
    ControlKind.APP_PROTECTION: "an app protection policy",
    ControlKind.PASSWORD_CHANGE: "a password change",
    ControlKind.TERMS_OF_USE: "terms of use",
}
SUITES: Final[Mapping[str, str]] = {"office365": "Office 365", "microsoftadminportals": "Microsoft admin portals"}
_MAX_NAMED: Final = 3
"""Applications of a policy that are named. More are counted."""
HIDDEN_POLICY: Final = "a policy (admins see its name)"
_QUOTES: Final = str.maketrans(dict.fromkeys('"“”„‟«»＂〝〞〟❝❞', "'"))


def _unreadable(values: Values) -> str:
    what, where = _WHERE[values["what"]]
    why = UNREAD_REASON_WORDS[UnreadableReason(values["why"])]
    return f"{what} could not be read ({why}). {_again(values['why'])}Look in {where}."


def _again(reason: str) -> str:
    """Return that a later question may be answered, where Entra said that it was asked too often."""
    return "Ask again in a minute. " if reason == UnreadableReason.THROTTLED else ""


def _rule(rule: Mapping[str, Any]) -> str:
    values = rule.get("values") or {}
    suites = [SUITES.get(suite.lower(), suite) for suite in values.get("suites") or ["a suite"]]
    words = {"list": values.get("list", ""), "suites": and_list(suites)}
    return _RULES[AccessRule(rule["code"])].format_map(words)


def _rules(values: Values) -> str:
    return and_list([_rule(rule) for rule in values["rules"]])


def _allowed(values: Values) -> str:
    origin = ORIGINS[Origin(values["origin"])]
    codes = {rule["values"].get("list"): AccessRule(rule["code"]) for rule in values["rules"] if rule.get("values")}
    people, applications = _PEOPLE.get(codes.get("people")), _APPLICATIONS.get(codes.get("applications"))
    if people is None or applications is None:
        return f"Allowed by {origin}: {_rules(values)}."
    return f"{people} may use {values.get('application') or applications} ({origin})."


def _blocked(subject: str) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        rule = _rule({"code": values["rule"], "values": {"list": values["list"]}})
        return f"Our settings do not let in {subject}: {rule} ({ORIGINS[Origin(values['origin'])]})."

    return words


def _policies(values: Values) -> str:
    return and_list([f"“{name}”" for name in values["policies"]] or [HIDDEN_POLICY])


def _policy_for_applications(values: Values) -> str:
    return f"{_policies(values)} {'are' if len(values['policies']) > 1 else 'is'}{_only_for(values)}."


def _only_for(values: Values) -> str:
    """Return for which single applications a policy is; empty where it is for all."""
    if "applications" not in values:
        return ""
    names = [SUITES.get(name, name) for name in values["applications"]]
    if not names:
        return " for some applications only"
    are_many = len(names) > _MAX_NAMED or any(map(is_guid, names))
    return f" for {counted(len(names), 'application') if are_many else and_list(names)} only"


def _locked_out(values: Values) -> str:
    basis = " This is an estimate: Entra did not answer." if values["is_estimate"] else ""
    if values["blocks"] or not values["demands"]:
        return f"Conditional Access blocks this sign-in: {_policies(values)}.{basis}"
    asked = and_list(list(dict.fromkeys(map(_demand, values["demands"]))))
    why = (
        "They cannot give it here. Theirs would count if we trusted it."
        if values["accept"]
        else "People from outside cannot give it."
    )
    return f"Conditional Access asks for {asked}, by {_policies(values)}. {why}{basis}"


def _demand(demand: Mapping[str, str]) -> str:
    if demand["control"] == ControlKind.STRENGTH and demand["name"]:
        return f"“{demand['name']}”"
    return _DEMANDS.get(ControlKind(demand["control"]), "a control that Gatehouse does not know")


def _codes(values: Values) -> str:
    return and_list([code_name(code) for code in values["codes"]] or ["without a code"])


def _sign_in_error(values: Values) -> str:
    number = values["code"]
    people = "" if values["people"] == 1 else f" {counted(values['people'], 'person', 'people')} have it."
    correlation = f" Correlation ID: {values['correlation']}." if values.get("correlation") else ""
    failed = f"Sign-in{_to(values)} failed{_on(values)} with {code_name(number)}."
    return f"{failed} {CODE_WORDS[number].meaning}{people}{correlation}"


def _to(values: Values) -> str:
    return f" to {values['application']}" if values.get("application") else ""


def _on(values: Values) -> str:
    return f" on {minute(values['at'])}" if values["at"] else ""


def _failed_earlier(values: Values) -> str:
    refusal = f"A sign-in{_to(values)} failed{_on(values)} with {code_name(values['code'])}."
    if values.get("since"):
        return f"{refusal} Our settings are newer: {minute(values['since'])}."
    gone = GONE[values["code"]]
    return f"{refusal} {gone[0].upper()}{gone[1:]}: that passes now."


def try_again_words(values: Values) -> str:
    """Return why a person who was refused is to try again. Values: as of `Note.FAILED_EARLIER`."""
    if values.get("since"):
        return f"Ask them to try again: the refusal is older than our settings of {minute(values['since'])}."
    return f"Ask them to try again: {GONE[values['code']]}, and that passes now."


def _refused_for(values: Values) -> str:
    to = values["application"] or "an application"
    return (
        f"Refused for {to}{_on(values)} with {code_name(values['code'])}. Whether that still stops them is not known."
    )


def _account_disabled(values: Values) -> str:
    on = f" on {day(values['at'])}" if values.get("at") else ""
    if "request" in values:
        return f"The account is disabled here, by {values['request']}{on}."
    if "by" in values:
        by = f"by {values['by']}" if values["by"] else "by somebody whom this answer does not name"
        return f"The account is disabled here, {by}{on}."
    if values.get("unread"):
        why = UNREAD_REASON_WORDS[UnreadableReason(values["unread"])]
        return f"The account is disabled here. By whom could not be read ({why}). {_again(values['unread'])}".strip()
    return "The account is disabled here. Entra's audit log does not say by whom: it is only some weeks long."


def _inviters(values: Values) -> str:
    return _INVITERS.get(values["who"], "The setting has a value that Gatehouse does not know.")


def some_applications(values: Values) -> str:
    """Return which applications are allowed, where not all are."""
    named = and_list(values["names"]) or counted(values["count"], "application")
    if values["is_allow_list"]:
        return f"Allowed: only {named}."
    return f"Allowed: every application but {named}."


def _unknown_application(values: Values) -> str:
    meant = f" Did you mean {or_list(values['similar'])}?" if values["similar"] else ""
    return f"No application of this name: “{values['application']}”.{meant}"


NOTES: Final[Mapping[Note, Sentence]] = {
    Note.UNREADABLE: _unreadable,
    Note.ORGANIZATION: lambda values: (
        f"{values['domain'] or values['tenant_id']}, “{values['name']}” (not verified), in this cloud."
    ),
    Note.OTHER_CLOUD: "This cloud does not know the tenant. Other clouds are enabled here, so it may be in one.",
    Note.NO_ORGANIZATION: "The domain has no Entra tenant. They come with a one-time passcode or an unmanaged account.",
    Note.MAYBE_OTHER_CLOUD: "This cloud knows no tenant of the domain. It may be in another: ask for the tenant ID.",
    Note.DOMAIN_MEANT: "This cloud knows no tenant of the domain.",
    Note.PERSONAL_ACCOUNT: "This is a personal account, not an organization's.",
    Note.DOES_NOT_APPLY: "Settings between tenants do not concern an account without a tenant.",
    Note.TENANT_NOT_KNOWN: "Not checked, because it is not known which tenant it is.",
    Note.ALLOWED: _allowed,
    Note.NOT_CERTAIN: lambda values: f"Microsoft does not document what these settings mean: {_rules(values)}.",
    Note.PERSON_MAYBE_LISTED: "The settings name people or groups of the partner. Only the partner can say whether "
    "this person is among them.",
    Note.ANY_APPLICATION: "No application was named.",
    Note.SOME_APPLICATIONS: some_applications,
    Note.UNKNOWN_APPLICATION: _unknown_application,
    Note.SEVERAL_APPLICATIONS: lambda values: f"Several applications match: {and_list(values['names'])}. Name one.",
    Note.CHANNELS_ONLY: "Guests are blocked. Shared channels in Teams are open.",
    Note.NOTHING_RECORDED: "Nobody has confirmed it here.",
    Note.SETUP_CONFIRMED: lambda values: (
        f"{values['by']} confirmed on {day(values['at'])} that they let their people out to us."
    ),
    Note.SETUP_OPEN: lambda values: (
        f"Confirmed here: {values['confirmed']} of {counted(values['needed'], 'step')}."
        " Gatehouse cannot see their tenant."
    ),
    Note.NO_PERSON: "Name one address to check the invitation and the account.",
    Note.DIRECT_CONNECT_ONLY: "There is no account. Shared channels need none; everything else needs an invitation.",
    Note.ACCOUNT_READY: lambda values: (
        f"One enabled {'member' if values['is_member'] else 'guest'} account: “{values['name']}”."
    ),
    Note.OTHER_IDENTITY: lambda values: f"It signs in with {_IDENTITIES[values['identity']]}.",
    Note.INVITERS: _inviters,
    Note.DOMAIN_LISTS: "Which domains may be invited: look in Entra admin center, External collaboration settings.",
    Note.NO_POLICY: "No policy stops or asks this person.",
    Note.POLICY_FOR_APPLICATIONS: _policy_for_applications,
    Note.POLICY_MAY_APPLY: lambda values: f"It depends on conditions of {_policies(values)}.",
    Note.ESTIMATE: "A part is an estimate from the policies: Entra did not evaluate every sign-in.",
    Note.MFA_HERE: lambda values: (
        f"{_policies(values)} asks for MFA here{_only_for(values)}. Theirs does not count, so they do it twice."
    ),
    Note.MFA_THERE: lambda values: (
        f"MFA is required{_only_for(values)}, and theirs is accepted: they do it once, at home."
    ),
    Note.STRENGTH_THERE: lambda values: (
        f"{_policies(values)} asks for a certain strength of MFA: only the partner knows whether they have it."
    ),
    Note.MFA_REGISTRATION: "The MFA registration policy can ask too: look in ID Protection.",
    Note.SHARING_ALLOWED: "SharePoint allows guests of this domain.",
    Note.SHARING_NOT_LISTED: "Our settings do not let them in to SharePoint or OneDrive.",
    Note.OTHER_APPLICATION: "This application is neither.",
    Note.SHARING_UNKNOWN: "SharePoint has a sharing value that Gatehouse does not know: {value}.",
    Note.TEAMS: "For Teams, look in Teams admin center, Guest access.",
    Note.NO_SIGN_INS: "None in our log. Their tenant has its own.",
    Note.SIGNED_IN: lambda values: f"The last sign-in{_to(values)} succeeded: {minute(values['at'])}.",
    Note.FAILED_EARLIER: _failed_earlier,
    Note.REFUSED_FOR: _refused_for,
    Note.UNEXPLAINED: lambda values: (
        f"The last sign-ins failed: {_codes(values)}. Look it up at login.microsoftonline.com/error."
    ),
    Note.INTERRUPTED: lambda values: f"They were asked for MFA and did not finish: {_codes(values)}.",
    Note.OTHER_SIGN_INS: "The log has only sign-ins to other applications. They say nothing about this one.",
    Note.INCOMPLETE_LOG: "Only the newest sign-ins were read.",
}
CAUSES: Final[Mapping[Cause, Sentence]] = {
    Cause.CLOUD_OFF: "This cloud does not know the tenant ID, and no other Microsoft cloud is enabled here.",
    Cause.NOT_ADDED: "A tenant of another Microsoft cloud is blocked until it is added here.",
    Cause.BLOCKED: _blocked("people of this partner"),
    Cause.APPLICATION_BLOCKED: _blocked("anybody to this application"),
    Cause.CLOSED: "Gatehouse blocked this partner: it is {state}.",
    Cause.APPLICATION_NOT_OURS: "This tenant has no application with the ID {application}. It may be theirs.",
    Cause.NO_ACCOUNT: "There is no account of this address here. Settings alone create none.",
    Cause.INTERNAL_ACCOUNT: "An internal account has this address. Their own organization's account cannot use it.",
    Cause.ACCOUNT_DISABLED: _account_disabled,
    Cause.SEVERAL_ACCOUNTS: "{count} accounts have this address, so they may sign in with the wrong one.",
    Cause.INVITATION_PENDING: lambda values: (
        f"The invitation waits since {day(values['since'])}: it was not accepted yet."
        if values.get("since")
        else "The invitation was not accepted yet."
    ),
    Cause.OTHER_IDENTITY: lambda values: (
        f"The guest account signs in with {_IDENTITIES[values['identity']]}. Their work account cannot use it."
    ),
    Cause.INVITATIONS_OFF: "Nobody may invite guests, and there is no account yet.",
    Cause.LOCKED_OUT: _locked_out,
    Cause.SHARING_OFF: "SharePoint and OneDrive do not share with anybody outside.",
    Cause.SHARING_DOMAIN: "SharePoint and OneDrive do not share with this domain.",
    Cause.SHARING_EXISTING_ONLY: "SharePoint and OneDrive share only with guests who have an account already.",
    Cause.SIGN_IN_ERROR: _sign_in_error,
}


def note_words(note: Fact) -> str:
    """Return the sentence for a thing that was found, on one line."""
    return fill_in(NOTES[Note(note.code)], _in_one_line(note.values))


def cause_words(cause: Fact) -> str:
    """Return the sentence for a cause, on one line."""
    return fill_in(CAUSES[Cause(cause.code)], _in_one_line(cause.values))


def _in_one_line(value: Any) -> Any:
    """Return values whose texts have no line breaks and no quotation marks.

    NB. partners choose the name of their tenant. It must not end its own quotation, or begin a line of the diagnosis.
    """
    if isinstance(value, str):
        return " ".join(value.split()).translate(_QUOTES)
    if isinstance(value, Mapping):
        return {name: _in_one_line(each) for name, each in value.items()}
    return [_in_one_line(each) for each in value] if isinstance(value, list | tuple) else value
