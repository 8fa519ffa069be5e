"""File the closing of a partner, and follow it until it is read back: beside the bot, or performed here."""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import datetime

from rich.console import Console

from bot.terminal.closing.exit_status import CLOSED, NOT_ALL_CLOSED, NOT_CONFIRMED, NOT_DONE
from bot.terminal.closing.preview import Preview
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import safe_text
from bot.terminal.stopped_work_command import open_records
from bot.words.findings.open_request import OPEN_STATES
from bot.words.requests.messages import message_words
from bot.words.requests.notes import note_words
from bot.words.requests.states import STATE_WORDS
from workflows.app.evidence.reviews.guests_left import read_guests_left
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.errors.facts import Values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.outcome.messages import closed_message
from workflows.core.people import command_line_person
from workflows.core.requests.notes import state_to_display
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestState
from workflows.effects.closing.filing import ClosingFiling, FiledClosing
from workflows.effects.closing.performing import ClosingPerformer
from workflows.intervals import BOT_SILENT_AFTER, Pauses
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant
from workflows.store.location import OpenStore, RecordsLocation

GOES_ON = "It is stored and goes on by itself while the bot runs. Run the same command again to follow it."


@dataclass(slots=True, kw_only=True)
class ClosingSession:
    """Stores what is asked, and follows it. Ending it at any point loses nothing that was stored."""

    records: RecordsLocation
    tenant: Tenant
    clock: Clock
    pauses: Pauses
    console: Console
    store: OpenStore
    is_alone: bool
    """Whether no bot uses the records, so that the request is performed here."""
    is_filed: bool = False
    """Whether the request is stored."""

    async def close_partner(self, preview: Preview, closing: Closing, reason: str, *, wait: float) -> int:
        """File the request and follow it for at most `wait` seconds; return the exit status.

        :raises StoreUnusable, StoreNotWritable: when it cannot be stored, or, with `is_filed`, cannot be followed.
        """
        request_id = await self._file(preview, closing, reason)
        self.is_filed = True
        how = "No bot runs, so it is performed here." if self.is_alone else "The running bot performs it."
        self.say(f"Stored as {request_id}. {how}")
        return await self._end(await self._follow(request_id, time.monotonic() + wait))

    async def _file(self, preview: Preview, closing: Closing, reason: str) -> RequestId:
        """Store the request; of a partner that is being closed already, return the request that does that."""
        requester = EvidenceRequester.now()
        request_id = derived_request_id(requester.key)
        service = Service(store=self.store, clock=self.clock, wake=_wake_nobody)
        filed = FiledClosing(
            identity=preview.identity,
            partnership=await self.store.partnership(preview.identity.tenant_id),
            closing=closing,
            person=command_line_person(requester.user),
            reason=reason,
        )
        try:
            await ClosingFiling(service=service, store=self.store).file(filed, request_id, key=requester.key)
        except Refused as refused:
            if refused.code is not RefusalCode.REVOCATION_RUNNING or refused.fact.values["is_suspension"] is not (
                closing is Closing.SUSPEND
            ):
                raise
            self.say(f"This partner is being closed already ({refused.fact.values['request']}). Following that.")
            return RequestId(refused.fact.values["request"])
        return request_id

    async def _follow(self, request_id: RequestId, until: float) -> AccessRequest | None:
        """Follow a request until it ends or the time is over. Without a bot, it is performed here meanwhile."""
        while True:
            request = await self.store.request(request_id)
            if request is None:
                return None
            if self.is_alone:
                performer = ClosingPerformer(store=self.store, tenant=self.tenant, clock=self.clock, pauses=self.pauses)
                async with performer.performing(request):
                    return await self._watch(request_id, until)
            look_again = time.monotonic() + BOT_SILENT_AFTER.total_seconds()
            request = await self._watch(request_id, min(until, look_again))
            if request is None or request.is_terminal or time.monotonic() >= until:
                return request
            if await _is_bot_silent(self.store, self.clock.now()):
                await self._try_alone()

    async def _try_alone(self) -> None:
        """Use the records alone when the process that had them has ended."""
        await self.store.close()
        self.store, self.is_alone = await open_records(self.records, self.clock)
        if self.is_alone:
            self.say("The bot does not run any more, so it is performed here.")

    async def _watch(self, request_id: RequestId, until: float) -> AccessRequest | None:
        """Print each new state until the request ends, or until a time of the monotonic clock."""
        said = ""
        while True:
            request = await self.store.request(request_id)
            if request is None:
                return None
            if (words := _progress_words(request)) != said and not request.is_terminal:
                said = words
                self.say(words)
            if request.is_terminal or time.monotonic() >= until:
                return request
            await asyncio.sleep(self.pauses.due_work_read_every)

    def say(self, text: str) -> None:
        """Print one line with the time."""
        self.console.print(safe_text(f"{self.clock.now():%H:%M:%S} {text}"))

    async def _end(self, request: AccessRequest | None) -> int:
        if request is None or not request.is_terminal:
            self.say(f"NOT CONFIRMED. {GOES_ON}")
            return NOT_CONFIRMED
        if request.state is not RequestState.APPLIED:
            self.say(f"Ended: {STATE_WORDS[state_to_display(request)]}. {note_words(request.note)}".strip())
            return NOT_DONE
        self.say("Read back.")
        try:
            guests = await read_guests_left(request.plan.tenant_id, self.store)
        except StoreUnusable:
            guests = {"guests": None}  # NB. the block was read back all the same
        for line in closed_lines(request, guests):
            self.console.print(safe_text(line))
        return CLOSED if request.not_closed == () else NOT_ALL_CLOSED


def closed_lines(request: AccessRequest, guests: Values) -> list[str]:
    """Return what was read back of a closed partner, and what is left, in sentences.

    :param guests: see `read_guests_left`.
    """
    fact = closed_message(request)
    domain = request.require_prepared().observation.identity.default_domain or "the partner"
    return [
        message_words(replace(fact, values={**fact.values, **guests})),
        f"To see their guests: gatehouse guests {domain}",
    ]


def _progress_words(request: AccessRequest) -> str:
    state = OPEN_STATES.get(state_to_display(request), "")
    is_sent = request.state is RequestState.UNCONFIRMED
    note = f" {note_words(request.note)}" if request.note and not is_sent else ""
    confirmed = " Not confirmed." if is_sent else ""
    return f"{state[:1].upper()}{state[1:]}.{confirmed}{note}"


async def _is_bot_silent(store: Store, now: datetime) -> bool:
    """Return whether the last tick of the bot is so old that it probably does not run."""
    text = await store.mark(LAST_TICK)
    return text is None or now - datetime.fromisoformat(text) > BOT_SILENT_AFTER


def _wake_nobody() -> None:
    """Do nothing: the bot looks for due work by itself."""
