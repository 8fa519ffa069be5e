"""The commands about the sponsorship of a partner: propose a sponsor, accept, decline, and what time does."""

from dataclasses import dataclass, field
from typing import Generic, Literal

from workflows.core.people import Actor, Person
from workflows.core.requests.commands.audit_details import Details, account_details, clicked_details
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeSponsor(Generic[Actor]):
    """The sponsor, the sponsor's manager or an admin proposes another sponsor, who must accept."""

    name: Literal["propose_sponsor"] = field(default="propose_sponsor")
    actor: Actor
    tenant_id: TenantId
    proposed: Actor
    """Who shall become the sponsor."""
    is_manager: bool = False
    """Whether Entra names the actor as the sponsor's manager. The permission check reads it."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return who was proposed; for a click also the partner."""
        if isinstance(self.actor, Person) and isinstance(self.proposed, Person):
            manager = {"is_manager": True} if self.is_manager else {}
            proposed = {"proposed": self.proposed.name, "proposed_account": self.proposed.id}
            return {"account": self.actor.id, **proposed, **manager}
        return clicked_details(tenant_id=self.tenant_id, proposed=str(self.proposed))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSponsorship(Generic[Actor]):
    """The proposed person accepts, and is the sponsor from now on."""

    name: Literal["accept_sponsorship"] = field(default="accept_sponsorship")
    actor: Actor
    tenant_id: TenantId
    number: int
    """The number of the hand-over that the person answers."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the number of the hand-over, and the account; for a click also the partner."""
        return {**(account_details(self.actor) or {"tenant_id": self.tenant_id}), "number": self.number}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineSponsorship(Generic[Actor]):
    """The proposed person declines. The sponsor stays the same."""

    name: Literal["decline_sponsorship"] = field(default="decline_sponsorship")
    actor: Actor
    tenant_id: TenantId
    number: int
    """The number of the hand-over that the person answers."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the number of the hand-over, and the account; for a click also the partner."""
        return {**(account_details(self.actor) or {"tenant_id": self.tenant_id}), "number": self.number}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawHandover(Generic[Actor]):
    """Whoever proposed the new sponsor takes the question back. The sponsor stays the same."""

    name: Literal["withdraw_sponsorship"] = field(default="withdraw_sponsorship")
    actor: Actor
    tenant_id: TenantId
    number: int
    """The number of the hand-over that is withdrawn."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the number of the hand-over, and the account; for a click also the partner."""
        return {**(account_details(self.actor) or {"tenant_id": self.tenant_id}), "number": self.number}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindHandover:
    """The reminder of the proposed person is due."""

    name: Literal["remind_handover"] = field(default="remind_handover")

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireHandover:
    """The proposed person did not answer in time. The sponsor stays the same."""

    name: Literal["expire_handover"] = field(default="expire_handover")

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


HandoverAnswer = AcceptSponsorship[Person] | DeclineSponsorship[Person]

HandoverCommand = ProposeSponsor[Person] | HandoverAnswer | WithdrawHandover[Person] | RemindHandover | ExpireHandover
