"""The keys of time: reminders, alternates, and the file of holidays. What is wrong is named with its key."""

from datetime import date
from pathlib import Path

import pytest

from workflows.catalog.catalog import SHIPPED, CatalogProblems, load_catalog
from workflows.core.people import Role


def folder(path: Path, template: str = "", holidays: str | None = None, stage: str = "") -> Path:
    """The shipped roles with one template, and its first stage with more keys."""
    text = (SHIPPED / "trusted-partner.toml").read_text().replace("remind_after_days = [1, 2, 4]\n", "")
    (path / "roles.toml").write_text((SHIPPED / "roles.toml").read_text())
    (path / "open.toml").write_text(f"{template}\n" + text.replace("[[stages]]", f"[[stages]]\n{stage}", 1))
    if holidays is not None:
        (path / "holidays.toml").write_text(holidays)
    return path


def test_the_keys_of_time_are_read_and_only_alternates_change_the_hash(tmp_path: Path) -> None:
    plain = load_catalog(folder(tmp_path)).templates["open"]
    timed = load_catalog(folder(tmp_path, "remind_after_days = [1, 2, 4]", stage="escalate_after_days = 2"))
    assert timed.templates["open"].remind_after == (1, 2, 4)
    assert timed.templates["open"].stages[0].escalate_after == 2
    assert timed.templates["open"].content_hash == plain.content_hash
    more = load_catalog(folder(tmp_path, stage='alternates = "admin"\nescalate_after_days = 2')).templates["open"]
    assert more.stages[0].alternates == Role("admin")
    assert more.content_hash != plain.content_hash


def test_holidays_are_dates_beside_the_templates(tmp_path: Path) -> None:
    assert load_catalog(folder(tmp_path)).calendar.holidays == frozenset()
    calendar = load_catalog(folder(tmp_path, holidays="dates = [2026-12-25]")).calendar
    assert calendar.holidays == {date(2026, 12, 25)}


MONTHS = ", ".join(f"2027-{month:02}-{day:02}" for month in (3, 4) for day in range(1, 31))


@pytest.mark.parametrize(
    ("holidays", "problem"),
    [
        ('dates = ["2026-12-25"]', "holidays.toml: dates.0: '2026-12-25' is not a date; write dates without"),
        ("dates = [2026-12-25T10:00:00]", "holidays.toml: dates.0: datetime.datetime(2026, 12, 25, 10, 0) is not"),
        ("dates = 2026-12-25", "holidays.toml: dates: not a list"),
        ("days = []", "holidays.toml: days: no such key"),
        (f"dates = [{'2026-12-25, ' * 2001}]", "holidays.toml: dates: 2001 dates; list at most 2000"),
        (f"dates = [{MONTHS}]", "holidays.toml: dates: no working day for 31 days from 2027-04-01"),
        ("dates = [9999-12-31]", "holidays.toml: dates: 9999-12-31 is too late"),
        ("dates = [", "holidays.toml: not readable as TOML"),
    ],
)
def test_holidays_in_a_wrong_format_are_refused_with_the_key(tmp_path: Path, holidays: str, problem: str) -> None:
    with pytest.raises(CatalogProblems) as refused:
        load_catalog(folder(tmp_path, holidays=holidays))
    assert any(one.startswith(problem) for one in refused.value.problems), refused.value.problems


@pytest.mark.parametrize(
    ("template", "stage", "problem"),
    [
        ("remind_after_days = [2, 1]", "", "list each day once"),
        ("remind_after_days = []", "", "open.toml: remind_after_days"),
        ("", 'alternates = "admin"', "they are never asked; add escalate_after_days"),
        ("", 'alternates = "security"\nescalate_after_days = 1', "name another role than the stage's own"),
        ("", 'alternates = "nobody"\nescalate_after_days = 1', "stages.0.alternates: nobody is not in roles.toml"),
        ("", 'alternates = "auditor"\nescalate_after_days = 1', "stages.0.alternates: auditor only reads"),
        ("", "escalate_after_days = 60", "stages.0.escalate_after_days: the request expires after"),
    ],
)
def test_a_wrong_key_of_time_is_refused(tmp_path: Path, template: str, stage: str, problem: str) -> None:
    with pytest.raises(CatalogProblems) as refused:
        load_catalog(folder(tmp_path, template, stage=stage))
    assert any(problem in one for one in refused.value.problems), refused.value.problems
