"""What a file asks for has the limits of a request, whichever file it was read from."""

from typing import Any

import pytest

from workflows.catalog.request_files import RequestFieldsWrong, RequestFile, request_of_fields


def test_a_whole_request() -> None:
    found = request_of_fields(partner=" contoso.com ", template="x", duration_days=90, placeholders={"group": "1"})
    assert found == RequestFile(partner="contoso.com", template="x", duration_days=90, placeholders={"group": "1"})


@pytest.mark.parametrize("days", [0, -1, 3651, "90", 90.0, True])
def test_a_duration_is_a_whole_number_of_days(days: Any) -> None:
    with pytest.raises(RequestFieldsWrong) as caught:
        request_of_fields(partner="a.com", template="x", duration_days=days)
    assert list(caught.value.problems) == ["duration_days"]


def test_every_wrong_key_is_named() -> None:
    with pytest.raises(RequestFieldsWrong) as caught:
        request_of_fields(partner="", template="x" * 101, placeholders={"group": "1" * 301})
    assert list(caught.value.problems) == ["partner", "template", "placeholders.group"]
