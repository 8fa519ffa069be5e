"""Answer a review: Keep asks why the access is still needed. Revoke is a separate flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.answers.windows import Windows
from bot.slack.blocks.blocks import Json, paragraph, rich
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.partners import identity_block
from bot.slack.cards.reviews import partnership_facts
from bot.slack.flows.entry_points import Action, Card, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.commands.partner import Keep
from workflows.ports.store import Store

_NO_REASON: Final = Refused(RefusalCode.REASON_MISSING, is_review=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFlow:
    """Stores that access is kept. The stored click is checked later for the right to answer."""

    service: Service
    store: Store
    members: Members
    windows: Windows

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.KEEP, self.keep, stored="want_keep", card=Card.REVIEW)
        yield Submission(ids.KEEP_REASON, self.keep_with_reason, stored="want_keep")

    async def keep(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.members.require_known(click.actor)
        partnership = await self.store.partnership(parse_tenant_id(click.action.value))
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        await self.windows.open(click.trigger_id, keep_view(partnership))
        await ack()

    async def keep_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the answer."""
        tenant_id = parse_tenant_id(click.the_view.private_metadata)
        reason = click.the_view.value(ids.REASON)
        if not reason.strip():
            await ack(response_action="errors", errors={ids.REASON: refusal_words(_NO_REASON)})
            return
        await self.service.store_click(Keep(actor=click.actor, tenant_id=tenant_id, reason=reason), key=click.key)
        await ack()


def keep_view(partnership: Partnership) -> Json:
    """Return the view that asks why access is still needed."""
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich(paragraph(*partnership_facts(partnership))),
        input_block("Why is the access still needed?", ids.REASON, text_area(ids.REASON)),
    ]
    return modal("Keep access", blocks, ids.KEEP_REASON, submit="Keep", metadata=partnership.identity.tenant_id)
