"""What became of the writes that may be refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.core.plans.plan import Operation
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import undescribed
from workflows.core.settings.documents import is_same_value, says_nothing
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.openness_words import way_title


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWrite:
    """A write that may be refused and does not stand: by Graph's names, with the reason."""

    names: tuple[str, ...]
    reason: str
    """Complete sentences."""


def shows(operation: Operation, image: JsonObject) -> bool:
    """Tell whether a configuration shows all that an operation writes; what is set to null has to say nothing."""
    return all(_shows(value, image.get(name)) for name, value in _body(operation).items())


def written_names(operation: Operation) -> tuple[str, ...]:
    """Name what an operation that may be refused is about; of a setting that it writes along, only the member."""
    body = _body(operation)
    return tuple(".".join(path) for path in undescribed(body)) or tuple(body)


def _body(operation: Operation) -> JsonObject:
    is_synchronization = operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}")
    return {IDENTITY_SYNCHRONIZATION: operation.body} if is_synchronization else operation.body


def _shows(wanted: Any, shown: Any) -> bool:
    if wanted is None:
        return says_nothing(shown)
    if isinstance(wanted, Mapping) and isinstance(shown, Mapping):
        return all(_shows(value, shown.get(name)) for name, value in wanted.items())
    return is_same_value(wanted, shown)


def not_taken_words(refused: Iterable[RefusedWrite]) -> str:
    """Say which writes that may be refused do not stand, and why."""
    return " ".join(f"Not taken: {'; '.join(map(way_title, one.names))}. {one.reason}".strip() for one in refused)
