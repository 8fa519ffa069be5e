"""The personal texts of an entry: they stand beside what is signed, so that erasing them does not break the chain.

What is signed has a reference in place of each such text: the pseudonym of its person, and a commitment. That is
HMAC-SHA256 of the text, with 16 random bytes of salt as the key, because names and chat ids can be guessed. The shown
entry has the text. Who erases it removes text and salt, and the entry shows the pseudonym for ever.

Texts are found in the details as the strings of their JSON, by their number. Nothing is parsed and written again, so
every other byte is signed as it is stored.
"""

import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

PSEUDONYM: Final = "person-"
"""The beginning of what is shown in place of an erased person."""
ERASED: Final = "erase_person"
"""The stored name of the entry about an erasure. Details: `person`, `texts`, `entries`, `older`, `records`, `by`."""
PERSONAL: Final = "personal"
"""The member of what is signed that says which texts are references."""
SALT_BYTES: Final = 16
NOBODY: Final = 0
"""The number for a text that is no identifier of a known person."""
PUBLIC_NAMES: Final = frozenset(
    {
        "accessType",
        "after",
        "alarm",
        "at",
        "batch",
        "client_request_id",
        "code",
        "codes",
        "counts_as",
        "digest",
        "effect",
        "ends_at",
        "fingerprint",
        "format",
        "from",
        "generation",
        "head",
        "kind",
        "level",
        "method",
        "outcome",
        "request_id",
        "sha256",
        "state",
        "step",
        "targetType",
        "template",
        "tenantId",
        "tenant_id",
        "through",
        "timestamp",
        "to_state",
        "until",
        "version",
        "wanted",
    }
)
"""The names of details whose texts are about no person. The texts of every other name are kept beside the entry."""
KEYED_BY_PERSON: Final = frozenset({"people"})
"""The names of details whose members are named by a person's chat id."""

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_REFERENCE: Final = re.compile(r"(?:person-[1-9][0-9]{0,17}|erased):[0-9a-f]{64}")
_DETAILS: Final = "details"
_COLUMNS: Final = ("key", "actor", "account")

Entry = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored beside an entry with personal texts: two JSON objects by the place of each text."""

    references: str
    """The references. This text is signed."""
    salts: str
    """The salts, in hexadecimal. It is not signed. An erased text has none."""


@dataclass(frozen=True, slots=True)
class TextCheck:
    """What was found about the personal texts of one entry."""

    is_whole: bool
    """Whether each text that is there is the one that was committed to."""
    erased: int = 0
    """How many texts were erased."""


def pseudonym(number: int) -> str:
    """Return what is shown in place of a person's erased texts; always the same for one person.

    :param number: that of the person; 0 for a text that is no identifier of a known person.
    """
    return f"{PSEUDONYM}{number}" if number else "erased"


def places(entry: Entry) -> Iterator[tuple[str, str]]:
    """Give the place and the text of each personal text. A text of details is as it stands between its quotes."""
    for name in ("actor", "account"):
        if text := entry[name]:
            yield name, text
    for number, text, name, is_name in _strings(entry[_DETAILS] or ""):
        is_personal = name in KEYED_BY_PERSON if is_name else name not in PUBLIC_NAMES
        if text and (is_personal or _REFERENCE.fullmatch(text)):
            yield f"{_DETAILS}:{number}", text


def seal(entry: Entry, numbers: Callable[[str], int | None], new_salt: Callable[[], bytes]) -> Sealed | None:
    """Return what stands beside an entry; None when it has no personal text.

    :param numbers: returns the number of the person with this identifier; `NOBODY` for any other text; None for a
        name that belongs to no person, such as that of the bot, which is signed as it is.
    """
    found = [(place, text, number) for place, text in places(entry) if (number := numbers(text)) is not None]
    key = entry["key"] or ""
    owners = [number for part in key.split(":") if (number := numbers(part))]
    if owners:
        found.append(("key", key, owners[0]))
    if not found:
        return None
    references, salts = {}, {}
    for place, text, number in found:
        salt = new_salt()
        salts[place] = salt.hex()
        references[place] = f"{pseudonym(number)}:{_commitment(salt, text)}"
    return Sealed(written_members(references), written_members(salts))


def signed_texts(entry: Entry, references: str | None) -> Entry:
    """Return what is signed of an entry: its texts, with the references in place of the personal ones.

    For an entry without personal texts these are its texts as they are. References that nobody can read give something
    that was never signed.
    """
    if references is None:
        return entry
    known = read_members(references) or {}
    return replaced(entry, known) | {PERSONAL: references}


def check_texts(entry: Entry, references: str | None, salts: str | None) -> TextCheck:
    """Compare the personal texts of an entry with their commitments. The signature is verified before.

    A text without a salt must be the pseudonym of its reference.
    """
    if references is None:
        return TextCheck(is_whole=not salts)
    known, kept = read_members(references), read_members(salts or "")
    if known is None or kept is None or not kept.keys() <= known.keys() or written_members(kept) != salts:
        return TextCheck(is_whole=False)
    texts, erased = dict(all_texts(entry)), 0
    for place, reference in known.items():
        text, salt = texts.get(place), _bytes(kept.get(place))
        if text is None or (place in kept and (salt is None or not _is_of(reference, salt, text))):
            return TextCheck(is_whole=False)
        if place not in kept:
            if text != shown(place, reference):
                return TextCheck(is_whole=False)
            erased += 1
    return TextCheck(is_whole=True, erased=erased)


def shown(place: str, reference: str) -> str:
    """Return what an entry shows in place of an erased text. A key stays unique, so it is the whole reference."""
    return reference if place == "key" else reference.partition(":")[0]


def _is_of(reference: str, salt: bytes, text: str) -> bool:
    return hmac.compare_digest(reference.partition(":")[2].encode(), _commitment(salt, text).encode())


def _commitment(salt: bytes, text: str) -> str:
    return hmac.digest(salt, text.encode("utf-8", "surrogateescape"), "sha256").hex()


def all_texts(entry: Entry) -> Iterator[tuple[str, str]]:
    for name in _COLUMNS:
        if (text := entry[name]) is not None:
            yield name, text
    for number, text, *_ in _strings(entry[_DETAILS] or ""):
        yield f"{_DETAILS}:{number}", text


def decoded(place: str, text: str) -> str:
    """Return a text as a person wrote it: in details it stands as JSON, which only a damaged file has wrong."""
    try:
        return text if place in _COLUMNS else str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def replaced(entry: Entry, new: Mapping[str, str]) -> dict[str, str | None]:
    """Return an entry with other texts at some places."""
    changed = {
        name: new.get(name, text) if name in _COLUMNS and text is not None else text for name, text in entry.items()
    }
    number = -1

    def put(found: re.Match[str]) -> str:
        nonlocal number
        if found[0][0] != '"':
            return found[0]
        number += 1
        text = new.get(f"{_DETAILS}:{number}")
        return found[0] if text is None else json.dumps(text)

    if details := entry[_DETAILS]:
        changed[_DETAILS] = _STRING.sub(put, details)
    return changed


def named_places(entry: Entry) -> Iterator[tuple[str, str]]:
    """Give the place of each text of the details, with the name that it has there."""
    for number, _, name, is_name in _strings(entry[_DETAILS] or ""):
        if not is_name:
            yield f"{_DETAILS}:{number}", name


def _strings(details: str) -> Iterator[tuple[int, str, str, bool]]:
    """Give each string of a JSON text with its number, the nearest name around it, and whether it is itself a name.

    The name of a list or an object holds for every string in it that has no name of its own.
    """
    number, name, outer = -1, "", [""]
    for found in _STRING.finditer(details):
        part = found[0]
        if part in "{[":
            outer.append(name)
        elif part in "}]":
            name = outer.pop() if len(outer) > 1 else ""
        else:
            number, text = number + 1, part[1:-1]
            is_name = details[found.end() : found.end() + 1] == ":"
            around = outer[-1] if is_name else name
            yield number, text, around, is_name
            if is_name and around not in KEYED_BY_PERSON:
                name = text


def read_members(text: str) -> dict[str, str] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_right = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if is_right else None


def _bytes(text: str | None) -> bytes | None:
    try:
        found = bytes.fromhex(text or "")
    except ValueError:
        return None
    return found if found.hex() == text else None  # one way of writing, so that any changed byte is found


def written_members(values: Mapping[str, str]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
