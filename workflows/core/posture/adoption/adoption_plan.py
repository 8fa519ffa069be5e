"""Make the plan of an adoption: it writes nothing, and is approved for exactly the settings that were read."""

from datetime import timedelta
from typing import Final

from workflows.core.people import PersonId
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.plan import Adoption, AtEnd, OnSilence, Plan
from workflows.core.policy.template import Template
from workflows.core.posture.adoption.authorship import Authorship
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import Digest, JsonObject, digest
from workflows.core.settings.documents import normalize

_DIGEST_DOMAIN: Final = "gatehouse/adopted-settings/1"


def plan_adoption(
    observation: ObservedPartner,
    configuration: JsonObject,
    *,
    decides: Template,
    equal: Template | None,
    duration: timedelta,
    owner: PersonId,
    sponsor: PersonId,
    authorship: Authorship,
) -> Plan:
    """Return the plan without operations whose digest covers the current settings and everything that is decided.

    :param configuration: the partner's own configuration, as it was read.
    :param decides: the template whose approval chain, durations and review interval apply.
    :param equal: the template that gives exactly these settings; None when there is none.
    """
    plan = Plan(
        tenant_id=observation.identity.tenant_id,
        operations=(),
        before=configuration,
        template=decides.name,
        template_hash=decides.content_hash,
        duration=duration,
        is_cross_cloud=not observation.identity.is_resolved,
        at_end=AtEnd.ASK if equal is None else equal.at_end,
        on_silence=OnSilence.ESCALATE if equal is None else equal.on_silence,
        adoption=Adoption(
            owner=owner,
            sponsor=sponsor,
            equal_template="" if equal is None else equal.name,
            authors=authorship.authors,
            is_author_known=authorship.is_known,
        ),
    )
    return with_inheritance(plan, observation.default)


def settings_digest(configuration: JsonObject | None) -> Digest:
    """Return the digest of a partner's settings, so that a form notices that they changed after it showed them."""
    return digest(_DIGEST_DOMAIN, {"settings": None if configuration is None else normalize(configuration)})
