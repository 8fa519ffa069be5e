"""The templates as they are offered: the lowest risk first, one purpose after the other."""

from dataclasses import replace
from datetime import timedelta

from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import Role
from workflows.core.policy.offers import arranged_offers, closes_a_partner, offered_to, offers_of, usual_wait

TEMPLATES = load_catalog(SHIPPED).templates


def test_every_purpose_follows_the_one_before_and_begins_with_its_lowest_risk() -> None:
    offers = arranged_offers(offers_of(TEMPLATES.values()))
    assert [(one.template.purpose, one.level.word, one.template.name) for one in offers] == [
        ("A project or one application", "low", "contractor-portal"),
        ("A project or one application", "elevated", "regulated-project"),
        ("Work with us in Office 365", "low", "guest-collaboration"),
        ("Work with us in Office 365", "elevated", "teams-shared-channels"),
        ("Work with us in Office 365", "high", "trusted-partner"),
        ("Calendars", "elevated", "calendar-sharing"),
        ("A company of ours", "high", "merger"),
        ("A company of ours", "high", "subsidiary-synchronization"),
    ]


def test_only_a_template_that_leaves_nothing_open_closes_a_partner() -> None:
    assert [name for name, one in TEMPLATES.items() if closes_a_partner(one)] == ["block"]
    assert [one.template.name for one in arranged_offers(offers_of(TEMPLATES.values()), is_closing=True)] == ["block"]


def test_who_may_not_request_a_template_is_told_of_it() -> None:
    """Without known roles everything is offered; what is chosen already stays; what closes is for everybody."""
    limited = replace(TEMPLATES["merger"], may_request=(Role("admin"),))
    block = replace(TEMPLATES["block"], may_request=(Role("admin"),))
    offers = offers_of([limited, TEMPLATES["guest-collaboration"], block])
    names = [{one.template.name for one in offered_to(offers, roles)[0]} for roles in ([], [Role("admin")], None)]
    assert names == [{"guest-collaboration", "block"}, *[{"merger", "guest-collaboration", "block"}] * 2]
    assert offered_to(offers, [])[1] == (limited,)
    assert offered_to(offers, [], chosen="merger")[1] == ()


def test_a_median_needs_three() -> None:
    hours = [timedelta(hours=number) for number in (9, 1, 2)]
    assert usual_wait(hours[:2]) is None
    assert usual_wait(hours) == timedelta(hours=2)
    (offer,) = arranged_offers(offers_of([TEMPLATES["merger"]]), {"merger": hours})
    assert offer.usual_wait == timedelta(hours=2)


def test_no_usual_wait_is_named_where_many_requests_expired_undecided() -> None:
    decided = [timedelta(minutes=number) for number in (9, 1, 2, 4)]
    assert usual_wait([*decided, None, None]) == timedelta(minutes=3), "only what was approved is counted"
    assert usual_wait([*decided, None, None, None]) is None, "more than a third expired"
    assert usual_wait([*decided[:2], None]) is None


def test_a_hundred_templates_keep_their_order() -> None:
    many = [replace(TEMPLATES["merger"], name=f"m{number:03}", purpose="") for number in range(150)]
    assert [one.template.name for one in arranged_offers(offers_of(reversed(many)))] == [one.name for one in many]
