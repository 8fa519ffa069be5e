"""Create what stores a click. The bot is ready with it; everything else is imported and created after that.

What this module imports, a start waits for. Of all entry points it has only the button Approve, which is clicked most.
Everything else waits a moment for its flow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.flows.decide.approval import approve_button
from bot.slack.inbound.bolt import make_bolt
from bot.slack.inbound.guard import Guard
from bot.slack.inbound.receive import Inbound
from bot.slack.inbound.replaced_cards import ReplacedCards
from bot.slack.payloads.models import Interaction
from workflows.app.alarms import Alarms
from workflows.app.storing.recorder import Recorder
from workflows.core.people import ChatId


@dataclass(slots=True)
class Wake:
    """Wakes what performs effects, once that exists. When it begins, it reads by itself what is due."""

    queue_worker: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Have it check for work now."""
        if self.queue_worker is not None:
            self.queue_worker()


@dataclass(slots=True)
class Approved:
    """What follows a stored click on Approve: its window is updated, as soon as that is possible."""

    _follow: Callable[[Interaction], None] | None = None
    _waiting: list[Interaction] = field(default_factory=list)

    def __call__(self, click: Interaction) -> None:
        """Start it now, or when it is possible."""
        if self._follow is None:
            self._waiting.append(click)
        else:
            self._follow(click)

    def begin(self, follow: Callable[[Interaction], None]) -> None:
        """Start what waits; from now on, start it at once."""
        self._follow = follow
        while self._waiting:
            follow(self._waiting.pop(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Stores clicks, and what the other parts share with it."""

    wake: Wake
    alarms: Alarms
    guard: Guard
    inbound: Inbound
    approved: Approved


def make_receiver(systems: ExternalSystems) -> Receiver:
    """Create what stores a click."""
    settings, wake = systems.settings, Wake()
    stamps = cache(lambda: systems.stamps)

    async def ids_of(person: ChatId) -> frozenset[ChatId]:
        from bot.slack.people.members import Members  # few clicks need it, and a start does not wait for it

        return await Members(directory=systems.directory).ids_of(person)

    guard = Guard(
        recorder=Recorder(store=systems.store, clock=systems.clock, wake=wake),
        replaced_cards=ReplacedCards(store=systems.store, channel=settings.slack_channel),
        pinned=systems.pinned,
        refuses_before=lambda: systems.held.refuses_before,
        now=systems.clock.now,
        is_given=lambda view, person: stamps().is_stamped(view, person),
        ids_of=ids_of,
    )
    bolt = make_bolt(systems.client, settings.slack_team_id)
    approved = Approved()
    guard.register(bolt, (approve_button(approved),))
    return Receiver(
        wake=wake,
        alarms=Alarms(store=systems.store, clock=systems.clock, wake=wake),
        guard=guard,
        inbound=Inbound(bolt=bolt, send_message=None, background=systems.background, redact=systems.redact),
        approved=approved,
    )
