"""Read the address or name that a diagnosis is about, and find where its people have their accounts."""

import re
from dataclasses import dataclass
from typing import Final

from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import mail_in_lower_case
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.diagnosis.facts import Home, HomeKind
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.partner_lookup.resolving import LookupRefused, resolve
from workflows.partner_lookup.target import CONSUMER_TENANTS, FIELD, target_candidates
from workflows.ports.tenant import Tenant, TenantRefused, read_fact, why_refused

_LINK: Final = re.compile(r"<mailto:[^<>|\s]+\|([^<>\s]+)>|<mailto:([^<>|\s]+)>")
"""A mail address as a chat writes it."""
_ADDRESS: Final = re.compile(r"[^@\s<>\"'()]{1,64}@[^@\s<>]+")
_PERSONAL: Final = frozenset({RefusalCode.TARGET_MAIL_PROVIDER, RefusalCode.TARGET_NOT_AN_ORGANIZATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a diagnosis is about."""

    address: str
    """The mail address, in lower case; empty for a whole organization."""
    names: tuple[str, ...]
    """The domain or tenant id, in the order in which they are looked up; empty for a personal account."""
    domain: str

    @property
    def text(self) -> str:
        """Return the normalized address or name."""
        return self.address or self.domain


def parse_subject(typed_text: str) -> Subject:
    """Return what a typed text names.

    :raises InvalidField: when it is neither one address nor one domain or tenant id.
    """
    text = _LINK.sub(lambda link: link[1] or link[2], " ".join(typed_text.split())).removeprefix("mailto:")
    address = mail_in_lower_case(text) if _ADDRESS.fullmatch(text) else ""
    name = address.rpartition("@")[2] if address else text
    try:
        names = target_candidates(name)
    except InvalidField as error:
        if error.code not in _PERSONAL:
            raise
        return Subject(address=address, names=(), domain=mail_in_lower_case(name))
    return Subject(address=address, names=names, domain=names[-1])


async def find_home(subject: Subject, *, tenant: Tenant, timeout_seconds: float) -> Home | UnreadableFact:
    """Find the tenant of a subject; a failed read raises no error.

    :raises InvalidField: when it is our own tenant.
    """
    if not subject.names:
        return Home(kind=HomeKind.PERSONAL)
    try:
        found = await read_fact(resolve(subject.names, tenant=tenant), timeout_seconds)
    except LookupRefused as refused:
        return UnreadableFact(reason=why_refused(TenantRefused(403, "", refused.facts)))
    if isinstance(found, UnreadableFact):
        return found
    if found is None:
        return await _unknown_home(subject, tenant, timeout_seconds)
    if found.tenant_id in CONSUMER_TENANTS:
        return Home(kind=HomeKind.PERSONAL)
    if found.tenant_id == await read_fact(tenant.home(), timeout_seconds):
        raise InvalidField(FIELD, RefusalCode.TARGET_IS_OUR_TENANT, target=subject.domain)
    return Home(kind=HomeKind.ORGANIZATION, identity=found)


async def _unknown_home(subject: Subject, tenant: Tenant, timeout_seconds: float) -> Home | UnreadableFact:
    """Return the home of a name that this cloud does not know. Lookups cover one cloud only."""
    policy = await read_fact(tenant.tenant_settings.read_access_policy(), timeout_seconds)
    if isinstance(policy, UnreadableFact):
        return policy
    enabled = policy.get("allowedCloudEndpoints")
    clouds = tuple(str(cloud) for cloud in enabled) if isinstance(enabled, list) else ()
    name = subject.names[-1]
    if not is_tenant_id(name):
        return Home(kind=HomeKind.NO_TENANT, clouds=clouds)
    identity = TenantIdentity.without_names(TenantId(name))
    return Home(kind=HomeKind.OTHER_CLOUD, identity=identity, clouds=clouds)
