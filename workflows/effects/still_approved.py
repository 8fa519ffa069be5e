"""Check, before every write that opens access, that the plan is still approved, and by whom."""

from dataclasses import dataclass

from workflows.catalog.catalog import Catalog, changed_rules
from workflows.core.people import Roster
from workflows.core.plans.drift import Drift
from workflows.core.requests.commands.request import Reopen, Replan, Stop
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.words import unwritten_words
from workflows.effects.inheritance import changed_inheritance
from workflows.partner_lookup.resolving import LookupRefused, find_again, still_means
from workflows.ports.directory import Directory, DirectoryRefused, DirectoryUnavailable
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a request may not be written as it was approved."""

    reason: str
    first: type[Stop] | type[Reopen] | type[Replan]
    """The command when nothing was sent yet."""
    cure: str
    """The end of the sentence that nothing was written, and the next step."""
    roster: Roster | None = None
    """The roster that the approvals were counted with, when approvals are missing."""
    drift: Drift | None = None

    def before_the_first_write(self, request: AccessRequest) -> Stop | Reopen | Replan:
        """Return the command for a request whose plan was not sent."""
        reason = f"{self.reason} {unwritten_words(request)}{self.cure}"
        if self.first is Replan:
            return Replan(reason=reason, drift=self.drift, is_unwritten=True)
        return self.first(reason=reason)

    def after_a_write(self, why: str) -> Replan:
        """Return the command for a request that was sent: it is planned and approved again, whatever the objection."""
        return Replan(reason=f"{self.reason} {why}", drift=self.drift)


async def objection(
    request: AccessRequest, *, tenant: Tenant, directory: Directory, catalog: Catalog | None
) -> Objection | None:
    """Check the partner's identity, the rules, the approvals and the inherited values; None: all as approved.

    :param catalog: the current templates and roles; None: they are not compared.
    :raises TenantUnavailable, TenantRefused, DirectoryUnavailable: when it cannot be read now.
    """
    if request.particulars.kind is RequestKind.REVOCATION:
        return None
    moved = await _moved(request, tenant)
    if moved is not None:
        return moved
    known = request.known
    if catalog is not None and (changed := changed_rules(known.plan, known.roles, catalog)):
        return Objection(reason=changed.words, first=Replan, cure=". So it is planned and asked again.")
    try:
        roster = await directory.roster([decision.person for decision in request.decisions])
    except DirectoryRefused as error:
        raise DirectoryUnavailable(str(error)) from error  # an approved plan waits until this is repaired
    verdict = request.verdict(roster)
    if not verdict.is_complete:
        return Objection(
            reason=" ".join(verdict.discounted),
            first=Reopen,
            cure="; the stage is open again.",
            roster=roster,
        )
    changed_default = await changed_inheritance(request, tenant=tenant)
    if changed_default is None:
        return None
    return Objection(
        reason=changed_default.reason,
        first=Replan,
        cure="; the change is planned and asked again with the default of now.",
        drift=changed_default.drift,
    )


async def _moved(request: AccessRequest, tenant: Tenant) -> Objection | None:
    known = request.known
    try:
        identity = await find_again(request, tenant=tenant)
    except LookupRefused as refused:
        return Objection(reason=str(refused), first=Stop, cure=".")
    if still_means(request, identity):
        return None
    now = "no tenant" if identity is None else f"the tenant {identity.tenant_id}"
    return Objection(
        reason=(
            f"“{request.particulars.target}” led to the tenant {known.plan.tenant_id} when it was approved "
            f"and leads to {now} now."
        ),
        first=Stop,
        cure=". Ask the partner before filing it again.",
    )
