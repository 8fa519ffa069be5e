"""Canonical JSON (RFC 8785), digests of it, results that are computed once, and equal values that are kept once.

Every part of a card, and every check of a decision, asks a plan for its digest and its changes. Objects are compared by
identity: another object, such as one that was read from the store again, is computed again.
"""

import codecs
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, Final, NewType, ParamSpec, TypeVar

import rfc8785

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode

Digest = NewType("Digest", str)
"""SHA-256 in lower-case hexadecimal, 64 characters."""

JsonObject = Mapping[str, Any]

_MAX_REMEMBERED: Final = 64
"""How many results are remembered, for each function: those of all plans that are made at the same time."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Value = TypeVar("Value", bound=Hashable)

codecs.lookup("utf-16-be")  # rfc8785 sorts by it. Python imports a codec at its first use, which would be at a click.


def canonical_json(document: JsonObject) -> bytes:
    """Encode a document as canonical JSON (RFC 8785). Equal documents give equal bytes in any order of keys.

    Text is not normalized, so that a digest covers exactly the text that people see.

    :raises UnreadableSetting: for values that JSON or Unicode cannot represent exactly.
    """
    try:
        return rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise UnreadableSetting(RefusalCode.NOT_WRITABLE_AS_JSON, problem=str(error)) from error


def digest(domain: str, document: JsonObject) -> Digest:
    """Return the digest of a document. Equal documents with another `domain` get another digest."""
    return Digest(hashlib.sha256(domain.encode() + b"\n" + canonical_json(document)).hexdigest())


def computed_once(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return a function that computes its result once for each of the last few lists of arguments.

    NB. only for arguments that nothing changes, and for results that nothing changes. With named arguments
    nothing is remembered.
    """
    # By identity. The arguments are kept too, so that no other object gets the identity of one of them.
    # Each step is one call, so that threads need no lock: at worst one of them computes a result again.
    remembered: OrderedDict[tuple[int, ...], tuple[Result, tuple[Any, ...]]] = OrderedDict()

    @wraps(function)
    def remembering(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if kwargs:
            return function(*args, **kwargs)
        key = tuple(map(id, args))
        found = remembered.get(key)
        if found is not None:
            return found[0]
        result = function(*args, **kwargs)
        remembered[key] = result, args
        if len(remembered) > _MAX_REMEMBERED:
            remembered.popitem(last=False)
        return result

    return remembering


class SharedValues:
    """Returns documents in which equal members are the same object: partners of one template have equal settings.

    Documents are never changed, so nobody sees it.

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
