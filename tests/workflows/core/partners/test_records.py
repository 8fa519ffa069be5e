"""What is kept of many records: enough to compare them with the tenant, and equal values once."""

from dataclasses import replace

from tests.workflows.core.builders import NOW, partnership, request
from workflows.core.partners.records import WrittenRequest, with_shared_values
from workflows.core.requests.request import RequestState
from workflows.core.settings.canonical import SharedValues


def test_a_written_request_keeps_what_is_compared() -> None:
    whole = request(RequestState.APPLIED, confirmed_at=NOW, writing_since=NOW)
    kept = WrittenRequest.of(whole, SharedValues())
    for name in WrittenRequest.__dataclass_fields__:
        assert getattr(kept, name) == getattr(whole, name), name


def test_equal_settings_of_two_requests_are_one_object() -> None:
    shared = SharedValues()
    [first], [second] = (WrittenRequest.of(request(RequestState.APPLIED), shared).plan.operations for _ in range(2))
    assert first.body == second.body
    nested = [name for name, value in first.body.items() if isinstance(value, dict | list)]
    assert nested
    assert all(first.body[name] is second.body[name] for name in nested)


def test_partners_keep_equal_stages_once() -> None:
    shared = SharedValues()
    first, second = (with_shared_values(replace(partnership()), shared) for _ in range(2))
    assert first == second == partnership()
    assert first.stages is second.stages
