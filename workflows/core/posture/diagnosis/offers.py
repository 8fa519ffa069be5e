"""Which templates would remove a cause, and what each would end: those that end nothing come first. Pure."""

from collections.abc import Iterable
from typing import Any

from workflows.core.checks.conditional_access.controls import InboundTrustFlags, Remedy
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.errors.facts import Values
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.facts import (
    SHAREPOINT_APPLICATIONS,
    TEAMS_APPLICATIONS,
    DiagnosisFacts,
    NamedApplication,
    OfferedTemplate,
)
from workflows.core.posture.diagnosis.known_applications import KNOWN_APPLICATIONS
from workflows.core.settings.model import ALL_APPLICATIONS, OFFICE_365, is_guid

_ALL = ALL_APPLICATIONS.lower()
_SUITE = OFFICE_365.lower()

Offer = dict[str, Any]
"""JSON values: `name`; `risk`: its level, `low`, `elevated` or `high`; `is_high_risk`; `ends`: names of applications
that it would end, or Graph's word for all; `ends_count`: None where it would end all but some; `only`: those that
stay then, by name where it is known; `ends_trust`: what of theirs is not accepted then; `fills`: what its
placeholder is to be filled with, where that is not the application that was asked about."""


def accepting_offers(facts: DiagnosisFacts, remedies: Iterable[Iterable[Remedy]]) -> list[Offer]:
    """Return the templates that accept what each policy needs, and open the named application.

    :param remedies: for each policy what of theirs must be accepted; one without such a remedy is never satisfied.
    """
    needed = [frozenset(each) - {Remedy.EXCLUDE, Remedy.OTHER_CONTROL} for each in remedies]
    app_id = _asked(facts).id
    return _offers(
        facts,
        (
            template
            for template in facts.templates
            if all(one and one <= template.accepts for one in needed)
            and (_opens(template, app_id) if app_id else _opens_anything(template, facts))
        ),
    )


def keeping_offers(facts: DiagnosisFacts, *, is_closed: bool = False) -> list[Offer]:
    """Return the templates that open the named application and keep all that are allowed now.

    :param is_closed: whether nobody comes in now, so that nothing can end.
    """
    ids = () if facts.listed is None else facts.listed.ids
    return _offers(
        facts,
        (
            template
            for template in facts.templates
            if _opens(template, _asked(facts).id) and all(_keeps_filled(template, each, facts) for each in ids)
        ),
        is_closed=is_closed,
    )


def opening_offers(facts: DiagnosisFacts, *, is_closed: bool = False) -> list[Offer]:
    """Return the templates that let people like this one in, to anything.

    :param is_closed: see `keeping_offers`.
    """
    opening = (template for template in facts.templates if _opens_anything(template, facts))
    return _offers(facts, opening, is_closed=is_closed)


def nearest_offer(facts: DiagnosisFacts) -> Offer | None:
    """Return the first template that opens the named application; None when there is none."""
    app_id = _asked(facts).id
    return next(iter(_offers(facts, (one for one in facts.templates if _opens(one, app_id)))), None)


def unnamed_applications(values: Values) -> tuple[str, ...]:
    """Return the ids of applications in a cause or a note whose names are not known yet."""
    nearest = values.get("nearest")
    offers = [*values.get("templates", ()), *([nearest] if nearest else [])]
    named = [*(each for offer in offers for each in offer["only"]), *values.get("applications", ())]
    return tuple(dict.fromkeys(each for each in named if is_guid(each)))


def _asked(facts: DiagnosisFacts) -> NamedApplication:
    """Return the application that was asked about; one without an id when none is known."""
    application = None if facts.application is None else facts.application.value
    return application if isinstance(application, NamedApplication) else NamedApplication(typed="")


def is_application_known(facts: DiagnosisFacts) -> bool:
    """Return whether an application was named, and found."""
    return bool(_asked(facts).id)


def _offers(facts: DiagnosisFacts, templates: Iterable[OfferedTemplate], *, is_closed: bool = False) -> list[Offer]:
    """Return the offers of templates: those that take nothing away first, and of equals the weakest."""
    weakest_first = sorted(templates, key=lambda one: (one.risk, one.settings, len(one.accepts), one.name))
    offers = [_offer(template, facts, is_closed=is_closed) for template in weakest_first]
    return sorted(offers, key=lambda offer: bool(offer["ends"] or offer["ends_count"] or offer["ends_trust"]))


def _opens(template: OfferedTemplate, app_id: str) -> bool:
    return template.placeholders > 0 or _keeps(template, app_id)


def _filling(template: OfferedTemplate, facts: DiagnosisFacts) -> list[str]:
    """Return what the placeholders are filled with: the application asked about, then those that are allowed now."""
    listed = facts.listed
    allowed = listed.ids if listed is not None and listed.is_allow_list else ()
    wanted = dict.fromkeys(each.lower() for each in (_asked(facts).id, *allowed) if each)
    return [each for each in wanted if not _keeps(template, each)][: template.placeholders]


def _keeps_filled(template: OfferedTemplate, app_id: str, facts: DiagnosisFacts) -> bool:
    return _keeps(template, app_id) or app_id.lower() in _filling(template, facts)


def _opens_anything(template: OfferedTemplate, facts: DiagnosisFacts) -> bool:
    """Return whether the template is about people like this one: guests, or people of shared channels."""
    if facts.is_direct_connect:
        return template.opens_channels
    return _opens_something(template)


def _keeps(template: OfferedTemplate, app_id: str) -> bool:
    in_suite = app_id.lower() in SHAREPOINT_APPLICATIONS | TEAMS_APPLICATIONS
    suite = {_SUITE} if in_suite else set()
    return bool(template.applications & {app_id.lower(), _ALL, *suite})


def _offer(template: OfferedTemplate, facts: DiagnosisFacts, *, is_closed: bool) -> Offer:
    listed = facts.listed
    ids = listed.ids if listed is not None and listed.is_allow_list else ()
    ended = [index for index, each in enumerate(ids) if not _keeps_filled(template, each, facts)]
    names = () if listed is None else listed.names
    narrows = not (ids or is_closed) and _ALL not in template.applications and _opens_something(template)
    filling = _filling(template, facts)
    kept = [*sorted(template.applications), *(filling or ["" for _ in range(template.placeholders)])]
    ends = [names[index] for index in ended] if names else []
    trust = facts.access.value.trust if facts.access and isinstance(facts.access.value, AccessReport) else None
    return {
        "name": template.name,
        "risk": template.risk.name.lower(),
        "is_high_risk": template.risk is RiskLevel.HIGH,
        "ends": [ALL_APPLICATIONS] if narrows else ends,
        "ends_count": None if narrows else len(ended),
        "only": [name_of(each, facts) for each in kept] if narrows else [],
        "ends_trust": sorted(one.value for one in template.refuses & _accepted(trust)),
        "fills": [name_of(each, facts) for each in filling if each != _asked(facts).id.lower()] if names else [],
    }


def name_of(app_id: str, facts: DiagnosisFacts) -> str:
    """Return the name of an application; its id, or Graph's word, where no name is known."""
    listed = facts.listed
    ids = () if listed is None else listed.ids
    names = {} if listed is None else dict(zip((each.lower() for each in ids), listed.names, strict=False))
    names |= {one.id: one.name for one in KNOWN_APPLICATIONS.values()} | dict(facts.template_names)
    return {**names, _asked(facts).id.lower(): _asked(facts).name}.get(app_id, app_id)


def _opens_something(template: OfferedTemplate) -> bool:
    return template.placeholders > 0 or bool(template.applications)


def _accepted(trust: InboundTrustFlags | None) -> frozenset[Remedy]:
    if trust is None:
        return frozenset()
    flags = {
        Remedy.ACCEPT_MFA: trust.mfa,
        Remedy.ACCEPT_COMPLIANT_DEVICES: trust.compliant_device,
        Remedy.ACCEPT_HYBRID_DEVICES: trust.hybrid_joined_device,
    }
    return frozenset(remedy for remedy, flag in flags.items() if flag is True)
