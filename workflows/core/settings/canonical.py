"""Canonical JSON, and the digest computed from it."""

import hashlib
from collections.abc import Mapping
from typing import Any, NewType

import rfc8785

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode

Digest = NewType("Digest", str)
"""SHA-256 in lower-case hexadecimal, 64 characters."""

JsonObject = Mapping[str, Any]


def canonical_json(document: JsonObject) -> bytes:
    """Encode `document` as RFC 8785 canonical JSON: equal documents give equal bytes, whatever the order of keys.

    Text is not normalized, so the hash covers exactly the text that is shown.

    :raises UnreadableSetting: for values that JSON or Unicode cannot represent exactly.
    """
    try:
        return rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise UnreadableSetting(RefusalCode.NO_JSON_FORM, problem=str(error)) from error


def digest(domain: str, document: JsonObject) -> Digest:
    """Hash `document` under `domain`, so that equal documents of two kinds never have the same digest."""
    return Digest(hashlib.sha256(domain.encode() + b"\n" + canonical_json(document)).hexdigest())
