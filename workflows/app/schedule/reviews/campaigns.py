"""Start campaigns of reviews, ask their members a few at a time, count the answers, and withdraw them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.app.storing.identifiers import derived_campaign_id
from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.campaigns import (
    Campaign,
    CampaignState,
    Candidate,
    MemberOutcome,
    Selection,
    begin_campaign,
    is_asked_by,
    is_left_out,
    outcome_of,
    require_campaign_admin,
    review_of,
    why_skipped,
    with_counts,
    with_handled,
    withdraw_campaign,
)
from workflows.core.people import CurrentRoles, Person
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.watch.review_causes import approved_risk
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope, StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.requests.effects import Effect, MessageCode, SendMessage
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.intervals import CAMPAIGNS_COUNTED_EVERY
from workflows.ports.records import Commit, StaleVersion

_log = structlog.get_logger()

AT_ONCE: Final = 25
"""How many members are asked in one tick, so that a campaign of a thousand partners delays nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partner:
    """What a campaign needs of a partner. There may be thousands."""

    candidate: Candidate
    template: str
    template_title: str
    sponsor: Person
    request_id: RequestId


@dataclass(slots=True, kw_only=True)
class Campaigns:
    """Stores each step of a campaign with its audit entry. Every method may be repeated safely."""

    reviews: EventReviews
    catalog: Catalog
    wake: Callable[[], None]
    _counted_at: dict[CampaignId, datetime] = field(default_factory=dict, init=False)
    """When the members of a campaign were counted last. Only a repeated look is saved by it."""

    async def preview(self, scope: CampaignScope, value: str) -> Selection:
        """Return the partners that a campaign would be about now.

        :raises Refused: when there is no such template, sponsor or level.
        """
        label, is_wanted = self._wanted(scope, value)
        partners = [partner for partner in await self._partners() if is_wanted(partner)]
        if scope is CampaignScope.RISK:
            partners = [partner for partner in partners if await self._risk(partner) is RiskLevel[value.upper()]]
        if scope is CampaignScope.SPONSOR:
            label = partners[0].sponsor.name if partners else value
        if scope is CampaignScope.PARTNER and partners:
            label = partners[0].candidate.name
        return Selection.of(label, (partner.candidate for partner in partners))

    def _wanted(self, scope: CampaignScope, value: str) -> tuple[str, Callable[[_Partner], bool]]:
        """Return the words for the choice, as far as they are known without the partners, and the choice itself."""
        match scope:
            case CampaignScope.TEMPLATE:
                known = self.catalog.templates.get(value)
                if known is None:
                    names = sorted(self.catalog.templates)
                    raise Refused(RefusalCode.CAMPAIGN_UNKNOWN_TEMPLATE, typed=value, known=names)
                return known.title, lambda partner: partner.template == value
            case CampaignScope.SPONSOR:
                return value, lambda partner: partner.sponsor.id == value
            case CampaignScope.RISK:
                levels = [level.word for level in RiskLevel]
                if value not in levels:
                    raise Refused(RefusalCode.CAMPAIGN_UNKNOWN_RISK, typed=value, known=levels)
                return value, lambda partner: True
            case CampaignScope.PARTNER:
                return value, lambda partner: partner.candidate.tenant_id == value

    async def sponsor_named(self, typed: str) -> str:
        """Return the account of the sponsor with this name or chat id.

        :raises Refused: when no partner has such a sponsor, or several sponsors have this name.
        """
        sought = typed.strip().lstrip("@").casefold()
        found = {
            partner.sponsor.id
            for partner in await self._partners()
            if sought in (partner.sponsor.name.casefold(), partner.sponsor.chat_id.casefold())
        }
        if len(found) != 1:
            raise Refused(RefusalCode.CAMPAIGN_UNKNOWN_SPONSOR, typed=typed.strip(), count=len(found))
        return found.pop()

    async def sponsor_account(self, person: Person) -> str:
        """Return the account of a person who is a sponsor.

        :raises Refused: when they are the sponsor of no partner.
        """
        if all(partner.sponsor.id != person.id for partner in await self._partners()):
            raise Refused(RefusalCode.CAMPAIGN_UNKNOWN_SPONSOR, typed=person.name, count=0)
        return person.id

    async def _partners(self) -> list[_Partner]:
        now = self.reviews.clock.now()
        waiting = {
            member
            for campaign in await self.reviews.store.open_campaigns()
            if campaign.state is CampaignState.RUNNING
            for member in campaign.members[campaign.handled :]
        }

        def partner_of(record: Partnership) -> _Partner:
            tenant_id = record.identity.tenant_id
            skip = why_skipped(record, now, is_in_campaign=tenant_id in waiting)
            return _Partner(
                candidate=Candidate(tenant_id=tenant_id, name=record.identity.name, skip=skip),
                template=record.template,
                template_title=record.template_title,
                sponsor=record.sponsor,
                request_id=record.request_id,
            )

        return list(await self.reviews.store.partnerships(partner_of))

    async def _risk(self, partner: _Partner) -> RiskLevel:
        """Return the risk of a partner's approved access; the highest when it is not known."""
        request = await self.reviews.store.request(partner.request_id)
        return RiskLevel.HIGH if request is None or request.prepared is None else approved_risk(request)

    async def start(self, click: StartCampaign, actor: Person, *, key: str, current_roles: CurrentRoles) -> None:
        """Store a campaign over the partners that fit now. They are asked at the next ticks.

        :raises Refused: for somebody who is no admin, without a reason, or when there is nobody to ask.
        """
        require_campaign_admin(actor, current_roles)
        selection, now = await self.preview(click.scope, click.value), self.reviews.clock.now()
        campaign_id = derived_campaign_id(key)
        campaign = begin_campaign(
            campaign_id, click.scope, click.value, selection, reason=click.reason, by=actor, now=now
        )
        values = {"label": campaign.label, "members": len(campaign.members), "skipped": len(selection.skipped)}
        message = _message(actor, Fact(MessageCode.CAMPAIGN_STARTED, values))
        await self._save(campaign, click.name, {**click.audit_details(), **values}, message, key=key, actor=actor)

    async def withdraw(self, click: WithdrawCampaign, actor: Person, *, key: str, current_roles: CurrentRoles) -> None:
        """Store that an admin withdrew a campaign. The reviews that only it started end at the next ticks.

        :raises Refused: for somebody who is no admin, and when the campaign is over.
        """
        require_campaign_admin(actor, current_roles)
        stored = await self.reviews.store.campaign(click.campaign_id)
        campaign = withdraw_campaign(stored, actor, self.reviews.clock.now())
        if not await self._save(campaign, click.name, click.audit_details(), key=key, actor=actor):
            raise Refused(RefusalCode.CAMPAIGN_OVER)

    async def check(self) -> None:
        """Ask the next members of each campaign, release those of withdrawn ones, and count the answers."""
        for campaign in await self.reviews.store.open_campaigns():
            if campaign.handled < len(campaign.members):
                await self._handle_next(campaign)
            else:
                await self._count(campaign)

    async def asks_more(self) -> bool:
        """Return whether more reviews are about to be due at once: a campaign or an event is on its way."""
        return self.reviews.is_asking or any(
            campaign.state is CampaignState.RUNNING and campaign.handled < len(campaign.members)
            for campaign in await self.reviews.store.open_campaigns()
        )

    async def _handle_next(self, campaign: Campaign) -> None:
        """Ask or release the next members. After a crash the same ones are handled again, which changes nothing."""
        members = campaign.members[campaign.handled : campaign.handled + AT_ONCE]
        for tenant_id in members:
            if campaign.state is CampaignState.RUNNING:
                await self.reviews.start(tenant_id, review_of(campaign))
            else:
                await self._release(campaign, tenant_id)
        handled = with_handled(campaign, campaign.handled + len(members))
        await self._save(handled, "advance_campaign", {"campaign": campaign.id, "handled": handled.handled})

    async def _release(self, campaign: Campaign, tenant_id: TenantId) -> None:
        """End the review of one member. A record that cannot be read does not stop the release of the others."""
        try:
            record = await self.reviews.store.partnership(tenant_id)
            if record is not None and is_asked_by(campaign, record):
                await self.reviews.end(tenant_id, ReviewReasonCode.CAMPAIGN)
        except Exception:
            _log.exception("campaign_not_released", tenant_id=tenant_id, campaign=campaign.id)

    async def _count(self, campaign: Campaign) -> None:
        """Count what became of the members, at most once a minute, and end a campaign whose last one is answered."""
        now, counted_at = self.reviews.clock.now(), self._counted_at.get(campaign.id)
        if counted_at is not None and abs(now - counted_at) < CAMPAIGNS_COUNTED_EVERY:
            return
        self._counted_at[campaign.id] = now
        counted = with_counts(campaign, await self._outcomes(campaign), now)
        if counted is campaign:
            return
        outcomes = {outcome.value: count for outcome, count in counted.counts.items()}
        details = {"campaign": campaign.id, **outcomes}
        if counted.state is not CampaignState.DONE:
            await self._save(counted, "count_campaign", details)
            return
        self._counted_at.pop(campaign.id, None)
        values = {"label": campaign.label, "members": len(campaign.members), **outcomes}
        message = _message(campaign.by, Fact(MessageCode.CAMPAIGN_ENDED, values))
        await self._save(counted, "end_campaign", details, message)

    async def _outcomes(self, campaign: Campaign) -> list[MemberOutcome]:
        """Return what became of each member, and ask those once more whose review could not be started."""
        members, found = set(campaign.members), dict[TenantId, MemberOutcome]()
        left_out: list[TenantId] = []

        def outcome(record: Partnership) -> None:
            tenant_id = record.identity.tenant_id
            if tenant_id in members:
                found[tenant_id] = outcome_of(campaign, record)
                if is_left_out(campaign, record):
                    left_out.append(tenant_id)

        await self.reviews.store.partnerships(outcome)
        for tenant_id in left_out:
            await self.reviews.start(tenant_id, review_of(campaign))
        return [found.get(tenant_id, MemberOutcome.REVOKED) for tenant_id in campaign.members]

    async def _save(
        self,
        campaign: Campaign,
        command: str,
        details: dict[str, object],
        *effects: Effect,
        key: str = "",
        actor: Person | None = None,
    ) -> bool:
        """Store a step; return False when another one was stored first."""
        entry = entry_of(
            key or f"{command}:{campaign.id}:{campaign.version}",
            self.reviews.clock.now(),
            GATEHOUSE if actor is None else actor.chat_id,
            command,
            details,
            account=None if actor is None else actor.id,
        )
        try:
            is_stored = await self.reviews.store.commit(Commit(entry=entry, campaign=campaign, effects=effects))
        except StaleVersion:
            return False
        self.wake()
        return is_stored


def _message(person: Person, fact: Fact) -> SendMessage:
    return SendMessage(person=person.chat_id, subject=CommandSubject(), fact=fact)
