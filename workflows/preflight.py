"""Look around in the home tenant before people decide: reads side by side, each with its own outcome.

Nothing here can stop a request by failing: what could not be read becomes a finding that says so.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from workflows.core.canonical import JsonObject
from workflows.core.findings import Finding
from workflows.core.plan import Plan, TenantIdentity
from workflows.core.preflight import circumstances, judge
from workflows.core.preflight_facts import PreflightFacts, Unread, Why
from workflows.core.request import Observation
from workflows.core.rules import Circumstances
from workflows.core.unread import SIGN_IN_DAYS
from workflows.lookalikes import suspicions
from workflows.ports import Clock, Store, Tenant, TenantRefused, TenantUnavailable
from workflows.target import is_tenant_id

PATIENCE_SECONDS: Final = 6.0
"""For all reads together: they are made side by side."""
_UNLICENSED: Final = ("NonPremium", "LicenseRequired", "LicenseNotFound")
"""What the codes of a refusal for want of a licence contain."""

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a preflight found."""

    circumstances: Circumstances
    """What the consistency rules need to know."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Reads what else bears on a partner, and judges it against a plan."""

    tenant: Tenant
    store: Store
    clock: Clock
    patience: float = PATIENCE_SECONDS

    async def survey(self, observation: Observation, plan: Plan) -> Survey:
        """Look around for a plan about an observed partner. Never raises for what cannot be read."""
        identity = observation.identity
        facts = await self._facts(identity, observation.default)
        own = () if isinstance(facts.own_domains, Unread) else facts.own_domains
        partners = await self._partners(identity)
        return Survey(
            circumstances=circumstances(facts, plan=plan, identity=identity),
            findings=(
                *suspicions(identity, own=own, partners=partners),
                *judge(facts, plan=plan, identity=identity),
            ),
        )

    async def _facts(self, identity: TenantIdentity, default: JsonObject | None) -> PreflightFacts:
        around = self.tenant.surroundings
        since = self.clock.now() - timedelta(days=SIGN_IN_DAYS)
        reads: dict[str, Awaitable[Any]] = {
            "default": self._read(self.tenant.read_default()) if default is None else _known(default),
            "access_policy": self._read(around.read_access_policy()) if not identity.is_resolved else _known({}),
            "authorization": self._read(around.read_authorization()),
            "sharepoint": self._read(around.read_sharepoint()),
            "conditional_access": self._read(around.read_conditional_access()),
            "sign_ins": self._read(around.read_sign_ins(identity.tenant_id, since)),
            # Who was asked for by id has been asked for already.
            "by_id": _known(identity)
            if is_tenant_id(identity.asked)
            else self._read(self.tenant.find(identity.tenant_id)),
            "own_domains": self._read(around.verified_domains()),
        }
        facts = dict(zip(reads, await asyncio.gather(*reads.values()), strict=True))
        for name in ("conditional_access", "own_domains"):
            facts[name] = facts[name] if isinstance(facts[name], Unread) else tuple(facts[name])
        return PreflightFacts(**facts)

    async def _read(self, read: Awaitable[Fact]) -> Fact | Unread:
        try:
            async with asyncio.timeout(self.patience):
                return await read
        except TenantRefused as error:
            return Unread(why=_why(error))
        except TenantUnavailable as error:
            return Unread(why=Why.THROTTLED if error.is_throttled else Why.UNREACHABLE)
        except TimeoutError:
            return Unread(why=Why.UNREACHABLE)

    async def _partners(self, identity: TenantIdentity) -> frozenset[str]:
        """The domains of the partners on record, the one in question left out."""
        others = [one.identity for one in await self.store.partnerships()]
        return frozenset(
            name
            for other in others
            if other.tenant_id != identity.tenant_id
            for name in (other.default_domain, other.asked)
            if "." in name
        )


def _why(error: TenantRefused) -> Why:
    if any(word in error.code for word in _UNLICENSED):
        return Why.NO_LICENCE
    return Why.FORBIDDEN if error.status == 403 else Why.REFUSED


async def _known(fact: Fact) -> Fact:
    return fact
