"""Columns are recognised by their titles, and nothing is guessed where two could be meant."""

import pytest

from workflows.core.batches.sheets.cells import RawSheet, SheetForm
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column, SheetUnusable, columns_of, recognise


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


def sheet(*header: str, form: SheetForm = SheetForm.REQUEST) -> RawSheet:
    return RawSheet(header=header, rows=(), form=form)


def test_a_file_for_gatehouse_has_only_keys_that_mean_something() -> None:
    found = columns_of(sheet("partner", "template", "placeholders.pilot_group"), ["pilot_group"])
    assert found.placeholders == {"pilot_group": 2}
    with pytest.raises(SheetUnusable) as caught:
        columns_of(sheet("templat", "duration_day", "holes", "placeholders.other", ""), ["pilot_group"])
    assert [(fact.code, fact.values["key"]) for fact in caught.value.facts] == [
        (SheetCode.KEY_MISSING, "partner"),
        (SheetCode.KEY_UNKNOWN, "templat"),
        (SheetCode.KEY_UNKNOWN, "duration_day"),
        (SheetCode.KEY_RENAMED, "holes"),
        (SheetCode.KEY_UNKNOWN, "placeholders.other"),
    ]
    assert caught.value.facts[1].values["known"][-1] == "placeholders.pilot_group"


def test_a_key_that_was_chosen_for_a_field_means_something() -> None:
    assert columns_of(sheet("who"), chosen={"partner": "Who"}).fields == {Column.PARTNER: 0}


def test_a_table_may_have_other_columns() -> None:
    assert columns_of(sheet("partner", "company", form=SheetForm.TABLE)).unused == ("company",)


def test_an_empty_list_has_no_columns() -> None:
    assert columns_of(sheet(form=SheetForm.LIST)).fields == {}
