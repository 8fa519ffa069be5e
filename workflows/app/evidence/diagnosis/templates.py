"""What the templates accept of a partner's tenant, and which applications they open to its people."""

from collections.abc import Iterable, Mapping
from typing import Final

from workflows.core.checks.conditional_access.controls import Remedy
from workflows.core.policy.placeholders import placeholder_of
from workflows.core.policy.risk import risk_of_settings
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.facts import OfferedTemplate
from workflows.core.settings.model import (
    AccessType,
    B2BSetting,
    InboundTrust,
    Property,
    Setting,
    Target,
)

_FLAGS: Final[Mapping[str, Remedy]] = {
    "mfa": Remedy.ACCEPT_MFA,
    "compliant_device": Remedy.ACCEPT_COMPLIANT_DEVICES,
    "hybrid_joined_device": Remedy.ACCEPT_HYBRID_DEVICES,
}


def offered_templates(templates: Iterable[Template]) -> tuple[OfferedTemplate, ...]:
    """Return the templates that open something to people of a partner, as the request form names them."""
    return tuple(one for one in map(_offered, templates) if one.applications or one.placeholders or one.accepts)


def _offered(template: Template) -> OfferedTemplate:
    targets = _allowed(template.settings.get(Property.B2B_COLLABORATION_INBOUND))
    channels = template.settings.get(Property.B2B_DIRECT_CONNECT_INBOUND)
    return OfferedTemplate(
        name=template.need or template.title,
        accepts=_flags(template, is_on=True),
        refuses=_flags(template, is_on=False),
        applications=frozenset(target.id.lower() for target in targets if not placeholder_of(target)),
        placeholders=len({name for target in targets if (name := placeholder_of(target))}),
        opens_channels=bool(_allowed(channels)),
        risk=risk_of_settings(template.settings, template.longest).level,
        settings=len(template.settings),
    )


def _flags(template: Template, *, is_on: bool) -> frozenset[Remedy]:
    trust = template.settings.get(Property.INBOUND_TRUST)
    if not isinstance(trust, InboundTrust):
        return frozenset()
    return frozenset(remedy for flag, remedy in _FLAGS.items() if getattr(trust, flag) is is_on)


def _allowed(setting: Setting | None) -> tuple[Target, ...]:
    applications = setting.applications if isinstance(setting, B2BSetting) else None
    if applications is None or applications.access is not AccessType.ALLOWED:
        return ()
    return tuple(applications.targets)
