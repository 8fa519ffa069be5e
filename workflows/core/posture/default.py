"""The access that the tenant's default gives to and from every tenant without its own settings."""

from collections.abc import Iterator, Sequence
from typing import Final

from workflows.core.posture.access import OVERVIEW, TRUST_PAGE, b2b_access_of, said, trust_of, unreadable_settings
from workflows.core.posture.model import B2BAccess, Concern, DefaultPosture, Weight, sorted_concerns
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective
from workflows.core.settings.model import Property
from workflows.core.settings.openness import Kind, Opening, Way, left_open, ways
from workflows.core.settings.openness_words import ways_words
from workflows.core.settings.words import TRUST_TITLES

DEFAULT_PAGE: Final = "Graph: “crossTenantAccessPolicyConfigurationDefault”"
_TO_EVERYBODY: Final = {
    Property.B2B_COLLABORATION_INBOUND: (
        "Inbound B2B collaboration",
        "people of every other tenant can be invited as guests and reach every application that is given to them",
    ),
    Property.B2B_COLLABORATION_OUTBOUND: (
        "Outbound B2B collaboration",
        "our people can be guests in every other tenant, in all of its applications",
    ),
    Property.B2B_DIRECT_CONNECT_INBOUND: (
        "Inbound B2B direct connect",
        "people of every other tenant can work here without an account of ours, once their tenant allows it",
    ),
    Property.B2B_DIRECT_CONNECT_OUTBOUND: (
        "Outbound B2B direct connect",
        "our people can work in every other tenant that allows it, outside our own controls",
    ),
}


def default_posture(document: JsonObject | None, unread_because: str = "") -> DefaultPosture:
    """Return the default's posture with its concerns.

    :param document: None when it could not be read; `unread_because` says why.
    """
    applies = effective(None, document)
    b2b_access, found = b2b_access_of(applies), ways(None, document)
    return DefaultPosture(
        is_read=document is not None,
        is_service_default=(document or {}).get("isServiceDefault") is True,
        b2b_access=b2b_access,
        trust=trust_of(applies),
        document=document,
        ways=found,
        concerns=sorted_concerns(
            [_unread(unread_because)]
            if document is None
            else _concerns(document, b2b_access, _trusted(document), found)
        ),
    )


def _trusted(document: JsonObject) -> tuple[str, ...]:
    flags = trust_of(effective(None, document))
    return tuple(TRUST_TITLES[key] for key, flag in flags.items() if flag.value is True)


def _concerns(
    document: JsonObject, b2b_access: dict[Property, B2BAccess], trusted: Sequence[str], found: Sequence[Way]
) -> Iterator[Concern]:
    if trusted:
        yield Concern(
            code="default_trusts_everybody",
            weight=Weight.ALERT,
            text=f"The default trusts EVERY other tenant that does not say otherwise: {'; '.join(trusted)}.",
            source=TRUST_PAGE,
        )
    for name, (way, meaning) in _TO_EVERYBODY.items():
        if b2b_access[name].opening in (Opening.OPEN, Opening.PARTLY):
            is_whole = b2b_access[name].opening is Opening.OPEN
            text = f": {meaning}." if is_whole else " in part, for every tenant without settings of its own."
            yield Concern(
                code=f"default_open_{_snake(name)}",
                weight=Weight.WARNING,
                text=f"{way} is open by default{text}",
                source=OVERVIEW,
            )
    unreadable = unreadable_settings(document)
    others = [
        way
        for way in left_open(found)
        if way.kind in (Kind.SERVICE, Kind.UNDESCRIBED) and way.setting not in unreadable
    ]
    if opened := [way for way in others if way.opening is not Opening.UNKNOWN]:
        yield Concern(
            code="default_also_open",
            weight=Weight.WARNING,
            text=f"Open by default as well, for every tenant that does not say otherwise: {ways_words(opened)}.",
            source=DEFAULT_PAGE,
        )
    if unknown := [way for way in others if way.opening is Opening.UNKNOWN]:
        yield Concern(
            code="default_not_known_closed",
            weight=Weight.UNCHECKED,
            text=f"Set in the default, and what it opens is not known: {ways_words(unknown)}.",
            source=DEFAULT_PAGE,
        )
    if unreadable:
        yield Concern(
            code="default_unreadable",
            weight=Weight.UNCHECKED,
            text=f"Could not be checked, because this version cannot read the default's values: {said(unreadable)}.",
            source=DEFAULT_PAGE,
        )
    if document.get("isServiceDefault") is True:
        yield Concern(
            code="default_is_microsofts",
            weight=Weight.NOTE,
            text="The default is Microsoft's own, never changed by this tenant; Microsoft may change it.",
            source=DEFAULT_PAGE,
        )


def _unread(reason: str) -> Concern:
    return Concern(
        code="default_unread",
        weight=Weight.UNCHECKED,
        text=f"What the default allows could not be checked, and with it whatever a partner inherits. {reason}".strip(),
        source=DEFAULT_PAGE,
    )


def _snake(name: Property) -> str:
    return name.name.lower()
