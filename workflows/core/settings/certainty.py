"""Find target lists whose meaning is not certain, because Microsoft does not document it.

A doubt is not an error: real tenants have such values, and they are shown unchanged. Access that depends on such a list
counts as open (see `access_change`).
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    Target,
    TargetConfiguration,
    TargetSetting,
    TargetType,
    is_guid,
    named_lists,
)


class Doubt(StrEnum):
    """Why it is not certain what a setting allows. The values are codes."""

    EMPTY_LIST = "empty_list"
    """A list without targets (Graph: "crossTenantAccessPolicyTargetConfiguration" does not say what it means)."""
    UNKNOWN_WORD = "unknown_word"
    """A target that is neither an id nor one of Graph's reserved words, spelled exactly."""
    WRONG_TYPE = "wrong_type"
    """A target whose type is not allowed in its list, such as AllUsers with the type group."""
    ALL_AND_SOME = "all_and_some"
    """The reserved word for all targets, together with single targets."""
    BLOCK_OF_ONE_LIST = "block_of_one_list"
    """One list blocks everything and the other does not. A full block needs both lists (Graph: "Cross-tenant access
    settings API overview")."""
    ONE_LIST_ONLY = "one_list_only"
    """One of two lists is set and the other is null. Whether the null list is inherited is not documented."""


_MAX_CACHED_RESULTS: Final = 256
"""Of how many settings the doubts are remembered: the rules ask for the same setting dozens of times."""
_PLACEHOLDER: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")
"""The pattern of a template's placeholder."""
_WORDS: Final[Mapping[str, Mapping[str, TargetType]]] = {
    ALL_USERS: {ALL_USERS: TargetType.USER},
    ALL_APPLICATIONS: dict.fromkeys((ALL_APPLICATIONS, ALL_MICROSOFT_APPS, OFFICE_365), TargetType.APPLICATION),
}
_TYPES: Final[Mapping[str, frozenset[TargetType]]] = {
    ALL_USERS: frozenset({TargetType.USER, TargetType.GROUP}),
    ALL_APPLICATIONS: frozenset({TargetType.APPLICATION}),
}
_EVERYTHING: Final = frozenset(
    {Target(type=TargetType.USER, id=ALL_USERS), Target(type=TargetType.APPLICATION, id=ALL_APPLICATIONS)}
)


@lru_cache(maxsize=_MAX_CACHED_RESULTS)
def setting_doubts(setting: TargetSetting | None) -> tuple[Doubt, ...]:
    """List the reasons why the meaning of a setting is not certain. An unknown list (None) is no reason.

    :returns: each doubt once; empty when the meaning is documented.
    """
    return () if setting is None else tuple(dict.fromkeys(_doubts(setting)))


def list_doubt(everything: str, configuration: TargetConfiguration | None) -> Doubt | None:
    """Return why the meaning of one list is not certain; None when it is documented, or without a list.

    :param everything: the reserved word for all targets of this list; it distinguishes users from applications.
    """
    if configuration is None:
        return None
    if not configuration.targets:
        return Doubt.EMPTY_LIST
    for target in configuration.targets:
        word = _WORDS[everything].get(target.id)
        if word is None and not is_guid(target.id) and not _PLACEHOLDER.fullmatch(target.id):
            return Doubt.UNKNOWN_WORD
        if target.type is not word if word is not None else target.type not in _TYPES[everything]:
            return Doubt.WRONG_TYPE
    ids = {target.id for target in configuration.targets}
    return Doubt.ALL_AND_SOME if everything in ids and len(ids) > 1 else None


def blocks_all(configuration: TargetConfiguration | None) -> bool:
    """Return whether a list certainly blocks everything."""
    if configuration is None or configuration.access is not AccessType.BLOCKED:
        return False
    targets = set(configuration.targets)
    return len(targets) == 1 and targets <= _EVERYTHING


def _doubts(setting: TargetSetting) -> Iterator[Doubt]:
    lists = tuple(named_lists(setting))
    for target_list, configuration in lists:
        if doubt := list_doubt(target_list.word_for_all, configuration):
            yield doubt
    set_configurations = [configuration for _, configuration in lists if configuration is not None]
    if (
        len(set_configurations) > 1
        and len({blocks_all(target_configuration) for target_configuration in set_configurations}) > 1
    ):
        yield Doubt.BLOCK_OF_ONE_LIST
