"""The commands by which an admin starts or withdraws a campaign of reviews. A click and its command are one class.

A boundary: what people decide about a campaign, without its rules, so that a click can be stored.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType

from workflows.core.people import ChatId
from workflows.core.requests.commands.audit_details import Details

CampaignId = NewType("CampaignId", str)


class CampaignScope(StrEnum):
    """By what the partners of a campaign are chosen. The values are stored."""

    TEMPLATE = "template"
    """Value: the template's name."""
    SPONSOR = "sponsor"
    """Value: the sponsor's account."""
    RISK = "risk"
    """Value: the name of the level."""
    PARTNER = "partner"
    """Value: the partner's tenant id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCampaign:
    """An admin asks for the review of all these partners now, and says why."""

    name: Literal["start_campaign"] = field(default="start_campaign")
    actor: ChatId
    scope: CampaignScope
    value: str
    reason: str
    channel: str = ""

    def audit_details(self) -> Details:
        """Return which partners, and why."""
        return {"scope": self.scope.value, "value": self.value, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawCampaign:
    """An admin ends a campaign: nobody has to answer for it any more."""

    name: Literal["withdraw_campaign"] = field(default="withdraw_campaign")
    actor: ChatId
    campaign_id: CampaignId
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the campaign."""
        return {"campaign": self.campaign_id}


CampaignClick = StartCampaign | WithdrawCampaign
