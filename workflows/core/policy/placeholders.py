"""Placeholders: names in a template's settings that a request replaces with ids."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.settings.id_owner import Owner, owner_of
from workflows.core.settings.model import (
    Capabilities,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
    is_guid,
)

RENAMED_KEYS: Final = {"holes": "placeholders"}
"""Keys in files that have a new name: the name in files of earlier versions, and the present name."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NIL_GUID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One placeholder, for which the request form asks for an id."""

    name: str
    label: str
    kind: TargetType
    owner: Owner
    """Whose tenant the id belongs to. It follows from the place of the placeholder in the settings."""
    hint: str = ""
    is_required: bool = True
    prefix: str = ""
    """The text with which the name of the object must begin; empty when every name is allowed."""

    @property
    def field(self) -> str:
        """Return the name of its field in the request form."""
        return f"hole_{self.name}"


@dataclass(frozen=True, slots=True)
class PlaceholderUse:
    """The place of a placeholder in the settings."""

    name: str
    kind: TargetType
    owner: Owner
    is_alone: bool
    """Whether the list contains nothing else. Without a value, the list would then be empty."""


def placeholder_of(target: Target) -> str:
    """Return the name of the placeholder in place of a target's id; empty when there is an id."""
    match = _PLACEHOLDER.fullmatch(target.id)
    return match[1] if match else ""


def placeholder_uses(settings: Mapping[Property, Setting]) -> Iterator[PlaceholderUse]:
    """List the places of placeholders in the settings."""
    for name, setting in settings.items():
        for _, configuration in named_configurations(setting):
            for target in configuration.targets:
                if placeholder := placeholder_of(target):
                    owner = owner_of(name, target.type)
                    yield PlaceholderUse(placeholder, target.type, owner, len(configuration.targets) == 1)


def fill(
    settings: Mapping[Property, Setting], placeholders: tuple[Placeholder, ...], values: Mapping[str, str]
) -> dict[Property, Setting]:
    """Replace the placeholders with the given ids. An optional placeholder without a value is removed from its list.

    :param values: the typed text of each placeholder, by its name; unknown names are ignored.
    :raises InvalidField: for the first placeholder with a missing or wrong value; the error names its field.
    """
    parsed_values = {
        placeholder.name: parse_placeholder(placeholder, values.get(placeholder.name, ""))
        for placeholder in placeholders
    }
    return {name: _fill_setting(setting, parsed_values) for name, setting in settings.items()}


def parse_placeholder(placeholder: Placeholder, typed_text: str) -> str:
    """Read the text that was typed into a placeholder's field.

    :returns: a GUID in lower case; empty when nothing was typed into an optional field.
    :raises InvalidField: when the text is missing or no GUID.
    """
    from workflows.core.policy.graph_examples import corrected_word  # not needed at the start of a bot

    guid = typed_text.strip().strip("{}").lower()
    if not guid and not placeholder.is_required:
        return ""
    about = {"kind": placeholder.kind.value, "owner": placeholder.owner.value}
    if not guid:
        raise InvalidField(placeholder.field, RefusalCode.PLACEHOLDER_MISSING, **about)
    if word := corrected_word(guid, of_applications=placeholder.kind is TargetType.APPLICATION):
        raise InvalidField(placeholder.field, RefusalCode.PLACEHOLDER_RESERVED_WORD, word=word, **about)
    if guid == _NIL_GUID or not is_guid(guid):
        raise InvalidField(placeholder.field, RefusalCode.PLACEHOLDER_NOT_AN_ID, label=placeholder.label, **about)
    return guid


def begins_with(name: str, prefix: str) -> bool:
    """Return whether a name begins with a prefix, in upper or lower case. Every name begins with an empty prefix."""
    return name.casefold().startswith(prefix.casefold())


def named_configurations(setting: Setting) -> Iterator[tuple[str, TargetConfiguration]]:
    """List the target lists of a setting, each with the name of its field in the model, or of its capability."""
    if isinstance(setting, Capabilities):
        for capability in setting.items:
            if capability.people is not None:
                yield capability.name, capability.people
    elif is_dataclass(setting):
        for field in fields(setting):
            value = getattr(setting, field.name)
            if isinstance(value, TargetConfiguration):
                yield field.name, value


def _fill_setting(setting: Setting, values: Mapping[str, str]) -> Setting:
    changes: dict[str, Any] = {
        field: replace(configuration, targets=_targets(configuration.targets, values))
        for field, configuration in named_configurations(setting)
    }
    if isinstance(setting, Capabilities):
        return Capabilities(
            items=tuple(replace(item, people=changes.get(item.name, item.people)) for item in setting.items)
        )
    return replace(setting, **changes) if is_dataclass(setting) and changes else setting


def _targets(targets: tuple[Target, ...], values: Mapping[str, str]) -> tuple[Target, ...]:
    replaced_targets = (
        replace(target, id=values[placeholder]) if (placeholder := placeholder_of(target)) else target
        for target in targets
        if values.get(placeholder_of(target), True)
    )
    return tuple(dict.fromkeys(replaced_targets))
