"""Assemble the effects, the flows and the checks of every tick. Starts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.process.assembly.flows import make_flows
from bot.process.assembly.neighbours import Neighbours
from bot.process.direct_alarm import send_directly
from bot.process.web.health import Send
from bot.slack.inbound.bolt import make_bolt
from bot.slack.inbound.guard import Guard
from bot.slack.inbound.receive import Inbound
from bot.slack.inbound.replaced_cards import OldCards
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.former_channels import FormerCards
from bot.slack.outbound.notifier import SlackNotifier
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.alarms import Alarms
from workflows.app.limits import Limited, Limits
from workflows.app.schedule.role_watch import check_roles
from workflows.app.schedule.sponsor_watch import check_sponsors
from workflows.app.schedule.watching import Check, Watching, usual_checks
from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import MessageCode
from workflows.effects.apply import Applier
from workflows.effects.outbox import Outbox
from workflows.effects.performer import Performer
from workflows.effects.permission_check import PermissionCheck
from workflows.effects.prepare import Preparer
from workflows.ports.message_copies import MessageCopy
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts that run."""

    store: Store
    service: Service
    alarms: Alarms
    watching: Watching
    outbox: Outbox
    inbound: Inbound
    send_directly: Send
    directory: ShownDirectory


def assemble(around: Neighbours) -> Parts:
    """Connect the effects and the flows with the service."""
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
    guard = Guard(
        service=service,
        old_cards=OldCards(store=around.store, channel=around.settings.slack_channel),
        team_id=around.settings.slack_team_id,
    )
    flows = make_flows(around, service, notifier, limits, shown)
    guard.register(bolt, (point for flow in flows for point in flow.entry_points()))

    async def tell(person: ChatId, text: str, channel: str) -> None:
        await notifier.tell(person, Fact(MessageCode.TEXT, {"text": text}), channel=channel)

    async def send(alarm: Alarm) -> Sequence[MessageCopy]:
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
    """Return the checks of every tick."""
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
        Limited.SEARCHES: settings.gatehouse_max_searches_per_hour,
    }
    return Limits(store=around.store, alarms=alarms, clock=around.clock, most=most)


def _performer(
    around: Neighbours, service: Service, alarms: Alarms, notifier: SlackNotifier, limits: Limits
) -> Performer:
    """Return the performer of stored effects."""
    store, tenant, directory, catalog = around.store, around.tenant, around.directory, around.catalog
    return Performer(
        permission_check=PermissionCheck(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            catalog=catalog,
            alarms=alarms,
            limits=limits,
        ),
        preparer=Preparer(
            service=service,
            store=store,
            tenant=tenant,
            directory=directory,
            catalog=catalog,
            clock=around.clock,
            alarms=alarms,
        ),
        applier=Applier(
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
