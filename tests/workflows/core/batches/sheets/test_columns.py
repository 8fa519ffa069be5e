"""Columns are recognised by their titles, and nothing is guessed where two could be meant."""

import pytest

from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column, SheetUnusable, recognise


def test_titles_are_recognised_in_any_case_and_with_any_separator() -> None:
    columns = recognise(["Company", "PARTNER_domain", "Template", "End-Date", "Sponsor  mail", ""])
    assert columns.fields == {Column.PARTNER: 1, Column.TEMPLATE: 2, Column.ENDS_ON: 3, Column.SPONSOR: 4}
    assert columns.unused == ("Company",)
    assert columns.width == 6


def test_a_placeholder_has_a_column_with_its_name_or_with_the_prefix_of_a_request_file() -> None:
    columns = recognise(["domain", "Pilot group", "placeholders.project_group"], ["pilot_group", "project_group"])
    assert columns.placeholders == {"pilot_group": 1, "project_group": 2}


def test_two_columns_for_one_field_are_an_error_that_names_both_until_one_is_chosen() -> None:
    header = ["Domain", "Tenant ID", "Template"]
    with pytest.raises(SheetUnusable) as caught:
        recognise(header)
    assert caught.value.facts[0].code == SheetCode.COLUMN_TWICE
    assert caught.value.facts[0].values == {"column": "partner", "titles": ["Domain", "Tenant ID"]}
    chosen = recognise(header, chosen={"partner": "tenant_id"})
    assert chosen.fields == {Column.PARTNER: 1, Column.TEMPLATE: 2}
    assert chosen.unused == ("Domain",)


def test_a_chosen_column_is_not_used_for_another_field() -> None:
    columns = recognise(["Domain", "Owner"], chosen={"reason": "owner"})
    assert columns.fields == {Column.PARTNER: 0, Column.REASON: 1}


@pytest.mark.parametrize(
    ("header", "chosen", "code"),
    [
        (["Company", "Template"], {}, SheetCode.NO_PARTNER_COLUMN),
        (["Domain"], {"partner": "Tenant"}, SheetCode.NO_SUCH_COLUMN),
        (["Domain"], {"colour": "Domain"}, SheetCode.NO_SUCH_FIELD),
    ],
)
def test_what_cannot_be_used_is_named(header: list[str], chosen: dict[str, str], code: SheetCode) -> None:
    with pytest.raises(SheetUnusable) as caught:
        recognise(header, chosen=chosen)
    assert caught.value.facts[0].code == code
