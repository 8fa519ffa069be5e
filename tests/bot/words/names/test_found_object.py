"""The words for an object of our directory: name, kind, whether it is disabled, mail, end of its ID."""

import pytest

from bot.words.names.found_object import KINDS, found_name, found_words
from workflows.ports.tenant_settings import FoundObject, ObjectKind


def test_every_kind_has_words() -> None:
    assert set(KINDS) == set(ObjectKind)


@pytest.mark.parametrize(
    ("one", "name", "words"),
    [
        (
            FoundObject(id="12345", name="Kim", mail="kim@x.com", kind=ObjectKind.GUEST, is_disabled=True),
            "Kim",
            "Guest, disabled, kim@x.com, ID ends in 2345",
        ),
        (FoundObject(id="2", name="", mail="", kind=ObjectKind.MEMBER), "(no name)", "Member, ID ends in 2"),
    ],
)
def test_what_was_found_in_words(one: FoundObject, name: str, words: str) -> None:
    assert (found_name(one), found_words(one)) == (name, words)
