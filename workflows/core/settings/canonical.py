"""Canonical JSON (RFC 8785), and digests of it."""

import codecs
import hashlib
from collections.abc import Mapping
from typing import Any, NewType

import rfc8785

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode

Digest = NewType("Digest", str)
"""SHA-256 in lower-case hexadecimal, 64 characters."""

JsonObject = Mapping[str, Any]

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
