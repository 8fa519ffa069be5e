"""Read the partner back after a write, until it shows the plan or other settings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from workflows.app.alarms import Alarms
from workflows.app.schedule.revocation_alarms import report_open_access
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import SentWrite, count_written, is_confirmed
from workflows.core.requests.commands.automatic import RecordApplied, RecordResent, RecordUnseen, RecordWriting, Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.writes import closes
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.optional_writes import send_optional_writes
from workflows.effects.applying.resending import NOT_SHOWN, ResendDecision
from workflows.effects.applying.results import ApplyResults
from workflows.effects.applying.write_gate import WriteGate
from workflows.intervals import Pauses
from workflows.partner_lookup.lookup import read_default
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """Reads the partner until it shows the plan, and decides what to do when it does not show it."""

    service: Service
    store: Store
    tenant: Tenant
    alarms: Alarms
    gate: WriteGate
    results: ApplyResults
    resend_decision: ResendDecision
    sleep: Callable[[float], Awaitable[None]]
    pauses: Pauses
    catalog: Catalog | None = None

    async def confirm(
        self, request: AccessRequest, *, pauses_seconds: tuple[float, ...], sent: tuple[SentWrite, ...] = ()
    ) -> AccessRequest | None:
        """Read the partner until it shows the plan, and record that or what it shows instead.

        :param pauses_seconds: the seconds to wait before each read.
        :param sent: the required writes, which Graph accepted before this; empty when this attempt sent none.
        :returns: the request when its plan must be sent again now; None when nothing is left to do.
        :raises TenantUnavailable: while the partner shows neither the plan nor anything else; it is read again later.
        """
        plan = request.plan
        observed: JsonObject | None = None
        for rest in pauses_seconds:
            await self.sleep(rest)
            observed = await self._read(request, sent)
            if observed is not None and is_confirmed(plan, observed):
                await self.send_optional_writes_and_record(request, observed, sent)
                return None
        done = count_written(plan, observed)
        if done is None:
            # Neither the plan nor a step towards it. Waiting longer cannot change that.
            await self.results.record_drift(request, observed, is_written=plan.adoption is None)
            return None
        if request.state is RequestState.UNCONFIRMED:
            if await self.results.stop_if_too_late_while_writing(request, observed, done):
                return None
            command = await self._next_command(request)
            if isinstance(command, Replan):
                reasons = (*(fact for fact in command.reason if fact != NOT_SHOWN), Fact(NoteCode.ACCEPTED_NOT_SHOWN))
                if await self.results.end_partly_applied(request, observed, done, reasons):
                    return None
            if command is not None:
                # Stored before anything is sent, so that a crash never sends an opening a third time.
                request = await self.service.advance(request.id, command)
                return request if isinstance(command, RecordResent) else None
        await self._unseen(request, sent)
        raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))

    async def send_optional_writes_and_record(
        self, request: AccessRequest, observed_configuration: JsonObject, sent: tuple[SentWrite, ...] = ()
    ) -> None:
        """Send the optional writes, which Graph may refuse, and record which settings the tenant has after them.

        :param sent: the required writes, which Graph accepted before this; empty when this attempt sent none.
        """
        plan = request.plan
        if plan.optional and request.state is RequestState.APPLYING:
            await self.service.advance(request.id, RecordWriting())
        tried = await send_optional_writes(
            plan,
            observed_configuration,
            send=partial(self.gate.send_optional, request),
            tenant=self.tenant,
            sleep=self.sleep,
            pauses=self.pauses,
        )
        if tried.may_be_accepted_later and request.fields.kind is RequestKind.REVOCATION:
            # Before the end is recorded: a crash in between repeats this, and the alarm is never missing.
            await report_open_access(self.alarms, self.store, request, tried.may_be_accepted_later)
        # Read last, and only where it is checked: the default may have changed since the plan was made.
        default = await read_default(tenant=self.tenant) if closes(request) else None
        command = RecordApplied(
            configuration=tried.configuration,
            refused=tried.refused,
            default=default,
            sent=sent,
            asks_attestation=self.catalog is None or self.catalog.attest_mfa_for(plan.template) is not None,
        )
        await self.service.advance(request.id, command)

    async def _next_command(self, request: AccessRequest) -> RecordResent | Replan | None:
        """Return whether a write that is not shown for some time is sent again, or needs new approval.

        None: only reading is left.
        """
        try:
            return await self.resend_decision.next_command(request)
        except TenantRefused as error:
            raise TenantUnavailable((*error.facts, Fact(NoteCode.SENT_NOT_SHOWN))) from error

    async def _read(self, request: AccessRequest, sent: tuple[SentWrite, ...]) -> JsonObject | None:
        try:
            plan = request.plan
            return await self.tenant.read_partner(plan.tenant_id, is_to_close=plan.is_revocation)
        except (TenantRefused, TenantUnavailable) as error:
            if request.plan.adoption is not None:
                # Nothing was sent. The next attempt checks everything again before it reads.
                raise TenantUnavailable(error.facts, getattr(error, "retry_after", None)) from error
            # Graph accepted every write. From now on only reading is left, whatever error it meets.
            await self._unseen(request, sent)
            if isinstance(error, TenantRefused) and request.fields.kind is RequestKind.REVOCATION:
                raise await self.results.retry_error_with_alarm(
                    request, error, Fact(NoteCode.SENT_UNREADABLE)
                ) from error
            raise TenantUnavailable(
                (Fact(NoteCode.ACCEPTED_UNREADABLE), *error.facts),
                getattr(error, "retry_after", None),
            ) from error

    async def _unseen(self, request: AccessRequest, sent: tuple[SentWrite, ...]) -> None:
        """Record the state UNCONFIRMED, once, and what was sent. Later attempts send no more messages."""
        if request.state is RequestState.APPLYING or sent:
            await self.service.advance(request.id, RecordUnseen(sent=sent))
