"""Carry out what approvers ask the requester to change, and the requester's answers, after the permission check."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from workflows.app.approvers.stage_holders import roles_at
from workflows.app.requests.edits.less_access import LessAccess
from workflows.app.requests.proposing import current_template
from workflows.app.service import Service
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles, Person
from workflows.core.policy.template import Template
from workflows.core.requests.commands.clicks import ChangeClick, with_person
from workflows.core.requests.commands.editing import (
    AcceptProposal,
    DeclineProposal,
    ProposeLess,
    RequestChanges,
)
from workflows.core.requests.commands.request import Edit, RequestCommand
from workflows.core.requests.proposals import require_open_proposal
from workflows.core.requests.request import AccessRequest, Proposal, RequestState
from workflows.partner_lookup.lookup import look_up
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeClicks:
    """Passes the commands of identified people to the lifecycle."""

    service: Service
    less_access: LessAccess
    tenant: Tenant
    directory: PeopleDirectory

    async def carry_out(self, click: ChangeClick, actor: Person, *, key: str, received_at: datetime | None) -> None:
        """Carry out one click of an identified person.

        :raises Refused: when the rules do not allow it.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now for it.
        """
        request = await self._load(click)
        command = await self._command(request, click, actor, received_at)
        await self.service.advance(
            request.id, command, key=key, current_roles_of=self._roles(actor, received_at), received_at=received_at
        )

    async def _command(
        self, request: AccessRequest, click: ChangeClick, actor: Person, received_at: datetime | None
    ) -> RequestCommand:
        match click:
            case RequestChanges() | DeclineProposal():
                return with_person(click, actor)
            case ProposeLess():
                return await self.less_access.record_of(request, click.less, actor, click.reason, click.digest)
            case AcceptProposal():
                return await self._edit(request, click, actor, received_at)
            case _:
                assert_never(click)

    async def _edit(
        self, request: AccessRequest, click: AcceptProposal, actor: Person, received_at: datetime | None
    ) -> Edit:
        """Return the edit with which the requester accepts a proposal that is not out of date."""
        now = self.less_access.clock.now()
        proposal = require_open_proposal(request, actor.id, click.digest, click.number, received_at or now)
        try:
            template = current_template(self.less_access.catalog, proposal.fields.template)
        except InvalidField as error:
            raise Refused(RefusalCode(error.code), **error.fact.values) from error
        if template.content_hash != proposal.plan.template_hash:
            raise Refused(RefusalCode.PROPOSAL_OUT_OF_DATE, is_replaced=False)
        await self._require_acceptable(request, proposal, template)
        store, clock = self.less_access.store, self.less_access.clock
        return Edit(
            actor=actor,
            request_id=request.id,
            digest=click.digest,
            new_fields=proposal.fields,
            observation=await look_up(request.fields.target, tenant=self.tenant, clock=clock, records=store),
            lifetime=template.decide_within,
            accepts=click.number,
        )

    async def _require_acceptable(self, request: AccessRequest, proposal: Proposal, template: Template) -> None:
        """Refuse what would end the request. The request and the proposal then stay as they are."""
        try:
            await self.less_access.require_acceptable(request, template, proposal.plan, proposal.stages, is_answer=True)
        except InvalidField as error:
            raise Refused(RefusalCode(error.code), **error.fact.values) from error

    def _roles(self, actor: Person, received_at: datetime | None) -> Callable[[AccessRequest], Awaitable[CurrentRoles]]:
        async def current_roles_of(request: AccessRequest) -> CurrentRoles:
            people = (actor, *(decision.person for decision in request.decisions))
            at, store = received_at or self.less_access.clock.now(), self.less_access.store
            return await roles_at(request, people, at, directory=self.directory, store=store)

        return current_roles_of

    async def _load(self, click: ChangeClick) -> AccessRequest:
        request = await self.less_access.store.request(click.request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        if request.state is not RequestState.AWAITING_APPROVAL:
            state, is_closed = request.state.value, request.is_terminal
            raise Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, state=state, is_closed=is_closed)
        if request.batch is not None:
            raise Refused(RefusalCode.IN_A_BATCH, batch=request.batch)
        return request
