"""Named placeholders: the ids that a template leaves open, because only the requester or the partner knows them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from workflows.core.errors import InvalidField
from workflows.core.policy.graph_examples import corrected_word
from workflows.core.settings.directory_objects import Owner, owner_of
from workflows.core.settings.model import Property, Setting, Target, TargetConfiguration, TargetType, is_guid

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_WANTED: Final[Mapping[TargetType, str]] = {
    TargetType.GROUP: "The object ID of a group",
    TargetType.USER: "The object ID of a user",
    TargetType.APPLICATION: "The application (client) ID of an application, not its object ID,",
}
_ASKED: Final[Mapping[TargetType, str]] = {
    TargetType.GROUP: "the Object ID of your group (Entra admin center, Groups, the group, Overview)",
    TargetType.USER: "the Object ID of your user (Entra admin center, Users, the user, Overview)",
    TargetType.APPLICATION: (
        "the Application ID of your application (Entra admin center, Enterprise applications, the application, "
        "Overview)"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One id that the request form asks for."""

    name: str
    label: str
    kind: TargetType
    owner: Owner
    """Follows from where the placeholder stands, so that the form cannot send anybody to the wrong directory."""
    hint: str = ""
    is_required: bool = True

    @property
    def field(self) -> str:
        """Name its field on the request form."""
        return f"hole_{self.name}"

    @property
    def wanted(self) -> str:
        """Say which id is wanted and who can tell it."""
        if self.owner is Owner.THEIRS:
            return f"{_WANTED[self.kind]} in the partner's directory: only the partner can tell you."
        return f"{_WANTED[self.kind]} in our own directory."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a placeholder stands in the settings."""

    name: str
    kind: TargetType
    owner: Owner
    is_alone: bool
    """Whether the list holds nothing but this placeholder, so that leaving it empty would leave the list empty."""


def placeholder_of(target: Target) -> str:
    """Give the name of the placeholder that stands in place of a target's id; empty when the id is given."""
    found = _PLACEHOLDER.fullmatch(target.id)
    return found[1] if found else ""


def places(settings: Mapping[Property, Setting]) -> Iterator[Place]:
    """List every placeholder of the settings with what follows from where it stands."""
    for name, setting in settings.items():
        for _, configuration in _lists(setting):
            for target in configuration.targets:
                if blank := placeholder_of(target):
                    owner = owner_of(name, target.type)
                    yield Place(blank, target.type, owner, len(configuration.targets) == 1)


def fill(
    settings: Mapping[Property, Setting], placeholders: tuple[Placeholder, ...], values: Mapping[str, str]
) -> dict[Property, Setting]:
    """Put the given ids in place of the placeholders. Those that may stay empty, and do, are left out of their lists.

    :param values: what was typed, by the placeholder's name; names that no placeholder has are ignored.
    :raises InvalidField: for the first placeholder that is not filled in properly, naming its field and the cure.
    """
    given = {blank.name: parse_placeholder(blank, values.get(blank.name, "")) for blank in placeholders}
    return {name: _filled(setting, given) for name, setting in settings.items()}


def parse_placeholder(blank: Placeholder, typed: str) -> str:
    """Read what was typed into a placeholder's field: a GUID in lower case; empty where it may stay empty and does.

    :raises InvalidField: naming the cure.
    """
    guid = typed.strip().strip("{}").lower()
    if not guid and not blank.is_required:
        return ""
    if not guid:
        raise InvalidField(blank.field, f"Fill this in. {blank.wanted}")
    if word := corrected_word(guid, of_applications=blank.kind is TargetType.APPLICATION):
        raise InvalidField(
            blank.field, f"“{word}” stands for all or many; this template needs one ID here. Type one. {blank.wanted}"
        )
    if guid == _NOBODY or not is_guid(guid):
        raise InvalidField(
            blank.field,
            f"This is not an ID such as 1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03. Type one. {blank.wanted}{_to_ask(blank)}",
        )
    return guid


def _to_ask(blank: Placeholder) -> str:
    """Give the text to send to the partner for one of their ids; empty for one of ours."""
    if blank.owner is not Owner.THEIRS:
        return ""
    return f" Ask them: “Please send us {_ASKED[blank.kind]}, for: {blank.label}.”"


def _lists(setting: Setting) -> Iterator[tuple[str, TargetConfiguration]]:
    """List the target lists of a setting by the name of their field."""
    if is_dataclass(setting):
        for field in fields(setting):
            value = getattr(setting, field.name)
            if isinstance(value, TargetConfiguration):
                yield field.name, value


def _filled(setting: Setting, given: Mapping[str, str]) -> Setting:
    changes: dict[str, Any] = {
        field: replace(configuration, targets=_targets(configuration.targets, given))
        for field, configuration in _lists(setting)
    }
    return replace(setting, **changes) if is_dataclass(setting) and changes else setting


def _targets(targets: tuple[Target, ...], given: Mapping[str, str]) -> tuple[Target, ...]:
    named = (
        replace(target, id=given[blank]) if (blank := placeholder_of(target)) else target
        for target in targets
        if given.get(placeholder_of(target), True)
    )
    return tuple(dict.fromkeys(named))
