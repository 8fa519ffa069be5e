"""File the disabling of guest accounts, confirm what was shown, and follow it: beside the bot, or performed here."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from rich.console import Console

from bot.terminal.closing.exit_status import CLOSED, NOT_ALL_CLOSED, NOT_CONFIRMED, NOT_DONE
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import safe_text
from bot.words.refusals.named_people.guest_accounts import other_accounts_words
from bot.words.requests.notes import note_words
from bot.words.requests.states import short_state_words
from workflows.app.evidence.guests.account_filing import AccountFiling
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, Refused
from workflows.core.people import ADMIN, CurrentRoles, command_line_person
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountPlan
from workflows.core.requests.commands.request import ChangeGuests, Confirm
from workflows.core.requests.notes import NoteCode, is_partly_done
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.guest_accounts import account_plan, progress_of
from workflows.effects.closing.performing import ClosingPerformer
from workflows.intervals import Pauses
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.tenant import Tenant
from workflows.store.location import OpenStore

GOES_ON: Final = "The confirmation is stored. It goes on by itself while the bot runs. /partner show has the result."
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


class Left(Enum):
    """What a run leaves in the records."""

    NOTHING = auto()
    ENDED = auto()
    """A request that ended before anything was written."""
    OPEN = auto()
    """Perhaps a request that nobody can confirm: it could not be withdrawn, and ends by itself."""
    CONFIRMED = auto()
    """A confirmed request, which goes on."""
    UNKNOWN = auto()
    """A request of which it is not known whether the confirmation was stored."""


@dataclass(slots=True)
class Progress:
    """How far a run came, for when it is interrupted."""

    left: Left = Left.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class DisablingSession:
    """Stores what is asked and confirmed, and follows it. What is not confirmed at the end is withdrawn."""

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

        :param progress: says afterwards what is left in the records, also when this raises or is interrupted.
        :raises DomainError, Unconfirmed: when it is refused, or is not prepared in time, or other accounts are found
            than were shown.
        """
        until = time.monotonic() + options.wait
        request_id = derived_request_id(self.requester.key)
        progress.left = Left.OPEN
        try:
            await self._file(shown, reason, options, request_id)
            how = "No bot runs, so it is performed here." if self.is_alone else "The running bot performs it."
            self.say(f"Stored as {request_id}. {how}")
            async with self._performing(request_id):
                prepared = await self._until(request_id, lambda one: one.state is not RequestState.PREPARING, until)
                if prepared.state is RequestState.PREPARING:
                    raise Unconfirmed(_too_late(options, prepared))
                if prepared.state is not RequestState.AWAITING_CONFIRMATION:
                    return self._end(prepared)
                await self._confirm(prepared, shown, progress)
                return self._end(await self._until(request_id, lambda one: one.is_terminal, until))
        finally:
            # NB. what cannot be read or withdrawn now stays as unknown as it was.
            with suppress(OSError, DomainError):
                progress.left = await self._settle(request_id)

    async def _settle(self, request_id: RequestId) -> Left:
        """Withdraw the request unless it was confirmed: nobody could confirm it later. Returns what is left.

        :raises OSError, DomainError: when the records cannot be used now.
        """
        request = await self.store.request(request_id)
        if request is not None and request.state in (RequestState.PREPARING, RequestState.AWAITING_CONFIRMATION):
            actor = command_line_person(self.requester.user).chat_id
            with suppress(Refused):  # it went on in the meantime
                await self._service.withdraw(request_id, actor, key=f"{self.requester.key}:no")
            request = await self.store.request(request_id)
        if request is None:
            return Left.NOTHING
        return Left.ENDED if request.is_terminal and request.writing_since is None else Left.CONFIRMED

    async def _file(self, shown: Shown, reason: str, options: DisablingOptions, request_id: RequestId) -> None:
        person = command_line_person(self.requester.user)
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

    async def _confirm(self, request: AccessRequest, shown: Shown, progress: Progress) -> None:
        """Confirm exactly what was shown.

        :raises Unconfirmed: when other accounts were found, or one of them is called differently now.
        """
        person, key = command_line_person(self.requester.user), self.requester.key
        if set(account_plan(request).accounts) != set(shown.plan.accounts):
            raise Unconfirmed(_OTHERS)
        progress.left = Left.UNKNOWN

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
        """Print how a request ended, or that it goes on. Returns the exit status."""
        if not request.is_terminal:
            self.say(f"NOT VERIFIED. {GOES_ON}")
            return NOT_CONFIRMED
        words = short_state_words(request)
        self.say(f"{words[:1].upper()}{words[1:]}.")
        if note := " ".join(filter(None, (_end_words(request, fact) for fact in request.note))):
            self.console.print(safe_text(note))
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


def _too_late(options: DisablingOptions, request: AccessRequest) -> str:
    why = f" ({note_words(request.note)})" if request.note else ""
    return f"the accounts were not read within {options.wait:g} seconds{why}; run it again with a longer --wait"


def _end_words(request: AccessRequest, fact: Fact) -> str:
    """Return a sentence of the note of an ended request. How many were written is in the words of its state."""
    if fact.code == NoteCode.ACCOUNTS_RESULT and progress_of(request).count(AccountEnd.DONE):
        return other_accounts_words(fact.values)
    return note_words(fact)


def _wake_nobody() -> None:
    """Do nothing: the bot looks for due work by itself."""
