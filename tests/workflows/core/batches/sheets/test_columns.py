"""Columns are recognised by their titles, and nothing is guessed where two could be meant."""

import pytest

from workflows.core.batches.sheets.cells import RawRow, RawSheet, SheetForm
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import (
    Column,
    SheetUnusable,
    certain_columns,
    columns_of,
    recognise,
    require_template,
)
from workflows.core.errors.facts import Fact


def test_titles_are_recognised_in_any_case_and_with_any_separator() -> None:
    columns = recognise(["Company", "PARTNER_domain", "Template", "End-Date", "Sponsor  mail", ""])
    assert columns.fields == {Column.PARTNER: 1, Column.TEMPLATE: 2, Column.ENDS_ON: 3, Column.SPONSOR: 4}
    assert columns.unused == ("Company",)
    assert columns.width == 6


def test_the_first_and_the_last_day_are_recognised() -> None:
    columns = recognise(["Domain", "First day", "Last day"])
    assert columns.fields == {Column.PARTNER: 0, Column.STARTS_ON: 1, Column.ENDS_ON: 2}


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


def test_a_placeholder_is_chosen_by_the_name_that_is_shown_or_without_its_prefix() -> None:
    for name in ("placeholders.pilot_group", "pilot_group"):
        found = recognise(["Domain", "Which"], ["pilot_group"], {name: "Which"})
        assert found.placeholders == {"pilot_group": 1}


def test_a_chosen_title_that_two_columns_have_is_not_guessed() -> None:
    with pytest.raises(SheetUnusable) as caught:
        recognise(["Domain", "domain", "Template"], chosen={"partner": "Domain"})
    assert caught.value.facts == (Fact(SheetCode.TITLE_TWICE, {"title": "Domain"}),)


def test_the_certain_columns_are_those_of_which_no_other_could_be_meant() -> None:
    header = ["Domain", "Tenant ID", "Template", "Owner", "pilot group", "placeholders.pilot_group", "Days"]
    assert certain_columns(header, ["pilot_group"]) == {"template": 2, "sponsor": 3, "duration_days": 6}


def with_a_row(*header: str, form: SheetForm = SheetForm.TABLE) -> RawSheet:
    return RawSheet(header=header, rows=(RawRow(2, ("contoso.com",)),), form=form)


@pytest.mark.parametrize("form", [SheetForm.TABLE, SheetForm.LIST])
def test_a_sheet_without_any_template_is_refused_once(form: SheetForm) -> None:
    found = with_a_row("partner", "duration_days", "", form=form)
    with pytest.raises(SheetUnusable) as caught:
        require_template(found, columns_of(found), "")
    assert caught.value.facts == (Fact(SheetCode.NO_TEMPLATE, {"header": ["partner", "duration_days"]}),)


@pytest.mark.parametrize(
    ("found", "template"),
    [
        (with_a_row("partner"), "guest-collaboration"),
        (with_a_row("partner", "template"), ""),
        (with_a_row("partner", form=SheetForm.REQUEST), ""),
        (sheet(form=SheetForm.LIST), ""),
    ],
    ids=["named", "column", "request", "empty"],
)
def test_a_template_of_all_rows_or_a_column_is_enough_and_one_request_names_its_key(
    found: RawSheet, template: str
) -> None:
    require_template(found, columns_of(found), template)
