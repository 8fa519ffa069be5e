"""Tell whether it is certain what the lists of a setting mean. What Microsoft does not document is a doubt, said so.

A doubt is never an error: real tenants hold such values, and they are shown as they are. Whatever depends on them
counts as open (see `reach`).
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
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
    """Why it is not certain what a setting lets in; the values are codes."""

    EMPTY_LIST = "empty_list"
    """A list without targets (Graph: "crossTenantAccessPolicyTargetConfiguration" says nothing of it)."""
    UNKNOWN_WORD = "unknown_word"
    """A target that is neither an ID nor one of Graph's reserved words in their exact spelling."""
    WRONG_TYPE = "wrong_type"
    """A target of a type that does not belong into its list, such as AllUsers as a group."""
    ALL_AND_SOME = "all_and_some"
    """The word for everything beside single targets."""
    BLOCK_OF_ONE_LIST = "block_of_one_list"
    """One list blocks everything and the other does not; a whole block needs both (Graph: "Cross-tenant access
    settings API overview")."""
    ONE_LIST_ONLY = "one_list_only"
    """One of two lists is set and the other is null: whether the other is inherited is not documented."""


REASONS: Final[Mapping[Doubt, str]] = {
    Doubt.EMPTY_LIST: "Microsoft does not document what an empty list means",
    Doubt.UNKNOWN_WORD: "a target is neither an ID nor a word that Microsoft Graph knows",
    Doubt.WRONG_TYPE: "a target has a type that does not belong into its list",
    Doubt.ALL_AND_SOME: "Microsoft does not document what everything beside single targets means",
    Doubt.BLOCK_OF_ONE_LIST: "one list blocks everything and the other does not; a whole block needs both",
    Doubt.ONE_LIST_ONLY: "one list is set and the other is not; Microsoft does not document what then applies",
}
"""Each doubt in words that continue a sentence."""

_PLACEHOLDER: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")
"""A template's place for an ID that the form asks for."""
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


def setting_doubts(setting: TargetSetting | None) -> tuple[Doubt, ...]:
    """List why it is not certain what a setting means; a list that is None is not known, which is no doubt of its own.

    :returns: each doubt once; empty when its meaning is documented.
    """
    return () if setting is None else tuple(dict.fromkeys(_doubts(setting)))


def list_doubt(everything: str, configuration: TargetConfiguration | None) -> Doubt | None:
    """Tell why it is not certain what one list means; None when it is documented, or when there is no list.

    :param everything: the reserved word that stands for all of it, which tells users from applications.
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
    """Tell whether a list blocks everything for certain."""
    if configuration is None or configuration.access is not AccessType.BLOCKED:
        return False
    targets = set(configuration.targets)
    return len(targets) == 1 and targets <= _EVERYTHING


def _doubts(setting: TargetSetting) -> Iterator[Doubt]:
    lists = tuple(named_lists(setting))
    for target_list, configuration in lists:
        if doubt := list_doubt(target_list.everything, configuration):
            yield doubt
    known = [configuration for _, configuration in lists if configuration is not None]
    if len(known) > 1 and len({blocks_all(one) for one in known}) > 1:
        yield Doubt.BLOCK_OF_ONE_LIST
