"""Everybody who would be asked to decide on the request in an open form, in a window on top of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError
from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import SectionBlock

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json, bullets, button, cleaned_text, fixed_text, mention, row
from bot.slack.blocks.modal import modal
from bot.slack.blocks.pages import page_blocks
from bot.slack.blocks.untrusted import clean
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.payloads.models import Interaction, Payload
from bot.slack.people.approvers import StageApprovers, everybody_by_stage
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Role

_MAX_TITLE_CHARACTERS: Final = 60
_MAX_STAGES: Final = 10
"""As many as a template can have."""
_MAX_VALUE_CHARACTERS: Final = 1900
"""Slack accepts 2,000 characters in a button; a later page has a longer number."""
MAX_EXCLUDED: Final = 40
"""People that the list leaves out: the requester, the sponsor, and authors of settings that are adopted."""
_Text = Annotated[str, StringConstraints(max_length=100)]


class _ApproversPage(Payload):
    """Which stages a button shows, and which page of the people."""

    stages: Annotated[tuple[tuple[_Text, _Text], ...], Field(max_length=_MAX_STAGES)]
    excluded: Annotated[tuple[_Text, ...], Field(max_length=MAX_EXCLUDED)]
    page: Annotated[int, Field(ge=0, le=100_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AllApproversFlow:
    """Shows who holds the roles that decide, for full members. It gives no right: an approval is checked again."""

    windows: ModalWindows
    members: Members
    display_directory: DisplayDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        for shows in (ids.SHOW_DECIDERS, ids.DECIDERS_PREVIOUS, ids.DECIDERS_NEXT):
            yield Action(shows, self.show, audit_name=ids.SHOW_DECIDERS, is_in_view=True)

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Show everybody on top of the form; or another page, in the same window."""
        approvers_page = parse_page(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.require_member(window.actor)
            stages = [(title, Role(role)) for title, role in approvers_page.stages]
            excluded = {ChatId(excluded_id) for excluded_id in approvers_page.excluded}
            return all_approvers_view(
                await everybody_by_stage(stages, excluded, self.display_directory), approvers_page
            )

        if click.is_in(ids.DECIDERS):
            await ack()
            window = Window.of(click, command=ids.SHOW_DECIDERS)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_DECIDERS)


def all_approvers_row(approvers_by_stage: Sequence[StageApprovers], excluded: Sequence[ChatId]) -> SectionBlock:
    """Return the line with the button that shows everybody, stage by stage."""
    stage_names = [
        (clean(stage_approvers.stage.title, _MAX_TITLE_CHARACTERS), stage_approvers.key)
        for stage_approvers in approvers_by_stage[:_MAX_STAGES]
    ]
    excluded_ids = tuple(dict.fromkeys(excluded))[:MAX_EXCLUDED]
    value = _value(tuple(stage_names), excluded_ids, 0)
    if len(value) > _MAX_VALUE_CHARACTERS:
        numbered_stages = tuple((f"Stage {number}", role) for number, (_, role) in enumerate(stage_names, 1))
        value = _value(numbered_stages, excluded_ids, 0)
    return row("Everybody who can approve", ids.DECIDERS, button("Show all", ids.SHOW_DECIDERS, value))


def all_approvers_view(people: Sequence[tuple[str, Sequence[ChatId]]], approvers_page: _ApproversPage) -> Json:
    """Return the window with one page of the people."""
    rows = [
        bullets([[cleaned_text(title, bold=True), fixed_text(": "), mention(person)]])
        for title, holders in people
        for person in holders
    ]
    blocks = page_blocks(
        [fixed_text("Who decides", bold=True)],
        rows,
        approvers_page.page,
        action_ids=(ids.DECIDERS_PREVIOUS, ids.DECIDERS_NEXT),
        value=lambda page: _value(approvers_page.stages, approvers_page.excluded, page),
    )
    return modal("Approvers", blocks, ids.DECIDERS)


def _value(stages: Sequence[tuple[str, str]], excluded: Sequence[str], page: int) -> str:
    value = {"stages": stages, "excluded": excluded, "page": page}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_page(value: str) -> _ApproversPage:
    """Read which stages and page a button shows.

    :raises Refused: for any other text.
    """
    try:
        return _ApproversPage.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
