"""The sentences about drift, in alarms, windows, lists and the terminal: what differs, who did it, what can be done."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.words.plans.short_changes import list_in_words, people_here
from bot.words.sentences import counted, day, minute
from bot.words.settings.capabilities import CAPABILITY_TITLES
from bot.words.settings.open_access import access_kind_titles
from bot.words.settings.values import title
from workflows.core.errors.facts import Values
from workflows.core.posture.concern_codes import ConcernCode, may_be_adopted
from workflows.core.posture.watch.drift import AuthorState
from workflows.core.settings.capabilities import CapabilityEntry, entries
from workflows.core.settings.model import M365_CAPABILITIES, Property, is_guid

_C: Final = ConcernCode

_DIFFERENCE: Final[Mapping[ConcernCode, str]] = {
    _C.DIFFERS_FROM_APPROVED: "the settings are not the approved ones. Different: {settings}.",
    _C.ABSENT: "the partner's settings were deleted. The tenant's default applies instead. {open}",
    _C.UNKNOWN_TO_GATEHOUSE: "this partner was added outside of Gatehouse. Nobody approved it here.",
    _C.UNFINISHED: "a request began to change this partner and did not finish, and the partner has settings now.",
    _C.REVOKED_BUT_OPEN: "the partner was {closed}, and is open or may be open now: {settings}.",
    _C.REVOKED_BUT_ABSENT: "the partner was {closed}, and its block was deleted. The tenant's default applies. {open}",
    _C.REVOKED_NOT_KNOWN: "the partner was {closed}, and it is not certain that all is closed: {settings}.",
    _C.REVOKED_NOT_EXPLICIT: "the partner was {closed}, and is closed but not explicitly blocked any more: {settings}.",
    _C.DEFAULT_CHANGED: "the tenant's default settings were changed: {settings}. {touched}",
}
"""What differs; completes the partner's name."""
_NOT_IN_RECORDS: Final = "these records do not have this partner."
RECORDS_END: Final = "records_end"
"""The value of an alarm that was raised while the bot was held."""
_SHORT: Final[Mapping[ConcernCode, str]] = {
    _C.DIFFERS_FROM_APPROVED: "different from approved",
    _C.ABSENT: "settings deleted",
    _C.UNKNOWN_TO_GATEHOUSE: "added outside of Gatehouse",
    _C.UNFINISHED: "change not finished",
    _C.REVOKED_BUT_OPEN: "revoked but open",
    _C.REVOKED_BUT_ABSENT: "block deleted",
    _C.REVOKED_NOT_KNOWN: "revoked, not certain",
    _C.REVOKED_NOT_EXPLICIT: "block not explicit",
    _C.DEFAULT_CHANGED: "default changed",
}
_AUTHORS: Final[Mapping[AuthorState, str]] = {
    AuthorState.PENDING: "Author: not known yet. Entra's audit log is some minutes late.",
    AuthorState.NOT_IN_LOG: "Author: not known. Entra's audit log has no entry for this change.",
    AuthorState.LOG_UNREADABLE: "Author: not known. Entra's audit log could not be read.",
    AuthorState.NOT_LOGGED: "Author: not known. Entra's audit log does not show changes of capabilities.",
}
_WRITERS: Final[Mapping[ConcernCode, str]] = {
    _C.MICROSOFT_SUPPORT: "Microsoft support adds this partner while a support case is open.",
    _C.MULTI_TENANT_ORGANIZATION: "A multitenant organization may write this partner.",
    _C.SERVICE_PROVIDER: "This partner is a service provider, which may write its own settings.",
}


def difference_words(values: Values) -> str:
    """Return how the settings differ, in one or two sentences that follow the partner's name.

    :param values: the values of an alarm about drift.
    """
    names = [str(name) for name in values.get("settings", ())]
    is_held = RECORDS_END in values
    opened_titles = access_kind_titles(names) if names else ""
    code = ConcernCode(values["drift"])
    is_access = code not in (_C.DIFFERS_FROM_APPROVED, _C.DEFAULT_CHANGED, _C.REVOKED_NOT_EXPLICIT)
    words = (_NOT_IN_RECORDS if is_held and code is _C.UNKNOWN_TO_GATEHOUSE else _DIFFERENCE[code]).format(
        closed="suspended" if values.get("is_suspended") else "revoked",
        settings=opened_titles if is_access else "; ".join(_changed_titles(names, values.get("capabilities", {}))),
        open=f"Open or maybe open: {opened_titles}." if opened_titles else "Nothing is open by it now.",
        touched=_touched_words(values),
    )
    more = "There may be more access than was approved." if values.get("opens") and not is_held else ""
    return " ".join(part for part in (words.strip(), more) if part)


def _changed_titles(names: Sequence[str], capabilities: Mapping[str, Any]) -> Sequence[str]:
    """Return the titles of changed settings; instead of the list of capabilities each of them with both values."""
    changed = _capability_changes(capabilities.get("approved", ()), capabilities.get("current", ()))
    return [*(title(name) for name in names if not changed or name.partition(".")[0] != M365_CAPABILITIES), *changed]


def _capability_changes(approved: Sequence[Any], current: Sequence[Any]) -> Sequence[str]:
    """Name each capability of two lists of Graph's entries with both values.

    For example "Profile cards of our people (not set → everyone here)". An unknown one has its name, from outside.
    """
    before, now = ({entry.name: entry for entry in entries(listed)} for listed in (approved, current))
    return [
        f"{CAPABILITY_TITLES.get(name, name)} ({_entry_words(before.get(name))} → {_entry_words(now.get(name))})"
        for name in dict.fromkeys((*before, *now))
    ]


def _entry_words(entry: CapabilityEntry | None) -> str:
    if entry is None:
        return "not set"
    people = None if entry.capability is None else entry.capability.people
    words = list_in_words(Property.M365_CAPABILITIES, people, {})
    return "not known" if words is None else people_here(words)


def short_difference(code: ConcernCode) -> str:
    """Return how the settings differ, in two to four words, for a row of a list."""
    return _SHORT[code]


def author_words(author: Mapping[str, Any]) -> str:
    """Return who made the change and when, or why that is not known. The name is text from outside."""
    state = AuthorState(author.get("state", AuthorState.PENDING))
    if state is not AuthorState.KNOWN:
        return _AUTHORS[state]
    at = author.get("at")
    when = f", {minute(at)}" if at else ""
    if author.get("is_own_application"):
        return f"Author: Gatehouse's own application{when}. No approved plan holds this change."
    return f"Author: {author.get('name') or 'not named in the log'}{when}."


def writers_words(codes: list[str]) -> str:
    """Return who else is known to write such partners; empty when nobody is."""
    return " ".join(_WRITERS[ConcernCode(code)] for code in codes)


def acceptance_words(values: Values) -> str:
    """Return who has accepted the drift and who is missing; empty while nobody has."""
    names, voided = values.get("accepted_by", ()), ", ".join(values.get("voided", ()))
    again = f"{voided} accepted it, and is its author. So that does not count. " if voided else ""
    again += "It was accepted before, and that time is over. " if values.get("asked_again") else ""
    if not names:
        return again.strip()
    missing = int(values.get("needed", 1)) - len(names)
    missing_admins = f" {counted(missing, 'more admin must', 'more admins must')} accept it." if missing > 0 else ""
    return f"{again}Accepted by {', '.join(names)}.{missing_admins}"


def drift_alarm_words(values: Values) -> tuple[str, str]:
    """Return the problem, and what can be done, of an alarm about one partner or the default."""
    parts = (
        difference_words(values),
        author_words(values.get("author", {})),
        writers_words(list(values.get("writers", ()))),
        acceptance_words(values),
        records_end_words(values),
    )
    return " ".join(part for part in parts if part), _advice(values)


def records_end_words(values: Values) -> str:
    """Return that the records of a held start do not know what came later; empty for an alarm that is from no hold."""
    if RECORDS_END not in values:
        return ""
    ended = str(values[RECORDS_END])
    when = f"These records end at {minute(ended)}." if ended else "It is not known when these records end."
    return f"{when} Gatehouse may have made this after that."


def sponsor_advice(values: Values) -> str:
    """Return the actions that the sponsor of a drifted partner has."""
    restore = _restore(values)
    return f"{restore}Only admins can accept the change or revoke the partner. They have this alarm, too."


def _restore(values: Values) -> str:
    """Say what Restore does; of a partner of which nothing was approved, why there is no Restore."""
    if values.get("can_be_restored"):
        return "Restore opens a request for the approved settings. "
    if not values.get("was_approved", True):
        return "Nobody approved what is open, so there is nothing to restore. "
    return ""


def digest_alarm_words(values: Values) -> tuple[str, str]:
    """Return the problem, and what can be done, of an alarm about many changes."""
    counts = "; ".join(f"{short_difference(ConcernCode(code))}: {count}" for code, count in values["counts"].items())
    named = _named_words(list(values["partners"]), int(values["count"]))
    opening = counted(int(values["opening"]), "of them may give more access", "of them may give more access")
    problem = (
        f"One sweep found {counted(int(values['count']), 'change')} outside of Gatehouse; {opening}. By kind: {counts}."
    )
    return f"{problem} {named}".strip(), "Choose Show drift to see all and answer each of them."


def _named_words(partners: Sequence[str], count: int) -> str:
    """Return the partners that have a domain, and how many others there are. A list of bare IDs tells nobody anything.

    :param count: how many changes there are, also those whose partners are not among these.
    """
    names = [one for one in partners if not is_guid(one)]
    if not names:
        return ""
    more = count - len(names)
    return f"Partners: {', '.join(names)}{f' and {more} more' if more > 0 else ''}."


def accepted_words(values: Values) -> str:
    """Return by whom and until when drift was accepted; completes “Not fixed: …”."""
    people, until = ", ".join(values["people"]), values["until"]
    return f"accepted by {people} until {minute(until)}"


def until_words(until: Any) -> str:
    """Return until when drift is accepted."""
    return f"accepted until {day(until)}"


def _touched_words(values: Values) -> str:
    count, names = int(values.get("touched", 0)), list(values.get("touches", ()))
    if not count:
        return "No recorded partner inherits a changed value."
    more = count - len(names)
    name_list = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    return f"{counted(count, 'partner inherits', 'partners inherit')} other values than were approved: {name_list}."


def _advice(values: Values) -> str:
    if values["drift"] == _C.DEFAULT_CHANGED:
        return "Set the default back in the Microsoft Entra admin center, or accept it. Gatehouse cannot change it."
    revoke = "Revoke blocks the partner."
    accept = "Accept leaves it until a date; an opening change needs two admins."
    if not values.get("opens"):
        accept = "Accept leaves it until a date."
    restore = _restore(values)
    is_adoptable = may_be_adopted([values["drift"], *values.get("writers", ())])
    adopt = "Adopt asks to approve the present settings. " if is_adoptable else ""
    return f"{restore}{adopt}{accept} {revoke}"
