"""Find the application that a diagnosis is about, and name those that our settings list."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from workflows.core.posture.diagnosis.facts import ListedApplications, NamedApplication
from workflows.core.posture.diagnosis.known_applications import KNOWN_APPLICATIONS
from workflows.core.settings.model import ALL_MICROSOFT_APPS, OFFICE_365, Target, TargetType, is_guid
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject, TenantSettings

_MAX_SEARCHED: Final = 25
"""Applications among which the whole name is looked for."""
_MAX_NAMED: Final = 10
"""Applications that are named when several match, or when our settings list them."""
_MAX_SIMILAR: Final = 3
_MAX_WORDS: Final = 3
"""Words of a typed name with which names that are similar are looked for."""
_MIN_LETTERS: Final = 3
_AROUND: Final = frozenset({"the", "our", "their", "app", "application", "into", "for", "with", "from"})
_OFFICE: Final = frozenset({"office", "office 365", "office365", "o365", "m365", "microsoft 365"})
_OFFICE_PARTS: Final = ("SharePoint Online", "Microsoft Teams", "Exchange Online")
"""What people mean by Office 365 is several applications, with separate switches."""
_SUITES: Final = {OFFICE_365: "Office 365", ALL_MICROSOFT_APPS: "Microsoft admin portals"}


async def find_application(typed: str, *, settings: TenantSettings, completes_names: bool) -> NamedApplication:
    """Find an application by its id, its name in any spelling, Microsoft's name of its own, or how its name begins.

    :param completes_names: whether names of ours may be said that were not typed whole.
    """
    if is_guid(typed):
        name = await settings.name_of(Target(type=TargetType.APPLICATION, id=typed.lower()))
        return NamedApplication(typed=typed, id="" if name is None else typed.lower(), name=name or "")
    spelling = " ".join(typed.lower().split())
    if spelling in _OFFICE:
        return NamedApplication(typed=typed, others=_OFFICE_PARTS)
    found = await settings.find_by_prefix(TargetType.APPLICATION, typed, _MAX_SEARCHED)
    meant = [one for one in found if one.name.lower() == typed.lower()]
    known = KNOWN_APPLICATIONS.get(spelling) or KNOWN_APPLICATIONS.get(" ".join(_words(typed)))
    if not meant and known is not None:
        return NamedApplication(typed=typed, id=known.id, name=known.name)
    alike = () if meant else await _with_words(typed, settings)
    meant = meant or [one for one in alike if _key(one.name) == _key(typed)]
    if not meant and completes_names:
        meant = list(found)
    if len(meant) == 1:
        return NamedApplication(typed=typed, id=meant[0].id.lower(), name=meant[0].name)
    others = tuple(one.name for one in meant[:_MAX_NAMED])
    similar = similar_names(typed, [one.name for one in alike], ()) if completes_names and not others else ()
    return NamedApplication(typed=typed, others=others, similar=similar)


async def _with_words(typed: str, settings: TenantSettings) -> Sequence[FoundObject]:
    """Return applications of ours with a word of the typed name, in the singular or the plural."""
    words = list(dict.fromkeys(part for word in _words(typed)[:_MAX_WORDS] for part in (word, _singular(word))))
    return await settings.applications_with(words) if words else ()


def _words(text: str) -> list[str]:
    """Return the words of a name, without those that people put around it."""
    words = re.findall(r"[^\W_]+", text.lower())
    return [word for word in words if word not in _AROUND and (len(word) >= _MIN_LETTERS or word.isdigit())]


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > _MIN_LETTERS else word


def _key(text: str) -> list[str]:
    return [_singular(word) for word in _words(text)]


def similar_names(typed: str, found: Sequence[str], listed: Sequence[str]) -> tuple[str, ...]:
    """Return the names that may be meant, those with most of the typed words first; of equals, the listed ones.

    :param found: names with such a word.
    """
    words = set(_key(typed))
    shared = {name: len(words & set(_key(name))) for name in (*listed, *found)}
    return tuple(sorted((name for name in shared if shared[name]), key=lambda name: -shared[name]))[:_MAX_SIMILAR]


async def names_of_listed(listed: ListedApplications, settings: TenantSettings) -> tuple[str, ...]:
    """Return the names of listed applications; none when one of them cannot be named, or when there are many."""
    if len(listed.ids) > _MAX_NAMED:
        return ()
    try:
        names = [_SUITES.get(each) or await _name(each, settings) for each in listed.ids]
    except (TenantRefused, TenantUnavailable):
        return ()
    return tuple(names) if all(names) else ()


async def names_of(application_ids: Sequence[str], settings: TenantSettings) -> dict[str, str]:
    """Return the names of applications by id, as far as they can be read; of many, the first ones."""
    names = {}
    with suppress(TenantRefused, TenantUnavailable):
        for each in application_ids[:_MAX_NAMED]:
            names[each] = await _name(each, settings)
    return {each: name for each, name in names.items() if name}


async def _name(application_id: str, settings: TenantSettings) -> str:
    name = await settings.name_of(Target(type=TargetType.APPLICATION, id=application_id.lower()))
    known = {one.id: one.name for one in KNOWN_APPLICATIONS.values()}
    return name or known.get(application_id.lower(), "")
