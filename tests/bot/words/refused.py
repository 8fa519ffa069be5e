"""Expect a refusal by what the person reads, whatever codes and values its sentence is made of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from bot.words.requests.notes import refusal_words
from workflows.core.errors.raised import CodedError

Error = TypeVar("Error", bound=CodedError)


@contextmanager
def worded_refusal(kind: type[Error], *, match: str) -> Iterator[pytest.ExceptionInfo[Error]]:
    """Expect such an error in the block, whose words match the pattern."""
    with pytest.raises(kind) as caught:
        yield caught
    words = refusal_words(caught.value)
    assert re.search(match, words), f"{words!r} does not match {match!r}"
