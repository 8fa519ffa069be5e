"""Make the audit report that `/partner audit` sends: one HTML page, and its newest requests in a few words.

It connects the flow in Slack with the page, whose template library is loaded at the first report. It is a boundary: the
flow does not know how the page is made.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bot.report.file_formats import FileFormat, write_report
from bot.report.report_file import ReportHeader
from bot.report.words import standing_words, state_in_words, template_in
from bot.slack.flows.audit_log.report import SHOWN_REQUESTS, RenderedReport
from bot.words.sentences import day, time_words
from workflows.app.evidence.reading import EvidenceReader
from workflows.core.partners.history.story import RequestStory, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReports:
    """Implements `RenderReport`."""

    redact: Callable[[str], str] = str
    """Removes known secrets from every text."""

    async def __call__(
        self, stories: AsyncIterator[RequestStory], reader: EvidenceReader, *, made_by: str, key: str, partner: str
    ) -> RenderedReport:
        """Return the page."""
        newest: list[str] = []

        async def noting_newest() -> AsyncIterator[RequestStory]:
            async for story in stories:
                if len(newest) < SHOWN_REQUESTS:
                    newest.append(_short(story))
                yield story

        header = ReportHeader(made_at=reader.clock.now(), made_by=made_by, key=key, partner=partner)
        written = await write_report(noting_newest(), header, FileFormat.HTML, reader, self.redact)
        try:
            return RenderedReport(
                content=b"".join(written.pieces()),
                sha256=written.sha256,
                row_count=written.row_count,
                newest=tuple(newest),
            )
        finally:
            written.close()


def _short(story: RequestStory) -> str:
    """Return one request in one line: what, who asked, who approved, how long it took, and what stands."""
    request = story.request
    requester = request.fields.requester if request.prepared is None else request.prepared.requester.name
    approvers = ", ".join(
        story_decision.decision.names for story_decision in story.decisions if story_decision.is_counted
    )
    is_without_result = story.standing in (Standing.OPEN, Standing.NOTHING_SENT, Standing.NOT_READ_BACK)
    state = f", {state_in_words(story)}" if is_without_result or not story.is_believed else ""
    parts = [
        f"{request.id}: {template_in(request)}{state}",
        f"Requested by {requester} on {day(request.created_at)}",
        *([f"approved by {approvers}"] if approvers else []),
        *([] if story.total_time is None else [f"verified after {time_words(story.total_time)}"]),
    ]
    return f"{parts[0]}. {', '.join(parts[1:])}. {standing_words(story)}"
