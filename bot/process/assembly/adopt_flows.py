"""Create the flows that adopt current settings: of one partner, and of a batch; and what attaches a batch's list."""

from bot.process.assembly.external_systems import ExternalSystems
from bot.report.batch_list import BatchLists
from bot.slack.answers.windows import Windows
from bot.slack.flows.decide.batch_flow import DecideBatchFlow
from bot.slack.flows.request_access.adopt.draft_flow import DraftFlow
from bot.slack.flows.request_access.adopt.flow import AdoptFlow
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.files.upload import FileUpload
from bot.slack.outbound.recipients import Outbound
from bot.slack.people.members import Members
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.adoption.adopt_intake import AdoptIntake
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.confirming import BatchIntake
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.service import Service


def adopt_flow(
    systems: ExternalSystems,
    intake: AdoptIntake,
    batches: BatchService,
    windows: Windows,
    members: Members,
    lookup_permission: LookupPermission,
    shown_directory: ShownDirectory,
) -> AdoptFlow:
    """Return the flow of `/partner adopt`, for a partner or for a draft."""
    drafts = BatchIntake(
        batches=batches,
        service=intake.service,
        directory=systems.directory,
        catalog=systems.catalog,
        limits=intake.limits,
    )
    return AdoptFlow(
        windows=windows,
        members=members,
        lookup_permission=lookup_permission,
        intake=intake,
        people=shown_directory,
        store=systems.store,
        tenant=systems.tenant,
        drafts=DraftFlow(windows=windows, members=members, intake=drafts, people=shown_directory),
    )


def decide_batch_flow(
    systems: ExternalSystems, service: Service, windows: Windows, members: Members, shown_directory: ShownDirectory
) -> DecideBatchFlow:
    """Return the flow that decides on batches."""
    return DecideBatchFlow(
        service=service,
        store=systems.store,
        windows=windows,
        members=members,
        people=shown_directory,
        clock=systems.clock,
    )


def batch_list_files(systems: ExternalSystems, outbound: Outbound) -> BatchListFiles:
    """Return what writes and attaches the list of a batch."""
    files = FileUpload(client=systems.client, slack_api_url=systems.settings.slack_api_url)
    return BatchListFiles(outbound, files, BatchLists(redact=systems.redact))
