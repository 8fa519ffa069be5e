"""The chain of the audit log: keys, and the signature that connects each entry with the entry before it.

The signature is HMAC-SHA256 (RFC 2104) over the previous signature, the sequence number, the whole entry and the id of
the key. Whoever does not have the key cannot change, remove, add or move an entry without breaking a signature.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from workflows.core.audit.personal import signed_texts

FIELDS: Final = ("key", "at", "actor", "command", "outcome", "request_id", "tenant_id", "account", "details")
"""The texts of an entry. They are signed as they are stored, the personal ones by reference; see `personal`."""
CHAIN_BEGUN: Final = "begin_audit_chain"
"""The stored name of the entry that says how many earlier entries were signed only with it. Detail: `entries`."""
KEY_CHANGED: Final = "change_audit_key"
"""The stored name of the entry that says that another key signs from now on. Details: `from`, `to`, `has_old`."""
SEALING_BEGUN: Final = "begin_record_seals"
"""The stored name of the entry that names records which were stored before entries named any. Detail: `records`."""
FREEZE_KEY: Final = "audit_chain:"
"""What the key of an entry begins with that froze because of a problem."""
LOG: Final = "log"
"""Stands for a table: how many entries were changed or are missing when two admins ended such a freeze."""
CLICKS: Final = "clicks"
"""Stands for a table: a received click whose permission is checked later. Its id is its key."""
WHATEVER: Final = "*"
"""Stands for the digest of the text before: the new text closes access, or two admins know what it was."""
MIN_KEY_BYTES: Final = 32
"""The fewest bytes of a key: as many as SHA-256 has (RFC 2104, section 3)."""

_DOMAIN: Final = b"gatehouse/audit/1\n"
_KEY_DOMAIN: Final = b"gatehouse/audit-key/1\n"


class KeyProblem(StrEnum):
    """Why a text has no keys that can be used."""

    NO_KEY = "no_key"
    NOT_BASE64 = "not_base64"
    TOO_SHORT = "too_short"


class WrongKeys(ValueError):
    """A text has no keys that can be used. The text is not part of the error."""

    def __init__(self, problem: KeyProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ChainKey:
    """One secret key. Its id is derived from it, so that an id never names another key. It is never printed."""

    secret: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", hashlib.sha256(_KEY_DOMAIN + self.secret).hexdigest()[:8])


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The known keys, the oldest first. The newest one signs; each one verifies."""

    keys: tuple[ChainKey, ...]

    @property
    def signing(self) -> ChainKey:
        """Return the key that signs."""
        return self.keys[-1]

    def find(self, key_id: str) -> ChainKey | None:
        """Return the key with this id; None when it is not known."""
        return next((key for key in self.keys if key.id == key_id), None)


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """A place in the chain: a sequence number, and the signature of its entry."""

    seq: int
    mac: bytes


BEGINNING: Final = ChainPoint(0, b"")
"""The place before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedRow:
    """An entry as it is stored, with its place in the chain."""

    seq: int
    entry: Mapping[str, str | None]
    """The texts of `FIELDS`, as they are shown."""
    key_id: str | None
    mac: bytes | None
    """None for a row that was never signed."""
    references: str | None = None
    """The references to personal texts, see `personal.Sealed`; None for an entry of which every text is signed."""
    salts: str | None = None
    records: str | None = None
    """What the entry says about the records that were stored with it, see `Seal`; None for one without records."""

    @property
    def signed(self) -> Mapping[str, str | None]:
        """Return what is signed of the entry, besides the records."""
        return signed_texts(self.entry, self.references)


def parse_keys(text: str) -> KeyRing:
    """Read keys in base64, separated by spaces, commas or lines; the newest is the last. `#` begins a comment.

    :raises WrongKeys: when there is none, or one of them cannot be used.
    """
    lines = (line.partition("#")[0] for line in text.splitlines())
    written = [part for line in lines for part in line.replace(",", " ").split()]
    if not written:
        raise WrongKeys(KeyProblem.NO_KEY)
    return KeyRing(tuple(map(_parse_key, written)))


def _parse_key(text: str) -> ChainKey:
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise WrongKeys(KeyProblem.NOT_BASE64) from None
    if len(secret) < MIN_KEY_BYTES:
        raise WrongKeys(KeyProblem.TOO_SHORT)
    return ChainKey(secret)


def written_key(key: ChainKey) -> str:
    """Return a key as `parse_keys` reads it."""
    return base64.b64encode(key.secret).decode()


def signed_bytes(
    previous: bytes, seq: int, entry: Mapping[str, str | None], key_id: str, records: str | None = None
) -> bytes:
    """Return what is signed: canonical JSON (RFC 8785) after a line that names the format.

    Every value is a text, a whole number or null, so Python's own encoder gives canonical JSON. Bytes that are no
    UTF-8, which only a damaged file has, are signed as they are.

    :param records: see `ChainedRow`. An entry without records is signed as before there were any.
    """
    document: dict[str, object] = {"entry": dict(entry), "key": key_id, "previous": previous.hex(), "seq": seq}
    if records is not None:
        document["records"] = records
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _DOMAIN + text.encode("utf-8", "surrogateescape")


def sign(
    previous: bytes, seq: int, entry: Mapping[str, str | None], key: ChainKey, records: str | None = None
) -> bytes:
    """Return the signature of an entry.

    :param previous: the signature of the entry before it; empty for the first one.
    :param records: see `ChainedRow`.
    """
    return hmac.digest(key.secret, signed_bytes(previous, seq, entry, key.id, records), "sha256")


def is_signed_for(row: ChainedRow, previous: bytes, seq: int, keys: KeyRing) -> bool:
    """Return whether the entry of a row was signed for this place."""
    key = None if row.key_id is None else keys.find(row.key_id)
    return key is not None and row.mac == sign(previous, seq, row.signed, key, row.records)


class Record(NamedTuple):
    """A stored record: its table, and its id there."""

    table: str
    id: str


class Seal(NamedTuple):
    """What an entry says about one record."""

    table: str
    id: str
    digest: str
    """That of the stored text; empty when the record is gone."""
    before: str
    """That of the text before; empty when there was none. Or `WHATEVER`."""


def digest_of(record: Record, text: str | None) -> str:
    """Return the digest of a record's text, with its table and id; empty without a text."""
    if text is None:
        return ""
    whole = "\n".join((*record, text)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(whole, digest_size=20).hexdigest()


def written_seals(seals: Iterable[Seal]) -> str | None:
    """Return seals as an entry has them; None when there is none."""
    return json.dumps([list(seal) for seal in seals], separators=(",", ":")) if seals else None
