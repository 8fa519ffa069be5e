"""Answer a review: Keep asks why the access is still needed. Revoke is a separate flow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json, bullets, fixed_text, paragraph, rich_text, with_local_times
from bot.slack.blocks.message import MAX_NOTICE_CHARACTERS
from bot.slack.blocks.modal import input_block, modal, option, shown_modal, text_area
from bot.slack.cards.approval.sections.accounts import account_buttons
from bot.slack.cards.partner_and_plan import identity_block, partner_name
from bot.slack.cards.partnership import partnership_facts
from bot.slack.cards.review_card import (
    attested_parts,
    changed_outside,
    evidence_parts,
    evidence_text,
    review_card,
)
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction, View
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from bot.words.reviews.answers import ATTEST_HINT, KEEP_HINT, KEEP_QUESTION, attest_choice_words, attested_words
from bot.words.reviews.evidence import EvidenceLine, evidence_details
from bot.words.reviews.silence import asked_words
from workflows.app.evidence.reviews.attesting import attestation_period
from workflows.app.evidence.reviews.gathering import gather_evidence, names_of_people
from workflows.app.evidence.reviews.review_context import ReviewContext, read_review_context
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.service import Service
from workflows.app.watch.known_drift import known_drift
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.answers.keeping import must_attest_mfa, require_keepable
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence
from workflows.core.people import ADMIN, PersonId
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_MAX_LINES: Final = 60
"""Lines of one topic in the window; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReviewFlow:
    """Stores that access is kept. The stored click is checked later for the right to answer."""

    service: Service
    store: Store
    members: Members
    windows: ModalWindows
    clock: Clock
    catalog: Catalog
    tenant: Tenant
    lookup_permission: LookupPermission
    changes_guests: bool = False
    """Whether to offer an admin to disable guest accounts."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REVIEW_PARTNER, self.show, audit_name="review_partner")
        yield Action(ids.REVIEW_DETAILS, self.show_evidence, audit_name=ids.REVIEW_DETAILS)
        yield Action(ids.KEEP, self.keep, audit_name="want_keep", card=Card.REVIEW)
        yield Submission(ids.KEEP_REASON, self.keep_with_reason, audit_name="want_keep")

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with the review's card and its buttons."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.require_member(window.actor)
            partnership, now = await self._required_partnership(tenant_id), self.clock.now()
            return review_view(
                partnership, now=now, context=await read_review_context(partnership, store=self.store, now=now)
            )

        await self.windows.open_and_fill(
            ack, click, build, command="review_partner", subject=CommandSubject(tenant_id=tenant_id)
        )

    async def show_evidence(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with all evidence. The partner's people are named to admins only; each look is recorded."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name=window.command)
            partnership = await self._required_partnership(tenant_id)
            now = self.clock.now()
            evidence = await gather_evidence(partnership, store=self.store, now=now)
            drift = await known_drift(tenant_id, self.store)
            is_admin = window.actor in await self.members.directory.known_holders(ADMIN)
            people = await names_of_people(evidence, self.tenant) if is_admin else None
            offers = is_admin and self.changes_guests
            return evidence_view(partnership, evidence, people, now=now, drift=drift, offers_guests=offers)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=ids.REVIEW_DETAILS, subject=subject)

    async def keep(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.members.require_member(click.actor)
        partnership = await self._required_partnership(parse_tenant_id(click.action.value))
        if await known_drift(partnership.identity.tenant_id, self.store) is not None:
            raise Refused(RefusalCode.DRIFTED, domain=partnership.identity.default_domain)
        attest_for = await attestation_period(partnership, catalog=self.catalog, store=self.store)
        await self.windows.open(click, keep_view(partnership, now=self.clock.now(), attest_mfa_for=attest_for))
        await ack()

    async def keep_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the answer. What is missing is shown at its field; every other rule is checked with the permission."""
        view = click.required_view
        tenant_id, reason = parse_tenant_id(view.private_metadata), view.value(ids.REASON)
        is_attested = AttestedText.EVERYBODY_USES_MFA.value in view.ticked(ids.ATTEST)
        attests = AttestedText.EVERYBODY_USES_MFA if is_attested else None
        partnership = await self._required_partnership(tenant_id)
        try:
            require_keepable(
                partnership,
                reason=reason,
                attests=attests,
                attest_mfa_for=await attestation_period(partnership, catalog=self.catalog, store=self.store),
                now=self.clock.now(),
            )
        except Refused as refused:
            # NB. the same answer may come again after it was carried out, because Slack missed the first 200.
            field = "" if await self.store.is_known(click.key) else _field_of(refused, view)
            if field:
                await ack(response_action="errors", errors={field: refusal_words(refused)})
                return
        keep = Keep(actor=click.actor, tenant_id=tenant_id, reason=reason, attests=attests)
        await self.service.store_click(keep, key=click.key)
        # NB. also the review's window below: its buttons would answer a second time.
        await ack(response_action="clear")

    async def _required_partnership(self, tenant_id: TenantId) -> Partnership:
        partnership = await self.store.partnership(tenant_id)
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        return partnership


def review_view(partnership: Partnership, *, now: datetime, context: ReviewContext) -> Json:
    """Return the window of a review: its card, with its buttons while it waits for an answer.

    :param context: see `review_card`.
    """
    card = review_card(partnership, now=now, context=context)
    return shown_modal("Review access", card.blocks, ids.REVIEW_ACCESS)


def evidence_view(
    partnership: Partnership,
    evidence: PartnerEvidence,
    people: Mapping[PersonId, str] | None,
    *,
    now: datetime,
    drift: Drift | None = None,
    offers_guests: bool = False,
) -> Json:
    """Return the window with all evidence for a review.

    :param people: the names of the people whom it lists, for admins; None for everybody else.
    :param drift: the drift of the partner that the last sweep found; all its changes are listed.
    :param offers_guests: whether to offer to disable guest accounts, as a second step.
    """
    attested = attested_parts(partnership, now)
    lines = evidence_details(evidence, people)
    topics = dict.fromkeys(line.topic for line in lines)
    asked = asked_words(partnership)
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich_text(paragraph(*partnership_facts(partnership))),
        *([rich_text(paragraph(*with_local_times(asked, MAX_NOTICE_CHARACTERS)))] if asked else []),
        *([] if drift is None else [rich_text(*changed_outside(drift, now))]),
        *([rich_text(paragraph(*attested))] if attested else []),
        *(rich_text(*_topic_elements([line for line in lines if line.topic is topic])) for topic in topics),
    ]
    if offers_guests:
        blocks.append(account_buttons(partnership.identity.tenant_id, may_enable=not partnership.is_closed))
    return modal("Evidence", blocks, ids.REVIEW_EVIDENCE)


def _topic_elements(lines: Sequence[EvidenceLine]) -> Iterator[RichTextElement]:
    """Return the lines of one topic below its label."""
    if len(lines) == 1:
        yield paragraph(*evidence_parts(lines[0]))
        return
    yield paragraph(fixed_text(lines[0].label, bold=True))
    shown, more = lines[:_MAX_LINES], len(lines) - _MAX_LINES
    yield bullets(evidence_text(line) for line in shown)
    if more > 0:
        yield paragraph(fixed_text(f"and {more} more"))


def keep_view(partnership: Partnership, *, now: datetime, attest_mfa_for: timedelta | None = None) -> Json:
    """Return the view that asks why access is still needed, and for the attestation that the template asks for.

    :param attest_mfa_for: how long an attestation counts; None when none is asked for.
    """
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich_text(paragraph(*partnership_facts(partnership))),
        input_block(KEEP_QUESTION, ids.REASON, text_area(ids.REASON), hint=KEEP_HINT),
    ]
    if attest_mfa_for is not None and must_attest_mfa(partnership, attest_mfa_for, now):
        blocks.append(_attestation(partnership, now + attest_mfa_for))
    return modal("Keep access", blocks, ids.KEEP_REASON, submit="Keep", metadata=partnership.identity.tenant_id)


def _attestation(partnership: Partnership, until: datetime) -> InputBlock:
    """Return the box to tick. Slack itself refuses the window while it is not ticked."""
    text = AttestedText.EVERYBODY_USES_MFA
    boxes = CheckboxesElement(action_id=ids.ATTEST, options=[option(attest_choice_words(until), text.value)])
    return input_block(attested_words(text, partner_name(partnership.identity)), ids.ATTEST, boxes, hint=ATTEST_HINT)


def _field_of(refused: Refused, view: View) -> str:
    """Return the field that shows a refusal; empty for one that no field can repair."""
    if refused.code is RefusalCode.MFA_NOT_ATTESTED:
        return ids.ATTEST if view.has_input(ids.ATTEST) else ids.REASON
    is_of_the_reason = refused.code in (RefusalCode.REASON_MISSING, RefusalCode.REASON_WITHOUT_SUBSTANCE)
    return ids.REASON if is_of_the_reason else ""
