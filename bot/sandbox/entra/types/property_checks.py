"""Check a JSON value against a declared Graph type: names, types and enum values, with exact case."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.entra.odata.calls import bad_request
from bot.sandbox.entra.odata.timestamps import moment_of

Check = Callable[[Any, str], None]
"""Called with a value and the name of its property; raises Refusal (400) when the value has another type."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_guid(text: object) -> bool:
    """Return whether `text` is a GUID in the form 8-4-4-4-12."""
    return isinstance(text, str) and _GUID.fullmatch(text) is not None


def boolean(value: Any, name: str) -> None:
    """Check an Edm.Boolean."""
    _require(isinstance(value, bool), name, "Edm.Boolean")


def text(value: Any, name: str) -> None:
    """Check an Edm.String."""
    _require(isinstance(value, str), name, "Edm.String")


def whole_number(value: Any, name: str) -> None:
    """Check an Edm.Int32."""
    _require(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31, name, "Edm.Int32")


def guid(value: Any, name: str) -> None:
    """Check a GUID. As in the directory, the error text contains the wrong value."""
    text(value, name)
    if not is_guid(value):
        raise bad_request(f"Invalid value specified for property '{name}' of resource: '{value}' is not a GUID.")


def instant(value: Any, name: str) -> None:
    """Check an Edm.DateTimeOffset."""
    text(value, name)
    try:
        moment_of(value)
    except ValueError as exc:
        raise _wrong_type(name, "Edm.DateTimeOffset") from exc


def anything(_value: Any, _name: str) -> None:
    """Accept a complex value that this simulator stores without a check."""


def one_of(*names: str) -> Check:
    """Return a check for an enum. `unknownFutureValue` is only for readers: it is refused in a write."""

    def check(value: Any, name: str) -> None:
        text(value, name)
        if value not in names:
            raise bad_request(f"Invalid value '{value}' specified for property '{name}'; allowed: {', '.join(names)}.")

    return check


def flags_of(*names: str) -> Check:
    """Return a check for a flags enum: one or more of `names`, separated by commas."""
    single = one_of(*names)

    def check(value: Any, name: str) -> None:
        text(value, name)
        for part in value.split(","):
            single(part.strip(), name)

    return check


def many(item: Check) -> Check:
    """Return a check for a collection: neither the collection nor an item may be null."""

    def check(value: Any, name: str) -> None:
        _require(isinstance(value, list), name, "Collection")
        for entry in value:
            item(entry, name)

    return check


def nullable(inner: Check) -> Check:
    """Return a check for a value that may be null."""

    def check(value: Any, name: str) -> None:
        if value is not None:
            inner(value, name)

    return check


def read_only(_value: Any, name: str) -> None:
    """Refuse a property that only the service sets."""
    raise bad_request(f"Property '{name}' is read-only and cannot be set.")


def structure(**properties: Check) -> Check:
    """Return a check for a complex type with these properties, each of which may be absent.

    Names are case-sensitive, as in the service since spring 2025. The only annotation accepted is `@odata.type`.
    """
    return lambda value, name: check_properties(value, name, properties)


def check_properties(value: Any, name: str, properties: Mapping[str, Check]) -> None:
    """Check the object `value` against `properties`.

    :raises Refusal: 400, "Invalid property 'x'." for a name that is not declared.
    """
    _require(isinstance(value, dict), name, "a JSON object")
    for key, entry in value.items():
        if key == "@odata.type":
            text(entry, key)
            continue
        check = properties.get(key)
        if check is None:
            raise bad_request(f"Invalid property '{key}'.")
        check(entry, key)


def _require(holds: bool, name: str, type_name: str) -> None:
    if not holds:
        raise _wrong_type(name, type_name)


def _wrong_type(name: str, type_name: str) -> Exception:
    return bad_request(f"Cannot convert the value of property '{name}' to the expected type '{type_name}'.")
