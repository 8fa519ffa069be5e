"""Why a campaign of reviews is refused, and the messages about one: who is asked, and what became of its members."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import Sentences, comma_list, counted, or_list
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.partners.reviewing.campaigns import MemberOutcome

_OUTCOMES: Final[Mapping[MemberOutcome, str]] = {
    MemberOutcome.KEPT: "kept",
    MemberOutcome.REDUCED: "reduced",
    MemberOutcome.REVOKED: "revoked",
    MemberOutcome.CHANGED: "approved again",
    MemberOutcome.OPEN: "open",
    MemberOutcome.OVERDUE: "overdue",
}


def outcome_counts_words(counts: Mapping[MemberOutcome, int]) -> str:
    """Return how many members have each outcome; outcomes of none are left out."""
    return ", ".join(f"{counts[outcome]} {words}" for outcome, words in _OUTCOMES.items() if counts.get(outcome))


def started_words(values: Values) -> str:
    """Return the message that a campaign was started."""
    skipped = values["skipped"]
    left_out = f" {counted(skipped, 'partner is', 'partners are')} left out." if skipped else ""
    members = counted(values["members"], "partner")
    return (
        f"The campaign for “{values['label']}” is started: the sponsors of {members} are asked now.{left_out} "
        "Your Home tab shows the progress."
    )


def ended_words(values: Values) -> str:
    """Return the message that every member of a campaign is answered."""
    counts = {outcome: values[outcome.value] for outcome in MemberOutcome if outcome.value in values}
    members = counted(values["members"], "partner")
    return f"The campaign for “{values['label']}” is complete. {members}: {outcome_counts_words(counts)}."


def _empty(values: Values) -> str:
    skipped = values["skipped"]
    if not skipped:
        return "No partner fits, so there is nothing to review. Choose other partners."
    are = counted(skipped, "partner fits and is", "partners fit and are all")
    return f"There is nothing to review: {are} blocked, ended, or under review already. Choose other partners."


def _unknown_sponsor(values: Values) -> str:
    typed = values["typed"]
    if values["count"]:
        return f"Several sponsors are called “{typed}”. Choose the person in the window of /partner review."
    return f"“{typed}” is the sponsor of no partner. Check the name, or see the sponsors with /partner list."


CAMPAIGNS: Final[Sentences] = {
    R.ONLY_ADMINS_START_CAMPAIGNS: "Only admins can start or withdraw a campaign of reviews. Ask one of them.",
    R.CAMPAIGN_REASON_MISSING: "Give a reason. Everybody who is asked reads it.",
    R.CAMPAIGN_EMPTY: _empty,
    R.CAMPAIGN_UNKNOWN_TEMPLATE: lambda values: (
        f"There is no template “{values['typed']}”. There are: {comma_list(values['known'])}."
    ),
    R.CAMPAIGN_UNKNOWN_SPONSOR: _unknown_sponsor,
    R.CAMPAIGN_UNKNOWN_RISK: lambda values: f"“{values['typed']}” is no risk. Use {or_list(values['known'])}.",
    R.CAMPAIGN_SCOPE_MISSING: "Choose exactly one: a template, a sponsor, a risk, or a partner.",
    R.CAMPAIGN_OVER: "This campaign is over already. You need to do nothing.",
}
