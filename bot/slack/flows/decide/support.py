"""Support an open request in place of sending another one: a window with an optional reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_request_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from bot.words.refusals.sentences import fact_words
from bot.words.requests.form import SUPPORT_EFFECT, SUPPORT_HINT
from bot.words.requests.titles import prepared_title
from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import SupportRequest
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.taking_part.supporting import MAX_REASON_CHARACTERS
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportFlow:
    """Stores that somebody supports a request. Whether they may is checked later."""

    service: Service
    store: Store
    windows: ModalWindows
    members: Members

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.SUPPORT, self.open, audit_name="want_support", is_in_view=True)
        yield Submission(ids.SUPPORT_FORM, self.send, audit_name="want_support")

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason, which may stay empty."""
        await self.members.require_member(click.actor)
        request = await self._open_request(parse_request_id(click.action.value))
        await self.windows.open(click, support_view(request))
        await ack()

    async def send(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the support, and close the form below the window: it asks for what is requested already."""
        view = click.required_view
        reason = view.value(ids.REASON).strip()
        if len(reason) > MAX_REASON_CHARACTERS:
            problem = Fact(RefusalCode.SUPPORT_TOO_LONG, {"limit": MAX_REASON_CHARACTERS})
            await ack(response_action="errors", errors={ids.REASON: fact_words(problem)})
            return
        request_id = parse_request_id(view.private_metadata)
        command = SupportRequest(actor=click.actor, request_id=request_id, reason=reason)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def _open_request(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        if request.is_terminal or request.prepared is None:
            raise Refused(
                RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, state=request.state.value, is_closed=request.is_terminal
            )
        return request


def support_view(request: AccessRequest) -> Json:
    """Return the window that asks why a person needs the same access.

    :raises Refused: while the request has no plan yet.
    """
    prepared = request.require_prepared()
    what = f"{prepared_title(prepared)}, {request.id}, requested by {prepared.requester.name}."
    blocks: list[Block] = [
        identity_block(prepared.observation.identity),
        rich_text(paragraph(cleaned_text(what, 300)), paragraph(fixed_text(SUPPORT_EFFECT))),
        input_block("Reason", ids.REASON, text_area(ids.REASON), hint=SUPPORT_HINT, is_optional=True),
    ]
    return modal("Support request", blocks, ids.SUPPORT_FORM, submit="Support it", metadata=request.id)
