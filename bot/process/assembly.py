"""Ties the domain to its neighbours: every listener and every effect finds what it needs. Starts nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.process.direct_alarm import send_directly
from bot.process.settings import Settings
from bot.process.web.health import Send
from bot.slack.background import Background
from bot.slack.flows.commands import Commands
from bot.slack.flows.decisions import Decisions
from bot.slack.flows.restore_windows import RestoreWindows
from bot.slack.flows.windows import Windows
from bot.slack.inbound.bolt import make_bolt
from bot.slack.inbound.inbound import Inbound
from bot.slack.inbound.listeners import Listeners
from bot.slack.inbound.old_cards import OldCards
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.former_cards import FormerCards
from bot.slack.outbound.notifier import SlackNotifier
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.alarms import Alarms
from workflows.app.limits import Limited, Limits
from workflows.app.reads.checklists import Checklists
from workflows.app.reads.looking import Looking
from workflows.app.requests.intake import Intake
from workflows.app.requests.restore_intake import RestoreIntake
from workflows.app.schedule.role_watch import check_roles
from workflows.app.schedule.sponsor_watch import check_sponsors
from workflows.app.schedule.watching import Check, Watching, usual_checks
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.partner_setup.clouds import cloud_of
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm
from workflows.effects.apply import Applying
from workflows.effects.outbox import Outbox
from workflows.effects.performer import Performer
from workflows.effects.permission_check import Judging
from workflows.effects.prepare import Preparing
from workflows.ports.clock import Clock
from workflows.ports.message_copies import Copy
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What runs."""

    store: Store
    service: Service
    alarms: Alarms
    watching: Watching
    outbox: Outbox
    inbound: Inbound
    send_directly: Send
    directory: ShownDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What the domain stands between, open already."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    client: AsyncWebClient
    store: Store
    tenant: Tenant
    background: Background
    redact: Callable[[str], str] = str

    @property
    def directory(self) -> SlackDirectory:
        """Who people are. It remembers nothing, so each use may have its own."""
        return SlackDirectory(
            client=self.client, tenant=self.tenant, team_id=self.settings.slack_team_id, roles=self.catalog.roles
        )


def assemble(around: Neighbours) -> Parts:
    """Put the effects on one side of the service and the listeners on the other."""
    outbox = Outbox(
        store=around.store,
        clock=around.clock,
        perform=lambda effect: performer.perform(effect),
        may_give_up=lambda effect, reason: performer.may_give_up(effect, reason),
        gave_up=lambda pending, reason: performer.gave_up(pending, reason),
    )
    service = Service(store=around.store, clock=around.clock, wake=outbox.wake)
    alarms = Alarms(store=around.store, clock=around.clock, wake=outbox.wake)
    channel = ApprovalChannel(
        client=around.client, channel=around.settings.slack_channel, alarms=alarms, clock=around.clock
    )
    shown = ShownDirectory(around.directory, around.clock)
    copies = CardCopies(client=around.client, store=around.store, channel=channel)
    notifier = SlackNotifier(
        copies=copies,
        directory=shown,
        store=around.store,
        clock=around.clock,
    )
    former = FormerCards(store=around.store, service=service, copies=copies, channel=channel, clock=around.clock)
    limits = _limits(around, alarms)
    performer = _performer(around, service, alarms, notifier, limits)
    bolt = make_bolt(around.client, around.settings.slack_team_id, around.settings.slack_bot_token)
    _listeners(around, service, notifier, limits).register(bolt)

    async def tell(person: ChatId, text: str, channel: str) -> None:
        await notifier.tell(person, text, channel=channel)

    async def send(alarm: Alarm) -> Sequence[Copy]:
        return await send_directly(alarm, directory=around.directory, client=around.client)

    return Parts(
        store=around.store,
        service=service,
        alarms=alarms,
        watching=_watching(around, service, alarms, shown, (limits.clear_what_is_over, channel.check, former.empty)),
        outbox=outbox,
        inbound=Inbound(bolt=bolt, tell=tell, background=around.background, redact=around.redact),
        send_directly=send,
        directory=shown,
    )


def _watching(
    around: Neighbours, service: Service, alarms: Alarms, directory: ShownDirectory, others: Sequence[Check]
) -> Watching:
    """What is looked at with every tick."""
    store, clock, tenant = around.store, around.clock, around.tenant
    checks = usual_checks(store=store, clock=clock, tenant=tenant, alarms=alarms)
    roles = partial(
        check_roles,
        store=store,
        directory=directory,
        alarms=alarms,
        service=service,
        clock=clock,
        roles=around.catalog.roles,
    )
    sponsors = partial(check_sponsors, store=store, tenant=tenant, alarms=alarms, service=service, clock=clock)
    return Watching(checks=(*checks, roles, sponsors, *others))


def _limits(around: Neighbours, alarms: Alarms) -> Limits:
    settings = around.settings
    most = {
        Limited.REQUESTS: settings.gatehouse_max_requests_per_hour,
        Limited.APPROVALS: settings.gatehouse_max_approvals_per_hour,
        Limited.LOOK_UPS: settings.gatehouse_max_lookups_per_hour,
    }
    return Limits(store=around.store, alarms=alarms, clock=around.clock, most=most)


def _performer(
    around: Neighbours, service: Service, alarms: Alarms, notifier: SlackNotifier, limits: Limits
) -> Performer:
    """What stored effects do."""
    store, tenant, directory, catalog = around.store, around.tenant, around.directory, around.catalog
    return Performer(
        judging=Judging(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            catalog=catalog,
            alarms=alarms,
            limits=limits,
        ),
        preparing=Preparing(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            catalog=catalog,
            clock=around.clock,
            alarms=alarms,
        ),
        applying=Applying(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            clock=around.clock,
            alarms=alarms,
            catalog=catalog,
        ),
        notifier=notifier,
        store=store,
        service=service,
        alarms=alarms,
    )


def _listeners(around: Neighbours, service: Service, notifier: SlackNotifier, limits: Limits) -> Listeners:
    """What Slack's payloads do."""
    store, clock, background = around.store, around.clock, around.background
    intake = _intake(around, service, limits)
    windows = Windows(
        client=around.client,
        service=service,
        intake=intake,
        store=store,
        tenant=around.tenant,
        directory=around.directory,
        catalog=around.catalog,
        looking=Looking(members=around.directory, service=service, limits=limits),
    )
    restores = _restores(around, service, windows, limits)
    return Listeners(
        service=service,
        intake=intake,
        store=store,
        notifier=notifier,
        windows=windows,
        restores=restores,
        commands=_commands(around, service, windows, restores),
        decisions=Decisions(
            service=service,
            store=store,
            windows=windows,
            directory=around.directory,
            background=background,
            clock=clock,
        ),
        background=background,
        old_cards=OldCards(store=store, channel=around.settings.slack_channel),
        team_id=around.settings.slack_team_id,
    )


def _intake(around: Neighbours, service: Service, limits: Limits) -> Intake:
    return Intake(
        service=service,
        store=around.store,
        tenant=around.tenant,
        directory=around.directory,
        catalog=around.catalog,
        clock=around.clock,
        limits=limits,
    )


def _restores(around: Neighbours, service: Service, windows: Windows, limits: Limits) -> RestoreWindows:
    store, tenant, directory, catalog = around.store, around.tenant, around.directory, around.catalog
    return RestoreWindows(
        windows=windows,
        intake=RestoreIntake(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            catalog=catalog,
            clock=around.clock,
            limits=limits,
        ),
        service=service,
        store=store,
        tenant=tenant,
        directory=directory,
        catalog=catalog,
    )


def _commands(around: Neighbours, service: Service, windows: Windows, restores: RestoreWindows) -> Commands:
    settings = around.settings
    return Commands(
        service=service,
        store=around.store,
        tenant=around.tenant,
        directory=around.directory,
        windows=windows,
        restores=restores,
        background=around.background,
        clock=around.clock,
        slack_api_url=settings.slack_api_url,
        checklists=Checklists(store=around.store, tenant=around.tenant, cloud=cloud_of(settings.graph_url)),
        redact=around.redact,
    )
