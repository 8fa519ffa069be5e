"""Damaged records in the database: a record, or a validation error, which is reported; nothing else is raised."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.fuzz.damage import damaged, damaged_bytes
from tests.fuzz.extent import bounded, fuzzed
from tests.workflows.core.batches.examples import batch
from tests.workflows.core.builders import partnership, request
from tests.workflows.store.test_codec import EFFECTS
from workflows.core.batches.batch import BatchState
from workflows.core.errors.facts import Fact
from workflows.core.requests.request import RequestKind, RequestState
from workflows.store.codec import BATCH, EFFECT, FACTS, PARTNERSHIP, REQUEST, dump, load, stored_facts, with_checksum

REQUESTS: Final = [dump(REQUEST, request(state, kind)) for state in RequestState for kind in RequestKind]
RECORDS: Final[dict[str, tuple[TypeAdapter[Any], list[str]]]] = {
    "request": (REQUEST, REQUESTS),
    "partnership": (PARTNERSHIP, [dump(PARTNERSHIP, partnership())]),
    "batch": (BATCH, [dump(BATCH, batch(state)) for state in BatchState]),
}


def read(adapter: TypeAdapter[Any], text: str) -> Any:
    """Read a record, and write it again; None when it is refused."""
    with bounded():
        try:
            record = load(adapter, text)
        except ValidationError:
            return None
        assert load(adapter, dump(adapter, record)) == record or "NaN" in text
        return record


def texts_of(name: str) -> st.SearchStrategy[Any]:
    """Draw one of the documents."""
    return st.sampled_from(RECORDS[name][1]).map(json.loads)


@pytest.mark.parametrize("name", RECORDS)
@given(data=st.data())
@fuzzed(60)
def test_a_record_with_wrong_values_is_read_or_refused(name: str, data: st.DataObject) -> None:
    document = data.draw(damaged(texts_of(name)))
    read(RECORDS[name][0], json.dumps(document))


@pytest.mark.parametrize("name", RECORDS)
@given(data=st.data())
@fuzzed(40)
def test_a_damaged_record_is_read_or_refused(name: str, data: st.DataObject) -> None:
    content = data.draw(damaged_bytes(st.sampled_from(RECORDS[name][1]).map(str.encode)))
    read(RECORDS[name][0], content.decode("utf-8", "replace"))


@given(data=st.data())
@fuzzed(100)
def test_an_effect_with_wrong_values_is_read_or_refused(data: st.DataObject) -> None:
    effect = data.draw(st.sampled_from(list(EFFECTS.values())).flatmap(lambda one: one))
    document = data.draw(damaged(st.just(json.loads(dump(EFFECT, effect)))))
    read(EFFECT, json.dumps(document))


@given(data=st.data())
@fuzzed(60)
def test_a_changed_text_with_a_checksum_is_never_read_as_another_record(data: st.DataObject) -> None:
    """One changed place, as a disk or a hand makes it. Where the checksum itself is gone, the record is the same."""
    text = data.draw(st.sampled_from(REQUESTS))
    content = data.draw(damaged_bytes(st.just(with_checksum(text).encode()), most=1))
    found = read(REQUEST, content.decode("utf-8", "replace"))
    assert found is None or found == load(REQUEST, text)


@given(damaged_bytes(st.just(dump(FACTS, (Fact("a", {"b": 1}),)).encode())) | st.binary(max_size=100))
@fuzzed(60)
def test_why_an_effect_waits_is_always_said(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    assert bool(stored_facts(text)) or text.strip() in ("", "[]")
