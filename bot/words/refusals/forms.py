"""Sentences for the fields of the forms and of a request file."""

from typing import Final

from bot.words.actions import COMMANDS, Action
from bot.words.findings.open_request import open_request_words
from bot.words.plans.risk import risk_reason_words
from bot.words.sentences import Sentences, counted, day, listed, minute, one_of
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.policy.risk import RiskReason


def _no_such_template(values: Values) -> str:
    if "known" in values:
        return f"There is no template “{values['template']}”. There are: {listed(values['known'])}."
    return f"There is no template “{values['template']}” any more. Choose one from the list."


def _not_in_a_file(values: Values) -> str:
    if values["kind"] == "revoke":
        return (
            f"A revocation is not asked for in a file: use {COMMANDS[Action.REVOKE]} with the partner's domain in the "
            "chat. It needs no chain, and blocks explicitly."
        )
    return (
        f"A restoration is not asked for in a file: use {COMMANDS[Action.RESTORE]} with the partner's domain in the "
        "chat. It starts from a change that was applied."
    )


def _justification_missing(values: Values) -> str:
    if values["is_restore"]:
        return "Say why this has to be put back: the approvers decide on it."
    return "Say why this partner needs access: the approvers decide on it."


def _duration_not_offered(values: Values) -> str:
    days = listed(values["days"])
    if values["template"] is None:
        return f"The chain that decides on this approves {days} days. Choose one of these."
    return f"“{values['template']}” can last {days} days. Choose one of these."


def _weakness(weak: Values) -> str:
    approvers = counted(weak["needs_people"], "approver", "approvers")
    stages = counted(weak["needs_stages"], "stage", "stages")
    return (
        f"the risk is {weak['level']} and needs {approvers} in at least {stages}; "
        f"the chain has {weak['people']} in {weak['stages']}"
    )


def _chain_too_weak(values: Values) -> str:
    where = "For a partner of another cloud, and over" if values["is_cross_cloud"] else "Over"
    weak, why = _weakness(values["weakness"]), " ".join(risk_reason_words(RiskReason(one)) for one in values["reasons"])
    return f"{where} what stands for this partner now, {weak}. Choose another template. {why}"


def _restore_chain_too_weak(values: Values) -> str:
    return (
        f"Even the strongest chain, that of “{values['template']}”, is too weak to put this back: "
        f"{_weakness(values['weakness'])}. Ask for what is needed now with {COMMANDS[Action.REQUEST]}."
    )


def _stage_without_people(values: Values) -> str:
    return (
        f"The stage “{values['stage']}” needs {counted(values['needed'], 'person', 'people')} beside the requester and "
        f"the sponsor; the role “{values['role']}” has {values['left']} left. Ask an admin to add people to it, or "
        "somebody else to file this."
    )


def _template_asks_more(values: Values) -> str:
    labels = listed([f"“{label}”" for label in values["labels"]])
    return (
        f"“{values['template']}” also asks for {labels}. Choose the template in the list, so that the form "
        "shows these fields, and fill them in."
    )


def _access_not_extended(values: Values) -> str:
    stands = f"This tenant is already a partner with the settings of “{values['template']}”"
    if "ends_at" not in values:
        why = "it is revoked" if values["is_revoked"] else "Gatehouse did not open it, so it has no end to extend"
        return f"{stands}, and {why}. This request would change nothing. To change something, choose another template."
    days = values["days"]
    until = f"{stands} until {day(values['ends_at'])}, so {days} days from today would change nothing."
    later = f"{days} days can be asked for from {minute(values['asked_from'])}"
    if values["days_now"]:
        choices = one_of([f"{choice} days" for choice in values["days_now"]])
        return f"{until} To extend it now, choose {choices}. {later}."
    return f"{until} No duration of this template extends it yet. {later}."


def _already_restored(values: Values) -> str:
    sentence = "This partner already stands as it did before that change. Choose another one."
    return f"{sentence} There is nothing to put back." if values.get("is_form") else sentence


FORMS: Final[Sentences] = {
    R.OPEN_REQUEST: open_request_words,
    R.NO_SUCH_TEMPLATE: _no_such_template,
    R.NOT_IN_A_FILE: _not_in_a_file,
    R.JUSTIFICATION_MISSING: _justification_missing,
    R.JUSTIFICATION_TOO_LONG: "Shorten this to {limit} characters.",
    R.DURATION_NOT_OFFERED: _duration_not_offered,
    R.DURATION_TOO_LONG: "The chain of “{template}” decides on this, and approves {days} days at most. "
    "Choose a shorter time.",
    R.END_DATE_PASSED: "This day has passed, or it is today. Choose a later day.",
    R.END_DATE_TOO_LATE: lambda values: (
        f"“{values['template']}” can last until {values['latest']} at most. Choose an earlier day."
    ),
    R.END_DATE_WRONG: "“{template}” takes no such end date. Choose a duration.",
    R.TICKET_MISSING: lambda values: f"Type the ticket that this belongs to. {values['hint']}".rstrip(),
    R.TICKET_WRONG: lambda values: (
        f"This is no ticket of the expected form. Check the number. {values['hint']}".rstrip()
    ),
    R.CHAIN_TOO_WEAK: _chain_too_weak,
    R.STAGE_WITHOUT_PEOPLE: _stage_without_people,
    R.TEMPLATE_ASKS_MORE: _template_asks_more,
    R.CHANGE_NOT_CHOSEN: "Choose one of the changes in the list.",
    R.CHANGE_UNKNOWN: "Gatehouse has no change {request} of this partner to put back. "
    "Choose one of the changes in the list.",
    R.CHANGE_OF_OTHER_CLOUD: "This partner is in another Microsoft cloud, where a tenant without settings of its own "
    "is blocked, and one whose settings all inherit is not. So what stood before the first change cannot be put back; "
    "revoke the partner instead.",
    R.RESTORE_CHAIN_TOO_WEAK: _restore_chain_too_weak,
    R.ALREADY_A_PARTNER: "This tenant is already a partner with the settings of “{template}”. Choose another one.",
    R.ACCESS_NOT_EXTENDED: _access_not_extended,
    R.ALREADY_RESTORED: _already_restored,
}
