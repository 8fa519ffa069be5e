"""The words for what a request replaces or does not restore, and for missing records."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bot.words.findings.open_request import open_request_words
from bot.words.sentences import comma_list, day
from bot.words.settings.open_access import access_kind_titles
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Values
from workflows.core.posture.adoption.authorship import UnknownAuthor

FORMATS: Final[Mapping[FindingCode, str]] = {
    FindingCode.RESTORES_A_PART: (
        "{request_id} ended before it was complete, so maybe only a part was applied. The restore is planned from "
        "the current settings."
    ),
    FindingCode.RESTORES_INHERITANCE: (
        "This partner had no settings of its own before {request_id}. It is not deleted: every setting is set to the "
        "default, so the tenant's defaults apply to it, as before."
    ),
    FindingCode.EQUALS_NO_TEMPLATE: (
        "No access template gives exactly these settings. So the strongest approval policy decides, and the sponsor is "
        "asked at the end."
    ),
    FindingCode.RECORDS_UNREADABLE: (
        "There are no records here. So open requests for this tenant, and partners with a similar domain, could not be "
        "checked. Set DATABASE_URL to the bot's own database."
    ),
}


def _replaces_template(values: Values) -> str:
    before, after = values["before"], values["after"]
    then = ""
    if "at_end" in after:
        then = f" At the end: {_AT_END[before['at_end']]} before, {_AT_END[after['at_end']]} after."
    return (
        f"It replaces {_settings_of(before)} by {_settings_of(after)}. "
        f"End: {_day(before)} before, about {_day(after)} after. "
        f"Review: {_interval(before)} before, {_interval(after)} after.{then}"
    )


_AT_END: Final[Mapping[str, str]] = {"block": "blocked automatically", "ask": "people are asked"}


def _settings_of(values: Values) -> str:
    return f"“{values['title']}”" if values["title"] else "settings of no template"


def _keeps_approval_policy(values: Values) -> str:
    return (
        f"“{values['template']}” alone needs {_chain(values['alone'])}. This partner has a stricter approval "
        f"policy, or the risk of all settings after the change is higher. So it needs {_chain(values['needed'])}."
    )


def _not_restored(values: Values) -> str:
    settings = access_kind_titles(values["names"], with_graph_names=True)
    return f"Different from before {values['request_id']} and not restored: {settings}."


def _open_request(values: Values) -> str:
    return f"This request would be refused now: {open_request_words(values['refusal']['values'])}"


def _author_unknown(values: Values) -> str:
    return f"{_UNKNOWN_AUTHORS[UnknownAuthor(values['why'])]} So it needs one approver more."


def _known_authors(values: Values) -> str:
    names = comma_list(values["names"])
    return f"Entra's audit log names as author of these settings, who cannot approve: {names}."


def _drift_stays(values: Values) -> str:
    settings = access_kind_titles(values["settings"], with_graph_names=True)
    named = f": {settings}" if settings else ""
    return (
        f"Not all settings of this partner are as approved. This change does not approve what stays different{named}."
    )


_UNKNOWN_AUTHORS: Final[Mapping[UnknownAuthor, str]] = {
    UnknownAuthor.LOG_UNREADABLE: "Entra's audit log cannot be read, so it is not known who made these settings.",
    UnknownAuthor.TOO_OLD: "Entra's audit log does not say who made all of these settings.",
    UnknownAuthor.NOT_A_PERSON: "Entra's audit log names an application, or nobody, as author of some settings.",
    UnknownAuthor.NOT_IN_CHAT: (
        "The chat system does not know the author of these settings, who may have another account there."
    ),
}


def _chain(stages: Iterable[Mapping[str, Any]]) -> str:
    return " and ".join(f"{stage['quorum']} of “{stage['title']}”" for stage in stages)


def _day(values: Values) -> str:
    return "none" if values["ends_at"] is None else day(str(values["ends_at"]))


def _interval(values: Values) -> str:
    return "none" if values["review_days"] is None else f"every {values['review_days']} days"


FUNCTIONS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    FindingCode.REPLACES_TEMPLATE: _replaces_template,
    FindingCode.KEEPS_APPROVAL_POLICY: _keeps_approval_policy,
    FindingCode.NOT_RESTORED: _not_restored,
    FindingCode.AUTHOR_UNKNOWN: _author_unknown,
    FindingCode.MADE_BY: _known_authors,
    FindingCode.OPEN_REQUEST: _open_request,
    FindingCode.DRIFT_STAYS: _drift_stays,
}
