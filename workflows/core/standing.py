"""What stands for a partner now, setting by setting, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workflows.core.canonical import JsonObject
from workflows.core.errors import UnreadableSetting
from workflows.core.partner import B2B_PROPERTIES, IDENTITY_SYNCHRONIZATION, Property, parse_setting
from workflows.core.setting_words import (
    NOT_SET,
    TITLES,
    flags_of,
    redemption_words,
    setting_words,
    strangers,
    synchronization_words,
    title,
    trust_words,
    unreadable,
)

DEFAULT_UNREAD: Final = "could not be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One setting of a partner as it stands now. `words` may hold text from the tenant."""

    setting: str
    words: str
    is_own: bool
    """True: set for this partner; False: what the tenant's default says."""


def describe_standing(configuration: JsonObject | None, default: JsonObject | None) -> tuple[Standing, ...]:
    """Say what every setting of a partner is now, and whether it is its own or the tenant's default.

    :param configuration: the partner's own document; None when it has none, so that the defaults apply to it.
    :param default: the tenant's default document; None when it could not be read.
    """
    own = configuration or {}
    return tuple(standing for name in TITLES for standing in _standings(name, own, default))


def unmanaged(configuration: JsonObject | None) -> tuple[str, ...]:
    """Name what else is set for the partner that Gatehouse neither reads nor writes, in Graph's words."""
    known = {*TITLES, "tenantId"}
    return tuple(
        sorted(
            name
            for name, value in (configuration or {}).items()
            if name not in known and "@" not in name and value not in (None, {}, False)
        )
    )


def _standings(name: str, own: JsonObject, default: JsonObject | None) -> Iterator[Standing]:
    document = own.get(name)
    if name == IDENTITY_SYNCHRONIZATION:
        yield Standing(setting=title(name), words=synchronization_words(document), is_own=document is not None)
        return
    if name in B2B_PROPERTIES:
        words = _default_words(name, default) if document is None else setting_words(name, document)
        yield Standing(setting=title(name), words=words, is_own=document is not None)
    else:
        yield from _flag_standings(Property(name), document, default)
    if others := strangers(name, document):
        yield Standing(setting=f"{title(name)}, other values", words=unreadable(others), is_own=True)


def _flag_standings(name: Property, document: object, default: JsonObject | None) -> Iterator[Standing]:
    try:
        setting = parse_setting(name, document)
    except UnreadableSetting:
        yield Standing(setting=title(name), words=unreadable(document), is_own=True)
        return
    for key, label, flag in flags_of(name, setting):
        if name is Property.AUTOMATIC_REDEMPTION:
            words = redemption_words(key, flag)
        else:
            words = _default_trust_words(key, default) if flag is None else trust_words(flag)
        yield Standing(setting=label, words=words, is_own=flag is not None)


def _default_words(name: str, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(name)
    return NOT_SET if document is None else setting_words(name, document)


def _default_trust_words(key: str, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(Property.INBOUND_TRUST)
    try:
        flag = getattr(parse_setting(Property.INBOUND_TRUST, document), key, None)
    except UnreadableSetting:
        return unreadable(document)
    return NOT_SET if flag is None else trust_words(flag)
