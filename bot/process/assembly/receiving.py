"""Create what stores a click. The bot is ready with it; everything else is imported and created after that.

What this module imports, a start waits for. Of the flows it contains the one with the most urgent buttons: Approve and
Reject. What belongs to another flow waits a moment for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.answers.windows import Windows
from bot.slack.flows.decide.flow import DecideFlow
from bot.slack.inbound.bolt import make_bolt
from bot.slack.inbound.guard import Guard
from bot.slack.inbound.receive import Inbound
from bot.slack.inbound.replaced_cards import ReplacedCards
from bot.slack.people.members import Members
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.alarms import Alarms
from workflows.app.service import Service


@dataclass(slots=True)
class Wake:
    """Wakes what performs effects, once that exists. When it begins, it reads by itself what is due."""

    queue_worker: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Have it check for work now."""
        if self.queue_worker is not None:
            self.queue_worker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Stores clicks, and what the other parts share with it."""

    wake: Wake
    service: Service
    alarms: Alarms
    directory: ShownDirectory
    guard: Guard
    inbound: Inbound


def make_receiver(systems: ExternalSystems) -> Receiver:
    """Create what stores a click."""
    settings, wake = systems.settings, Wake()
    service = Service(store=systems.store, clock=systems.clock, wake=wake)
    shown = ShownDirectory(systems.directory, systems.clock)
    guard = Guard(
        service=service,
        replaced_cards=ReplacedCards(store=systems.store, channel=settings.slack_channel),
        team_id=settings.slack_team_id,
    )
    bolt = make_bolt(systems.client, settings.slack_team_id, settings.slack_bot_token)
    windows = Windows(client=systems.client, service=service, background=systems.background)
    decide = decide_flow(systems, service, windows, Members(directory=systems.directory), shown)
    guard.register(bolt, decide.entry_points())
    return Receiver(
        wake=wake,
        service=service,
        alarms=Alarms(store=systems.store, clock=systems.clock, wake=wake),
        directory=shown,
        guard=guard,
        inbound=Inbound(bolt=bolt, send_message=None, background=systems.background, redact=systems.redact),
    )


def decide_flow(
    systems: ExternalSystems, service: Service, windows: Windows, members: Members, shown_directory: ShownDirectory
) -> DecideFlow:
    """Create the flow of Approve and Reject."""
    return DecideFlow(
        service=service,
        store=systems.store,
        windows=windows,
        members=members,
        directory=systems.directory,
        people=shown_directory,
        clock=systems.clock,
    )
