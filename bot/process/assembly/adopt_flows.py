"""Create the flows of drafts: current settings, batches, files of partners; and what reads and attaches their files."""

from bot.process.assembly.external_systems import ExternalSystems
from bot.report.batch_list import BatchLists
from bot.report.sheet_rows import SheetRowsFile
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.decide.batch_flow import DecideBatchFlow
from bot.slack.flows.request_access.adopt.draft_flow import DraftFlow
from bot.slack.flows.request_access.adopt.flow import AdoptFlow
from bot.slack.flows.request_access.adopt.sheet_flow import SheetFlow
from bot.slack.outbound.batches.import_messages import ImportMessages
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.files.received import SlackReceivedFiles
from bot.slack.outbound.files.upload import FileUpload
from bot.slack.outbound.recipients import Outbound
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from workflows.app.adoption.adopt_intake import AdoptIntake
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.confirming import BatchIntake
from workflows.app.batches.importing.opening import SheetOpening
from workflows.app.limits import Limits
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.offers import Offers
from workflows.effects.batches.sheet_imports import SheetImports
from workflows.intervals import IMPORT_SHOWN_EVERY
from workflows.ports.notifier import Notifier


def adopt_flows(
    systems: ExternalSystems,
    intake: AdoptIntake,
    batches: BatchService,
    windows: ModalWindows,
    lookup_permission: LookupPermission,
    people: DisplayDirectory,
) -> tuple[AdoptFlow, SheetFlow, DecideBatchFlow]:
    """Return the flow of `/partner adopt`, for a partner or for a draft, that of files, and that of decisions."""
    members = Members(directory=systems.directory)
    drafts = BatchIntake(
        batches=batches,
        service=intake.service,
        directory=systems.directory,
        catalog=systems.catalog,
        limits=intake.limits,
    )
    draft_flow = DraftFlow(windows=windows, members=members, intake=drafts, people=people)
    adopt = AdoptFlow(
        windows=windows,
        members=members,
        lookup_permission=lookup_permission,
        intake=intake,
        people=people,
        store=systems.store,
        tenant=systems.tenant,
        drafts=draft_flow,
    )
    sheets = _sheet_flow(systems, intake, draft_flow)
    decide = DecideBatchFlow(
        service=intake.service,
        store=systems.store,
        windows=windows,
        members=members,
        people=people,
        clock=systems.clock,
    )
    return adopt, sheets, decide


def _sheet_flow(systems: ExternalSystems, intake: AdoptIntake, drafts: DraftFlow) -> SheetFlow:
    return SheetFlow(
        windows=drafts.windows,
        members=drafts.members,
        service=intake.service,
        offers=Offers(store=systems.store, catalog=systems.catalog, clock=systems.clock),
        opening=sheet_opening(systems),
        drafts=drafts,
    )


def sheet_opening(systems: ExternalSystems) -> SheetOpening:
    """Return what loads and reads the files that people give."""
    settings = systems.settings
    files = SlackReceivedFiles(
        client=systems.client, slack_api_url=settings.slack_api_url, team_id=settings.slack_team_id
    )
    return SheetOpening(files=files, catalog=systems.catalog)


def sheet_imports(
    systems: ExternalSystems, notifier: Notifier, batches: BatchService, limits: Limits | None
) -> SheetImports:
    """Return what carries out the imports of such files."""
    return SheetImports(
        opening=sheet_opening(systems),
        notifier=notifier,
        batches=batches,
        tenant=systems.tenant,
        new_rows=lambda: SheetRowsFile(systems.redact),
        shown_every=IMPORT_SHOWN_EVERY.total_seconds(),
        limits=limits,
    )


def batch_list_files(systems: ExternalSystems, outbound: Outbound) -> BatchListFiles:
    """Return what writes and attaches the list of a batch."""
    return BatchListFiles(outbound, _upload(systems), BatchLists(redact=systems.redact))


def import_messages(systems: ExternalSystems, outbound: Outbound) -> ImportMessages:
    """Return what shows imports to the people who gave the files."""
    return ImportMessages(outbound, _upload(systems))


def _upload(systems: ExternalSystems) -> FileUpload:
    return FileUpload(client=systems.client, slack_api_url=systems.settings.slack_api_url)
