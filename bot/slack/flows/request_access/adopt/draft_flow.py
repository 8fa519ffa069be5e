"""Confirm a draft from the command line: show it to a member, who then asks for what it shows and is its requester."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.flows.request_access.adopt.draft_form import DraftContent, draft_rows_view, draft_view
from bot.slack.payloads.button_values import parse_batch_page
from bot.slack.payloads.forms import parse_draft_form
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import name_stages
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.refusals.sentences import fact_words
from workflows.app.batches.confirming import DRAFT_FIELD, BatchIntake
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import with_rows
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import BatchId

_AUDIT_NAME: Final = "confirm_draft"
_SHOWN_AT: Final = ids.JUSTIFICATION
"""The field that shows problems with the draft: Slack shows a problem only at a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFlow:
    """The window of a draft, for full members of the workspace."""

    windows: ModalWindows
    members: Members
    intake: BatchIntake
    people: DisplayDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow. `/partner adopt` leads to it for the id of a batch."""
        for shows in (ids.SHOW_DRAFT_ROWS, ids.DRAFT_ROWS_PREVIOUS, ids.DRAFT_ROWS_NEXT):
            yield Action(shows, self.show_rows, audit_name=_AUDIT_NAME, is_in_view=True)
        yield Submission(ids.CONFIRM_DRAFT, self.submit, audit_name=_AUDIT_NAME)

    async def build(self, window: Window, batch_id: BatchId) -> Json:
        """Return the window of a draft for a full member.

        :raises Refused: when there is no such draft, or it cannot be confirmed any more.
        """
        window.subject = CommandSubject(batch_id=batch_id)
        await self.members.directory.require_member(window.actor)
        batch = await self.intake.load_draft(batch_id)
        terms = await self.intake.terms(batch, window.actor, window.actor)
        batch = with_rows(batch, terms.rows)
        excluded = {window.actor, *terms.excluded}
        actor = window.actor
        who_decides = await name_stages(terms.stages, excluded, self.people, requester=actor, sponsor=actor)
        return draft_view(DraftContent(batch=batch, terms=terms, requester=window.actor, who_decides=who_decides))

    async def show_rows(self, ack: AsyncAck, click: Interaction) -> None:
        """Show every partner of the draft on top of its window; or another page, in the same window."""
        batch_id, page = parse_batch_page(click.action.value)
        subject = CommandSubject(batch_id=batch_id)

        async def build(window: Window) -> Json:
            await self.members.directory.require_member(window.actor)
            return draft_rows_view(await self.intake.load_draft(batch_id), page)

        if click.is_in(ids.DRAFT_ROWS):
            await ack()
            window = Window.of(click, command=_AUDIT_NAME, subject=subject)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME, subject=subject)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask for what the draft shows. A problem with the draft is shown at the first field."""
        await self.members.refuse_known_guests(click.actor)
        try:
            await self.intake.confirm(parse_draft_form(click), key=click.key)
        except InvalidForm as error:
            problems = {name: fact for name, fact in error.problems.items() if name != DRAFT_FIELD}
            if DRAFT_FIELD in error.problems:
                problems[_SHOWN_AT] = error.problems[DRAFT_FIELD]
            errors = {name: fact_words(problem) for name, problem in problems.items()}
            await ack(response_action="errors", errors=errors)
        else:
            await ack(response_action="clear")
