"""Create each flow in Slack with what it needs. Add a new flow here: its entry points are then included.

It is long because every flow is created here, each in a function of its own.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from bot.process.assembly.adopt_flows import adopt_flows
from bot.process.assembly.audit_log_flows import audit_log_flows
from bot.process.assembly.closing_flows import closing_flows
from bot.process.assembly.diagnose_flows import diagnose_flow
from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.answers.open_forms import OpenForm, OpenForms
from bot.slack.answers.response_url import Answers
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.alarms.campaign import CampaignFlow
from bot.slack.flows.alarms.denied_sign_ins import DeniedSignInsFlow
from bot.slack.flows.alarms.drift import DriftFlow
from bot.slack.flows.alarms.freeze import FreezeFlow
from bot.slack.flows.alarms.stopped_work import StoppedWorkFlow
from bot.slack.flows.answer_review import AnswerReviewFlow
from bot.slack.flows.decide.delegation.absence_flow import AbsenceFlow
from bot.slack.flows.decide.delegation.all_absences import AllAbsencesFlow
from bot.slack.flows.decide.delegation.reassign_flow import ReassignFlow
from bot.slack.flows.decide.flow import DecideFlow
from bot.slack.flows.decide.remarks.changes_flow import ChangesFlow
from bot.slack.flows.decide.remarks.conversation_flow import ConversationFlow
from bot.slack.flows.decide.remarks.remark_windows import RemarkWindows
from bot.slack.flows.decide.remind_or_withdraw import RemindOrWithdrawFlow
from bot.slack.flows.decide.support import SupportFlow
from bot.slack.flows.entry_point_types import EntryPoint
from bot.slack.flows.home.flow import HomeFlow
from bot.slack.flows.partner_setup.access_test import AccessTestFlow
from bot.slack.flows.partner_setup.flow import PartnerSetupFlow
from bot.slack.flows.request_access.adopt.flow import AdoptFlow
from bot.slack.flows.request_access.all_approvers_modal import AllApproversFlow
from bot.slack.flows.request_access.close_early import CloseEarlyFlow
from bot.slack.flows.request_access.filled_form import FilledFormFlow
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.flows.request_access.own_directory import OwnDirectorySearch
from bot.slack.flows.request_access.reduce import ReduceFlow
from bot.slack.flows.restore.flow import RestoreFlow
from bot.slack.flows.show.flow import ShowFlow
from bot.slack.flows.show.guests import GuestsFlow
from bot.slack.flows.show.partner_sections import PartnerSectionsFlow
from bot.slack.flows.show.policy import PolicyFlow
from bot.slack.flows.sponsor.flow import SponsorFlow
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members, WindowMembers
from workflows.app.adoption.adopt_intake import AdoptIntake
from workflows.app.approvers.absences import Absences
from workflows.app.batches.batch_service import BatchService
from workflows.app.evidence.guests.kept_lists import KeptLists
from workflows.app.evidence.guests.permission import GuestsPermission
from workflows.app.limits import Limits
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.object_search import ObjectSearch
from workflows.app.reads.offers import Offers
from workflows.app.reads.partner_setup import PartnerSetupReader
from workflows.app.requests.edits.editing import RequestEditor
from workflows.app.requests.edits.less_access import LessAccess
from workflows.app.requests.forms import Form
from workflows.app.requests.intake import Intake
from workflows.app.requests.restoration.restore_intake import RestoreForm, RestoreIntake
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.service import Service
from workflows.core.checks.partner_setup.clouds import cloud_of
from workflows.ports.notifier import Notifier
from workflows.ports.store import Store

IntakeType = TypeVar("IntakeType", Intake, RestoreIntake, AdoptIntake)


class Flow(Protocol):
    """A flow in Slack: one thing that people do, from its entry points to the stored command."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""


def make_flows(
    systems: ExternalSystems,
    service: Service,
    batches: BatchService,
    campaigns: Campaigns,
    notifier: Notifier,
    limits: Limits,
    display_directory: DisplayDirectory,
) -> Sequence[Flow]:
    """Return every flow."""
    store, background, directory = systems.store, systems.background, systems.directory
    members, adopt_intake = Members(directory=directory), _intake(AdoptIntake, systems, service, limits)
    lookup_permission = LookupPermission(members=WindowMembers(directory=directory), service=service, limits=limits)
    windows = ModalWindows(client=systems.client, service=service, background=background, stamps=systems.stamps)
    answers = _answers(systems, service, lookup_permission)
    audit_log_permission = AuditLogPermission(directory=directory)
    home = _home_flow(systems, service, notifier, members, audit_log_permission)
    request_access = _request_access_flow(
        systems, service, limits, windows, members, lookup_permission, display_directory
    )
    drafts = adopt_flows(systems, adopt_intake, batches, windows, lookup_permission, display_directory)
    return (
        request_access,
        *_filled_form_flows(request_access, drafts[0], store),
        AllApproversFlow(windows=windows, members=members, display_directory=display_directory),
        *_decide_flows(systems, service, windows, members, display_directory),
        RemindOrWithdrawFlow(service=service, store=store, answers=answers, request_access=request_access),
        _answer_review_flow(systems, service, windows, members, lookup_permission),
        *closing_flows(systems, service, limits, windows, members, display_directory),
        SponsorFlow(service=service, windows=windows, directory=directory, store=store, tenant=systems.tenant),
        _restore_flow(systems, service, limits, windows, members, lookup_permission),
        *drafts,
        *_partner_setup_flows(systems, service, answers, windows, lookup_permission),
        _partner_sections_flow(systems, windows, lookup_permission),
        *_alarm_flows(systems, service, campaigns, windows, members),
        home,
        *audit_log_flows(systems, answers, windows, audit_log_permission, home, display_directory),
        *_show_flows(systems, answers, windows, members, audit_log_permission, lookup_permission, display_directory),
    )


def _alarm_flows(
    systems: ExternalSystems, service: Service, campaigns: Campaigns, windows: ModalWindows, members: Members
) -> tuple[StoppedWorkFlow, DriftFlow, FreezeFlow, DeniedSignInsFlow, CampaignFlow]:
    """Return what admins do about stopped work, about drift, about everything that opens, and about many reviews."""
    store, directory, clock = systems.store, systems.directory, systems.clock
    return (
        StoppedWorkFlow(service=service),
        DriftFlow(service=service, store=store, members=members, directory=directory, windows=windows, clock=clock),
        FreezeFlow(service=service, store=store, members=members, directory=directory, windows=windows, clock=clock),
        DeniedSignInsFlow(service=service, store=store, members=members, directory=directory, windows=windows),
        CampaignFlow(
            service=service,
            store=store,
            tenant=systems.tenant,
            campaigns=campaigns,
            members=members,
            directory=directory,
            windows=windows,
        ),
    )


def _answers(systems: ExternalSystems, service: Service, lookup_permission: LookupPermission) -> Answers:
    return Answers(
        service=service,
        lookup_permission=lookup_permission,
        directory=systems.directory,
        background=systems.background,
        slack_api_url=systems.settings.slack_api_url,
        redact=systems.redact,
    )


def _setup_reader(systems: ExternalSystems) -> PartnerSetupReader:
    cloud = cloud_of(systems.settings.graph_url)
    return PartnerSetupReader(store=systems.store, tenant=systems.tenant, cloud=cloud)


def _filled_form_flows(request_access: RequestAccessFlow, adopt: AdoptFlow, store: Store) -> tuple[Flow, ...]:
    return (
        CloseEarlyFlow(request_access=request_access, store=store),
        ReduceFlow(request_access=request_access, store=store),
        FilledFormFlow(
            request_access=request_access, editing=RequestEditor(intake=request_access.intake), store=store, adopt=adopt
        ),
    )


def _decide_flows(
    systems: ExternalSystems,
    service: Service,
    windows: ModalWindows,
    members: Members,
    display_directory: DisplayDirectory,
) -> tuple[Flow, ...]:
    store, directory, clock = systems.store, systems.directory, systems.clock
    decide = DecideFlow(
        service=service,
        store=store,
        windows=windows,
        members=members,
        directory=directory,
        display_directory=display_directory,
        clock=clock,
    )
    absences = Absences(store=store, directory=directory, clock=clock)
    remarks = RemarkWindows(
        service=service, store=store, windows=windows, directory=directory, clock=clock, details=decide.details
    )
    less_access = LessAccess(
        store=store, tenant=systems.tenant, directory=directory, catalog=systems.catalog, clock=clock
    )
    return (
        decide,
        AbsenceFlow(service=service, windows=windows, members=members, directory=directory, absences=absences),
        AllAbsencesFlow(windows=windows, directory=directory, absences=absences),
        ReassignFlow(
            service=service, store=store, windows=windows, members=members, directory=display_directory, clock=clock
        ),
        ConversationFlow(remarks=remarks),
        ChangesFlow(remarks=remarks, less_access=less_access),
        SupportFlow(service=service, store=store, windows=windows, members=members),
    )


def _home_flow(
    systems: ExternalSystems,
    service: Service,
    notifier: Notifier,
    members: Members,
    audit_log_permission: AuditLogPermission,
) -> HomeFlow:
    return HomeFlow(
        service=service,
        store=systems.store,
        notifier=notifier,
        members=members,
        audit_log_permission=audit_log_permission,
        background=systems.background,
    )


def _show_flows(
    systems: ExternalSystems,
    answers: Answers,
    windows: ModalWindows,
    members: Members,
    audit_log_permission: AuditLogPermission,
    lookup_permission: LookupPermission,
    display_directory: DisplayDirectory,
) -> tuple[Flow, ...]:
    show = ShowFlow(
        answers=answers,
        windows=windows,
        lookup_permission=lookup_permission,
        members=members,
        audit_log_permission=audit_log_permission,
        people=display_directory,
        store=systems.store,
        tenant=systems.tenant,
        clock=systems.clock,
    )
    policy = PolicyFlow(answers=answers, catalog=systems.catalog, display_directory=display_directory)
    return (
        show,
        diagnose_flow(systems, answers),
        guests_flow(systems, answers, lookup_permission),
        policy,
    )


def guests_flow(systems: ExternalSystems, answers: Answers, lookup_permission: LookupPermission) -> GuestsFlow:
    """Return what answers `/partner guests`."""
    return GuestsFlow(
        answers=answers,
        lookup_permission=lookup_permission,
        permission=GuestsPermission(directory=systems.directory, store=systems.store),
        catalog=systems.catalog,
        store=systems.store,
        tenant=systems.tenant,
        clock=systems.clock,
        accounts=systems.guest_accounts,
        kept_lists=KeptLists(systems.clock),
        changes_guests=systems.changes_guests,
    )


def _partner_setup_flows(
    systems: ExternalSystems,
    service: Service,
    answers: Answers,
    windows: ModalWindows,
    lookup_permission: LookupPermission,
) -> tuple[PartnerSetupFlow, AccessTestFlow]:
    setup = PartnerSetupFlow(
        windows=windows,
        answers=answers,
        lookup_permission=lookup_permission,
        directory=systems.directory,
        checklists=_setup_reader(systems),
    )
    return setup, AccessTestFlow(service=service, windows=windows, store=systems.store)


def _answer_review_flow(
    systems: ExternalSystems,
    service: Service,
    windows: ModalWindows,
    members: Members,
    lookup_permission: LookupPermission,
) -> AnswerReviewFlow:
    return AnswerReviewFlow(
        service=service,
        store=systems.store,
        members=members,
        windows=windows,
        clock=systems.clock,
        catalog=systems.catalog,
        tenant=systems.tenant,
        lookup_permission=lookup_permission,
        changes_guests=systems.changes_guests,
    )


def _partner_sections_flow(
    systems: ExternalSystems, windows: ModalWindows, lookup_permission: LookupPermission
) -> PartnerSectionsFlow:
    return PartnerSectionsFlow(
        windows=windows,
        lookup_permission=lookup_permission,
        checklists=_setup_reader(systems),
        store=systems.store,
        tenant=systems.tenant,
        clock=systems.clock,
    )


def _request_access_flow(
    systems: ExternalSystems,
    service: Service,
    limits: Limits,
    windows: ModalWindows,
    members: Members,
    lookup_permission: LookupPermission,
    display_directory: DisplayDirectory,
) -> RequestAccessFlow:
    def create_open_form(form: Form) -> OpenRequestForm:
        return OpenRequestForm(form=form)

    forms = OpenForms(windows, create_open_form, systems.store.shared_notes)
    offers = Offers(store=systems.store, catalog=systems.catalog, clock=systems.clock)
    names = ObjectSearch(
        members=systems.directory,
        service=service,
        tenant=systems.tenant,
        catalog=systems.catalog,
        clock=systems.clock,
        limits=limits,
    )
    return RequestAccessFlow(
        windows=windows,
        forms=forms,
        members=members,
        lookup_permission=lookup_permission,
        intake=_intake(Intake, systems, service, limits),
        service=service,
        catalog=systems.catalog,
        offers=offers,
        search=OwnDirectorySearch(names=names, offers=offers, forms=forms, windows=windows),
        display_directory=display_directory,
    )


def _restore_flow(
    systems: ExternalSystems,
    service: Service,
    limits: Limits,
    windows: ModalWindows,
    members: Members,
    lookup_permission: LookupPermission,
) -> RestoreFlow:
    def create_open_form(form: RestoreForm) -> OpenForm[RestoreForm]:
        return OpenForm(form=form)

    return RestoreFlow(
        windows=windows,
        forms=OpenForms(windows, create_open_form, systems.store.shared_notes),
        members=members,
        lookup_permission=lookup_permission,
        intake=_intake(RestoreIntake, systems, service, limits),
        store=systems.store,
        tenant=systems.tenant,
        catalog=systems.catalog,
    )


def _intake(kind: type[IntakeType], systems: ExternalSystems, service: Service, limits: Limits) -> IntakeType:
    """Create the intake of one form."""
    return kind(
        service=service,
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        catalog=systems.catalog,
        clock=systems.clock,
        limits=limits,
    )
