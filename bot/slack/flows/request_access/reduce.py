"""Reduce: the answer to a review that asks for less access, in the request form with everything filled in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import Window
from bot.slack.blocks.blocks import Json, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import modal
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction
from bot.words.reviews.answers import NOTHING_LESS
from workflows.app.requests.forms import Form, Refill, RefillCode
from workflows.app.watch.known_drift import known_drift
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.reducing import require_reducible, templates_with_less_access
from workflows.core.people import ADMIN, ChatId
from workflows.core.policy.template import Template
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceFlow:
    """Opens the request form for the sponsor of a partner, or an admin, with what certainly gives less access."""

    request_access: RequestAccessFlow
    store: Store

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REDUCE, self.open, audit_name=ids.REDUCE)

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form. When no template certainly gives less, say what can be done instead."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.request_access.members.require_member(window.actor)
            record, now = await self._reducible(tenant_id, window.actor), self.request_access.intake.clock.now()
            observation = await self.request_access.intake.look_up(record.identity.name)
            target = record.identity.name
            if observation.identity.tenant_id != tenant_id:  # the domain has moved: only the ID is this partner
                target = tenant_id
                observation = await self.request_access.intake.look_up(target)
            less = templates_with_less_access(observation, self.request_access.catalog.templates.values())
            if not less:
                return nothing_less_view(record)
            return await self.request_access.filled_view(
                window, filled_reduction(record, less, target, window.actor, now)
            )

        subject = CommandSubject(tenant_id=tenant_id)
        await self.request_access.windows.open_and_fill(ack, click, build, command=ids.REDUCE, subject=subject)

    async def _reducible(self, tenant_id: TenantId, actor: ChatId) -> Partnership:
        """Return the record of a partner whose review waits for an answer of this person.

        :raises Refused: when no review waits, the person may not answer it, or Reduce is no answer.
        """
        record = await self.store.partnership(tenant_id)
        if record is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        is_sponsor, directory = actor == record.sponsor.chat_id, self.request_access.intake.directory
        if not is_sponsor and actor not in await directory.known_holders(ADMIN):
            raise Refused(RefusalCode.NOT_THE_SPONSOR, sponsor=record.sponsor.name, is_review=True)
        require_reducible(record, self.request_access.intake.clock.now())
        if await known_drift(tenant_id, self.store) is not None:
            raise Refused(RefusalCode.DRIFTED, domain=record.identity.default_domain)
        return record


def filled_reduction(
    record: Partnership, less: Sequence[Template], target: str, actor: ChatId, now: datetime
) -> Refill:
    """Return the form with the smallest reduction, the sponsor and the remaining end filled in.

    :param less: the templates that certainly give less.
    """
    template = less[0]
    last_day = None if record.ends_at is None else (record.ends_at.astimezone(UTC) - timedelta(days=1)).date()
    latest = (now.astimezone(UTC) + template.longest).date()
    fits = last_day is not None and template.may_end_on_date and now.astimezone(UTC).date() < last_day <= latest
    form = Form(
        requester=actor,
        target=target,
        template=template.name,
        justification="",
        sponsor=actor if record.sponsor_gone_at is not None else record.sponsor.chat_id,
        # NB. a reduction never extends: with a longer duration the approved end stays.
        days=0 if fits else template.default_duration.days,
        ends_on=last_day.isoformat() if fits and last_day is not None else "",
        answers_review_of=record.identity.tenant_id,
    )
    titles = ", ".join(f"“{one.title}”" for one in less)
    notes = {ids.TEMPLATE: Fact(RefillCode.GIVES_LESS, {"templates": titles})}
    return Refill(form=form, notes=notes, template=template.name)


def nothing_less_view(record: Partnership) -> Json:
    """Return the window that says that no template certainly gives less, and what can be done."""
    text = paragraph(fixed_text(NOTHING_LESS))
    return modal("Reduce access", [identity_block(record.identity), rich_text(text)], ids.MESSAGE_VIEW)
