"""Which templates would remove a cause, the weakest first, and what each of them would end. Pure."""

from collections.abc import Iterable
from typing import Any

from workflows.core.checks.conditional_access.controls import InboundTrustFlags, Remedy
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.facts import (
    SHAREPOINT_APPLICATIONS,
    TEAMS_APPLICATIONS,
    DiagnosisFacts,
    NamedApplication,
    OfferedTemplate,
)
from workflows.core.settings.model import ALL_APPLICATIONS, OFFICE_365

_ALL = ALL_APPLICATIONS.lower()
_SUITE = OFFICE_365.lower()

Offer = dict[str, Any]
"""JSON values: `name`; `is_high_risk`; `ends`: names of applications that it would end; `ends_count`; `only`: to which
applications it would narrow all of them; `ends_trust`: what of theirs would not be accepted any more."""


def accepting_offers(facts: DiagnosisFacts, remedies: Iterable[Iterable[Remedy]]) -> list[Offer]:
    """Return the templates that accept what each policy needs, and open the named application.

    :param remedies: for each policy what of theirs must be accepted; one without such a remedy is never satisfied.
    """
    needed = [frozenset(each) - {Remedy.EXCLUDE, Remedy.OTHER_CONTROL} for each in remedies]
    app_id = _asked(facts).id
    return [
        _offer(template, facts)
        for template in _weakest_first(facts.templates)
        if all(one and one <= template.accepts for one in needed)
        and (_opens(template, app_id) if app_id else _opens_anything(template, facts))
    ]


def keeping_offers(facts: DiagnosisFacts) -> list[Offer]:
    """Return the templates that open the named application and keep all that are allowed now."""
    ids = () if facts.listed is None else facts.listed.ids
    return [
        _offer(template, facts)
        for template in _weakest_first(facts.templates)
        if _opens(template, _asked(facts).id) and not [each for each in ids if not _keeps(template, each)]
    ]


def nearest_offer(facts: DiagnosisFacts) -> Offer | None:
    """Return the weakest template that opens the named application; None when there is none."""
    app_id = _asked(facts).id
    opening = [template for template in _weakest_first(facts.templates) if _opens(template, app_id)]
    return _offer(opening[0], facts) if opening else None


def _asked(facts: DiagnosisFacts) -> NamedApplication:
    """Return the application that was asked about; one without an id when none is known."""
    application = None if facts.application is None else facts.application.value
    return application if isinstance(application, NamedApplication) else NamedApplication(typed="")


def is_application_known(facts: DiagnosisFacts) -> bool:
    """Return whether an application was named, and found."""
    return bool(_asked(facts).id)


def _weakest_first(templates: Iterable[OfferedTemplate]) -> list[OfferedTemplate]:
    return sorted(templates, key=lambda one: (one.risk, one.settings, len(one.accepts), one.name))


def _opens(template: OfferedTemplate, app_id: str) -> bool:
    return template.chooses_application or _keeps(template, app_id)


def _opens_anything(template: OfferedTemplate, facts: DiagnosisFacts) -> bool:
    """Return whether the template is about people like this one: guests, or people of shared channels."""
    if facts.is_direct_connect:
        return template.opens_channels
    return _opens_something(template)


def _keeps(template: OfferedTemplate, app_id: str) -> bool:
    in_suite = app_id.lower() in SHAREPOINT_APPLICATIONS | TEAMS_APPLICATIONS
    suite = {_SUITE} if in_suite else set()
    return bool(template.applications & {app_id.lower(), _ALL, *suite})


def _offer(template: OfferedTemplate, facts: DiagnosisFacts) -> Offer:
    listed = facts.listed
    ids = listed.ids if listed is not None and listed.is_allow_list else ()
    ended = [index for index, each in enumerate(ids) if not _keeps(template, each)]
    names = () if listed is None else listed.names
    narrows = not ids and _ALL not in template.applications and _opens_something(template)
    trust = facts.access.value.trust if facts.access and isinstance(facts.access.value, AccessReport) else None
    return {
        "name": template.name,
        "is_high_risk": template.risk is RiskLevel.HIGH,
        "ends": [names[index] for index in ended] if names else [],
        "ends_count": len(ended),
        "only": sorted(template.applications) or [_asked(facts).name] if narrows else [],
        "ends_trust": sorted(one.value for one in template.refuses & _accepted(trust)),
    }


def _opens_something(template: OfferedTemplate) -> bool:
    return template.chooses_application or bool(template.applications)


def _accepted(trust: InboundTrustFlags | None) -> frozenset[Remedy]:
    if trust is None:
        return frozenset()
    flags = {
        Remedy.ACCEPT_MFA: trust.mfa,
        Remedy.ACCEPT_COMPLIANT_DEVICES: trust.compliant_device,
        Remedy.ACCEPT_HYBRID_DEVICES: trust.hybrid_joined_device,
    }
    return frozenset(remedy for remedy, flag in flags.items() if flag is True)
