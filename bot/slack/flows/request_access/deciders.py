"""Everybody who would be asked to decide on the request in an open form, in a window on top of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError
from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import SectionBlock

from bot.slack import ids
from bot.slack.answers.windows import Window, Windows
from bot.slack.blocks.blocks import Json, bullets, button, cleaned_text, fixed_text, mention, row
from bot.slack.blocks.modal import modal
from bot.slack.blocks.pages import page_blocks
from bot.slack.blocks.untrusted import clean
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.payloads.models import Interaction, Payload
from bot.slack.people.approvers import StageApprovers, everybody_by_stage
from bot.slack.people.members import Members
from bot.slack.people.shown_directory import ShownDirectory
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


class _DecidersPage(Payload):
    """Which stages a button shows, and which page of the people."""

    stages: Annotated[tuple[tuple[_Text, _Text], ...], Field(max_length=_MAX_STAGES)]
    excluded: Annotated[tuple[_Text, ...], Field(max_length=MAX_EXCLUDED)]
    page: Annotated[int, Field(ge=0, le=100_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidersFlow:
    """Shows who holds the roles that decide, for full members. It gives no right: an approval is checked again."""

    windows: Windows
    members: Members
    people: ShownDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        for shows in (ids.SHOW_DECIDERS, ids.DECIDERS_PREVIOUS, ids.DECIDERS_NEXT):
            yield Action(shows, self.show, audit_name=ids.SHOW_DECIDERS)

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Show everybody on top of the form; or another page, in the same window."""
        deciders_page = parse_deciders(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.require_member(window.actor)
            stages = [(title, Role(role)) for title, role in deciders_page.stages]
            excluded = {ChatId(excluded_id) for excluded_id in deciders_page.excluded}
            return deciders_view(await everybody_by_stage(stages, excluded, self.people), deciders_page)

        if click.is_in(ids.DECIDERS):
            await ack()
            window = Window.of(click, command=ids.SHOW_DECIDERS)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_DECIDERS)


def deciders_row(who_decides: Sequence[StageApprovers], excluded: Sequence[ChatId]) -> SectionBlock:
    """Return the line with the button that shows everybody, stage by stage."""
    named = [
        (clean(stage_approvers.stage.title, _MAX_TITLE_CHARACTERS), stage_approvers.stage.role)
        for stage_approvers in who_decides[:_MAX_STAGES]
    ]
    excluded_ids = tuple(dict.fromkeys(excluded))[:MAX_EXCLUDED]
    value = _value(tuple(named), excluded_ids, 0)
    if len(value) > _MAX_VALUE_CHARACTERS:
        value = _value(tuple((f"Stage {number}", role) for number, (_, role) in enumerate(named, 1)), excluded_ids, 0)
    return row("Everybody who can approve", ids.DECIDERS, button("Show all", ids.SHOW_DECIDERS, value))


def deciders_view(people: Sequence[tuple[str, Sequence[ChatId]]], asked: _DecidersPage) -> Json:
    """Return the window with one page of the people."""
    rows = [
        bullets([[cleaned_text(title, bold=True), fixed_text(": "), mention(person)]])
        for title, holders in people
        for person in holders
    ]
    blocks = page_blocks(
        [fixed_text("Who decides", bold=True)],
        rows,
        asked.page,
        action_ids=(ids.DECIDERS_PREVIOUS, ids.DECIDERS_NEXT),
        value=lambda page: _value(asked.stages, asked.excluded, page),
    )
    return modal("Approvers", blocks, ids.DECIDERS)


def _value(stages: Sequence[tuple[str, str]], excluded: Sequence[str], page: int) -> str:
    value = {"stages": stages, "excluded": excluded, "page": page}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_deciders(value: str) -> _DecidersPage:
    """Read which stages and page a button shows.

    :raises Refused: for any other text.
    """
    try:
        return _DecidersPage.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
