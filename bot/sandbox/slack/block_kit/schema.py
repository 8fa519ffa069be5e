"""Describe JSON by small checks; each check yields what is not_allowed and where, in Slack's words.

A check takes a value and its JSON pointer, and yields problems such as `must be less than 151 characters [json-
pointer:/blocks/0/text/text]`. A valid value yields nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


def problem(words: str, pointer: str) -> str:
    """Return a problem at the place that a JSON pointer names, in the form of Slack's `response_metadata.messages`."""
    return f"{words} [json-pointer:{pointer}]"


def string(maximum: int, *, minimum: int = 0) -> Check:
    """Return a check for a string of `minimum` to `maximum` characters."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", pointer)
        elif len(value) > maximum:
            # Slack's own sentences name the first length that it refuses: 76 when 75 are accepted.
            yield problem(f"must be less than {maximum + 1} characters", pointer)
        elif len(value) < minimum:
            yield problem(f"must be more than {minimum - 1} characters", pointer)

    return check


def boolean(value: Any, pointer: str) -> Iterator[str]:
    """Check a boolean."""
    if not isinstance(value, bool):
        yield problem("must be a boolean", pointer)


def integer(minimum: int, maximum: int) -> Check:
    """Return a check for a whole number from `minimum` to `maximum`."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must be an integer", pointer)
        elif not minimum <= value <= maximum:
            yield problem(f"must be from {minimum} to {maximum}", pointer)

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of a few words."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be a valid enum value: {', '.join(allowed)}", pointer)

    return check


def array_of(each: Check, *, maximum: int, minimum: int = 1) -> Check:
    """Return a check for a list of `minimum` to `maximum` values; `each` checks every value."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", pointer)
            return
        if len(value) > maximum:
            yield problem(f"no more than {maximum} items allowed", pointer)
        if len(value) < minimum:
            yield problem(f"no fewer than {minimum} items allowed", pointer)
        for index, item in enumerate(value):
            yield from each(item, f"{pointer}/{index}")

    return check


def json_object(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *, also: Check | None = None
) -> Check:
    """Return a check for an object with exactly these properties; `type` is always allowed.

    :param also: a further check of an object that is valid so far.
    """
    optional = optional or {}
    members = {**required, **optional}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", pointer)
            return
        is_valid = True
        for name in required:
            if name not in value:
                is_valid = False
                yield problem(f"missing required field: {name}", pointer)
        for name, inner in value.items():
            if name == "type":
                continue
            not_allowed = [problem(f"invalid additional property: {name}", pointer)]
            for text in members[name](inner, f"{pointer}/{name}") if name in members else not_allowed:
                is_valid = False
                yield text
        if also is not None and is_valid:
            yield from also(value, pointer)

    return check


def object_by_type(table: Mapping[str, Check]) -> Check:
    """Return a check for an object whose `type` is a key of `table`; the entry checks it."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", pointer)
        elif "type" not in value:
            yield problem("missing required field: type", pointer)
        elif not isinstance(value["type"], str) or value["type"] not in table:
            yield problem(f"unsupported type: {value['type']}", f"{pointer}/type")
        else:
            yield from table[value["type"]](value, pointer)

    return check


def anything(value: Any, pointer: str) -> Iterator[str]:
    """Accept every value."""
    yield from ()


def all_of(*checks: Check) -> Check:
    """Return a check that passes when all `checks` pass."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        for part in checks:
            yield from part(value, pointer)

    return check
