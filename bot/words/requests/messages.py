"""The sentences of private messages about a request, a partner, or a click.

It is long because every code of a message has its sentence here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.words.names.partners import notified_name, verified_name, without_ids
from bot.words.partner_setup.state import SHORT_NAMES
from bot.words.refusals.named_people.approvers import manager_problem_words
from bot.words.refusals.named_people.deciders import profile_changed_words
from bot.words.refusals.named_people.delegation import (
    absence_ended_words,
    absence_set_words,
    reassigned_words,
    stand_in_words,
)
from bot.words.refusals.reviews.campaigns import ended_words, started_words
from bot.words.requests.approval_chain import skipped_words
from bot.words.requests.notes import stored_note_words
from bot.words.requests.states import STATE_WORDS
from bot.words.sentences import and_list, counted, day, first_words, minute
from bot.words.settings.capabilities import EXCHANGE_UNCHECKED
from workflows.core.batches.batch import BatchState
from workflows.core.checks.partner_setup.steps import StepKey
from workflows.core.errors.facts import Fact, Values
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.notes import DisplayedState, NoteCode
from workflows.core.requests.request import RequestState

SENTENCES: Final[Mapping[str, str]] = {
    MessageCode.TEXT: "{text}",
    MessageCode.REQUEST_WAITS: "{partner}: your request{id} waits. {note}",
    MessageCode.ASKED_AGAIN: (
        "{partner}: your approved request{id} is not active. {note} Approval is requested again. You can still "
        "withdraw it."
    ),
    MessageCode.YOU_WITHDREW: "{partner}: you withdrew your request{id}. {note}",
    MessageCode.ENDED: "{partner}: your request{id} {ended}. {note}",
    MessageCode.OVERWRITTEN: "{partner}{about}: {note}",
    MessageCode.OPENED: "{partner}: the access of your request{id} is active (verified). {note}",
    MessageCode.ACCOUNTS_CHANGED: "{partner}{about}: {note}",
    MessageCode.ADOPTED: (
        "{partner}{about}: the current settings are adopted (verified). Nothing was changed in the tenant. {note}"
    ),
    MessageCode.PUT_BACK: "{partner}{about}: the settings from before {restores} are restored (verified). {note}",
    MessageCode.APPROVED_AGAIN: (
        "{partner}{about}: the settings that {restores} approved are restored (verified). {note}"
    ),
    MessageCode.LIFTED: (
        "{partner}{about}: the suspension is lifted. What {restores} approved is active again (verified), until the "
        "same end. {note}"
    ),
    MessageCode.CARD_NOT_POSTED: (
        "{partner}: the approval card of your request{id} cannot be posted in the channel. The admins know. Until "
        "then, approvers get the card as a direct message."
    ),
    MessageCode.PROPOSAL_DECLINED: (
        "{partner}{about}: {name} declined your proposal to ask for less. Reason: {reason} The request is unchanged. "
        "You can decide on it, or propose something else."
    ),
    MessageCode.EXPIRES_SOON: (
        "{partner}: your request{id} is not decided yet. It expires on {expires}. Those who can still decide are told. "
        "You can ask them, or edit the request for a new time."
    ),
    MessageCode.BATCH_HALTED: (
        "Batch {batch} stopped by itself: {failed} of the {tried} partners tried could not be applied as approved. "
        "Not written yet: {left}. An admin continues or ends it. Without an answer, it ends on {expires}."
    ),
    MessageCode.BATCH_EXPIRES_SOON: (
        "Batch {batch} is not decided yet. It expires on {expires}. Those who can still decide are told. You can ask "
        "them."
    ),
    MessageCode.DRIFT_FOUND: (
        "A sweep found settings that are not as approved, for {drifted}: {names}. The admins know. "
        "/partner show with a domain shows what differs."
    ),
    MessageCode.HANDOVER_ASKED: (
        "{partner}: {proposed_by} asked {proposed} to be the sponsor. Until {proposed} accepts, the sponsor is "
        "{sponsor}. The question ends on {expires}."
    ),
    MessageCode.HANDOVER_ACCEPTED: "{partner}: {proposed} is the sponsor now, in place of {sponsor}.",
    MessageCode.HANDOVER_DECLINED: (
        "{partner}: {proposed} declined to be the sponsor. The sponsor is still {sponsor}. "
        "/partner sponsor asks somebody else."
    ),
    MessageCode.HANDOVER_WITHDRAWN: (
        "{partner}: {proposed_by} withdrew the question to {proposed}. The sponsor is still {sponsor}. "
        "/partner sponsor asks somebody else."
    ),
    MessageCode.HANDOVER_EXPIRED: (
        "{partner}: {proposed} did not answer in time. The sponsor is still {sponsor}. "
        "/partner sponsor asks somebody else."
    ),
    MessageCode.SUPPORT_RECORDED: (
        "{partner}: you support request {request} of {requester}. You cannot decide on it. You get a message when "
        "it ends."
    ),
    MessageCode.CLICK_WAITS: (
        "Your click is received. Still checking your permission, because an answer from the chat system or Microsoft "
        "Entra is missing. Gatehouse keeps trying and tells you the result. You do not need to click again."
    ),
    MessageCode.CLICK_NOT_CHECKED: (
        "Your click was not processed, because of an error in Gatehouse. It is not tried again automatically. Ask an "
        "admin to run gatehouse doctor."
    ),
    MessageCode.VIEW_NOT_OPENED: (
        "The window did not open in time. Nothing was stored or changed. Click the button again."
    ),
    MessageCode.VIEW_NOT_FILLED: (
        "The window could not be shown. Nothing was stored or changed. Close it and open it again."
    ),
    MessageCode.DECISION_RECEIVED: "Your {choice} is received. The window could not show it.",
}

ENDED: Final[Mapping[str, str]] = {
    RequestState.REJECTED: "is closed",
    RequestState.WITHDRAWN: "was withdrawn",
    RequestState.EXPIRED: "expired",
    RequestState.UNFIT: "could not be carried out",
    RequestState.STOPPED: "was stopped",
    RequestState.OVERWRITTEN: "was sent, then changed by somebody else",
    RequestState.FAILED: "failed",
}
"""How a request ended, after the word “request”."""


def message_words(fact: Fact) -> str:
    """Return the sentences of a message. They may contain text from outside."""
    return _words(fact, verified_name)


def notified_message_words(fact: Fact) -> str:
    """Return the sentences of a message for its notification, which has no ID of Entra."""
    return without_ids(_words(fact, notified_name))


def _words(fact: Fact, name: Callable[[str], str]) -> str:
    worded_values = (
        {**fact.values, "partner": name(fact.values["partner"])} if "partner" in fact.values else fact.values
    )
    make = _FUNCTIONS.get(fact.code)
    if make is not None:
        return make(worded_values)
    return SENTENCES[fact.code].format_map(_with_words(worded_values)).strip()


def missing_groups_words(handles: Sequence[str]) -> str:
    """State in one sentence which user groups are missing; empty when none is."""
    if not handles:
        return ""
    names = ", ".join(f"@{handle}" for handle in handles)
    if len(handles) == 1:
        return f"The user group {names} does not exist or is off."
    return f"The user groups {names} do not exist or are off."


def shortage_words(shortage: Mapping[str, Any]) -> str:
    """State which role has too few people for a stage, or which manager cannot decide it."""
    if "relation" in shortage:
        return f"Nobody can decide the stage “{shortage['stage']}”. {manager_problem_words(shortage['relation'])}"
    has = counted(shortage["people"], "person", "people") if shortage["people"] else "nobody"
    text = (
        f"“{shortage['stage']}” needs {counted(shortage['needed'], 'approval')} from the role “{shortage['role']}”, "
        f"and {has} with this role can give one now. {missing_groups_words(shortage['missing_groups'])}"
    )
    return text.strip()


def _with_words(values: Values) -> dict[str, Any]:
    """Return the values with sentences for the notes among them, and words for the request and its end."""
    worded = {
        name: stored_note_words(value) if name in ("note", "reasons") else value for name, value in values.items()
    }
    request, state = values.get("request", ""), values.get("state", "")
    about, ended = _about(values), ENDED.get(state, "is closed")
    if values.get("part"):
        ended = "is only partly applied (verified)"
    if "partners" in values:
        worded |= {"drifted": counted(values["count"], "partner"), "names": ", ".join(values["partners"])}
    if "expires_at" in values:
        worded |= {"expires": minute(values["expires_at"])}
    return {**worded, "id": f" {request}" if request else "", "about": about, "ended": ended}


def _about(values: Values) -> str:
    """Return the request in brackets; empty for what an earlier version stored."""
    return f" (request {values['request']})" if "request" in values else ""


def _closed(values: Values) -> str:
    partner, note = values["partner"], stored_note_words(values["note"])
    state = "is suspended" if values.get("is_suspended") else "is blocked"
    start = f"{partner} {state}{_about(values)}: " if values["is_all"] else f"{partner}{_about(values)}: "
    if values.get("by"):
        why = f", because: “{first_words(values['reason'])}”" if values["reason"].strip() else ""
        start += f"Requested by {values['by']}{why}. "
    rest = " ".join(filter(None, [_what_else(values), note]))
    until = f", until about {minute(values['tokens_until'])}" if "tokens_until" in values else ""
    guests = _guests_left(values)
    synchronized = " Accounts that were synchronized stay as well." if values.get("was_synchronized") else ""
    lift = " Lift it with /partner lift." if values.get("is_suspended") else ""
    return (
        f"{start}B2B collaboration and direct connect are blocked explicitly in both directions. Trust, automatic "
        f"redemption and synchronization are off. This was verified in the tenant. {rest} Issued tokens usually work "
        f"for up to one more hour{until}. A token lifetime policy can make this longer. Guest accounts stay. Only the "
        f"partner can end sessions in its own tenant.{guests}{synchronized}{lift}"
    )


def _what_else(values: Values) -> str:
    """Return what the read-back says of everything else. What Exchange itself allows cannot be read."""
    if not values.get("had_capabilities"):
        return "Nothing else is open." if values["is_all"] else ""
    closed = "Calendars and other Microsoft 365 capabilities are off. Nothing else is open in Microsoft Entra. "
    return f"{closed if values['is_all'] else ''}{EXCHANGE_UNCHECKED}"


def _guests_left(values: Values) -> str:
    """Return how many guest accounts stay, as the last scan for reviews counted them, and how admins list them."""
    if "guests" not in values:  # in messages of earlier versions
        return ""
    listed = f" Admins list them with /partner guests {values['partner']}."
    if values["guests"] is None:
        return f" How many guest accounts of the partner there are is not known.{listed}"
    read = f"as of {minute(values['guests_read_at'])}, an estimate"
    if not values["guests"]:
        return f" No guest account of the partner was found, {read}."
    least = "At least " if values["is_at_least"] else ""
    return f" {least}{counted(values['guests'], 'guest account')} of the partner, {read}.{listed}"


def _refused(values: Values) -> str:
    reasons = stored_note_words(values["reasons"])
    if "text" not in values:
        return reasons
    return f"{reasons} Your text was not recorded. Here it is, so that you can use it again: “{values['text']}”"


def _our_side_set(values: Values) -> str:
    steps, them = counted(values["steps"], "step"), "it" if values["steps"] == 1 else "them"
    text = (
        f"{values['partner']}: our side of the access is done (verified). Partner's side: {steps}, not confirmed. "
        f"Gatehouse cannot see the partner's tenant, so the sponsor confirms {them}. The partner setup card has the "
        f"checklist. {stored_note_words(values['note'])}"
    )
    return text.strip()


def _role_empty(values: Values) -> str:
    reasons = " ".join(map(shortage_words, values["shortages"] if "shortages" in values else values["lacks"]))
    start = f"{values['partner']}: y" if "partner" in values else "Y"
    return (
        f"{start}our request {values['request']} cannot be approved now. {reasons} The admins are told. You do not "
        "need to do anything. The request continues when there are enough approvers."
    )


def _manager_told(values: Values) -> str:
    return (
        f"{_waits(values)} You are told because you manage {and_list(values['names'])}. This gives you no right to "
        "decide. Please ask them to decide, or to name somebody who can."
    )


def _admin_told(values: Values) -> str:
    reasons = " ".join(skipped_words(fact["code"], fact["values"]) for fact in values["skipped"])
    start = f"{_waits(values)} {reasons}".strip()
    return f"{start} Please ask the approvers to decide, or repair the role in roles.toml."


def _waits(values: Values) -> str:
    return (
        f"{values['partner']}: the request {values['request']} waits for “{values['stage']}”, and expires on "
        f"{minute(values['expires_at'])}."
    )


def _setup_confirmed(values: Values) -> str:
    step = SHORT_NAMES[StepKey(values["step"])]
    return f"{values['partner']}: confirmed, recorded under your name: {step}. {_unconfirmed_steps(values['left'])}"


def _access_test_asked(values: Values) -> str:
    people = and_list(values["people"])
    is_or_are = "is" if len(values["people"]) == 1 else "are"
    return (
        f"{values['partner']}: {people} {is_or_are} asked whether the access works, in their working hours. "
        "/partner show has the answer."
    )


def _setup_unconfirmed(values: Values) -> str:
    step = SHORT_NAMES[StepKey(values["step"])]
    return f"{values['partner']}: not confirmed any more: {step}. {_unconfirmed_steps(values['left'])}"


def _unconfirmed_steps(steps: Sequence[str]) -> str:
    if not steps:
        return "Every step is confirmed now."
    names = "; ".join(SHORT_NAMES[StepKey(key)] for key in steps)
    return f"Not confirmed yet, {counted(len(steps), 'step')}: {names}."


def _limit_near(values: Values) -> str:
    many = values["what"].removeprefix("daily ")
    within = "on this day" if many != values["what"] else "in this hour"
    one = "search" if many == "searches" else many.removesuffix("s")
    left = f"You have {counted(values['left'], f'more {one}', f'more {many}')} {within}."
    if not values["left"]:
        left = f"This was your last {one} {within}."
    limit = f"The limit for one person is {values['maximum']}."
    return f"{left} {limit} The next one is possible at {minute(values['more_at'])}."


def _weekly_list(values: Values) -> str:
    """Return the whole weekly list as one text, for the notification."""
    rows = "; ".join(map(decided_words, values["decisions"]))
    return f"{weekly_title(values)} {rows}.{more_decided_words(values)} {NOT_YOU}"


_DECIDED: Final = {"approve": "Approved", "reject": "Rejected"}
NOT_YOU: Final = (
    "Not you? Tell an admin at once. An admin stops everything that opens access with /partner freeze, and closes a "
    "partner with /partner revoke."
)


def weekly_title(values: Values) -> str:
    """Return the first sentence of the weekly list."""
    return f"What was decided in your name from {day(values['first'])} to {day(values['last'])}:"


def more_decided_words(values: Values) -> str:
    """State how many decisions the list leaves out; empty when none."""
    return f" And {counted(values['others'], 'other')}." if values["others"] else ""


def decided_words(row: Values) -> str:
    """Return one line of the weekly list: "Approved contoso.com: Trusted partner (R-1), recorded as active (verified)".

    NB. as recorded: after a restore of a backup, the tenant may be different.
    """
    choice, request = _DECIDED[row["choice"]], row["request"]
    if row["is_batch"]:
        return f"{choice} batch {request}"
    what = ": ".join(filter(None, [verified_name(row["partner"]), row["template"]]))
    state = f", recorded as {STATE_WORDS[DisplayedState(row['state'])]}" if row["state"] else ""
    return f"{choice} {what} ({request}){state}" if what else f"{choice} {request}{state}"


def _start_after_gap(values: Values) -> str:
    since = f"since {minute(values['since'])}" if values["since"] else "before"
    return (
        f"{values['partner']}: the approved request {values['request']} starts on {minute(values['starts_at'])} at "
        f"the earliest. Gatehouse was not running until {minute(values['until'])}. What you did {since} may be lost. "
        "If you withdrew or rejected the request, do it again."
    )


def _supported_ended(values: Values) -> str:
    ended = "is only partly applied (verified)" if values["part"] else ENDED.get(values["state"], "is closed")
    if values["state"] == RequestState.APPLIED:
        ended = "is approved and applied (verified)"
    note = stored_note_words(values["note"])
    return f"{values['partner']}: request {values['request']}, which you support, {ended}. {note}".strip()


def _second_look(values: Values) -> str:
    named = "; ".join(f"{one['partner']} ({one['request']})" for one in values["approved"])
    why = "High risk is approved in two steps."
    if named:
        others = counted(len(values["approved"]), "other high risk request")
        why = f"You approved {others} within {values['minutes']} minutes: {named}."
    return (
        f"{values['partner']}: your approval of {values['request']} is not counted yet. {why} Look at Details once "
        "more. Approve below if you mean it. If you did not click, tell an admin."
    )


def _batch_asked(values: Values) -> str:
    alone = f" {counted(values['alone'], 'partner is', 'partners are')} decided alone." if values["alone"] else ""
    ended = f" {_not_asked(values['ended'], 'asked for')}" if values["ended"] else ""
    members = counted(values["members"], "partner")
    return f"Batch {values['batch']}: the approvers are asked to decide on {members} together.{alone}{ended}"


def _not_asked(count: int, what: str) -> str:
    return f"{counted(count, 'partner is', 'partners are')} not {what}: see Details of the batch on your Home tab."


_AGAIN: Final = {
    True: "You can change the file, and send it with /partner import.",
    False: "A new draft without some partners: gatehouse adopt --all --except DOMAIN.",
}


def _own_requests(count: int) -> str:
    own = "its own request" if count == 1 else "their own requests"
    return f"{counted(count, 'partner goes', 'partners go')} on with {own}."


def _batch_ended(values: Values) -> str:
    note, is_sheet = stored_note_words(values["note"]), bool(values.get("is_sheet"))
    done = "applied" if is_sheet else "adopted"
    if any(one.get("code") == NoteCode.DRAFT_DISCARDED for one in values["note"]):
        return f"Draft {values['batch']} was discarded. Nothing is {done} by it."
    if values["state"] != BatchState.DONE:
        is_rejected = values["state"] == BatchState.REJECTED
        again = f" {_AGAIN[is_sheet]}" if is_rejected else ""
        # NB. some may be applied: it can end after a part of its members was.
        stays = f"{counted(values['applied'], 'partner stays', 'partners stay')} {done} (verified)."
        result = stays if values["applied"] else f"Nothing is {done} by it."
        return f"Batch {values['batch']} {ENDED[values['state']]}. {result} {note}".strip() + again
    left = f" {_own_requests(values['left'])}" if values["left"] else ""
    if values.get("alone"):  # messages of earlier versions count these in `left`
        left += f" {counted(values['alone'], 'partner is', 'partners are')} decided alone."
    if values.get("scheduled"):
        left += f" {counted(values['scheduled'], 'partner starts', 'partners start')} on a later day."
    ended = f" {_not_asked(values['ended'], done)}" if values["ended"] else ""
    applied = f"no partner is {done} by it."
    if values["applied"]:
        applied = f"{counted(values['applied'], 'partner is', 'partners are')} {done} (verified)."
    return f"Batch {values['batch']}: {applied}{left}{ended} {note}".strip()


_FUNCTIONS: Final[Mapping[str, Callable[[Values], str]]] = {
    MessageCode.REFUSED: _refused,
    MessageCode.CLOSED: _closed,
    MessageCode.OUR_SIDE_SET: _our_side_set,
    MessageCode.ROLE_EMPTY: _role_empty,
    MessageCode.MANAGER_TOLD: _manager_told,
    MessageCode.ADMIN_TOLD: _admin_told,
    MessageCode.SETUP_CONFIRMED: _setup_confirmed,
    MessageCode.SETUP_UNCONFIRMED: _setup_unconfirmed,
    MessageCode.LIMIT_NEAR: _limit_near,
    MessageCode.PROFILE_CHANGED: profile_changed_words,
    MessageCode.DECIDED_IN_YOUR_NAME: _weekly_list,
    MessageCode.START_AFTER_GAP: _start_after_gap,
    MessageCode.SUPPORTED_ENDED: _supported_ended,
    MessageCode.SECOND_LOOK: _second_look,
    MessageCode.BATCH_ASKED: _batch_asked,
    MessageCode.BATCH_ENDED: _batch_ended,
    MessageCode.CAMPAIGN_STARTED: started_words,
    MessageCode.CAMPAIGN_ENDED: ended_words,
    MessageCode.ABSENCE_SET: absence_set_words,
    MessageCode.YOU_STAND_IN: stand_in_words,
    MessageCode.ABSENCE_ENDED: absence_ended_words,
    MessageCode.REASSIGNED_TO_YOU: reassigned_words,
    MessageCode.ACCESS_TEST_ASKED: _access_test_asked,
}
"""The sentences that need a function."""
