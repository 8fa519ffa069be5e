"""Write the accounts of a confirmed plan, one group of 20 at a time, and read all of them back.

One run of the effect writes one group, and stores the next run with what came of it. So whatever closes the partner
goes before the next group, and after a crash the stored progress says what is known. What was sent without an answer is
read before anything is sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from workflows.app.service import Service
from workflows.core.errors.facts import Fact, Facts
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountOutcome,
    AccountPlan,
    AccountResult,
    AccountState,
    AccountWritten,
    LeftAlone,
    PlannedAccount,
    reason_to_leave,
)
from workflows.core.requests.commands.automatic import (
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    Stop,
)
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.guest_accounts import account_plan, progress_of
from workflows.effects.applying.guest_accounts.still_wanted import StillWanted
from workflows.intervals import ACCOUNT_ANSWER_AWAITED_FOR, ACCOUNTS_READ_BACK_FOR
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import MAX_WRITES, GuestAccounts
from workflows.ports.tenant import TenantRefused, TenantUnavailable, asked_before_writes

_STATUSES_AN_ADMIN_CAN_MEND: Final = frozenset({401, 403})
_READ_AGAIN_SECONDS: Final = 5.0


class AccountsWait(TenantUnavailable):
    """The next group, or the next read-back, is due a little later. Nobody is told of such a short pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWriter:
    """Writes guest accounts. May be repeated safely at every point."""

    service: Service
    accounts: GuestAccounts
    clock: Clock
    still_wanted: StillWanted

    async def write(self, request: AccessRequest) -> None:
        """Do the next step for a request: learn what is not known, write a group, or read everything back.

        What Graph refuses for good is not repeated for ever: the request ends with what took effect.

        :raises AccountsWait: when the next step is due a little later.
        :raises TenantUnavailable, PeopleDirectoryUnavailable: when something cannot be read or written now.
        """
        try:
            await self._next_step(request)
        except TenantRefused as error:
            if error.status in _STATUSES_AN_ADMIN_CAN_MEND:
                raise TenantUnavailable((*error.facts, Fact(NoteCode.WAITS_FOR_ADMIN))) from error
            await self._give_up(request, error)

    async def _give_up(self, request: AccessRequest, error: TenantRefused) -> None:
        """End a request of which Graph refuses the next step. What was sent is read for some time first.

        :param request: the request as it was before this step.
        :raises TenantUnavailable: during that time.
        """
        progress = progress_of(request)
        if not progress.sending and not progress.stop and progress.remaining(account_plan(request)):
            await self.service.advance(request.id, Stop(reason=error.facts))
            return
        since = request.unconfirmed_since or progress.sending_since or request.changed_at
        if self.clock.now() - since < ACCOUNTS_READ_BACK_FOR:
            raise TenantUnavailable(error.facts) from error
        await self.service.advance(request.id, RecordAccountsRead(shown=(), unread=error.facts))

    async def _next_step(self, request: AccessRequest) -> None:
        progress, plan = progress_of(request), account_plan(request)
        if progress.sending:
            await self._learn(request, progress.sending)
        elif not progress.stop and progress.remaining(plan):
            if await self.still_wanted.check(request):
                await self._write_group(request, plan, progress.remaining(plan)[:MAX_WRITES])
        else:
            await self._read_back(request, plan)

    async def _learn(self, request: AccessRequest, ids: Sequence[PersonId]) -> None:
        """Read the accounts whose answer is not known, and record what they show."""
        plan = account_plan(request)
        states = await self.accounts.read(ids)
        now = self.clock.now()
        results, hidden = [], []
        for person in ids:
            state = states.get(person)
            if state is None:
                results.append(AccountResult(id=person, end=AccountEnd.GONE, at=now))
            elif _is_wished(state, plan):
                results.append(AccountResult(id=person, end=AccountEnd.SENT, at=now))
            else:
                hidden.append(person)
        sent_at = progress_of(request).sending_since or request.changed_at
        if hidden and now - sent_at < ACCOUNT_ANSWER_AWAITED_FOR:
            if results:
                await self._record(request, results)
            raise AccountsWait((Fact(NoteCode.NOT_SHOWN_YET),), _READ_AGAIN_SECONDS)
        await self._record(request, results, not_written=hidden, goes_on=True)

    async def _write_group(self, request: AccessRequest, plan: AccountPlan, group: Sequence[PlannedAccount]) -> None:
        """Read a group again, leave alone who changed, and write the others."""
        roles = await self.accounts.roles()
        states = await self.accounts.read([one.id for one in group])
        left = []
        for one in group:
            names = roles[one.id].names if one.id in roles else ()
            reason = reason_to_leave(states.get(one.id), names, plan.change, one)
            if reason is not None:
                left.append(self._left(one, *reason))
        kept = {one.id for one in left}
        ids = tuple(one.id for one in group if one.id not in kept)
        if left:
            await self._record(request, left, goes_on=not ids)
        if not ids:
            return
        await self.service.advance(request.id, RecordAccountsSending(ids=ids))
        written = await self._send(request, plan, ids)
        await self._record_written(request, ids, written)

    def _left(self, one: PlannedAccount, reason: LeftAlone, values: Mapping[str, object]) -> AccountResult:
        end = AccountEnd.GONE if reason is LeftAlone.GONE else AccountEnd.LEFT_ALONE
        facts = (Fact(reason.value, dict(values)),) if values else ()
        return AccountResult(id=one.id, end=end, at=self.clock.now(), left=reason, reason=facts)

    async def _send(
        self, request: AccessRequest, plan: AccountPlan, ids: Sequence[PersonId]
    ) -> Sequence[AccountWritten]:
        """Send one group. An error of the whole means that nothing was written, which is recorded."""
        still_mine = partial(self.still_wanted.gate.require_still_mine, request)
        try:
            with asked_before_writes(still_mine):
                return await self.accounts.set_enabled(ids, is_enabled=plan.change is AccountChange.ENABLE)
        except (TenantUnavailable, TenantRefused):
            await self._record(request, (), not_written=ids)
            raise

    async def _record_written(
        self, request: AccessRequest, ids: Sequence[PersonId], written: Sequence[AccountWritten]
    ) -> None:
        """Record the answers to one group. An account without an answer stays unknown."""
        answers = [one for one in written if one.id in set(ids)]
        results = [
            AccountResult(id=one.id, end=end, at=one.at, reason=one.reason, ids=one.ids)
            for one in answers
            if (end := _ENDS.get(one.outcome)) is not None
        ]
        later = [one for one in answers if one.outcome is AccountOutcome.LATER]
        unknown = set(ids) - {one.id for one in results} - {one.id for one in later}
        await self._record(request, results, not_written=[one.id for one in later], goes_on=not later and not unknown)
        if len(ids) > 1 and sum(one.end is AccountEnd.REFUSED for one in results) == len(ids):
            await self.service.advance(request.id, Stop(reason=_not_allowed(results)))
        elif unknown:
            raise AccountsWait((Fact(NoteCode.NOT_SHOWN_YET),), _READ_AGAIN_SECONDS)
        elif later:
            raise AccountsWait((Fact(NoteCode.KEEPS_TRYING),), _pause_seconds(later))

    async def _read_back(self, request: AccessRequest, plan: AccountPlan) -> None:
        """Read everything that was sent. What is not shown is read again for some time."""
        ids = progress_of(request).ids_of(AccountEnd.SENT)
        states = await self.accounts.read(ids) if ids else {}
        shown = [person for person in ids if person in states and _is_wished(states[person], plan)]
        hidden = [person for person in ids if person not in set(shown)]
        since = request.unconfirmed_since or self.clock.now()
        is_last = not hidden or self.clock.now() - since >= ACCOUNTS_READ_BACK_FOR
        command = RecordAccountsRead(shown=tuple(shown), not_shown=tuple(hidden), is_last=is_last)
        await self.service.advance(request.id, command)
        if not is_last:
            raise AccountsWait((Fact(NoteCode.NOT_SHOWN_YET),), _READ_AGAIN_SECONDS)

    async def _record(
        self,
        request: AccessRequest,
        results: Sequence[AccountResult],
        *,
        not_written: Sequence[PersonId] = (),
        goes_on: bool = False,
    ) -> None:
        if not (results or not_written or goes_on):
            return
        command = RecordAccountResults(results=tuple(results), not_written=tuple(not_written), goes_on=goes_on)
        await self.service.advance(request.id, command)


_ENDS: Final[Mapping[AccountOutcome, AccountEnd]] = {
    AccountOutcome.ACCEPTED: AccountEnd.SENT,
    AccountOutcome.GONE: AccountEnd.GONE,
    AccountOutcome.REFUSED: AccountEnd.REFUSED,
}


def _is_wished(state: AccountState, plan: AccountPlan) -> bool:
    return state.is_enabled is (plan.change is AccountChange.ENABLE)


def _not_allowed(results: Sequence[AccountResult]) -> Facts:
    return (Fact(NoteCode.ACCOUNTS_NOT_ALLOWED), *results[0].reason)


def _pause_seconds(later: Sequence[AccountWritten]) -> float | None:
    """Return the longest pause that Graph asked for; None when it named none."""
    named = [one.retry_after_seconds for one in later if one.retry_after_seconds is not None]
    return max(named, default=None)
