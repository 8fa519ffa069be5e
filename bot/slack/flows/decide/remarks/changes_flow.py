"""Request changes, propose less, accept and decline: windows and buttons whose content is stored as a command."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.remarks.changes_views import changes_view, decline_view, less_view
from bot.slack.flows.decide.remarks.remark_windows import RemarkWindows
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_card_value, parse_proposal_value
from bot.slack.payloads.forms import parse_less_form
from bot.slack.payloads.models import Interaction, View
from bot.words.refusals.sentences import fact_words
from workflows.app.requests.edits.less_access import LessAccess
from workflows.app.requests.forms import InvalidForm
from workflows.core.requests.commands.editing import AcceptProposal, DeclineProposal, ProposeLess, RequestChanges
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.proposals import (
    DURATION,
    SETTINGS,
    TEMPLATE,
    require_can_be_changed,
    require_open_proposal,
)
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.conversation import require_comment, require_text
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesFlow:
    """Shows the windows to who may use them, and stores what is sent. The right is checked again afterwards."""

    remarks: RemarkWindows
    less_access: LessAccess

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REQUEST_CHANGES, self.open_changes, audit_name="want_request_changes", is_in_view=True)
        yield Action(ids.PROPOSE_LESS, self.open_less, audit_name="want_propose_less", is_in_view=True)
        yield Action(ids.ACCEPT_PROPOSAL, self.accept, audit_name="want_accept_proposal")
        yield Action(ids.DECLINE_PROPOSAL, self.open_decline, audit_name="want_decline_proposal")
        yield Submission(ids.CHANGES_FORM, self.request_changes, audit_name="want_request_changes")
        yield Submission(ids.LESS_FORM, self.propose_less, audit_name="want_propose_less")
        yield Submission(ids.DECLINE_PROPOSAL_FORM, self.decline, audit_name="want_decline_proposal")

    async def open_changes(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for what must change, for somebody who may decide now."""
        request_id, digest = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            return changes_view(await self._changeable(window, request_id, digest))

        await self.remarks.open(ack, click, build, "want_request_changes", request_id)

    async def open_less(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window with what certainly gives less, for somebody who may decide now."""
        request_id, digest = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self._changeable(window, request_id, digest)
            return less_view(request, await self.less_access.choices(request))

        await self.remarks.open(ack, click, build, "want_propose_less", request_id)

    async def open_decline(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window for the reason, for the requester."""
        request_id, digest, number = parse_proposal_value(click.action.value)

        async def build(window: Window) -> Json:
            request = await self.remarks.request(request_id)
            person, now = await self.remarks.directory.identify(window.actor), self.remarks.clock.now()
            return decline_view(request, require_open_proposal(request, person.id, digest, number, now))

        await self.remarks.open(ack, click, build, "want_decline_proposal", request_id)

    async def request_changes(self, ack: AsyncAck, click: Interaction) -> None:
        """Store what must change. A text that cannot be used is refused in the window."""
        view = click.required_view
        request_id, digest = parse_card_value(view.private_metadata)
        command = RequestChanges(actor=click.actor, request_id=request_id, digest=digest, text=view.value(ids.REASON))
        if await self.remarks.is_accepted(ack, ids.REASON, self._check_text(request_id, command.text)):
            await self.remarks.keep(ack, click, command)

    async def propose_less(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a proposal. What does not certainly give less is refused in the window, at its field."""
        request_id, digest, less, reason = parse_less_form(click)
        if not await self.remarks.is_accepted(ack, ids.REASON, self._check_text(request_id, reason)):
            return
        try:
            await self.less_access.check(await self.remarks.request(request_id), less)
        except InvalidForm as invalid:
            await ack(response_action="errors", errors=_errors(click.required_view, invalid))
            return
        command = ProposeLess(actor=click.actor, request_id=request_id, digest=digest, less=less, reason=reason)
        await self.remarks.keep(ack, click, command)

    async def accept(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that the requester accepts a proposal."""
        request_id, digest, number = parse_proposal_value(click.action.value)
        command = AcceptProposal(
            actor=click.actor, request_id=request_id, digest=digest, number=number, channel=click.channel
        )
        await self.remarks.keep(ack, click, command)

    async def decline(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that the requester declines a proposal, with the reason."""
        view = click.required_view
        request_id, digest, number = parse_proposal_value(view.private_metadata)
        reason = view.value(ids.REASON)
        if await self.remarks.is_accepted(ack, ids.REASON, _check_reason(reason)):
            command = DeclineProposal(
                actor=click.actor, request_id=request_id, digest=digest, number=number, reason=reason
            )
            await self.remarks.keep(ack, click, command)

    async def _changeable(self, window: Window, request_id: RequestId, digest: Digest) -> AccessRequest:
        """Return a request, for somebody who may decide on it now.

        :raises Refused: for everybody else, and for a request that nobody can ask to change.
        """
        request = await self.remarks.request(request_id)
        require_can_be_changed(request)
        deciders = [decision.person for decision in request.decisions]
        person, roles = await self.remarks.reader(window, request, deciders)
        now = self.remarks.clock.now()
        require_may_decide(request, person, digest, current_roles=roles, now=now, may_repeat=True)
        return request

    async def _check_text(self, request_id: RequestId, text: str) -> None:
        request = await self.remarks.request(request_id)
        require_can_be_changed(request)
        require_comment(request, text)


async def _check_reason(text: str) -> None:
    require_text(text)


def _errors(view: View, invalid: InvalidForm) -> dict[str, str]:
    """Return the problem of each field. One whose field is not shown stands at the reason."""
    fields = {SETTINGS: ids.LEFT_OUT, TEMPLATE: ids.TEMPLATE, DURATION: ids.DURATION}
    found = {fields.get(name, name): fact_words(problem) for name, problem in invalid.problems.items()}
    return {name if view.has_input(name) else ids.REASON: text for name, text in found.items()}
