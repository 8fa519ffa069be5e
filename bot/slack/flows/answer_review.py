"""Answer a review: Keep asks why the access is still needed. Revoke is a separate flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.cards.partnership import partnership_facts
from bot.slack.cards.review_card import review_card
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.app.watch.known_drift import known_drift
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.revoking import running_revocation
from workflows.core.partners.partnership import Partnership
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_NO_REASON: Final = Refused(RefusalCode.REASON_MISSING, is_review=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReviewFlow:
    """Stores that access is kept. The stored click is checked later for the right to answer."""

    service: Service
    store: Store
    members: Members
    windows: ModalWindows
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REVIEW_PARTNER, self.show, audit_name="review_partner")
        yield Action(ids.KEEP, self.keep, audit_name="want_keep", card=Card.REVIEW)
        yield Submission(ids.KEEP_REASON, self.keep_with_reason, audit_name="want_keep")

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with the review's card and its buttons."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.require_member(window.actor)
            partnership = await self._required_partnership(tenant_id)
            running = running_revocation(await self.store.open_requests_alone(), partnership.identity)
            drift = await known_drift(tenant_id, self.store)
            return review_view(partnership, now=self.clock.now(), revocation=running, drift=drift)

        await self.windows.open_and_fill(
            ack, click, build, command="review_partner", subject=CommandSubject(tenant_id=tenant_id)
        )

    async def keep(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.members.require_member(click.actor)
        partnership = await self._required_partnership(parse_tenant_id(click.action.value))
        if await known_drift(partnership.identity.tenant_id, self.store) is not None:
            raise Refused(RefusalCode.DRIFTED, domain=partnership.identity.default_domain)
        await self.windows.open(click.trigger_id, keep_view(partnership))
        await ack()

    async def keep_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the answer."""
        tenant_id = parse_tenant_id(click.required_view.private_metadata)
        reason = click.required_view.value(ids.REASON)
        if not reason.strip():
            await ack(response_action="errors", errors={ids.REASON: refusal_words(_NO_REASON)})
            return
        await self.service.store_click(Keep(actor=click.actor, tenant_id=tenant_id, reason=reason), key=click.key)
        # NB. also the review's window below: its buttons would answer a second time.
        await ack(response_action="clear")

    async def _required_partnership(self, tenant_id: TenantId) -> Partnership:
        partnership = await self.store.partnership(tenant_id)
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        return partnership


def review_view(
    partnership: Partnership, *, now: datetime, revocation: AccessRequest | None = None, drift: Drift | None = None
) -> Json:
    """Return the window of a review: its card, with Keep and Revoke while it waits for an answer.

    :param revocation: see `review_card`.
    :param drift: see `review_card`.
    """
    card = review_card(partnership, now=now, revocation=revocation, drift=drift)
    return {**modal("Review access", [], ids.REVIEW_ACCESS), "blocks": card.blocks}


def keep_view(partnership: Partnership) -> Json:
    """Return the view that asks why access is still needed."""
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich_text(paragraph(*partnership_facts(partnership))),
        input_block("Why is the access still needed?", ids.REASON, text_area(ids.REASON)),
    ]
    return modal("Keep access", blocks, ids.KEEP_REASON, submit="Keep", metadata=partnership.identity.tenant_id)
