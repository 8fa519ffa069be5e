"""`/partner audit`: an admin or auditor gets the audit report about one partner, privately.

The report is a file in the direct message with the app, and a short story is the answer to the command. The right is
checked twice: before anything is read, and right before the file is shared. What cannot be recorded is not sent.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from slack_bolt.async_app import AsyncAck

from bot.slack.answers.private_file import FileNotSent, FileProblem, PrivateFiles
from bot.slack.answers.response_url import Answers
from bot.slack.blocks.blocks import bullets, cleaned_text, fixed_text, header, paragraph, rich_text, small_text
from bot.slack.blocks.message import Message, message, refusal
from bot.slack.flows.entry_point_types import EntryPoint, Subcommand
from bot.slack.payloads.models import SlashCommand
from bot.words.sentences import counted
from workflows.app.evidence.reading import EvidenceReader
from workflows.app.evidence.recording import EvidenceFile, EvidenceKind, EvidenceLog
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.core.partners.history.days import Days
from workflows.core.partners.history.story import RequestStory
from workflows.core.people import Person
from workflows.partner_lookup.target import normalize_target
from workflows.ports.clock import Clock
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store

MAX_FILE_BYTES: Final = 50_000_000
"""A larger report is taken at the command line."""
SHOWN_REQUESTS: Final = 5
"""Requests in the short story; the file has all."""
SENT: Final = "The report is in your direct messages with me, as one HTML file. Only you can see it there."
NOT_SENT: Final = {
    FileProblem.NO_SCOPE: "The file could not be sent: the Slack app may not upload files. Ask an admin to install it "
    "again from manifest.yml, with the scope files:write.",
    FileProblem.REFUSED: "The file could not be sent: Slack refused it ({code}). Try again, or tell an admin.",
    FileProblem.NO_ANSWER: "Slack did not answer, so the file may be missing. Look in your direct messages with me. "
    "If it is not there, try again in a minute.",
}
AT_THE_COMMAND_LINE: Final = (
    "The same report at the command line: gatehouse audit report --partner {partner} --format html"
)
NOT_RECORDED: Final = (
    "The report could not be recorded in the audit log, so nothing is sent. Tell an admin: Gatehouse's database cannot "
    "be written now."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """A finished report: one HTML page, and its newest requests in a few words each."""

    content: bytes
    sha256: str
    row_count: int
    newest: tuple[str, ...]


class RenderReport(Protocol):
    """Makes the HTML page."""

    async def __call__(
        self, stories: AsyncIterator[RequestStory], reader: EvidenceReader, *, made_by: str, key: str, partner: str
    ) -> RenderedReport:
        """Return the page.

        :param key: the key of the audit entry that records it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFlow:
    """Sends audit reports. It stores only that somebody got one."""

    answers: Answers
    permission: AuditLogPermission
    files: PrivateFiles
    render: RenderReport
    store: Store
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("audit", self.send_report)

    async def send_report(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Send the report about one partner to the person who typed the command, and to nobody else."""
        await self.answers.answer_later(ack, command, self._send)

    async def _send(self, command: SlashCommand) -> Message:
        person = await self.permission.require_report_reader(command.actor)
        partner = normalize_target(command.argument)
        reader = EvidenceReader(store=self.store, clock=self.clock)
        tenants, key = await reader.tenants_named(command.argument), f"report:{command.key}"
        report = await self.render(
            reader.stories(Days(), tenants, command.argument),
            reader,
            made_by=_name_of(person),
            key=key,
            partner=partner,
        )
        evidence_file = EvidenceFile(
            kind=EvidenceKind.REPORT,
            format="html",
            sha256=report.sha256,
            row_count=report.row_count,
            unreadable=reader.unreadable,
            partner=partner,
        )
        log = EvidenceLog(store=self.store, clock=self.clock)
        try:
            await log.record(evidence_file, key=key, actor=person.chat_id, account=person.id, tenants=tenants)
        except StoreNotWritable:
            return refusal(NOT_RECORDED)
        result = await self._send_file(person, report, partner)
        if result != SENT:  # the short story is shown nevertheless, so the right is checked again
            await self.permission.require_report_reader(person.chat_id)
        return _answer(report, partner, reader.unreadable, result)

    async def _send_file(self, person: Person, report: RenderedReport, partner: str) -> str:
        """Send the file, and return the sentence that says whether this succeeded.

        :raises Refused: when the person has lost the right in the meantime. Nobody sees the file then.
        """
        if len(report.content) > MAX_FILE_BYTES:
            return "The report is too large to be sent here."
        try:
            await self.files.send(
                person.chat_id,
                report.content,
                name=_file_name(partner, self.clock.now()),
                title=f"Audit report: {partner}",
                comment="The audit report that you asked for. Only you can see it here.",
                may_share=partial(self.permission.require_report_reader, person.chat_id),
            )
        except FileNotSent as error:
            return NOT_SENT[error.problem].format(code=error.code or "no code")
        return SENT


def _answer(report: RenderedReport, partner: str, unreadable: int, result: str) -> Message:
    blocks = [
        header(f"Audit report: {partner}"),
        rich_text(
            paragraph(fixed_text(result, bold=True)),
            *([paragraph(fixed_text("Newest requests"))] if report.newest else []),
            *([bullets([cleaned_text(line, 600)] for line in report.newest)] if report.newest else []),
        ),
    ]
    if report.row_count > len(report.newest):
        more = counted(report.row_count - len(report.newest), "earlier request")
        blocks.append(small_text(f"and {more}, in the file"))
    if unreadable:
        blocks.append(small_text(f"Incomplete: {counted(unreadable, 'record')} could not be read."))
    if result != SENT:
        blocks.append(small_text(AT_THE_COMMAND_LINE.format(partner=partner)))
    return message(f"Audit report about {partner}. {result}", blocks)


def _name_of(person: Person) -> str:
    return f"{person.name} ({person.chat_id}, account {person.id})"


def _file_name(partner: str, now: datetime) -> str:
    return f"gatehouse-audit-{re.sub(r'[^a-z0-9.-]', '-', partner.lower())}-{now.date().isoformat()}.html"
