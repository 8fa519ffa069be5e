"""The sentences for the concerns of a posture."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bot.words.findings.conditional_access.findings import estimate_words, locked_out_words
from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.consequences import STAYS_UNTIL_REVOKED
from bot.words.requests.notes import stored_note_words
from bot.words.sentences import day, times_words
from bot.words.settings.open_access import access_kinds_words
from bot.words.settings.values import DOUBTS, TRUST_TITLES, title
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Values
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.settings.certainty import Doubt
from workflows.core.settings.open_access import AccessState, OpenAccess

SEVERITY_WORDS: Final[Mapping[ConcernSeverity, str]] = {
    ConcernSeverity.NOTE: "note",
    ConcernSeverity.UNCHECKED: "could not be checked",
    ConcernSeverity.WARNING: "warning",
    ConcernSeverity.ALERT: "alert",
}


def concern_words(concern: Concern) -> str:
    """Return a concern's complete sentences.

    They may contain text from the tenant or the records: show them as plain text.
    """
    words = _WORDS[concern.code]
    return words if isinstance(words, str) else words(concern.values)


def _unfinished(values: Values) -> str:
    state = values["state"].replace("_", " ")
    return (
        f"Request {values['request_id']} began to change this partner and ended as {state}, so no review of it is "
        "due. Request it again, or revoke."
    )


def _differs(values: Values) -> str:
    request, names = values["request_id"], _titles(values["settings"])
    if values["is_overwritten"]:
        return (
            f"The current settings are not the approved ones: request {request} was sent, and somebody else changed "
            f"the partner. Different from the approved plan: {names}."
        )
    if values.get("is_part"):
        opening = f"Only a part of the approved change is in the tenant (request {request})."
        return f"{opening} Different from the approved plan: {names}."
    return (
        f"Different from what was last approved and verified (request {request}): {names}. "
        f"Request approval, adopt the current settings with {COMMANDS[Action.ADOPT]}, or revoke."
    )


def _time_is_over(values: Values) -> str:
    start = f"The access period ended on {day(values['ended_at'])}."
    if "at_end" in values:
        return f"{start} The partner waits to be blocked. Block it now, or request more time."
    return f"{start} The access {STAYS_UNTIL_REVOKED}. Revoke it, or request it again."


def _absent(recorded: str) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        return f"{recorded}, but the tenant has no settings for this partner now. {_default_words(values)}"

    return words


def _default_words(values: Values) -> str:
    if values["is_other_cloud"]:
        return "It is in another Microsoft cloud, so it is blocked until it is added again."
    if not values["is_default_read"]:
        return "The tenant's default applies instead. It could not be read."
    if values["ways"]:
        return f"The tenant's default applies instead and allows: {_access_kinds_words(values['ways'])}."
    return "The tenant's default applies instead and is closed now."


def _revoked_but_open(values: Values) -> str:
    opened, unknown = values["open"], values["unknown"]
    closed, again = _closed_words(values), _again_words(values)
    if not opened:
        return f"{closed}, but maybe open now: {_access_kinds_words(unknown)}. {again}"
    perhaps = f" Maybe also open: {_access_kinds_words(unknown)}." if unknown else ""
    return f"{closed}, but open now: {_access_kinds_words(opened)}.{perhaps} {again}"


def _closed_words(values: Values) -> str:
    return "Suspended earlier" if values.get("is_suspended") else "Revoked earlier"


def _again_words(values: Values) -> str:
    return "Suspend it again, or revoke it." if values.get("is_suspended") else "Revoke it again."


def _review_overdue(values: Values) -> str:
    if values["due_at"] is not None:
        return f"A review was due on {day(values['due_at'])}, but nobody was asked. Check that the bot runs."
    reminder_count = times_words(values["reminders"])
    return f"A review waits for {values['sponsor']}, who was asked {reminder_count}."


def _inherits_open_default(values: Values) -> str:
    origin = "Microsoft's own default" if values["is_microsofts"] else "the tenant's default"
    return (
        f"Not limited for this partner, and open by {origin}: {_titles(values['settings'])}. A change of that default "
        "changes what this partner may do."
    )


def _not_certain(values: Values) -> str:
    reasons = "; ".join(DOUBTS[Doubt(value)] for value in values["doubts"])
    return f"It is not certain what {title(values['setting'])} allows, so it counts as open: {reasons}."


def _conditional_access_unread(values: Values) -> str:
    cures = {
        UnreadableReason.FORBIDDEN: "Grant the application Policy.Read.All with admin consent, or look in",
        UnreadableReason.NO_LICENCE: "Microsoft Graph shows it only to tenants with Entra ID P1 or P2. Look in",
    }
    reason = UnreadableReason(values["why"])
    cure = cures.get(reason, "Look in")
    return (
        f"What Conditional Access requires of guests could not be checked ({UNREAD_REASON_WORDS[reason]}). {cure} "
        "Entra admin center, Conditional Access, Policies."
    )


def _default_unread(values: Values) -> str:
    why = stored_note_words(values["reason"])
    return f"The default, and everything that partners inherit from it, could not be checked. {why}".strip()


def _open_by_default(kind: str, meaning: str) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        if values["is_whole"]:
            return f"{kind} is open by default: {meaning}."
        return f"{kind} is partly open by default, for every tenant without settings of its own."

    return words


def _access_kinds_words(values: Iterable[Mapping[str, Any]]) -> str:
    found = [OpenAccess(name=value["name"], opening=AccessState(value["opening"])) for value in values]
    return access_kinds_words(found, with_graph_names=True)


def _titles(names: Sequence[str]) -> str:
    return "; ".join(map(title, names))


def _with_access_kinds(sentence: str) -> Callable[[Values], str]:
    return lambda values: sentence.format(_access_kinds_words(values["ways"]))


def _with_settings(sentence: str) -> Callable[[Values], str]:
    return lambda values: sentence.format(_titles(values["settings"]))


_C: Final = ConcernCode

_WORDS: Final[Mapping[ConcernCode, str | Callable[[Values], str]]] = {
    _C.UNFINISHED: _unfinished,
    _C.UNKNOWN_TO_GATEHOUSE: "This partner is not in Gatehouse's records. It was added outside Gatehouse, or before "
    f"these records. It has no sponsor and no reviews. {COMMANDS[Action.ADOPT]} asks to make its settings the record.",
    _C.NOT_COMPARED: lambda values: (
        f"Whether it is still as approved could not be checked, because request {values['request_id']} cannot be read."
    ),
    _C.CAPABILITIES_NOT_READ: "Whether the Microsoft 365 capabilities are still as approved could not be checked, "
    "because their list could not be read. Gatehouse needs the permission Policy.ReadWrite.CrossTenantCapability.",
    _C.DIFFERS_FROM_APPROVED: _differs,
    _C.ABSENT: _absent("Recorded as active"),
    _C.REVOKED_BUT_ABSENT: lambda values: _absent(_closed_words(values))(values),
    _C.REVOKED_BUT_OPEN: _revoked_but_open,
    _C.REVOKED_NOT_KNOWN: lambda values: (
        f"{_closed_words(values)}, but it is not certain that these are closed: "
        f"{_access_kinds_words(values['unknown'])}. {_again_words(values)}"
    ),
    _C.REVOKED_NOT_EXPLICIT: lambda values: (
        f"{_closed_words(values)} and closed now, but not blocked explicitly: {_titles(values['settings'])}. "
        f"A change of the default may open it. {_again_words(values)}"
    ),
    _C.BEING_WRITTEN: "Gatehouse is changing this partner right now, so its settings were not compared with the "
    "records. Check again in a minute.",
    _C.RECORD_UNREADABLE: "Gatehouse has a record of this partner that this version cannot read, so nothing could be "
    "compared.",
    _C.TIME_IS_OVER: _time_is_over,
    _C.REVIEW_OVERDUE: _review_overdue,
    _C.SYNCHRONIZATION_ON: "Identity synchronization is allowed: the partner's administrators can create and change "
    "user accounts in this tenant.",
    _C.ALL_TRUST_ALL_APPLICATIONS: _with_settings(
        "The partner's MFA and devices are trusted, and its people are not limited to named applications ({}). So only "
        "the partner checks what Conditional Access requires of them."
    ),
    _C.INHERITS_OPEN_DEFAULT: _inherits_open_default,
    _C.ALSO_OPEN: _with_access_kinds("Also open: {}."),
    _C.NOT_KNOWN_CLOSED: _with_access_kinds("Set for this partner, with an effect that is not known: {}."),
    _C.NOT_CERTAIN: _not_certain,
    _C.UNREADABLE: _with_settings("Could not be checked, because this version cannot read the values: {}."),
    _C.SERVICE_PROVIDER: "This tenant is a service provider of ours (delegated administration). Gatehouse gives it "
    "no access. Its settings belong to that relationship and cannot be removed.",
    _C.MULTI_TENANT_ORGANIZATION: "This tenant is in our multi-tenant organization. The organization's templates also "
    "write its settings, and may overwrite them.",
    _C.MICROSOFT_SUPPORT: "This is the tenant of Microsoft's own support. Microsoft adds it automatically while a "
    "support case is open. Gatehouse gives it no access.",
    _C.CONDITIONAL_ACCESS_UNREADABLE: _conditional_access_unread,
    _C.LOCKED_OUT: lambda values: f"Conditional Access locks out today: {locked_out_words(values)}.",
    _C.ESTIMATE: estimate_words,
    _C.DEFAULT_CHANGED: _with_settings("The default is not as it was when a sweep first read it: {}."),
    _C.DEFAULT_UNREADABLE: _default_unread,
    _C.DEFAULT_TRUSTS_EVERYBODY: lambda values: (
        "The default trusts every other tenant without settings of its own: "
        f"{'; '.join(TRUST_TITLES[key] for key in values['flags'])}."
    ),
    _C.DEFAULT_OPEN_B2B_COLLABORATION_INBOUND: _open_by_default(
        "Inbound B2B collaboration",
        "people of every other tenant can be invited as guests, and use every application that they are given",
    ),
    _C.DEFAULT_OPEN_B2B_COLLABORATION_OUTBOUND: _open_by_default(
        "Outbound B2B collaboration",
        "our people can be guests in every other tenant, in all of its applications",
    ),
    _C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_INBOUND: _open_by_default(
        "Inbound B2B direct connect",
        "people of every other tenant can work here without an account of ours, once their tenant allows it",
    ),
    _C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_OUTBOUND: _open_by_default(
        "Outbound B2B direct connect",
        "our people can work in every other tenant that allows it, where our own controls do not apply",
    ),
    _C.DEFAULT_ALSO_OPEN: _with_access_kinds("Also open by default, for every tenant without settings of its own: {}."),
    _C.DEFAULT_NOT_KNOWN_CLOSED: _with_access_kinds("Set in the default, with an effect that is not known: {}."),
    _C.DEFAULT_SETTINGS_UNREADABLE: _with_settings(
        "Could not be checked, because this version cannot read the default's values: {}."
    ),
    _C.DEFAULT_IS_MICROSOFTS: "The default is Microsoft's own. This tenant never changed it. Microsoft may change it.",
}
