"""Ask, answer and comment: windows whose text is stored as a command. The right to write is checked afterwards."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import BuildView, ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.conversation_views import answer_view, ask_view, comment_view
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_card_value, parse_question_value, parse_request_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.directory import SlackDirectory
from bot.words.requests.notes import refusal_words
from workflows.app.approvers.stage_holders import roles_at
from workflows.app.service import Service
from workflows.core.conversation.remarks import MAX_ASKED, RemarkId
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.requests.commands.clicks import RemarkClick
from workflows.core.requests.commands.request import Answer, Ask, CommandSubject, Comment
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.conversation import (
    require_comment,
    require_may_answer,
    require_may_ask,
    require_may_comment,
    require_open_question,
    require_remarks_possible,
    require_text,
)
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_CHECKING_SECONDS: Final = 1.8
"""Seconds that the window waits for the answer who the chosen people are. They are checked again afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFlow:
    """Shows the windows to who may write, and stores what they write. A refused text stays in its window."""

    service: Service
    store: Store
    windows: ModalWindows
    directory: SlackDirectory
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.ASK, self.open_ask, audit_name="want_ask", card=Card.REQUEST)
        yield Action(ids.ANSWER, self.open_answer, audit_name="want_answer")
        yield Action(ids.COMMENT, self.open_comment, audit_name="want_comment")
        yield Submission(ids.ASK_QUESTION, self.ask, audit_name="want_ask")
        yield Submission(ids.ANSWER_QUESTION, self.answer, audit_name="want_answer")
        yield Submission(ids.ADD_COMMENT, self.comment, audit_name="want_comment")

    async def open_ask(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for a question."""
        request_id, _ = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self._writable(request_id)
            require_may_ask(request, *await self._reader(window, request))
            return ask_view(request)

        await self._open(ack, click, build, "want_ask", request_id)

    async def open_answer(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for an answer."""
        request_id, question_id = parse_question_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self._known(request_id)
            require_remarks_possible(request, self.clock.now(), is_answer=True)
            question = require_open_question(request, question_id)
            require_may_answer(request, question, await self.directory.identify(window.actor))
            return answer_view(request, question, self.clock.now())

        await self._open(ack, click, build, "want_answer", request_id)

    async def open_comment(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for a comment."""
        request_id, _ = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self._writable(request_id)
            require_may_comment(request, *await self._reader(window, request))
            return comment_view(request)

        await self._open(ack, click, build, "want_comment", request_id)

    async def ask(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a question. A text or people that cannot be used are refused in the window."""
        view = click.required_view
        request_id, text = parse_request_id(view.private_metadata), view.value(ids.REMARK_TEXT)
        asked = view.people(ids.ASKED_PEOPLE)
        if problem := await self._problem_with(request_id, text):
            await _refuse(ack, ids.REMARK_TEXT, problem)
        elif problem := await self._problem_with_people(asked, click.actor):
            await _refuse(ack, ids.ASKED_PEOPLE, problem)
        else:
            await self._store(ack, click, Ask(actor=click.actor, request_id=request_id, text=text, asked=asked))

    async def answer(self, ack: AsyncAck, click: Interaction) -> None:
        """Store an answer. When none is possible any more, the window says so and keeps the text."""
        view = click.required_view
        request_id, question_id = parse_question_value(view.private_metadata)
        text = view.value(ids.REMARK_TEXT)
        if problem := await self._problem_with(request_id, text, question_id):
            await _refuse(ack, ids.REMARK_TEXT, problem)
            return
        await self._store(ack, click, Answer(actor=click.actor, request_id=request_id, question=question_id, text=text))

    async def comment(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a comment. When none is possible any more, the window says so and keeps the text."""
        view = click.required_view
        request_id, text = parse_request_id(view.private_metadata), view.value(ids.REMARK_TEXT)
        if problem := await self._problem_with(request_id, text):
            await _refuse(ack, ids.REMARK_TEXT, problem)
            return
        await self._store(ack, click, Comment(actor=click.actor, request_id=request_id, text=text))

    async def _open(
        self, ack: AsyncAck, click: Interaction, build: BuildView, command: str, request_id: RequestId
    ) -> None:
        subject = CommandSubject(request_id=request_id)
        await self.windows.open_and_fill(ack, click, build, command=command, subject=subject)

    async def _store(self, ack: AsyncAck, click: Interaction, command: RemarkClick) -> None:
        await self.service.store_click(command, key=click.key)
        await ack()

    async def _reader(self, window: Window, request: AccessRequest) -> tuple[Person, CurrentRoles]:
        person, now = await self.directory.identify(window.actor), self.clock.now()
        return person, await roles_at(request, [person], now, directory=self.directory, store=self.store)

    async def _known(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request

    async def _writable(self, request_id: RequestId) -> AccessRequest:
        request = await self._known(request_id)
        require_remarks_possible(request, self.clock.now())
        return request

    async def _problem_with(self, request_id: RequestId, text: str, question_id: RemarkId | None = None) -> str:
        """State why a text cannot be recorded, as far as our own records say; empty when nothing is wrong."""
        try:
            request = await self._known(request_id)
            require_remarks_possible(request, self.clock.now(), is_answer=question_id is not None)
            if question_id is None:
                require_comment(request, text)
            else:
                require_open_question(request, question_id)
                require_text(text)
        except Refused as refused:
            return refusal_words(refused)
        return ""

    async def _problem_with_people(self, asked: tuple[ChatId, ...], actor: ChatId) -> str:
        """State why these people cannot be asked; empty when nothing is wrong, or it is not known in time."""
        if not asked or actor in asked:
            return refusal_words(Refused(RefusalCode.NOBODY_ASKED))
        if len(asked) > MAX_ASKED:
            return refusal_words(Refused(RefusalCode.TOO_MANY_ASKED, maximum=MAX_ASKED))
        try:
            async with asyncio.timeout(_CHECKING_SECONDS):
                for person in asked:
                    await self.directory.identify(person)
        except Refused as refused:
            return refusal_words(Refused(RefusalCode.CANNOT_BE_ASKED, refused=refused.fact.as_value()))
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            pass  # the stored click is checked when they answer
        return ""


async def _refuse(ack: AsyncAck, field: str, problem: str) -> None:
    await ack(response_action="errors", errors={field: problem})
