"""Execute commands: load, decide, store in one transaction, wake the worker. Requests and partners change here."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from workflows.app.storing.new_audit_entry import entry_of
from workflows.app.storing.recorder import Recorder
from workflows.app.watch.known_drift import is_partner_drifted
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.outcome.advancing import PartnerOutcome, advance_request_and_record
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.automatic import RecordPrepared
from workflows.core.requests.commands.clicks import actor_of
from workflows.core.requests.commands.partner_record import Keep, PartnershipCommand
from workflows.core.requests.commands.request import RemindApprovers, RequestCommand, Submit, Withdraw
from workflows.core.requests.commands.review_event import (
    AnswerAccessTest,
    AskAccessTest,
    RequestAccessTest,
    SilenceCommand,
)
from workflows.core.requests.effects import (
    update_where_clicked,
)
from workflows.core.requests.request import (
    AccessRequest,
    BatchId,
    ObservedPartner,
    RequestFields,
    RequestId,
    RequestKind,
)
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Measurements, Store

_TRIES: Final = 5
"""How often a command is decided again because somebody else stored a newer version first."""

_OF_THE_REQUEST: Final = Keep | SilenceCommand | AskAccessTest | RequestAccessTest | AnswerAccessTest
"""What belongs to the history of the request: the answers of people, and that they were asked."""

_log = structlog.get_logger()
Record = TypeVar("Record")

CurrentRolesOf = Callable[[AccessRequest], Awaitable[CurrentRoles]]
"""Reads the current roles of the actor of a command, and of the people who decided on the request."""


async def _no_attestation(_partnership: Partnership) -> None:
    """Return that no attestation is asked: for commands of the bot itself, which keep nothing."""


class Service(Recorder):
    """Accepts commands. It only stores effects; the queue worker performs them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        wake: Callable[[], None],
        calendar: WorkingCalendar | None = None,
        measurements: Measurements | None = None,
    ) -> None:
        """Create the service.

        :param calendar: the organization's working days; None for Monday to Friday without holidays.
        :param measurements: is told of each change of a request; None where nothing is measured.
        """
        super().__init__(store=store, clock=clock, wake=wake)
        self._calendar = WorkingCalendar() if calendar is None else calendar
        self._measurements = measurements

    async def submit(
        self,
        request_id: RequestId,
        fields: RequestFields,
        *,
        key: str,
        decide_within: timedelta,
        observation: ObservedPartner | None = None,
        submitter: Person | None = None,
        account: PersonId | None = None,
        batch: BatchId | None = None,
        filed_by: ChatId | None = None,
        submitter_account: PersonId | None = None,
        drafter: Person | None = None,
    ) -> None:
        """Store a new request. It is prepared later. Nothing is stored when the audit log contains `key` already.

        :param observation: the partner as the form read it, if it did.
        :param submitter: the person who filed it, if that was checked.
        :param batch: the batch whose decision decides on it; None for a request that is decided alone.
        :param filed_by: who filed it, when that is not the requester: Gatehouse itself, for a row of a batch.
        :param submitter_account: the account of who sends it on behalf of the requester, if that is known.
        :param drafter: who gave the file of which it is a row, if that is not the requester.
        """
        command = Submit(request_id=request_id, fields=fields, lifetime=decide_within, observation=observation)
        command = replace(command, submitter=submitter, account=account, batch=batch, drafter=drafter)
        now = self._clock.now()
        transition = advance_request_and_record(None, command, Situation(now=now))
        if fields.submitter is None:
            submitter_account = account if submitter is None else submitter.id
        entry = entry_of(
            *(key, now, filed_by or fields.submitter or fields.requester, command.name),
            command.audit_details(transition.request),
            request_id=request_id,
            # Only a lookup proves which tenant is meant. A typed domain does not.
            tenant_id=None if observation is None else observation.identity.tenant_id,
            account=None if filed_by else submitter_account,
        )
        if await self._commit(Commit(entry=entry, request=transition.request, effects=transition.effects)):
            _log.info("request_stored", request=request_id, entry=key)  # a revocation has no id before

    async def withdraw(self, request_id: RequestId, actor: ChatId, *, key: str) -> None:
        """Withdraw a request of the actor. This needs no permission check.

        :raises Refused: when somebody else filed the request, or it is decided.
        """
        await self.advance(request_id, Withdraw(actor=actor, request_id=request_id), key=key)

    async def remind(self, request_id: RequestId, actor: ChatId, *, key: str) -> None:
        """Remind the approvers of a request because its requester asks for it.

        :raises Refused: for a request of another person or without an open approval; within a day of a reminder.
        """
        await self.advance(request_id, RemindApprovers(actor=actor), key=key)

    async def advance(
        self,
        request_id: RequestId,
        command: RequestCommand,
        *,
        key: str = "",
        current_roles_of: CurrentRolesOf | None = None,
        received_at: datetime | None = None,
    ) -> AccessRequest:
        """Apply a command to a request and store the result.

        :param key: the idempotency key; empty for a command of the bot itself, whose key is made from the version.
        :param current_roles_of: called with the version of the request that the command changes. It must return the
            roles of everybody who has decided on that version; otherwise their decisions do not count.
        :param received_at: when the click was stored that led to the command; None when there was no click.
        :raises Refused: when the lifecycle does not allow it; nothing is stored.
        :raises OtherOpenRequest: when another request about the same tenant got a plan first.
        """

        async def attempt() -> AccessRequest:
            request = await self._load(request_id)
            record = None if request.prepared is None else await self._store.partnership(request.plan.tenant_id)
            current_roles = CurrentRoles() if current_roles_of is None else await current_roles_of(request)
            situation = Situation(
                now=self._clock.now(), current_roles=current_roles, received_at=received_at, calendar=self._calendar
            )
            transition = advance_request_and_record(request, command, situation, record)
            if transition.request.version == request.version:
                return request
            is_stored = await self._commit(self._commit_of(request, command, transition, key, situation.now))
            if not is_stored:
                return await self._load(request_id)
            if self._measurements is not None:
                self._measurements.advanced(request, transition.request)
            return transition.request

        return await _retry_when_stale(attempt)

    def _commit_of(
        self, request: AccessRequest, command: RequestCommand, transition: PartnerOutcome, key: str, now: datetime
    ) -> Commit:
        return Commit(
            entry=entry_of(
                key or f"{request.id}:{request.version}:{command.name}",
                now,
                actor_of(command),
                command.name,
                command.audit_details(transition.request),
                request_id=request.id,
                tenant_id=None if request.prepared is None else request.prepared.plan.tenant_id,
            ),
            request=transition.request,
            partnership=transition.partnership,
            effects=update_where_clicked(transition.effects, command),
            must_be_only_open_request=isinstance(command, RecordPrepared)
            and request.fields.kind is not RequestKind.REVOCATION,
        )

    async def advance_review(
        self,
        tenant_id: TenantId,
        command: PartnershipCommand,
        *,
        key: str = "",
        current_roles: CurrentRoles | None = None,
        attest_mfa_for: Callable[[Partnership], Awaitable[timedelta | None]] = _no_attestation,
    ) -> Partnership:
        """Apply a command to a partnership and store the result.

        :param attest_mfa_for: how long an attestation of MFA counts, by the partner's record.
        :raises Refused: when the rules do not allow it, or there is no such partnership; nothing is stored.
        """

        async def attempt() -> Partnership:
            partnership = await self._store.partnership(tenant_id)
            if partnership is None:
                raise Refused(RefusalCode.UNKNOWN_PARTNER)
            now = self._clock.now()
            is_drifted = isinstance(command, Keep) and await is_partner_drifted(tenant_id, self._store)
            roles = current_roles or CurrentRoles()
            transition = advance_review(
                partnership,
                command,
                current_roles=roles,
                now=now,
                is_drifted=is_drifted,
                attest_mfa_for=await attest_mfa_for(partnership),
            )
            entry = entry_of(
                key or f"{tenant_id}:{partnership.version}:{command.name}",
                now,
                actor_of(command),
                command.name,
                command.audit_details(),
                request_id=partnership.request_id if isinstance(command, _OF_THE_REQUEST) else None,
                tenant_id=tenant_id,
            )
            await self._commit(Commit(entry=entry, partnership=transition.partnership, effects=transition.effects))
            return transition.partnership

        return await _retry_when_stale(attempt)

    async def _load(self, request_id: RequestId) -> AccessRequest:
        request = await self._store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request


async def _retry_when_stale(attempt: Callable[[], Awaitable[Record]]) -> Record:
    for _ in range(_TRIES - 1):
        with suppress(StaleVersion):
            return await attempt()
    return await attempt()
