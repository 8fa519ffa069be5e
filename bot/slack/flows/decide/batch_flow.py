"""Decide on a batch: view it page by page, approve it, reject it with a reason, or withdraw it as its requester."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.cards.batches.batch_details import applied_rows
from bot.slack.flows.decide.batch_views import answer_halt_view, batch_view, reject_batch_view
from bot.slack.flows.decide.views import decision_received_view
from bot.slack.flows.entry_point_types import Action, Card, CommandButton, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_batch_id, parse_batch_page, parse_batch_value
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import may_decide_now, name_open_stages_of
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from workflows.app.reads.found_requests import read_since_applied
from workflows.app.reads.home_batches import batch_as_believed
from workflows.app.service import Service
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.deciding import current_batch_eligibility
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import BatchId
from workflows.core.settings.canonical import Digest
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_HALT: Final = "want_answer_halt"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideBatchFlow:
    """Stores decisions on batches. The stored click is checked later for the right to decide."""

    service: Service
    store: Store
    windows: ModalWindows
    members: Members
    people: DisplayDirectory
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REVIEW_BATCH, self.review, audit_name=ids.REVIEW_BATCH)
        for shows in (ids.BATCH_PREVIOUS, ids.BATCH_NEXT):
            yield Action(shows, self.turn_page, audit_name=ids.REVIEW_BATCH, is_in_view=True)
        yield CommandButton(ids.APPROVE_BATCH, self.approval, "want_approve_batch", Card.BATCH, self.show_approved)
        yield Action(ids.REJECT_BATCH, self.reject, audit_name="want_reject_batch", card=Card.BATCH)
        yield Submission(ids.REJECT_BATCH_REASON, self.reject_with_reason, audit_name="want_reject_batch")
        yield Action(ids.WITHDRAW_BATCH, self.withdraw, audit_name="want_withdraw_batch", is_in_view=True)
        for answers in (ids.CONTINUE_BATCH, ids.END_BATCH):
            yield Action(answers, self.ask_about_halt, audit_name=_HALT, card=Card.BATCH)
        yield Submission(ids.ANSWER_HALT, self.answer_halt, audit_name=_HALT)

    async def review(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with everything about the batch, and the two buttons for a person who may decide now."""
        batch_id, _ = parse_batch_value(click.action.value)

        async def build(window: Window) -> Json:
            return await self._details(window, batch_id, 0)

        subject = CommandSubject(batch_id=batch_id)
        await self.windows.open_and_fill(ack, click, build, command=ids.REVIEW_BATCH, subject=subject)

    async def turn_page(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page of the partners, in the same window."""
        batch_id, page = parse_batch_page(click.action.value)

        async def build(window: Window) -> Json:
            return await self._details(window, batch_id, page)

        await ack()
        window = Window.of(click, command=ids.REVIEW_BATCH, subject=CommandSubject(batch_id=batch_id))
        self.windows.fill(window, self.windows.show(window, build))

    def approval(self, click: Interaction) -> ApproveBatch[ChatId]:
        """Return the approval that somebody clicked."""
        batch_id, digest = parse_batch_value(click.action.value)
        return ApproveBatch(actor=click.actor, batch_id=batch_id, digest=digest, channel=click.channel)

    async def reject(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.members.require_member(click.actor)
        batch = await self._decidable(*parse_batch_value(click.action.value))
        await self.windows.open(click, reject_batch_view(batch))
        await ack()

    async def reject_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a rejection."""
        view = click.required_view
        batch_id, digest = parse_batch_value(view.private_metadata)
        reason = view.value(ids.REASON)
        if not reason.strip():
            problem = {ids.REASON: "Write a reason, so that the requester knows what to change."}
            await ack(response_action="errors", errors=problem)
            return
        command = RejectBatch(actor=click.actor, batch_id=batch_id, digest=digest, reason=reason)
        await self.service.store_click(command, key=click.key)
        await ack()

    async def withdraw(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a withdrawal; whether the person is the requester is checked later."""
        command = WithdrawBatch(actor=click.actor, batch_id=parse_batch_id(click.action.value), channel=click.channel)
        await self.service.store_click(command, key=click.key)
        await ack()

    async def ask_about_halt(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason; whether they are an admin is checked later."""
        await self.members.require_member(click.actor)
        batch_id, halt = parse_batch_page(click.action.value)
        batch = await self._known(batch_id)
        if batch.state is not BatchState.HALTED or halt != len(batch.runs):
            raise Refused(RefusalCode.HALT_ANSWERED)
        view = answer_halt_view(batch, goes_on=click.action.action_id == ids.CONTINUE_BATCH)
        await self.windows.open(click, view)
        await ack()

    async def answer_halt(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that a batch which stopped by itself goes on, or ends."""
        view = click.required_view
        shown, _, answer = view.private_metadata.rpartition(":")
        batch_id, halt = parse_batch_page(shown)
        reason = view.value(ids.REASON)
        if not reason.strip():
            await ack(response_action="errors", errors={ids.REASON: "Write a reason."})
            return
        command: AnswerHalt[ChatId] = AnswerHalt(
            actor=click.actor, batch_id=batch_id, halt=halt, goes_on=answer == "continue", reason=reason
        )
        await self.service.store_click(command, key=click.key)
        await ack()

    def show_approved(self, click: Interaction) -> None:
        """Show in the window, if it was clicked there, that the approval is stored."""
        if click.is_in(ids.BATCH):
            view, choice = decision_received_view("approval"), "approval"
            shown = self.windows.show_received(click.required_view.id, view, click, choice=choice)
            self.windows.background.start(shown)

    async def _details(self, window: Window, batch_id: BatchId, page: int) -> Json:
        await self.members.directory.require_member(window.actor)
        batch = await self._known(batch_id)
        eligible = current_batch_eligibility(batch)
        # NB. where the roles cannot be read now, an approver can still decide: each click is checked.
        return batch_view(
            batch,
            holders=await name_open_stages_of(eligible, self.people),
            page=page,
            now=self.clock.now(),
            may_decide=batch.state is BatchState.AWAITING_APPROVAL
            and await may_decide_now(eligible, window.actor, self.people) is not False,
            since=await read_since_applied(applied_rows(batch, page), store=self.store, now=self.clock.now()),
        )

    async def _known(self, batch_id: BatchId) -> Batch:
        """Return a batch that somebody asked for, as it is believed: nobody looks at another person's draft here.

        :raises Refused: when there is none.
        """
        batch = await self.store.batch(batch_id)
        if batch is None or batch.state is BatchState.DRAFT:
            raise Refused(RefusalCode.UNKNOWN_BATCH)
        return await batch_as_believed(batch, self.store)

    async def _decidable(self, batch_id: BatchId, digest: Digest) -> Batch:
        batch = await self._known(batch_id)
        if batch.has_ended:
            raise Refused(RefusalCode.BATCH_NOT_POSSIBLE_NOW, state=batch.state.value, is_closed=True)
        if batch.digest != digest:
            raise Refused(RefusalCode.CARD_OUT_OF_DATE)
        return batch
