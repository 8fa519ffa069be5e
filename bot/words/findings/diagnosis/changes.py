"""How a cause is removed, in words: the command or the place, what it costs, and what a template would end."""

from collections.abc import Mapping
from typing import Any, Final

from bot.words.findings.diagnosis.notes import SUITES, try_again_words
from bot.words.findings.open_request import OPEN_STATES
from bot.words.plans.risk import LEVELS
from bot.words.sentences import and_list, counted
from workflows.core.checks.conditional_access.controls import Remedy
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.errors.facts import Fact, Values
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.diagnosing import change_for
from workflows.core.posture.diagnosis.steps import Action, Cause, Diagnosis, Note
from workflows.core.requests.notes import state_to_display
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import is_guid

ACTIONS: Final[Mapping[Action, str]] = {
    Action.REQUEST_ACCESS: "/partner request {domain}",
    Action.LIFT: "/partner lift {domain}",
    Action.RESTORE: "/partner restore {domain}",
    Action.SEND_CHECKLIST: "Send them the steps: /partner checklist {domain}",
    Action.TRUST_MFA: "/partner request {domain}, with a template that accepts their MFA",
    Action.ENABLE_CLOUD: "Entra admin center, Cross-tenant access settings, Microsoft cloud settings",
    Action.ENABLE_THEIR_CLOUD: "/partner checklist {domain}, then Microsoft cloud settings in both tenants",
    Action.CHECK_APPLICATION: "Entra admin center, Enterprise applications; for theirs ask the partner",
    Action.ASSIGN_APPLICATION: "Entra admin center, Enterprise applications, Users and groups",
    Action.GRANT_CONSENT: "Entra admin center, Enterprise applications, Permissions",
    Action.INVITE: "Entra admin center, Users, Invite external user",
    Action.ENABLE_ACCOUNT: "Ask first why it was disabled. Then Entra admin center, Users, Account enabled",
    Action.ENABLE_WITH_APPROVAL: (
        "Ask first why it was disabled. Then /partner guests {domain}, Enable accounts: you confirm a preview, then "
        "the approvers decide. "
        "Or Entra admin center, Users, Account enabled"
    ),
    Action.ENABLE_BY_REQUEST: (
        "Ask first why it was disabled. Then /partner guests {domain}, Enable accounts: you confirm a preview, then "
        "the approvers decide. "
        "For 24 hours the admin who asked can undo it"
    ),
    Action.ACCEPT_INVITATION: "Open the invitation; to send it again: Entra admin center, Users, Resend invitation",
    Action.CORRECT_ACCOUNT: "Entra admin center, Users, the address; all guests: /partner guests {domain}",
    Action.RESET_REDEMPTION: "Entra admin center, Users, the account, Overview, Reset redemption status",
    Action.ALLOW_INVITATIONS: "Entra admin center, External collaboration settings",
    Action.CHANGE_POLICY: (
        "Ask the owner of the policy whether it may exclude them: Entra admin center, Conditional Access. It then does "
        "not protect from them"
    ),
    Action.ADD_APPLICATION: "A template that opens it and keeps what is allowed now: an admin makes one",
    Action.ACCEPT_CLAIMS: (
        "Entra admin center, Conditional Access; or /partner request {domain}, with a template that trusts devices"
    ),
    Action.CHANGE_SHARING: "SharePoint admin center, Policies, Sharing",
    Action.COMPLETE_MFA: "Finish MFA; theirs is accepted with a template that trusts it",
}
"""The command or the place for each action. `how_words` words two of them, which depend on the templates."""
_FIND_POLICY: Final = "Entra admin center, Sign-in logs: the event names the policy. Ask its owner before any change"
"""For a refusal by a policy: had its step been judged, that would be the cause, or the refusal of the past."""
_STRONG_MFA: Final = "MFA of the strength that the policy asks for"
_KEEP: Final = "That template ends the applications that it leaves out"
_KEEP_ALL: Final = "All applications are allowed now: that template ends those that it leaves out"
_TRUSTED: Final[Mapping[str, str]] = {
    Remedy.ACCEPT_MFA: "MFA",
    Remedy.ACCEPT_COMPLIANT_DEVICES: "compliant devices",
    Remedy.ACCEPT_HYBRID_DEVICES: "hybrid joined devices",
}
_DEMANDED: Final[Mapping[str, str]] = {
    ControlKind.MFA: "MFA",
    ControlKind.COMPLIANT_DEVICE: "compliant devices",
    ControlKind.HYBRID_DEVICE: "hybrid joined devices",
}


def how_words(diagnosis: Diagnosis, cause: Fact) -> str:
    """Return how a cause is removed."""
    if cause.code == Cause.LOCKED_OUT and cause.values["accept"]:
        return _trust_words(diagnosis, cause.values)
    if cause.code == Cause.APPLICATION_BLOCKED and "templates" in cause.values:
        return _application_words(diagnosis, cause.values)
    action = change_for(cause).action
    if action is Action.REQUEST_ACCESS and cause.values.get("templates"):
        return f"/partner request {diagnosis.domain}, with {_templates(cause.values['templates'])}"
    if cause.code == Cause.ACCOUNT_DISABLED and diagnosis.enabling:
        return f"Ask first why it was disabled. {_open_enabling(diagnosis.enabling[0])}"
    if cause.code == Cause.SIGN_IN_ERROR and action in (Action.CHANGE_POLICY, Action.ACCEPT_CLAIMS):
        return strength_question(diagnosis) or _FIND_POLICY
    return ACTIONS[action].format(domain=diagnosis.domain)


def strength_question(diagnosis: Diagnosis) -> str:
    """Return what only the partner knows about MFA at home; empty where that is not the open question."""
    if diagnosis.strength is None:
        return ""
    named = and_list([f"“{name}”" for name in diagnosis.strength.values["strengths"]])
    return f"Ask the partner's administrator: do their people have {named or _STRONG_MFA} at home?"


def listed_question(diagnosis: Diagnosis) -> str:
    """Return what only the partner knows about people and groups that our settings name; empty where they name none."""
    if all(note.code != Note.PERSON_MAYBE_LISTED for step in diagnosis.steps for note in step.notes):
        return ""
    return (
        "Ask the partner's administrator whether our settings name this person: "
        f"/partner show {diagnosis.domain} lists the people and groups"
    )


def try_again(diagnosis: Diagnosis) -> str:
    """Return that a refusal is of the past, so that the person is to try again; empty without such a refusal."""
    known = diagnosis.last_sign_in
    return "" if known is None or known.code != Note.FAILED_EARLIER else try_again_words(known.values)


def _trust_words(diagnosis: Diagnosis, values: Values) -> str:
    """Return the two ways out of a policy that asks for what only their tenant can confirm, each with its price."""
    accepted = and_list([_TRUSTED[one] for one in values["accept"]])
    opens = f" and opens {diagnosis.application}" if diagnosis.application else ""
    way = (
        f"/partner request {diagnosis.domain}, with {_templates(values['templates'])}"
        if values["templates"]
        else f"no template here does it{opens}. An admin makes one. {_KEEP_ALL if values['allows_all'] else _KEEP}"
    )
    trust = f"Trust their {accepted}, for all people of {diagnosis.domain}: {way}."
    asked = f"Ask the partner first: do their people have {_demanded(values)}?"
    return f"{asked} {trust} Or exclude them in Entra admin center: the policy then does not protect from them"


def _demanded(values: Values) -> str:
    """Return what their tenant must be able to confirm: only the partner knows whether it can."""
    strengths = [one["name"] for one in values["demands"] if one["control"] == ControlKind.STRENGTH]
    named = [f"“{name}”" if name else _STRONG_MFA for name in strengths]
    others = [_DEMANDED[one["control"]] for one in values["demands"] if one["control"] in _DEMANDED]
    return and_list(list(dict.fromkeys((*named, *others))) or [_TRUSTED[one] for one in values["accept"]])


def _application_words(diagnosis: Diagnosis, values: Values) -> str:
    if values["templates"]:
        command = f"/partner request {diagnosis.domain}, for {diagnosis.application}"
        return f"{command}, with {_templates(values['templates'])}"
    none = f"No template here adds {diagnosis.application} and keeps what is allowed now. An admin makes one."
    nearest = values["nearest"]
    return (
        none
        if nearest is None
        else f"{none} “{nearest['name']}” ({_risk(nearest)}) would end: {_ended(nearest) or 'nothing'}"
    )


def _templates(offers: list[Mapping[str, Any]]) -> str:
    """Return the first template with its price: it takes nothing away, or no other does better."""
    more = len(offers) - 1
    filled = f" for {and_list(offers[0]['fills'])}" if offers[0]["fills"] else ""
    others = f", or {counted(more, 'other template')}" if more else ""
    return f"“{offers[0]['name']}”{filled}{_price(offers[0])}{others}"


def _price(offer: Mapping[str, Any]) -> str:
    """Return what a template costs: its risk, and what it would end."""
    ended = _ended(offer)
    return f" ({_risk(offer)}; ends {ended})" if ended else f" ({_risk(offer)})"


def _risk(offer: Mapping[str, Any]) -> str:
    return f"{LEVELS[RiskLevel[offer['risk'].upper()]]} risk"


def _ended(offer: Mapping[str, Any]) -> str:
    """Return what a template would end: applications, and what of theirs is accepted now."""
    kept = [SUITES.get(one, one) for one in offer["only"]]
    are_named = all(kept) and not any(map(is_guid, kept))
    stay = and_list(kept) if are_named else counted(len(kept), "application")
    narrowed = f"everything but {stay}" if kept else ""
    applications = [] if kept else offer["ends"]
    if offer["ends_count"] and not applications:
        applications = [counted(offer["ends_count"], "application")]
    trusted = and_list([_TRUSTED[one] for one in offer["ends_trust"]])
    trust = f"trust in their {trusted}" if trusted else ""
    return and_list(list(filter(None, (narrowed, *applications, trust))))


def _open_enabling(request: AccessRequest) -> str:
    state = OPEN_STATES[state_to_display(request)]
    return f"Request {request.id} to enable this account is open: {state}"
