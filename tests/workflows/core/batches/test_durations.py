"""Which durations a draft offers, and how long each member is approved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.world import CATALOG
from workflows.core.batches.durations import duration_within, offered_durations
from workflows.core.policy.template import Template


def template(*days: int, usual: int | None = None) -> Template:
    durations = tuple(timedelta(days=day) for day in days)
    some = CATALOG.templates["guest-collaboration"]
    return replace(some, durations=durations, default_duration=timedelta(days=usual or days[0]))


@pytest.mark.parametrize(
    ("templates", "days", "default_days"),
    [
        ((), (), 0),
        ((template(30, 90, usual=90),), (30, 90), 90),
        ((template(30, 90, 180, usual=180), template(90, 180)), (90, 180), 90),
        ((template(30, 90, 180, usual=30), template(90, 180, usual=180)), (90, 180), 90),
    ],
)
def test_durations_that_every_template_has_are_offered(
    templates: tuple[Template, ...], days: tuple[int, ...], default_days: int
) -> None:
    offered = offered_durations(templates)
    assert (offered.days, offered.default_days, offered.differing) == (days, default_days, ())


@pytest.mark.parametrize(
    ("templates", "days", "given"),
    [
        ((template(30, 90), template(60, 180)), (60, 90), {60: (30, 60), 90: (90, 60)}),
        ((template(30, 90), template(180, 365)), (180,), {180: (90, 180)}),
    ],
)
def test_without_a_common_duration_each_gets_one_of_its_own_and_nobody_more_than_was_chosen(
    templates: tuple[Template, ...], days: tuple[int, ...], given: dict[int, tuple[int, ...]]
) -> None:
    offered = offered_durations(templates)
    assert (offered.days, offered.default_days, offered.differing) == (days, days[0], templates)
    for day, expected in given.items():
        found = [duration_within(one, timedelta(days=day)) for one in templates]
        assert found == [timedelta(days=one) for one in expected]
        assert all(one in each.durations for one, each in zip(found, templates, strict=True))


def test_a_template_with_only_longer_durations_gives_none() -> None:
    assert duration_within(template(180), timedelta(days=90)) is None
