"""Close early: a short window in which the sponsor asks for an active partner to be blocked. One approver decides."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.answers.open_forms import answer_submission
from bot.slack.answers.windows import Window
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import StageApprovers, name_stages
from bot.words.plans.consequences import default_guests_end_words
from bot.words.refusals.sentences import fact_words
from bot.words.requests.form import CLOSE_EARLY_EFFECT
from workflows.app.requests.forms import Form, InvalidForm, Refill
from workflows.app.requests.open_request import account_of_other_chat_id, open_request_fact
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import ChatId
from workflows.core.plans.closing import has_default_guests
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import Template, one_approver
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import read_both_alone
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

CLOSE_EARLY_TITLE: Final = "Close access early"
_COMMAND: Final = "close_early"
_MAX_FACT_CHARACTERS: Final = 1000
_READING_SECONDS: Final = 1.5
"""How long the window waits for the partner's settings. It is complete without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEarlyFlow:
    """Files the same request as `/partner block`, about a partner that is known already."""

    request_access: RequestAccessFlow
    store: Store

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.CLOSE_EARLY, self.open, audit_name=_COMMAND)
        yield Submission(ids.CLOSE_PARTNER, self.submit, audit_name="submit")

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window. If the block's template asks for more than a reason, open the whole request form."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.request_access.members.refuse_known_guests(window.actor)
            partnership = await self._active(tenant_id)
            form, template = await self._form(partnership, window.actor, "")
            if template is None or template.placeholders or template.ticket is not None:
                refill = Refill(form=form, notes={}, template=form.template)
                return await self.request_access.filled_view(window, refill)
            open_request = await self.request_access.intake.open_request(tenant_id)
            if open_request is not None:
                directory = self.request_access.intake.directory
                account = await account_of_other_chat_id(open_request, window.actor, directory)
                return open_request_view(partnership.identity, open_request_fact(open_request, window.actor, account))
            recent = sponsors_of(partnership, self.request_access.intake.clock.now())
            people = {window.actor, *(sponsor.chat_id for sponsor in recent if sponsor.chat_id)}
            stages = one_approver(template.stages)
            approvers_by_stage = await name_stages(
                stages, people, self.request_access.display_directory, requester=window.actor, sponsor=form.sponsor
            )
            ends_more = await self._has_default_guests(partnership.identity, window)
            return close_early_view(
                partnership.identity, approvers_by_stage, sorted(people), ends_default_guests=ends_more
            )

        subject = CommandSubject(tenant_id=tenant_id)
        await self.request_access.windows.open_and_fill(
            ack, click, build, command=_COMMAND, subject=subject, closes=True
        )

    async def _has_default_guests(self, identity: TenantIdentity, window: Window) -> bool:
        """Return whether the default lets the partner's guests in; false when it cannot be read in time."""
        try:
            async with asyncio.timeout(window.seconds_left(_READING_SECONDS)):
                configuration, default = await read_both_alone(
                    identity.tenant_id, tenant=self.request_access.intake.tenant
                )
        except (TenantUnavailable, TenantRefused, TimeoutError):
            return False
        return has_default_guests(configuration, default, is_cross_cloud=not identity.is_resolved)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Send the request to block the partner. The window has one field, so it shows every problem there."""
        await self.request_access.members.refuse_known_guests(click.actor)
        view = click.required_view
        partnership = await self._active(parse_tenant_id(view.private_metadata))
        form, _ = await self._form(partnership, click.actor, view.value(ids.JUSTIFICATION))
        await answer_submission(ack, self._file(form, key=click.key))

    async def _file(self, form: Form, *, key: str) -> None:
        try:
            await self.request_access.intake.file(form, key=key)
        except InvalidForm as invalid:
            raise InvalidForm(at_the_reason(invalid.problems)) from invalid

    async def _active(self, tenant_id: TenantId) -> Partnership:
        """Return the record of a partner whose access is active.

        :raises Refused: when it is not.
        """
        partnership = await self.store.partnership(tenant_id)
        if partnership is None or not is_live(partnership):
            raise Refused(RefusalCode.REVOKED)
        if partnership.is_closed:
            raise Refused(RefusalCode.SUSPENDED, domain=partnership.identity.default_domain)
        return partnership

    async def _form(self, partnership: Partnership, actor: ChatId, reason: str) -> tuple[Form, Template | None]:
        """Return the values of the request form, with the first template that only closes a partner."""
        offers = await self.request_access.offers.open(is_closing=True)
        template = offers[0].template if offers else None
        form = Form(
            requester=actor,
            target=partnership.identity.name,
            template="" if template is None else template.name,
            justification=reason,
            sponsor=partnership.sponsor.chat_id,
            days=0,
        )
        return form, template


def at_the_reason(problems: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return the first problem at the only field of the window. A problem of the reason itself comes first."""
    return {ids.JUSTIFICATION: problems.get(ids.JUSTIFICATION) or next(iter(problems.values()))}


def close_early_view(
    identity: TenantIdentity,
    approvers_by_stage: Sequence[StageApprovers],
    excluded: Sequence[ChatId] = (),
    *,
    ends_default_guests: bool = False,
) -> Json:
    """Return the window: the partner, what happens, who decides, and why.

    :param excluded: see `approvers_blocks`.
    """
    also = f" {default_guests_end_words(is_at_end=False)}" if ends_default_guests else ""
    effect = f"{CLOSE_EARLY_EFFECT}{also}"
    blocks: list[Block] = [
        identity_block(identity),
        rich_text(paragraph(fixed_text(effect))),
        *approvers_blocks(approvers_by_stage, excluded),
        input_block("Reason", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION), hint="The approver reads this."),
    ]
    return modal(CLOSE_EARLY_TITLE, blocks, ids.CLOSE_PARTNER, submit="Send", metadata=identity.tenant_id)


def open_request_view(identity: TenantIdentity, open_request: Fact) -> Json:
    """Return the window that names the open request about this partner, which has to end first."""
    text = paragraph(cleaned_text(fact_words(open_request), _MAX_FACT_CHARACTERS))
    return modal(CLOSE_EARLY_TITLE, [identity_block(identity), rich_text(text)], ids.MESSAGE_VIEW)
