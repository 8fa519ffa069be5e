"""Issue the commands whose time has come: starts, expiry, and reminders, and questions whether an access works."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime
from typing import Final

import structlog

from workflows.app.approvers.manager_delegates import KnownAbsences
from workflows.app.approvers.stage_holders import roles_for
from workflows.app.schedule.downtime import gaps, store_tick, tell_of_gap
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.requests.commands.automatic import Expire
from workflows.core.requests.commands.clicks import DecisionClick
from workflows.core.requests.commands.partner_record import AskSetup, PostponePrompt, PromptSetup
from workflows.core.requests.commands.people import ExpireHandover, RemindHandover
from workflows.core.requests.commands.request import Approve, Reject, RemindApprovers
from workflows.core.requests.commands.review_event import AskAccessTest
from workflows.core.requests.deadlines.commands import AnnounceExpiry, Escalate, ResumeClock, Start
from workflows.core.requests.deadlines.reminder_times import SETUP_PROMPTS_APART
from workflows.core.requests.deciding import is_in_time, require_may_decide
from workflows.core.requests.delays.downtime import must_starts_wait
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest, RequestId, StopCause
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_TIMEOUT_SECONDS: Final = 5.0
"""Seconds that one tick waits for the people directory. A click of a person who is not known by then is checked first.
"""

_log = structlog.get_logger()


async def tick(*, service: Service, store: Store, directory: PeopleDirectory, clock: Clock) -> None:
    """Start scheduled access, expire undecided requests, remind approvers, and send reminders of the partner setup.

    Each is done once when it is due. For a quarter of an hour after a gap no access starts, because the clock may have
    jumped, and because who took a start back in the gap has to do it again.
    """
    gap = await store_tick(store=store, clock=clock)
    if gap is not None:
        _log.warning("gap_noticed", since=str(gap.since), until=str(gap.until))
    known_gaps = await gaps(store=store, now=clock.now())
    await tell_of_gap(known_gaps, recorder=service, store=store)
    starts = () if must_starts_wait(known_gaps, clock.now()) else (Start(),)
    requests, partners = await store.due(clock.now())
    # NB. read after the due items, so that every click that arrived before the deadline is in this list.
    clicks = await store.unchecked_clicks() if requests else ()
    deadline = asyncio.get_running_loop().time() + _TIMEOUT_SECONDS
    for request_id in requests:
        # NB. all commands are issued. The lifecycle accepts only those that are due, and refuses the others silently.
        # The notice before the expiry comes before a reminder: it takes the place of one that is due at the same time.
        waiting = (ResumeClock(cause=StopCause.QUESTION), AnnounceExpiry(), RemindApprovers(), Escalate())
        for command in (*starts, *waiting):
            await _ignore_refusal(service.advance(request_id, command))
        await _ignore_refusal(_expire(request_id, clicks, deadline, service=service, store=store, directory=directory))
    for tenant_id in partners:
        # All commands are issued. The lifecycle accepts only those that are due, and refuses the others silently.
        for partner_command in (AskSetup(), RemindHandover(), ExpireHandover(), AskAccessTest()):
            await _ignore_refusal(service.advance_review(tenant_id, partner_command))
        await _ignore_refusal(_prompt_setup(tenant_id, service=service, store=store, clock=clock))


async def _prompt_setup(tenant_id: TenantId, *, service: Service, store: Store, clock: Clock) -> None:
    """Remind a sponsor of the open steps of the partner setup, of one partner a day. The others wait for their day."""
    record, now = await store.partnership(tenant_id), clock.now()
    due_at = None if record is None else record.setup_prompt_due_at
    if record is None or due_at is None or now < due_at:
        return
    sent, reserved = f"setup_prompt_sent:{record.sponsor.id}", f"setup_prompt_reserved:{record.sponsor.id}"
    last = await store.mark(sent)
    if last is None or now >= datetime.fromisoformat(last) + SETUP_PROMPTS_APART:
        # NB. before it is sent: when the process ends in between, a day passes without one, and nobody gets two.
        await store.save_mark(sent, now.isoformat())
        await service.advance_review(tenant_id, PromptSetup())
        return
    newest = max(datetime.fromisoformat(mark) for mark in (last, await store.mark(reserved)) if mark)
    day = max(now, newest) + SETUP_PROMPTS_APART
    await store.save_mark(reserved, day.isoformat())
    await service.advance_review(tenant_id, PostponePrompt(until=day))


async def _expire(
    request_id: RequestId,
    clicks: Iterable[CheckPermission],
    deadline: float,
    *,
    service: Service,
    store: Store,
    directory: PeopleDirectory,
) -> None:
    """Expire a request, unless a stored click must be checked first; see `_is_being_decided`."""
    if not await _is_being_decided(request_id, clicks, deadline, store=store, directory=directory):
        await service.advance(request_id, Expire())


async def _is_being_decided(
    request_id: RequestId,
    clicks: Iterable[CheckPermission],
    deadline: float,
    *,
    store: Store,
    directory: PeopleDirectory,
) -> bool:
    """Return whether a stored, unchecked click may still count for this request's decision.

    :param deadline: the event loop's time at which waiting for the directory ends.
    """
    decisions = [
        (click.command, click)
        for click in clicks
        if isinstance(click.command, Approve | Reject) and click.command.request_id == request_id
    ]
    request = await store.request(request_id) if decisions else None
    if request is None:
        return False
    for decision, click in decisions:
        if is_in_time(request, decision.digest, click.received_at) and await _may_count(
            request, decision, click, deadline, store=store, directory=directory
        ):
            return True
    return False


async def _may_count(
    request: AccessRequest,
    command: DecisionClick,
    click: CheckPermission,
    deadline: float,
    *,
    store: Store,
    directory: PeopleDirectory,
) -> bool:
    """Return whether the person who clicked may decide. True when it is not known now: the click is checked first."""
    absences = await store.absences(request.created_at)
    known = KnownAbsences(absences=absences, at=click.received_at or request.expires_at)
    try:
        async with asyncio.timeout_at(deadline):
            actor = await directory.identify(command.actor)
            people = [actor, *(decision.person for decision in request.decisions)]
            current_roles = await roles_for(request, people, directory, known)
        require_may_decide(
            request,
            actor,
            command.digest,
            current_roles=current_roles,
            now=click.received_at or request.expires_at,
            may_repeat=isinstance(command, Reject),
        )
    except (PeopleDirectoryRefused, PeopleDirectoryUnavailable, TenantRefused, TenantUnavailable, TimeoutError):
        return True
    except Refused:
        return False
    return True


async def _ignore_refusal(work: Awaitable[object]) -> None:
    """Run a command and ignore a refusal: another person or check acted first.

    A failure with one record does not stop others.
    """
    try:
        await work
    except Refused:
        return
    except Exception:
        _log.exception("tick_failed_for_one")
