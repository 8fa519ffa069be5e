"""The results of the writes that Graph may refuse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import Operation, written_capability
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import entry_of, with_capability
from workflows.core.settings.documents import has_no_value, is_same_value
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, M365_CAPABILITIES
from workflows.core.settings.undocumented_members import undocumented_members


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWrite:
    """A write that Graph may refuse and that did not take effect: Graph's names of what it writes, and why."""

    names: tuple[str, ...]
    reason: tuple[Fact, ...]
    """Facts whose codes are `NoteCode` or `TenantCode`."""


def is_shown(operation: Operation, configuration: JsonObject) -> bool:
    """Return whether a configuration contains everything that an operation writes; a null must be shown as empty."""
    if name := written_capability(operation):
        after = with_capability(configuration.get(M365_CAPABILITIES), name, operation.body)
        return is_same_value(entry_of(after, name), entry_of(configuration.get(M365_CAPABILITIES), name))
    return all(_shows(value, configuration.get(name)) for name, value in _body(operation).items())


def written_names(operation: Operation) -> tuple[str, ...]:
    """Return Graph's names of what an operation that Graph may refuse writes.

    When a setting is written only because of one of its members, this is the name of the member.
    """
    if capability := written_capability(operation):
        return (f"{M365_CAPABILITIES}.{capability}",)
    body = _body(operation)
    return tuple(".".join(path) for path in undocumented_members(body)) or tuple(body)


def _body(operation: Operation) -> JsonObject:
    is_synchronization = operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}")
    return {IDENTITY_SYNCHRONIZATION: operation.body} if is_synchronization else operation.body


def _shows(sent: Any, observed: Any) -> bool:
    if sent is None:
        return has_no_value(observed)
    if isinstance(sent, Mapping) and isinstance(observed, Mapping):
        return all(_shows(value, observed.get(name)) for name, value in sent.items())
    return is_same_value(sent, observed)
