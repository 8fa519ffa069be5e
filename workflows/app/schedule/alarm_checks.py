"""The checks that run every few seconds. Each one updates the alarms of one code.

To add one, write a function and add it where the list is made (bot/process/assembly).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.schedule.given_up_effects import alarm_values, is_alarming
from workflows.app.schedule.revocation_alarms import values_of
from workflows.app.schedule.revocation_endings import ending_of
from workflows.app.storing.identifiers import revocation_id
from workflows.core.errors.facts import Fact, as_values
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER, AlarmCode, EndingCode
from workflows.core.requests.delays.overdue import overdue_revocations, unchecked_revocations, unconfirmed_writes
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.clock import Clock
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable, Urgency, WrongTenant, with_urgency

_log = structlog.get_logger()

_TIMEOUT_SECONDS: Final = 3.0
"""Seconds that a check waits for another system. The next check waits until this one has ended."""

_ASKED_BY_UNKNOWN: Final = (Fact(NoteCode.PERSON_UNREADABLE),)

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledChecks:
    """Runs every check. A check that fails does not stop the checks after it."""

    checks: Sequence[Check]

    async def run(self) -> None:
        """Run the checks, one after the other. Safe to repeat."""
        with with_urgency(Urgency.SWEEP):  # also for the sweeps that they start
            for check in self.checks:
                try:
                    await check()
                except StoreNotWritable as error:
                    _log.warning("check_waits", reason=str(error))
                except Exception:
                    _log.exception("check_failed")


def alarm_checks_of(*, store: Store, clock: Clock, tenant: Tenant, alarms: Alarms) -> tuple[Check, ...]:
    """Return the checks of writes, revocations, partly applied changes, given-up work and the tenant itself."""
    of_records = ScheduledChecks(
        checks=(
            partial(check_writes, store=store, clock=clock, alarms=alarms),
            partial(check_revocations, store=store, clock=clock, tenant=tenant, alarms=alarms),
            partial(check_partly_applied, store=store, alarms=alarms),
            partial(check_given_up, store=store, alarms=alarms),
            partial(check_waiting_messages, store=store, alarms=alarms),
        )
    )
    return partial(_check_records, store=store, checks=of_records), partial(check_tenant, tenant=tenant, alarms=alarms)


async def _check_records(*, store: Store, checks: ScheduledChecks) -> None:
    """Run the checks that only read what is stored, unless nothing is stored that they could find."""
    if await store.may_change_alarms():
        await checks.run()


async def check_writes(*, store: Store, clock: Clock, alarms: Alarms) -> None:
    """Raise alarms for writes that were sent ten minutes ago and are not confirmed."""
    late_requests = unconfirmed_writes(await store.open_requests_alone(with_waiting=False), clock.now())
    await alarms.update_alarms(
        AlarmCode.WRITE_NOT_SHOWN,
        {request.id: values_of(request.id, partner_of(request), request.note) for request in late_requests},
    )


async def check_revocations(*, store: Store, clock: Clock, tenant: Tenant, alarms: Alarms) -> None:
    """Raise alarms for revocations that are not confirmed after two minutes; an alarm stays until they are.

    Given-up clicks count as waiting, because an older version gave them up.
    """
    now = clock.now()
    # NB. alarms are read first, then clicks, then requests. A click that becomes a request in between is then found as
    # a request, and its alarm stays.
    alarm_by_subject = {
        alarm.subject: alarm for alarm in await store.open_alarms() if alarm.code is AlarmCode.REVOCATION_NOT_COMPLETE
    }
    given_up = [
        effect.effect for effect in await store.given_up_effects() if isinstance(effect.effect, CheckPermission)
    ]
    clicks = unchecked_revocations([*given_up, *await store.unchecked_clicks()], now)
    requests = await store.open_requests_alone(with_waiting=False)  # a revocation never waits for approval
    values_by_request_id: dict[str, Mapping[str, Any]] = {}
    late_request_ids: set[str] = set()
    for click, command, is_late in clicks:
        request_id = revocation_id(click.key)
        values_by_request_id[request_id] = values_of(request_id, command.target, _ASKED_BY_UNKNOWN)
        if is_late:
            late_request_ids.add(request_id)
    for request in requests:
        if request.fields.kind is RequestKind.REVOCATION:
            values_by_request_id[request.id] = values_of(request.id, partner_of(request), request.note)
    late_request_ids |= {
        overdue_revocation.id for overdue_revocation in overdue_revocations(requests, now, frozenset())
    }
    endings = {}
    for subject in sorted(alarm_by_subject.keys() - values_by_request_id.keys()):
        ending = await ending_of(alarm_by_subject[subject], clicks, requests, store=store, tenant=tenant, now=now)
        if ending is not None:
            endings[subject] = ending
            late_request_ids |= {ending.replaced_by} & values_by_request_id.keys()
    for subject in sorted(late_request_ids - alarm_by_subject.keys()):
        await alarms.raise_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, subject, values_by_request_id[subject])
    for subject, ending in endings.items():
        await alarms.clear_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, subject, ending.reason)


async def check_partly_applied(*, store: Store, alarms: Alarms) -> None:
    """Clear the alarms about partly applied changes whose partner was revoked, approved again, or kept."""
    for alarm in await store.open_alarms():
        if alarm.code is not AlarmCode.PARTLY_APPLIED:
            continue
        request = await store.request(RequestId(alarm.subject))
        if request is None or not request.is_terminal:
            continue  # the alarm is raised before the end of the request is stored
        record = await store.partnership(request.plan.tenant_id)
        is_kept = record is not None and any(attestation.at >= alarm.raised_at for attestation in record.attestations)
        if request.applied_part == 0 and request.state is not RequestState.APPLIED:
            ended = Fact(EndingCode.REQUEST_ENDED, {"state": request.state.value})
            await alarms.clear_alarm(alarm.code, alarm.subject, ended)
        elif request.applied_part == 0 or (record is not None and (is_kept or _is_settled(record, request))):
            await alarms.clear_alarm(alarm.code, alarm.subject)


def _is_settled(record: Partnership, request: AccessRequest) -> bool:
    """Return whether the access was approved again or blocked after a request. A reduction alone settles nothing."""
    if record.is_closed:
        return True
    return record.is_as_approved and record.request_id != request.id


async def check_given_up(*, store: Store, alarms: Alarms) -> None:
    """Raise alarms for effects that were given up; not for an effect that sends an alarm."""
    stopped = [effect for effect in await store.given_up_effects() if is_alarming(effect.effect)]
    await alarms.update_alarms(
        AlarmCode.EFFECT_GIVEN_UP,
        {str(effect.id): await alarm_values(effect.effect, effect.error, store=store) for effect in stopped},
    )


async def check_waiting_messages(*, store: Store, alarms: Alarms) -> None:
    """Raise the alarm while messages are tried again and again; not for a card with an alarm of its own.

    The admins read it later, in the chat. Before that it is in the metrics, and `gatehouse doctor` lists it.
    """
    alarmed = {alarm.subject for alarm in await store.open_alarms() if alarm.code is AlarmCode.CARD_NOT_POSTED}
    waiting = [
        message
        for message in await store.waiting_messages(MESSAGES_WAIT_AFTER)
        if message.lane.partition(":")[2] not in alarmed
    ]
    values = {"count": len(waiting), "reason": as_values(waiting[0].error)} if waiting else None
    await alarms.update_alarms(AlarmCode.MESSAGES_WAIT, {} if values is None else {"": values})


async def check_tenant(*, tenant: Tenant, alarms: Alarms) -> None:
    """Raise the alarm while Graph answers for another tenant than the configured one; asked every few minutes."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await tenant.verify_home()
    except WrongTenant as error:
        values = {"found": error.found, "expected": error.expected}
        await alarms.raise_alarm(AlarmCode.WRONG_TENANT, values=values)
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return  # no answer, so the alarm stays as it is
    else:
        await alarms.clear_alarm(AlarmCode.WRONG_TENANT)
