"""Equal members of documents are kept in memory once, and no document changes by that."""

import json

from workflows.core.settings.canonical import SharedValues


def test_equal_members_of_two_documents_are_one_object() -> None:
    shared = SharedValues()
    first, second = ({"tenantId": name, "inboundTrust": {"isMfaAccepted": True}, "targets": [1]} for name in "ab")
    one, other = shared(first), shared(second)
    assert (one, other) == (first, second)
    assert one["inboundTrust"] is other["inboundTrust"]
    assert one["targets"] is other["targets"]


def test_what_is_written_differently_stays_different() -> None:
    """In Python, True equals 1, and the order of keys does not count; in a document both are kept."""
    shared = SharedValues()
    documents = [{"a": {"b": value}} for value in (True, 1, 1.0, "1", None)] + [{"a": {"x": 1, "y": 2}}]
    documents.append({"a": {"y": 2, "x": 1}})
    assert [json.dumps(shared(one)) for one in documents] == [json.dumps(one) for one in documents]


def test_of_equal_values_the_first_is_kept() -> None:
    shared = SharedValues()
    first, equal = (("security", number) for number in (1, 1))
    assert shared.first(first) is first
    assert shared.first(equal) is first
    assert shared.first(("security", 2)) == ("security", 2)
