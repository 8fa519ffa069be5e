"""What was found for a typed name: its kind, whether it is disabled, its mail and its ID."""

import pytest

from bot.words.found_object import KINDS, found_words
from workflows.core.policy.placeholders import Placeholder
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import TargetType
from workflows.ports.tenant_settings import FoundObject, ObjectKind

FIELD = Placeholder(name="pilot", label="Pilot", kind=TargetType.USER, owner=Owner.OURS)


def test_every_kind_has_words() -> None:
    assert set(KINDS) == set(ObjectKind)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            FoundObject(id="1", name="Kim", mail="kim@x.com", kind=ObjectKind.GUEST, is_disabled=True),
            "Pilot: user “Kim” (guest, disabled, kim@x.com), ID 1",
        ),
        (FoundObject(id="2", name="", mail="", kind=ObjectKind.MEMBER), "Pilot: user “(no name)” (member), ID 2"),
    ],
)
def test_what_was_found_in_words(one: FoundObject, words: str) -> None:
    assert found_words(FIELD, one) == words
