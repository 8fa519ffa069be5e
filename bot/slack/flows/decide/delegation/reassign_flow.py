"""Reassign an approval: an admin opens the window from Details, and chooses who is asked in place of whom."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block, StaticSelectElement, UserSelectElement

from bot.slack import ids
from bot.slack.answers.windows import NOT_READABLE_NOW, ModalWindows, Window
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, option, text_area
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_card_value
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import able_to_decide, holders_of_stage
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.app.approvers.absences import identified
from workflows.app.approvers.enough_asked import require_enough_left
from workflows.app.approvers.stage_holders import roles_at
from workflows.app.requests.people_checks import require_chain_without
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.taking_part.reassigning import (
    MAX_REASON_CHARACTERS,
    require_from,
    require_may_reassign,
    require_reason,
    require_to,
)
from workflows.core.settings.canonical import Digest
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_REASSIGN: Final = "want_reassign"
_MAX_OPTIONS: Final = 100
"""The most people of whom one can be chosen: Slack accepts no more options."""
_CHECKING_SECONDS: Final = 1.8
"""Seconds that the window waits for the answer whether it is allowed. It is checked again afterwards."""
_ABOUT: Final = (
    "Somebody else of the same role is asked and reminded. The number of approvals stays the same, and everybody who "
    "holds the role can still decide. You cannot decide on this request any more."
)
_FIELD_OF: Final = {
    RefusalCode.REASSIGN_REASON_MISSING: ids.REASON,
    RefusalCode.REASSIGN_REASON_TOO_LONG: ids.REASON,
    RefusalCode.REASSIGNED_FROM_NOBODY: ids.REASSIGN_FROM,
    RefusalCode.ONLY_ADMINS_REASSIGN: ids.REASSIGN_FROM,
}
"""The field at which a refusal is shown; every other one is about the new person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignFlow:
    """Shows admins who is asked, and stores whom they have asked instead. The right is checked later again."""

    service: Service
    store: Store
    windows: ModalWindows
    members: Members
    directory: DisplayDirectory
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REASSIGN, self.open, audit_name=_REASSIGN, is_in_view=True)
        yield Submission(ids.REASSIGN_FORM, self.reassign, audit_name=_REASSIGN)

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window, on top of Details."""
        request_id, digest = parse_card_value(click.action.value)
        subject = CommandSubject(request_id=request_id)

        async def build(window: Window) -> Json:
            return await self._view(window, request_id, digest)

        await self.windows.open_and_fill(ack, click, build, command=_REASSIGN, subject=subject)

    async def reassign(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the reassignment. What a rule forbids is refused at its field."""
        view = click.required_view
        request_id, digest = parse_card_value(view.private_metadata)
        command = Reassign(
            actor=click.actor,
            request_id=request_id,
            digest=digest,
            from_person=ChatId(view.value(ids.REASSIGN_FROM)),
            to_person=ChatId(view.value(ids.REASSIGN_TO)),
            reason=view.value(ids.REASON),
        )
        try:
            require_reason(command.reason)
            await self._check(command)
        except Refused as refused:
            field = _FIELD_OF.get(RefusalCode(refused.code), ids.REASSIGN_TO)
            await ack(response_action="errors", errors={field: refusal_words(refused)})
            return
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def _view(self, window: Window, request_id: RequestId, digest: Digest) -> Json:
        await self.members.refuse_known_guests(window.actor)
        request = await self._waiting(request_id, digest)
        reader = await self.directory.identify(window.actor)
        stage = require_may_reassign(request, reader, await self.directory.current_roles([reader]))
        people = eligibility(request)
        reassigned = {stand_in.person for stand_in in people.stand_ins}
        holders = await holders_of_stage(people.open_stages[0], people.relations, self.directory)
        able = await able_to_decide(people, holders, self.directory)
        names: dict[ChatId, str] = {}
        for person in sorted(able - reassigned)[:_MAX_OPTIONS]:
            with suppress(Refused):
                names[person] = await self.directory.name_of(person)
        if not names:
            raise Refused(RefusalCode.REASSIGNED_FROM_NOBODY, name="Nobody", stage=people.stages[stage].title)
        unasked = (able & reassigned) - {window.actor}
        missing = people.open_stages[0].missing
        return reassign_view(
            request, people.stages[stage].title, names, note="" if unasked else all_asked_words(names, missing)
        )

    async def _waiting(self, request_id: RequestId, digest: Digest) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        if request.batch is not None:
            raise Refused(RefusalCode.IN_A_BATCH, batch=request.batch)
        if request.state is not RequestState.AWAITING_APPROVAL:
            raise Refused(
                RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, state=request.state.value, is_closed=request.is_terminal
            )
        if request.plan.digest != digest:
            raise Refused(RefusalCode.CARD_OUT_OF_DATE)
        return request

    async def _check(self, command: Reassign[ChatId]) -> None:
        """Refuse in the window what is forbidden, as far as that is known in time.

        :raises Refused: with the reason.
        """
        try:
            async with asyncio.timeout(_CHECKING_SECONDS):
                request = await self._waiting(command.request_id, command.digest)
                actor, from_person = await asyncio.gather(
                    self.directory.identify(command.actor), self.directory.identify(command.from_person)
                )
                to_person = await identified(
                    command.to_person, RefusalCode.REASSIGNED_TO_REFUSED, directory=self.directory
                )
                roles = await roles_at(
                    request,
                    [actor, from_person, to_person],
                    self.clock.now(),
                    directory=self.directory,
                    store=self.store,
                )
                stage = require_may_reassign(request, actor, roles)
                require_from(request, stage, from_person, current_roles=roles)
                require_to(request, stage, from_person, to_person, by=actor, current_roles=roles)
                needed = RefusalCode.REASSIGNER_IS_NEEDED
                await require_chain_without(request, actor, directory=self.directory, code=needed)
                await require_enough_left(request, from_person, to_person, by=actor, directory=self.directory)
        except (*NOT_READABLE_NOW, TimeoutError):
            return  # the stored click is checked when they answer


def all_asked_words(names: Mapping[ChatId, str], missing: int) -> str:
    """Return what to know where everybody who may decide is asked already."""
    if len(names) > missing:
        return "Everybody with this role is asked already. Reassigning only stops the reminders to one of them."
    return (
        f"Everybody with this role is asked already, and {counted(missing, 'approval is', 'approvals are')} missing. "
        "So nobody can be left out. First add somebody to the role: its group, or roles.toml."
    )


def reassign_view(request: AccessRequest, stage: str, names: Mapping[ChatId, str], *, note: str = "") -> Json:
    """Return the window that asks from whom to whom, and why.

    :param stage: the title of the open stage.
    :param names: who is asked now.
    :param note: what to know about who is asked; empty for nothing.
    """
    reason = text_area(ids.REASON)
    reason.max_length = MAX_REASON_CHARACTERS
    options = [option(name, person) for person, name in names.items()]
    blocks: list[Block] = [
        identity_block(request.require_prepared().observation.identity),
        rich_text(paragraph(fixed_text("Stage: "), cleaned_text(stage, 100, bold=True)), paragraph(fixed_text(_ABOUT))),
        *([rich_text(paragraph(fixed_text(note)))] if note else []),
        input_block(
            "In place of", ids.REASSIGN_FROM, StaticSelectElement(action_id=ids.REASSIGN_FROM, options=options)
        ),
        input_block(
            "New approver",
            ids.REASSIGN_TO,
            UserSelectElement(action_id=ids.REASSIGN_TO),
            hint="Holds the role of this stage, and has not decided.",
        ),
        input_block("Reason", ids.REASON, reason, hint="Shown with the request, and to the new approver."),
    ]
    value = ids.decision_value(request)
    return modal("Reassign approval", blocks, ids.REASSIGN_FORM, submit="Reassign", metadata=value)
