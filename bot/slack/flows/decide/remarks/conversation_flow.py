"""Ask, answer and comment: windows whose text is stored as a command. The right to write is checked afterwards."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.remarks.conversation_views import answer_view, ask_view, comment_view
from bot.slack.flows.decide.remarks.remark_windows import RemarkWindows
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_card_value, parse_question_value, parse_request_id
from bot.slack.payloads.models import Interaction
from workflows.core.conversation.remarks import MAX_ASKED, RemarkId
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import Answer, Ask, Comment
from workflows.core.requests.request import RequestId
from workflows.core.requests.transitions.conversation import (
    require_comment,
    require_may_answer,
    require_may_ask,
    require_may_comment,
    require_open_question,
    require_text,
)
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_CHECKING_SECONDS: Final = 1.8
"""Seconds that the window waits for the answer who the chosen people are. They are checked again afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFlow:
    """Shows the windows to who may write, and stores what they write. A refused text stays in its window."""

    remarks: RemarkWindows

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.ASK, self.open_ask, audit_name="want_ask", card=Card.REQUEST)
        yield Action(ids.ANSWER, self.open_answer, audit_name="want_answer")
        yield Action(ids.COMMENT, self.open_comment, audit_name="want_comment", is_in_view=True)
        yield Submission(ids.ASK_QUESTION, self.ask, audit_name="want_ask")
        yield Submission(ids.ANSWER_QUESTION, self.answer, audit_name="want_answer")
        yield Submission(ids.ADD_COMMENT, self.comment, audit_name="want_comment")

    async def open_ask(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for a question."""
        request_id, _ = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self.remarks.request(request_id)
            require_may_ask(request, *await self.remarks.reader(window, request))
            return ask_view(request)

        await self.remarks.open(ack, click, build, "want_ask", request_id)

    async def open_answer(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for an answer."""
        request_id, question_id = parse_question_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self.remarks.request(request_id, is_answer=True)
            question = require_open_question(request, question_id)
            require_may_answer(request, question, await self.remarks.directory.identify(window.actor))
            return answer_view(request, question, self.remarks.clock.now())

        await self.remarks.open(ack, click, build, "want_answer", request_id)

    async def open_comment(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for a comment."""
        request_id, _ = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self.remarks.request(request_id)
            require_may_comment(request, *await self.remarks.reader(window, request))
            return comment_view(request)

        await self.remarks.open(ack, click, build, "want_comment", request_id)

    async def ask(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a question. A text or people that cannot be used are refused in the window."""
        view, remarks = click.required_view, self.remarks
        request_id, text = parse_request_id(view.private_metadata), view.value(ids.REMARK_TEXT)
        asked = view.people(ids.ASKED_PEOPLE)
        if await remarks.is_accepted(ack, ids.REMARK_TEXT, self._check_text(request_id, text)) and (
            await remarks.is_accepted(ack, ids.ASKED_PEOPLE, self._check_people(asked, click.actor))
        ):
            await remarks.keep(ack, click, Ask(actor=click.actor, request_id=request_id, text=text, asked=asked))

    async def answer(self, ack: AsyncAck, click: Interaction) -> None:
        """Store an answer. When none is possible any more, the window says so and keeps the text."""
        view = click.required_view
        request_id, question_id = parse_question_value(view.private_metadata)
        text = view.value(ids.REMARK_TEXT)
        if await self.remarks.is_accepted(ack, ids.REMARK_TEXT, self._check_answer(request_id, text, question_id)):
            command = Answer(actor=click.actor, request_id=request_id, question=question_id, text=text)
            await self.remarks.keep(ack, click, command)

    async def comment(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a comment. When none is possible any more, the window says so and keeps the text."""
        view = click.required_view
        request_id, text = parse_request_id(view.private_metadata), view.value(ids.REMARK_TEXT)
        if await self.remarks.is_accepted(ack, ids.REMARK_TEXT, self._check_text(request_id, text)):
            await self.remarks.keep(ack, click, Comment(actor=click.actor, request_id=request_id, text=text))

    async def _check_text(self, request_id: RequestId, text: str) -> None:
        require_comment(await self.remarks.request(request_id), text)

    async def _check_answer(self, request_id: RequestId, text: str, question_id: RemarkId) -> None:
        require_open_question(await self.remarks.request(request_id, is_answer=True), question_id)
        require_text(text)

    async def _check_people(self, asked: tuple[ChatId, ...], actor: ChatId) -> None:
        """Check the people who are asked.

        :raises Refused: when they cannot be asked; nothing when that is not known in time.
        """
        if not asked or actor in asked:
            raise Refused(RefusalCode.NOBODY_ASKED)
        if len(asked) > MAX_ASKED:
            raise Refused(RefusalCode.TOO_MANY_ASKED, maximum=MAX_ASKED)
        try:
            async with asyncio.timeout(_CHECKING_SECONDS):
                for person in asked:
                    await self.remarks.directory.identify(person)
        except Refused as refused:
            raise Refused(RefusalCode.CANNOT_BE_ASKED, refused=refused.fact.as_value()) from refused
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            pass  # the stored click is checked when they answer
