"""The words for the ids that a plan names, and for domains that look like others."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from bot.words.names.found_object import object_name
from bot.words.settings.values import title
from bot.words.settings.where_to_find_ids import where_to_find
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Values
from workflows.core.settings.model import TargetType
from workflows.partner_lookup.lookalikes import Likeness

FORMATS: Final[Mapping[FindingCode, str]] = {
    FindingCode.IDN: "The domain is displayed as “{shown}”; its plain form is {domain}.",
    FindingCode.LOOK_ALIKE_SCRIPT: "“{shown}” is written in another script but reads like “{latin}”.",
    FindingCode.IMITATES_MICROSOFT: (
        "“{domain}” looks like a name that Microsoft gives to tenants, but it is a private domain."
    ),
}
LIKENESSES: Final[Mapping[Likeness, str]] = {
    Likeness.BEGINS_ALIKE: "begins like",
    Likeness.LOOKS_THE_SAME: "looks almost the same as",
    Likeness.OTHER_ENDING: "has the same name as",
    Likeness.ONE_LETTER_OFF: "resembles",
}
_MAX_LISTED_TARGETS: Final = 5


def _target_gone(values: Values) -> str:
    return (
        f"“{title(values['setting'])}” listed {values['kind']} {values['id']} before and lists it after this, but this "
        f"tenant has no such {values['kind']} now. It has no effect, unless it was deleted and is restored."
    )


def _absent(values: Values) -> str:
    return (
        f"There is no {values['kind']} {_id(values)} in this tenant, where “{title(values['setting'])}” needs one of "
        f"ours. {where_to_find(TargetType(values['kind']))}"
    )


def _not_installed(values: Values) -> str:
    return (
        f"{values['kind'].capitalize()} {_id(values)} is one of Microsoft's own, but nobody has used it in this tenant "
        "yet."
    )


def _id_of_this_tenant(values: Values) -> str:
    kind, name = values["kind"], object_name(values["name"])
    return (
        f"{kind.capitalize()} {_id(values)} is “{name}” in this tenant, but “{title(values['setting'])}” "
        f"needs an ID of the partner. It has no effect there. Ask the partner for the ID of their {kind}."
    )


def _targets_left_out(values: Values) -> str:
    ids = "One more ID" if values["count"] == 1 else f"{values['count']} more IDs"
    return f"{ids} could not be checked, because at most {values['most']} are looked up for one request."


def _targets_named(values: Values) -> str:
    target_names = [
        f"{target['kind']} {target['id']} is “{object_name(target['name'])}”" for target in values["targets"]
    ]
    return f"In this tenant, {_list_names(target_names)}."


def _theirs(values: Values) -> str:
    return (
        f"Only the partner knows application {_list_names(values['ids'])}, because it cannot be looked up here. The ID "
        "must come from the partner."
    )


def _in_both(values: Values) -> str:
    target_names = [
        f"application {target['id']} is “{object_name(target['name'])}” here" for target in values["targets"]
    ]
    return (
        f"This tenant also has some of the partner's applications: {_list_names(target_names)}. An application of "
        "several tenants has the same ID in all of them. An application of only our tenant would be the wrong one."
    )


def _look_alike(values: Values) -> str:
    likeness = LIKENESSES[Likeness(values["likeness"])]
    others = "the domain of another row" if values.get("in_file") else "a partner's domain"
    whose = "this tenant's own domain" if values["is_own"] else others
    found = f"“{values['domain']}” {likeness} {whose} “{values['other']}”"
    differs = " and ".join(_differences(values))
    return f"{found}: {differs}. Check which one is meant." if differs else f"{found}. Check which one is meant."


def _differences(values: Values) -> Iterator[str]:
    """Yield what really differs. Findings of earlier versions do not say it."""
    here, there = str(values.get("here", "")), str(values.get("there", ""))
    if here and there:
        yield f"it has {_characters(here)} in place of {_characters(there)}"
    elif here or there:
        yield f"{_characters(here or there)} is {'added' if here else 'missing'}"
    if values.get("ending"):
        yield f"the ending is .{values['ending']}, not .{values['other_ending']}"


def _characters(text: str) -> str:
    """Return characters in quotation marks, each that is not ASCII with its name: it may look like one that is."""
    names = [unicodedata.name(one, "unnamed").capitalize() for one in text if not one.isascii()]
    return f"“{text}” ({', '.join(names)})" if names else f"“{text}”"


def _id(values: Values) -> str:
    return f"{values['id']} (“{values['label']}” on the form)" if values["label"] else str(values["id"])


def _list_names(names: Sequence[str]) -> str:
    more = len(names) - _MAX_LISTED_TARGETS
    return ", ".join(names[:_MAX_LISTED_TARGETS]) + (f" and {more} more" if more > 0 else "")


FUNCTIONS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    FindingCode.TARGET_GONE: _target_gone,
    FindingCode.TARGET_ABSENT: _absent,
    FindingCode.TARGET_NOT_INSTALLED: _not_installed,
    FindingCode.TARGET_IS_OURS: _id_of_this_tenant,
    FindingCode.TARGETS_LEFT_OUT: _targets_left_out,
    FindingCode.TARGETS_NAMED: _targets_named,
    FindingCode.TARGETS_THEIRS: _theirs,
    FindingCode.TARGETS_IN_BOTH: _in_both,
    FindingCode.LOOK_ALIKE: _look_alike,
}
