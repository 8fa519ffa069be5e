"""Why an absence or a reassignment is refused, and how to correct it."""

from collections.abc import Mapping
from typing import Final

from bot.words.refusals.named_people.people import ABOUT_THE_SPONSOR
from bot.words.sentences import Sentences, comma_list, counted, minute
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def _without_role(values: Values) -> str:
    if not values["roles"]:
        return (
            f"{values['name']} cannot stand in. The person who is away holds no role, so only their manager can stand "
            "in. Ask an admin to name somebody else."
        )
    roles = comma_list(values["roles"])
    return (
        f"{values['name']} holds none of the roles of the person who is away ({roles}), and could not decide. Choose "
        "somebody who holds one of them."
    )


def _nobody_else(values: Values) -> str:
    roles = comma_list(values["roles"])
    return (
        f"Nobody but {values['name']} holds a role of theirs ({roles}), so nobody can stand in. Ask an admin to add "
        "somebody to the role: its group, or roles.toml. Alternates of the approval policy are asked after its "
        "waiting time, without a delegate."
    )


def _already_away(values: Values) -> str:
    return f"There is an absence until {minute(values['until'])} already. Use End now first."


def _circle(values: Values) -> str:
    return (
        f"{values['by']} is away in the same time, and the delegates would lead back to the person who is away. "
        f"Nobody would stand in. Choose somebody other than {values['name']}, or other days."
    )


def _leaves_too_few(values: Values) -> str:
    needs = counted(values["missing"], "more approval")
    asked = counted(values["asked"], "person", "people")
    return (
        f"“{values['stage']}” needs {needs}. With {values['to']} in place of {values['from']}, only {asked} would be "
        f"asked. Choose somebody who is not asked yet. Or add somebody to the role “{values['role']}” first: its "
        "group, or roles.toml."
    )


DELEGATION: Final[Sentences] = {
    R.REASSIGNER_MAY_NOT_DECIDE: "You chose who is asked to decide on this request, so you cannot decide on it. Ask "
    "another approver.",
    R.ONLY_ADMINS_SET_ABSENCES: "Only admins can set or end the absence of somebody else. Ask one of them. For your "
    "own absence, type /partner away.",
    R.NO_MEMBER_OF_THIS_NAME: "No full member of this workspace is called “{name}”. Check the name, or type "
    "/partner away and choose the person in the window.",
    R.SEVERAL_MEMBERS_OF_THIS_NAME: "{count} members of this workspace are called “{name}”. Type /partner away and "
    "choose the person in the window.",
    R.TOO_MANY_MEMBERS_TO_SEARCH: "This workspace has too many members to search them by name. Type /partner away and "
    "choose the person in the window.",
    R.ABSENCE_DATE_MISSING: "Choose a day.",
    R.ABSENCE_ENDS_BEFORE_START: "The last day is before the first day. Choose a later last day.",
    R.ABSENCE_OVER: "This day has passed. Choose today or a later day.",
    R.ABSENCE_TOO_LONG: "An absence can last {days} days at most. Choose an earlier last day, and set another absence "
    "later.",
    R.ABSENCE_NOTE_TOO_LONG: "The note has {length} characters. It can have {limit}. Shorten it.",
    R.ALREADY_AWAY: _already_away,
    R.ABSENCE_HAS_ENDED: "This absence has ended already. You need to do nothing.",
    R.DELEGATE_IS_SELF: "The person who is away cannot stand in for themselves. Choose somebody else.",
    R.DELEGATE_WITHOUT_ROLE: _without_role,
    R.NO_DELEGATE_HOLDS_ROLE: _nobody_else,
    R.DELEGATES_IN_A_CIRCLE: _circle,
    R.ONLY_ADMINS_REASSIGN: "Only admins can reassign an approval. Ask one of them.",
    R.REASSIGNER_HAS_APPROVED: "You have approved this request, and who reassigns cannot decide. Ask another admin to "
    "reassign it.",
    R.REASSIGNER_TAKES_PART: "You take part in this request, so you cannot choose who decides on it. This counts for "
    "its requester, sponsor, editors and supporters. Ask another admin.",
    R.REASSIGNER_IS_NEEDED: "Who reassigns cannot decide, and without you too few people with the role “{role}” could "
    "decide “{stage}”. Ask an admin who does not have this role.",
    R.REASSIGN_REASON_MISSING: "Give a reason. It is shown with the request.",
    R.REASSIGN_REASON_TOO_LONG: "The reason has {length} characters. It can have {limit}. Shorten it.",
    R.REASSIGNED_TOO_OFTEN: "This request was reassigned {limit} times. Ask its requester to withdraw it and to "
    "request again.",
    R.REASSIGNED_FROM_NOBODY: "{name} is not asked for “{stage}” now. Open the window again to see who is.",
    R.REASSIGNED_TO_SAME: "{name} is asked already. Choose somebody else.",
    R.REASSIGNED_TO_WITHOUT_ROLE: "{name} does not have the role “{role}”, which decides in “{stage}”. Choose somebody "
    "who has it.",
    R.REASSIGNED_TO_EXCLUDED: "{name} may not decide on this request, for example as its requester or sponsor. Choose "
    "somebody else.",
    R.REASSIGNED_LEAVES_TOO_FEW: _leaves_too_few,
    R.REASSIGNED_TO_DECIDED: "{name} has approved this request already. Choose somebody else.",
}


def _about(whom: str) -> Mapping[R, str]:
    """Return the sentences about a person who was named, by whoever named them."""
    texts = {code: text for code, text in ABOUT_THE_SPONSOR.items() if isinstance(text, str)}
    return {R(code): text.replace("sponsor", whom) for code, text in texts.items()}


ABOUT_THE_DELEGATE: Final = _about("delegate")
ABOUT_THE_ABSENT: Final = _about("absent person")
ABOUT_THE_NEW_APPROVER: Final = _about("new approver")


def absence_set_words(values: Values) -> str:
    """Return the message that an absence is set, to the person and to the admin who set it."""
    times = f"from {minute(values['from'])} until {minute(values['until'])}"
    stand_in, delegate = values["stand_in"], values["delegate"]
    by = "" if values["is_own"] else f" Set by {values['by']}."
    if stand_in is None:
        asked = f"{delegate} is away too, and nobody stands in. {values['person']} is still asked."
    elif stand_in != delegate:
        asked = f"{delegate} is away too, so {stand_in} is asked instead."
    else:
        asked = f"{delegate} is asked instead."
    return (
        f"{values['person']} is away {times}. {asked}{by} {values['person']} can still decide. "
        f"{_needed(values)}/partner away shows it and ends it."
    )


def _needed(values: Values) -> str:
    """Return which waiting requests cannot be approved without the person; empty when all can."""
    count, listed = values.get("needed_count", 0), values.get("needed", ())
    if not count:
        return ""
    names = [f"{one.get('partner') or counted(one['partners'], 'partner')} ({one['request']})" for one in listed]
    named = "; ".join([*names, *([f"and {count - len(names)} more"] if count > len(names) else [])])
    cannot = counted(count, "waiting request", "waiting requests")
    return (
        f"But {cannot} cannot be approved without {values['person']}, because too few others can: {named}. "
        f"{values['person']} is still asked there. Otherwise an admin must add somebody to the role: its group, or "
        "roles.toml. "
    )


def stand_in_words(values: Values) -> str:
    """Return the message to a delegate."""
    note = f" Note: {values['note']}" if values["note"] else ""
    return (
        f"You stand in for {values['person']} from {minute(values['from'])} until {minute(values['until'])}. You are "
        "asked to decide in their place, as far as you hold the role and are not excluded. The record names both of "
        f"you.{note}"
    )


def absence_ended_words(values: Values) -> str:
    """Return the message that an absence was ended before its time."""
    return f"{values['by']} ended the absence of {values['person']}. {values['delegate']} does not stand in any more."


def reassigned_words(values: Values) -> str:
    """Return the message to who is asked in place of somebody else."""
    reason = values["reason"] if values["reason"].endswith((".", "!", "?", "…")) else f"{values['reason']}."
    asks = (
        f"{values['partner']}: {values['by']} asks you to decide on the request {values['request']} in place of "
        f"{values['from']}: {reason}"
    )
    return f"{asks} Your Home tab has it under “Waiting for me”."
