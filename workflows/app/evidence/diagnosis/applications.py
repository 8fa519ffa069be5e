"""Find the application that a diagnosis is about, and name those that our settings list."""

from collections.abc import Sequence
from typing import Final

from workflows.core.posture.diagnosis.facts import ListedApplications, NamedApplication
from workflows.core.posture.diagnosis.known_applications import KNOWN_APPLICATIONS
from workflows.core.settings.model import ALL_MICROSOFT_APPS, OFFICE_365, Target, TargetType, is_guid
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import TenantSettings

_MAX_SEARCHED: Final = 25
"""Applications among which the whole name is looked for."""
_MAX_NAMED: Final = 10
"""Applications that are named when several match, or when our settings list them."""
_MAX_SIMILAR: Final = 3
_MAX_WORDS: Final = 3
"""Words of a typed name with which names that are similar are looked for."""
_MIN_LETTERS: Final = 3
_SUITES: Final = {OFFICE_365: "Office 365", ALL_MICROSOFT_APPS: "Microsoft admin portals"}


async def find_application(typed: str, *, settings: TenantSettings, completes_names: bool) -> NamedApplication:
    """Find an application by its id, its whole name, Microsoft's name of its own, or how its name begins.

    :param completes_names: whether names of ours may be said that were not typed whole.
    """
    if is_guid(typed):
        name = await settings.name_of(Target(type=TargetType.APPLICATION, id=typed.lower()))
        return NamedApplication(typed=typed, id="" if name is None else typed.lower(), name=name or "")
    found = await settings.find_by_prefix(TargetType.APPLICATION, typed, _MAX_SEARCHED)
    meant = [one for one in found if one.name.lower() == typed.lower()]
    known = KNOWN_APPLICATIONS.get(" ".join(typed.lower().split()))
    if not meant and known is not None:
        return NamedApplication(typed=typed, id=known.id, name=known.name)
    if not meant and completes_names:
        meant = list(found)
    if len(meant) == 1:
        return NamedApplication(typed=typed, id=meant[0].id.lower(), name=meant[0].name)
    others = tuple(one.name for one in meant[:_MAX_NAMED])
    similar = await _beginning_alike(typed, settings) if completes_names and not others else ()
    return NamedApplication(typed=typed, others=others, similar=similar)


async def _beginning_alike(typed: str, settings: TenantSettings) -> tuple[str, ...]:
    """Return names of ours that begin with a word of the typed name."""
    names: dict[str, None] = {}
    for word in _words(typed)[:_MAX_WORDS]:
        found = await settings.find_by_prefix(TargetType.APPLICATION, word, _MAX_SIMILAR)
        names |= dict.fromkeys(one.name for one in found)
    return tuple(names)[:_MAX_SIMILAR]


def _words(text: str) -> list[str]:
    return [word for word in text.lower().split() if len(word) >= _MIN_LETTERS and word != "the"]


def similar_names(typed: str, found: Sequence[str], listed: Sequence[str]) -> tuple[str, ...]:
    """Return the names that may be meant: of the listed ones those with a word of the typed name, then what was found.

    :param found: names that begin with such a word.
    """
    words = set(_words(typed))
    alike = [name for name in listed if words & set(_words(name))]
    return tuple(dict.fromkeys((*alike, *found)))[:_MAX_SIMILAR]


async def names_of_listed(listed: ListedApplications, settings: TenantSettings) -> tuple[str, ...]:
    """Return the names of listed applications; none when one of them cannot be named, or when there are many."""
    if len(listed.ids) > _MAX_NAMED:
        return ()
    try:
        names = [_SUITES.get(each) or await _name(each, settings) for each in listed.ids]
    except (TenantRefused, TenantUnavailable):
        return ()
    return tuple(names) if all(names) else ()


async def _name(application_id: str, settings: TenantSettings) -> str:
    name = await settings.name_of(Target(type=TargetType.APPLICATION, id=application_id.lower()))
    known = {one.id: one.name for one in KNOWN_APPLICATIONS.values()}
    return name or known.get(application_id.lower(), "")
