"""Describe JSON by small checks; each check yields what is wrong and where, in Slack's words.

A check takes a value and its JSON pointer, and yields problems such as `must be less than 151 characters [json-
pointer:/blocks/0/text/text]`. A valid value yields nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


def problem(words: str, at: str) -> str:
    """Return a problem at the place `at`, in the form of Slack's `response_metadata.messages`."""
    return f"{words} [json-pointer:{at}]"


def string(maximum: int, *, minimum: int = 0) -> Check:
    """Return a check for a string of `minimum` to `maximum` characters."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", at)
        elif len(value) > maximum:
            yield problem(f"must be less than {maximum + 1} characters", at)
        elif len(value) < minimum:
            yield problem(f"must be more than {minimum - 1} characters", at)

    return check


def flag(value: Any, at: str) -> Iterator[str]:
    """Check a boolean."""
    if not isinstance(value, bool):
        yield problem("must be a boolean", at)


def integer(minimum: int, maximum: int) -> Check:
    """Return a check for a whole number from `minimum` to `maximum`."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must be an integer", at)
        elif not minimum <= value <= maximum:
            yield problem(f"must be from {minimum} to {maximum}", at)

    return check


def choice(*allowed: str) -> Check:
    """Return a check for one of a few words."""

    def check(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be a valid enum value: {', '.join(allowed)}", at)

    return check


def items(each: Check, *, maximum: int, minimum: int = 1) -> Check:
    """Return a check for a list of `minimum` to `maximum` values; `each` checks every value."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", at)
            return
        if len(value) > maximum:
            yield problem(f"no more than {maximum} items allowed", at)
        if len(value) < minimum:
            yield problem(f"no fewer than {minimum} items allowed", at)
        for index, item in enumerate(value):
            yield from each(item, f"{at}/{index}")

    return check


def shape(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *, also: Check | None = None
) -> Check:
    """Return a check for an object with exactly these properties; `type` is always allowed.

    :param also: a further check of an object that is valid so far.
    """
    optional = optional or {}
    known = {**required, **optional}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
            return
        found = False
        for name in required:
            if name not in value:
                found = True
                yield problem(f"missing required field: {name}", at)
        for name, inner in value.items():
            if name == "type":
                continue
            wrong = [problem(f"invalid additional property: {name}", at)]
            for text in known[name](inner, f"{at}/{name}") if name in known else wrong:
                found = True
                yield text
        if also is not None and not found:
            yield from also(value, at)

    return check


def typed(table: Mapping[str, Check]) -> Check:
    """Return a check for an object whose `type` is a key of `table`; the entry checks it."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
        elif "type" not in value:
            yield problem("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in table:
            yield problem(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from table[value["type"]](value, at)

    return check


def anything(value: Any, at: str) -> Iterator[str]:
    """Accept every value."""
    yield from ()


def all_of(*checks: Check) -> Check:
    """Return a check that passes when all `checks` pass."""

    def check(value: Any, at: str) -> Iterator[str]:
        for one in checks:
            yield from one(value, at)

    return check
