"""Parts of a template that a request does not ask for. They are not written, so they stay as they are now. Pure.

A part is a flag that gives access, or a whole setting that does. Its code is Graph's name, as in `open_access`, and is
stored. The template itself, and the hash of its content, stay the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workflows.core.settings.access_change import is_certainly_blocked
from workflows.core.settings.model import (
    FLAGS,
    TARGET_PROPERTIES,
    Capabilities,
    IdentitySynchronization,
    Property,
    Setting,
)


def parts_that_open(settings: Mapping[Property, Setting]) -> tuple[str, ...]:
    """List the codes of the parts of these settings that give access, in the order of the settings."""
    return tuple(code for name, setting in settings.items() for code in _codes(name, setting))


def without_parts(settings: Mapping[Property, Setting], left_out: Iterable[str]) -> dict[Property, Setting]:
    """Return the settings without the parts that are left out. A part that gives no access is never left out."""
    codes = frozenset(left_out) & frozenset(parts_that_open(settings))
    kept = {name: _without_flags(name, setting, codes) for name, setting in settings.items() if name not in codes}
    return {name: setting for name, setting in kept.items() if setting == settings[name] or _has_flag(name, setting)}


def known_parts(settings: Mapping[Property, Setting], codes: Iterable[str]) -> tuple[str, ...]:
    """Return those of the codes that name a part of these settings, each once, in the order of the settings."""
    wanted = frozenset(codes)
    return tuple(code for code in parts_that_open(settings) if code in wanted)


def _codes(name: Property, setting: Setting) -> Iterator[str]:
    if name in FLAGS:
        for key, graph_name in FLAGS[name].items():
            if getattr(setting, key, None) is True:
                yield f"{name}.{graph_name}"
    elif isinstance(setting, Capabilities):
        if not all(map(is_certainly_blocked, setting.items)):
            yield name.value
    elif name in TARGET_PROPERTIES:
        lists: Any = setting
        if setting is not None and not is_certainly_blocked(lists):
            yield name.value
    elif isinstance(setting, IdentitySynchronization) and setting.is_allowed is True:
        yield name.value


def _without_flags(name: Property, setting: Setting, codes: frozenset[str]) -> Setting:
    changes: dict[str, Any] = {
        key: None for key, graph_name in FLAGS.get(name, {}).items() if f"{name}.{graph_name}" in codes
    }
    flags: Any = setting
    return replace(flags, **changes) if changes else setting


def _has_flag(name: Property, setting: Setting) -> bool:
    return any(getattr(setting, key, None) is not None for key in FLAGS.get(name, {}))
