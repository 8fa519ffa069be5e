"""Create the flows of auditors: the search with its windows, and the audit report. The boundary to Slack's files."""

from bot.process.assembly.external_systems import ExternalSystems
from bot.report.slack_report import ChatReports
from bot.slack.answers.response_url import Answers
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.audit_log.flow import AuditLogFlow
from bot.slack.flows.audit_log.report import ReportFlow
from bot.slack.flows.home.flow import HomeFlow
from bot.slack.outbound.files.private_files import SlackPrivateFiles
from bot.slack.outbound.files.upload import FileUpload
from bot.slack.people.display_directory import DisplayDirectory
from workflows.app.reads.audit_log_permission import AuditLogPermission


def audit_log_flows(
    systems: ExternalSystems,
    answers: Answers,
    windows: ModalWindows,
    permission: AuditLogPermission,
    home: HomeFlow,
    display_directory: DisplayDirectory,
) -> tuple[AuditLogFlow, ReportFlow]:
    """Return both flows."""
    search = AuditLogFlow(
        audit_log_permission=permission,
        home=home,
        store=systems.store,
        windows=windows,
        display_directory=display_directory,
        clock=systems.clock,
    )
    report = ReportFlow(
        answers=answers,
        permission=permission,
        files=SlackPrivateFiles(files=FileUpload(client=systems.client, slack_api_url=systems.settings.slack_api_url)),
        render=ChatReports(redact=systems.redact),
        store=systems.store,
        clock=systems.clock,
    )
    return search, report
