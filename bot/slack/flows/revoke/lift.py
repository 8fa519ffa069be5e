"""Lift a suspension: a window shows what becomes active again and who decides, and asks for a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.answers.open_forms import answer_submission
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json, fixed_text, local_time, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.partner_and_plan import change_elements, identity_block
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.flows.request_access.close_early import at_the_reason
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.approvers import StageApprovers, name_stages
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.plans.changes import describe_changes
from bot.words.requests.access_end import AT_END
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.restoration.lift_intake import Lift, LiftIntake
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import ChatId
from workflows.core.plans.named_targets import shown_targets
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.preflight.object_names import names_for_display

_AUDIT_NAME: Final = "lift"
_WHO: Final = "Every approver that this partner needs decides once more."


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftFlow:
    """Files requests to lift suspensions, for admins and the sponsor."""

    windows: ModalWindows
    members: Members
    intake: LiftIntake
    display_directory: DisplayDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("lift", self.open_from_command)
        yield Action(ids.LIFT_PARTNER, self.open_from_button, audit_name=_AUDIT_NAME)
        yield Submission(ids.LIFT_FORM, self.submit, audit_name="submit")

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window about the partner that the command names."""

        async def build(window: Window) -> Json:
            await self.members.refuse_known_guests(window.actor)
            identity, _ = await named_partner(command.argument, store=self.intake.store, tenant=self.intake.tenant)
            return await self._view(window, identity.tenant_id)

        await self.windows.open_and_fill(ack, command, build, command=_AUDIT_NAME)

    async def open_from_button(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window about the partner of a button."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.refuse_known_guests(window.actor)
            return await self._view(window, tenant_id)

        await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Send the request. The window has one field, so it shows every problem there."""
        await self.members.refuse_known_guests(click.actor)
        await answer_submission(ack, self._file(click))

    async def _file(self, click: Interaction) -> None:
        view = click.required_view
        tenant_id, reason = parse_tenant_id(view.private_metadata), view.value(ids.JUSTIFICATION)
        try:
            await self.intake.file(tenant_id, click.actor, reason, key=click.key)
        except InvalidForm as invalid:
            raise InvalidForm(at_the_reason(invalid.problems)) from invalid

    async def _view(self, window: Window, tenant_id: TenantId) -> Json:
        window.subject = CommandSubject(tenant_id=tenant_id)
        lift = await self.intake.propose(tenant_id, window.actor)
        names = await names_for_display(shown_targets(lift.found.plan), tenant=self.intake.tenant)
        # NB. recent sponsors as well: they cannot approve.
        sponsors = {sponsor.chat_id for sponsor in sponsors_of(lift.record, self.intake.clock.now()) if sponsor.chat_id}
        excluded = sorted({window.actor, *sponsors})
        sponsor, directory = lift.record.sponsor.chat_id, self.display_directory
        stages = await name_stages(lift.found.stages, excluded, directory, requester=window.actor, sponsor=sponsor)
        return lift_view(lift, stages, excluded, names)


def lift_view(
    lift: Lift, stages: Sequence[StageApprovers], excluded: Sequence[ChatId], names: Mapping[str, str]
) -> Json:
    """Return the window: the partner, what becomes active again, until when, who decides, and why."""
    record, lines = lift.record, describe_changes(lift.found.plan, lift.observation.default, names)
    ends = [] if record.ends_at is None else [fixed_text("Until "), local_time(record.ends_at)]
    end = [*ends, fixed_text(f", {AT_END[record.at_end].then}, as it was approved. {_WHO}")]
    blocks: list[Block] = [
        identity_block(record.identity),
        rich_text(*change_elements(lines, f"What becomes active again, as {lift.found.change.id} approved it")),
        rich_text(paragraph(*end)),
        *approvers_blocks(stages, excluded),
        input_block("Reason", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION), hint="The approvers read this."),
    ]
    tenant_id = record.identity.tenant_id
    return modal("Lift suspension", blocks, ids.LIFT_FORM, submit="Request lift", metadata=tenant_id)
