"""The sentences of private messages: what a person is told about a request, a partner, or a click."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.words.partner_setup.state import SHORT_NAMES
from bot.words.requests.notes import stored_words
from bot.words.sentences import minute
from workflows.core.errors.facts import Fact, Values
from workflows.core.partner_setup.steps import StepKey
from workflows.core.requests.effects import MessageCode
from workflows.core.text import counted

SENTENCES: Final[Mapping[str, str]] = {
    MessageCode.TEXT: "{text}",
    MessageCode.REFUSED: "{reasons}",
    MessageCode.REQUEST_WAITS: "Your request for {partner} waits: {note}",
    MessageCode.YOU_WITHDREW: "You withdrew your request for {partner}. {note}",
    MessageCode.ENDED: "Your request for {partner} ended as {state}. {note}",
    MessageCode.OVERWRITTEN: "{partner}: {note}",
    MessageCode.OPENED: "Access for {partner} is set and was read back from the tenant. {note}",
    MessageCode.PUT_BACK: (
        "The settings of {partner} are put back to what stood before {restores}, and were read back from the tenant. "
        "{note}"
    ),
    MessageCode.CARD_NOT_POSTED: (
        "The approval card of your request for {partner} cannot be posted in the approval channel. The admins know. "
        "Approvers get the card directly meanwhile."
    ),
    MessageCode.CLICK_WAITS: (
        "Your click is received and still being checked: not every answer that this needs has come from the chat "
        "system or Microsoft Entra. Gatehouse keeps trying and tells you the outcome. You need not click again."
    ),
    MessageCode.CLICK_NOT_JUDGED: (
        "Something went wrong inside Gatehouse, and your click was not judged. Nothing more happens by itself: an "
        "admin has to look (gatehouse doctor lists what was given up)."
    ),
    MessageCode.VIEW_NOT_OPENED: (
        "The window did not open: Slack did not take it in time. Nothing was stored or changed. Click the button again."
    ),
    MessageCode.VIEW_NOT_FILLED: (
        "The window could not be filled: Slack did not take its contents. Nothing was stored or changed. "
        "Close it and open it again."
    ),
    MessageCode.DECISION_RECEIVED: "Your {choice} is received. The window could not show it.",
}


def message_words(said: Fact) -> str:
    """Return the sentences of a message. They may contain text from outside."""
    make = _MADE.get(said.code)
    if make is not None:
        return make(said.values)
    return SENTENCES[said.code].format_map(_with_words(said.values)).strip()


def missing_groups_words(handles: Sequence[str]) -> str:
    """State in one sentence which user groups are missing; empty when none is."""
    if not handles:
        return ""
    names = ", ".join(f"@{handle}" for handle in handles)
    if len(handles) == 1:
        return f"The user group {names} does not exist or is off."
    return f"The user groups {names} do not exist or are off."


def shortage_words(lack: Mapping[str, Any]) -> str:
    """State which role has too few people for a stage."""
    has = counted(lack["people"], "person", "people") if lack["people"] else "nobody"
    said = (
        f"“{lack['stage']}” needs {counted(lack['needed'], 'approval')} from the role “{lack['role']}”, and {has} "
        f"with this role can give one now. {missing_groups_words(lack['missing_groups'])}"
    )
    return said.strip()


def _with_words(values: Values) -> dict[str, Any]:
    """Return the values with sentences for the notes among them."""
    return {name: stored_words(value) if name in ("note", "reasons") else value for name, value in values.items()}


def _closed(values: Values) -> str:
    partner, note = values["partner"], stored_words(values["note"])
    opening = f"{partner} is blocked: " if values["is_all"] else f"{partner}: "
    rest = " ".join(filter(None, ["Nothing else is open." if values["is_all"] else "", note]))
    return (
        f"{opening}B2B collaboration and direct connect are blocked explicitly in both directions, trust, automatic "
        f"redemption and synchronization are off, and reading it back confirmed it. {rest} Tokens already issued "
        "usually work for up to an hour, longer where a token lifetime policy says so; sessions in the partner's own "
        "tenant are theirs to end."
    )


def _our_side_set(values: Values) -> str:
    said = (
        f"Our half of the access for {values['partner']} is set and was read back from the tenant. The other half is "
        f"the partner's: {counted(values['steps'], 'step')} on its side. Gatehouse cannot see that half and counts it "
        "as unknown until the sponsor confirms it. The card about the partner's half has the checklist for its "
        f"administrator. {stored_words(values['note'])}"
    )
    return said.strip()


def _role_empty(values: Values) -> str:
    reasons = " ".join(map(shortage_words, values["lacks"]))
    return (
        f"Your request {values['request']} cannot be approved now: {reasons} The admins are told. You need not do "
        "anything: it goes on once there are people again."
    )


def _setup_confirmed(values: Values) -> str:
    step = f"{SHORT_NAMES[StepKey(values['step'])]} of {values['partner']}"
    return f"Recorded under your name as confirmed by the partner: {step}. {_still_unknown(values['left'])}"


def _setup_unconfirmed(values: Values) -> str:
    step = f"{SHORT_NAMES[StepKey(values['step'])]} of {values['partner']}"
    return f"Taken back: {step} counts as unknown again. {_still_unknown(values['left'])}"


def _still_unknown(left: Sequence[str]) -> str:
    if not left:
        return "Every step is confirmed now."
    names = "; ".join(SHORT_NAMES[StepKey(key)] for key in left)
    return f"Still unknown, {counted(len(left), 'step')}: {names}."


def _limit_near(values: Values) -> str:
    return (
        f"You have {values['left']} more {values['what']} in this hour; one person may have {values['maximum']}. "
        f"The next one becomes free at {minute(values['more_at'])}."
    )


_MADE: Final[Mapping[str, Callable[[Values], str]]] = {
    MessageCode.CLOSED: _closed,
    MessageCode.OUR_SIDE_SET: _our_side_set,
    MessageCode.ROLE_EMPTY: _role_empty,
    MessageCode.SETUP_CONFIRMED: _setup_confirmed,
    MessageCode.SETUP_UNCONFIRMED: _setup_unconfirmed,
    MessageCode.LIMIT_NEAR: _limit_near,
}
"""The sentences that a format string is not enough for."""
