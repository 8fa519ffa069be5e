"""Sentences for the fields of the forms and of a request file."""

from typing import Final

from bot.words.findings.open_request import open_request_words
from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.risk import risk_reason_words
from bot.words.sentences import Sentences, comma_list, counted, day, last_day, minute, or_list
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.policy.risk import RiskReason
from workflows.core.policy.template import MayRequestFor


def _no_such_template(values: Values) -> str:
    if "known" in values:
        return f"There is no template “{values['template']}”. There are: {comma_list(values['known'])}."
    return f"There is no template “{values['template']}” any more. Choose one from the list."


def _not_in_a_file(values: Values) -> str:
    if values["kind"] == "revoke":
        return (
            f"A revocation cannot be requested in a file. Use {COMMANDS[Action.REVOKE]} with the partner's domain in "
            "the chat. It needs no approval, and sets explicit blocks."
        )
    return (
        f"A restore cannot be requested in a file. Use {COMMANDS[Action.RESTORE]} with the partner's domain in the "
        "chat. It starts from a change that was applied."
    )


def _justification_missing(values: Values) -> str:
    if values["is_restore"]:
        return "Write why the previous settings are needed again. The approvers read it."
    return "Write why this partner needs access. The approvers read it."


def _duration_not_offered(values: Values) -> str:
    days = comma_list(values["days"])
    if values["template"] is None:
        return f"The approval policy allows {days} days. Choose one of these."
    return f"“{values['template']}” can last {days} days. Choose one of these."


def _weakness(weakness: Values) -> str:
    approvers = counted(weakness["needs_people"], "approver", "approvers")
    stages = counted(weakness["needs_stages"], "stage", "stages")
    return (
        f"the risk is {weakness['level']} and needs {approvers} in at least {stages}, but the approval policy has "
        f"{weakness['people']} in {weakness['stages']}"
    )


def _approval_policy_too_weak(values: Values) -> str:
    where = "For a partner of another cloud, and for" if values["is_cross_cloud"] else "For"
    weak, why = (
        _weakness(values["weakness"]),
        " ".join(risk_reason_words(RiskReason(value)) for value in values["reasons"]),
    )
    return f"{where} all settings after the change, {weak}. Choose another template. {why}"


def _restore_approval_policy_too_weak(values: Values) -> str:
    return (
        "The previous settings cannot be restored, because no approval policy is strong enough. The strongest is that "
        f"of “{values['template']}”: {_weakness(values['weakness'])}. Request the access that is needed now with "
        f"{COMMANDS[Action.REQUEST]}."
    )


def _stage_without_people(values: Values) -> str:
    needs = (
        f"The stage “{values['stage']}” needs {counted(values['needed'], 'person', 'people')} besides the requester "
        "and the sponsor."
    )
    left = counted(values["left"], "person", "people") if values["left"] else "nobody"
    verb = "are" if values["left"] > 1 else "is"
    if values.get("is_for_lack_of_the_named"):
        return (
            f"{needs} The person in “For” has the role “{values['role']}” too, but cannot approve this request. "
            f"So {left} with this role {verb} left. Choose another person in “For”, or ask an admin to add people."
        )
    if values.get("is_for_lack_of_row_sponsors"):
        return (
            f"{needs} Sponsors of rows have the role “{values['role']}” too, but a sponsor cannot approve. So {left} "
            f"with this role {verb} left. Name another sponsor for their rows in the sheet, or ask an admin to add "
            "people."
        )
    if not values.get("is_for_lack_of_the_sponsor"):
        return (
            f"{needs} Of the role “{values['role']}”, {left} {verb} left. Ask an admin to add people, or ask somebody "
            "else to send the request."
        )
    others = " “Who decides” in the form lists the other approvers." if values["left"] else ""
    return (
        f"{needs} The sponsor has the role “{values['role']}” too, but a sponsor cannot approve, so {left} "
        f"with this role {verb} left. Choose another sponsor.{others} Ask an admin to add people if nobody else can be "
        "the sponsor."
    )


def _template_needs_more_fields(values: Values) -> str:
    labels = comma_list([f"“{label}”" for label in values["labels"]])
    return f"“{values['template']}” also needs {labels}. Choose the template in the list, and fill in these fields."


def _access_not_extended(values: Values) -> str:
    current = f"This tenant is already a partner with the settings of “{values['template']}”"
    if "ends_at" not in values:
        why = (
            f"it is {values.get('closed', 'revoked')}"
            if values["is_revoked"]
            else ("Gatehouse did not open it, so there is no end date to extend")
        )
        return f"{current}, and {why}. This request would change nothing. Choose another template to change something."
    days = values["days"]
    current_end = f"{current} until {day(values['ends_at'])}, so {days} days from today would change nothing."
    later = f"You can request {days} days from {minute(values['asked_from'])} on"
    if values["days_now"]:
        choices = or_list([f"{choice} days" for choice in values["days_now"]])
        return f"{current_end} To extend it now, choose {choices}. {later}."
    return f"{current_end} No duration of this template extends the access yet. {later}."


def _already_restored(values: Values) -> str:
    sentence = "This partner already has the settings from before that change. Choose another change."
    return f"{sentence} There is nothing to restore." if values.get("is_form") else sentence


_MAY_FOR: Final = {
    MayRequestFor.NOBODY: "can be requested only for yourself",
    MayRequestFor.REPORTS: "can be requested for yourself, and for people whose manager in Entra you are",
}


def _may_not_request(values: Values) -> str:
    roles = or_list([f"“{role}”" for role in values["roles"]])
    return (
        f"Only people with the role {roles} may request “{values['template']}”. Choose another template, or ask one "
        "of them to send the request. An admin can add you to the role."
    )


def _may_not_restore_or_adopt(values: Values) -> str:
    roles = or_list([f"“{role}”" for role in values["roles"]])
    return (
        f"The approval policy of “{values['template']}” decides on these settings, and only people with the role "
        f"{roles} may request that template. Ask one of them or an admin to send this, or ask an admin for the role."
    )


def _may_not_request_for(values: Values) -> str:
    return (
        f"“{values['template']}” {_MAY_FOR[MayRequestFor(values['may_for'])]}. Choose yourself, or ask that person to "
        "send the request."
    )


def _person_named_refused(values: Values) -> str:
    if values["is_submitter"]:
        return (
            "Who sent this request for somebody else is not an active full member with one Entra account any more. "
            "Send it again."
        )
    return (
        "A request can be sent only for an active full member of this workspace with one enabled Entra account. Choose "
        "somebody else, or ask an admin to correct the account."
    )


FORMS: Final[Sentences] = {
    R.FORM_HAS_PROBLEMS: "The form was sent back. Fields with a problem: {fields}.",
    R.MAY_NOT_REQUEST: _may_not_request,
    R.MAY_NOT_RESTORE_OR_ADOPT: _may_not_restore_or_adopt,
    R.MAY_NOT_REQUEST_FOR: _may_not_request_for,
    R.PERSON_NAMED_REFUSED: _person_named_refused,
    R.OPEN_REQUEST: open_request_words,
    R.NO_SUCH_TEMPLATE: _no_such_template,
    R.NOT_IN_A_FILE: _not_in_a_file,
    R.JUSTIFICATION_MISSING: _justification_missing,
    R.JUSTIFICATION_TOO_LONG: "Shorten this to {limit} characters.",
    R.DURATION_NOT_OFFERED: _duration_not_offered,
    R.DURATION_TOO_LONG: "The approval policy of “{template}” allows {days} days at most. Choose a shorter time.",
    R.END_DATE_PASSED: "This day has passed, or it is today. Choose a later day.",
    R.END_DATE_TOO_LATE: lambda values: (
        f"“{values['template']}” can last until {day(values['latest'])} at most. Choose an earlier day."
    ),
    R.END_DATE_WRONG: "“{template}” does not accept this end date. Choose a duration.",
    R.START_DATE_PASSED: lambda values: (
        f"This day has passed: it is {day(values['today'])} (UTC). Choose a later day, or none to start when approved."
    ),
    R.START_DATE_TOO_LATE: lambda values: (
        f"An access can start on {day(values['latest'])} at the latest. Choose an earlier day, or ask later."
    ),
    R.START_DATE_NO_DAY: "This is no day. Choose one, or none to start when approved.",
    R.START_DATE_WRONG: "“{template}” only closes a partner, as soon as it is approved. Choose no start.",
    R.START_AFTER_END: lambda values: (
        f"The access would end before it starts: its last day is {day(values['last'])}. Choose an earlier start."
    ),
    R.START_AFTER_BLOCK: lambda values: (
        f"The present access ends before, on {last_day(values['ends_at'])} (UTC), and is blocked then. Choose an "
        "earlier start, or ask again after that day."
    ),
    R.TICKET_MISSING: lambda values: f"Type the ticket that this belongs to. {values['hint']}".rstrip(),
    R.TICKET_WRONG: lambda values: (
        f"This ticket does not have the expected format. Check the number. {values['hint']}".rstrip()
    ),
    R.APPROVAL_POLICY_TOO_WEAK: _approval_policy_too_weak,
    R.STAGE_WITHOUT_PEOPLE: _stage_without_people,
    R.TEMPLATE_NEEDS_MORE_FIELDS: _template_needs_more_fields,
    R.CHANGE_NOT_CHOSEN: "Choose one of the changes in the list.",
    R.CHANGE_UNKNOWN: "Gatehouse cannot restore the settings from before {request}, because it is no change of this "
    "partner. Choose one of the changes in the list.",
    R.OTHER_CLOUD_NOT_RESTORABLE: "The settings from before the first change cannot be restored for a partner in "
    "another Microsoft cloud. Revoke the partner instead.",
    R.RESTORE_APPROVAL_POLICY_TOO_WEAK: _restore_approval_policy_too_weak,
    R.ALREADY_A_PARTNER: "This tenant is already a partner with the settings of “{template}”. Choose another one.",
    R.ACCESS_NOT_EXTENDED: _access_not_extended,
    R.ALREADY_RESTORED: _already_restored,
}
