"""Create the effects, the flows and the periodic checks, and connect them with the receiver. Nothing is started here.

This is imported in a thread when the bot is ready: what only this module needs, no start waits for. It is long because
every object of the process is connected here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.process.assembly.adopt_flows import batch_list_files, import_messages, sheet_imports
from bot.process.assembly.external_systems import ExternalSystems
from bot.process.assembly.flows import make_flows
from bot.process.assembly.receiving import Receiver
from bot.process.assembly.started_reviews import StartedReviews, started_reviews
from bot.process.direct_alarm import send_directly
from bot.process.opening.permissions import is_one_application
from bot.process.web.health import SendAlarm
from bot.slack import ids
from bot.slack.flows.entry_point_types import CommandButton
from bot.slack.inbound.bolt import make_bolt
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.former_channels import FormerChannelCards
from bot.slack.outbound.notifier import SlackNotifier
from bot.slack.outbound.recipients import Outbound
from bot.slack.people.display_directory import DisplayDirectory
from bot.words.unavailable.audit_chain import freeze_reason
from workflows.app.alarms import Alarms
from workflows.app.approvers.deciders.unusual_decisions import UnusualDecisions
from workflows.app.approvers.deciders.weekly_lists import WeeklyLists
from workflows.app.approvers.relation_check import check_relations
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.expiry import BatchExpiry
from workflows.app.evidence.chain_watch import ChainWatch
from workflows.app.evidence.denied.denied_sign_ins import DeniedSignIns
from workflows.app.evidence.denied.notice_records import NoticeRecords
from workflows.app.evidence.erasing import Forgetting
from workflows.app.evidence.posted_heads import PostedHeads
from workflows.app.evidence.reviews.lockouts import lockouts_of
from workflows.app.evidence.reviews.scan import UsageScanner
from workflows.app.evidence.reviews.scan_check import UsageCheck
from workflows.app.limits import LimitedAction, Limits
from workflows.app.schedule.access_ends import AccessEnds
from workflows.app.schedule.alarm_checks import Check, ScheduledChecks, alarm_checks_of
from workflows.app.schedule.downtime import check_later_starts_after_gap
from workflows.app.schedule.freezing.freezes import Freezes
from workflows.app.schedule.freezing.held_reports import HeldReports
from workflows.app.schedule.freezing.held_start import generation_of
from workflows.app.schedule.freezing.voiding import Voiding
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.schedule.reviews.questions import ReviewQuestions
from workflows.app.schedule.reviews.silences import Silences
from workflows.app.schedule.role_check import check_auditors, check_roles
from workflows.app.schedule.sponsor_check import check_sponsors
from workflows.app.service import Service
from workflows.app.watch.connection_checks import PermissionWatch, SilentServices
from workflows.app.watch.own_log import OwnLogCheck
from workflows.app.watch.reported_drift import ReportedDrift
from workflows.app.watch.sweep import Sweeper
from workflows.app.watch.telling import DriftRecords
from workflows.app.watch.watch_check import WatchCheck
from workflows.core.batches.batch import HaltRule
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.posture.watch.denied_sign_ins.counting import Thresholds
from workflows.core.requests.effects import MessageCode
from workflows.effects.apply import Applier
from workflows.effects.batches.lists import BatchLists
from workflows.effects.batches.runner import BatchRunner
from workflows.effects.end_notices import EndNotices
from workflows.effects.escalations import Escalations
from workflows.effects.performer import Performer
from workflows.effects.permission_check import PermissionCheck
from workflows.effects.prepare import Preparer
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.job_worker import JobWorker
from workflows.effects.queue.queue_worker import QueueWorker
from workflows.effects.reviewing.review_reminders import ReviewReminders
from workflows.ports.effects_queue import EffectsRunner
from workflows.ports.people_directory import DecisionPlaces
from workflows.ports.store import Measurements, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BotParts:
    """The assembled parts that run."""

    store: Store
    service: Service
    alarms: Alarms
    checks: ScheduledChecks
    """What the process does that leads, among those that share the store."""
    own_checks: ScheduledChecks
    """What every other process does, because only it knows what it found and what it was told."""
    queue_worker: EffectsRunner
    send_directly: SendAlarm
    directory: DisplayDirectory
    chain: ChainWatch


def assemble(systems: ExternalSystems, receiver: Receiver, measurements: Measurements | None = None) -> BotParts:
    """Create the effects and the flows, and connect them with the service; the receiver then knows every flow."""
    alarms, service = receiver.alarms, _service(systems, receiver.wake, measurements)
    shown = DisplayDirectory(systems.directory, systems.clock, systems.store.absences)
    attempts = Attempts(
        clock=systems.clock,
        perform=lambda effect: performer.perform(effect),
        may_give_up=lambda effect, reason: performer.may_give_up(effect, reason),
        gave_up=lambda pending, reason: performer.report_given_up_effect(pending, reason),
        pauses=systems.pauses,
    )
    queue_worker = _runner(systems, receiver, attempts)
    receiver.wake.queue_worker = wake = queue_worker.wake
    channel = _approval_channel(systems, alarms)
    copies = CardCopies(client=systems.client, store=systems.store, channel=channel, was_active=shown.was_active)
    notifier = _notifier(systems, shown, copies)
    former_channel = _former_channel(systems, service, copies, channel)
    limits, reviews = _limits(systems, alarms), started_reviews(systems, service, wake)
    watch, campaigns = _watch(systems, alarms, reviews, wake), reviews.campaigns
    batches = BatchService(store=systems.store, clock=systems.clock, wake=wake, calendar=systems.catalog.calendar)
    check = _permission_check(systems, service, alarms, limits, watch, batches, campaigns, channel, wake)
    performer = _performer(systems, service, alarms, notifier, check, batches)
    _complete(receiver, systems, service, batches, campaigns, notifier, limits, shown)
    ends = _access_ends(systems, service, alarms, queue_worker)
    others = (limits.clear_ended_alarms, channel.check, former_channel.clear_cards, ends.check, watch.check)
    asked = _checks_of_answers(systems, service, alarms, campaigns, check.denied, wake)
    chain, silent = _chain_watch(systems, alarms, check.freezes), _silent_services(systems, alarms)
    first = (silent.check, *_freeze_checks(systems, service, alarms, check, batches))
    checks = (*first, *others, *reviews.checks, *asked, chain.check)
    return BotParts(
        store=systems.store,
        service=service,
        alarms=alarms,
        checks=_scheduled_checks(systems, service, alarms, shown, (*checks, _posted_heads(systems, wake).check)),
        own_checks=_own_checks(systems, chain, silent, reviews),
        queue_worker=queue_worker,
        send_directly=partial(send_directly, directory=systems.directory, client=systems.client),
        directory=shown,
        chain=chain,
    )


def _runner(systems: ExternalSystems, receiver: Receiver, attempts: Attempts) -> EffectsRunner:
    """Return what performs stored effects."""
    if (shared := systems.store.shared_queue) is not None:
        return JobWorker(
            queue=shared, attempts=attempts, pauses=systems.pauses, until_quiet=receiver.inbound.until_quiet
        )
    return QueueWorker(
        store=systems.store,
        clock=systems.clock,
        attempts=attempts,
        pauses=systems.pauses,
        until_quiet=receiver.inbound.until_quiet,
    )


def _forgetting(systems: ExternalSystems) -> tuple[Check, ...]:
    """Return what erases the texts of people who left; nothing where no term is set."""
    term = timedelta(days=systems.settings.gatehouse_forget_after_days)
    if not term:
        return ()
    forgetting = Forgetting(
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        clock=systems.clock,
        roles=systems.catalog.roles,
        term=term,
        start=systems.background.start,
    )
    return (forgetting.check,)


def _posted_heads(systems: ExternalSystems, wake: Callable[[], None]) -> PostedHeads:
    """Return what posts the head of the audit log."""

    async def start_name() -> str:
        generation = await generation_of(systems.store)
        return "" if generation is None else generation.public

    return PostedHeads(store=systems.store, clock=systems.clock, wake=wake, start_name=start_name)


def _chain_watch(systems: ExternalSystems, alarms: Alarms, freezes: Freezes) -> ChainWatch:
    """Return what verifies the audit log."""
    return ChainWatch(
        store=systems.store,
        clock=systems.clock,
        alarms=alarms,
        freeze=freezes.freeze_by_itself,
        why=freeze_reason,
        start=systems.background.start,
    )


def _freeze_checks(
    systems: ExternalSystems, service: Service, alarms: Alarms, check: PermissionCheck, batches: BatchService
) -> tuple[Check, ...]:
    """Return the checks of the freeze, of a held start and of batches. What is void is ended first."""
    store, tenant = systems.store, systems.tenant
    voiding = Voiding(service=service, batches=batches, store=store, tenant=tenant, alarms=alarms)
    reports = HeldReports(store=store, tenant=tenant, clock=systems.clock, alarms=alarms)
    return voiding.check, systems.held.check, check.freezes.check, reports.check, BatchExpiry(batches=batches).check


def _service(systems: ExternalSystems, wake: Callable[[], None], measurements: Measurements | None) -> Service:
    return Service(
        store=systems.store,
        clock=systems.clock,
        wake=wake,
        calendar=systems.catalog.calendar,
        measurements=measurements,
    )


def _own_checks(
    systems: ExternalSystems, chain: ChainWatch, silent: SilentServices, reviews: StartedReviews
) -> ScheduledChecks:
    """Return what a process does that does not lead."""
    checks = (systems.held.look, chain.report_unproven, silent.look, reviews.drift_reviews.forget)
    return ScheduledChecks(checks=checks)


def _silent_services(systems: ExternalSystems, alarms: Alarms) -> SilentServices:
    """Return what looks whether Graph answers."""
    notes = systems.store.shared_notes
    return SilentServices(states=systems.circuits, alarms=alarms, clock=systems.clock, notes=notes)


def _permission_watch(systems: ExternalSystems, alarms: Alarms) -> PermissionWatch:
    """Return what checks the permissions of both applications."""
    return PermissionWatch(
        tenant=systems.tenant,
        accounts=systems.guest_accounts,
        alarms=alarms,
        clock=systems.clock,
        is_one_application=is_one_application(systems.settings),
        allowed=systems.settings.allowed_permissions,
    )


def _approval_channel(systems: ExternalSystems, alarms: Alarms) -> ApprovalChannel:
    """Return the channel of the approval cards, which must stay private."""
    channel = systems.settings.slack_channel
    return ApprovalChannel(client=systems.client, channel=channel, alarms=alarms, clock=systems.clock)


def _former_channel(
    systems: ExternalSystems, service: Service, copies: CardCopies, channel: ApprovalChannel
) -> FormerChannelCards:
    """Return what empties the cards in former channels."""
    return FormerChannelCards(store=systems.store, service=service, copies=copies, channel=channel, clock=systems.clock)


def _access_ends(systems: ExternalSystems, service: Service, alarms: Alarms, queue_worker: EffectsRunner) -> AccessEnds:
    """Return what looks for ends of accesses."""
    return AccessEnds(
        service=service,
        store=systems.store,
        clock=systems.clock,
        alarms=alarms,
        wake=queue_worker.wake,
        max_blocks_a_day=systems.settings.gatehouse_max_blocks_at_end_per_day,
    )


def _review_checks(
    systems: ExternalSystems,
    service: Service,
    alarms: Alarms,
    campaigns: Campaigns,
    denied: DeniedSignIns,
    wake: Callable[[], None],
) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Return what scans sign-ins, what asks the reviews that are due, and what looks for those that nobody answers."""
    store, clock = systems.store, systems.clock
    questions = ReviewQuestions(service=service, store=store, clock=clock, wake=wake, asks_more=campaigns.asks_more)
    silences = Silences(
        service=service,
        store=store,
        clock=clock,
        alarms=alarms,
        wake=wake,
        max_closings_a_day=systems.settings.gatehouse_max_blocks_at_end_per_day,
    )
    return denied.check, _usage(systems, denied, wake).check, questions.check, silences.check


def _checks_of_answers(
    systems: ExternalSystems,
    service: Service,
    alarms: Alarms,
    campaigns: Campaigns,
    denied: DeniedSignIns,
    wake: Callable[[], None],
) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Return what looks at reviews and their answers, and at the decisions of approvers."""
    reviews = _review_checks(systems, service, alarms, campaigns, denied, wake)
    return (*reviews, *_decision_checks(systems, service, alarms))


def _decision_checks(
    systems: ExternalSystems, service: Service, alarms: Alarms
) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Return what looks for unusual decisions, and what sends each approver their weekly list."""
    store, clock, calendar = systems.store, systems.clock, systems.catalog.calendar
    found = UnusualDecisions(store=store, alarms=alarms, clock=clock, calendar=calendar)
    weekly = WeeklyLists(service=service, store=store, clock=clock, calendar=calendar)
    return (
        *((found.check,) if systems.settings.gatehouse_tell_unusual_decisions else ()),
        *((weekly.check,) if systems.settings.gatehouse_tell_weekly_decisions else ()),
    )


def _notifier(systems: ExternalSystems, display_directory: DisplayDirectory, copies: CardCopies) -> SlackNotifier:
    """Return the sender of Slack's messages."""
    outbound = Outbound(
        copies=copies,
        directory=display_directory,
        store=systems.store,
        clock=systems.clock,
        card_update_after=timedelta(seconds=systems.pauses.card_update),
        lift_within=timedelta(days=systems.settings.gatehouse_lift_within_days),
        calendar=systems.catalog.calendar,
        changes_guests=systems.changes_guests,
        stamps=systems.stamps,
    )
    return SlackNotifier(outbound, batch_list_files(systems, outbound), import_messages(systems, outbound))


def _complete(
    receiver: Receiver,
    systems: ExternalSystems,
    service: Service,
    batches: BatchService,
    campaigns: Campaigns,
    notifier: SlackNotifier,
    limits: Limits,
    shown: DisplayDirectory,
) -> None:
    """Register every flow with the receiver, and start what follows the clicks that it has stored already."""
    bolt = make_bolt(systems.client, systems.settings.slack_team_id)
    flows = make_flows(systems, service, batches, campaigns, notifier, limits, shown)
    points = [point for flow in flows for point in flow.entry_points()]
    receiver.guard.register(bolt, points)

    async def tell(person: ChatId, text: str, channel: str) -> None:
        await notifier.send_message(person, Fact(MessageCode.TEXT, {"text": text}), channel=channel)

    receiver.inbound.complete(bolt, tell)
    for point in points:
        if isinstance(point, CommandButton) and point.action_id == ids.APPROVE and point.then is not None:
            receiver.approved.begin(point.then)


def _scheduled_checks(
    systems: ExternalSystems,
    service: Service,
    alarms: Alarms,
    directory: DisplayDirectory,
    other_checks: Sequence[Check],
) -> ScheduledChecks:
    """Return the checks of each tick: a tick does what is due, every few seconds."""
    store, clock, tenant = systems.store, systems.clock, systems.tenant
    checks = alarm_checks_of(store=store, clock=clock, tenant=tenant, alarms=alarms)
    roles = partial(
        check_roles,
        store=store,
        directory=directory,
        alarms=alarms,
        service=service,
        clock=clock,
        roles=systems.catalog.roles,
    )
    relations = partial(check_relations, store=store, directory=directory, service=service, clock=clock)
    later_starts = partial(check_later_starts_after_gap, store=store, tenant=tenant, clock=clock)
    auditors = partial(check_auditors, store=store, directory=directory, clock=clock)
    sponsors = partial(check_sponsors, store=store, tenant=tenant, alarms=alarms, service=service, clock=clock)
    return ScheduledChecks(
        checks=(
            *checks,
            _permission_watch(systems, alarms).check,
            relations,
            roles,
            auditors,
            sponsors,
            later_starts,
            *_forgetting(systems),
            *other_checks,
        )
    )


def _limits(systems: ExternalSystems, alarms: Alarms) -> Limits:
    settings = systems.settings
    maximums = {
        LimitedAction.REQUESTS: settings.gatehouse_max_requests_per_hour,
        LimitedAction.APPROVALS: settings.gatehouse_max_approvals_per_hour,
        LimitedAction.DAILY_APPROVALS: settings.gatehouse_max_approvals_per_day,
        LimitedAction.LOOK_UPS: settings.gatehouse_max_lookups_per_hour,
        LimitedAction.SEARCHES: settings.gatehouse_max_searches_per_hour,
    }
    return Limits(
        store=systems.store,
        alarms=alarms,
        clock=systems.clock,
        maximums=maximums,
        open_requests=settings.gatehouse_max_open_requests,
        second_look_from=settings.gatehouse_second_look_from,
    )


def _permission_check(
    systems: ExternalSystems,
    service: Service,
    alarms: Alarms,
    limits: Limits,
    watch: WatchCheck,
    batches: BatchService,
    campaigns: Campaigns,
    places: DecisionPlaces,
    wake: Callable[[], None],
) -> PermissionCheck:
    """Return what checks clicks."""
    return PermissionCheck(
        service=service,
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        catalog=systems.catalog,
        alarms=alarms,
        clock=systems.clock,
        drift_answers=watch.reported_drift,
        denied=_denied_sign_ins(systems, wake),
        freezes=Freezes(store=systems.store, clock=systems.clock, alarms=alarms, wake=wake),
        batches=batches,
        campaigns=campaigns,
        places=places,
        guest_accounts=systems.guest_accounts,
        limits=limits,
        profile_changes_shown_for=timedelta(days=systems.settings.gatehouse_profile_changes_shown_days),
    )


def _performer(
    systems: ExternalSystems,
    service: Service,
    alarms: Alarms,
    notifier: SlackNotifier,
    permission_check: PermissionCheck,
    batches: BatchService,
) -> Performer:
    """Return the performer of stored effects."""
    store = systems.store
    preparer, applier = _preparer(systems, service, alarms), _applier(systems, service, alarms)
    return Performer(
        permission_check=permission_check,
        preparer=preparer,
        applier=applier,
        batches=_batch_runner(systems, service, batches, preparer, applier),
        batch_lists=BatchLists(batches=batches, store=store, notifier=notifier),
        sheet_imports=sheet_imports(systems, notifier, batches, permission_check.limits),
        notifier=notifier,
        escalations=Escalations(service=service, store=store, tenant=systems.tenant, directory=systems.directory),
        end_notices=EndNotices(service=service, store=store, notifier=notifier, clock=systems.clock),
        review_reminders=ReviewReminders(
            service=service,
            store=store,
            notifier=notifier,
            directory=systems.directory,
            tenant=systems.tenant,
            clock=systems.clock,
        ),
        store=store,
        service=service,
        alarms=alarms,
    )


def _batch_runner(
    systems: ExternalSystems, service: Service, batches: BatchService, preparer: Preparer, applier: Applier
) -> BatchRunner:
    """Return what prepares and records the members of batches."""
    return BatchRunner(
        batches=batches,
        service=service,
        store=systems.store,
        preparer=preparer,
        applier=applier,
        directory=systems.directory,
        catalog=systems.catalog,
        halt_rule=HaltRule(percent=systems.settings.gatehouse_batch_halt_percent),
    )


def _preparer(systems: ExternalSystems, service: Service, alarms: Alarms) -> Preparer:
    """Return what plans requests."""
    return Preparer(
        service=service,
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        catalog=systems.catalog,
        clock=systems.clock,
        alarms=alarms,
        guest_accounts=systems.guest_accounts,
        lift_within=timedelta(days=systems.settings.gatehouse_lift_within_days),
    )


def _applier(systems: ExternalSystems, service: Service, alarms: Alarms) -> Applier:
    """Return what writes approved plans."""
    return Applier(
        service=service,
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        clock=systems.clock,
        alarms=alarms,
        catalog=systems.catalog,
        guest_accounts=systems.guest_accounts,
        lift_within=timedelta(days=systems.settings.gatehouse_lift_within_days),
        pauses=systems.pauses,
        clock_comparison=systems.clock_comparison,
    )


def _watch(systems: ExternalSystems, alarms: Alarms, reviews: StartedReviews, wake: Callable[[], None]) -> WatchCheck:
    """Return the check that sweeps the tenant, and the answers to what it finds."""
    drifts = DriftRecords(store=systems.store, clock=systems.clock, wake=wake)
    own_log = OwnLogCheck(store=systems.store, tenant=systems.tenant, alarms=alarms, clock=systems.clock)
    return WatchCheck(
        store=systems.store,
        sweeper=Sweeper(tenant=systems.tenant, alarms=alarms, drifts=drifts),
        reported_drift=ReportedDrift(drifts=drifts, tenant=systems.tenant),
        start=systems.background.start,
        after_sweep=reviews.drift_reviews.update,
        own_log=own_log.check,
    )


def _denied_sign_ins(systems: ExternalSystems, wake: Callable[[], None]) -> DeniedSignIns:
    """Return what tells of sign-ins that are denied to people of tenants without an entry."""
    settings = systems.settings
    return DeniedSignIns(
        records=NoticeRecords(store=systems.store, clock=systems.clock, wake=wake),
        tenant=systems.tenant,
        thresholds=Thresholds(
            sign_ins=settings.gatehouse_denied_sign_ins_from,
            days=settings.gatehouse_denied_days_from,
            people=settings.gatehouse_denied_people_from,
        ),
        days_offered=settings.gatehouse_denied_dismissed_days,
    )


def _usage(systems: ExternalSystems, denied: DeniedSignIns, wake: Callable[[], None]) -> UsageCheck:
    """Return the check that scans sign-ins and guests for reviews."""
    store, tenant, clock = systems.store, systems.tenant, systems.clock
    scanner = UsageScanner(
        store=store,
        tenant=tenant,
        clock=clock,
        check_lockouts=lockouts_of(tenant=tenant, store=store, clock=clock),
        wake=wake,
        guest_limits=systems.catalog.guest_limits,
        denied=denied if denied.is_on else None,
        accounts=systems.guest_accounts,
    )
    return UsageCheck(store=store, scanner=scanner, clock=clock, start=systems.background.start)
