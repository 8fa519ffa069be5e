"""What the templates accept of a partner's tenant, and which applications they open to its people."""

from collections.abc import Iterable, Mapping
from typing import Final

from workflows.core.checks.conditional_access.controls import Remedy
from workflows.core.policy.placeholders import placeholder_of
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.facts import OfferedTemplate
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    AccessType,
    B2BSetting,
    InboundTrust,
    Property,
    TargetConfiguration,
)

_FLAGS: Final[Mapping[str, Remedy]] = {
    "mfa": Remedy.ACCEPT_MFA,
    "compliant_device": Remedy.ACCEPT_COMPLIANT_DEVICES,
    "hybrid_joined_device": Remedy.ACCEPT_HYBRID_DEVICES,
}


def trusting_templates(templates: Iterable[Template]) -> tuple[OfferedTemplate, ...]:
    """Return the templates that accept something of a partner's tenant, as the request form names them."""
    return tuple(
        OfferedTemplate(name=template.need or template.title, accepts=accepted, applications=_opened(template))
        for template in templates
        if (accepted := _accepted(template))
    )


def _accepted(template: Template) -> frozenset[Remedy]:
    trust = template.settings.get(Property.INBOUND_TRUST)
    if not isinstance(trust, InboundTrust):
        return frozenset()
    return frozenset(remedy for flag, remedy in _FLAGS.items() if getattr(trust, flag) is True)


def _opened(template: Template) -> frozenset[str]:
    """Return the applications that people of the partner may use; `AllApplications` where the requester chooses one."""
    setting = template.settings.get(Property.B2B_COLLABORATION_INBOUND)
    return _allowed(setting.applications) if isinstance(setting, B2BSetting) else frozenset()


def _allowed(applications: TargetConfiguration | None) -> frozenset[str]:
    if applications is None or applications.access is not AccessType.ALLOWED:
        return frozenset()
    return frozenset(
        ALL_APPLICATIONS if placeholder_of(target) else target.id.lower() for target in applications.targets
    )
