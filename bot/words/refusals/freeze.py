"""Sentences about the freeze: what it stops, why something about it is refused, and how it ended."""

from datetime import datetime
from typing import Final

from bot.words.sentences import Sentences, minute
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.policy.stops.freeze import COMMAND_LINE, END_MAY_BE_CONFIRMED_FOR, Freeze, is_about_records
from workflows.core.policy.stops.generation import HoldCause as H

_RULE: Final = "Nothing that opens access is applied until two admins end it."
_HOURS: Final = END_MAY_BE_CONFIRMED_FOR.total_seconds() // 3600
UNREADABLE_FREEZE: Final = (
    "It cannot be read whether writing is frozen. Nothing that opens access is applied until an admin repairs that. "
    "A new freeze replaces the record: /partner freeze, or the command gatehouse freeze. Then two admins end it."
)
ONLY_ONE_ADMIN: Final = (
    "Two admins must end it. There is only one admin now: add another one first to be able to end it."
)
STILL_POSSIBLE: Final = (
    "Requests and decisions are still accepted. Blocking and reducing access still works, and so does everything "
    "that writes nothing."
)

HELD_STILL_POSSIBLE: Final = (
    "New requests can be sent and decided, and wait. Blocking and reducing access still works, and so does everything "
    "that writes nothing."
)
_UNBELIEVED_END: Final = "Open requests and batches that are not believed end, with all requests of such a batch."
RECORDS_ACCEPTED: Final = (
    f"If you end it, you accept the records of partners, absences and closed requests as they are. {_UNBELIEVED_END}"
)
"""What admins accept who end a freeze that Gatehouse began because of changed records."""
VOID_ON_RELEASE: Final = (
    "When you release it, requests from before are void, and each requester is told. New ones are applied after every "
    "check."
)
_HELD: Final = {
    H.RESTORED: "the records are an older backup",
    H.FORKED: "these records also went on in another place",
    H.COPIED: "the records are a copy, and those before are still there",
    H.HANDED_OVER: "these records were handed over to another place",
    H.OTHER_INSTALLATION: "the records are of another installation than before",
    H.NOT_HANDED_OVER: "nothing outside of the records says that they are the newest",
    H.RECORDS_LOST: "the records that were here are gone, or older than this version",
}


def held_words(cause: str) -> str:
    """Return what is shown wherever something waits because the bot started held.

    :param cause: a value of `HoldCause`.
    """
    return (
        f"Held: {_HELD[H(cause)]}. Nothing that opens access is applied until two admins release it. Requests from "
        "before cannot be approved, and are void then."
    )


def would_be_held_words(cause: str) -> str:
    """Return what a start would find, to be said before it."""
    return f"A start would be held: {_HELD[H(cause)]}."


def held_end_asked_words(name: str) -> str:
    """Return who asks to release the bot."""
    return f"{name} asks to release Gatehouse, which started held."


def frozen_words(name: str, reason: str) -> str:
    """Return what is shown wherever something waits for the end of the freeze."""
    return f"Frozen by {who(name)}: {as_sentence(reason)} {_RULE}"


def freeze_words(freeze: Freeze) -> str:
    """Return the same for a freeze in force; a record that cannot be read has a sentence of its own."""
    if freeze.hold is not None:
        also = f" It was frozen before by {who(freeze.by)}: {as_sentence(freeze.reason)}" if freeze.reason else ""
        return f"{held_words(freeze.hold.cause)}{also}"
    return frozen_words(freeze.by, freeze.reason) if freeze.by else UNREADABLE_FREEZE


def not_frozen_again_words(freeze: Freeze, now: datetime) -> str:
    """Return that a new freeze changed nothing: which one stays, and who asks to end it."""
    if not freeze.by:
        return f"Nothing was changed. {UNREADABLE_FREEZE}"
    stays = f"The freeze of {minute(freeze.since)} stays, and the new reason was not stored. {freeze_words(freeze)}"
    asked = freeze.valid_end_request(now)
    if asked is None:
        return stays
    until = minute(asked.at + END_MAY_BE_CONFIRMED_FOR)
    return (
        f"{stays} {asked.person.name} asks to end it, and another admin can confirm that until {until}. To keep it "
        "frozen, an admin opens /partner unfreeze."
    )


def end_asked_words(name: str, frozen_by: str) -> str:
    """Return who asks to end a freeze."""
    if name == frozen_by:
        return f"{name}, who froze, asks to end the freeze."
    return f"{name} asks to end the freeze by {who(frozen_by)}."


def ended_words(freeze: Freeze) -> str:
    """Return that a freeze has ended, by whom, and what happens now."""
    people = " and ".join(
        person.name
        for person in (None if freeze.end_request is None else freeze.end_request.person, freeze.ended_by)
        if person is not None
    )
    if freeze.hold is not None and not people:
        return "The hold has ended: these are the newest records after all. Approved requests are applied now."
    if freeze.hold is not None:
        return (
            f"The hold has ended: {people} released Gatehouse. Requests from before it are void. Send them again with "
            "/partner request."
        )
    also = f" {_UNBELIEVED_END} Each requester is told." if is_about_records(freeze) else ""
    return (
        f"The freeze by {who(freeze.by)} has ended: {people} ended it. Approved requests are applied now. Every check "
        f"before that is made again.{also}"
    )


def who(name: str) -> str:
    """Return who began a freeze: an admin, or the user of the operating system at the command line."""
    system, _, user = name.partition(COMMAND_LINE)
    return name if system or not user else f"{user} at the command line"


def as_sentence(text: str) -> str:
    """Return a typed reason with a full stop."""
    typed = text.strip()
    return typed if typed.endswith((".", "!", "?", "…")) else f"{typed}."


def _already_frozen(values: Values) -> str:
    begun = f"{who(values['name'])} froze it on {minute(values['since'])}, so nothing was changed."
    return f"{begun} Open /partner unfreeze to see the reason."


FREEZE: Final[Sentences] = {
    R.ONLY_ADMINS_FREEZE: "Only admins can freeze what Gatehouse writes, or end that. Ask one of them.",
    R.ALREADY_FROZEN: _already_frozen,
    R.FREEZE_REASON_MISSING: "The reason is missing. Give one: everybody who waits reads it.",
    R.FREEZE_REASON_TOO_LONG: "The reason has {length} characters. At most {limit} are possible. Give a shorter one.",
    R.NOT_FROZEN: "Nothing is frozen, so there is nothing to end. You need to do nothing.",
    R.FREEZE_END_NOT_ASKED: (
        f"Nobody asks to end the freeze now. The request was taken back, or it is older than {_HOURS:.0f} hours. Open "
        "/partner unfreeze to ask again."
    ),
    R.FREEZE_END_NEEDS_ANOTHER_ADMIN: (
        "You asked to end the freeze, so another admin must confirm it. They open /partner unfreeze."
    ),
    R.FREEZE_END_ASKED_BY_FORMER_ADMIN: lambda values: (
        f"It stays frozen. {values['name']} asked to end it, but is not an admin any more. Open /partner unfreeze, use "
        "Keep frozen, and ask to end it yourself. Another admin must confirm that."
    ),
    R.NOT_AS_SIGNED: (
        "Something other than Gatehouse changed the records that this rests on, or stored this click. Nothing was "
        "done, and closing access still works. Ask an admin about the alarm."
    ),
    R.VOID_AFTER_RESTORE: (
        "After this request was made, Gatehouse was started with records that are older, or may be. It is void, and "
        "nothing was changed. Its requester can send it again with /partner request."
    ),
    R.CLICKED_BEFORE_HOLD: (
        "You clicked this before Gatehouse started with older records, so it may have been done already. Nothing was "
        "changed now. Check the newest card, and click again if it is still needed."
    ),
    R.FREEZE_CHANGED: "Somebody else changed the freeze after this was shown. Open /partner unfreeze again.",
}
