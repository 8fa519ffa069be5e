"""The sentences about campaigns of reviews: what is chosen, who is left out, how it goes."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.words.plans.risk import LEVELS
from bot.words.refusals.reviews.campaigns import outcome_counts_words
from bot.words.sentences import counted
from workflows.core.partners.reviewing.campaigns import OPEN_OUTCOMES, Campaign, Candidate, SkipReason
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.commands.campaign import CampaignScope

_SKIPPED: Final[Mapping[SkipReason, str]] = {
    SkipReason.BLOCKED: "blocked",
    SkipReason.UNDER_REVIEW: "under review already",
    SkipReason.ENDED: "access period over",
    SkipReason.ENDS_SOON: "blocked automatically within 7 days",
}


def campaign_title(scope: CampaignScope, label: str) -> str:
    """Return which partners a campaign is about. The label may be text from outside."""
    match scope:
        case CampaignScope.TEMPLATE:
            return f"partners of the template “{label}”"
        case CampaignScope.SPONSOR:
            return f"partners of the sponsor {label}"
        case CampaignScope.RISK:
            return f"partners with {LEVELS[RiskLevel[label.upper()]]} risk"
        case CampaignScope.PARTNER:
            return f"the partner {label}"


def skipped_words(skipped: Iterable[Candidate]) -> list[str]:
    """Return each partner that is left out, with the reason."""
    return [f"{one.name}: {_SKIPPED[one.skip]}" for one in skipped if one.skip is not None]


def skip_counts_words(skipped: Mapping[SkipReason, int]) -> str:
    """Return how many partners are left out and why; empty when none is."""
    return ", ".join(f"{count} {_SKIPPED[reason]}" for reason, count in skipped.items())


def progress_words(campaign: Campaign) -> str:
    """Return how many members are answered and how, as it was counted last."""
    answered = f"{campaign.answered} of {counted(len(campaign.members), 'partner')} answered"
    open_words, done = (
        outcome_counts_words(
            {name: count for name, count in campaign.counts.items() if (name in OPEN_OUTCOMES) is is_open}
        )
        for is_open in (True, False)
    )
    return ". ".join(filter(None, (f"{answered} ({done})" if done else answered, open_words)))
