"""Equal settings of many documents, kept in memory once: partners of one template have the same settings."""

import json
from collections.abc import Hashable
from typing import Any, TypeVar

from workflows.core.settings.canonical import JsonObject

Value = TypeVar("Value", bound=Hashable)


class SharedValues:
    """Returns documents in which equal members are the same object. Documents are never changed, so nobody sees it.

    Members are equal when they are written equally: the order of keys, and the kind of each number, included.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self._values: dict[Any, Any] = {}

    def __call__(self, document: JsonObject) -> JsonObject:
        """Return an equal document. A text that few documents have, as an id, is not looked for again."""
        return {name: self._share(value) for name, value in document.items()}

    def first(self, value: Value) -> Value:
        """Return the first given value that is equal to this value."""
        shared: Value = self._values.setdefault(value, value)
        return shared

    def _share(self, value: Any) -> Any:
        return self._kept.setdefault(json.dumps(value), value) if isinstance(value, dict | list) else value
