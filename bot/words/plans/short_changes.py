"""The changes of a plan in a few words each, for a card: more access, and less access."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from bot.words.names.microsoft_apps import microsoft_app_name
from bot.words.sentences import counted
from bot.words.settings.capabilities import allowed_words, not_allowed_words, perhaps_words
from bot.words.settings.values import title
from workflows.core.checks.target_checks import shown_name
from workflows.core.plans.changes import BeforeAfter, SettingChange, SettingPart, setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.settings.access_change import AccessChange, has_two_deny_lists, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.certainty import blocks_all, setting_doubts
from workflows.core.settings.effective import EffectiveTargets
from workflows.core.settings.id_owner import Owner, owner_of
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    CapabilityName,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
    configurations,
)

_BLOCKED: Final = "blocked"
_NOW: Final = "now"
MAX_NAMED_TARGETS: Final = 2
"""The most targets of a list that are named; the others are counted."""

_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


class Sign(Enum):
    """The direction of a change, as a card marks it."""

    MORE = auto()
    LESS = auto()
    UNKNOWN = auto()
    """It may give more access; because this is not known, it counts as more."""


TRUST_NOUNS: Final[Mapping[str, str]] = {
    "mfa": "MFA",
    "compliant_device": "compliant devices",
    "hybrid_joined_device": "hybrid joined devices",
}
PROMPTED_PEOPLE: Final[Mapping[str, str]] = {"inbound": "in our tenant", "outbound": "at the partner"}
BOTH_PROMPTED: Final = "on either side"
_FLAG_TEXTS: Final[Mapping[tuple[str, Sign], str]] = {
    (Property.INBOUND_TRUST, Sign.MORE): "Accept their {}",
    (Property.INBOUND_TRUST, Sign.LESS): "Do not accept their {}",
    (Property.INBOUND_TRUST, Sign.UNKNOWN): "Perhaps accept their {} (the default is not known)",
    (Property.AUTOMATIC_REDEMPTION, Sign.MORE): "No consent prompt {}, once the partner sets it too",
    (Property.AUTOMATIC_REDEMPTION, Sign.LESS): "Consent prompt {}",
    (Property.AUTOMATIC_REDEMPTION, Sign.UNKNOWN): "Perhaps no consent prompt {}",
}
SUBJECTS: Final[Mapping[str, str]] = {
    Property.B2B_COLLABORATION_INBOUND: "Their guests",
    Property.B2B_COLLABORATION_OUTBOUND: "Our people as guests there",
    Property.B2B_DIRECT_CONNECT_INBOUND: "Shared channels here",
    Property.B2B_DIRECT_CONNECT_OUTBOUND: "Our people in their shared channels",
}
_APPLICATIONS: Final[Mapping[str, str]] = {
    ALL_APPLICATIONS: "all apps",
    OFFICE_365: "Office 365",
    ALL_MICROSOFT_APPS: "all Microsoft apps",
}
_NOUNS: Final[Mapping[TargetType, str]] = {
    TargetType.USER: "user",
    TargetType.GROUP: "group",
    TargetType.APPLICATION: "app",
}


_SIGNS: Final[Mapping[AccessChange, Sign]] = {
    AccessChange.OPENS: Sign.MORE,
    AccessChange.REDUCES: Sign.LESS,
    AccessChange.CLOSES: Sign.LESS,
    AccessChange.UNKNOWN: Sign.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortChange:
    """One change in a few words. `text` may contain names from the directory: show it as plain text."""

    sign: Sign
    text: str


class _ChangeContext(NamedTuple):
    states: BeforeAfter
    names: Mapping[str, str]
    before: str


def short_changes(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = _NO_NAMES, *, before: str = _NOW
) -> tuple[ShortChange, ...]:
    """Return every change of a plan that gives more or less access, more access first.

    Settings that are written without a change of access are left out.

    :param default: the tenant's default configuration; None when it is not known.
    :param names: the names of the ids in the plan, from our own directory.
    :param before: what the value before the plan is called. The present value is left out when it is a block.
    """
    reading = _ChangeContext(BeforeAfter.of(plan, default), names, before)
    changed_items = [item for item in setting_changes(plan, default) if item.access is not AccessChange.SAME]
    short = [
        *_flags(changed_items),
        *(_short_change(item, reading) for item in changed_items if item.part is not SettingPart.FLAG),
    ]
    return tuple(sorted(short, key=lambda change: change.sign is Sign.LESS))


def _flags(changes: Sequence[SettingChange]) -> Iterator[ShortChange]:
    """Word the flags of one setting that change in the same direction together."""
    for (name, sign), text in _FLAG_TEXTS.items():
        labels = TRUST_NOUNS if name == Property.INBOUND_TRUST else PROMPTED_PEOPLE
        changed = [
            labels[item.key] for item in changes if item.part is SettingPart.FLAG and _changes_flag(item, name, sign)
        ]
        if changed:
            yield ShortChange(sign=sign, text=text.format(flag_nouns(changed)))


def _changes_flag(item: SettingChange, name: str, sign: Sign) -> bool:
    return item.name == name and _SIGNS[item.access] is sign


def flag_nouns(nouns: Sequence[str]) -> str:
    """Return the nouns of several flags of one setting as one: "MFA, compliant devices and hybrid joined devices"."""
    if list(nouns) == list(PROMPTED_PEOPLE.values()):
        return BOTH_PROMPTED
    *first, last = nouns
    return f"{', '.join(first)} and {last}" if first else last


def _short_change(item: SettingChange, context: _ChangeContext) -> ShortChange:
    return ShortChange(sign=_SIGNS[item.access], text=_DESCRIBERS[item.part](item, context))


def _targets(item: SettingChange, context: _ChangeContext) -> str:
    name = Property(item.name)
    subject = SUBJECTS.get(name, title(name))
    before, after = (targets_in_words(name, side.targets[name], context.names) for side in context.states)
    if before == _BLOCKED and context.before == _NOW:
        return f"{subject}: {after}"
    return f"{subject}: {after} ({context.before}: {before})"


def _synchronization(item: SettingChange, context: _ChangeContext) -> str:
    if item.access is AccessChange.OPENS:
        return "Their administrators create and change accounts here (synchronization)"
    if item.access is AccessChange.UNKNOWN:
        return "Perhaps synchronization of their accounts (current value not known)"
    return "No synchronization of their accounts"


def _capability(item: SettingChange, context: _ChangeContext) -> str:
    name = CapabilityName(item.key)
    before, after = (whose_words(side.capabilities[name], context.names) for side in context.states)
    if item.access is AccessChange.CLOSES:
        return not_allowed_words(name)
    words = (allowed_words if item.access is not AccessChange.UNKNOWN else perhaps_words)(name, after)
    return words if before in (_BLOCKED, after) or context.before != _NOW else f"{words} ({_NOW}: {before})"


def whose_words(effective: EffectiveTargets, names: Mapping[str, str]) -> str:
    """Say whose data a Microsoft 365 capability shows: "everyone here", a group of ours, "blocked" or "not known"."""
    return people_here(targets_in_words(Property.M365_CAPABILITIES, effective, names))


def people_here(people: str) -> str:
    """Return the words about people of a list as those of our tenant."""
    return f"{people} here" if people == "everyone" else people.removeprefix("only ")


def _capabilities_not_read(_: SettingChange, __: _ChangeContext) -> str:
    return "They perhaps see all our calendars, with everything: the capabilities could not be read"


def _unreadable(item: SettingChange, context: _ChangeContext) -> str:
    if item.access is AccessChange.CLOSES:
        return f"{title(item.name)}: blocked ({context.before}: not readable)"
    return f"{title(item.name)}: a value that Gatehouse cannot read"


def _unknown_members(item: SettingChange, context: _ChangeContext) -> str:
    return f"{title(item.name)}: other values that Gatehouse does not know"


_DESCRIBERS: Final[Mapping[SettingPart, Callable[[SettingChange, _ChangeContext], str]]] = {
    SettingPart.TARGETS: _targets,
    SettingPart.SYNCHRONIZATION: _synchronization,
    SettingPart.CAPABILITY: _capability,
    SettingPart.CAPABILITIES_NOT_READ: _capabilities_not_read,
    SettingPart.NO_FLAGS: _unreadable,
    SettingPart.UNREADABLE: _unreadable,
    SettingPart.UNKNOWN_MEMBERS: _unknown_members,
}


def targets_in_words(name: Property, effective: EffectiveTargets, names: Mapping[str, str]) -> str:
    """Describe who may use what, as far as it certainly applies."""
    setting = effective.certain_setting
    if is_certainly_blocked(setting):
        return _BLOCKED
    if has_two_deny_lists(setting) or setting_doubts(setting):
        return "not certain, see Details"
    lists = [list_in_words(name, configuration, names) for configuration in configurations(setting)]
    if None in lists:
        return "not set" if effective.is_unset else "not known"
    return _join_lists([words for words in lists if words is not None])


def _join_lists(lists: list[str]) -> str:
    if len(lists) == 1:
        return lists[0]
    people, applications = lists
    return applications if people == "everyone" else f"{people.removeprefix('only ')}, {applications}"


def list_in_words(name: Property, configuration: TargetConfiguration | None, names: Mapping[str, str]) -> str | None:
    """Describe one list; None when it is not known."""
    if configuration is None:
        return None
    ids = {target.id for target in configuration.targets}
    is_people = any(target.type is not TargetType.APPLICATION for target in configuration.targets)
    if blocks_all(configuration) or not configuration.targets:
        return "nobody" if is_people else "no app"
    if configuration.access is AccessType.BLOCKED:
        return (
            f"everyone except {_targets_by_name(name, configuration, names)}"
            if is_people
            else (f"all apps except {_targets_by_name(name, configuration, names)}")
        )
    if ALL_USERS in ids:
        return "everyone"
    return "all apps" if ALL_APPLICATIONS in ids else f"only {_targets_by_name(name, configuration, names)}"


def _targets_by_name(name: Property, configuration: TargetConfiguration, names: Mapping[str, str]) -> str:
    """Name a few targets of a list, and count the rest of them by kind."""
    reserved = [_APPLICATIONS[target.id] for target in configuration.targets if target.id in _APPLICATIONS]
    others = [target for target in configuration.targets if target.id not in _APPLICATIONS]
    target_names = [_name(name, other, names) for other in others]
    if len(others) <= MAX_NAMED_TARGETS and all(target_names):
        return " and ".join([*reserved, *(f"“{known_name}”" for known_name in target_names)])
    return " and ".join([*reserved, *_targets_counted(name, others)])


def _targets_counted(name: Property, targets: list[Target]) -> Iterator[str]:
    for kind, noun in _NOUNS.items():
        if count := sum(target.type is kind for target in targets):
            yield f"{counted(count, noun)} of {_owner_word(name, kind)}"


def _owner_word(name: Property, kind: TargetType) -> str:
    owner = owner_of(name, kind)
    return "ours" if owner is Owner.OURS else "theirs"


def _name(name: Property, target: Target, names: Mapping[str, str]) -> str:
    """Return the name of a target in our directory, or of Microsoft's application.

    Empty when it has none, or is the partner's.
    """
    if app_name := microsoft_app_name(target):
        return app_name
    if owner_of(name, target.type) is not Owner.OURS:
        return ""
    return shown_name(names.get(target.id.lower(), ""))
