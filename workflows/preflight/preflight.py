"""Read facts in our tenant before people decide on a request, in parallel.

A failed read does not stop a request. It becomes a finding that says so.
"""

from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding
from workflows.core.checks.home_tenant import circumstances, evaluate_facts
from workflows.core.checks.rules import Circumstances
from workflows.core.checks.target_checks import known_names
from workflows.core.checks.tenant_facts import PreflightFacts, UnreadableFact, UnreadableReason
from workflows.core.checks.unreadable_facts import SIGN_IN_DAYS
from workflows.core.plans.named_targets import shown_targets
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import is_tenant_id
from workflows.core.settings.open_access import access_kinds
from workflows.partner_lookup.lookalikes import lookalike_findings
from workflows.partner_lookup.resolving import LookupRefused, resolve
from workflows.ports.clock import Clock
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import Tenant, TenantFact, read_fact
from workflows.preflight.access_check import EVALUATION_SECONDS, AccessCheck
from workflows.preflight.object_names import read_names
from workflows.preflight.shared_access import SharedAccess
from workflows.preflight.sign_ins import read_outbound_sign_ins

TIMEOUT_SECONDS: Final = 6.0
"""Seconds for all reads together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightResult:
    """The results of the reads and checks."""

    circumstances: Circumstances
    """The facts for the rules about a plan."""
    findings: tuple[Finding, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the users, groups and applications of our tenant in the plan, by id."""
    access: AccessReport = field(default_factory=AccessReport)
    """The effect of Conditional Access on the partner's people who have access after the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Reads the facts in our tenant that matter for a plan, and checks the plan with them."""

    tenant: Tenant
    store: RecordsReader
    clock: Clock
    timeout_seconds: float = TIMEOUT_SECONDS
    evaluation_timeout_seconds: float = EVALUATION_SECONDS
    asks_about_each: bool = True
    """Whether the sign-ins of the partner, and the effect of Conditional Access on it, are asked for.

    Not for each of many partners: these services answer only a few questions a second. The findings say so.
    """
    shared_access: SharedAccess | None = None
    """What evaluates Conditional Access for many partners together; None: see `asks_about_each`."""

    async def check(
        self,
        observation: ObservedPartner,
        plan: Plan,
        labels: Mapping[str, str] = MappingProxyType({}),
        *,
        is_restoration: bool = False,
    ) -> PreflightResult:
        """Read the facts for a plan, and check the plan with them. A failed read raises no error.

        :param labels: the label of the form's field for each id that was typed there.
        :param is_restoration: whether the plan restores previous settings.
        """
        identity = observation.identity
        facts = await self._facts(identity, observation.default, plan)
        access = await self._access(facts, plan)
        own = () if isinstance(facts.own_domains, UnreadableFact) else facts.own_domains
        partners = await self._other_partner_domains(identity)
        return PreflightResult(
            circumstances=circumstances(facts, access),
            findings=(
                *lookalike_findings(identity, own_domains=own, partners=partners),
                *evaluate_facts(
                    facts, access, plan=plan, identity=identity, labels=labels, is_restoration=is_restoration
                ),
            ),
            names=known_names(facts.names),
            access=access,
        )

    async def _access(self, facts: PreflightFacts, plan: Plan) -> AccessReport:
        after, default = (
            plan.configuration_after(),
            None if isinstance(facts.default, UnreadableFact) else facts.default,
        )
        if self.shared_access is not None:
            return await self.shared_access.report(plan, default)
        effective = effective_settings(after, default, is_cross_cloud=plan.is_cross_cloud)
        found = access_kinds(after, default, is_cross_cloud=plan.is_cross_cloud)
        check = AccessCheck(
            tenant_settings=self.tenant.tenant_settings,
            timeout_seconds=self.evaluation_timeout_seconds,
            is_asked=self.asks_about_each,
        )
        return await check.report(facts.conditional_access, effective, plan.tenant_id, found)

    async def _facts(self, identity: TenantIdentity, default: JsonObject | None, plan: Plan) -> PreflightFacts:
        tenant_settings = self.tenant.tenant_settings
        since = self.clock.now() - timedelta(days=SIGN_IN_DAYS)
        wanted: dict[str, Coroutine[Any, Any, Any]] = {
            "default": self._read(self.tenant.read_default()) if default is None else _return_fact(default),
            "access_policy": self._read(tenant_settings.read_access_policy())
            if not identity.is_resolved
            else _return_fact({}),
            "authorization": self._read(tenant_settings.read_authorization()),
            "sharepoint": self._read(tenant_settings.read_sharepoint()),
            "conditional_access": self._read(tenant_settings.read_conditional_access()),
            **self._sign_ins(identity, since),
            # When the requester typed a tenant id, the lookup by id has been made already.
            "by_id": _return_fact(identity) if is_tenant_id(identity.typed_name) else self._read(self._by_id(identity)),
            "own_domains": self._read(tenant_settings.verified_domains()),
        }
        async with self.tenant.together() as reads:
            started = {name: reads.start(read) for name, read in wanted.items()}
            names = await read_names(
                shown_targets(plan), reads=reads, tenant=self.tenant, timeout_seconds=self.timeout_seconds
            )
            facts: dict[str, Any] = {"names": names, **{name: await read for name, read in started.items()}}
        for name in ("conditional_access", "own_domains"):
            facts[name] = facts[name] if isinstance(facts[name], UnreadableFact) else tuple(facts[name])
        return PreflightFacts(**facts)

    def _sign_ins(self, identity: TenantIdentity, since: datetime) -> dict[str, Coroutine[Any, Any, Any]]:
        if not self.asks_about_each:
            not_asked = UnreadableFact(reason=UnreadableReason.NOT_ASKED)
            return {"sign_ins": _return_fact(not_asked), "outbound_sign_ins": _return_fact(not_asked)}
        inbound = self.tenant.tenant_settings.read_sign_ins(identity.tenant_id, since)
        outbound = read_outbound_sign_ins(identity.tenant_id, since, tenant=self.tenant)
        return {"sign_ins": self._read(inbound), "outbound_sign_ins": self._read(outbound)}

    async def _by_id(self, identity: TenantIdentity) -> TenantIdentity | UnreadableFact | None:
        try:
            return await resolve((identity.tenant_id,), tenant=self.tenant)
        except LookupRefused:
            return UnreadableFact(reason=UnreadableReason.REFUSED)  # only for this tenant; no permission is missing

    def _read(self, read: Awaitable[TenantFact]) -> Coroutine[Any, Any, TenantFact | UnreadableFact]:
        return read_fact(read, self.timeout_seconds)

    async def _other_partner_domains(self, identity: TenantIdentity) -> frozenset[str]:
        """Return the domains of all recorded partners except the given one."""
        return frozenset(
            name
            for other in await self.store.identities()
            if other.tenant_id != identity.tenant_id
            for name in (other.default_domain, other.typed_name)
            if "." in name
        )


async def _return_fact(fact: TenantFact) -> TenantFact:
    return fact
