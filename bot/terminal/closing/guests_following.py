"""File the disabling of guest accounts, confirm what was shown, and follow it: beside the bot, or performed here."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console

from bot.terminal.closing.exit_status import CLOSED, NOT_ALL_CLOSED, NOT_CONFIRMED, NOT_DONE
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import safe_text
from bot.words.plans.accounts import CHANGES, result_words
from bot.words.requests.notes import note_words
from bot.words.requests.states import short_state_words
from workflows.app.evidence.guests.account_filing import AccountFiling
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.catalog.catalog import Catalog
from workflows.core.people import ADMIN, CurrentRoles, command_line_person
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountPlan
from workflows.core.requests.commands.request import ChangeGuests, Confirm, Withdraw
from workflows.core.requests.notes import is_partly_done
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.guest_accounts import account_plan, progress_of
from workflows.effects.closing.performing import ClosingPerformer
from workflows.intervals import Pauses
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.tenant import Tenant
from workflows.store.location import OpenStore

GOES_ON: Final = "It is stored and goes on by itself while the bot runs. /partner show has the result."
_OTHERS: Final = "other accounts were found than were shown, so nothing was written; run the command again"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisablingOptions:
    """The options of the command."""

    reason: str = ""
    confirm: str = ""
    only_found: bool = False
    is_dry_run: bool = False
    wait: float = 600
    """For how many seconds it is followed."""


class Unconfirmed(Exception):
    """The person did not confirm, or gave no reason; its text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was shown and is confirmed."""

    target: str
    confirmation: str
    plan: AccountPlan


@dataclass(slots=True)
class Progress:
    """How far a run came, for when it is interrupted."""

    is_stored: bool = False
    """Whether the confirmation may be stored. Before it, nothing is ever written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisablingSession:
    """Stores what is asked and confirmed, and follows it. Ending it at any point loses nothing that was stored."""

    store: OpenStore
    is_alone: bool
    """Whether no bot uses the records, so that the request is performed here."""
    tenant: Tenant
    accounts: GuestAccounts
    catalog: Catalog
    clock: Clock
    pauses: Pauses
    console: Console
    requester: EvidenceRequester

    async def disable(self, shown: Shown, reason: str, options: DisablingOptions, progress: Progress) -> int:
        """Store the request, confirm it when it is prepared, and follow it. Returns the exit status.

        :raises DomainError, Unconfirmed: when it is refused, or other accounts are found than were shown.
        """
        until = time.monotonic() + options.wait
        request_id = await self._file(shown, reason, options)
        how = "No bot runs, so it is performed here." if self.is_alone else "The running bot performs it."
        self.say(f"Stored as {request_id}. {how}")
        async with self._performing(request_id):
            prepared = await self._until(request_id, lambda one: one.state is not RequestState.PREPARING, until)
            if prepared.state is not RequestState.AWAITING_CONFIRMATION:
                return self._end(prepared)
            await self._confirm(prepared, shown, progress)
            return self._end(await self._until(request_id, lambda one: one.is_terminal, until))

    async def _file(self, shown: Shown, reason: str, options: DisablingOptions) -> RequestId:
        person = command_line_person(self.requester.user)
        request_id = derived_request_id(self.requester.key)
        filing = AccountFiling(
            service=self._service,
            store=self.store,
            tenant=self.tenant,
            catalog=self.catalog,
            clock=self.clock,
            accounts=self.accounts,
        )
        asked = ChangeGuests(
            actor=person.chat_id,
            target=shown.target,
            change=AccountChange.DISABLE,
            reason=reason,
            only_found=options.only_found,
        )
        await filing.file(asked, person, self._roles, request_id, key=self.requester.key)
        return request_id

    async def _confirm(self, request: AccessRequest, shown: Shown, progress: Progress) -> None:
        """Confirm exactly what was shown. If other accounts are found, the request is withdrawn.

        :raises Unconfirmed: then.
        """
        person, key = command_line_person(self.requester.user), self.requester.key
        if {one.id for one in account_plan(request).accounts} != {one.id for one in shown.plan.accounts}:
            await self._service.advance(
                request.id, Withdraw(actor=person.chat_id, request_id=request.id), key=f"{key}:no"
            )
            raise Unconfirmed(_OTHERS)
        progress.is_stored = True

        async def roles(_: AccessRequest) -> CurrentRoles:
            return self._roles

        confirm = Confirm(actor=person, request_id=request.id, digest=request.plan.digest, typed=shown.confirmation)
        await self._service.advance(request.id, confirm, key=f"{key}:confirmed", current_roles_of=roles)

    async def _until(
        self, request_id: RequestId, is_reached: Callable[[AccessRequest], bool], until: float
    ) -> AccessRequest:
        """Print each new state until it is as wished, or until a time of the monotonic clock."""
        said = ""
        while True:
            request = await self._stored(request_id)
            if is_reached(request) or time.monotonic() >= until:
                return request
            words = short_state_words(request)
            note = f" {note_words(request.note)}" if request.note else ""
            if (line := f"{words[:1].upper()}{words[1:]}.{note}") != said:
                said = line
                self.say(line)
            await asyncio.sleep(self.pauses.due_work_read_every)

    def _end(self, request: AccessRequest) -> int:
        if not request.is_terminal:
            self.say(f"NOT CONFIRMED. {GOES_ON}")
            return NOT_CONFIRMED
        words = short_state_words(request)
        self.say(f"{words[:1].upper()}{words[1:]}.")
        if request.note:
            self.console.print(safe_text(note_words(request.note)))
        if request.accounts is not None:
            plan = account_plan(request)
            self.console.print(safe_text(result_words(plan, progress_of(request))))
            self.console.print(safe_text(CHANGES[plan.change].after))
        return exit_status_of(request)

    @asynccontextmanager
    async def _performing(self, request_id: RequestId) -> AsyncIterator[None]:
        """Perform what is due of the request here, when no bot runs."""
        if not self.is_alone:
            yield
            return
        performer = ClosingPerformer(
            store=self.store,
            tenant=self.tenant,
            clock=self.clock,
            pauses=self.pauses,
            catalog=self.catalog,
            guest_accounts=self.accounts,
        )
        async with performer.performing(await self._stored(request_id)):
            yield

    async def _stored(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Unconfirmed("the request is not in the records any more")
        return request

    @property
    def _service(self) -> Service:
        return Service(store=self.store, clock=self.clock, wake=_wake_nobody)

    @property
    def _roles(self) -> CurrentRoles:
        """Return the right of whoever may run the command: closing needs no person."""
        return CurrentRoles(roles={command_line_person(self.requester.user).id: frozenset({ADMIN})})

    def say(self, text: str) -> None:
        """Print one line with the time."""
        self.console.print(safe_text(f"{self.clock.now():%H:%M:%S} {text}"))


def exit_status_of(request: AccessRequest) -> int:
    """Return the exit status of a request that has ended: whether everybody who was shown is disabled and read back."""
    if is_partly_done(request):
        return NOT_ALL_CLOSED
    if request.state is not RequestState.APPLIED:
        return NOT_DONE
    is_whole = progress_of(request).count(AccountEnd.DONE) == len(account_plan(request).accounts)
    return CLOSED if is_whole else NOT_ALL_CLOSED


def _wake_nobody() -> None:
    """Do nothing: the bot looks for due work by itself."""
