"""Arrange the templates for the request form: by purpose, the lowest risk first, with the usual waiting time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from types import MappingProxyType
from typing import Final

from workflows.core.people import Role
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import RiskLevel, risk_of_settings
from workflows.core.policy.template import Template
from workflows.core.settings.model import TenantId

MIN_WAITS: Final = 3
"""The number of earlier requests that are needed to show a usual waiting time."""
MAX_EXPIRED_SHARE: Final = 1 / 3
"""The share of earlier requests that may have expired undecided. The usual waiting time is not shown above it."""
_NO_WAITS: Final[Mapping[str, Sequence[timedelta | None]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One template that the form offers."""

    template: Template
    level: RiskLevel
    closes: bool
    """Whether it only closes a partner. Such templates are not offered together with those that open access."""
    usual_wait: timedelta | None = None
    """The median time from filing to the last approval; None for too few earlier requests, or when many expired."""


def offers_of(templates: Iterable[Template]) -> tuple[Offer, ...]:
    """Return every template with its risk, the lowest first. The computation takes some milliseconds for each."""
    return tuple(sorted(map(_offer, templates), key=_order))


def arranged_offers(
    offers: Iterable[Offer], waits: Mapping[str, Sequence[timedelta | None]] = _NO_WAITS, *, is_closing: bool = False
) -> tuple[Offer, ...]:
    """Return the offers that open access, or with `is_closing` those that only close it, with their waiting times.

    Templates of one purpose follow each other. The purpose with the lowest risk comes first.

    :param offers: the offers, the lowest risk first.
    :param waits: the waiting times of earlier requests, by the name of the template; see `usual_wait`.
    """
    matching_offers = [offer for offer in offers if offer.closes is is_closing]
    purposes = dict.fromkeys(offer.template.purpose for offer in matching_offers)
    return tuple(
        replace(offer, usual_wait=usual_wait(waits.get(offer.template.name, ())))
        for purpose in purposes
        for offer in matching_offers
        if offer.template.purpose == purpose
    )


def offered_to(
    offers: Iterable[Offer], roles: Collection[Role] | None, chosen: str = ""
) -> tuple[tuple[Offer, ...], tuple[Template, ...]]:
    """Return the offers that a person may request, and the templates that only other people may.

    What closes a partner is offered to everybody.

    :param roles: the person's roles; None when they are not known, which offers everything: it is checked again when
        the request is sent.
    :param chosen: the name of the template that is chosen already, which stays among the offers.
    """
    offered, others = [], []
    for offer in offers:
        needed = () if offer.closes or roles is None else offer.template.may_request
        if not needed or offer.template.name == chosen or not set(needed).isdisjoint(roles or ()):
            offered.append(offer)
        else:
            others.append(offer.template)
    return tuple(offered), tuple(others)


def usual_wait(waits: Sequence[timedelta | None]) -> timedelta | None:
    """Return the median waiting time of approved requests; None for fewer than `MIN_WAITS`, or when many expired.

    :param waits: None for each request that expired undecided.
    """
    approved = [wait for wait in waits if wait is not None]
    if len(approved) < MIN_WAITS or len(waits) - len(approved) > len(waits) * MAX_EXPIRED_SHARE:
        return None
    return timedelta(seconds=median(wait.total_seconds() for wait in approved))


def closes_a_partner(template: Template) -> bool:
    """Return whether all access of a partner is closed after an approved request with this template."""
    return closes_everything(
        plan_access(
            tenant_id=TenantId("00000000-0000-0000-0000-000000000000"),
            before=None,
            settings=template.settings,
            template=template.name,
            template_hash=template.content_hash,
            duration=template.longest,
        )
    )


def _offer(template: Template) -> Offer:
    level = risk_of_settings(template.settings, template.longest).level
    return Offer(template=template, level=level, closes=closes_a_partner(template))


def _order(offer: Offer) -> tuple[int, int, str]:
    return offer.level, sum(stage.quorum for stage in offer.template.stages), offer.template.name
