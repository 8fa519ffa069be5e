"""Create what starts reviews before their time: events, and campaigns of admins.

A boundary: nothing else is connected with what looks for events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.process.assembly.external_systems import ExternalSystems
from workflows.app.schedule.alarm_checks import Check
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.schedule.reviews.events.drift_reviews import DriftReviews
from workflows.app.schedule.reviews.events.event_check import ReviewEventCheck
from workflows.app.schedule.reviews.events.moved_domains import MovedDomains
from workflows.app.schedule.reviews.events.rule_changes import RuleChanges
from workflows.app.schedule.reviews.events.silences import Silences
from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.app.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedReviews:
    """What starts reviews, and the checks that do so."""

    campaigns: Campaigns
    drift_reviews: DriftReviews
    checks: Sequence[Check]


def started_reviews(systems: ExternalSystems, service: Service, wake: Callable[[], None]) -> StartedReviews:
    """Return what starts reviews before their time."""
    reviews = EventReviews(service=service, store=systems.store, clock=systems.clock)
    campaigns = Campaigns(reviews=reviews, catalog=systems.catalog, wake=wake)
    events = ReviewEventCheck(
        rules=RuleChanges(reviews=reviews, tenant=systems.tenant, catalog=systems.catalog),
        silences=Silences(reviews=reviews),
        domains=MovedDomains(reviews=reviews, tenant=systems.tenant),
        start=systems.background.start,
    )
    drift_reviews = DriftReviews(reviews=reviews)
    checks = (events.check, drift_reviews.step, campaigns.check)
    return StartedReviews(campaigns=campaigns, drift_reviews=drift_reviews, checks=checks)
