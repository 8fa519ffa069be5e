"""The parts of sentences: counts, how often, days and times, and where a long text may be cut."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import bot.slack
import bot.words
from bot.words.sentences import counted, day, last_day, minute, place_to_cut, time_words, times_in, times_words

ID = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"


@pytest.mark.parametrize(("count", "words"), [(1, "once"), (2, "twice"), (3, "3 times"), (0, "0 times")])
def test_how_often(count: int, words: str) -> None:
    assert times_words(count) == words


def test_no_place_to_cut_is_inside_an_id() -> None:
    text = f"group {ID}, group {ID}"
    places = {place_to_cut(text, most) for most in range(len(text) + 1)}
    first, second = text.index(ID), text.rindex(ID)
    assert places == {*range(first + 1), *range(first + len(ID), second + 1), second + len(ID)}
    assert all(place_to_cut(text, most) <= most for most in range(len(text) + 1))


def test_a_text_without_an_id_is_cut_at_its_limit() -> None:
    assert place_to_cut("a" * 50, 20) == 20


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (counted(0, "step"), "0 steps"),
        (counted(1, "step"), "1 step"),
        (counted(2, "step"), "2 steps"),
        (counted(1, "person", "people"), "1 person"),
        (counted(3, "person", "people"), "3 people"),
        (counted(2, "more policy", "more policies"), "2 more policies"),
    ],
)
def test_a_count_has_the_form_of_its_number(said: str, words: str) -> None:
    assert said == words


EVENING = datetime(2027, 5, 31, 22, 4, tzinfo=timezone(-timedelta(hours=3)))


def test_days_and_times_are_in_utc_from_a_time_or_its_text() -> None:
    assert day(EVENING) == day(EVENING.isoformat()) == day("2027-06-01") == "Jun 1, 2027"
    assert minute(EVENING) == minute(EVENING.isoformat()) == "Jun 1, 2027 at 01:04 UTC"
    assert last_day("2027-06-01T00:00:00+00:00") == "May 31, 2027"


def test_a_time_is_found_again_in_a_text_and_what_only_looks_like_one_is_not() -> None:
    text = f"From {minute(EVENING)} on. Not at Feb 30, 2027 at 10:05 UTC, nor Jun 1, 2027."
    [(start, end, found)] = times_in(text)
    assert (text[start:end], found) == (minute(EVENING), datetime(2027, 6, 1, 1, 4, tzinfo=UTC))


def test_no_other_module_formats_a_day_or_a_time_for_a_reader() -> None:
    """Keys of reminders, and the day of a date field, are values that nobody reads."""
    formats = re.compile(r"%Y|%H:%M|%b|\[:10\]|strftime")
    found = {
        path.name
        for package in (bot.slack, bot.words)
        for path in Path(package.__file__ or "").parent.rglob("*.py")
        if formats.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"sentences.py", "form.py", "reminders.py"}


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(days=2, hours=4, minutes=5), "2 d 4 h"),
        (timedelta(minutes=3, seconds=10), "3 min 10 s"),
        (timedelta(hours=1), "1 h"),
        (timedelta(milliseconds=400), "under 1 s"),
        (timedelta(seconds=-5), "under 1 s"),
    ],
)
def test_a_time_has_its_two_largest_units(time: timedelta, words: str) -> None:
    """The clock may have been moved back in between."""
    assert time_words(time) == words
