"""Create the flows that adopt current settings: of one partner, and of a batch; and what attaches a batch's list."""

from bot.process.assembly.external_systems import ExternalSystems
from bot.report.batch_list import BatchLists
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.decide.batch_flow import DecideBatchFlow
from bot.slack.flows.request_access.adopt.draft_flow import DraftFlow
from bot.slack.flows.request_access.adopt.flow import AdoptFlow
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.files.upload import FileUpload
from bot.slack.outbound.recipients import Outbound
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from workflows.app.adoption.adopt_intake import AdoptIntake
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.confirming import BatchIntake
from workflows.app.reads.look_up_permission import LookupPermission


def adopt_flows(
    systems: ExternalSystems,
    intake: AdoptIntake,
    batches: BatchService,
    windows: ModalWindows,
    lookup_permission: LookupPermission,
    people: DisplayDirectory,
) -> tuple[AdoptFlow, DecideBatchFlow]:
    """Return the flow of `/partner adopt`, for a partner or for a draft, and the flow that decides on batches."""
    members = Members(directory=systems.directory)
    drafts = BatchIntake(
        batches=batches,
        service=intake.service,
        directory=systems.directory,
        catalog=systems.catalog,
        limits=intake.limits,
    )
    adopt = AdoptFlow(
        windows=windows,
        members=members,
        lookup_permission=lookup_permission,
        intake=intake,
        people=people,
        store=systems.store,
        tenant=systems.tenant,
        drafts=DraftFlow(windows=windows, members=members, intake=drafts, people=people),
    )
    decide = DecideBatchFlow(
        service=intake.service,
        store=systems.store,
        windows=windows,
        members=members,
        people=people,
        clock=systems.clock,
    )
    return adopt, decide


def batch_list_files(systems: ExternalSystems, outbound: Outbound) -> BatchListFiles:
    """Return what writes and attaches the list of a batch."""
    files = FileUpload(client=systems.client, slack_api_url=systems.settings.slack_api_url)
    return BatchListFiles(outbound, files, BatchLists(redact=systems.redact))
