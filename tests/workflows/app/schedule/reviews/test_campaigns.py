"""A campaign asks the sponsors of many partners, each once, also after a crash; its progress is counted."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, DANA, NOW, SAM, TENANT, identity, partnership
from tests.workflows.world import World
from workflows.app.schedule.reviews import campaigns as campaigns_module
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.campaigns import Campaign, CampaignState, MemberOutcome
from workflows.core.people import ChatId
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope, StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import AskReview, Keep
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

START = StartCampaign(actor=DANA.chat_id, scope=CampaignScope.TEMPLATE, value="trusted-partner", reason="Yearly check")


async def put(world: World, number: int, **changes: Any) -> TenantId:
    """Store another live partner of Sam's."""
    tenant_id, name = TenantId(f"aaaaaaaa-0000-4000-8000-{number:012}"), f"p{number:04}.com"
    of = replace(identity(name), tenant_id=tenant_id, default_domain=name)
    known = partnership(**{"identity": of, "version": 1, **changes})
    entry = AuditEntry(key=world.key(), at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=known))
    return tenant_id


async def started(world: World, click: StartCampaign = START) -> Campaign:
    await world.click(click)
    return (await world.store.open_campaigns())[-1]


def keep(tenant_id: TenantId) -> Keep[ChatId]:
    """Sam's answer to the review of any partner."""
    why = "The bridge project runs until May"
    return Keep(actor=SAM.chat_id, tenant_id=tenant_id, reason=why, attests=AttestedText.EVERYBODY_USES_MFA)


async def tick(world: World, *, minutes: float = 1) -> None:
    world.clock.advance(minutes=minutes)
    await world.campaigns.check()
    await world.reviews.check()
    await world.settle()


async def record(world: World, tenant_id: TenantId = TENANT) -> Partnership:
    known = await world.store.partnership(tenant_id)
    assert known is not None
    return known


async def test_a_campaign_from_the_start_to_its_end(world: World) -> None:
    await world.opened()
    other = await put(world, 1)
    blocked = await put(world, 2, state=PartnershipState.REVOKED, template="trusted-partner")
    campaign = await started(world)
    assert (campaign.members, campaign.by, campaign.label) == ((TENANT, other), DANA, "Trusted partner")
    assert sum(campaign.skipped.values()) == 1
    await tick(world)
    for tenant_id in (TENANT, other):
        known = await record(world, tenant_id)
        assert known.state is PartnershipState.REVIEW_DUE
        assert known.review_reasons[0].values == {"campaign": campaign.id, "by": "Dana", "why": "Yearly check"}
    assert (await record(world, blocked)).state is PartnershipState.REVOKED
    assert sum(map(len, world.notifier.asked)) == 2
    await tick(world)
    await world.keep(SAM)
    await tick(world)
    (counted,) = await world.store.open_campaigns()
    assert counted.counts == {MemberOutcome.KEPT: 1, MemberOutcome.OPEN: 1}
    mfa = AttestedText.EVERYBODY_USES_MFA
    await world.click(Keep(actor=SAM.chat_id, tenant_id=other, reason="The launch moved to July", attests=mfa))
    await tick(world)
    assert await world.store.open_campaigns() == []
    done = await world.store.campaign(campaign.id)
    assert done is not None
    assert (done.state, done.counts) == (CampaignState.DONE, {MemberOutcome.KEPT: 2})
    assert [entry.command for entry in reversed(await world.store.history()) if "campaign" in entry.command] == [
        "want_start_campaign",
        "start_campaign",
        "advance_campaign",
        "count_campaign",
        "end_campaign",
    ]
    told = [text for person, text, _ in world.notifier.told if person == DANA.chat_id and "campaign" in text]
    assert told == [
        "The campaign for “Trusted partner” is started: the sponsors of 2 partners are asked now. 1 partner is left "
        "out. Your Home tab shows the progress.",
        "The campaign for “Trusted partner” is complete. 2 partners: 2 kept.",
    ]


async def test_what_became_of_each_member_is_counted(world: World) -> None:
    await world.opened()
    overdue, revoked, changed = [await put(world, number) for number in range(3)]
    await started(world)
    await tick(world)
    await world.store.execute("delete from partnerships where tenant_id = ?", revoked)
    world.clock.advance(days=3)
    await world.service.advance_review(overdue, AskReview())
    known = await record(world, changed)
    anew = replace(
        known,
        version=known.version + 1,
        state=PartnershipState.ACTIVE,
        review_reasons=(),
        review_events=(),
        since=world.clock.now(),
    )
    entry = AuditEntry(key="anew", at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=anew))
    await tick(world)
    (campaign,) = await world.store.open_campaigns()
    assert campaign.counts == {
        MemberOutcome.OPEN: 1,
        MemberOutcome.OVERDUE: 1,
        MemberOutcome.REVOKED: 1,
        MemberOutcome.CHANGED: 1,
    }
    assert campaign.answered == 2


async def test_many_members_are_asked_a_few_at_a_time_and_each_once_after_a_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns_module, "AT_ONCE", 3)
    members = [await put(world, number) for number in range(7)]
    await started(world)
    await world.campaigns.check()
    assert [(await record(world, member)).state.value for member in members].count("review_due") == 3
    # A crash after the reviews were started and before the progress was stored.
    (campaign,) = await world.store.open_campaigns()
    again = replace(campaign, version=campaign.version + 1, handled=0)
    entry = AuditEntry(key="crash", at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, campaign=again))
    for _ in range(5):
        await tick(world)
    assert {(await record(world, member)).reminders for member in members} == {1}
    assert sum(map(len, world.notifier.asked)) == 7


async def test_a_withdrawn_campaign_ends_what_only_it_started(world: World) -> None:
    await world.opened()
    kept = await put(world, 1)
    campaign = await started(world)
    await tick(world)
    mfa = AttestedText.EVERYBODY_USES_MFA
    await world.click(Keep(actor=SAM.chat_id, tenant_id=kept, reason="The launch moved to July", attests=mfa))
    answered = await record(world, kept)
    await world.click(WithdrawCampaign(actor=DANA.chat_id, campaign_id=campaign.id))
    await tick(world)
    ended = await record(world)
    assert (ended.state, ended.review_reasons) == (PartnershipState.ACTIVE, ())
    assert ended.review_ended_by is not None
    assert await record(world, kept) == answered
    assert await world.store.open_campaigns() == []
    await world.click(WithdrawCampaign(actor=DANA.chat_id, campaign_id=campaign.id))
    assert (await world.refusals())[-1] == (DANA.chat_id, "campaign_over")


async def test_a_record_that_cannot_be_read_stops_no_release_of_the_others(world: World) -> None:
    damaged, other = await put(world, 1), await put(world, 2)
    campaign = await started(world)
    await tick(world)
    await world.store.execute("update partnerships set doc = '{' where tenant_id = ?", damaged)
    await world.click(WithdrawCampaign(actor=DANA.chat_id, campaign_id=campaign.id))
    await tick(world)
    assert (await record(world, other)).state is PartnershipState.ACTIVE
    assert all(one.state is not CampaignState.RUNNING for one in await world.store.open_campaigns())


async def test_two_campaigns_never_ask_about_the_same_partner(world: World) -> None:
    await world.opened()
    await started(world)
    by_risk = replace(START, scope=CampaignScope.RISK, value="high")
    await world.click(by_risk)
    assert (await world.refusals())[-1] == (DANA.chat_id, "campaign_empty"), "the first has not asked yet, and will"
    await tick(world)
    await world.click(by_risk)
    assert (await world.refusals())[-1] == (DANA.chat_id, "campaign_empty"), "it is under review"
    await world.click(START, key="same click")
    await world.click(START, key="same click")
    assert len(await world.store.open_campaigns()) == 1


async def test_who_is_no_admin_starts_and_withdraws_nothing(world: World) -> None:
    await world.opened()
    await world.click(replace(START, actor=AMARA.chat_id))
    assert (await world.refusals())[-1] == (AMARA.chat_id, "campaign_not_admin")
    campaign = await started(world)
    await world.click(WithdrawCampaign(actor=BRUNO.chat_id, campaign_id=campaign.id))
    assert (await world.refusals())[-1] == (BRUNO.chat_id, "campaign_not_admin")
    assert (await world.store.open_campaigns())[0].state is CampaignState.RUNNING


@pytest.mark.parametrize(
    ("scope", "value", "code"),
    [
        (CampaignScope.TEMPLATE, "nothing-like-it", "campaign_template"),
        (CampaignScope.TEMPLATE, "guest-collaboration", "campaign_empty"),
        (CampaignScope.SPONSOR, AMARA.id, "campaign_empty"),
        (CampaignScope.RISK, "huge", "campaign_risk"),
        (CampaignScope.PARTNER, "no-such-tenant", "campaign_empty"),
    ],
)
async def test_bad_input_is_refused(world: World, scope: CampaignScope, value: str, code: str) -> None:
    await world.opened()
    await world.click(replace(START, scope=scope, value=value))
    assert (await world.refusals())[-1] == (DANA.chat_id, code)


async def test_partners_are_chosen_by_sponsor_risk_or_name(world: World) -> None:
    await world.opened()
    other = await put(world, 1, sponsor=AMARA)
    preview = world.campaigns.preview
    by_sponsor = await preview(CampaignScope.SPONSOR, SAM.id)
    assert (by_sponsor.label, [member.tenant_id for member in by_sponsor.members]) == ("Sam", [TENANT])
    assert [one.tenant_id for one in (await preview(CampaignScope.RISK, "high")).members] == [TENANT, other]
    by_name = await preview(CampaignScope.PARTNER, other)
    assert (by_name.label, len(by_name.members)) == ("p0001.com", 1)
    assert await world.campaigns.sponsor_named(" @sAm ") == SAM.id
    assert await world.campaigns.sponsor_account(SAM) == SAM.id
    for typed in ("Nobody", ""):
        with pytest.raises(Refused) as refused:
            await world.campaigns.sponsor_named(typed)
        assert refused.value.code == "campaign_sponsor"
    with pytest.raises(Refused):
        await world.campaigns.sponsor_account(BRUNO)


async def test_a_freeze_stops_no_campaign_because_it_opens_nothing(world: World) -> None:
    await world.opened()
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.FREEZE, reason="Incident 7"))
    await started(world)
    await tick(world)
    assert (await record(world)).state is PartnershipState.REVIEW_DUE


async def test_a_member_whose_review_could_not_be_started_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    await started(world)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(Service, "advance_review", broken)
        await tick(world)
    assert (await record(world)).state is PartnershipState.ACTIVE
    await tick(world)
    assert (await record(world)).state is PartnershipState.REVIEW_DUE
    (campaign,) = await world.store.open_campaigns()
    assert campaign.counts == {MemberOutcome.OPEN: 1}


async def test_an_unknown_campaign_is_none(world: World) -> None:
    assert await world.store.campaign(CampaignId("C-AAAAAAAAAA")) is None
