"""What is erased of a person who left: their identifiers and names everywhere, and the free texts that they wrote."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.core.audit.personal import (
    Entry,
    Sealed,
    all_texts,
    decoded,
    named_places,
    pseudonym,
    read_members,
    replaced,
    shown,
    written_members,
)

FREE_TEXTS: Final = frozenset(
    {"comment", "justification", "message", "note", "reason", "remark", "text", "ticket", "typed", "what"}
)
"""The names of details, and of members of records, with texts that their author wrote freely."""
_AUTHORS: Final = frozenset({"actor", "answered_by", "by", "ended_by", "person", "requester", "set_by", "submitter"})
"""The members of a record that name the author of the texts beside them."""
_NAMES: Final = frozenset({"name", "mail", "display_name", "user_principal_name"})
_OWN_IDS: Final = ("id", "chat_id")


@dataclass(frozen=True, slots=True)
class PersonTexts:
    """The texts by which a person is known."""

    number: int
    ids: frozenset[str]
    """Accounts and chat ids."""
    names: frozenset[str] = frozenset()
    """Names and mail addresses. A name of one word is found only as it is written, so that few other words are."""
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _parts: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact = [re.escape(one) for one in self.names if one.isalnum()]
        folded = [re.escape(one) for one in (*self.names, *self.ids) if not one.isalnum() or one in self.ids]
        parts = [*exact, *(f"(?i:{one})" for one in folded)]
        # NB. the longest first, so that nothing of a longer name stays.
        pattern = "|".join(sorted(parts, key=len, reverse=True))
        every = [*self.ids, *self.names]
        written = (
            json.dumps(one, ensure_ascii=is_ascii)[1:-1].casefold() for one in every for is_ascii in (True, False)
        )
        object.__setattr__(self, "_parts", frozenset(written))
        object.__setattr__(self, "_pattern", re.compile(rf"(?<!\w)(?:{pattern or '(?!)'})(?!\w)"))

    @property
    def pseudonym(self) -> str:
        """Return what is shown in their place."""
        return pseudonym(self.number)

    def names_them(self, text: str) -> bool:
        """Return whether a text has an identifier or a name of the person."""
        return self._pattern.search(text) is not None

    def may_be_in(self, document: str) -> bool:
        """Return whether the JSON of a document may name the person. It is fast, and never False for one that does."""
        return any(part in document.casefold() for part in self._parts)

    def is_them(self, value: Any) -> bool:
        """Return whether a value of a record is the person: an identifier, a name, or a record with their id."""
        if isinstance(value, Mapping):
            return any(value.get(name) in self.ids for name in _OWN_IDS)
        return isinstance(value, str) and self._pattern.fullmatch(value) is not None

    def in_text(self, text: str) -> str:
        """Return a text with the pseudonym in place of the person."""
        return self._pattern.sub(self.pseudonym, text)


def found_texts(documents: Iterable[Any], person: PersonTexts) -> PersonTexts:
    """Return the person with every chat id, name and mail address that records have of them."""
    # NB. an account without a chat id beside it is no person: a request has the account of its requester.
    ids, names = set(person.ids), set(person.names)
    for one in _objects(documents):
        has_chat_id = "chat_id" in one
        known = (*_OWN_IDS, "account") if has_chat_id else _OWN_IDS
        if any(one.get(name) in person.ids for name in known):
            names |= {text for name in _NAMES if isinstance(text := one.get(name), str) and text.strip()}
            if has_chat_id:
                ids |= {text for name in known if isinstance(text := one.get(name), str) and text}
    return PersonTexts(person.number, frozenset(ids), frozenset(names - ids))


def _objects(values: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for value in values:
        if isinstance(value, Mapping):
            yield value
            yield from _objects(value.values())
        elif isinstance(value, list):
            yield from _objects(value)


def without_person(value: Any, person: PersonTexts, *, is_free_text: bool = False) -> Any:
    """Return a value of JSON with the pseudonym in place of a person, and of the free texts that they wrote.

    :param is_free_text: whether the value is a free text of the person.
    """
    if isinstance(value, str):
        return person.pseudonym if is_free_text and value else person.in_text(value)
    if isinstance(value, list):
        return [without_person(one, person, is_free_text=is_free_text) for one in value]
    if isinstance(value, Mapping):
        is_author = any(person.is_them(value.get(name)) for name in _AUTHORS)
        return {
            person.in_text(name): without_person(
                one, person, is_free_text=is_author and name in FREE_TEXTS and not isinstance(one, Mapping)
            )
            for name, one in value.items()
        }
    return value


@dataclass(frozen=True, slots=True)
class Erasure:
    """An entry after some of its texts were erased."""

    entry: Entry
    salts: str
    count: int


def erase(entry: Entry, sealed: Sealed, person: PersonTexts) -> Erasure | None:
    """Erase a person's texts of an entry, each with its salt; None when there are none to erase.

    A text is theirs when it names them, or when they are the author of the entry and it is a free text.
    """
    known, salts = read_members(sealed.references) or {}, read_members(sealed.salts) or {}
    is_author = any(person.is_them(entry[name]) for name in ("actor", "account"))
    free = {place for place, name in named_places(entry) if is_author and name in FREE_TEXTS}
    gone = {
        place: shown(place, known[place])
        for place, text in all_texts(entry)
        if place in salts and place in known and (place in free or person.names_them(decoded(place, text)))
    }
    if not gone:
        return None
    kept = {place: salt for place, salt in salts.items() if place not in gone}
    return Erasure(replaced(entry, gone), written_members(kept), len(gone))


def names_person(entry: Entry, person: PersonTexts) -> bool:
    """Return whether a text of an entry names a person."""
    return any(person.names_them(decoded(place, text)) for place, text in all_texts(entry))
